package policy

import (
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"*", "", true}, {"*", "a:b/c", true}, {"**", "x", true},
		{"?", "", false}, {"?", "a", true}, {"?", "ab", false}, {"?", "é", true}, {"??", "é", false},
		{"a*", "a", true}, {"a*", "ba", false}, {"*a", "ba", true}, {"*a", "ab", false}, {"a*a", "a", false}, {"a*a", "aa", true},
		{"*ab*ab*", "abab", true}, {"*ab*ab*", "aba", false}, {"a*b*c", "a-b-b-c", true}, {"a*b?c", "a-b-b-c", true}, {"a*b?c", "abc", false},
		{"*aab", "aaab", true}, {"*?b", "b", false}, {"*?b", "ab", true}, {"?*", "", false}, {"?*", "é", true},
		{"A", "a", false}, {"[a]", "a", false}, {"a.c", "abc", false}, {`a\*`, `a\x`, true},
	}
	for _, test := range tests {
		p := compilePattern(test.pattern, grammar{wildcards: true})
		if got := matchPieces(p.pieces, test.text, 0, false); got != test.want {
			t.Errorf("%q on %q: %v", test.pattern, test.text, got)
		}
	}
}

func TestPatternsWithinARNs(t *testing.T) {
	tests := []struct {
		pattern, arn string
		want         bool
	}{
		{"arn:aws:lambda:*:1:function:f", "arn:aws:lambda:us-east-1:1:function:f", true},
		{"arn:aws:lambda:*:function:f", "arn:aws:lambda:us-east-1:1:function:f", false},
		{"arn:aws:lambda:us-east-1:1:*", "arn:aws:lambda:us-east-1:1:function:f:prod", true},
		{"arn:aws:lambda:us-east-1:1:function:f*", "arn:aws:lambda:us-east-1:1:function:f:prod", true},
		{"arn:aws:lambda:us-east-1:1:function:f?prod", "arn:aws:lambda:us-east-1:1:function:f:prod", true},
		{"arn:aws:lambda:us-east-1?1:function:f", "arn:aws:lambda:us-east-1:1:function:f", false},
		{"arn:*:*:*:*:*", "arn:aws:s3:::b", true},
		{"arn:aws:s3:*:*:*", "arn:aws:s3:::b", true},
		{"arn:aws:*s3:::b", "arn:aws:s3:::b", true},
	}
	for _, test := range tests {
		p := compilePattern(test.pattern, grammar{wildcards: true})
		if got := matchPieces(p.pieces, test.arn, afterFifthColon(test.arn), false); got != test.want {
			t.Errorf("%q on %q: %v", test.pattern, test.arn, got)
		}
	}
}

func TestPatternsWithoutCase(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"S3:getobject", "s3:GetObject", true}, {"s3:get*", "S3:GETOBJECT", true}, {"s3:get?bject", "s3:GetObject", true},
		{"s3:[", "s3:{", false}, {"s3:@", "s3:`", false}, {"É", "é", true}, {"s3:GetObject", "s3:GetObjec", false},
	}
	for _, test := range tests {
		p := compilePattern(test.pattern, grammar{wildcards: true})
		if got := matchPieces(p.pieces, test.text, 0, true); got != test.want {
			t.Errorf("%q on %q: %v", test.pattern, test.text, got)
		}
	}
}

// TestPatternsTakeNoLonger gives matching the patterns that make trying
// explode, as long as a policy and a header may be: they must be followed all
// ways at once, which shows in the memory that takes. What is usual takes none.
func TestPatternsTakeNoLonger(t *testing.T) {
	const policy, header = 10_240, 65_536
	text := strings.Repeat("a", header)
	fill := func(s string) string { return strings.Repeat(s, policy/len(s)) }
	for _, test := range []struct {
		name, pattern string
		fold, wide    bool
	}{
		{"stars and letters", fill("a*") + "b", false, false}, {"letters and stars", fill("*a") + "*b", true, false}, {"stars", fill("*") + "b", false, false},
		{"question marks after stars", fill("?*") + "b", false, false}, {"all three", fill("a?*") + "b", true, false},
		{"one long text", "*" + fill("a") + "b", false, false}, {"one long text without case", "*" + fill("a") + "b", true, true},
		{"one star and question marks", "*" + fill("?") + "b", false, false}, {"letters and question marks", "*" + fill("a?") + "b", false, true},
		{"the same without case", "*" + fill("a?") + "b", true, true}, {"and a star at the end", "*" + fill("aaa?") + "b*", false, true},
		{"several such", strings.Repeat("*"+strings.Repeat("a?", 1000)+"b", 8), false, true},
	} {
		p := compilePattern(test.pattern, grammar{wildcards: true})
		// The mean of some runs, rounded down: what the runtime takes meanwhile is not counted.
		took := testing.AllocsPerRun(4, func() {
			if matchPieces(p.pieces, text, 0, test.fold) {
				t.Errorf("%s: matches", test.name)
			}
		})
		if (took > 0) != test.wide {
			t.Errorf("%s: %v pieces of memory", test.name, took)
		}
	}
}

// TestAllWaysAtOnce: both ways of matching agree on what either is used for.
func TestAllWaysAtOnce(t *testing.T) {
	long := strings.Repeat("xé?:", 100)
	for _, test := range []struct {
		pattern, text string
		free          int
		fold, want    bool
	}{
		{"", "", 0, false, true}, {"", "a", 0, false, false}, {"*", "", 0, false, true}, {"?", "", 0, false, false}, {"*?", "é", 0, false, true}, {"?", "éé", 0, false, false},
		{"a*b", "a:b", 3, false, false}, {"a*b", "a:b", 0, false, true}, {"a:*", "a:b:c", 2, false, true}, {"a:*:c", "a:b:c", 5, false, true}, {"a?b", "a:b", 3, false, false},
		{"K*\u017f", "\u212a--S", 0, true, true}, {"k*s", "K--S", 0, false, false}, {"\ufffd", "\xff", 0, false, false}, {"?", "\xff", 0, false, true},
		{"*" + long, "ab" + long, 0, false, true}, {"*" + long + "b", "ab" + long, 0, false, false}, {strings.Repeat("?", 64), strings.Repeat("a", 64), 0, false, true},
		{strings.Repeat("a", 63) + "*" + strings.Repeat("b", 65), strings.Repeat("a", 70) + strings.Repeat("b", 70), 0, false, true},
	} {
		p := compilePattern(test.pattern, grammar{wildcards: true})
		if got := matchPieces(p.pieces, test.text, test.free, test.fold); got != test.want {
			t.Errorf("%.20q on %.20q: %v", test.pattern, test.text, got)
		}
		if got := matchWide(p.pieces, test.text, test.free, test.fold); got != test.want {
			t.Errorf("%.20q on %.20q, all ways at once: %v", test.pattern, test.text, got)
		}
	}
}

func TestVariables(t *testing.T) {
	const unclear = "unclear"
	tests := []struct{ text, key, value, rest string }{
		{"${aws:username}x", "aws:username", "-", "x"},
		{"${AWS:UserName}", "aws:username", "-", ""},
		{"${aws:PrincipalTag/cost center}", "aws:principaltag/cost center", "-", ""},
		{"${aws:username, 'nobody'}x", "aws:username", "nobody", "x"},
		{"${aws:username,'nobody'}", "aws:username", "nobody", ""},
		{"${aws:username, ''}", "aws:username", "", ""},
		{"${aws:username, 'a}b'}c", "aws:username", "a}b", "c"},
		{"${aws:username, 'it's'}", "aws:username", "it's", ""},
		{"${*}x", "", "*", "x"}, {"${?}", "", "?", ""}, {"${$}", "", "$", ""},
		{"${}x", unclear, "-", "x"}, {"${ aws:username }", unclear, "-", ""}, {"${aws:username, nobody}x", unclear, "-", "x"},
		{"${aws:username, 'nobody}", unclear, "-", ""}, {"${aws:username", unclear, "-", ""}, {"${a${b}}", unclear, "-", "}"}, {"${, 'x'}", unclear, "x", ""},
	}
	for _, test := range tests {
		v, length := scanVariable(test.text, strings.LastIndex(test.text, "'}"))
		key, value := v.key, "-"
		if v.kind == pieceVariable && v.key == "" {
			key = unclear
		}
		if v.kind == pieceText || v.hasDefault {
			value = v.text
		}
		if key != test.key || value != test.value || test.text[length:] != test.rest {
			t.Errorf("%s: key %q, value %q, rest %q", test.text, key, value, test.text[length:])
		}
	}
}

func TestInspectARN(t *testing.T) {
	tests := []struct {
		text  string
		fault arnFault
		runs  bool
	}{
		{"arn:aws:s3:::bucket", arnSound, false},
		{"arn:aws:lambda:*:1:function:f", arnSound, true},
		{"arn:aws:lambda:*-1:1:function:f", arnSound, false},
		{"arn:aws:s3:::bucket*", arnSound, false},
		{"arn:aws:s3:::${aws:username}", arnSound, false},
		{"arn:aws:s3:::${aws:username, 'a:b'}", arnSound, false},
		{"arn:aws:s3", arnShort, false},
		{"arn:aws:lambda:us-east-1:1", arnShort, false},
		{"arn:aws:s*:::bucket", arnService, true},
		{"arn:aws:?3:::bucket", arnService, false},
		{"arn:aws:s3::${aws:PrincipalAccount}:bucket", arnVariable, false},
		{"bucket", arnNone, false}, {"", arnNone, false}, {"ARN:aws:s3:::bucket", arnNone, false},
	}
	for _, test := range tests {
		p := compilePattern(test.text, grammar{wildcards: true, variables: true})
		if fault, runs := inspectARN(&p); fault != test.fault || runs != test.runs {
			t.Errorf("%q: fault %d, runs %v", test.text, fault, runs)
		}
	}
}
