package lambda

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// slots bound how many batches of one mapping are worked on at a time. There are
// more of them while full batches come, and fewer again when the queue is empty.
// They hold for all pollers of the mapping, so that an update does not let more
// batches through than its maximum.
type slots struct {
	mu                sync.Mutex
	busy, width, most int
	grown             time.Time
	freed             op.Signal
}

// firstPollers is how many batches a mapping begins with (Lambda guide, "Using
// Lambda with Amazon SQS").
const firstPollers = 5

// growPause is how long one more slot has to prove itself: up to sixty more a
// minute, says the guide. Each costs an environment.
const growPause = time.Second

// resize sets the most slots; zero for the limit of all mappings.
func (l *slots) resize(most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if most == 0 {
		most = limits.MappingConcurrency
	}
	l.most = most
	l.width = min(max(l.width, firstPollers), most)
	l.freed.Fire()
}

// enter takes a slot, waiting for one; false when ctx ends.
func (l *slots) enter(ctx context.Context) bool {
	for ctx.Err() == nil {
		freed := l.freed.Next()
		if l.take() {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
		}
	}
	return false
}

func (l *slots) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy >= l.width {
		return false
	}
	l.busy++
	return true
}

func (l *slots) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.freed.Fire()
}

// grow makes room while every slot is in use and batches come full.
func (l *slots) grow(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy >= l.width && l.width < l.most && !now.Before(l.grown.Add(growPause)) {
		l.width++
		l.grown = now
	}
}

// quiet takes room back.
func (l *slots) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.width = max(l.width-1, min(firstPollers, l.most))
}
