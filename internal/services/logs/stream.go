package logs

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// stream is a stored log stream. Times are in milliseconds; 0 is none.
type stream struct {
	Name    string
	Created int64
	// First and Last are the times of the oldest and the newest event, Ingested
	// is when the last ones came.
	First, Last, Ingested int64 `json:",omitempty"`
	// Bytes are the events' sizes; 0 when there are none.
	Bytes int64 `json:",omitempty"`
	// Sequence is the number of the last event.
	Sequence uint64 `json:",omitempty"`
}

func (s *Service) createLogStream(ctx context.Context, c *op.Call, in *logsapi.CreateLogStreamRequest) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	name := in.GetLogStreamName()
	if strings.ContainsRune(name, 0) {
		return nil, invalidParameter("Invalid log stream name.") // it would end the name in our keys
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.groups.GetIn(tx, g.key()) == nil {
			return noGroup()
		}
		if s.streams.GetIn(tx, g.streamKey(name)) != nil {
			return streamExists()
		}
		return s.streams.Put(tx, g.streamKey(name), &stream{Name: name, Created: c.Time.UnixMilli()})
	})
	return &api.Empty{}, err
}

func (s *Service) deleteLogStream(ctx context.Context, c *op.Call, in *logsapi.DeleteLogStreamRequest) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	key := g.streamKey(in.GetLogStreamName())
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		switch {
		case s.groups.GetIn(tx, g.key()) == nil:
			return noGroup()
		case s.streams.GetIn(tx, key) == nil:
			return noStream()
		}
		if err := s.events.Trim(tx, store.PrefixRange(g.eventPrefix(in.GetLogStreamName()), 1)); err != nil {
			return err
		}
		return s.streams.Delete(tx, key)
	})
	return &api.Empty{}, err
}

func (s *Service) describeLogStreams(_ context.Context, c *op.Call, in *logsapi.DescribeLogStreamsRequest) (*logsapi.DescribeLogStreamsResponse, error) {
	recent := in.GetOrderBy() == "LastEventTime"
	if recent && in.LogStreamNamePrefix != nil {
		return nil, invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	g, _, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	kind, order := streamPage, byName
	if recent {
		kind, order = recentPage, byLastEvent
	}
	if in.GetDescending() {
		ascending := order
		order = func(a, b *stream) int { return ascending(b, a) }
	}
	after, err := parsePage(kind, in.NextToken)
	if err != nil {
		return nil, err
	}
	var all []*stream
	for _, st := range s.streams.All(g.streamPrefix()+in.GetLogStreamNamePrefix(), "") {
		all = append(all, st)
	}
	slices.SortFunc(all, order)
	if after != "" {
		last, err := parseMark(after)
		if err != nil {
			return nil, err
		}
		at, found := slices.BinarySearchFunc(all, last, order)
		if found {
			at++
		}
		all = all[at:]
	}
	limit := limits.DescribeLogs
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	out := &logsapi.DescribeLogStreamsResponse{LogStreams: []logsapi.LogStream{}}
	for i, st := range all {
		if i == limit {
			out.NextToken = pageToken(kind, mark(all[i-1]))
			break
		}
		out.LogStreams = append(out.LogStreams, describeStream(g, st))
	}
	return out, nil
}

func byName(a, b *stream) int { return strings.Compare(a.Name, b.Name) }

func byLastEvent(a, b *stream) int {
	return cmp.Or(cmp.Compare(a.Last, b.Last), strings.Compare(a.Name, b.Name))
}

// mark is where a page ended, in either order.
func mark(st *stream) string { return strconv.FormatInt(st.Last, 10) + "\x00" + st.Name }

func parseMark(s string) (*stream, error) {
	last, name, ok := strings.Cut(s, "\x00")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil {
		return nil, invalidToken()
	}
	return &stream{Name: name, Last: n}, nil
}

func describeStream(g groupRef, st *stream) logsapi.LogStream {
	out := logsapi.LogStream{
		LogStreamName: &st.Name, CreationTime: &st.Created, Arn: ptr(g.streamARN(st.Name)),
		UploadSequenceToken: ptr(uploadToken(st.Sequence)), StoredBytes: ptr(int64(0)),
	}
	if st.First > 0 {
		out.FirstEventTimestamp = &st.First
	}
	if st.Last > 0 {
		out.LastEventTimestamp, out.LastIngestionTime = &st.Last, &st.Ingested
	}
	return out
}
