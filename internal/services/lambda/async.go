package lambda

import (
	"context"
	"errors"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
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
	Failures      int    `json:",omitempty"`
	ClientContext string `json:",omitempty"`
	TraceID       string
}

// enqueue stores an event; once it returns, the event survives a crash.
func (s *Service) enqueue(ctx context.Context, c *op.Call, r ref, order *executor.Invocation) error {
	if s.queue.len() >= limits.AsyncQueue {
		return (&throttled{reason: accountFull}).wire()
	}
	key := r.part(id.UUID())
	e := &event{
		RequestID: order.RequestID, Caller: c.Caller.ARN(), Qualifier: r.qualifier, Received: c.Time, Due: c.Time,
		ClientContext: order.ClientContext, TraceID: order.TraceID,
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if s.functions.GetIn(tx, r.key()) == nil {
			return noFunction(r.arn())
		}
		// In this order: the event shows before the queue gives it to anybody.
		err := errors.Join(s.events.Put(tx, key, e), s.payloads.Append(tx, store.Entry{Key: key, Value: order.Payload}))
		tx.After(func() { s.queue.put(key, e.Due) })
		return err
	})
}

// loadQueue schedules what a former server accepted and did not finish.
func (s *Service) loadQueue() {
	for key, e := range s.events.All("", "") {
		s.queue.put(key, e.Due)
	}
}

// dispatch runs events as they become due, until the service closes.
func (s *Service) dispatch() {
	for {
		keys, wait, more := s.queue.take(s.clock.Now())
		for _, key := range keys {
			s.spawn(func() { s.attempt(s.ctx, key) })
		}
		var due <-chan time.Time
		if more {
			due = s.clock.After(wait)
		}
		select {
		case <-s.ctx.Done():
			return
		case <-s.queue.changed:
		case <-due:
		}
	}
}

// attempt runs one event once and decides what becomes of it.
func (s *Service) attempt(ctx context.Context, key string) {
	e := s.events.Get(key)
	if e == nil {
		s.queue.forget(key)
		return
	}
	r := keyRef(key).with(e.Qualifier)
	rules := s.rules(r)
	v := s.now().drawn(r)
	if v == nil || s.clock.Now().Sub(e.Received) > rules.age {
		s.finish(ctx, key, v, ending{condition: endTooOld, attempts: e.Failures})
		return
	}
	if v.State == pending {
		s.queue.postpone(key, "", s.clock.Now())
		return
	}
	payload, err := s.payload(ctx, key)
	if err != nil {
		s.failed(ctx, key, err)
		return
	}
	result, err := s.run(ctx, r, v, &executor.Invocation{
		RequestID: e.RequestID, InvokedARN: r.arn(), Payload: payload, ClientContext: e.ClientContext, TraceID: e.TraceID,
	})
	switch {
	case err != nil:
		s.failed(ctx, key, err)
	case result.FunctionError == "":
		s.finish(ctx, key, v, ending{endSuccess, e.Failures + 1, v.Version, result})
	case e.Failures >= rules.retries:
		s.finish(ctx, key, v, ending{endExhausted, e.Failures + 1, v.Version, result})
	default:
		s.again(ctx, key, e)
	}
}

// failed is for an event that could not be run at all: it is tried until it is
// too old.
func (s *Service) failed(ctx context.Context, key string, err error) {
	if ctx.Err() != nil {
		return // the server stops; the event stays
	}
	pool := ""
	var full *throttled
	if errors.As(err, &full) {
		pool = full.pool
	} else {
		s.log.DebugContext(ctx, "an asynchronous invoke could not be run", "function", keyRef(key).name, "error", err)
	}
	s.queue.postpone(key, pool, s.clock.Now())
}

// again schedules an event whose function failed: a minute after the first
// attempt, two minutes after the second (AWS Lambda guide).
func (s *Service) again(ctx context.Context, key string, e *event) {
	next := *e
	next.Failures++
	next.Due = s.clock.Now().Add(time.Duration(next.Failures) * time.Minute)
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.events.GetIn(tx, key) == nil {
			return nil // the function was deleted meanwhile
		}
		// In this order: the event shows before the queue gives it to anybody.
		err := s.events.Put(tx, key, &next)
		tx.After(func() { s.queue.put(key, next.Due) })
		return err
	})
	if err != nil {
		s.failed(ctx, key, err)
	}
}

// finish ends an event: it ran, or it is given up. What is to be sent of it is
// owed from the moment that it is over.
func (s *Service) finish(ctx context.Context, key string, v *config, end ending) {
	ctx = context.WithoutCancel(ctx)
	var payload []byte
	if v != nil { // the role of a function that is gone can send nothing
		var err error
		if payload, err = s.payload(ctx, key); err != nil {
			s.failed(ctx, key, err)
			return
		}
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		tx.After(func() { s.queue.forget(key) })
		e := s.events.GetIn(tx, key)
		if e == nil {
			return nil // the function was deleted meanwhile
		}
		owed, err := s.owed(keyRef(key).with(e.Qualifier), v, e, end, payload)
		return errors.Join(err, s.putOwed(tx, key, owed), s.events.Delete(tx, key), s.payloads.Trim(tx, exactly(key)))
	})
	if err != nil {
		s.log.ErrorContext(ctx, "a finished asynchronous invoke could not be removed and may run again", "error", err)
	}
}

// dropEvents removes all events of a function that is being deleted.
func (s *Service) dropEvents(tx *store.Tx, r ref) error {
	for key := range s.events.All(r.prefix(), "") {
		tx.After(func() { s.queue.forget(key) })
		if err := s.events.Delete(tx, key); err != nil {
			return err
		}
	}
	return s.payloads.Trim(tx, store.PrefixRange(r.prefix(), 1))
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

// asyncRules are the settings in force for a function's events.
type asyncRules struct {
	retries int
	age     time.Duration
	// onSuccess and onFailure are ARNs, empty for none.
	onSuccess, onFailure string
}

// rules are those of exactly what the invoke addressed.
func (s *Service) rules(r ref) asyncRules {
	rules := asyncRules{retries: limits.AsyncRetries, age: limits.AsyncAge}
	if own := s.settings.Get(r.part(settingsName(r.qualifier))); own != nil {
		if own.Retries != nil {
			rules.retries = int(*own.Retries)
		}
		if own.Age != nil {
			rules.age = time.Duration(*own.Age) * time.Second
		}
		rules.onSuccess, rules.onFailure = own.OnSuccess, own.OnFailure
	}
	return rules
}

// asyncSettings is a stored FunctionEventInvokeConfig; nil is AWS's default.
type asyncSettings struct {
	Modified     time.Time
	Retries, Age *int32
	// OnSuccess and OnFailure are the ARNs of destinations, empty for none.
	OnSuccess string `json:",omitempty"`
	OnFailure string `json:",omitempty"`
}

// send sets the destinations that a request names; one it leaves out stays.
func (a *asyncSettings) send(to *lambdaapi.DestinationConfig) {
	if to == nil {
		return
	}
	if to.OnSuccess != nil {
		a.OnSuccess = to.OnSuccess.GetDestination()
	}
	if to.OnFailure != nil {
		a.OnFailure = to.OnFailure.GetDestination()
	}
}

// settingsName is the name under which settings are kept: those of the
// unqualified function and of $LATEST are the same.
func settingsName(qualifier string) string {
	if qualifier == "" {
		return latest
	}
	return qualifier
}

func (a *asyncSettings) show(r ref) *lambdaapi.FunctionEventInvokeConfig {
	return &lambdaapi.FunctionEventInvokeConfig{
		LastModified: &a.Modified, FunctionArn: ptr(r.with(settingsName(r.qualifier)).arn()),
		MaximumRetryAttempts: a.Retries, MaximumEventAgeInSeconds: a.Age,
		DestinationConfig: &lambdaapi.DestinationConfig{
			OnSuccess: &lambdaapi.OnSuccess{Destination: optional(a.OnSuccess)}, OnFailure: &lambdaapi.OnFailure{Destination: optional(a.OnFailure)},
		},
	}
}
