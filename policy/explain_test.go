package policy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// TestExplanationTexts compares what people read with testdata/explain/*.txt.
// SALLYPORT_UPDATE=1 writes them anew, to be read before they are committed.
func TestExplanationTexts(t *testing.T) {
	names := []string{
		"statement-none", "boundary-lacks", "cross-identity-only", "trust-account-only", "multivalued-deny-protects-nothing", "notprincipal-user-boundary",
		"variable-negated-absent-deny", "scp-ou-silent", "endpoint-silent", "rcp-deny", "service-source-arn-other", "grade-star-session-denied", "session-lacks", "trust-external-id-wrong",
	}
	all := map[string]func() (*policy.Request, *policy.Layers, error){}
	for _, s := range corpus(t) {
		all[s.Name] = s.Question
	}
	for _, name := range names {
		r, l, err := all[name]()
		if err != nil {
			t.Fatal(err)
		}
		got := policy.Explain(r, l).Text()
		path := filepath.Join("testdata", "explain", name+".txt")
		if os.Getenv("SALLYPORT_UPDATE") != "" {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestExplanationIsData prints a tree as JSON and reads it back.
func TestExplanationIsData(t *testing.T) {
	for _, s := range corpus(t) {
		r, l, err := s.Question()
		if err != nil {
			t.Fatal(err)
		}
		x := policy.Explain(r, l)
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		var back struct {
			Decision struct{ Effect, Layer string }
			Layers   []struct{ Layer, Says string }
			Fixes    []struct{ Changes []struct{ Kind string } }
		}
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if back.Decision.Effect != x.Decision.Effect.String() || back.Decision.Layer != s.Expect.Layer || len(back.Layers) != len(x.Layers) {
			t.Errorf("%s: %s", s.Name, text)
		}
		if strings.Contains(string(text), ":null") {
			t.Errorf("%s: a null in %s", s.Name, text)
		}
	}
}

// TestEveryDenialOfTheCorpusHasAFix says where none can be proposed, and why.
func TestEveryDenialOfTheCorpusHasAFix(t *testing.T) {
	for _, s := range corpus(t) {
		r, l, err := s.Question()
		if err != nil {
			t.Fatal(err)
		}
		x := policy.Explain(r, l)
		if x.Decision.Allowed() != (len(x.Fixes) == 0) {
			t.Errorf("%s: decided %v, %d fixes", s.Name, x.Decision.Effect, len(x.Fixes))
		}
	}
}
