package policy_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/policy"
	"pgregory.net/rapid"
)

// rolls drives the making of questions from rapid, so that it can shrink them.
// Since rapid prefers small numbers, every other question is made evenly.
func rolls(t *rapid.T) dice {
	if rapid.Bool().Draw(t, "even") {
		return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).IntN
	}
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "roll") }
}

// everything is a policy of one statement about everything.
func everything(effect string, layer policy.Layer) policy.Attached {
	d := policy.Document{Version: policy.Version2012, Statements: []policy.Statement{everythingStatement(effect, layer)}}
	return policy.Attached{Policy: policy.Compile(&d), Name: "everything"}
}

func everythingStatement(effect string, layer policy.Layer) policy.Statement {
	s := policy.Statement{Effect: effect, Action: policy.One("*"), Resource: policy.One("*")}
	switch layer {
	case policy.LayerResource, policy.LayerResourceControl, policy.LayerEndpoint:
		s.Principal = &policy.Principals{Star: true}
	}
	return s
}

var allLayers = []policy.Layer{
	policy.LayerResourceControl, policy.LayerServiceControl, policy.LayerResource, policy.LayerIdentity,
	policy.LayerBoundary, policy.LayerSession, policy.LayerEndpoint,
}

// join adds a statement about everything to a layer: to a policy of its own
// where the layer has several, else to the policy that is there.
func join(l policy.Layers, layer policy.Layer, effect string) policy.Layers {
	a := everything(effect, layer)
	extend := func(old *policy.Attached) *policy.Attached {
		if old == nil || old.Policy == nil {
			return &a
		}
		d := old.Policy.Document().Clone()
		d.Lone = false
		d.Statements = append(d.Statements, everythingStatement(effect, layer))
		return &policy.Attached{Policy: policy.Compile(d), Name: old.Name}
	}
	switch layer {
	case policy.LayerResource:
		l.Resource = extend(l.Resource)
	case policy.LayerBoundary:
		l.Boundary = extend(l.Boundary)
	case policy.LayerEndpoint:
		l.Endpoint = extend(l.Endpoint)
	case policy.LayerIdentity:
		l.Identity = append(slices.Clone(l.Identity), a)
	case policy.LayerSession:
		l.Session = append(slices.Clone(l.Session), a)
	case policy.LayerServiceControl:
		l.ServiceControl = append(slices.Clone(l.ServiceControl), []policy.Attached{a, everything("Allow", layer)})
	case policy.LayerResourceControl:
		l.ResourceControl = append(slices.Clone(l.ResourceControl), []policy.Attached{a, everything("Allow", layer)})
	}
	return l
}

func TestADenyAnywhereDenies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, l := world(rolls(t))
		if policy.Evaluate(r, l).Layer == policy.LayerNone {
			return // no policy was asked, and it is denied
		}
		for _, layer := range allLayers {
			if layer == policy.LayerServiceControl || layer == policy.LayerResourceControl {
				// Whom these are not about is in the corpus.
				if r.Principal.Kind != policy.User {
					continue
				}
			}
			after := join(*l, layer, "Deny")
			if d := policy.Evaluate(r, &after); d.Effect != policy.ExplicitDeny {
				t.Fatalf("a Deny in %v: %v by %v\n%s", layer, d.Effect, d.Layer, describe(r, &after))
			}
		}
	})
}

func TestOrderAndDuplicationDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rolls(t)
		r, l := world(d)
		before := policy.Evaluate(r, l)
		mixed := mixLayers(d, l)
		after := policy.Evaluate(r, mixed)
		if before.Effect != after.Effect || before.Layer != after.Layer || before.Caveats != after.Caveats {
			t.Fatalf("before %+v, after %+v\n%s\nmixed:\n%s", before, after, describe(r, l), describe(r, mixed))
		}
	})
}

// mixLayers puts policies, statements and values in another order, some twice.
func mixLayers(d dice, l *policy.Layers) *policy.Layers {
	m := *l
	one := func(a policy.Attached) policy.Attached {
		if a.Policy == nil {
			return a
		}
		doc := a.Policy.Document().Clone()
		for i := range doc.Statements {
			s := &doc.Statements[i]
			for _, v := range []*policy.Values{s.Action, s.NotAction, s.Resource, s.NotResource} {
				if v != nil {
					v.Items, v.Lone = mix(d, v.Items), false
				}
			}
			for _, p := range []*policy.Principals{s.Principal, s.NotPrincipal} {
				if p == nil {
					continue
				}
				for j := range p.Entries {
					p.Entries[j].Values.Items, p.Entries[j].Values.Lone = mix(d, p.Entries[j].Values.Items), false
				}
			}
			for j := range s.Condition {
				for k := range s.Condition[j].Keys {
					s.Condition[j].Keys[k].Values = mix(d, s.Condition[j].Keys[k].Values)
				}
			}
			s.Condition = shuffled(d, s.Condition)
		}
		doc.Statements, doc.Lone = mix(d, doc.Statements), false
		return policy.Attached{Policy: policy.Compile(doc), Name: a.Name}
	}
	many := func(list []policy.Attached) []policy.Attached {
		var out []policy.Attached
		for _, a := range mix(d, list) {
			out = append(out, one(a))
		}
		return out
	}
	maybe := func(a *policy.Attached) *policy.Attached {
		if a == nil {
			return nil
		}
		changed := one(*a)
		return &changed
	}
	levels := func(all [][]policy.Attached) [][]policy.Attached {
		var out [][]policy.Attached
		for _, level := range all {
			out = append(out, many(level))
		}
		return out
	}
	m.Identity, m.Session = many(l.Identity), many(l.Session)
	m.Resource, m.Boundary, m.Endpoint = maybe(l.Resource), maybe(l.Boundary), maybe(l.Endpoint)
	m.ServiceControl, m.ResourceControl = levels(l.ServiceControl), levels(l.ResourceControl)
	return &m
}

func shuffled[T any](d dice, list []T) []T {
	out := slices.Clone(list)
	for i := len(out) - 1; i > 0; i-- {
		j := d(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// mix shuffles, and doubles one now and then.
func mix[T any](d dice, list []T) []T {
	out := slices.Clone(list)
	if len(out) > 0 && d.chance(30) {
		out = append(out, pick(d, out))
	}
	return shuffled(d, out)
}

// TestAnAllowNeverRemovesAccess holds without exception: session policies and
// boundaries intersect with what identity policies allow, so more allowed there
// is never less allowed in the end.
func TestAnAllowNeverRemovesAccess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rolls(t)
		r, l := world(d)
		m := &maker{dice: d, r: r}
		before := policy.Evaluate(r, l)
		a := m.policy(false)
		doc := a.Policy.Document().Clone()
		doc.Statements = slices.DeleteFunc(doc.Statements, func(s policy.Statement) bool { return s.Effect == "Deny" })
		a.Policy = policy.Compile(doc)
		l.Identity = append(l.Identity, a)
		if after := policy.Evaluate(r, l); before.Allowed() && !after.Allowed() || before.Effect != policy.ExplicitDeny && after.Effect == policy.ExplicitDeny {
			t.Fatalf("before %+v, after %+v\n%s", before, after, describe(r, l))
		}
	})
}

// TestAGuardrailOnlyTakesAway adds a boundary, a session policy, a level of
// control policies, or an endpoint policy where there was none.
func TestAGuardrailOnlyTakesAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rolls(t)
		r, l := world(d)
		m := &maker{dice: d, r: r}
		before := policy.Evaluate(r, l)
		if l.Boundary == nil {
			l.Boundary = m.maybe(false)
		}
		if len(l.Session) == 0 && !l.SessionLimited && r.Principal.Kind != policy.FederatedUser {
			l.Session = append(l.Session, m.policy(false))
		}
		if l.Endpoint == nil {
			l.Endpoint = m.maybe(true)
		}
		l.ServiceControl = append(l.ServiceControl, m.levels(false)...)
		l.ResourceControl = append(l.ResourceControl, m.levels(true)...)
		if after := policy.Evaluate(r, l); !before.Allowed() && after.Allowed() {
			t.Fatalf("before %+v, after %+v\n%s", before, after, describe(r, l))
		}
	})
}

// TestExplainedEqualsUnexplained reads the decision back out of the tree.
func TestExplainedEqualsUnexplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, l := world(rolls(t))
		d, x := policy.Evaluate(r, l), policy.Explain(r, l)
		if x.Decision != d {
			t.Fatalf("decided %+v, explained %+v", d, x.Decision)
		}
		if d.Layer == policy.LayerNone {
			return
		}
		denied := false
		for i := range x.Layers {
			layer := &x.Layers[i]
			applied := map[string]bool{}
			for j := range layer.Policies {
				for k := range layer.Policies[j].Statements {
					s := &layer.Policies[j].Statements[k]
					if s.Applies {
						applied[s.Effect] = true
					}
					for _, p := range s.Parts {
						if s.Applies && p.Holds == policy.VerdictNo {
							t.Fatalf("an applied statement with a part that does not hold: %+v", s)
						}
					}
				}
			}
			denied = denied || layer.Says == "deny"
			if applied["Deny"] && layer.Says != "deny" && exempt(r, layer.Layer) == "" {
				t.Fatalf("layer %v says %s although a Deny applies\n%s", layer.Layer, layer.Says, describe(r, l))
			}
			// The tree looks at every statement, the decision at those its
			// index finds: none may be lost.
			single := layer.Layer == policy.LayerIdentity || layer.Layer == policy.LayerResource || layer.Layer == policy.LayerBoundary
			if applied["Allow"] && layer.Says == "nothing" && single {
				t.Fatalf("layer %v says nothing although an Allow applies\n%s", layer.Layer, describe(r, l))
			}
			if layer.Layer != d.Layer {
				continue
			}
			if d.Statement >= 0 {
				s := layer.Policies[d.Policy].Statements[d.Statement]
				if !s.Applies || s.Effect != map[policy.Effect]string{policy.Allow: "Allow", policy.ExplicitDeny: "Deny"}[d.Effect] {
					t.Fatalf("decision %+v names statement %+v", d, s)
				}
			}
		}
		if denied != (d.Effect == policy.ExplicitDeny) {
			t.Fatalf("a layer says deny: %v, decided %v\n%s", denied, d.Effect, describe(r, l))
		}
		if x.Text() == "" || x.Summary == "" || d.Allowed() != (policy.Message(r, l, d) == "") {
			t.Fatal("an explanation without words")
		}
	})
}

// exempt says why control policies do not count for the caller.
func exempt(r *policy.Request, layer policy.Layer) string {
	switch {
	case layer != policy.LayerServiceControl && layer != policy.LayerResourceControl:
		return ""
	case r.Principal.Kind == policy.RoleSession && bytes.Contains([]byte(r.Principal.RoleARN), []byte("/aws-service-role/")):
		return "service-linked"
	case layer == policy.LayerServiceControl && r.Principal.Account == "":
		return "no account"
	}
	return ""
}

func TestPrintedPoliciesParseToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rolls(t)
		m := &maker{dice: d, r: &policy.Request{Principal: pick(d, callers), Action: pick(d, actions), Resource: pick(d, targets)}}
		parsed, err := policy.Parse(m.document(d.chance(50)))
		if err != nil {
			t.Fatal(err)
		}
		printed := parsed.JSON()
		again, err := policy.Parse(printed)
		if err != nil {
			t.Fatalf("%v: %s", err, printed)
		}
		if !reflect.DeepEqual(parsed, again) {
			t.Fatalf("printed %s, parsed %#v, want %#v", printed, again, parsed)
		}
		if !bytes.Equal(printed, again.JSON()) {
			t.Fatalf("printed %s, then %s", printed, again.JSON())
		}
		if !reflect.DeepEqual(parsed, parsed.Clone()) {
			t.Fatal("a clone is not the same")
		}
	})
}
