package eventpattern

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestMatch reads like the tables of AWS's guides: a pattern, an event, the answer.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, event string
		want           bool
	}{
		// Literals.
		{`{"a":["x"]}`, `{"a":"x"}`, true},
		{`{"a":["x"]}`, `{"a":"X"}`, false},
		{`{"a":["x","y"]}`, `{"a":"y"}`, true},
		{`{"a":["x"]}`, `{}`, false},
		{`{"a":["x"],"b":["y"]}`, `{"a":"x"}`, false},
		{`{"a":["x"],"b":["y"]}`, `{"a":"x","b":"y"}`, true},
		{`{"a":[1]}`, `{"a":1}`, true},
		{`{"a":[1]}`, `{"a":"1"}`, false},
		{`{"a":["1"]}`, `{"a":1}`, false},
		{`{"a":[300]}`, `{"a":3.0e2}`, false}, // the texts are compared
		{`{"a":[true]}`, `{"a":true}`, true},
		{`{"a":[true]}`, `{"a":"true"}`, false},
		{`{"a":[null]}`, `{"a":null}`, true},
		{`{"a":[null]}`, `{}`, false},
		{`{"a":[""]}`, `{"a":""}`, true},
		// Arrays: one element is enough.
		{`{"a":["x"]}`, `{"a":["w","x"]}`, true},
		{`{"a":["x"]}`, `{"a":["w"]}`, false},
		{`{"a":["x"]}`, `{"a":[]}`, false},
		{`{"a":["x"]}`, `{"a":[["x"]]}`, true},
		// Objects.
		{`{"a":{"b":["x"]}}`, `{"a":{"b":"x"}}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":{"c":"x"}}`, false},
		{`{"a":{"b":["x"]}}`, `{"a":"x"}`, false},
		{`{"a":["x"]}`, `{"a":{"x":"x"}}`, false},
		// One element of an array must match all of an object.
		{`{"a":{"b":["x"],"c":["y"]}}`, `{"a":[{"b":"x","c":"n"},{"b":"n","c":"y"}]}`, false},
		{`{"a":{"b":["x"],"c":["y"]}}`, `{"a":[{"b":"n"},{"b":"x","c":"y"}]}`, true},
		// Prefix, suffix, case, wildcard.
		{`{"a":[{"prefix":"us-"}]}`, `{"a":"us-east-1"}`, true},
		{`{"a":[{"prefix":"us-"}]}`, `{"a":"eu-west-1"}`, false},
		{`{"a":[{"prefix":{"equals-ignore-case":"US-"}}]}`, `{"a":"us-east-1"}`, true},
		{`{"a":[{"suffix":".png"}]}`, `{"a":"x.png"}`, true},
		{`{"a":[{"suffix":".png"}]}`, `{"a":"x.PNG"}`, false},
		{`{"a":[{"suffix":{"equals-ignore-case":".png"}}]}`, `{"a":"x.PNG"}`, true},
		{`{"a":[{"equals-ignore-case":"alice"}]}`, `{"a":"ALICE"}`, true},
		{`{"a":[{"equals-ignore-case":"alice"}]}`, `{"a":"bob"}`, false},
		{`{"a":[{"wildcard":"dir/*.png"}]}`, `{"a":"dir/x.png"}`, true},
		{`{"a":[{"wildcard":"dir/*.png"}]}`, `{"a":"dir/x.jpg"}`, false},
		{`{"a":[{"wildcard":"*a*b*"}]}`, `{"a":"xxaxxbxx"}`, true},
		{`{"a":[{"wildcard":"*a*b*"}]}`, `{"a":"xxbxxaxx"}`, false},
		{`{"a":[{"wildcard":"ab*ba"}]}`, `{"a":"aba"}`, false}, // the parts do not overlap
		{`{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"a*b"}`, true},
		{`{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"axb"}`, false},
		{`{"a":[{"wildcard":"plain"}]}`, `{"a":"plain"}`, true},
		{`{"a":[{"wildcard":"plain"}]}`, `{"a":"plainer"}`, false},
		// Numbers.
		{`{"a":[{"numeric":["=",300]}]}`, `{"a":3.0e2}`, true},
		{`{"a":[{"numeric":["=",0.1]}]}`, `{"a":0.10000000000000001}`, false},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{`{"a":[{"numeric":[">=",0]}]}`, `{"a":0}`, true},
		{`{"a":[{"numeric":["<",0]}]}`, `{"a":-0.5}`, true},
		{`{"a":[{"numeric":["<",0]}]}`, `{"a":"-1"}`, false},
		{`{"a":[{"numeric":["<",0]}]}`, `{"a":1e999999999}`, false},
		// Presence: leaves only.
		{`{"a":[{"exists":true}]}`, `{"a":null}`, true},
		{`{"a":[{"exists":true}]}`, `{}`, false},
		{`{"a":[{"exists":false}]}`, `{}`, true},
		{`{"a":[{"exists":false}]}`, `{"a":1}`, false},
		{`{"a":[{"exists":false}]}`, `{"a":{"b":1}}`, true},
		{`{"a":{"b":[{"exists":false}]}}`, `{}`, true},
		{`{"a":{"b":[{"exists":false}]}}`, `{"a":[]}`, true},
		{`{"a":{"b":[{"exists":false}]}}`, `{"a":{"b":1}}`, false},
		{`{"a":[{"exists":false},"x"]}`, `{"a":"x"}`, true},
		// Anything but.
		{`{"a":[{"anything-but":"x"}]}`, `{"a":"y"}`, true},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, false},
		{`{"a":[{"anything-but":"x"}]}`, `{}`, false},
		{`{"a":[{"anything-but":["x","y"]}]}`, `{"a":"y"}`, false},
		{`{"a":[{"anything-but":["x","y"]}]}`, `{"a":["x","z"]}`, true},
		{`{"a":[{"anything-but":[1,2]}]}`, `{"a":3}`, true},
		{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"xy"}`, false},
		{`{"a":[{"anything-but":{"prefix":["x","y"]}}]}`, `{"a":"yy"}`, false},
		{`{"a":[{"anything-but":{"suffix":".png"}}]}`, `{"a":"x.jpg"}`, true},
		{`{"a":[{"anything-but":{"equals-ignore-case":["X"]}}]}`, `{"a":"x"}`, false},
		{`{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"usr/lib/x"}`, false},
		// Addresses.
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.0.255"}`, true},
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.1.0"}`, false},
		{`{"a":[{"cidr":"2001:db8::/32"}]}`, `{"a":"2001:db8::1"}`, true},
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"ten"}`, false},
		// Alternatives.
		{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, true},
		{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"x"}`, false},
		{`{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, false},
		{`{"d":{"$or":[{"a":["x"]},{"b":["y"]}]}}`, `{"d":{"a":"x"}}`, true},
		// What looks like alternatives and is not is a field of that name.
		{`{"$or":["x","y"]}`, `{"$or":"y"}`, true},
		{`{"$or":[{"prefix":"x"},{"suffix":"y"}]}`, `{"$or":"xz"}`, true},
		// Of two fields with one name the last counts.
		{`{"a":["x"],"a":["y"]}`, `{"a":"x"}`, false},
		// What is no object matches nothing.
		{`{"a":[{"exists":false}]}`, `[]`, false},
		{`{"a":[{"exists":false}]}`, `plain text`, false},
		{`{"a":[{"exists":false}]}`, `null`, false},
		{`{"a":[{"exists":false}]}`, `{} {}`, false},
	} {
		p, err := Parse([]byte(c.pattern))
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.Match([]byte(c.event)); got != c.want {
			t.Errorf("%s on %s: got %v, want %v", c.pattern, c.event, got, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		``:                                  "Invalid JSON",
		`{"a":["x"]} x`:                     "Invalid JSON",
		`{"a":["x"]`:                        "Invalid JSON",
		`["x"]`:                             "Filter is not an object",
		`"x"`:                               "Filter is not an object",
		`{}`:                                "Empty objects are not allowed",
		`{"a":{}}`:                          "Empty objects are not allowed",
		`{"a":[]}`:                          "Empty arrays are not allowed",
		`{"a":"x"}`:                         `"a" must be an object or an array`,
		`{"a":[["x"]]}`:                     "Match value must be String, number, true, false, or null",
		`{"a":[{"like":"x"}]}`:              "Unrecognized match type like",
		`{"a":[{}]}`:                        "Only one key allowed in match expression",
		`{"a":[{"prefix":"x","b":1}]}`:      "Only one key allowed in match expression",
		`{"a":[{"prefix":1}]}`:              "prefix match pattern must be a string",
		`{"a":[{"exists":"true"}]}`:         "exists match pattern must be either true or false.",
		`{"a":[{"numeric":3}]}`:             "Value of numeric must be an array.",
		`{"a":[{"numeric":[]}]}`:            "Invalid member in numeric match: ]",
		`{"a":[{"numeric":[">"]}]}`:         "Value of > must be numeric",
		`{"a":[{"numeric":[">","1"]}]}`:     "Value of > must be numeric",
		`{"a":[{"numeric":["~",1]}]}`:       "Bad numeric range operator: ~",
		`{"a":[{"numeric":["<",1,">",0]}]}`: "Too many terms in numeric range expression",
		`{"a":[{"numeric":[">",5,"<",5]}]}`: "Bottom must be less than top",
		`{"a":[{"numeric":[">",0,"<",5,"<",6]}]}`: "Too many elements in numeric expression",
		`{"a":[{"numeric":["=",6000000000]}]}`:    "Value of = must be between -5.0E9 and 5.0E9, inclusive",
		`{"a":[{"anything-but":[]}]}`:             "Empty arrays are not allowed",
		`{"a":[{"anything-but":[true]}]}`:         "Value of anything-but must be an array or single string/number value.",
		`{"a":[{"anything-but":["x",1]}]}`:        "Inside anything but list, either all values are number or string, mixed type is not supported",
		`{"a":[{"anything-but":{"numeric":1}}]}`:  "Unsupported anything-but pattern: numeric",
		`{"a":[{"anything-but":{"prefix":""}}]}`:  "Null prefix/suffix not allowed",
		`{"a":[{"cidr":"10.0.0.0"}]}`:             "Malformed CIDR, one '/' required",
		`{"a":[{"wildcard":"a**b"}]}`:             "Consecutive wildcard characters at pos 1",
		`{"a":[{"wildcard":"a\\b"}]}`:             "Invalid escape character at pos 1",
	} {
		if p, err := Parse([]byte(pattern)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v, want %q", pattern, p, err, want)
		}
	}
	if _, err := Parse([]byte(strings.Repeat(`{"a":`, 200) + `["x"]` + strings.Repeat("}", 200))); err == nil {
		t.Error("a pattern 200 levels deep was taken")
	}
}

func TestMatchAttributes(t *testing.T) {
	for _, c := range []struct {
		pattern string
		given   Attribute
		want    bool
	}{
		{`{"a":["x"]}`, Attribute{"String", "x"}, true},
		{`{"a":["x"]}`, Attribute{"String.custom", "x"}, true},
		{`{"a":["x"]}`, Attribute{"Binary", "x"}, false},
		{`{"a":["x"]}`, Attribute{"String.Array", `["w","x"]`}, true},
		{`{"a":[null]}`, Attribute{"String.Array", `[null]`}, true},
		{`{"a":["x"]}`, Attribute{"String.Array", `["w"]`}, false},
		{`{"a":[{"anything-but":["w"]}]}`, Attribute{"String.Array", `["w","x"]`}, true},
		{`{"a":[{"anything-but":["w"]}]}`, Attribute{"String.Array", `["w"]`}, false},
		{`{"a":[100]}`, Attribute{"Number", "100"}, true},
		{`{"a":["100"]}`, Attribute{"Number", "100"}, false},
		{`{"a":[{"numeric":["=",100]}]}`, Attribute{"Number", "1e2"}, true},
		{`{"a":[{"numeric":["=",100]}]}`, Attribute{"String", "100"}, false},
		{`{"a":[{"exists":false}]}`, Attribute{"String", "x"}, false},
		{`{"b":[{"exists":false}]}`, Attribute{"String", "x"}, true},
	} {
		p, err := Parse([]byte(c.pattern))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.MatchAttributes(map[string]Attribute{"a": c.given}); got != c.want {
			t.Errorf("%s on %v: got %v, want %v", c.pattern, c.given, got, c.want)
		}
	}
}

// TestCounts: what SNS bounds.
func TestCounts(t *testing.T) {
	for pattern, want := range map[string][2]int{
		`{"a":["x"]}`:                                         {1, 1},
		`{"a":["x","y"],"b":["x","y","z"]}`:                   {2, 6},
		`{"a":{"b":["x","y"],"c":["z"]}}`:                     {2, 8}, // each times its depth
		`{"c":["1","2"],"$or":[{"a":["x","y"]},{"b":["z"]}]}`: {3, 6},
	} {
		p, err := Parse([]byte(pattern))
		if err != nil || p.Keys() != want[0] || p.Combinations() != want[1] {
			t.Errorf("%s: %d keys, %d combinations, %v, want %v", pattern, p.Keys(), p.Combinations(), err, want)
		}
	}
}

// TestNested: an alternative is no level.
func TestNested(t *testing.T) {
	for pattern, want := range map[string]bool{
		`{"a":["x"]}`: false, `{"a":{"b":["x"]}}`: true, `{"$or":[{"a":["x"]},{"b":["y"]}]}`: false, `{"$or":[{"a":["x"]},{"b":{"c":["y"]}}]}`: true,
		`{"a":[{"anything-but":{"prefix":"x"}}]}`: false,
	} {
		if p, err := Parse([]byte(pattern)); err != nil || p.Nested() != want {
			t.Errorf("%s: nested %v, %v", pattern, !want, err)
		}
	}
}

// TestNotIsTheOpposite: on one text, anything-but matches where its operand does not.
func TestNotIsTheOpposite(t *testing.T) {
	letters := func() string {
		b := make([]byte, rand.IntN(4))
		for i := range b {
			b[i] = "ab*"[rand.IntN(2)]
		}
		return string(b)
	}
	for range 2000 {
		operator := []string{"prefix", "suffix", "equals-ignore-case", "wildcard"}[rand.IntN(4)]
		operand, _ := json.Marshal(letters() + "a")
		event, _ := json.Marshal(map[string]string{"a": letters()})
		plain, err := Parse([]byte(`{"a":[{"` + operator + `":` + string(operand) + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		not, err := Parse([]byte(`{"a":[{"anything-but":{"` + operator + `":` + string(operand) + `}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if plain.Match(event) == not.Match(event) {
			t.Errorf("%s %s on %s: both %v", operator, operand, event, plain.Match(event))
		}
	}
}

// TestWildcardsStayLinear: a pattern made to backtrack costs no more than its
// length times the event's.
func TestWildcardsStayLinear(t *testing.T) {
	p, err := Parse([]byte(`{"a":[{"wildcard":"` + strings.Repeat("*a", 100) + `b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() { done <- p.Match([]byte(`{"a":"` + strings.Repeat("a", 100_000) + `"}`)) }()
	select {
	case matched := <-done:
		if matched {
			t.Error("matched")
		}
	case <-time.After(time.Minute):
		t.Fatal("still matching after a minute")
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{
		`{"a":["x",1,null,true]}`, `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"$or":[{"a":["x"]},{"b":[{"exists":false}]}]}`,
		`{"a":[{"anything-but":{"wildcard":"*x\\*"}}]}`, `{"a":{"b":[{"cidr":"10.0.0.0/8"}]}}`,
	} {
		f.Add([]byte(pattern), []byte(`{"a":"x","b":[1,{"c":null}]}`))
	}
	f.Fuzz(func(t *testing.T, pattern, event []byte) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		if first := p.Match(event); first != p.Match(event) {
			t.Error("a pattern changed its mind")
		}
	})
}
