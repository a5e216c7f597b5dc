package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// mostCandidates bounds the patterns that are asked about beside those that
// policies have.
const mostCandidates = 200

// candidate is something to ask about: a pattern, and a resource that it
// matches and no other pattern does, unless it contains this one. The answer on
// it is the answer on the pattern. It is empty if there is none.
type candidate struct{ pattern, resource string }

// candidates are the patterns of all statements about the action, what those of
// policies that must all allow have in common, and the resources that may have
// policies of their own. Wherever the answer changes, one of them begins.
func (w *what) candidates(action string) (all []candidate, ok bool) {
	list := w.patterns(action)
	key := fmt.Sprintf("%q", *list)
	if known, ok := w.asks[key]; ok {
		return known, true
	}
	patterns, ok := list.meets()
	if !ok {
		return nil, false
	}
	for _, r := range w.Resources {
		if r = w.resolve(r, ""); fits(action, r) && !slices.Contains(patterns, r) {
			patterns = append(patterns, r)
		}
	}
	for _, p := range patterns {
		made := instance(p, patterns)
		if made == "" && slices.Contains(list.denied, p) {
			// A Deny is about every one of them.
			made = instance(p, nil)
		}
		all = append(all, candidate{p, made})
	}
	if w.asks == nil {
		w.asks = map[string][]candidate{}
	}
	w.asks[key] = all
	return all, true
}

// patterns are those of the statements about one action.
type patterns struct {
	// all has each once, "*" first.
	all []string
	// excepted are those of NotResource, which only narrow; denied those of Deny.
	excepted, denied []string
	// must has, for each set of policies that lets something through alone, what
	// it allows.
	must [][]string
	// identity, boundary, session and resource allow in some combinations only.
	identity, boundary, session, resource []string
}

func (w *what) patterns(action string) *patterns {
	list := &patterns{all: []string{"*"}}
	of := func(policies ...policy.Attached) []string { return w.allowed(action, policies, list) }
	l := w.Own
	list.identity, list.session = of(l.Identity...), of(l.Session...)
	if l.Boundary != nil {
		list.boundary = of(*l.Boundary)
	}
	if l.Resource != nil {
		list.resource = of(*l.Resource)
	}
	for _, level := range slices.Concat(l.ServiceControl, l.ResourceControl) {
		list.must = append(list.must, of(level...))
	}
	if l.Endpoint != nil {
		list.must = append(list.must, of(*l.Endpoint))
	}
	return list
}

// allowed are the patterns that policies allow the action on. It notes every
// pattern they have.
func (w *what) allowed(action string, policies []policy.Attached, list *patterns) (allowed []string) {
	note := func(to *[]string, v *policy.Values, unknown string) {
		if v == nil {
			return
		}
		for _, r := range v.Items {
			if r = w.resolve(r, unknown); !fits(action, r) {
				continue
			}
			for _, t := range []*[]string{&list.all, to} {
				if !slices.Contains(*t, r) {
					*t = append(*t, r)
				}
			}
		}
	}
	for i := range policies {
		if policies[i].Policy == nil {
			continue
		}
		d := policies[i].Policy.Document()
		for j := range d.Statements {
			s := &d.Statements[j]
			if !mentions(s, action) {
				continue
			}
			note(&list.excepted, s.NotResource, "")
			if s.Effect != "Allow" {
				note(&list.denied, s.Resource, "*")
				continue
			}
			note(&allowed, s.Resource, "")
			if s.Resource == nil {
				allowed = append(allowed, "*")
			}
		}
	}
	return allowed
}

// meets are all patterns, with what those have in common that let a request
// through only together: ok is false if they are too many.
func (p *patterns) meets() (all []string, ok bool) {
	all, ok = p.all, true
	for _, together := range [][][]string{
		{p.resource}, {p.resource, p.boundary}, {p.resource, p.session}, {p.resource, p.boundary, p.session},
		{p.identity, p.boundary, p.session}, {p.identity, p.resource, p.boundary, p.session},
	} {
		found := []string{"*"}
		for _, list := range slices.Concat(together, p.must) {
			if len(list) == 0 {
				continue // no such policy, or one that allows nothing anyway
			}
			if found, ok = meetAll(found, list); !ok {
				return nil, false
			}
			if len(p.excepted) == 0 {
				found = widest(found, contains)
			}
		}
		all = append(all, found...)
	}
	all = unique(all)
	// What NotResource leaves out may be of any shape within the others. So may
	// what only some of the resources that a pattern stands for have in common
	// with others, if all of them are like that: a*, where others are a and a?*.
	narrowed := 0
	for more := true; more; {
		more = false
		for i := 0; i < len(all); i++ {
			var with []string
			switch {
			case instance(all[i], all) == "":
				with = all
			case i >= narrowed:
				with = p.excepted
			}
			found, ok := meetAll(all[i:i+1], with)
			if !ok || len(all) > len(p.all)+mostCandidates {
				return nil, false
			}
			n := len(all)
			all = unique(append(all[:n:n], found...))
			more = more || len(all) > n
		}
		narrowed = len(all)
	}
	return all, true
}

// meetAll is what any of a has in common with any of b.
func meetAll(a, b []string) ([]string, bool) {
	var all []string
	for _, x := range a {
		for _, y := range b {
			found, ok := meet(x, y)
			if !ok || len(all) > len(a)*len(b)+mostCandidates {
				return nil, false
			}
			all = append(all, found...)
		}
	}
	return unique(all), true
}

// unique leaves out what was there before; the order stays.
func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// instance is a resource that pattern matches and others do not, unless they
// contain it. In the account and before, * stays as it is: the gate takes it for
// an account of the request's own.
func instance(pattern string, others []string) string {
	if pattern == "*" || !strings.ContainsAny(pattern, "*?") {
		return pattern
	}
	const one, many = "\x01", 100
	// The length that * gets must not be one that others stop at.
	for _, n := range []int{many, 0, 1, 2, 3, 4, 5, 6, 7, 8} {
		p := parts(pattern)
		for i := range p {
			if len(p) == 1 || i == 3 || i == 5 {
				p[i] = strings.NewReplacer("?", one, "*", strings.Repeat(one, n)).Replace(p[i])
			}
		}
		made := strings.Join(p, ":")
		if !slices.ContainsFunc(others, func(o string) bool { return contains(o, made) && !contains(o, pattern) }) {
			return made
		}
	}
	return ""
}

// mentions says whether the statement is about the action.
func mentions(s *policy.Statement, action string) bool {
	in := func(v *policy.Values) bool {
		return v != nil && slices.ContainsFunc(v.Items, func(p string) bool { return globContains(strings.ToLower(p), strings.ToLower(action)) })
	}
	return in(s.Action) || s.NotAction != nil && !in(s.NotAction)
}

// resolve puts in the values of policy variables, as far as they have one, and
// unknown for the others; if that is empty they stay.
func (w *what) resolve(text, unknown string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			b.WriteString(text)
			return b.String()
		}
		key, fallback, has := strings.Cut(name, ",")
		values, known := w.Context.Get(strings.TrimSpace(key))
		b.WriteString(before)
		switch {
		case known && len(values) == 1:
			b.WriteString(values[0])
		case !known && has:
			b.WriteString(strings.Trim(strings.TrimSpace(fallback), "'"))
		case unknown != "":
			b.WriteString(unknown)
		default:
			b.WriteString("${" + name + "}")
		}
		text = after
	}
}

// fits says that the action is of the service whose resource it is. Actions of
// STS are about roles, which are IAM's.
func fits(action, resource string) bool {
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	of := segment(resource, 2)
	return of == "" || strings.ContainsAny(of, "*?") || of == service || of == "iam" && service == "sts"
}
