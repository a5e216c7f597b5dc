package executor

import (
	"context"
	"runtime"
	"sync"

	"github.com/sallyport/sallyport/internal/limits"
)

// shelf keeps a few empty sandboxes ready, so that a cold start does not wait
// for the making of one.
type shelf struct {
	driver driver
	// making bounds how many are made at once: they need the processor.
	making chan struct{}

	mu      sync.Mutex
	ready   []sandbox
	filling bool
	closed  bool
}

// newShelf starts with the sandbox that was made to see whether it works; nil
// when sandboxes need no making ahead.
func newShelf(d driver, first sandbox) *shelf {
	s := &shelf{driver: d, making: make(chan struct{}, max(2, runtime.NumCPU()))}
	if first != nil {
		s.ready = append(s.ready, first)
	} else {
		s.closed = true
	}
	return s
}

// take gives a sandbox, made now if none is ready.
func (s *shelf) take(ctx context.Context) (sandbox, error) {
	for {
		s.mu.Lock()
		if len(s.ready) == 0 {
			s.mu.Unlock()
			break
		}
		last := len(s.ready) - 1
		b := s.ready[last]
		s.ready = s.ready[:last]
		s.mu.Unlock()
		select {
		case <-b.gone():
			b.destroy()
		default:
			return b, nil
		}
	}
	select {
	case s.making <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.making }()
	return s.driver.make()
}

// fill makes sandboxes until enough are ready. One fill runs at a time.
func (s *shelf) fill() {
	s.mu.Lock()
	if s.filling || s.closed {
		s.mu.Unlock()
		return
	}
	s.filling = true
	for !s.closed && len(s.ready) < limits.ReadySandboxes {
		s.mu.Unlock()
		b, err := s.driver.make()
		s.mu.Lock()
		if err != nil {
			break // the next cold start meets the error and tells it
		}
		s.ready = append(s.ready, b)
	}
	s.filling = false
	if s.closed {
		s.drop()
	}
	s.mu.Unlock()
}

// close destroys what is ready, and what is still being made.
func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.drop()
}

func (s *shelf) drop() {
	for _, b := range s.ready {
		b.destroy()
	}
	s.ready = nil
}
