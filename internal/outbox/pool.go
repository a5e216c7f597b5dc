package outbox

import "time"

// rest is how a key rests that found no room.
type rest struct {
	due  time.Time
	pool string
	full func() bool
}

// rest ends the attempt of a key that found no room. One that was put again
// meanwhile is due as it was put.
func (s *schedule) rest(key string, r rest, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil || !e.busy {
		return
	}
	e.busy = false
	if e.wanted {
		e.wanted = false
		s.push(e)
		return
	}
	// One that was dropped meanwhile is in no table any more: the next attempt
	// finds nothing to do, and forgets it.
	e.due = r.due
	s.join(e, r.pool)
	if r.full != nil && !r.full() {
		s.join(e, "")
		e.due = now
	}
	s.push(e)
}

// hurry makes up to n keys due that rest for a pool.
func (s *schedule) hurry(pool string, n int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.pools[pool] {
		if n--; n < 0 {
			return
		}
		s.join(e, "")
		e.due = now
		s.push(e)
	}
}

func (s *schedule) waiting(pool string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pools[pool])
}

// join lets an entry rest for a pool, empty for none. The lock is held.
func (s *schedule) join(e *entry, pool string) {
	if e.pool != "" {
		delete(s.pools[e.pool], e)
		if len(s.pools[e.pool]) == 0 {
			delete(s.pools, e.pool)
		}
	}
	e.pool = pool
	if pool == "" {
		return
	}
	if s.pools[pool] == nil {
		s.pools[pool] = map[*entry]struct{}{}
	}
	s.pools[pool][e] = struct{}{}
}
