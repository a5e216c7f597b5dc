package sqs

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/store"
)

// crowd holds the database until so many writes wait behind it, and then lets
// go: they share one transaction.
func crowd(t *testing.T, c *committer, writes ...func(*step) error) []error {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		err := c.update(context.Background(), func(*step) error {
			close(held)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	errs := make([]error, len(writes))
	var all sync.WaitGroup
	for i, do := range writes {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			errs[i] = c.update(context.Background(), do)
		})
	}
	for {
		c.mu.Lock()
		n := len(c.waiting)
		c.mu.Unlock()
		if n == len(writes) {
			break
		}
		runtime.Gosched()
	}
	close(release)
	first.Wait()
	all.Wait()
	return errs
}

func TestWritesShareATransaction(t *testing.T) {
	w := newWorld(t)
	c := &w.sqs.commit
	var steps []*step
	share := func(s *step) error {
		steps = append(steps, s)
		return nil
	}
	for i, err := range crowd(t, c, share, share, func(*step) error { return noQueue() }, share) {
		if (err != nil) != (i == 2) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if len(steps) != 3 || steps[0] != steps[1] || steps[1] != steps[2] {
		t.Errorf("%d writes, not in one transaction", len(steps))
	}
}

// TestAFailureIsEverybodysAndIsTakenBack, and the next transaction goes on.
func TestAFailureIsEverybodysAndIsTakenBack(t *testing.T) {
	broken := errors.New("disk full")
	for name, fail := range map[string]func(*step) error{
		"an error": func(*step) error { return broken },
		"a panic":  func(*step) error { panic(broken) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := &w.sqs.commit
			var ran, undone, shown int
			good := func(s *step) error {
				ran++
				s.Undo(func() { undone++ })
				s.After(func() { shown++ })
				s.contents = append(s.contents, store.Entry{Key: messageKey(1, 1), Value: []byte("x")})
				return nil
			}
			for i, err := range crowd(t, c, good, fail, good) {
				if err == nil {
					t.Errorf("write %d succeeded", i)
				}
			}
			if undone != ran || shown != 0 {
				t.Errorf("%d ran, %d undone, %d shown", ran, undone, shown)
			}
			w.whole()
			url := w.create("q")
			w.send(url, "after")
			w.expect(url, 1, "after")
		})
	}
}

// TestManyClients send, receive and delete at once: each message is received
// by one of them.
func TestManyClients(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	const clients, each = 8, 25
	var mu sync.Mutex
	seen := map[string]int{}
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for j := range each {
				w.send(url, fmt.Sprint(i, "-", j))
				for _, m := range w.receive(url, 3) {
					mu.Lock()
					seen[*m.Body]++
					mu.Unlock()
					w.drop(url, m)
				}
			}
		})
	}
	all.Wait()
	for _, m := range w.receive(url, 10) {
		seen[*m.Body]++
		w.drop(url, m)
	}
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s was received %d times", body, n)
		}
	}
	if c := w.counts(url); len(seen) != clients*each || c != "0 0 0" {
		t.Errorf("%d messages were received; counts %s", len(seen), c)
	}
	w.whole()
}

func TestErasedMessagesThatFollowEachOtherAreOneRange(t *testing.T) {
	s := &step{erased: []place{{2, 5}, {1, 3}, {1, 1}, {1, 2}, {1, 9}, {2, 6}, {1, 2}}}
	want := []store.Range{
		{From: messageKey(1, 1), To: messageKey(1, 4)}, {From: messageKey(1, 9), To: messageKey(1, 10)}, {From: messageKey(2, 5), To: messageKey(2, 7)},
	}
	got := s.runs()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
