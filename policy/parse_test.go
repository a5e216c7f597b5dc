package policy

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	d, err := Parse([]byte(`{"Version":"2012-10-17","Id":"i","Statement":[
		{"Sid":"","Effect":"Allow","Principal":{"AWS":["1","2"],"Service":"s"},"Action":["a:B"],"Resource":"*",
		 "Condition":{"Bool":{"k":true},"NumericEquals":{"n":[1,2.50,"3"]}}},
		{"Effect":"Deny","NotPrincipal":"*","NotAction":"a:*","NotResource":[],"Condition":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	one, two := &d.Statements[0], &d.Statements[1]
	switch {
	case d.Version != Version2012 || d.ID != "i" || d.Lone || len(d.Statements) != 2:
		t.Errorf("%+v", d)
	case one.SID == nil || one.Sid() != "" || two.SID != nil:
		t.Error("an empty Sid is told from none")
	case one.Action.Lone || !one.Resource.Lone || !two.NotAction.Lone:
		t.Error("a string is told from a list of one")
	case len(one.Principal.Entries) != 2 || one.Principal.Entries[0].Type != "AWS" || !two.NotPrincipal.Star:
		t.Errorf("principals: %+v, %+v", one.Principal, two.NotPrincipal)
	case !one.Condition[0].Keys[0].Values[0].Bare || one.Condition[1].Keys[0].Values[1].Text != "2.50" || one.Condition[1].Keys[0].Values[2].Bare:
		t.Errorf("values: %+v", one.Condition)
	case !two.EmptyCondition || one.EmptyCondition:
		t.Error("an empty condition is told from none")
	case two.NotResource == nil || len(two.NotResource.Items) != 0:
		t.Error("an empty list is told from none")
	}
}

func TestParseRefuses(t *testing.T) {
	in := func(statement string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*",` + statement + `}]}`
	}
	tests := []struct{ text, path, problem string }{
		{``, "", "not JSON"},
		{`{`, "", "not JSON"},
		{`null`, "", "null"},
		{`"x"`, "", "must be an object"},
		{`[]`, "", "must be an object"},
		{`{"Version":"2012-10-17"}`, "Statement", "missing"},
		{`{"Statement":[]}{}`, "", "text after"},
		{`{"Statement":[]}x`, "", "text after"},
		{`{"Statement":{}},`, "", "text after"},
		{`{"Statement":[],"Statement":[]}`, "Statement", "given twice"},
		{`{"Statement":[],"statement":[]}`, "statement", "not an element"},
		{`{"Statement":[],"Version":"2012"}`, "Version", "not a version"},
		{`{"Statement":[],"Version":2012}`, "Version", "must be a string"},
		{`{"Statement":[],"Id":null}`, "Id", "null"},
		{`{"Statement":"x"}`, "Statement", "must be an object"},
		{`{"Statement":[7]}`, "Statement[0]", "must be an object"},
		{`{"Statement":[{"Effect":"allow"}]}`, "Statement[0].Effect", "neither Allow nor Deny"},
		{`{"Statement":[{},{"Effect":""}]}`, "Statement[1].Effect", "empty"},
		{in(`"Effect":"Deny"`), "Statement[0].Effect", "given twice"},
		{in(`"Sid":7`), "Statement[0].Sid", "must be a string"},
		{in(`"NotAction":{}`), "Statement[0].NotAction", "must be a string"},
		{in(`"NotAction":[["a:B"]]`), "Statement[0].NotAction", "must be a string"},
		{in(`"NotAction":["a:B",null]`), "Statement[0].NotAction", "null"},
		{in(`"Principal":"ada"`), "Statement[0].Principal", `can only be "*"`},
		{in(`"Principal":["*"]`), "Statement[0].Principal", "must be an object"},
		{in(`"Principal":{"aws":"*"}`), "Statement[0].Principal.aws", "not a kind of principal"},
		{in(`"Principal":{"AWS":7}`), "Statement[0].Principal.AWS", "must be a string"},
		{in(`"Condition":[]`), "Statement[0].Condition", "must be an object"},
		{in(`"Condition":{"Bool":"x"}`), "Statement[0].Condition.Bool", "must be an object"},
		{in(`"Condition":{"Bool":{"k":{}}}`), "Statement[0].Condition.Bool.k", "must be a string, a number or a boolean"},
		{in(`"Condition":{"Bool":{"k":[[]]}}`), "Statement[0].Condition.Bool.k", "must be a string, a number or a boolean"},
		{in(`"Condition":{"Bool":{"k":null}}`), "Statement[0].Condition.Bool.k", "null"},
		{in(`"Condition":{"Bool":{"k":"1","k":"2"}}`), "Statement[0].Condition.Bool.k", "given twice"},
		{in(`"Extra":1`), "Statement[0].Extra", "not an element of a statement"},
		{"{\"Statement\":[{\"Sid\":\"\xff\"}]}", "", "not UTF-8"},
		{`{"Statement":[` + strings.Repeat(" ", maxText) + `]}`, "", "longer than"},
		{strings.Repeat(`{"Statement":`, 50), "Statement.Statement", "not an element"},
		{`{"Statement":` + strings.Repeat(`[`, 100_000), "Statement[0]", "must be an object"},
	}
	for _, test := range tests {
		_, err := Parse([]byte(test.text))
		var e *ParseError
		if !errors.As(err, &e) || e.Path != test.path || !strings.Contains(e.Problem, test.problem) {
			t.Errorf("%.100s: %v, want %q at %q", test.text, err, test.problem, test.path)
		}
	}
}

func TestPrint(t *testing.T) {
	for _, text := range []string{
		`{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"S","Effect":"Allow","Principal":"*","Action":"a:B","Resource":["*"],"Condition":{"Bool":{"k":true},"NumericEquals":{"n":[1,2.50,"3"]}}}]}`,
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":[],"Service":"s"},"NotAction":["a:*","b:*"],"NotResource":[],"Condition":{}}}`,
		`{"Statement":[]}`,
		`{"Statement":[{"Sid":"<&>\u2028é\"\\","Effect":"Allow"}]}`,
	} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(d.JSON()); got != text {
			t.Errorf("printed %s\nwant    %s", got, text)
		}
		for i := range d.Statements {
			if got := string(d.Statements[i].JSON()); !strings.Contains(text, got) {
				t.Errorf("printed %s alone, want a part of %s", got, text)
			}
		}
	}
}

func TestLoadKeepsTheText(t *testing.T) {
	text := []byte(" {\"Statement\": [ ]}\n")
	p, err := Load(text)
	if err != nil {
		t.Fatal(err)
	}
	if string(p.Source()) != string(text) || len(p.Digest()) != 64 {
		t.Errorf("source %q, digest %s", p.Source(), p.Digest())
	}
	text[0] = 'x'
	if p.Source()[0] == 'x' {
		t.Error("the source is the caller's slice")
	}
	d, _ := Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	compiled := Compile(d)
	d.Statements[0].Effect = "Deny"
	if compiled.Document().Statements[0].Effect != "Allow" || compiled.statements[0].effect != Allow {
		t.Error("a compiled policy changes with the document it came from")
	}
}
