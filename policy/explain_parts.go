package policy

import "strconv"

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

func (e *principalElement) explain(q *question, s *Statement) Part {
	_, r := e.match(q)
	x := described(elementName("Principal", e.except), r)
	x.Seen = []string{q.request.Principal.name()}
	list := s.Principal
	if e.except {
		list = s.NotPrincipal
	}
	if list != nil {
		if list.Star {
			x.Wanted = []string{"*"}
		}
		for _, kind := range list.Entries {
			for _, v := range kind.Values.Items {
				x.Wanted = append(x.Wanted, kind.Type+": "+v)
			}
		}
	}
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

func (e *actionElement) explain(q *question, s *Statement) Part {
	x := described(elementName("Action", e.except), e.match(q))
	x.Seen = []string{q.request.Action}
	for _, list := range []*Values{s.Action, s.NotAction} {
		if list != nil {
			x.Wanted = append(x.Wanted, list.Items...)
		}
	}
	if e.problem != "" {
		x.Notes = append(x.Notes, "the statement "+e.problem)
	}
	for i := range e.patterns {
		if p := &e.patterns[i]; p.caveat != 0 {
			x.Notes = append(x.Notes, strconv.Quote(p.written)+" is not a legal action")
		}
	}
	return x
}

func (e *resourceElement) explain(q *question, s *Statement) Part {
	x := described(elementName("Resource", e.except), e.match(q))
	x.Seen = []string{q.request.Resource}
	for _, list := range []*Values{s.Resource, s.NotResource} {
		if list != nil {
			x.Wanted = append(x.Wanted, list.Items...)
		}
	}
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
	for i := range c.values {
		x.Wanted = append(x.Wanted, c.values[i].text.written)
	}
	e := q.request.Context.find(c.folded)
	if x.Absent = e == nil; !x.Absent {
		x.Seen = append(x.Seen, e.values...)
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
