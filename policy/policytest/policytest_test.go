package policytest

import (
	"strings"
	"testing"
	"testing/fstest"
)

const sound = `A user with a policy may read.
fact: some rule
source: a/project (MIT) tests
twin: other

-- request --
principal: role session
arn: arn:aws:sts::111111111111:assumed-role/app/s
role: arn:aws:iam::111111111111:role/app
id: AROAAPPEXAMPLEROLE001:s
action: s3:GetObject
resource: arn:aws:s3:::bucket/file
owner: 111111111111
must-allow: yes
-- context.json --
{"b": ["1", "2"], "a": "x", "c": []}
-- identity/one.json --
{"Statement": []}
-- identity/two.json --
{"Statement": []}
-- service-control/1-root/a.json --
{"Statement": []}
-- service-control/1-root/b.json --
{"Statement": []}
-- service-control/2-ou/c.json --
{"Statement": []}
-- resource.json --
{"Statement": []}
-- expect --
decision: implicit deny
layer: resource
caveats: one, two
message: User: x is not authorized
`

func TestParse(t *testing.T) {
	s, err := Parse("name", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case s.Title != "A user with a policy may read." || s.Fact != "some rule" || s.Twin != "other" || s.Source != "a/project (MIT) tests":
		t.Errorf("comment: %+v", s)
	case s.Principal.Kind != "role session" || s.Principal.Role == "" || !s.MustAllow || s.SessionLimited || s.Owner == "":
		t.Errorf("request: %+v", s)
	case len(s.Context) != 3 || s.Context[0].Name != "a" || s.Context[0].Multi || !s.Context[1].Multi || len(s.Context[1].Values) != 2 || !s.Context[2].Multi:
		t.Errorf("context: %+v", s.Context)
	case len(s.Identity) != 2 || s.Identity[1].Name != "two" || s.ResourcePolicy == nil || s.Boundary != nil:
		t.Errorf("policies: %+v", s)
	case len(s.ServiceControlLevels) != 2 || len(s.ServiceControlLevels[0]) != 2 || s.ServiceControlLevels[1][0].Name != "2-ou/c":
		t.Errorf("levels: %+v", s.ServiceControlLevels)
	case s.Expect.Decision != "implicit deny" || len(s.Expect.Caveats) != 2 || s.Expect.Message != "User: x is not authorized":
		t.Errorf("expected: %+v", s.Expect)
	}
	r, l, err := s.Question()
	if err != nil || r.Principal.Account != "111111111111" || !r.Context.Multivalued("b") || r.Context.Multivalued("a") || len(l.Identity) != 2 || len(l.ServiceControl) != 2 || !l.ResourceMustAllow {
		t.Errorf("%v: %+v, %+v", err, r, l)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"no sections", sound, "only words", "no sections"},
		{"no fact", "fact: some rule", "", "on what fact it rests"},
		{"no title", "A user with a policy may read.", "", "what is shown"},
		{"no action", "action: s3:GetObject", "", "needs principal, action and resource"},
		{"an unknown line", "owner:", "ower:", "can not read the line"},
		{"a flag that is not yes", "must-allow: yes", "must-allow: maybe", "can not read the line"},
		{"a line without a colon", "must-allow: yes", "must-allow", "can not read the line"},
		{"an unknown decision", "implicit deny", "denied", "can not read the line"},
		{"no decision", "decision: implicit deny", "", "no decision is expected"},
		{"an unknown section", "-- resource.json --", "-- resources.json --", "not a section"},
		{"a section twice", "-- identity/two.json --", "-- identity/one.json --", "stands twice"},
		{"a policy that is not JSON", "-- resource.json --\n{", "-- resource.json --\n", "not JSON"},
		{"a context value that is a number", `"x"`, `7`, "neither a string nor a list"},
		{"a context list of numbers", `["1", "2"]`, `[1]`, "values are strings"},
		{"a control policy without a level", "service-control/2-ou/c.json", "service-control/c.json", "LEVEL"},
	}
	for _, test := range tests {
		_, err := Parse("name", []byte(strings.Replace(sound, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := Load(fstest.MapFS{"bad.txtar": {Data: []byte("x")}}); err == nil || !strings.Contains(err.Error(), "bad.txtar") {
		t.Errorf("Load says %v", err)
	}
	for _, spoil := range [][2]string{{"role session", "robot"}, {"{\"Statement\": []}\n-- expect", "{\"Statement\": 7}\n-- expect"}} {
		s, err := Parse("name", []byte(strings.Replace(sound, spoil[0], spoil[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (Sallyport{}).Decide(s); err == nil {
			t.Errorf("%s: decided", spoil[1])
		}
	}
}

// TestAnswersAreCompared keeps Run from passing whatever an engine says.
func TestAnswersAreCompared(t *testing.T) {
	e := &Expectation{Decision: "implicit deny", Layer: "identity", Caveats: []string{"one"}, Message: "m"}
	for _, right := range []Answer{
		{Decision: "implicit deny"},
		{Decision: "implicit deny", Layer: "identity", Caveats: []string{"one"}, Message: "m"},
	} {
		if fault := right.differs(e); fault != "" {
			t.Errorf("%+v: %s", right, fault)
		}
	}
	for _, wrong := range []Answer{
		{},
		{Decision: "allow"},
		{Decision: "explicit deny", Layer: "identity"},
		{Decision: "implicit deny", Layer: "boundary"},
		{Decision: "implicit deny", Message: "n"},
		{Decision: "implicit deny", Caveats: []string{}},
		{Decision: "implicit deny", Caveats: []string{"one", "two"}},
	} {
		if wrong.differs(e) == "" {
			t.Errorf("%+v passes", wrong)
		}
	}
}
