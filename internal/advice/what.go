package advice

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// Ability is something that a principal may do.
type Ability struct {
	// Resource is an ARN or a pattern, as the policies have it.
	Resource string
	// Actions are sorted; "lambda:*" stands for all known ones of a service.
	Actions []string
	// Except are patterns on which it is denied all the same.
	Except []string
	// Condition is what must hold too, empty for what is allowed as things are.
	Condition string
}

// Abilities is what a principal may do, and what it may do under conditions
// that did not hold in the question.
type Abilities struct {
	Allowed, Conditional []Ability
	// Asked is how many questions that took; Cut says that there were more.
	Asked int
	Cut   bool
}

// mostQuestions bounds the questions that What asks.
const mostQuestions = 50_000

// Inquiry is a question about all that a principal may do.
type Inquiry struct {
	// Known are actions there are, service:Name. Further ones are taken from
	// the policies, where they are written out.
	Known []string
	// Own are the policies that count for the principal whatever it asks for,
	// Context the request's.
	Own     *policy.Layers
	Context *policy.Context
	// Resources are such as may have policies that let the principal in.
	Resources []string
	// Ask gives what one question is decided on.
	Ask func(action, resource string) (*policy.Request, *policy.Layers)
}

// What finds what a principal may do. Where policies have patterns it asks
// about the patterns themselves, and about what patterns have in common of which
// all must allow: what is allowed on a pattern is allowed on all it stands for,
// but for Except.
func What(in Inquiry) Abilities {
	w := &what{Inquiry: in, rows: map[string]*Ability{}}
	for _, action := range w.actions() {
		w.about(action)
	}
	return w.abilities()
}

// what is an inquiry at work.
type what struct {
	Inquiry
	Abilities
	rows map[string]*Ability
	// asks keeps candidates, which are the same for most actions of a service.
	asks map[string][]candidate
}

// policies are all that count, with those of the resource side if they are the
// same for every question.
func (w *what) policies() []policy.Attached {
	l := w.Own
	all := slices.Concat(l.Identity, l.Session, slices.Concat(l.ServiceControl...), slices.Concat(l.ResourceControl...))
	for _, a := range []*policy.Attached{l.Boundary, l.Resource, l.Endpoint} {
		if a != nil {
			all = append(all, *a)
		}
	}
	return all
}

// statements goes through those of all policies.
func (w *what) statements(yield func(*policy.Statement) bool) {
	for _, a := range w.policies() {
		if a.Policy == nil {
			continue
		}
		d := a.Policy.Document()
		for i := range d.Statements {
			if !yield(&d.Statements[i]) {
				return
			}
		}
	}
}

// actions are the known ones and those that policies write out, sorted.
func (w *what) actions() []string {
	all := slices.Clone(w.Known)
	for s := range w.statements {
		if s.Action == nil {
			continue
		}
		for _, a := range s.Action.Items {
			if !strings.ContainsAny(a, "*? ") && !slices.ContainsFunc(all, func(k string) bool { return strings.EqualFold(k, a) }) {
				all = append(all, a)
			}
		}
	}
	slices.Sort(all)
	return all
}

// about asks about one action: on every pattern that a statement about it has,
// and on what patterns have in common.
func (w *what) about(action string) {
	all, ok := w.candidates(action)
	if !ok {
		w.Cut = true
		return
	}
	var allowed, denied, silent, conditions []Ability
	for _, c := range all {
		if w.Asked++; w.Asked > mostQuestions {
			w.Cut = true
			return
		}
		row := Ability{Resource: c.pattern}
		if c.resource == "" {
			silent = append(silent, row) // nothing stands for it
			continue
		}
		request, layers := w.Ask(action, c.resource)
		switch d := policy.Evaluate(request, layers); d.Effect {
		case policy.Allow:
			allowed = append(allowed, row)
		case policy.ExplicitDeny:
			if deniedAll(policy.Outline(request, layers)) {
				denied = append(denied, row)
			} else {
				silent = append(silent, row)
			}
		case policy.ImplicitDeny:
			silent = append(silent, row)
			if row.Condition = condition(policy.Outline(request, layers)); row.Condition != "" {
				conditions = append(conditions, row)
			}
		}
	}
	for i := range allowed {
		allowed[i].Except = exceptions(allowed[i].Resource, denied, silent)
	}
	for _, list := range [][]Ability{allowed, conditions} {
		for i := range list {
			if !slices.ContainsFunc(list, func(wider Ability) bool { return says(&wider, &list[i]) }) {
				w.add(action, list[i])
			}
		}
	}
}

// deniedAll says that a Deny is about all that a pattern stands for. One with
// NotResource may spare some of it.
func deniedAll(e *policy.Explanation) bool {
	for i := range e.Layers {
		for j := range e.Layers[i].Policies {
			for k := range e.Layers[i].Policies[j].Statements {
				s := &e.Layers[i].Policies[j].Statements[k]
				if s.Applies && s.Effect == "Deny" && !slices.ContainsFunc(s.Parts, func(p policy.Part) bool { return p.Element == "NotResource" }) {
					return true
				}
			}
		}
	}
	return false
}

// exceptions are what a pattern is not allowed on: what is denied, and what
// within it nothing allows, since NotResource leaves it out.
func exceptions(pattern string, denied, silent []Ability) []string {
	var out []string
	for _, d := range denied {
		if overlaps(pattern, d.Resource) {
			out = append(out, d.Resource)
		}
	}
	for _, s := range silent {
		if contains(pattern, s.Resource) {
			out = append(out, s.Resource)
		}
	}
	return widest(out, contains)
}

// says that the first, which is wider, says all that the second does.
func says(wider, row *Ability) bool {
	return wider.Condition == row.Condition && contains(wider.Resource, row.Resource) && !contains(row.Resource, wider.Resource) &&
		!slices.ContainsFunc(wider.Except, func(e string) bool { return overlaps(e, row.Resource) })
}

// condition is what a statement that nearly allows lacks, when that is a
// condition; empty otherwise.
func condition(e *policy.Explanation) string {
	for i := range e.Layers {
		for j := range e.Layers[i].Policies {
			for k := range e.Layers[i].Policies[j].Statements {
				s := &e.Layers[i].Policies[j].Statements[k]
				if !s.NearMiss {
					continue
				}
				for _, p := range s.Parts {
					if p.Holds != policy.VerdictYes && p.Element == "Condition" {
						return p.Operator + " " + p.Key + " " + strings.Join(p.Wanted, ", ")
					}
				}
			}
		}
	}
	return ""
}

// add puts an action to the others of the same kind.
func (w *what) add(action string, row Ability) {
	key := strings.Join(append([]string{row.Resource, row.Condition}, row.Except...), "\x00")
	known := w.rows[key]
	if known == nil {
		known = &row
		w.rows[key] = known
	}
	known.Actions = append(known.Actions, action)
}

func (w *what) abilities() Abilities {
	for _, r := range w.rows {
		r.Actions = w.shorten(r.Actions)
		if r.Condition == "" {
			w.Allowed = append(w.Allowed, *r)
		} else {
			w.Conditional = append(w.Conditional, *r)
		}
	}
	for _, list := range [][]Ability{w.Allowed, w.Conditional} {
		slices.SortFunc(list, func(a, b Ability) int {
			return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Actions[0], b.Actions[0]), cmp.Compare(a.Condition, b.Condition))
		})
	}
	return w.Abilities
}

// shorten puts service:* in place of all known actions of a service.
func (w *what) shorten(actions []string) []string {
	count := func(list []string, service string) (n int) {
		for _, a := range list {
			if strings.HasPrefix(a, service+":") {
				n++
			}
		}
		return n
	}
	var out []string
	for _, a := range actions {
		service, _, _ := strings.Cut(a, ":")
		if n := count(w.Known, service); n > 1 && count(actions, service) >= n {
			a = service + ":*"
		}
		if len(out) == 0 || out[len(out)-1] != a {
			out = append(out, a)
		}
	}
	return out
}
