package policy_test

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// tokenKind tells apart what a policy's text is made of. Those from tokenValue
// on are variables.
type tokenKind int

const (
	tokenChar tokenKind = iota
	tokenRun            // "*"
	tokenOne            // "?"
	tokenValue
	// tokenAbsent has no value and no default, tokenMulti is a multivalued
	// key, tokenUnclear is written in a way nobody defines.
	tokenAbsent
	tokenMulti
	tokenUnclear
)

type token struct {
	kind tokenKind
	char rune
	text string
}

var (
	variable    = regexp.MustCompile(`^\$\{([^,}]*)\}`)
	withDefault = regexp.MustCompile(`(?s)^\$\{([^,}]*), *'(.*?)'\}`)
)

// tokens reads a text of the policy being read.
func (n *naive) tokens(text string, wildcards bool) []token {
	var out []token
	for text != "" {
		if n.version == policy.Version2012 && strings.HasPrefix(text, "${") {
			t, size := n.variable(text)
			out = append(out, t)
			text = text[size:]
			continue
		}
		c := []rune(text)[0]
		t := token{kind: tokenChar, char: c}
		if wildcards && c == '*' {
			t = token{kind: tokenRun}
		} else if wildcards && c == '?' {
			t = token{kind: tokenOne}
		}
		out = append(out, t)
		text = text[len(string(c)):]
	}
	return out
}

func (n *naive) variable(text string) (token, int) {
	key, value, size := "", token{kind: tokenAbsent}, 0
	switch end := strings.IndexByte(text, '}'); {
	case end < 0:
		return token{kind: tokenUnclear}, len(text)
	case variable.MatchString(text):
		m := variable.FindStringSubmatch(text)
		key, size = m[1], len(m[0])
		if key == "*" || key == "?" || key == "$" {
			return token{kind: tokenChar, char: rune(key[0])}, size
		}
	case withDefault.MatchString(text):
		m := withDefault.FindStringSubmatch(text)
		key, size, value = m[1], len(m[0]), token{kind: tokenValue, text: m[2]}
	default:
		return token{kind: tokenUnclear}, end + 1
	}
	if key == "" || strings.TrimSpace(key) != key || strings.Contains(key, "${") {
		return token{kind: tokenUnclear}, size
	}
	given, present := n.r.Context.Get(key)
	switch {
	case present && n.r.Context.Multivalued(key):
		value = token{kind: tokenMulti}
	case present:
		value = token{kind: tokenValue, text: given[0]}
	}
	return value, size
}

// unclear says that some variable is written in a way nobody defines.
func unclear(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return t.kind == tokenUnclear })
}

// guessed reads a multivalued key as "*", in doubt, and says whether some
// variable has no value at all.
func guessed(tokens []token) (out []token, doubt, absent bool) {
	for _, t := range tokens {
		absent = absent || t.kind == tokenAbsent
		if t.kind == tokenMulti {
			t, doubt = token{kind: tokenRun}, true
		}
		out = append(out, t)
	}
	return out, doubt, absent
}

// literally puts values in as plain characters; spread reads wildcards in them.
func literally(tokens []token) []token { return insert(tokens, false) }
func spread(tokens []token) []token    { return insert(tokens, true) }

func insert(tokens []token, wildcards bool) []token {
	var out []token
	for _, t := range tokens {
		if t.kind != tokenValue {
			out = append(out, t)
			continue
		}
		for _, c := range t.text {
			switch {
			case wildcards && c == '*':
				out = append(out, token{kind: tokenRun})
			case wildcards && c == '?':
				out = append(out, token{kind: tokenOne})
			default:
				out = append(out, token{kind: tokenChar, char: c})
			}
		}
	}
	return out
}

// splitTokens splits at the first five colons.
func splitTokens(tokens []token) [][]token {
	parts := [][]token{nil}
	for _, t := range tokens {
		if t.kind == tokenChar && t.char == ':' && len(parts) < 6 {
			parts = append(parts, nil)
			continue
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], t)
	}
	return parts
}

// matchParts compares the six parts of an ARN one by one.
func matchParts(tokens []token, arn string) bool {
	wanted, given := splitTokens(tokens), strings.SplitN(arn, ":", 6)
	if len(wanted) != 6 || len(given) != 6 {
		return false
	}
	for i := range wanted {
		if !matchTokens(wanted[i], given[i]) {
			return false
		}
	}
	return true
}

// matchTokens fills a table: cell j says that the tokens so far match the
// first j characters.
func matchTokens(tokens []token, text string) bool {
	chars := []rune(text)
	row := make([]bool, len(chars)+1)
	row[0] = true
	for _, t := range tokens {
		next := make([]bool, len(chars)+1)
		next[0] = row[0] && t.kind == tokenRun
		for j := 1; j <= len(chars); j++ {
			switch t.kind {
			case tokenRun:
				next[j] = row[j] || next[j-1]
			case tokenOne:
				next[j] = row[j-1]
			default:
				next[j] = row[j-1] && t.char == chars[j-1]
			}
		}
		row = next
	}
	return row[len(chars)]
}

// globbed matches a text with wildcards and nothing else.
func globbed(pattern, text string) bool {
	return matchTokens((&naive{}).tokens(pattern, true), text)
}
