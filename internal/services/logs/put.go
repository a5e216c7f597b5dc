package logs

import (
	"context"
	"fmt"
	"sort"
	"time"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of a batch (CloudWatch Logs API reference, PutLogEvents).
const (
	batchSpan = 24 * time.Hour
	tooNew    = 2 * time.Hour
	tooOld    = 14 * 24 * time.Hour
)

func (s *Service) putLogEvents(ctx context.Context, c *op.Call, in *logsapi.PutLogEventsRequest) (*logsapi.PutLogEventsResponse, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	out := &logsapi.PutLogEventsResponse{}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		record := s.groups.GetIn(tx, g.key())
		if record == nil {
			return noGroup()
		}
		old := s.streams.GetIn(tx, g.streamKey(in.GetLogStreamName()))
		if old == nil {
			return noStream()
		}
		accepted, rejected := accept(in.LogEvents, record, c.Time)
		out.RejectedLogEventsInfo = rejected
		now, err := s.appendEvents(tx, g, old, accepted, c.Time.UnixMilli())
		if err != nil {
			return err
		}
		out.NextSequenceToken = ptr(uploadToken(now.Sequence))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// checkBatch refuses a batch as a whole. The order of the checks is inferred.
func checkBatch(events []logsapi.InputLogEvent) error {
	if len(events) == 0 || len(events) > limits.LogPageEvents {
		return invalidParameter(fmt.Sprintf("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and %d", limits.LogPageEvents))
	}
	total := 0
	for i := range events {
		size := len(events[i].GetMessage()) + eventOverhead
		if size > limits.LogEventBytes {
			return invalidParameter(fmt.Sprintf("Log event too large: %d bytes exceeds limit of %d", size, limits.LogEventBytes))
		}
		total += size
		if i > 0 && events[i].GetTimestamp() < events[i-1].GetTimestamp() {
			return invalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if total > limits.LogBatchBytes {
		return invalidParameter(fmt.Sprintf("Upload too large: %d bytes exceeds limit of %d", total, limits.LogBatchBytes))
	}
	if span := events[len(events)-1].GetTimestamp() - events[0].GetTimestamp(); span > batchSpan.Milliseconds() {
		return invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// accept cuts off the events that are too old, expired or too new, and says
// which; nil when all are good. Index "end" is the first good one.
func accept(events []logsapi.InputLogEvent, g *group, now time.Time) ([]logsapi.InputLogEvent, *logsapi.RejectedLogEventsInfo) {
	before := func(limit int64) int {
		return sort.Search(len(events), func(i int) bool { return events[i].GetTimestamp() >= limit })
	}
	old := before(now.Add(-tooOld).UnixMilli())
	expired := before(g.horizon(now))
	end := before(now.Add(tooNew).UnixMilli() + 1)
	start := max(old, expired)
	if start == 0 && end == len(events) {
		return events, nil
	}
	rejected := &logsapi.RejectedLogEventsInfo{}
	if old > 0 {
		rejected.TooOldLogEventEndIndex = ptr(int32(old))
	}
	if expired > 0 {
		rejected.ExpiredLogEventEndIndex = ptr(int32(expired))
	}
	if end < len(events) {
		rejected.TooNewLogEventStartIndex = ptr(int32(end))
	}
	return events[start:max(start, end)], rejected
}

// appendEvents writes events, which are in order, and the stream that has them.
func (s *Service) appendEvents(tx *store.Tx, g groupRef, old *stream, events []logsapi.InputLogEvent, ingested int64) (*stream, error) {
	if len(events) == 0 {
		return old, nil
	}
	first, err := s.sequence.take(tx, len(events))
	if err != nil {
		return nil, err
	}
	now, prefix := *old, g.eventPrefix(old.Name)
	entries := make([]store.Entry, len(events))
	for i := range events {
		e := event{at: position{events[i].GetTimestamp(), first + uint64(i)}, ingested: ingested, message: events[i].GetMessage()}
		entries[i] = store.Entry{Key: prefix + e.at.key(), Value: e.encode()}
		now.Bytes += e.size()
		now.Sequence = e.at.number
	}
	if oldest := events[0].GetTimestamp(); old.Bytes == 0 || oldest < old.First {
		now.First = oldest
	}
	now.Last = max(old.Last, events[len(events)-1].GetTimestamp())
	now.Ingested = ingested
	if err := s.events.Append(tx, entries...); err != nil {
		return nil, err
	}
	return &now, s.streams.Put(tx, g.streamKey(old.Name), &now)
}

// uploadToken is the sequence token of a stream. AWS still gives one and no
// longer looks at those it gets.
func uploadToken(sequence uint64) string { return fmt.Sprintf("496%053d", sequence) }
