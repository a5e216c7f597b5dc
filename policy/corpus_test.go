package policy_test

import (
	"os"
	"testing"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/policytest"
)

func corpus(t testing.TB) []*policytest.Scenario {
	t.Helper()
	all, err := policytest.Load(os.DirFS("testdata/corpus"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 400 {
		t.Fatalf("only %d scenarios: some were lost", len(all))
	}
	return all
}

func TestCorpus(t *testing.T) { policytest.Run(t, policytest.Sallyport{}, corpus(t)) }

// naiveEngine puts the corpus to the naive evaluator too, which must not be
// wrong together with the engine.
type naiveEngine struct{}

func (naiveEngine) Decide(s *policytest.Scenario) (policytest.Answer, error) {
	r, l, err := s.Question()
	if err != nil {
		return policytest.Answer{}, err
	}
	n := askNaive(r, l)
	a := policytest.Answer{Layer: n.layer, Decision: "implicit deny"}
	switch n.effect {
	case policy.Allow:
		a.Decision = "allow"
	case policy.ExplicitDeny:
		a.Decision, a.Layer = "explicit deny", ""
	}
	return a, nil
}

func TestCorpusNaively(t *testing.T) { policytest.Run(t, naiveEngine{}, corpus(t)) }

// TestEveryDenialHasItsTwin keeps the corpus from proving denials only: each
// names a scenario much like it that is allowed.
func TestEveryDenialHasItsTwin(t *testing.T) {
	byName := map[string]*policytest.Scenario{}
	for _, s := range corpus(t) {
		byName[s.Name] = s
	}
	for _, s := range byName {
		twin := byName[s.Twin]
		switch {
		case s.Twin != "" && twin == nil:
			t.Errorf("%s: no scenario %q", s.Name, s.Twin)
		case s.Expect.Decision != "allow" && (twin == nil || twin.Expect.Decision != "allow"):
			t.Errorf("%s is denied and has no allowed twin", s.Name)
		}
	}
}
