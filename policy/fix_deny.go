package policy

import (
	"slices"
	"strings"
)

// lift takes the request out of the Deny that decided.
//
// What a Deny covers without this principal, this action and this resource is
// what it covers for other principals, plus for other actions, plus for other
// resources: three statements. Where one of them can not be written, the
// change spares more than the request and says so; where none can, the
// statement goes.
func (w *workbench) lift(d Decision) Change {
	a := w.layers.at(d.Layer, d.Policy)
	denied := a.Policy.document.Statements[d.Statement]
	index := d.Statement
	c := Change{Layer: d.Layer, Kind: NarrowDeny, Target: a.Source, Policy: a.Name, Replaces: &index}
	if c.Target == "" {
		c.Target = a.Name
	}

	rest, written := w.remainder(&denied, d.Layer, a.Policy.document.Version)
	c.Exact = written == 3
	name := "statement " + ordinal(d.Statement)
	if sid := denied.Sid(); sid != "" {
		name += " (" + sid + ")"
	}
	name += " of " + article(policyKind(d.Layer, isTrust(w.request.Action, w.request.Resource)))
	if a.Source != "" {
		name += " of " + a.Source
	}
	switch {
	case len(rest) == 0 && c.Exact:
		c.Kind, c.Text = RemoveDeny, "remove "+name+": it denies nothing else"
	case len(rest) == 0:
		c.Kind, c.Text = RemoveDeny, "remove "+name+", which lifts it for everything it denies"
	case c.Exact:
		c.Text = "narrow " + name + " so that it spares this request alone"
	default:
		c.Text = "narrow " + name + " so that it spares this request, and what can not be told from it"
	}
	for i := range rest {
		c.Statements = append(c.Statements, string(rest[i].JSON()))
	}
	a.Policy = a.Policy.edit(d.Statement, 1, rest...)
	return c
}

// denies says whether a statement still denies the request.
func (w *workbench) denies(s *Statement, layer Layer, version string) bool {
	q := newQuestion(w.request, &w.layers)
	q.layer = layer
	c := compileStatement(s, version == Version2012)
	_, r := c.match(&q)
	return c.effect.applies(r)
}

// remainder is what a Deny covers besides the request, and how many of the
// three statements for it can be written. One that would cover nothing is
// written by leaving it out.
func (w *workbench) remainder(denied *Statement, layer Layer, version string) (rest []Statement, written int) {
	for i, part := range []func(*Statement) (bool, bool){w.otherPrincipals, w.otherActions, w.otherResources} {
		s := denied.Clone()
		possible, empty := part(&s)
		if !possible || !empty && w.denies(&s, layer, version) {
			continue
		}
		written++
		if !empty {
			if i > 0 {
				s.SID = nil
			}
			rest = append(rest, s)
		}
	}
	return rest, written
}

// otherPrincipals narrows a Deny to those who are not the caller.
func (w *workbench) otherPrincipals(s *Statement) (possible, empty bool) {
	key, operators := "aws:PrincipalArn", []string{"ArnNotEquals", "ArnNotLike", "StringNotEquals"}
	switch w.request.Principal.Kind {
	case Service:
		key, operators = "aws:PrincipalServiceName", []string{"StringNotEquals", "StringNotLike"}
	case Anonymous, ProviderUser:
		return false, false
	}
	for _, operator := range operators {
		if slices.ContainsFunc(s.Condition, func(b ConditionBlock) bool { return b.Operator == operator }) {
			continue
		}
		pinned := w.pin(nil, operator, key)
		s.Condition = append(s.Condition, pinned...)
		return len(pinned) > 0, false
	}
	return false, false
}

// otherActions narrows a Deny to the actions that are not the request's.
func (w *workbench) otherActions(s *Statement) (possible, empty bool) {
	action := w.request.Action
	if s.NotAction != nil {
		s.NotAction.Items, s.NotAction.Lone = append(s.NotAction.Items, action), false
		return true, false
	}
	if noItems(s.Action) {
		// It denies by what it lacks.
		return false, false
	}
	s.Action.Items = slices.DeleteFunc(s.Action.Items, func(a string) bool { return strings.EqualFold(a, action) })
	for _, a := range s.Action.Items {
		if p := compileAction(a); p.any {
			s.NotAction, s.Action = One(action), nil
			return true, false
		}
	}
	// remainder tests whether one of those left covers the action.
	return true, len(s.Action.Items) == 0
}

// otherResources narrows a Deny to the resources that are not the request's.
func (w *workbench) otherResources(s *Statement) (possible, empty bool) {
	resource := w.request.Resource
	switch {
	case resource == "*", s.Resource == nil && s.NotResource == nil:
		// Nothing else is ever asked about.
		return true, true
	case s.NotResource != nil:
		s.NotResource.Items, s.NotResource.Lone = append(s.NotResource.Items, escape(resource)), false
		return true, false
	case len(s.Resource.Items) == 0:
		return false, false
	}
	s.Resource.Items = slices.DeleteFunc(s.Resource.Items, func(r string) bool { return r == resource && r == escape(r) })
	for _, r := range s.Resource.Items {
		if r == "*" {
			s.NotResource, s.Resource = One(escape(resource)), nil
			return true, false
		}
	}
	return true, len(s.Resource.Items) == 0
}
