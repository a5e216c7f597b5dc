package policy

import (
	"slices"
	"strconv"
)

// described is a part with the result of its matcher.
func described(element string, r result) Part {
	return Part{Element: element, Holds: r.verdict.String(), Caveats: r.caveats}
}

func elementName(name string, except bool) string {
	if except {
		return "Not" + name
	}
	return name
}

func (e *principalElement) explain(q *question, seen []string) Part {
	_, r := e.match(q)
	x := described(elementName("Principal", e.except), r)
	x.Wanted, x.Seen = e.wanted, seen
	switch {
	case e.problem != "":
		x.Notes = append(x.Notes, "the statement "+e.problem)
	case q.layer.namesPrincipals() && !e.present:
		x.Notes = append(x.Notes, article(policyKind(q.layer, false))+" must name principals")
	case !q.layer.namesPrincipals() && e.present:
		x.Notes = append(x.Notes, article(policyKind(q.layer, false))+" may not name principals")
	case q.layer == LayerResourceControl && !e.everybody():
		x.Notes = append(x.Notes, "a resource control policy is about the principal * and no other")
	case e.except && q.layers.Boundary != nil:
		x.Notes = append(x.Notes, "NotPrincipal spares nobody who has a permissions boundary")
	}
	for i := range e.entries {
		if e.entries[i].form == principalUnclear {
			x.Notes = append(x.Notes, strconv.Quote(e.entries[i].value)+" is not a principal")
		}
	}
	return x
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

func (e *actionElement) explain(q *question, s *Statement, seen []string) Part {
	x := described(elementName("Action", e.except), e.match(q))
	x.Wanted, x.Seen = written(s.Action, s.NotAction), seen
	if e.problem != "" {
		x.Notes = append(x.Notes, "the statement "+e.problem)
	}
	for i := range e.patterns {
		if p := &e.patterns[i]; p.caveat != 0 && !p.any {
			x.Notes = append(x.Notes, strconv.Quote(p.written)+" is not a legal action")
		}
	}
	return x
}

func (e *resourceElement) explain(q *question, s *Statement, seen []string) Part {
	x := described(elementName("Resource", e.except), e.match(q))
	x.Wanted, x.Seen = written(s.Resource, s.NotResource), seen
	switch {
	case e.problem != "":
		x.Notes = append(x.Notes, "the statement "+e.problem)
	case !e.present:
		x.Notes = append(x.Notes, "the statement has neither Resource nor NotResource")
	}
	for i := range e.patterns {
		p := &e.patterns[i]
		if p.fault != arnSound && !p.any {
			x.Notes = append(x.Notes, strconv.Quote(p.written)+" "+p.fault.sentence())
		}
		x.Notes = p.noteVariables(x.Notes, q.request.Context)
	}
	return x
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

// noteVariables says what stands for each variable of a pattern.
func (p *pattern) noteVariables(notes []string, c *Context) []string {
	for _, v := range p.pieces {
		if v.kind != pieceVariable {
			continue
		}
		e := c.find(v.key)
		switch {
		case v.key == "":
			notes = append(notes, strconv.Quote(p.written)+" has a variable that can not be read")
		case e != nil && e.multi:
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

func (c *condition) explain(q *question) Part {
	x := described("Condition", c.match(q))
	x.Operator, x.Key = c.written, c.name
	x.Wanted = c.wanted
	e := q.request.Context.find(c.folded)
	if x.Absent = e == nil; !x.Absent {
		x.Seen = slices.Clip(e.values)
	}
	switch {
	case c.family == familyUnknown:
		x.Notes = append(x.Notes, strconv.Quote(c.written)+" is not a condition operator")
	case e != nil && e.multi && c.set == oneValue && c.family != familyNull:
		x.Notes = append(x.Notes, c.name+" is multivalued: without ForAllValues or ForAnyValue the condition never holds while the key is present")
	}
	for i := range c.values {
		v := &c.values[i]
		switch {
		case !v.readable:
			x.Notes = append(x.Notes, strconv.Quote(v.text.written)+" can not be read as a value of "+c.written)
		case v.fault != arnSound:
			x.Notes = append(x.Notes, strconv.Quote(v.text.written)+" "+v.fault.sentence())
		}
		x.Notes = v.text.noteVariables(x.Notes, q.request.Context)
	}
	return x
}
