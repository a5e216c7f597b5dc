package policy

import (
	"encoding/json"
	"testing"
)

func TestZeroDecisionDenies(t *testing.T) {
	var d Decision
	if d.Allowed() || d.Effect != ImplicitDeny || d.Layer != LayerNone {
		t.Errorf("%+v", d)
	}
	var r Request
	if d := Evaluate(&r, &Layers{Identity: []Attached{{Policy: open(t)}}}); d.Allowed() || d.Layer != LayerNone {
		t.Errorf("a request without anything in it: %+v", d)
	}
}

func open(t testing.TB) *Policy {
	t.Helper()
	p, err := Load([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestIncompleteRequestsAreDenied gives each a policy that allows everything.
func TestIncompleteRequestsAreDenied(t *testing.T) {
	const account, arn = "111111111111", "arn:aws:iam::111111111111:user/ada"
	sound := Request{Principal: Principal{Kind: User, Account: account, ARN: arn}, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: account}
	layers := &Layers{Identity: []Attached{{Policy: open(t)}}}
	if d := Evaluate(&sound, layers); !d.Allowed() {
		t.Fatalf("the sound request: %+v", d)
	}
	tests := map[string]func(*Request){
		"no action":                          func(r *Request) { r.Action = "" },
		"an action without a service":        func(r *Request) { r.Action = "GetObject" },
		"an action without a name":           func(r *Request) { r.Action = "s3:" },
		"an action of no service":            func(r *Request) { r.Action = ":GetObject" },
		"an action with a wildcard":          func(r *Request) { r.Action = "s3:Get*" },
		"an action with two colons":          func(r *Request) { r.Action = "s3:Get:Object" },
		"no resource":                        func(r *Request) { r.Resource = "" },
		"a resource that is no ARN":          func(r *Request) { r.Resource = "b/k" },
		"a resource that is a short ARN":     func(r *Request) { r.Resource = "arn:aws:s3::b" },
		"a user without an account":          func(r *Request) { r.Principal.Account = "" },
		"a user without an ARN":              func(r *Request) { r.Principal.ARN = "" },
		"a session without its role":         func(r *Request) { r.Principal.Kind = RoleSession },
		"a federated user without a user":    func(r *Request) { r.Principal.Kind = FederatedUser },
		"a service without a name":           func(r *Request) { r.Principal.Kind = Service },
		"a provider user without a provider": func(r *Request) { r.Principal.Kind = ProviderUser },
		"a principal of no kind":             func(r *Request) { r.Principal.Kind = ProviderUser + 1 },
	}
	for name, spoil := range tests {
		r := sound
		spoil(&r)
		if d := Evaluate(&r, layers); d.Effect != ImplicitDeny || d.Layer != LayerNone || d.Caveats != CaveatNotUnderstood {
			t.Errorf("%s: %+v", name, d)
		}
		if x := Explain(&r, layers); x.Decision.Allowed() || x.Summary == "" || len(x.Fixes) != 0 {
			t.Errorf("%s: explained as %+v", name, x)
		}
		if Message(&r, layers, Evaluate(&r, layers)) == "" {
			t.Errorf("%s: no message", name)
		}
	}
}

// TestPolicyThatIsGone attaches documents that are no more.
func TestPolicyThatIsGone(t *testing.T) {
	const account = "111111111111"
	r := &Request{Principal: Principal{Kind: User, Account: account, ARN: "arn:aws:iam::111111111111:user/ada"}, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: account}
	allow, gone := []Attached{{Policy: open(t)}}, &Attached{}
	tests := map[string]struct {
		layers Layers
		layer  Layer
	}{
		"identity":         {Layers{Identity: []Attached{*gone}}, LayerIdentity},
		"boundary":         {Layers{Identity: allow, Boundary: gone}, LayerBoundary},
		"session":          {Layers{Identity: allow, Session: []Attached{*gone}}, LayerSession},
		"endpoint":         {Layers{Identity: allow, Endpoint: gone}, LayerEndpoint},
		"resource":         {Layers{Identity: allow, Resource: gone, ResourceMustAllow: true}, LayerResource},
		"service control":  {Layers{Identity: allow, ServiceControl: [][]Attached{{*gone}}}, LayerServiceControl},
		"an empty level":   {Layers{Identity: allow, ServiceControl: [][]Attached{{}}}, LayerServiceControl},
		"resource control": {Layers{Identity: allow, ResourceControl: [][]Attached{{*gone}}}, LayerResourceControl},
	}
	for name, test := range tests {
		if d := Evaluate(r, &test.layers); d.Effect != ImplicitDeny || d.Layer != test.layer {
			t.Errorf("%s: %+v", name, d)
		}
		if x := Explain(r, &test.layers); x.Decision.Layer != test.layer || x.Text() == "" {
			t.Errorf("%s: explained as %+v", name, x)
		}
	}
}

func TestCaveats(t *testing.T) {
	ids := map[string]bool{}
	var all CaveatSet
	for _, c := range Caveats() {
		if ids[c.ID] || all&c.Bit != 0 || c.Bit == 0 || c.Sentence == "" {
			t.Errorf("caveat %+v", c)
		}
		if c.Certainty != Seen && c.Certainty != Inferred && c.Certainty != Contested {
			t.Errorf("caveat %s is %q: what is sure has no caveat", c.ID, c.Certainty)
		}
		ids[c.ID] = true
		all |= c.Bit
	}
	if all != CaveatTwinKeys<<1-1 {
		t.Errorf("the registry has not all bits: %b", all)
	}
	text, err := json.Marshal(all)
	var back CaveatSet
	if err != nil || json.Unmarshal(text, &back) != nil || back != all {
		t.Errorf("%s is read as %b", text, back)
	}
	if text, _ := json.Marshal(CaveatSet(0)); string(text) != "[]" {
		t.Errorf("none are printed as %s", text)
	}
	if json.Unmarshal([]byte(`["no-such"]`), &back) == nil || json.Unmarshal([]byte(`7`), &back) == nil {
		t.Error("an unknown caveat is read")
	}
}

func TestNames(t *testing.T) {
	for l := LayerNone; l <= LayerEndpoint; l++ {
		if text, err := l.MarshalText(); err != nil || string(text) != l.String() || l != LayerNone && l.String() == "none" {
			t.Errorf("layer %d is %q", l, l.String())
		}
	}
	for e := ImplicitDeny; e <= Allow; e++ {
		if text, err := e.MarshalText(); err != nil || string(text) != e.String() {
			t.Errorf("effect %d is %q", e, text)
		}
	}
	for g := GradeNone; g <= GradeExact; g++ {
		if text, err := g.MarshalText(); err != nil || string(text) != g.String() {
			t.Errorf("grade %d is %q", g, text)
		}
	}
	for k, want := range map[PrincipalKind]string{Anonymous: "Anonymous", Root: "Account", User: "User", RoleSession: "AssumedRole", FederatedUser: "FederatedUser"} {
		if k.String() != want {
			t.Errorf("kind %d is %q, aws:PrincipalType says %q", k, k.String(), want)
		}
	}
}
