package lambda

import (
	"maps"
	"sync"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// lineage says how often each function was invoked in the chain of requests that
// led to one, itself among them. AWS counts so in the trace header, which its SDKs
// and services pass on; here a call knows the request that caused it (op.As.Parent),
// and that cannot be forged.
type lineage map[string]int

// lineages are the chains of the requests of late. They are not stored: what a
// former server began starts to count anew, but for events and deliveries, which
// carry theirs.
type lineages struct {
	mu sync.Mutex
	// now takes new ones; old are those before, dropped when now is full.
	now, old map[string]lineage
}

// note keeps the chain of a request.
func (l *lineages) note(requestID string, of lineage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == nil || len(l.now) >= limits.Lineages {
		l.now, l.old = map[string]lineage{}, l.now
	}
	l.now[requestID] = of
}

// next is the chain of an invoke that a request causes, empty for none.
func (l *lineages) next(parent string, r ref) lineage {
	l.mu.Lock()
	before := l.now[parent]
	if before == nil {
		before = l.old[parent]
	}
	l.mu.Unlock()
	next := maps.Clone(before)
	if next == nil {
		next = lineage{}
	}
	if arn := r.unqualified(); next[arn] > 0 || len(next) < limits.LineageFunctions {
		next[arn]++
	}
	return next
}

// looped is by how many runs a chain has gone too far, for a function that is not
// allowed to.
func (s *Service) looped(r ref, of lineage) int {
	f := s.functions.Get(r.key())
	if f == nil || f.Loop == "Allow" {
		return 0
	}
	return max(of[r.unqualified()]-limits.LoopRuns, 0)
}

// chained takes note of the chain of requests that an invoke is the end of, and
// refuses one that is a loop.
func (s *Service) chained(c *op.Call, r ref, order *executor.Invocation) error {
	chain := s.lineages.next(c.Parent, r)
	if s.looped(r, chain) > 0 {
		return recursive()
	}
	s.lineages.note(order.RequestID, chain)
	return nil
}

// recursive refuses a synchronous invoke of a loop (AWS Lambda API reference, Invoke).
func recursive() error {
	return lambdaapi.NewRecursiveInvocationException("Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.")
}
