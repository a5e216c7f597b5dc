package logs

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// event is a stored log event.
type event struct {
	at position
	// ingested is in milliseconds.
	ingested int64
	message  string
}

// eventOverhead is what AWS adds to each message's length.
const eventOverhead = 26

func (e event) size() int64 { return int64(len(e.message)) + eventOverhead }

// encode is the stored form: the ingestion time in 8 bytes, and the message.
func (e event) encode() []byte {
	b := make([]byte, 8, 8+len(e.message))
	binary.BigEndian.PutUint64(b, uint64(e.ingested))
	return append(b, e.message...)
}

func decodeEvent(prefix string, stored store.Entry) (event, error) {
	at, ok := positionOf(stored.Key[len(prefix):])
	if !ok || len(stored.Value) < 8 {
		return event{}, fmt.Errorf("state: logs.events %q is damaged", stored.Key)
	}
	return event{at: at, ingested: int64(binary.BigEndian.Uint64(stored.Value)), message: string(stored.Value[8:])}, nil
}

// read gives up to n events of a stream with from <= position < to, the last
// ones first when backward.
func (s *Service) read(ctx context.Context, prefix string, from, to position, n int, backward bool) ([]event, error) {
	if from.compare(to) >= 0 {
		return nil, nil
	}
	entries, err := s.events.Scan(ctx, store.Range{From: prefix + from.key(), To: prefix + to.key(), Limit: n, Backward: backward})
	if err != nil {
		return nil, err
	}
	all := make([]event, len(entries))
	for i, entry := range entries {
		if all[i], err = decodeEvent(prefix, entry); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// each calls visit with the events of a stream in order until it says false.
func (s *Service) each(ctx context.Context, prefix string, from, to position, visit func(event) bool) error {
	return s.walk(ctx, prefix, from, to, false, visit)
}

// walk is each in either direction. It reads in chunks, so that memory stays
// bounded however large the messages are.
func (s *Service) walk(ctx context.Context, prefix string, from, to position, backward bool, visit func(event) bool) error {
	for {
		chunk, err := s.read(ctx, prefix, from, to, limits.LogChunk, backward)
		if err != nil {
			return err
		}
		for _, e := range chunk {
			if !visit(e) {
				return nil
			}
		}
		if len(chunk) < limits.LogChunk {
			return nil
		}
		if last := chunk[len(chunk)-1].at; backward {
			to = last
		} else {
			from = last.next()
		}
	}
}

// page collects events until one of AWS's bounds of an answer is reached.
type page struct {
	limit  int
	events int
	bytes  int64
}

// newPage takes the limit of the request, if it has one.
func newPage(limit *int32) page {
	p := page{limit: limits.LogPageEvents}
	if limit != nil {
		p.limit = min(p.limit, int(*limit))
	}
	return p
}

// fits counts an event in, if there is room. The first one always fits.
func (p *page) fits(e event) bool {
	if p.events > 0 && (p.events >= p.limit || p.bytes+e.size() > limits.LogPageBytes) {
		return false
	}
	p.events++
	p.bytes += e.size()
	return true
}
