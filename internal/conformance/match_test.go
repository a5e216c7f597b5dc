package conformance

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestUnlike(t *testing.T) {
	for _, c := range []struct {
		what      string
		got, want any
		differs   string
	}{
		{"a text", "a", "a", ""},
		{"another text", "a", "b", `"a", want "b"`},
		{"any text inside", "User: x is not", "User: ${*} is not", ""},
		{"any text, but another end", "User: x is", "User: ${*} is not", "want"},
		{"two wildcards in order", "a-b-c", "a${*}b${*}c", ""},
		{"two wildcards out of order", "a-c-b", "a${*}b${*}c", "want"},
		{"the ends do not overlap", "ab", "ab${*}b", "want"},
		{"a wildcard for nothing", "ab", "ab${*}", ""},
		{"a number", 1.0, 1.0, ""},
		{"another number", 1.0, 2.0, "1, want 2"},
		{"no member", map[string]any{}, map[string]any{"a": nil}, ""},
		{"a member that must not be", map[string]any{"a": 1.0}, map[string]any{"a": nil}, "a: 1, want none"},
		{"more members than wanted", map[string]any{"a": 1.0, "b": 2.0}, map[string]any{"a": 1.0}, ""},
		{"a member less", map[string]any{}, map[string]any{"a": 1.0}, "a: null, want 1"},
		{"an object in a text", `{"a":1}`, map[string]any{"a": 1.0}, ""},
		{"an object as a text is compared as it stands", `{"a": 1}`, `{"a":1}`, "want"},
		{"a longer list", []any{1.0, 2.0}, []any{1.0}, "want 1 elements"},
		{"a list in another order", []any{1.0, 2.0}, []any{2.0, 1.0}, "[0]"},
		{"a list that has it", []any{1.0, map[string]any{"a": "b"}}, map[string]any{"$has": []any{map[string]any{"a": "b"}}}, ""},
		{"a list that lacks it", []any{1.0}, map[string]any{"$has": []any{2.0}}, "lacks 2"},
		{"no list at all", nil, map[string]any{"$has": []any{2.0}}, "want a list"},
		{"nothing where an object is wanted", nil, map[string]any{"a": "b"}, "want an object"},
	} {
		d := unlike("", c.got, c.want)
		if (d == "") != (c.differs == "") || !strings.Contains(d, c.differs) {
			t.Errorf("%s: %q, want %q", c.what, d, c.differs)
		}
	}
}

func TestLoadRefusesWhatSaysTooLittle(t *testing.T) {
	const good = `{"name":"a","about":"b","source":"c","certainty":"recorded","call":"lambda.Invoke","status":200}`
	for what, c := range map[string]struct{ cases, refused string }{
		"a good case":             {good, ""},
		"no source":               {strings.Replace(good, `"source":"c",`, "", 1), "how it is known"},
		"an unknown certainty":    {strings.Replace(good, "recorded", "sure", 1), "how it is known"},
		"no expectation":          {strings.Replace(good, `,"status":200`, "", 1), "expects nothing"},
		"no sentence":             {strings.Replace(good, `"about":"b",`, "", 1), "what it is about"},
		"a member nobody knows":   {strings.Replace(good, `"status"`, `"statsu"`, 1), "unknown field"},
		"the same name twice":     {good + "," + good, "each name is there once"},
		"a failure without codes": {strings.Replace(good, `"status":200`, `"fails":[403]`, 1), "[status, code]"},
		"a fixture nobody has":    {strings.Replace(good, `"call"`, `"use":["x"],"call"`, 1), "no fixture"},
	} {
		_, err := Load(fstest.MapFS{
			"fixtures.json": {Data: []byte(`{}`)},
			"cases/g.json":  {Data: []byte(`{"title":"t","cases":[` + c.cases + `]}`)},
		})
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", what, err, c.refused)
		}
	}
}
