package policy

import (
	"slices"
	"strconv"
	"strings"
)

// A statement's demands stand in this order, conditions last.
const (
	demandPrincipal = iota
	demandAction
	demandResource
	demandConditions
)

// makeHeads compiles what explanations print of the statements.
func makeHeads(d *Document, compiled []statement) []Head {
	heads := make([]Head, len(compiled))
	for i := range compiled {
		s := &d.Statements[i]
		heads[i] = Head{Index: i, SID: s.Sid(), Effect: s.Effect, Never: compiled[i].never, demands: compiled[i].demands(s)}
	}
	return heads
}

func (c *statement) demands(s *Statement) []Demand {
	list := make([]Demand, demandConditions, demandConditions+len(c.conditions))
	list[demandPrincipal] = Demand{Element: elementName("Principal", c.principal.except), Wanted: c.principal.written(s), odd: c.principal.odd()}
	list[demandAction] = Demand{Element: elementName("Action", c.action.except), Wanted: written(s.Action, s.NotAction), odd: c.action.odd()}
	list[demandResource] = Demand{Element: elementName("Resource", c.resource.except), Wanted: written(s.Resource, s.NotResource), odd: c.resource.odd()}
	for i := range s.Condition {
		for j := range s.Condition[i].Keys {
			k := &s.Condition[i].Keys[j]
			list = append(list, Demand{Element: "Condition", Operator: s.Condition[i].Operator, Key: k.Key, Wanted: k.texts()})
		}
	}
	return list
}

func elementName(name string, except bool) string {
	if except {
		return "Not" + name
	}
	return name
}

// written are the values of an element, or of its Not form. They are shared.
func written(element, except *Values) []string {
	switch {
	case element == nil && except == nil:
		return nil
	case except == nil:
		return slices.Clip(element.Items)
	case element == nil:
		return slices.Clip(except.Items)
	}
	return slices.Concat(element.Items, except.Items)
}

// written are the principals, nil for an element that is not read.
func (e *principalElement) written(s *Statement) []string {
	list := s.Principal
	if e.except {
		list = s.NotPrincipal
	}
	switch {
	case len(e.entries) == 0:
		return nil
	case list.Star:
		return []string{"*"}
	}
	texts := make([]string, 0, len(e.entries))
	for _, kind := range list.Entries {
		for _, v := range kind.Values.Items {
			texts = append(texts, kind.Type+": "+v)
		}
	}
	return texts
}

func (e *principalElement) odd() bool {
	return e.problem != "" || e.except || slices.ContainsFunc(e.entries, func(p principalEntry) bool { return p.form == principalUnclear })
}

func (e *principalElement) notes(q *question) (notes []string) {
	named := q.layer.namesPrincipals()
	switch {
	case e.problem != "":
		notes = append(notes, "the statement "+e.problem)
	case named && !e.present:
		notes = append(notes, article(policyKind(q.layer, false))+" must name principals")
	case !named && e.present:
		notes = append(notes, article(policyKind(q.layer, false))+" may not name principals")
	case q.layer == LayerResourceControl && !e.everybody():
		notes = append(notes, "a resource control policy is about the principal * and no other")
	case e.except && q.layers.Boundary != nil:
		notes = append(notes, "NotPrincipal spares nobody who has a permissions boundary")
	}
	for i := range e.entries {
		if e.entries[i].form == principalUnclear {
			notes = append(notes, strconv.Quote(e.entries[i].value)+" is not a principal")
		}
	}
	return notes
}

func (e *actionElement) odd() bool { return len(e.notes()) > 0 }

func (e *actionElement) notes() (notes []string) {
	if e.problem != "" {
		notes = append(notes, "the statement "+e.problem)
	}
	for i := range e.patterns {
		if p := &e.patterns[i]; p.caveat != 0 && !p.any {
			notes = append(notes, strconv.Quote(p.written)+" is not a legal action")
		}
	}
	return notes
}

// sameService says that the element is about actions of the request's service.
func (e *actionElement) sameService(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	for i := range e.patterns {
		if prefix, _, _ := strings.Cut(e.patterns[i].written, ":"); strings.EqualFold(prefix, service) {
			return true
		}
	}
	return false
}

func (e *resourceElement) odd() bool {
	return e.problem != "" || !e.present || slices.ContainsFunc(e.patterns, func(p resourcePattern) bool { return p.fault != arnSound || p.variables })
}

func (e *resourceElement) notes(q *question) (notes []string) {
	switch {
	case e.problem != "":
		notes = append(notes, "the statement "+e.problem)
	case !e.present:
		notes = append(notes, "the statement has neither Resource nor NotResource")
	}
	for i := range e.patterns {
		p := &e.patterns[i]
		if p.fault != arnSound && !p.any {
			notes = append(notes, strconv.Quote(p.written)+" "+p.fault.sentence())
		}
		if p.variables {
			notes = p.noteVariables(notes, q.request.Context)
		}
	}
	return notes
}

// sentence says what is wrong with an ARN pattern.
func (f arnFault) sentence() string {
	switch f {
	case arnNone:
		return "is not an ARN"
	case arnShort:
		return "has fewer than the six parts of an ARN"
	case arnService:
		return "has a wildcard in its service part"
	case arnVariable:
		return "has a variable before the fifth colon"
	}
	return ""
}

// mostNotes bounds what is said of the variables of one element: a policy may
// have thousands of them, and a value may be as long as a header.
const mostNotes = 20

// noteVariables says what stands for each variable of a pattern, once.
func (p *pattern) noteVariables(notes []string, c *Context) []string {
	for i, v := range p.pieces {
		same := func(x piece) bool { return x.kind == pieceVariable && x.key == v.key && x.text == v.text }
		switch {
		case len(notes) >= mostNotes:
			return notes
		case v.kind != pieceVariable || slices.ContainsFunc(p.pieces[:i], same):
			continue
		}
		e := c.find(v.key)
		switch {
		case v.key == "":
			notes = append(notes, strconv.Quote(p.written)+" has a variable that can not be read")
		case e != nil && !e.single():
			notes = append(notes, "${"+v.key+"} has several values, so it stands for none")
		case e != nil:
			notes = append(notes, "${"+v.key+"} is "+strconv.Quote(e.values[0]))
		case v.hasDefault:
			notes = append(notes, "${"+v.key+"} is its default "+strconv.Quote(v.text))
		default:
			notes = append(notes, "${"+v.key+"} has no value")
		}
	}
	return notes
}

// notes wants the demand the condition is, and the key's entry in the context.
func (c *condition) notes(q *question, w *Demand, e *contextEntry) (notes []string) {
	switch {
	case c.family == familyUnknown:
		notes = append(notes, strconv.Quote(w.Operator)+" is not a condition operator")
	case e != nil && e.multi && c.set == oneValue && c.family != familyNull:
		notes = append(notes, w.Key+" is multivalued: without ForAllValues or ForAnyValue the condition never holds while the key is present")
	case e != nil && e.twins() && c.family != familyNull:
		notes = append(notes, w.Key+" stands for several names that differ in letter case only")
	}
	for i := range c.values {
		v := &c.values[i]
		switch {
		case !v.readable:
			notes = append(notes, strconv.Quote(v.text.written)+" can not be read as a value of "+w.Operator)
		case v.fault != arnSound:
			notes = append(notes, strconv.Quote(v.text.written)+" "+v.fault.sentence())
		}
		if v.text.variables {
			notes = v.text.noteVariables(notes, q.request.Context)
		}
	}
	return notes
}
