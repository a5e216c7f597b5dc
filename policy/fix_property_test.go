package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/policy"
	"pgregory.net/rapid"
)

// failer is a test, or one try of a property.
type failer interface {
	Fatalf(format string, args ...any)
}

// TestFixesFlipTheDecision carries out what Explain proposes, as somebody who
// reads it would, and asks again.
func TestFixesFlipTheDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { tryFixes(t, rolls(t)) })
}

// TestEveryKindOfFixIsTried makes the same questions at every run.
func TestEveryKindOfFixIsTried(t *testing.T) {
	seen := map[policy.FixKind]int{}
	exact := 0
	for i := range 1500 {
		for _, f := range tryFixes(t, rand.New(rand.NewPCG(uint64(i), 3)).IntN) {
			for _, c := range f.Changes {
				seen[c.Kind]++
				if c.Exact {
					exact++
				}
			}
		}
	}
	for _, k := range []policy.FixKind{
		policy.AddToIdentity, policy.AddToResource, policy.AddToTrust, policy.AddToBoundary, policy.AddToSession, policy.AddToServiceControl,
		policy.AddToResourceControl, policy.AddToEndpoint, policy.NarrowDeny, policy.RemoveDeny,
	} {
		if seen[k] == 0 {
			t.Errorf("no fix of the kind %s was tried", k)
		}
	}
	if exact == 0 {
		t.Error("no exact fix was tried")
	}
}

func tryFixes(t failer, d dice) []policy.Fix {
	r, l := world(d)
	x := policy.Explain(r, l)
	if x.Decision.Allowed() && len(x.Fixes) > 0 {
		t.Fatalf("fixes for what is allowed: %+v", x.Fixes)
	}
	for _, f := range x.Fixes {
		fixed, err := carryOut(l, f.Changes)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if after := policy.Evaluate(r, fixed); !after.Allowed() {
			t.Fatalf("still %+v after %+v\n%s", after, f, describe(r, l))
		}
		everyChangeCounts(t, r, l, f)
		if !slices.ContainsFunc(f.Changes, func(c policy.Change) bool { return !c.Exact }) {
			nobodyElseGains(t, d, r, l, fixed, f)
		}
	}
	return x.Fixes
}

// everyChangeCounts leaves out one change after the other: the denial is back.
func everyChangeCounts(t failer, r *policy.Request, l *policy.Layers, f policy.Fix) {
	for i := range f.Changes {
		// A later change may speak of statements an earlier one moved.
		less := slices.Delete(slices.Clone(f.Changes), i, i+1)
		part, err := carryOut(l, less)
		if err != nil {
			continue
		}
		if policy.Evaluate(r, part).Allowed() {
			t.Fatalf("allowed without change %d of %+v\n%s", i, f, describe(r, l))
		}
	}
}

// nobodyElseGains asks other questions before and after an exact fix.
func nobodyElseGains(t failer, d dice, r *policy.Request, before, after *policy.Layers, f policy.Fix) {
	for range 6 {
		other := *r
		other.Context = r.Context.Clone()
		switch d(3) {
		case 0:
			other.Action = pick(d, actions)
		case 1:
			other.Resource = pick(d, targets)
		case 2:
			other.Principal = pick(d, callers)
			if _, ok := r.Context.Get("aws:PrincipalArn"); ok || r.Principal.Service != "" {
				identify(&other)
			}
		}
		if sameWho(&other.Principal, &r.Principal) && sameAction(other.Action, r.Action) && other.Resource == r.Resource {
			continue
		}
		if r.Resource == "*" && other.Resource != "*" {
			continue // an action without a resource is never asked about with one
		}
		if other.Resource != r.Resource && after.Resource != nil {
			continue // another resource has another policy
		}
		// Whom the policies are attached to is the same caller or none.
		if !sameWho(&other.Principal, &r.Principal) && (after.Identity != nil || after.Session != nil || after.Boundary != nil) {
			continue
		}
		if was, is := policy.Evaluate(&other, before), policy.Evaluate(&other, after); was.Allowed() != is.Allowed() {
			t.Fatalf("%+v\nalso changes another question, from %v to %v\n%s\nthe denied question:\n%s", f, was.Effect, is.Effect, describe(&other, before), describe(r, before))
		}
	}
}

func sameAction(a, b string) bool { return globbed(lowered(a), lowered(b)) }

func lowered(s string) string {
	out := []rune(s)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

func sameWho(a, b *policy.Principal) bool {
	if a.RoleARN != "" {
		return a.RoleARN == b.RoleARN
	}
	return a.Kind == b.Kind && a.ARN == b.ARN && a.Service == b.Service && a.Provider == b.Provider
}

// carryOut makes changes in a copy of the policies.
func carryOut(l *policy.Layers, changes []policy.Change) (*policy.Layers, error) {
	c := *l
	c.Identity, c.Session = slices.Clone(l.Identity), slices.Clone(l.Session)
	levels := func(all [][]policy.Attached) [][]policy.Attached {
		var out [][]policy.Attached
		for _, level := range all {
			out = append(out, slices.Clone(level))
		}
		return out
	}
	c.ServiceControl, c.ResourceControl = levels(l.ServiceControl), levels(l.ResourceControl)
	for _, a := range []**policy.Attached{&c.Resource, &c.Boundary, &c.Endpoint} {
		if *a != nil {
			copied := **a
			*a = &copied
		}
	}
	for i := range changes {
		if err := carryOutOne(&c, &changes[i]); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

func carryOutOne(l *policy.Layers, c *policy.Change) error {
	var statements []policy.Statement
	for _, s := range c.Statements {
		d, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":` + s + `}`))
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		statements = append(statements, d.Statements...)
	}
	extended := func(a *policy.Attached) *policy.Attached {
		d := &policy.Document{Version: policy.Version2012}
		if a == nil {
			a = new(policy.Attached)
		}
		if a.Policy != nil {
			d = a.Policy.Document().Clone()
			d.Lone = false
		}
		d.Statements = append(d.Statements, statements...)
		return &policy.Attached{Name: a.Name, Policy: policy.Compile(d)}
	}
	level := func(all [][]policy.Attached) error {
		var n int
		if _, err := fmt.Sscanf(c.Target, "level %d of the organization", &n); err != nil || n > len(all) {
			return fmt.Errorf("no level %q", c.Target)
		}
		all[n-1] = append(all[n-1], *extended(nil))
		return nil
	}
	switch c.Kind {
	case policy.AddToIdentity:
		l.Identity = append(l.Identity, *extended(nil))
	case policy.AddToSession:
		l.Session = append(l.Session, *extended(nil))
	case policy.AddToResource, policy.AddToTrust:
		l.Resource = extended(l.Resource)
	case policy.AddToBoundary:
		l.Boundary = extended(l.Boundary)
	case policy.AddToEndpoint:
		l.Endpoint = extended(l.Endpoint)
	case policy.AddToServiceControl:
		return level(l.ServiceControl)
	case policy.AddToResourceControl:
		return level(l.ResourceControl)
	case policy.NarrowDeny, policy.RemoveDeny:
		for _, a := range attachedIn(l, c.Layer) {
			if a.Name != c.Policy || a.Policy == nil || *c.Replaces >= len(a.Policy.Document().Statements) {
				continue
			}
			d := a.Policy.Document().Clone()
			d.Lone = false
			d.Statements = slices.Replace(d.Statements, *c.Replaces, *c.Replaces+1, statements...)
			a.Policy = policy.Compile(d)
			return nil
		}
		return fmt.Errorf("no policy %q", c.Policy)
	default:
		return fmt.Errorf("no kind of change %q", c.Kind)
	}
	return nil
}

// attachedIn are the places of a layer's policies.
func attachedIn(l *policy.Layers, layer policy.Layer) []*policy.Attached {
	var out []*policy.Attached
	list := func(all []policy.Attached) {
		for i := range all {
			out = append(out, &all[i])
		}
	}
	switch layer {
	case policy.LayerIdentity:
		list(l.Identity)
	case policy.LayerSession:
		list(l.Session)
	case policy.LayerServiceControl:
		for i := range l.ServiceControl {
			list(l.ServiceControl[i])
		}
	case policy.LayerResourceControl:
		for i := range l.ResourceControl {
			list(l.ResourceControl[i])
		}
	default:
		for _, a := range []*policy.Attached{map[policy.Layer]*policy.Attached{policy.LayerResource: l.Resource, policy.LayerBoundary: l.Boundary, policy.LayerEndpoint: l.Endpoint}[layer]} {
			if a != nil {
				out = append(out, a)
			}
		}
	}
	return out
}
