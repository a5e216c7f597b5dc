package policy

// Outline is Explain without the fixes: for those who want to know which
// statements apply, and not what would change the answer.
func Outline(r *Request, l *Layers) *Explanation {
	d := Evaluate(r, l)
	q := newQuestion(r, l)
	e := &Explanation{
		Decision:  d,
		Principal: r.Principal.name(),
		Action:    r.Action,
		Resource:  r.Resource,
		Caveats:   d.Caveats.List(),
	}
	e.seen = &seen{e.Principal, e.Action, e.Resource}
	owner, _ := q.ownership()
	e.Accounts = [...]string{"same", "cross", "none"}[owner]
	if q.problem != "" {
		e.Summary = "denied: " + q.problem
		return e
	}
	e.explainLayers(&q)
	e.Summary = e.summarize()
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
