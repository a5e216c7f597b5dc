package trail

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

func TestDamageIsSaidNotHidden(t *testing.T) {
	for name, value := range map[string][]byte{
		"nothing":              {},
		"another version":      {9, 1, 2},
		"not deflated":         {packedLines, 0xff, 0xff},
		"cut off":              packed(t, `{"seq":1}`)[:6],
		"not a record":         packed(t, `{"seq":"one"}`),
		"half a record":        packed(t, `{"seq":1`),
		"a record and garbage": packed(t, `{"seq":1}]`),
	} {
		w := newWorld(t, t.TempDir(), small)
		if err := w.store.Update(background, func(tx *store.Tx) error {
			return errors.Join(w.disk.records.Append(tx, store.Entry{Key: seqKey(1), Value: value}), w.disk.index.Append(tx, store.Entry{Key: seqKey(1), Value: []byte(`{"requests":["a"]}`)}))
		}); err != nil {
			t.Fatal(err)
		}
		if all, err := w.Newest(background, 0, Filter{}, 1); err == nil {
			t.Errorf("%s: listed as %v", name, all)
		}
		if all, err := w.Request(background, "a"); err == nil {
			t.Errorf("%s: found as %v", name, all)
		}
		w.reopen() // a damaged row does not keep the server from starting
		if w.Last() != 1 {
			t.Errorf("%s: numbering continues from %d", name, w.Last())
		}
	}
}

func packed(t testing.TB, lines string) []byte {
	t.Helper()
	raw, err := (&disk{}).pack([]byte(lines))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// FuzzUnpack: no row, however damaged, brings the server down, and what it
// yields can be asked again.
func FuzzUnpack(f *testing.F) {
	r, layers := asked(f, "q")
	r.layers = layers
	whole, err := json.Marshal(r.spelled())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"seq":1,"principal":{"Kind":200},"context":{"a":[],"B":["1","2"]},"lists":["b"],"policies":[{"layer":"identity","digest":""}]}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"seq":1,"serviceLevels":-1,"resourceLevels":1000000000,"principal":{"Kind":1,"Account":"1","ARN":"a"}}`))
	f.Add([]byte(`{"seq":1,"serviceLevels":2,"policies":[{"layer":"service-control","level":2,"digest":""},{"layer":"resource-control","level":-1,"digest":""}]}`))
	t := &Trail{}
	f.Fuzz(func(tt *testing.T, lines []byte) {
		for _, value := range [][]byte{lines, packed(tt, string(lines))} {
			found, err := unpack(store.Entry{Key: seqKey(1), Value: value})
			if err != nil {
				continue
			}
			for _, r := range found {
				r.Policies = slices.DeleteFunc(r.Policies, func(p PolicyRef) bool { return p.Digest != "" })
				q, l, err := t.Question(background, r)
				if err != nil {
					continue
				}
				if d := policy.Evaluate(q, l); d.Allowed() && q.Principal.Kind != policy.Root && q.Principal.Kind != policy.FederatedUser {
					tt.Errorf("no policy, and allowed: %+v", r)
				}
				_ = policy.Explain(q, l)
			}
		}
	})
}
