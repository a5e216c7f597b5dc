package xray

import (
	"container/list"
	"sync"

	"github.com/sallyport/sallyport/internal/limits"
)

// place is whose traces they are, and where.
type place struct{ account, region string }

// traces are all that is kept, in memory, by account: a region costs nobody
// anything, so that what is kept is not bounded by region.
type traces struct {
	mu       sync.Mutex
	accounts map[string]*kept
}

// kept are the traces of one account: the one that was put first is the first to go.
type kept struct {
	byID  map[traceName]*list.Element // of *trace
	order *list.List
	bytes int
}

type traceName struct{ region, id string }

// trace is a trace with its segments, in the order in which they came. A document
// that comes again, as the end of one in progress does, takes the place of the first.
type trace struct {
	traceName
	segments []*segment
	bytes    int
	// revision counts the puts; full says that segments were lost.
	revision int32
	full     bool
}

func newTraces() *traces { return &traces{accounts: map[string]*kept{}} }

func (t *traces) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.accounts)
}

// put keeps a segment.
func (t *traces) put(at place, s *segment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.accounts[at.account]
	if k == nil {
		k = &kept{byID: map[traceName]*list.Element{}, order: list.New()}
		t.accounts[at.account] = k
	}
	name := traceName{at.region, s.TraceID}
	e := k.byID[name]
	if e == nil {
		e = k.order.PushBack(&trace{traceName: name})
		k.byID[name] = e
	}
	k.bytes += e.Value.(*trace).add(s)
	for k.order.Len() > 1 && (k.order.Len() > limits.TracesKept || k.bytes > limits.TracesKeptBytes) {
		oldest := k.order.Remove(k.order.Front()).(*trace)
		delete(k.byID, oldest.traceName)
		k.bytes -= oldest.bytes
	}
}

// add takes a segment in and says by how much the trace grew.
func (t *trace) add(s *segment) int {
	t.revision++
	for i, known := range t.segments {
		if known.ID == s.ID {
			grown := len(s.document) - len(known.document)
			t.segments[i] = s
			t.bytes += grown
			return grown
		}
	}
	if t.bytes+len(s.document) > limits.TraceBytes || len(t.segments) == limits.TraceSegments {
		t.full = true
		return 0
	}
	t.segments = append(t.segments, s)
	t.bytes += len(s.document)
	return len(s.document)
}

// get gives a copy of a trace; nil when there is none.
func (t *traces) get(at place, id string) *trace {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, name := t.accounts[at.account], traceName{at.region, id}
	if k == nil || k.byID[name] == nil {
		return nil
	}
	return k.byID[name].Value.(*trace).clone()
}

// all gives copies of the traces that begin within a time, in seconds, in the order
// in which they came.
func (t *traces) all(at place, from, to float64) []*trace {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []*trace
	if k := t.accounts[at.account]; k != nil {
		for e := k.order.Front(); e != nil; e = e.Next() {
			one := e.Value.(*trace)
			if begun := one.start(); one.region == at.region && from <= begun && begun <= to {
				found = append(found, one.clone())
			}
		}
	}
	return found
}

func (t *trace) clone() *trace {
	c := *t
	c.segments = append([]*segment(nil), t.segments...)
	return &c
}

// start is when the first segment began, in seconds.
func (t *trace) start() float64 {
	first := 0.0
	for i, s := range t.segments {
		if i == 0 || s.start() < first {
			first = s.start()
		}
	}
	return first
}

// duration is from the first begin to the last end, in seconds.
func (t *trace) duration() float64 {
	first, last := t.start(), 0.0
	for _, s := range t.segments {
		last = max(last, s.end())
	}
	return max(0, last-first)
}
