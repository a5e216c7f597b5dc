package policy

import (
	"strings"
	"testing"
	"time"
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

// TestPatternsTakeNoLonger gives matching the patterns that make backtracking
// explode. The bound is loose: what is wrong takes longer than anybody waits.
func TestPatternsTakeNoLonger(t *testing.T) {
	text := strings.Repeat("a", 20_000)
	start := time.Now()
	for _, pattern := range []string{
		strings.Repeat("a*", 1000) + "b", strings.Repeat("*a", 1000) + "*b", strings.Repeat("a?*", 1000) + "b", strings.Repeat("*", 10_000) + "b",
		strings.Repeat("?*", 1000) + "b",
	} {
		p := compilePattern(pattern, grammar{wildcards: true})
		if matchPieces(p.pieces, text, 0, false) {
			t.Errorf("%.10s... matches", pattern)
		}
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
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
		v, length := scanVariable(test.text)
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
