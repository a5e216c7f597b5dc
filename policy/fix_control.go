package policy

// addControl puts an allowing policy on the first level of control policies
// that has none. A request may need one on several levels: each is a change of
// its own.
func (w *workbench) addControl(layer Layer) (Change, bool) {
	levels, kind := w.layers.ServiceControl, AddToServiceControl
	s := Statement{Effect: "Allow", Action: One(w.request.Action), Resource: One(escape(w.request.Resource))}
	if layer == LayerResourceControl {
		levels, kind = w.layers.ResourceControl, AddToResourceControl
		s.Principal = &Principals{Star: true}
	}
	q := newQuestion(w.request, &w.layers)
	i := q.missingLevel(layer, levels)
	if i < 0 {
		return Change{}, false
	}
	if w.request.Resource == "*" {
		s.Resource = One("*")
	}
	s.Condition = w.pin(nil, "ArnEquals", "aws:PrincipalArn")
	c := Change{Layer: layer, Kind: kind, Exact: len(s.Condition) > 0, Statements: []string{string(s.JSON())}}
	c.Target = "level " + ordinal(i) + " of the organization"
	if n := len(levels[i]); n > 0 && levels[i][n-1].Source != "" {
		c.Target = levels[i][n-1].Source
	}
	c.Text = "attach " + article(policyKind(layer, false)) + " to " + c.Target + " that allows " + w.request.Action + " on " + w.request.Resource
	levels[i] = append(levels[i], Attached{Name: "new policy", Policy: single(s), Source: c.Target})
	if q.missingLevel(layer, levels) == i {
		// What was added does not help, so nothing will.
		return Change{}, false
	}
	return c, true
}
