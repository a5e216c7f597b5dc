package logs

import (
	"container/heap"
	"context"
	"math"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) filterLogEvents(ctx context.Context, c *op.Call, in *logsapi.FilterLogEventsRequest) (*logsapi.FilterLogEventsResponse, error) {
	g, record, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	wanted, err := parsePattern(in.GetFilterPattern())
	if err != nil {
		return nil, err
	}
	from := position{time: max(in.GetStartTime(), record.horizon(s.clock.Now()))}
	if in.NextToken != nil {
		last, err := parseFilterToken(*in.NextToken)
		if err != nil {
			return nil, err
		}
		if last.next().compare(from) > 0 {
			from = last.next()
		}
	}
	to := position{time: math.MaxInt64}
	if in.EndTime != nil && *in.EndTime < math.MaxInt64 {
		to = position{time: *in.EndTime + 1} // events of that very time are included
	}
	streams, err := s.chosen(g, in)
	if err != nil {
		return nil, err
	}
	m := s.merge(g, streams, from, to)
	return m.search(ctx, wanted, newPage(in.Limit))
}

// chosen are the streams a request asks for.
func (s *Service) chosen(g groupRef, in *logsapi.FilterLogEventsRequest) ([]*stream, error) {
	var all []*stream
	if len(in.LogStreamNames) == 0 {
		for _, st := range s.streams.All(g.streamPrefix()+in.GetLogStreamNamePrefix(), "") {
			all = append(all, st)
		}
		return all, nil
	}
	if in.LogStreamNamePrefix != nil {
		return nil, invalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
	}
	seen := map[string]bool{}
	for _, name := range in.LogStreamNames {
		st := s.streams.Get(g.streamKey(name))
		if st == nil {
			return nil, noStream()
		}
		if !seen[name] {
			seen[name], all = true, append(all, st)
		}
	}
	return all, nil
}

// merge reads several streams as one, in order of position. A stream is not
// read before the merge comes to its first event.
type merge struct {
	s       *Service
	to      position
	chunk   int
	cursors []*cursor // a heap by head
}

// cursor is one stream of a merge.
type cursor struct {
	name, prefix string
	// head is the position of the next event, or where the next chunk begins.
	head position
	// more are events that were read; nil says to read on from head.
	more []event
}

func (s *Service) merge(g groupRef, streams []*stream, from, to position) *merge {
	m := &merge{s: s, to: to}
	for _, st := range streams {
		if st.Bytes == 0 || st.Last < from.time || st.First >= to.time {
			continue
		}
		c := &cursor{name: st.Name, prefix: g.eventPrefix(st.Name), head: from}
		if st.First > from.time {
			c.head = position{time: st.First}
		}
		m.cursors = append(m.cursors, c)
	}
	m.chunk = max(8, limits.LogChunk/max(1, len(m.cursors)))
	heap.Init(m)
	return m
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (m *merge) Len() int           { return len(m.cursors) }
func (m *merge) Less(i, j int) bool { return m.cursors[i].head.compare(m.cursors[j].head) < 0 }
func (m *merge) Swap(i, j int)      { m.cursors[i], m.cursors[j] = m.cursors[j], m.cursors[i] }
func (m *merge) Push(x any)         { m.cursors = append(m.cursors, x.(*cursor)) }
func (m *merge) Pop() any {
	last := m.cursors[len(m.cursors)-1]
	m.cursors = m.cursors[:len(m.cursors)-1]
	return last
}

// next gives the next event of all streams; ok is false at the end.
func (m *merge) next(ctx context.Context) (c *cursor, e event, ok bool, err error) {
	for len(m.cursors) > 0 {
		c = m.cursors[0]
		if len(c.more) > 0 {
			return c, c.more[0], true, nil
		}
		c.more, err = m.s.read(ctx, c.prefix, c.head, m.to, m.chunk, false)
		if err != nil {
			return nil, e, false, err
		}
		if len(c.more) == 0 {
			heap.Remove(m, 0)
			continue
		}
		c.head = c.more[0].at
		heap.Fix(m, 0)
	}
	return nil, e, false, nil
}

// skip goes past the event that next gave.
func (m *merge) skip() {
	c := m.cursors[0]
	last := c.more[0].at
	c.more = c.more[1:]
	c.head = last.next()
	if len(c.more) > 0 {
		c.head = c.more[0].at
	}
	heap.Fix(m, 0)
}

// search fills one page with matching events. Like AWS it gives up after a
// bounded amount of work, with a token and perhaps no events.
func (m *merge) search(ctx context.Context, wanted pattern, p page) (*logsapi.FilterLogEventsResponse, error) {
	out := &logsapi.FilterLogEventsResponse{Events: []logsapi.FilteredLogEvent{}, SearchedLogStreams: []logsapi.SearchedLogStream{}}
	var last position
	var bytes int64
	for examined := 0; ; examined++ {
		c, e, ok, err := m.next(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			return out, nil
		}
		if examined > 0 && (examined >= limits.LogScanEvents || bytes >= limits.LogScanBytes) {
			break
		}
		if wanted.match(e.message) {
			if !p.fits(e) {
				break
			}
			out.Events = append(out.Events, logsapi.FilteredLogEvent{
				LogStreamName: &c.name, Timestamp: &e.at.time, Message: &e.message,
				IngestionTime: &e.ingested, EventId: ptr(e.at.digits()),
			})
		}
		last, bytes = e.at, bytes+e.size()
		m.skip()
	}
	out.NextToken = pageToken(filterPage, last.digits())
	return out, nil
}

const filterPage = "filter\x00"

func parseFilterToken(token string) (position, error) {
	digits, err := parsePage(filterPage, &token)
	if err != nil {
		return position{}, err
	}
	at, ok := parseDigits(digits)
	if !ok {
		return position{}, invalidToken()
	}
	return at, nil
}
