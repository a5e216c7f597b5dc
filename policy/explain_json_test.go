package policy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// TestExplanationJSON compares the trees that programs read, the order of
// their members included, with testdata/explain/*.json. SALLYPORT_UPDATE=1
// writes them anew, to be read before they are committed.
func TestExplanationJSON(t *testing.T) {
	all := map[string]func() (*policy.Request, *policy.Layers, error){}
	for _, s := range corpus(t) {
		all[s.Name] = s.Question
	}
	for i := range small {
		all["small-"+small[i].name] = func() (*policy.Request, *policy.Layers, error) { return small[i].request(), smallLayers(t), nil }
	}
	for _, name := range []string{
		"small-allow", "small-deny", "small-implicit", "cross-identity-only", "trust-account-only", "multivalued-deny-protects-nothing",
		"notprincipal-user-boundary", "variable-negated-absent-deny", "scp-ou-silent", "endpoint-silent", "rcp-deny", "session-lacks",
	} {
		r, l, err := all[name]()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(policy.Explain(r, l))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := json.Indent(&got, append(raw, '\n'), "", "  "); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "explain", name+".json")
		if os.Getenv("SALLYPORT_UPDATE") != "" {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, &got, want)
		}
	}
}

// TestExplanationIsDrawnInFewPieces keeps a tree from costing one allocation
// for every part: what the policy says is shared with the compiled policy.
func TestExplanationIsDrawnInFewPieces(t *testing.T) {
	l := smallLayers(t)
	for _, q := range small {
		r := q.request()
		if n := testing.AllocsPerRun(100, func() { policy.Outline(r, l) }); n > 6 {
			t.Errorf("%s: %v allocations", q.name, n)
		}
	}
}
