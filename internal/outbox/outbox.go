package outbox

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/store"
)

// Config is what an Outbox is made of.
type Config struct {
	Store *store.Store
	Clock clock.Clock
	// Bug is told of attempts that panic; they are tried again after Pause.
	Bug *bug.Reporter
	Log *slog.Logger
	// Kind names the deliveries in the store: "sns.deliveries".
	Kind string
	// Workers bounds how many deliveries are attempted at a time.
	Workers int
}

// Outbox holds deliveries of one kind. It is safe for concurrent use.
type Outbox[T any] struct {
	c     Config
	table *store.Table[owed[T]]
	due   *schedule
}

// owed is a delivery as it is stored.
type owed[T any] struct {
	Due   time.Time
	Value *T
}

// Pause is how long an attempt rests that failed through a fault of ours.
const Pause = time.Second

// Open opens an outbox; what a former server owed is due again. Nothing is
// attempted before Run.
func Open[T any](ctx context.Context, c Config) (*Outbox[T], error) {
	if c.Workers < 1 {
		return nil, fmt.Errorf("outbox: %s has no workers", c.Kind)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	o := &Outbox[T]{c: c, due: newSchedule()}
	var err error
	// A delivery shows in the table before the schedule gives it to anybody.
	o.table, err = store.OpenWatched(ctx, c.Store, c.Kind, func(key string, _, now *owed[T]) {
		if now == nil {
			o.due.drop(key)
		} else {
			o.due.put(key, now.Due)
		}
	})
	return o, err
}

// Put owes a delivery from the moment the transaction commits. Keys are the
// caller's; putting one again replaces it, and due zero is at once.
func (o *Outbox[T]) Put(tx *store.Tx, key string, due time.Time, v *T) error {
	return o.table.Put(tx, key, &owed[T]{Due: due, Value: v})
}

// Delete forgets a delivery, if it is owed. An attempt under way is not stopped.
func (o *Outbox[T]) Delete(tx *store.Tx, key string) error { return o.table.Delete(tx, key) }

// Get is a delivery that is owed, nil if it is not.
func (o *Outbox[T]) Get(key string) *T {
	if d := o.table.Get(key); d != nil {
		return d.Value
	}
	return nil
}

// All are the deliveries whose key starts with prefix, in key order.
func (o *Outbox[T]) All(prefix string) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for key, d := range o.table.All(prefix, "") {
			if !yield(key, d.Value) {
				return
			}
		}
	}
}

// Len is how many deliveries are owed.
func (o *Outbox[T]) Len() int { return o.table.Len() }

// Next is what becomes of a delivery after an attempt.
type Next[T any] struct {
	again bool
	due   time.Time
	value *T
	with  func(tx *store.Tx) error
	rest  *rest
}

// Done ends a delivery: it was made, or it is given up. with, which may be nil,
// runs in the transaction that removes it.
func Done[T any](with func(tx *store.Tx) error) Next[T] { return Next[T]{with: with} }

// Again attempts a delivery again at due, as v.
func Again[T any](due time.Time, v *T) Next[T] { return Next[T]{again: true, due: due, value: v} }

// Rest attempts a delivery again at due, or as soon as Hurry says that its pool
// has room: an attempt that found none changed nothing, so nothing is stored, and
// after a restart the delivery is due as it was. full, which may be nil, says
// whether the pool is still full; it is asked once the delivery waits, so that
// room made in between is not missed. It must not call the outbox.
func Rest[T any](due time.Time, pool string, full func() bool) Next[T] {
	return Next[T]{rest: &rest{due, pool, full}}
}

// Hurry makes up to n deliveries due that rest for a pool.
func (o *Outbox[T]) Hurry(pool string, n int) { o.due.hurry(pool, n, o.c.Clock.Now()) }

// Waiting is how many deliveries rest for a pool.
func (o *Outbox[T]) Waiting(pool string) int { return o.due.waiting(pool) }

// Attempt makes one delivery once. Its context ends with Run.
type Attempt[T any] func(ctx context.Context, key string, v *T) Next[T]

// Run attempts what is due, until ctx ends and every attempt returned. An
// attempt that returns after ctx ended changes nothing: the delivery is still
// owed and is made by the next server.
func (o *Outbox[T]) Run(ctx context.Context, attempt Attempt[T]) {
	var workers sync.WaitGroup
	defer workers.Wait()
	free := make(chan struct{}, o.c.Workers)
	for {
		key, wait, state := o.due.take(o.c.Clock.Now())
		if state == ready {
			select {
			case <-ctx.Done():
				return
			case free <- struct{}{}:
			}
			workers.Go(func() {
				defer func() { <-free }()
				o.one(ctx, key, attempt)
			})
			continue
		}
		var later <-chan time.Time
		if state == waiting {
			later = o.c.Clock.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-o.due.changed:
		case <-later:
		}
	}
}

// one attempts one delivery, and stores what became of it.
func (o *Outbox[T]) one(ctx context.Context, key string, attempt Attempt[T]) {
	d := o.table.Get(key)
	if d == nil {
		o.due.done(key)
		return
	}
	next, ok := o.attempt(ctx, key, d.Value, attempt)
	if ctx.Err() != nil {
		return
	}
	if !ok {
		next = Again(o.c.Clock.Now().Add(Pause), d.Value)
	}
	if next.rest != nil {
		o.due.rest(key, *next.rest, o.c.Clock.Now())
		return
	}
	if err := o.settle(ctx, key, d, next); err != nil {
		o.c.Log.ErrorContext(ctx, "what became of a delivery could not be stored; it is made again", "kind", o.c.Kind, "error", err)
		o.due.again(key, o.c.Clock.Now().Add(Pause))
	}
}

// attempt is false when the attempt panicked.
func (o *Outbox[T]) attempt(ctx context.Context, key string, v *T, attempt Attempt[T]) (next Next[T], ok bool) {
	defer func() {
		if p := recover(); p != nil {
			ok = false
			o.c.Bug.Report(ctx, "panic in a delivery of %s: %v", o.c.Kind, p)
		}
	}()
	return attempt(ctx, key, v), true
}

// settle stores what became of a delivery, unless it was replaced or deleted
// meanwhile: then the newer word counts.
func (o *Outbox[T]) settle(ctx context.Context, key string, was *owed[T], next Next[T]) error {
	return o.c.Store.Update(ctx, func(tx *store.Tx) error {
		// A replaced one may have been put while this one was made: the schedule
		// holds its time back until this attempt is over.
		tx.After(func() { o.due.done(key) })
		if next.with != nil {
			if err := next.with(tx); err != nil {
				return err
			}
		}
		if o.table.GetIn(tx, key) != was {
			return nil
		}
		if next.again {
			return o.table.Put(tx, key, &owed[T]{Due: next.due, Value: next.value})
		}
		return o.table.Delete(tx, key)
	})
}
