package op

import "sync"

// Signal wakes everybody who waits for the next change of something. The zero
// Signal is ready; it is safe for concurrent use.
type Signal struct {
	mu   sync.Mutex
	next chan struct{}
}

// Next is closed at the next Fire. Take it before looking at what may change, so
// that no change is missed.
func (s *Signal) Next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

// Fire says that something changed. It never waits.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
