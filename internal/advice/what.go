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
// about the patterns themselves, as if they were resources: what is allowed on
// a pattern is allowed on all it stands for, but for Except. Where two policies
// must allow and each has a pattern that only overlaps the other's, what they
// have in common is not found.
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

// about asks about one action: on every pattern that a statement about it has.
func (w *what) about(action string) {
	var allowed, denied []string
	for _, resource := range w.candidates(action) {
		if w.Asked++; w.Asked > mostQuestions {
			w.Cut = true
			return
		}
		request, layers := w.Ask(action, resource)
		switch d := policy.Evaluate(request, layers); d.Effect {
		case policy.Allow:
			allowed = append(allowed, resource)
		case policy.ExplicitDeny:
			denied = append(denied, resource)
		case policy.ImplicitDeny:
			if c := condition(policy.Outline(request, layers)); c != "" {
				w.add(action, Ability{Resource: resource, Condition: c})
			}
		}
	}
	for _, r := range allowed {
		if slices.ContainsFunc(allowed, func(wider string) bool { return wider != r && covers(wider, r) && !covers(r, wider) }) {
			continue
		}
		row := Ability{Resource: r}
		for _, d := range denied {
			if overlaps(r, d) {
				row.Except = append(row.Except, d)
			}
		}
		w.add(action, row)
	}
}

// candidates are the patterns of all statements about the action, and the
// resources that may have policies of their own.
func (w *what) candidates(action string) []string {
	list := []string{"*"}
	add := func(resource string) {
		resource = w.resolve(resource)
		if fits(action, resource) && !slices.Contains(list, resource) {
			list = append(list, resource)
		}
	}
	for s := range w.statements {
		if !mentions(s, action) {
			continue
		}
		for _, v := range []*policy.Values{s.Resource, s.NotResource} {
			if v != nil {
				for _, r := range v.Items {
					add(r)
				}
			}
		}
	}
	for _, r := range w.Resources {
		add(r)
	}
	return list
}

// mentions says whether the statement is about the action.
func mentions(s *policy.Statement, action string) bool {
	in := func(v *policy.Values) bool {
		return v != nil && slices.ContainsFunc(v.Items, func(p string) bool { return covers(strings.ToLower(p), strings.ToLower(action)) })
	}
	return in(s.Action) || s.NotAction != nil && !in(s.NotAction)
}

// resolve puts in the values of policy variables, as far as they have one.
func (w *what) resolve(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		values, known := w.Context.Get(name)
		switch {
		case !ok:
			b.WriteString(text)
			return b.String()
		case closed && known && len(values) == 1:
			b.WriteString(before + values[0])
		default:
			b.WriteString(before + "${" + name + "}")
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

// covers says whether a pattern with * and ? matches all of a text. It goes
// back to the last * only, so that its cost is bounded.
func covers(pattern, text string) bool {
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

// overlaps says whether some text matches both patterns.
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
