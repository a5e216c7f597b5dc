package policy

import (
	"slices"
	"testing"
)

func TestContextKeys(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"AWS's own example: variables of resources before conditions",
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}`,
			[]string{"aws:username", "aws:CurrentTime"}},
		{"a key once, as first written",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"AWS:securetransport":"false"},"Null":{"aws:PrincipalTag/Team":"true"}}}]}`,
			[]string{"aws:SecureTransport", "aws:PrincipalTag/Team"}},
		{"variables of NotResource and of values, with a default, twice in one text",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","NotResource":["arn:aws:s3:::${aws:PrincipalTag/Team, 'none'}/${aws:userid}/*"],"Condition":{"StringNotLike":{"s3:prefix":["${aws:FederatedProvider}*","${*}"]}}}]}`,
			[]string{"aws:PrincipalTag/Team", "aws:userid", "s3:prefix", "aws:FederatedProvider"}},
		{"the old language has no variables",
			`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}]}`, nil},
		{"a variable that cannot be read is no key",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username"}]}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := d.ContextKeys(); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOutlineIsTheExplanationWithoutFixes(t *testing.T) {
	p, err := Load([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	l := &Layers{Identity: []Attached{{Policy: p, Name: "p"}}}
	for resource, says := range map[string]Effect{"arn:aws:s3:::b/k": Allow, "arn:aws:s3:::b/secret": ExplicitDeny, "*": Allow} {
		r := &Request{Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/u"}, Action: "s3:GetObject", Resource: resource, ResourceAccount: "111111111111"}
		want := Explain(r, l)
		want.Fixes = nil
		got := Outline(r, l)
		if got.Text() != want.Text() {
			t.Errorf("got\n%s\nwant\n%s", got.Text(), want.Text())
		}
		if got.Says(LayerIdentity) != says || got.Says(LayerBoundary) != ImplicitDeny {
			t.Errorf("%s: identity says %s, boundary %s", resource, got.Says(LayerIdentity), got.Says(LayerBoundary))
		}
	}
}
