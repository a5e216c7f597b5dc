package sqs

import (
	"context"
	"errors"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// committer joins the writes of concurrent calls: whoever comes to the database
// first writes for all that wait behind it. Each call still sees its own
// outcome, and returns once that is durable.
type committer struct {
	store *store.Store
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

// step is the transaction as one write sees it.
type step struct {
	*store.Tx
	undo []func()
}

// Undo runs f if the transaction fails: what do changed in memory before it was
// durable is taken back.
func (s *step) Undo(f func()) { s.undo = append(s.undo, f) }

var errAborted = errors.New("the transaction was given up")

// update runs do in a transaction. An *api.Error of do refuses this call alone:
// do must not have written anything then. Any other error fails the
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
		return nil
	})
	committed = err == nil
	return err
}
