package policy

// Outline is Explain without the fixes: for those who want to know which
// statements apply, and not what would change the answer.
func Outline(r *Request, l *Layers) *Explanation {
	var q question
	q.ask(r, l)
	c := &canvas{question: [...]string{r.Principal.name(), r.Action, r.Resource}}
	e := &c.Explanation
	e.Principal, e.Action, e.Resource = c.question[demandPrincipal], c.question[demandAction], c.question[demandResource]
	owner, _ := q.ownership()
	e.Accounts = [...]string{"same", "cross", "none"}[owner]
	if q.problem != "" {
		e.Decision, e.Summary = notJudged(), "denied: "+q.problem
		e.Caveats = e.Decision.Caveats.List()
		return e
	}
	// Decide first: the tree shows what was found, and is not asked again.
	var o opinions
	q.judge(&o)
	e.Decision = q.decide(&o).decision()
	e.Caveats = e.Decision.Caveats.List()
	d := drawing{canvas: c}
	d.draw(&q, &o)
	e.Summary = e.Decision.summary(r, l)
	return e
}

// Says is what a layer says in an explanation: Allow, ExplicitDeny, or
// ImplicitDeny when it says nothing or is not there.
func (e *Explanation) Says(layer Layer) Effect {
	for i := range e.Layers {
		if e.Layers[i].Layer != layer {
			continue
		}
		switch e.Layers[i].Says {
		case "allow":
			return Allow
		case "deny":
			return ExplicitDeny
		}
	}
	return ImplicitDeny
}
