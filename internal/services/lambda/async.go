package lambda

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/outbox"
	"github.com/sallyport/sallyport/internal/store"
)

// event is an accepted asynchronous invoke; its payload is stored beside it
// under the same key. It was admitted under RequestID, as Caller: nobody is
// asked again when it runs.
type event struct {
	RequestID, Caller string
	// Qualifier is as addressed; an alias is resolved at each attempt.
	Qualifier     string `json:",omitempty"`
	Received, Due time.Time
	// Failures counts attempts in which the function failed.
	Failures int `json:",omitempty"`
	TraceID  string
	Lineage  lineage
}

// enqueue stores an event; once it returns, the event survives a crash. The client
// context is for synchronous invokes only (AWS Lambda API reference, Invoke).
func (s *Service) enqueue(ctx context.Context, c *op.Call, r ref, order *executor.Invocation) error {
	if s.events.Len()+s.deliveries.Len() >= limits.AsyncQueue {
		return (&throttled{reason: accountFull}).wire()
	}
	key := r.part(id.UUID())
	e := &event{
		RequestID: order.RequestID, Caller: c.Caller.ARN(), Qualifier: r.qualifier, Received: c.Time, Due: c.Time,
		TraceID: order.TraceID, Lineage: s.lineages.next(c.Parent, r),
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if s.functions.GetIn(tx, r.key()) == nil {
			return noFunction(r.arn())
		}
		return errors.Join(s.events.Put(tx, key, e.Due, e), s.payloads.Append(tx, store.Entry{Key: key, Value: order.Payload}))
	})
}

// attempt runs one event once and decides what becomes of it.
func (s *Service) attempt(ctx context.Context, key string, e *event) outbox.Next[event] {
	r := keyRef(key).with(e.Qualifier)
	rules := s.rules(r)
	v := s.now().drawn(r)
	switch {
	case v == nil:
		return s.finish(key, r, e, nil, nil, ending{}) // the role of what is gone can send nothing
	case v.State != active:
		return s.later(r, e, nil)
	}
	payload, err := s.payload(ctx, key)
	if err != nil {
		return s.later(r, e, err)
	}
	if s.shut(r) {
		return s.finish(key, r, e, v, payload, ending{condition: endReserved, attempts: e.Failures})
	}
	if s.clock.Now().Sub(e.Received) > rules.age {
		return s.finish(key, r, e, v, payload, ending{condition: endTooOld, attempts: e.Failures})
	}
	if too := s.looped(r, e.Lineage); too > 0 {
		return s.loopEnds(key, r, e, v, payload, too)
	}
	s.lineages.note(e.RequestID, e.Lineage)
	result, err := s.run(ctx, r, v, &executor.Invocation{
		RequestID: e.RequestID, InvokedARN: r.arn(), Payload: payload, TraceID: e.TraceID,
	})
	if err != nil {
		return s.later(r, e, err)
	}
	end := ending{endSuccess, e.Failures + 1, v.Version, result}
	if result.FunctionError == "" {
		return s.finish(key, r, e, v, payload, end)
	}
	next := e.failed(s.clock.Now())
	switch {
	case e.Failures >= rules.retries:
		end.condition = endExhausted
	case next.Due.Sub(e.Received) > rules.age:
		end.condition = endTooOld // it will be: why wait
	default:
		return outbox.Again(next.Due, next)
	}
	return s.finish(key, r, e, v, payload, end)
}

// loopEnds ends an event of a recursive loop: the first one goes where failures go
// (AWS Lambda guide, "recursive loop detection"; that its record says
// RetriesExhausted is UNCONFIRMED), and what comes of that ends here.
func (s *Service) loopEnds(key string, r ref, e *event, v *config, payload []byte, too int) outbox.Next[event] {
	s.log.Warn("a recursive loop is stopped", "function", r.unqualified(), "request", e.RequestID)
	if too > 1 {
		v = nil
	}
	return s.finish(key, r, e, v, payload, ending{condition: endExhausted, attempts: e.Failures})
}

// failed is an event whose function failed: it is tried again a minute after the
// first attempt, two minutes after the second (AWS Lambda guide).
func (e *event) failed(now time.Time) *event {
	next := *e
	next.Failures++
	next.Due = now.Add(time.Duration(next.Failures) * time.Minute)
	return &next
}

// later is for an event that could not be run at all: it is tried until it is too
// old, or as soon as there is room.
func (s *Service) later(r ref, e *event, err error) outbox.Next[event] {
	now := s.clock.Now()
	due := now.Add(pauseAfter(now.Sub(e.Due)))
	if full := (*throttled)(nil); errors.As(err, &full) && full.pool != "" {
		return outbox.Rest[event](due, full.pool, func() bool { return s.full(r) })
	}
	if err != nil {
		s.log.Debug("an asynchronous invoke could not be run", "function", r.name, "error", err)
	}
	return outbox.Rest[event](due, "", nil)
}

// First and longest pause before an event is tried again that could not be
// run (AWS Lambda guide, "How Lambda handles errors and retries").
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

// pauseAfter grows exponentially: an event waits as long as it has waited.
func pauseAfter(waited time.Duration) time.Duration {
	return min(max(waited, firstPause), longestPause)
}

// finish ends an event: it ran, or it is given up. What is to be sent of it is
// owed from the moment that it is over. v is nil for a function that is gone.
func (s *Service) finish(key string, r ref, e *event, v *config, payload []byte, end ending) outbox.Next[event] {
	owed, err := s.owed(r, v, e, end, payload)
	if err != nil {
		return s.later(r, e, err)
	}
	return outbox.Done[event](func(tx *store.Tx) error {
		if s.functions.GetIn(tx, r.key()) == nil {
			owed = nil // deleted meanwhile, with all its events
		}
		return errors.Join(s.putOwed(tx, key, owed), s.payloads.Trim(tx, exactly(key)))
	})
}

// dropEvents removes all events of a function that is being deleted.
func (s *Service) dropEvents(tx *store.Tx, r ref) error {
	return errors.Join(drop(tx, s.events, r.prefix()), s.payloads.Trim(tx, store.PrefixRange(r.prefix(), 1)))
}

// drop forgets what an outbox owes under a prefix.
func drop[T any](tx *store.Tx, o *outbox.Outbox[T], prefix string) error {
	for key := range o.All(prefix) {
		if err := o.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

func exactly(key string) store.Range { return store.Range{From: key, To: key + "\x00", Limit: 1} }

func (s *Service) payload(ctx context.Context, key string) ([]byte, error) {
	entries, err := s.payloads.Scan(ctx, exactly(key))
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, notFound("The event has no payload.")
	}
	return entries[0].Value, nil
}
