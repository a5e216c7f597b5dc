package outbox

import (
	"container/heap"
	"sync"
	"time"
)

// schedule says which delivery is to be attempted when. It holds keys only. A
// key is attempted by one worker at a time: one that is put while it is
// attempted waits for done.
type schedule struct {
	mu    sync.Mutex
	due   dueHeap
	byKey map[string]*entry
	// pools hold the entries that rest for room, each beside its place in due.
	pools map[string]map[*entry]struct{}
	// changed has room for one signal: something may be due earlier.
	changed chan struct{}
}

type entry struct {
	key string
	due time.Time
	// at is the place in the heap, -1 while it is not in it.
	at int
	// busy says that a worker has it; wanted, that it is to be attempted again
	// at due afterwards: else it is forgotten then.
	busy, wanted bool
	// pool is what it rests for, empty if only for its time.
	pool string
}

func newSchedule() *schedule {
	return &schedule{byKey: map[string]*entry{}, pools: map[string]map[*entry]struct{}{}, changed: make(chan struct{}, 1)}
}

// put schedules a key, in the place of an earlier time.
func (s *schedule) put(key string, due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil {
		e = &entry{key: key, at: -1}
		s.byKey[key] = e
	}
	e.due = due
	if e.busy {
		e.wanted = true
		return
	}
	s.join(e, "")
	s.push(e)
}

func (s *schedule) push(e *entry) {
	if e.at >= 0 {
		heap.Fix(&s.due, e.at)
	} else {
		heap.Push(&s.due, e)
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// drop forgets a key; one that is attempted, after the attempt.
func (s *schedule) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	switch {
	case e == nil:
	case e.busy:
		e.wanted = false
	default:
		s.join(e, "")
		heap.Remove(&s.due, e.at)
		delete(s.byKey, key)
	}
}

// done ends the attempt of a key: it is forgotten, or was put again.
func (s *schedule) done(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil || !e.busy {
		return
	}
	e.busy = false
	if !e.wanted {
		delete(s.byKey, key)
		return
	}
	e.wanted = false
	s.push(e)
}

// again ends the attempt of a key that is to be attempted at due, whatever was
// said meanwhile.
func (s *schedule) again(key string, due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil || !e.busy {
		return
	}
	e.busy, e.wanted, e.due = false, false, due
	s.push(e)
}

// state is what take found.
type state uint8

const (
	// empty: nothing is scheduled; ready: a key is due; waiting: the next one is
	// due later.
	empty state = iota
	ready
	waiting
)

// take gives a key that is due, for one attempt, or says how long the next one
// has time.
func (s *schedule) take(now time.Time) (key string, wait time.Duration, found state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.due) == 0 {
		return "", 0, empty
	}
	e := s.due[0]
	if e.due.After(now) {
		return "", e.due.Sub(now), waiting
	}
	heap.Pop(&s.due)
	s.join(e, "")
	e.busy = true
	return e.key, 0, ready
}

// dueHeap implements heap.Interface; the earliest is first.
type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.at = len(*h)
	*h = append(*h, e)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.at = -1
	return e
}
