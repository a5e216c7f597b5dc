package advice

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

func TestOverlaps(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"*", "x", true}, {"a*", "*b", true}, {"a*", "b*", false}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"a*c", "ab", false},
		{"", "", true}, {"", "*", true}, {"", "a", false}, {"*a*", "*b*", true}, {"ab", "ab", true}, {"ab*", "ab", true}, {"f:*", "*:g", true},
	} {
		if overlaps(c.a, c.b) != c.want || overlaps(c.b, c.a) != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, overlaps(c.a, c.b))
		}
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"a*", "a*", true}, {"a*", "ab", true}, {"a*c", "abcbc", true}, {"a*c", "abcb", false}, {"a?", "a", false}, {"", "", true}, {"a", "", false},
		{strings.Repeat("*a", 30) + "b", strings.Repeat("a", 5000), false},
	} {
		if globContains(c.pattern, c.text) != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.text, !c.want)
		}
	}
}

func TestWhat(t *testing.T) {
	const f = "arn:aws:lambda:us-east-1:111111111111:function:"
	known := []string{"iam:GetUser", "iam:ListUsers", "lambda:GetFunction", "lambda:InvokeFunction", "lambda:ListFunctions"}
	allow := func(action, resource, more string) string {
		return `{"Effect":"Allow","Action":` + action + `,"Resource":"` + resource + `"` + more + `}`
	}
	deny := func(action, resource string) string {
		return `{"Effect":"Deny","Action":` + action + `,"Resource":"` + resource + `"}`
	}
	attached := func(statements ...string) policy.Attached {
		p, err := policy.Load([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return policy.Attached{Policy: p}
	}
	bound := attached(allow(`"lambda:*"`, f+"a*", ""))
	for _, c := range []struct {
		name   string
		layers policy.Layers
		want   []string
	}{
		{"nothing", policy.Layers{}, nil},
		{"everything of a service", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:*"`, "*", ""))}}, []string{"lambda:* on *"}},
		{"everything", policy.Layers{Identity: []policy.Attached{attached(allow(`"*"`, "*", ""))}}, []string{"iam:*, lambda:* on *"}},
		{"one action on one resource, and one nobody knows", policy.Layers{Identity: []policy.Attached{attached(allow(`["lambda:InvokeFunction","s3:GetObject"]`, "*", ""))}},
			[]string{"lambda:InvokeFunction, s3:GetObject on *"}},
		{"within a boundary", policy.Layers{Identity: []policy.Attached{attached(allow(`"*"`, "*", ""))}, Boundary: &bound}, []string{"lambda:* on " + f + "a*"}},
		{"a boundary that only overlaps", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:*"`, f+"*-prod", ""))}, Boundary: &bound}, []string{"lambda:* on " + f + "a*-prod"}},
		{"two levels of an organization that only overlap", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:*"`, "*", ""))},
			ServiceControl: [][]policy.Attached{{attached(allow(`"*"`, f+"a*", ""))}, {attached(allow(`"lambda:Get*"`, f+"*b", ""), allow(`"*"`, f+"ac", ""))}}},
			[]string{"lambda:GetFunction on " + f + "a*b", "lambda:* on " + f + "ac"}},
		{"all but what NotResource leaves out", policy.Layers{Identity: []policy.Attached{attached(`{"Effect":"Allow","Action":"lambda:InvokeFunction","NotResource":"` + f + `a*"}`)}},
			[]string{"lambda:InvokeFunction on * but " + f + "a*"}},
		{"a denial of all but some", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:InvokeFunction"`, f+"a*", ""), `{"Effect":"Deny","Action":"*","NotResource":"`+f+`*b"}`)}},
			[]string{"lambda:InvokeFunction on " + f + "a*b"}},
		{"one character is not any text", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:InvokeFunction"`, f+"a?", ""))}, Boundary: &bound},
			[]string{"lambda:InvokeFunction on " + f + "a?"}},
		{"but for a denial", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:*"`, f+"*", ""), deny(`"lambda:InvokeFunction"`, f+"prod-*"))}},
			[]string{"lambda:GetFunction, lambda:ListFunctions on " + f + "*", "lambda:InvokeFunction on " + f + "* but " + f + "prod-*"}},
		{"a denial that only overlaps", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:InvokeFunction"`, f+"a*", ""), deny(`"lambda:*"`, "arn:aws:lambda:*:*:function:*b"))}},
			[]string{"lambda:InvokeFunction on " + f + "a* but arn:aws:lambda:*:*:function:*b"}},
		{"a denial of all", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:*"`, f+"*", ""), deny(`"lambda:*"`, "*"))}}, nil},
		{"what is allowed on all is not told again", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:InvokeFunction"`, "*", ""), allow(`"lambda:InvokeFunction"`, f+"a", ""))}},
			[]string{"lambda:InvokeFunction on *"}},
		{"variables have their values", policy.Layers{Identity: []policy.Attached{attached(allow(`"iam:GetUser"`, "arn:aws:iam::111111111111:user/${aws:username}", ""))}},
			[]string{"iam:GetUser on arn:aws:iam::111111111111:user/ann"}},
		{"another service's resources do not count", policy.Layers{Identity: []policy.Attached{attached(allow(`["iam:GetUser","lambda:GetFunction"]`, f+"x", ""))}},
			[]string{"lambda:GetFunction on " + f + "x"}},
		{"under a condition", policy.Layers{Identity: []policy.Attached{attached(allow(`"lambda:InvokeFunction"`, f+"x", `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`))}},
			[]string{"lambda:InvokeFunction on " + f + "x if Bool aws:SecureTransport true"}},
	} {
		keys := &policy.Context{}
		keys.Set("aws:username", "ann")
		found := What(Inquiry{Known: known, Own: &c.layers, Context: keys, Ask: func(action, resource string) (*policy.Request, *policy.Layers) {
			return &policy.Request{
				Principal: policy.Principal{Kind: policy.User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/ann"}, Action: action, Resource: resource, ResourceAccount: "111111111111", Context: keys,
			}, &c.layers
		}})
		var got []string
		for _, a := range append(found.Allowed, found.Conditional...) {
			text := strings.Join(a.Actions, ", ") + " on " + a.Resource
			if len(a.Except) > 0 {
				text += " but " + strings.Join(a.Except, ", ")
			}
			if a.Condition != "" {
				text += " if " + a.Condition
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}
