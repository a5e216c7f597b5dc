package lambda

import (
	"context"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Reasons of a throttled invoke (AWS Lambda API reference, ThrottleReason).
const (
	accountFull  = "ConcurrentInvocationLimitExceeded"
	functionFull = "ReservedFunctionConcurrentInvocationLimitExceeded"
)

// concurrency counts running invokes: of each function, and of all functions
// of a region and account that have no reserved concurrency. These are pools.
type concurrency struct {
	mu    sync.Mutex
	pools map[string]int
	// freed tells of room in any pool.
	freed op.Signal
}

func newConcurrency() *concurrency { return &concurrency{pools: map[string]int{}} }

// throttled says that a pool is full; it becomes the error the caller gets.
type throttled struct{ reason, pool string }

func (t *throttled) Error() string { return "throttled: " + t.reason }

// wire is the throttle as clients see it.
func (t *throttled) wire() *api.Error {
	e := lambdaapi.NewTooManyRequestsException("Rate Exceeded.")
	e.Members = map[string]any{"Reason": t.reason}
	e.Headers = map[string]string{"Retry-After": "1"}
	return e
}

// pool is the pool a function runs in, how many may be in it, and why it is full.
// What is provisioned for versions and aliases is theirs alone.
func (s *Service) pool(f *function, r ref) (pool string, most int, reason string) {
	if f.Reserved != nil {
		return r.key(), int(*f.Reserved) - s.claims.provisioned(r), functionFull
	}
	return r.place(), limits.ConcurrencyPerRegion - s.claims.at(r), accountFull
}

// enter takes a place for one invoke of a function; leave gives it back and
// wakes whoever waits for the pool.
func (s *Service) enter(r ref) (leave func(), err error) {
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, noFunction(r.arn())
	}
	pool, most, reason := s.pool(f, r)
	own, provisioned := s.claims.part(r)
	c := s.running
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools[own] < provisioned {
		c.pools[own]++
		return func() { s.leave(own, pool) }, nil
	}
	if c.pools[pool] >= most {
		return nil, &throttled{reason, pool}
	}
	c.pools[pool]++
	return func() { s.leave(pool, pool) }, nil
}

// shut says whether a function may not run at all: it reserves no concurrency. Its
// events are not tried again (AWS Lambda guide, "Asynchronous invocation").
func (s *Service) shut(r ref) bool {
	f := s.functions.Get(r.key())
	return f != nil && f.Reserved != nil && *f.Reserved == 0
}

// full says whether a function has no room now.
func (s *Service) full(r ref) bool {
	f := s.functions.Get(r.key())
	if f == nil {
		return false
	}
	pool, most, _ := s.pool(f, r)
	own, provisioned := s.claims.part(r)
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	return s.running.pools[pool] >= most && s.running.pools[own] >= provisioned
}

// leave gives a place back. It is told to those who wait for the other pool: of
// provisioned concurrency, the one that its function runs in beside it.
func (s *Service) leave(pool, waiting string) {
	c := s.running
	c.mu.Lock()
	c.pools[pool]--
	if c.pools[pool] == 0 {
		delete(c.pools, pool)
	}
	c.mu.Unlock()
	s.room(waiting, 1)
}

// room tells those who wait for a pool that n of them may try again.
func (s *Service) room(pool string, n int) {
	s.running.freed.Fire()
	s.events.Hurry(pool, n)
}

// setReserved changes a function's reserved concurrency; it is not a change of
// its configuration.
func (s *Service) setReserved(ctx context.Context, r ref, n *int32) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.functions.GetIn(tx, r.key())
		if old == nil {
			return noFunction(r.with(latest).arn())
		}
		if n != nil {
			claimed, provisioned := s.claims.at(r), s.claims.provisioned(r)
			if int(*n) < provisioned {
				return invalid(" ReservedConcurrentExecutions  %d should not be lower than function's total provisioned concurrency [%d].", *n, provisioned)
			}
			rest := limits.ConcurrencyPerRegion - claimed + (claim{old.Reserved, provisioned}).size() - int(*n)
			if rest < limits.UnreservedFloor {
				return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", limits.UnreservedFloor)
			}
		}
		f := *old
		f.Reserved = n
		return s.functions.Put(tx, r.key(), &f)
	})
}

func (s *Service) putFunctionConcurrency(ctx context.Context, c *op.Call, in *lambdaapi.PutFunctionConcurrencyRequest) (*lambdaapi.Concurrency, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	n := in.GetReservedConcurrentExecutions()
	if err := s.setReserved(ctx, r, &n); err != nil {
		return nil, err
	}
	s.room(r.key(), limits.AsyncQueue)
	return &lambdaapi.Concurrency{ReservedConcurrentExecutions: &n}, nil
}

func (s *Service) getFunctionConcurrency(_ context.Context, c *op.Call, _ *lambdaapi.GetFunctionConcurrencyRequest) (*lambdaapi.GetFunctionConcurrencyResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, noFunction(r.arn())
	}
	return &lambdaapi.GetFunctionConcurrencyResponse{ReservedConcurrentExecutions: f.Reserved}, nil
}

func (s *Service) deleteFunctionConcurrency(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteFunctionConcurrencyRequest) (*api.Empty, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	err = s.setReserved(ctx, r, nil)
	s.room(r.key(), limits.AsyncQueue)
	return &api.Empty{}, err
}
