package advice

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// texts are all texts of a and b up to a length.
func texts(longest int) []string {
	all, from := []string{""}, 0
	for range longest {
		n := len(all)
		for _, s := range all[from:] {
			all = append(all, s+"a", s+"b")
		}
		from = n
	}
	return all
}

func glob(r *rand.Rand, longest int) string {
	var b strings.Builder
	for range 1 + r.IntN(longest) {
		b.WriteByte("aabb**?"[r.IntN(7)])
	}
	return b.String()
}

// TestMeetIsWhatBothMatch compares with matching each text by itself.
func TestMeetIsWhatBothMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := texts(7)
	for range 4_000 {
		a, b := glob(r, 5), glob(r, 5)
		found, ok := globMeet(a, b)
		if !ok {
			t.Fatalf("%q and %q meet too often", a, b)
		}
		inside := true
		for _, s := range all {
			both := globContains(a, s) && globContains(b, s)
			if either := slices.ContainsFunc(found, func(p string) bool { return globContains(p, s) }); both != either {
				t.Fatalf("%q and %q have %q in common: %v, but %q says %v", a, b, s, both, found, either)
			}
			inside = inside && (!globContains(b, s) || globContains(a, s))
		}
		if globContains(a, b) && !inside {
			t.Fatalf("%q contains %q, but not all texts", a, b)
		}
		if overlaps(a, b) != (len(found) > 0) {
			t.Fatalf("%q and %q overlap: %v, but have %q in common", a, b, overlaps(a, b), found)
		}
	}
}

// TestContainsIsComplete: of short patterns, what contains all texts of another
// pattern is seen to.
func TestContainsIsComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	all := texts(9)
	for range 4_000 {
		a, b := glob(r, 4), glob(r, 3)
		inside := true
		for _, s := range append(all, "c", "ccccccccccccc") {
			inside = inside && (!globContains(b, s) || globContains(a, s))
		}
		for _, in := range []string{"c", "ccccccccccccc"} {
			s := strings.NewReplacer("*", in, "?", "c").Replace(b)
			inside = inside && globContains(a, s)
		}
		if got := globContains(a, b); got != inside {
			t.Fatalf("%q contains %q: %v, all its texts: %v", a, b, got, inside)
		}
	}
}

func TestMeetOfARNs(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want []string
	}{
		{"*", "arn:aws:s3:::b", []string{"arn:aws:s3:::b"}},
		{"arn:aws:lambda:*:1:function:a*", "arn:aws:lambda:us-*:*:function:*b", []string{"arn:aws:lambda:us-*:1:function:a*b"}},
		{"arn:aws:s3:::a*", "arn:aws:s3:::b*", nil},
		{"arn:aws:lambda:*:function:f", "arn:aws:lambda:*:1:function:f", nil},
		{"arn:aws:s3:::a/*", "arn:aws:s3:::*/c:*", []string{"arn:aws:s3:::a/c:*", "arn:aws:s3:::a/*/c:*"}},
		{"not an arn*", "arn:aws:s3:::a*", nil},
	} {
		got, ok := meet(c.a, c.b)
		slices.Sort(got)
		slices.Sort(c.want)
		if !ok || !slices.Equal(got, c.want) {
			t.Errorf("%s and %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
	if _, ok := meet("*"+strings.Repeat("a*b*", 20), "*"+strings.Repeat("c*d*", 20)); ok {
		t.Error("patterns that meet in very many ways were told all the same")
	}
}

// randomLayers are policies about one action, of every layer.
type randomLayers struct {
	*rand.Rand
	testing.TB
}

func (r randomLayers) statement(effect, principal string) string {
	var list []string
	for range 1 + r.IntN(2) {
		list = append(list, `"arn:aws:s3:::`+glob(r.Rand, 4)+`"`)
	}
	if r.IntN(6) == 0 {
		list = []string{`"*"`}
	}
	element := "Resource"
	if r.IntN(15) == 0 {
		element = "NotResource"
	}
	return fmt.Sprintf(`{"Effect":%q,%s"Action":"s3:*",%q:[%s]}`, effect, principal, element, strings.Join(list, ","))
}

func (r randomLayers) policy(principal string) policy.Attached {
	var statements []string
	for range 1 + r.IntN(2) {
		statements = append(statements, r.statement("Allow", principal))
	}
	if r.IntN(4) == 0 {
		statements = append(statements, r.statement("Deny", principal))
	}
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	p, err := policy.Load([]byte(text))
	if err != nil {
		r.Fatal(text, err)
	}
	return policy.Attached{Policy: p, Name: text}
}

func (r randomLayers) maybe(principal string) *policy.Attached {
	if r.IntN(3) > 0 {
		return nil
	}
	return new(r.policy(principal))
}

func (r randomLayers) layers() *policy.Layers {
	l := &policy.Layers{
		Identity: []policy.Attached{r.policy(""), r.policy("")}, Boundary: r.maybe(""), Endpoint: r.maybe(`"Principal":"*",`),
		Resource: r.maybe([]string{
			`"Principal":"*",`, `"Principal":{"AWS":"arn:aws:iam::111111111111:role/r"},`,
			`"Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"},`, `"Principal":{"AWS":"111111111111"},`,
		}[r.IntN(4)]),
	}
	if r.IntN(4) == 0 {
		l.SessionLimited, l.Session = true, []policy.Attached{r.policy("")}
	}
	if r.IntN(4) == 0 {
		l.ServiceControl = [][]policy.Attached{{r.policy("")}, {r.policy(""), r.policy("")}}
	}
	return l
}

// TestWhatByBruteForce asks about every short resource, and compares with what
// the list says: neither too much nor too little.
func TestWhatByBruteForce(t *testing.T) {
	const action = "s3:GetObject"
	r := randomLayers{rand.New(rand.NewPCG(5, 6)), t}
	names := texts(6)[1:]
	rounds, allowed, cut := 500, 0, 0
	if testing.Short() {
		rounds = 100
	}
	for round := range rounds {
		l := r.layers()
		owner := []string{"111111111111", "111111111111", "222222222222"}[r.IntN(3)]
		ask := func(action, resource string) (*policy.Request, *policy.Layers) {
			return &policy.Request{
				Principal: policy.Principal{Kind: policy.RoleSession, Account: "111111111111", ARN: "arn:aws:sts::111111111111:assumed-role/r/s", RoleARN: "arn:aws:iam::111111111111:role/r"},
				Action:    action, Resource: resource, ResourceAccount: owner, Context: &policy.Context{},
			}, l
		}
		found := What(Inquiry{Known: []string{action}, Own: l, Context: &policy.Context{}, Ask: ask})
		if found.Cut {
			cut++
			continue
		}
		for _, name := range names {
			resource := "arn:aws:s3:::" + name
			q, _ := ask(action, resource)
			want := policy.Evaluate(q, l).Allowed()
			got := slices.ContainsFunc(found.Allowed, func(a Ability) bool {
				return contains(a.Resource, resource) && !slices.ContainsFunc(a.Except, func(e string) bool { return contains(e, resource) })
			})
			if want {
				allowed++
			}
			if got != want {
				t.Fatalf("round %d: %s is allowed: %v, the list says %v\n%+v\n%s", round, resource, want, got, found.Allowed, told(l))
			}
		}
	}
	if cut > rounds/50 {
		t.Errorf("%d of %d lists were given up", cut, rounds)
	}
	if share := allowed * 100 / (rounds * len(names)); share < 5 || share > 60 {
		t.Errorf("%d%% of the questions are allowed: that tests little", share)
	}
}

// told are the policies, for a person.
func told(l *policy.Layers) string {
	var b strings.Builder
	w := &what{Inquiry: Inquiry{Own: l}}
	for _, a := range w.policies() {
		b.WriteString(a.Name + "\n")
	}
	return b.String()
}
