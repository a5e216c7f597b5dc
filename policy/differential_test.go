package policy_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// questions is how many the engine and the naive evaluator are compared on.
// SALLYPORT_QUESTIONS asks for more.
func questions(t *testing.T, usual int) int {
	if v := os.Getenv("SALLYPORT_QUESTIONS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("SALLYPORT_QUESTIONS: %v", err)
		}
		return n
	}
	if testing.Short() {
		return usual / 10
	}
	return usual
}

func TestEngineAgreesWithNaiveEvaluator(t *testing.T) {
	seed := uint64(20261124)
	if v := os.Getenv("SALLYPORT_SEED"); v != "" {
		seed, _ = strconv.ParseUint(v, 10, 64)
	}
	count := map[policy.Effect]int{}
	n := questions(t, 12_000)
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		r, l := world(rng.IntN)
		count[compare(t, r, l)]++
		if t.Failed() {
			t.Fatalf("question %d of seed %d", i, seed)
		}
	}
	// A comparison on questions that are all denied would prove little.
	for _, e := range []policy.Effect{policy.Allow, policy.ImplicitDeny, policy.ExplicitDeny} {
		if count[e] < n/20 {
			t.Errorf("only %d of %d questions were answered with %v", count[e], n, e)
		}
	}
}

// compare puts one question to both.
func compare(t *testing.T, r *policy.Request, l *policy.Layers) policy.Effect {
	t.Helper()
	got, want := policy.Evaluate(r, l), askNaive(r, l)
	layer := got.Layer.String()
	switch {
	case got.Effect != want.effect,
		got.Effect == policy.ExplicitDeny && !slices.Contains(want.denies, layer),
		got.Effect != policy.ExplicitDeny && layer != want.layer:
		t.Errorf("engine: %v by %s (caveats %v), naive: %v by %s %v\n%s", got.Effect, layer, got.Caveats.List(), want.effect, want.layer, want.denies, describe(r, l))
	}
	return got.Effect
}

// describe prints a question so that it can be made a scenario.
func describe(r *policy.Request, l *policy.Layers) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %s (role %s, user %s, id %s)\n%s on %q of %q, must allow %v, session limited %v\n",
		r.Principal.Kind, r.Principal.ARN+r.Principal.Service+r.Principal.Provider, r.Principal.RoleARN, r.Principal.UserARN, r.Principal.UniqueID,
		r.Action, r.Resource, r.ResourceAccount, l.ResourceMustAllow, l.SessionLimited)
	for _, k := range r.Context.Keys() {
		v, _ := r.Context.Get(k)
		fmt.Fprintf(&b, "  %s = %q multi %v\n", k, v, r.Context.Multivalued(k))
	}
	show := func(name string, list ...policy.Attached) {
		for _, a := range list {
			if a.Policy != nil {
				fmt.Fprintf(&b, "%s: %s\n", name, a.Policy.Source())
			}
		}
	}
	show("identity", l.Identity...)
	show("session", l.Session...)
	for name, a := range map[string]*policy.Attached{"resource": l.Resource, "boundary": l.Boundary, "endpoint": l.Endpoint} {
		if a != nil {
			show(name, *a)
		}
	}
	for i := range l.ServiceControl {
		show(fmt.Sprint("service control, level ", i), l.ServiceControl[i]...)
	}
	for i := range l.ResourceControl {
		show(fmt.Sprint("resource control, level ", i), l.ResourceControl[i]...)
	}
	return b.String()
}

// FuzzDecision lets the fuzzer find a question on which the two disagree: its
// bytes are the rolls of the dice.
func FuzzDecision(f *testing.F) {
	for i := range 8 {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		seed := make([]byte, 300)
		for j := range seed {
			seed[j] = byte(rng.IntN(256))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rolls []byte) {
		r, l := world(func(n int) int {
			if len(rolls) == 0 {
				return 0
			}
			v := int(rolls[0]) % n
			rolls = rolls[1:]
			return v
		})
		compare(t, r, l)
	})
}
