package trail

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// After gives up to limit selected records newer than seq, oldest first: from
// memory, so records that left it are not among them.
func (t *Trail) After(seq uint64, f Filter, limit int) []*Record {
	var out []*Record
	for _, r := range t.inMemory(seq) {
		if f.Match(r) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out
}

// Newest gives up to limit selected records older than before (0: from the
// newest), newest first, from memory and then from the store.
func (t *Trail) Newest(ctx context.Context, before uint64, f Filter, limit int) ([]*Record, error) {
	if before == 0 {
		before = t.Last() + 1
	}
	var out []*Record
	recent := t.inMemory(0)
	for _, r := range slices.Backward(recent) {
		if r.Seq < before && f.Match(r) {
			if out = append(out, r); len(out) == limit {
				return out, nil
			}
		}
	}
	if len(recent) > 0 {
		before = min(before, recent[0].Seq)
	}
	for len(out) < limit {
		page, err := t.records.Scan(ctx, store.Range{To: seqKey(before), Limit: 500, Backward: true})
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, e := range page {
			r, err := decode(e)
			if err != nil {
				return nil, err
			}
			before = r.Seq
			if f.Match(r) {
				if out = append(out, r); len(out) == limit {
					break
				}
			}
		}
	}
	return out, nil
}

// Request gives all records of one request, in the order of the decisions.
func (t *Trail) Request(ctx context.Context, requestID string) ([]*Record, error) {
	var out []*Record
	for _, r := range t.inMemory(0) {
		if r.RequestID == requestID {
			out = append(out, r)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	keys, err := t.index.Scan(ctx, store.PrefixRange(store.Prefix(requestID), 1000))
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		seq := k.Key[len(store.Prefix(requestID)):]
		found, err := t.records.Scan(ctx, store.Range{From: seq, To: seq + "\x00", Limit: 1})
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			r, err := decode(e)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func decode(e store.Entry) (*Record, error) {
	r := new(Record)
	if err := json.Unmarshal(e.Value, r); err != nil {
		return nil, fmt.Errorf("trail: record %s: %w", e.Key, err)
	}
	return r, nil
}

// Question rebuilds what the gate asked the engine, so that it can be
// explained, or asked again under other policies.
func (t *Trail) Question(ctx context.Context, r *Record) (*policy.Request, *policy.Layers, error) {
	q := &policy.Request{Principal: r.Principal, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount, Context: &policy.Context{}}
	for key, values := range r.Context {
		if slices.Contains(r.Lists, key) {
			q.Context.SetList(key, values)
		} else if len(values) == 1 {
			q.Context.Set(key, values[0])
		}
	}
	if r.layers != nil {
		return q, r.layers, nil
	}
	l := &policy.Layers{SessionLimited: r.SessionLimited, ResourceMustAllow: r.ResourceMustAllow}
	for _, ref := range r.Policies {
		a, err := t.attached(ctx, ref)
		if err != nil {
			return nil, nil, err
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
		}
	}
	return q, l, nil
}

func (t *Trail) attached(ctx context.Context, ref PolicyRef) (policy.Attached, error) {
	if ref.Digest == "" {
		return policy.Attached{ARN: ref.ARN, Name: ref.Name, Source: ref.Source}, nil
	}
	found, err := t.policy.Scan(ctx, store.Range{From: ref.Digest, To: ref.Digest + "\x00", Limit: 1})
	if err != nil {
		return policy.Attached{}, err
	}
	if len(found) == 0 {
		return policy.Attached{}, fmt.Errorf("the policy %s (%s) of this decision is no longer stored", ref.Name, ref.Digest)
	}
	p, err := policy.Load(found[0].Value)
	if err != nil {
		return policy.Attached{}, fmt.Errorf("the policy %s (%s) of this decision: %w", ref.Name, ref.Digest, err)
	}
	return policy.Attached{Policy: p, ARN: ref.ARN, Name: ref.Name, Source: ref.Source}, nil
}
