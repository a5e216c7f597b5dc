package policy

import (
	"slices"
	"strings"
	"testing"
)

// TestTwinKeys: tags whose names differ in letter case only are one condition key.
// Where they disagree nobody is let in by one of them, and nobody escapes a Deny
// by adding the other.
func TestTwinKeys(t *testing.T) {
	const statement = `{"Effect":"EFFECT","Action":"*","Resource":"*","Condition":{"OPERATOR":{"aws:RequestTag/env":"prod"}}}`
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"},`
	for _, c := range []struct {
		name, effect, operator string
		values                 []string
		allowed, open          bool
	}{
		{"both match an Allow", "Allow", "StringEquals", []string{"prod", "PROD"}, false, true},
		{"both are the same", "Allow", "StringEquals", []string{"prod", "prod"}, true, false},
		{"one matches an Allow", "Allow", "StringEquals", []string{"prod", "dev"}, false, true},
		{"in the other order", "Allow", "StringEquals", []string{"dev", "prod"}, false, true},
		{"letter case does not matter to the operator", "Allow", "StringEqualsIgnoreCase", []string{"prod", "PROD"}, true, false},
		{"none matches an Allow", "Allow", "StringEquals", []string{"dev", "test"}, false, false},
		{"one matches a Deny", "Deny", "StringEquals", []string{"dev", "prod"}, false, true},
		{"none matches a Deny", "Deny", "StringEquals", []string{"dev", "test"}, true, false},
		{"a negated Deny, one is right", "Deny", "StringNotEquals", []string{"prod", "dev"}, false, true},
		{"a negated Allow, one is wrong", "Allow", "StringNotEquals", []string{"dev", "prod"}, false, true},
		{"any value of a key that has one", "Allow", "ForAnyValue:StringEquals", []string{"dev", "prod"}, false, true},
		{"all values of a key that has one", "Deny", "ForAllValues:StringEquals", []string{"dev", "prod"}, false, true},
		{"the key is there", "Allow", "Null", []string{"dev", "prod"}, false, false},
	} {
		text := fill(statement, "EFFECT", c.effect, "OPERATOR", c.operator)
		if c.effect == "Deny" {
			text = all + text
		}
		if c.operator == "Null" {
			text = fill(text, `"prod"`, `"true"`)
		}
		p, err := Load([]byte(`{"Version":"2012-10-17","Statement":[` + text + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		keys := &Context{}
		for i, v := range c.values {
			keys.Add([]string{"aws:RequestTag/Env", "aws:RequestTag/env"}[i], v)
		}
		r := &Request{
			Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/u"}, Action: "lambda:CreateFunction",
			Resource: "arn:aws:lambda:us-east-1:111111111111:function:f", ResourceAccount: "111111111111", Context: keys,
		}
		layers := &Layers{Identity: []Attached{{Policy: p, Name: "p"}}}
		d := Evaluate(r, layers)
		if d.Allowed() != c.allowed || (d.Caveats&CaveatTwinKeys != 0) != c.open {
			t.Errorf("%s: allowed %v, caveats %v", c.name, d.Allowed(), d.Caveats.List())
		}
		if e := Explain(r, layers); e.Decision != d {
			t.Errorf("%s: explained as %+v, decided %+v", c.name, e.Decision, d)
		}
	}
}

func fill(s string, pairs ...string) string {
	for pair := range slices.Chunk(pairs, 2) {
		s = strings.ReplaceAll(s, pair[0], pair[1])
	}
	return s
}
