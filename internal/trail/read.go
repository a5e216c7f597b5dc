package trail

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/policy"
)

// everything is more records than there can be.
const everything = math.MaxInt

// After gives up to limit selected records newer than seq, oldest first: from
// memory, so records that left it are not among them.
func (t *Trail) After(seq uint64, f Filter, limit int) []*Record {
	var out []*Record
	for _, r := range t.inMemory(seq, everything) {
		if len(out) >= limit {
			break
		}
		if f.Match(r) {
			out = append(out, r.spelled())
		}
	}
	return out
}

// Newest gives up to limit selected records older than before (0: from the
// newest), newest first, from memory and then from the store.
func (t *Trail) Newest(ctx context.Context, before uint64, f Filter, limit int) ([]*Record, error) {
	if before == 0 {
		before = math.MaxUint64
	}
	recent := t.inMemory(0, everything)
	var out []*Record
	// take adds what is wanted of a run of records; false when there is enough.
	take := func(run []*Record) bool {
		for _, r := range slices.Backward(run) {
			if len(out) >= limit {
				return false
			}
			if r.Seq < before && f.Match(r) {
				out = append(out, r.spelled())
			}
		}
		return len(out) < limit
	}
	if !take(recent) || t.disk == nil {
		return out, nil
	}
	before = min(before, oldest(recent)) // rows on disk overlap what memory holds
	const rows = 4
	for from := before; from > 1; {
		runs, next, err := t.disk.before(ctx, from, rows)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			if !take(run) {
				return out, nil
			}
		}
		from = next
	}
	return out, nil
}

// oldest is the number of the first record of a run; more than any for none.
func oldest(run []*Record) uint64 {
	if len(run) == 0 {
		return math.MaxUint64
	}
	return run[0].Seq
}

// Request gives all records of one request, in the order of the decisions.
func (t *Trail) Request(ctx context.Context, requestID string) ([]*Record, error) {
	return t.find(ctx, requestID, everything, func(r *Record) bool { return r.RequestID == requestID })
}

// Caused gives the first records, up to limit, of the requests that a request
// led to, in the order of the decisions.
func (t *Trail) Caused(ctx context.Context, requestID string, limit int) ([]*Record, error) {
	return t.find(ctx, requestID, limit, func(r *Record) bool { return r.Parent == requestID })
}

// find gives the records that match, all of which name the request.
func (t *Trail) find(ctx context.Context, requestID string, limit int, match func(*Record) bool) ([]*Record, error) {
	recent := t.inMemory(0, everything)
	var out []*Record
	if first := oldest(recent); t.disk != nil && first > 1 {
		var err error
		if out, err = t.disk.find(ctx, requestID, first, limit, match); err != nil {
			return nil, err
		}
	}
	for _, r := range recent {
		if len(out) == limit {
			break
		}
		if match(r) {
			out = append(out, r.spelled())
		}
	}
	return out, nil
}

// Question rebuilds what the gate asked the engine, so that it can be
// explained, or asked again under other policies. A record with Nothing or
// Refused was answered without the engine.
func (t *Trail) Question(ctx context.Context, r *Record) (*policy.Request, *policy.Layers, error) {
	q := &policy.Request{Principal: r.Principal, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount, Context: r.context}
	if q.Context == nil {
		q.Context = contextOf(r)
	}
	if r.layers != nil {
		return q, r.layers, nil
	}
	if min(r.ServiceLevels, r.ResourceLevels) < 0 || max(r.ServiceLevels, r.ResourceLevels) > limits.OrganizationLevels {
		return nil, nil, fmt.Errorf("decision %d has %d and %d levels of control policies", r.Seq, r.ServiceLevels, r.ResourceLevels)
	}
	l := &policy.Layers{
		SessionLimited: r.SessionLimited, ResourceMustAllow: r.ResourceMustAllow,
		ServiceControl: make([][]policy.Attached, r.ServiceLevels), ResourceControl: make([][]policy.Attached, r.ResourceLevels),
	}
	for _, ref := range r.Policies {
		a, err := t.attached(ctx, r, ref)
		if err != nil {
			return nil, nil, err
		}
		if err := place(l, ref, a); err != nil {
			return nil, nil, err
		}
	}
	return q, l, nil
}

// place puts a policy where it was when it answered.
func place(l *policy.Layers, ref PolicyRef, a policy.Attached) error {
	level := func(levels [][]policy.Attached) error {
		if ref.Level < 0 || ref.Level >= len(levels) {
			return fmt.Errorf("the policy %s of this decision is on level %d of %d", ref.Name, ref.Level, len(levels))
		}
		levels[ref.Level] = append(levels[ref.Level], a)
		return nil
	}
	switch ref.Layer {
	case identityLayer:
		l.Identity = append(l.Identity, a)
	case boundaryLayer:
		l.Boundary = &a
	case sessionLayer:
		l.Session = append(l.Session, a)
	case resourceLayer:
		l.Resource = &a
	case serviceControlLayer:
		return level(l.ServiceControl)
	case resourceControlLayer:
		return level(l.ResourceControl)
	case endpointLayer:
		l.Endpoint = &a
	default:
		return fmt.Errorf("the layer %q of this decision is unknown to this version", ref.Layer)
	}
	return nil
}

func contextOf(r *Record) *policy.Context {
	c := &policy.Context{}
	for key, values := range r.Context {
		if slices.Contains(r.Lists, key) {
			c.SetList(key, values)
			continue
		}
		for _, v := range values {
			c.Add(key, v)
		}
	}
	return c
}

func (t *Trail) attached(ctx context.Context, r *Record, ref PolicyRef) (policy.Attached, error) {
	a := policy.Attached{ARN: ref.ARN, Name: ref.Name, Source: ref.Source}
	if ref.Digest == "" {
		return a, nil
	}
	var text []byte
	if t.disk != nil {
		var err error
		if text, err = t.disk.text(ctx, r.Seq, ref.Digest); err != nil {
			return a, err
		}
	}
	if text == nil {
		return a, fmt.Errorf("the policy %s (%s) of this decision is no longer stored", ref.Name, ref.Digest)
	}
	var err error
	if a.Policy, err = policy.Load(text); err != nil {
		return a, fmt.Errorf("the policy %s (%s) of this decision: %w", ref.Name, ref.Digest, err)
	}
	return a, nil
}
