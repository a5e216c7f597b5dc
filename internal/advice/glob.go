package advice

import (
	"slices"
	"strings"
)

// Patterns are compared by what they match: * is any text, ? one character. In
// an ARN a wildcard stays within its part, of which the last one holds all that
// is left. Text that is no ARN is taken as one part.

// contains says whether a matches all that b matches. A text without wildcards
// matches itself.
func contains(a, b string) bool {
	switch i := strings.IndexAny(a, "*?"); {
	case a == "*":
		return true
	case i < 0:
		return a == b
	case !strings.HasPrefix(b, a[:i]):
		return false
	}
	x, y := parts(a), parts(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !globContains(x[i], y[i]) {
			return false
		}
	}
	return true
}

// mostMeets bounds the patterns that meet answers with.
const mostMeets = 32

// meet gives patterns that match, together, what both a and b match. ok is
// false if they are too many.
func meet(a, b string) (all []string, ok bool) {
	switch {
	case contains(a, b):
		return []string{b}, true
	case contains(b, a):
		return []string{a}, true
	}
	x, y := parts(a), parts(b)
	if len(x) != len(y) {
		return nil, true
	}
	all = []string{""}
	for i := range x {
		found, ok := globMeet(x[i], y[i])
		if !ok || len(found)*len(all) > mostMeets {
			return nil, false
		}
		var longer []string
		for _, head := range all {
			for _, part := range found {
				if i > 0 {
					part = ":" + part
				}
				longer = append(longer, head+part)
			}
		}
		all = longer
	}
	return all, true
}

// parts takes an ARN apart.
func parts(pattern string) []string {
	if p := strings.SplitN(pattern, ":", 6); len(p) == 6 && p[0] == "arn" {
		return p
	}
	return []string{pattern}
}

// canonical writes each run of wildcards with its ? first and one *.
func canonical(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		run := len(pattern[i:]) - len(strings.TrimLeft(pattern[i:], "*?"))
		if run == 0 {
			b.WriteByte(pattern[i])
			i++
			continue
		}
		ones := strings.Count(pattern[i:i+run], "?")
		b.WriteString(strings.Repeat("?", ones))
		if ones < run {
			b.WriteByte('*')
		}
		i += run
	}
	return b.String()
}

// matches says whether a pattern matches a text that has no wildcards. It goes
// back to the last * only, so that its cost is bounded.
func matches(pattern, text string) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// globContains is contains of one part. It goes through b with the places in a
// that may come next; the * of b stands for any text, so only a run of a with a
// * in it may hold it.
func globContains(a, b string) bool {
	if !strings.ContainsAny(b, "*?") {
		return matches(a, b)
	}
	a, b = canonical(a), canonical(b)
	at := make([]bool, len(a)+1)
	at[0] = true
	open := func() {
		for i := range len(a) {
			if at[i] && a[i] == '*' {
				at[i+1] = true
			}
		}
	}
	open()
	for j := range len(b) {
		next := make([]bool, len(a)+1)
		for i := range len(a) {
			switch {
			case !at[i]:
			case b[j] == '*':
				next[i] = strings.HasPrefix(strings.TrimLeft(a[i:], "?"), "*")
			case a[i] == '*':
				next[i] = true
			case a[i] == '?' || a[i] == b[j]:
				next[i+1] = true
			}
		}
		at = next
		open()
	}
	return at[len(a)]
}

// globMeet is meet of one part.
func globMeet(a, b string) ([]string, bool) {
	m := &meeting{a: canonical(a), b: canonical(b), known: map[[2]int][]string{}}
	all := m.from(0, 0)
	return all, !m.many
}

// meeting finds what two patterns have in common, from their ends.
type meeting struct {
	a, b  string
	known map[[2]int][]string
	many  bool
}

// from is what is left of a from i and of b from j have in common.
func (m *meeting) from(i, j int) []string {
	key := [2]int{i, j}
	if all, ok := m.known[key]; ok || m.many {
		return all
	}
	var all []string
	a, b := m.a[i:], m.b[j:]
	switch {
	case a == "" || b == "":
		if strings.Trim(a+b, "*") == "" {
			all = []string{""}
		}
	case a[0] == '*' && b[0] == '*':
		// One of the two ends first.
		all = slices.Concat(prefixed("*", m.from(i+1, j)), prefixed("*", m.from(i, j+1)))
	case a[0] == '*':
		all = slices.Concat(m.from(i+1, j), prefixed(b[:1], m.from(i, j+1)))
	case b[0] == '*':
		all = slices.Concat(m.from(i, j+1), prefixed(a[:1], m.from(i+1, j)))
	case a[0] == '?' || a[0] == b[0]:
		all = prefixed(b[:1], m.from(i+1, j+1))
	case b[0] == '?':
		all = prefixed(a[:1], m.from(i+1, j+1))
	}
	if m.many = m.many || len(all) > 4*mostMeets; m.many {
		return nil
	}
	all = widest(all, globContains)
	m.many = len(all) > mostMeets
	m.known[key] = all
	return all
}

func prefixed(head string, all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = canonical(head + s)
	}
	return out
}

// widest leaves out what another one contains.
func widest(all []string, contains func(a, b string) bool) []string {
	var out []string
	for _, s := range all {
		if slices.ContainsFunc(out, func(o string) bool { return contains(o, s) }) {
			continue
		}
		out = append(slices.DeleteFunc(out, func(o string) bool { return contains(s, o) }), s)
	}
	return out
}

// overlaps says whether some text matches both patterns, be they read as ARNs
// or as any text.
func overlaps(a, b string) bool {
	// row[j] says whether what is left of a overlaps b[j:].
	row := make([]bool, len(b)+1)
	for j := len(b); j >= 0; j-- {
		row[j] = strings.Trim(b[j:], "*") == ""
	}
	for i := len(a) - 1; i >= 0; i-- {
		next := make([]bool, len(b)+1)
		next[len(b)] = row[len(b)] && a[i] == '*'
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == '*' || b[j] == '*' {
				next[j] = a[i] == '*' && row[j] || b[j] == '*' && next[j+1] ||
					a[i] == '*' && next[j+1] || b[j] == '*' && row[j]
				continue
			}
			next[j] = (a[i] == '?' || b[j] == '?' || a[i] == b[j]) && row[j+1]
		}
		row = next
	}
	return row[0]
}
