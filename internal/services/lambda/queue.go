package lambda

import (
	"container/heap"
	"sync"
	"time"
)

// queue says which event is to be run when. It holds keys only; the events
// are in the store.
type queue struct {
	mu    sync.Mutex
	due   dueHeap
	byKey map[string]*queued
	// waiting are the scheduled events that wait for a pool.
	waiting map[string]map[*queued]struct{}
	// changed has room for one signal: something may be due earlier.
	changed chan struct{}
}

type queued struct {
	key string
	due time.Time
	// tries counts attempts that found no room or no way to run the function.
	tries int
	// pool is what it waits for, empty if only for time.
	pool string
	// at is the place in the heap, -1 while it runs.
	at int
}

func newQueue() *queue {
	return &queue{byKey: map[string]*queued{}, waiting: map[string]map[*queued]struct{}{}, changed: make(chan struct{}, 1)}
}

func (q *queue) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// put schedules an event: a new one, or one that was taken.
func (q *queue) put(key string, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := q.byKey[key]
	if i == nil {
		i = &queued{key: key, at: -1}
		q.byKey[key] = i
	}
	q.wait(i, "")
	i.tries = 0
	q.schedule(i, due)
}

// First and longest pause before an event is tried again that could not be
// run (AWS Lambda guide, "How Lambda handles errors and retries").
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

// postpone schedules a taken event again after a growing pause, or as soon as
// there is room in the pool.
func (q *queue) postpone(key, pool string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := q.byKey[key]
	if i == nil {
		return
	}
	pause := longestPause
	if i.tries < 9 {
		pause = min(pause, firstPause<<i.tries)
	}
	i.tries++
	q.wait(i, pool)
	q.schedule(i, now.Add(pause))
}

// wait notes what an event waits for; empty for nothing.
func (q *queue) wait(i *queued, pool string) {
	if i.pool != "" {
		delete(q.waiting[i.pool], i)
		if len(q.waiting[i.pool]) == 0 {
			delete(q.waiting, i.pool)
		}
	}
	i.pool = pool
	if pool == "" {
		return
	}
	if q.waiting[pool] == nil {
		q.waiting[pool] = map[*queued]struct{}{}
	}
	q.waiting[pool][i] = struct{}{}
}

func (q *queue) schedule(i *queued, due time.Time) {
	i.due = due
	if i.at >= 0 {
		heap.Fix(&q.due, i.at)
	} else {
		heap.Push(&q.due, i)
	}
	q.signal()
}

// hurry makes one event due that waits for the pool.
func (q *queue) hurry(pool string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.waiting[pool] {
		q.wait(i, "")
		q.schedule(i, now)
		return
	}
}

// forget removes an event.
func (q *queue) forget(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := q.byKey[key]
	if i == nil {
		return
	}
	delete(q.byKey, key)
	q.wait(i, "")
	if i.at >= 0 {
		heap.Remove(&q.due, i.at)
	}
}

// take gives the events that are due, and how long the next one has time;
// ok is false if there is none.
func (q *queue) take(now time.Time) (keys []string, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.due) > 0 && !q.due[0].due.After(now) {
		i := heap.Pop(&q.due).(*queued)
		q.wait(i, "")
		keys = append(keys, i.key)
	}
	if len(q.due) == 0 {
		return keys, 0, false
	}
	return keys, q.due[0].due.Sub(now), true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.byKey)
}

// dueHeap implements heap.Interface; the earliest is first.
type dueHeap []*queued

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *dueHeap) Push(x any) {
	i := x.(*queued)
	i.at = len(*h)
	*h = append(*h, i)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	i := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	i.at = -1
	return i
}
