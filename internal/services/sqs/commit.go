package sqs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// committer joins the writes of concurrent calls: whoever comes to the database
// first writes for all that wait behind it. Each call still sees its own
// outcome, and returns once that is durable.
type committer struct {
	store             *store.Store
	contents, recents *store.Log
	// turn is held by the one that writes.
	turn sync.Mutex

	mu      sync.Mutex
	waiting []*write
}

// write is one call's part of a transaction.
type write struct {
	do   func(*step) error
	err  error
	done bool
}

// step is the transaction as its writes see it. What they add and remove is
// gathered, and goes to the database in few statements.
type step struct {
	*store.Tx
	undo              []func()
	contents, recents []store.Entry
	erased            []place
}

// place is that of a message in the database.
type place struct{ queue, number uint64 }

// erase removes messages.
func (s *step) erase(l *line, all []*message) {
	for _, m := range all {
		s.erased = append(s.erased, place{l.id, m.number})
	}
}

// runs are the ranges of the erased messages: one for all that follow each other.
func (s *step) runs() []store.Range {
	slices.SortFunc(s.erased, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.queue, b.queue), cmp.Compare(a.number, b.number))
	})
	var all []store.Range
	for i := 0; i < len(s.erased); {
		first := s.erased[i]
		last := first
		for i < len(s.erased) && s.erased[i].queue == first.queue && s.erased[i].number <= last.number+1 {
			last = s.erased[i]
			i++
		}
		all = append(all, store.Range{From: messageKey(first.queue, first.number), To: messageKey(last.queue, last.number+1)})
	}
	return all
}

// flush writes what was gathered.
func (c *committer) flush(s *step) error {
	for _, r := range s.runs() {
		if err := c.contents.Trim(s.Tx, r); err != nil {
			return err
		}
	}
	return errors.Join(c.contents.Append(s.Tx, s.contents...), c.recents.Append(s.Tx, s.recents...))
}

// Undo runs f if the transaction fails: what do changed in memory before it was
// durable is taken back.
func (s *step) Undo(f func()) { s.undo = append(s.undo, f) }

var errAborted = errors.New("the transaction was given up")

// update runs do in a transaction. An *api.Error of do refuses this call alone:
// do must not have written or gathered anything then. Any other error fails the
// transaction, and every call in it. do must not call the store itself.
func (c *committer) update(ctx context.Context, do func(*step) error) error {
	w := &write{do: do}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	c.mu.Unlock()
	c.turn.Lock()
	defer c.turn.Unlock()
	for !w.done {
		c.commit(ctx)
	}
	return w.err
}

// commit writes for the first of those that wait.
func (c *committer) commit(ctx context.Context) {
	c.mu.Lock()
	n := min(len(c.waiting), limits.QueueCommits)
	batch := append([]*write(nil), c.waiting[:n]...)
	c.waiting = c.waiting[n:]
	if len(c.waiting) == 0 {
		c.waiting = nil
	}
	c.mu.Unlock()
	failed := errAborted // stands when something below panics
	defer func() {
		for _, w := range batch {
			w.done = true
			if failed != nil {
				w.err = failed
			}
		}
	}()
	failed = c.write(ctx, batch)
}

func (c *committer) write(ctx context.Context, batch []*write) error {
	s := &step{}
	committed := false
	defer func() {
		if committed {
			return
		}
		for i := len(s.undo) - 1; i >= 0; i-- {
			s.undo[i]()
		}
	}()
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		s.Tx = tx
		for _, w := range batch {
			w.err = w.do(s)
			var refused *api.Error
			if w.err != nil && !errors.As(w.err, &refused) {
				return w.err
			}
		}
		return c.flush(s)
	})
	committed = err == nil
	return err
}
