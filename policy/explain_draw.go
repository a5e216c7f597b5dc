package policy

import "slices"

// drawing is an explanation being made. Everything the tree needs is counted
// first, so that it lies in a few pieces of memory.
type drawing struct {
	*canvas
	q *question
	// The room that is left.
	policies   []PolicyExplanation
	statements []StatementExplanation
	parts      []Part
}

// canvas is an explanation with what every one of them needs.
type canvas struct {
	Explanation
	layers [LayerEndpoint]LayerExplanation
	// seen are the principal, the action and the resource of the question, as
	// the parts that see them share them.
	seen [3]string
}

func (c *canvas) seenPrincipal() []string { return c.seen[0:1:1] }
func (c *canvas) seenAction() []string    { return c.seen[1:2:2] }
func (c *canvas) seenResource() []string  { return c.seen[2:3:3] }

// room is how much a tree takes.
type room struct{ policies, statements, parts int }

func (r *room) add(layer Layer, policies []Attached) {
	r.policies += len(policies)
	for i := range policies {
		if p := policies[i].Policy; p != nil {
			r.statements += len(p.statements)
			r.parts += p.parts(layer)
		}
	}
}

func (r *room) addOne(layer Layer, a *Attached) {
	if a != nil && a.Policy != nil {
		r.statements += len(a.Policy.statements)
		r.parts += a.Policy.parts(layer)
	}
	if a != nil {
		r.policies++
	}
}

// measure is the room for the tree of some policies.
func (l *Layers) measure() room {
	var r room
	for _, level := range l.ResourceControl {
		r.add(LayerResourceControl, level)
	}
	for _, level := range l.ServiceControl {
		r.add(LayerServiceControl, level)
	}
	r.addOne(LayerResource, l.Resource)
	r.add(LayerIdentity, l.Identity)
	r.addOne(LayerBoundary, l.Boundary)
	r.add(LayerSession, l.Session)
	r.addOne(LayerEndpoint, l.Endpoint)
	return r
}

// parts is how many demands of the policy count in a layer.
func (p *Policy) parts(layer Layer) int {
	n := 0
	for i := range p.statements {
		s := &p.statements[i]
		n += len(s.demands)
		if !s.asksPrincipal(layer) {
			n--
		}
		if !s.asksResource(layer) {
			n--
		}
	}
	return n
}

// asksPrincipal says that the statement's Principal, or the want of one, counts.
func (s *statement) asksPrincipal(l Layer) bool { return s.principal.present || l.namesPrincipals() }

// asksResource says that the statement's Resource, or the want of one, counts.
func (s *statement) asksResource(l Layer) bool { return s.resource.present || l != LayerResource }

// draw goes through the layers in the order of Evaluate, which has judged them.
func (d *drawing) draw(o *opinions) {
	l := d.q.layers
	need := l.measure()
	d.policies = make([]PolicyExplanation, need.policies)
	d.statements = make([]StatementExplanation, need.statements)
	d.parts = make([]Part, need.parts)
	d.Layers = d.layers[:0]
	d.layer(LayerResourceControl, &o.resourceControl, false, nil, l.ResourceControl...)
	d.layer(LayerServiceControl, &o.serviceControl, false, nil, l.ServiceControl...)
	d.layer(LayerResource, &o.resource, l.ResourceMustAllow || d.Accounts != "same", l.Resource)
	// Nobody else has policies of its own. Were some given, a Deny would count.
	if d.q.request.Principal.hasAccount() || len(l.Identity)+len(l.Session) > 0 || l.Boundary != nil {
		d.layer(LayerIdentity, &o.identity, true, nil, l.Identity)
		d.layer(LayerBoundary, &o.boundary, false, l.Boundary)
		d.layer(LayerSession, &o.session, d.q.sessionLimited(), nil, l.Session)
	}
	d.layer(LayerEndpoint, &o.endpoint, false, l.Endpoint)
}

// layer draws one layer: its only policy, or those of its levels.
func (d *drawing) layer(layer Layer, o *opinion, required bool, only *Attached, levels ...[]Attached) {
	d.q.layer = layer
	n := 0
	if only != nil {
		n++
		d.policy(only, &d.policies[0])
	}
	for _, level := range levels {
		for i := range level {
			d.policy(&level[i], &d.policies[n])
			n++
		}
	}
	d.Layers = d.Layers[:len(d.Layers)+1]
	x := &d.Layers[len(d.Layers)-1]
	x.Layer, x.Present, x.Says = layer, required || n > 0, "nothing"
	switch {
	case o.deny.found:
		x.Says = "deny"
	case o.allow.found && x.Present:
		x.Says, x.Grade = "allow", o.allow.grade
	}
	if n > 0 {
		x.Policies, d.policies = d.policies[:n:n], d.policies[n:]
	}
}

func (d *drawing) policy(a *Attached, x *PolicyExplanation) {
	x.Name, x.ARN, x.Source = a.Name, a.ARN, a.Source
	if a.Policy == nil {
		return
	}
	x.Digest = a.Policy.digest
	n := len(a.Policy.statements)
	if n == 0 {
		return
	}
	x.Statements, d.statements = d.statements[:n:n], d.statements[n:]
	for i := range x.Statements {
		w := &a.Policy.document.Statements[i]
		x.Statements[i].Index, x.Statements[i].SID, x.Statements[i].Effect = i, w.Sid(), w.Effect
		d.statement(&a.Policy.statements[i], &x.Statements[i])
	}
}

// statement asks every part of a statement once. What they say together is
// what match says, which only stops asking earlier.
func (d *drawing) statement(s *statement, x *StatementExplanation) {
	q, t := d.q, tally{all: sure()}
	grade := GradeNone
	if s.asksPrincipal(q.layer) {
		g, one := s.principal.match(q)
		grade = g
		p := d.part(&t, &s.demands[demandPrincipal], one)
		p.Seen, p.Notes = d.seenPrincipal(), s.principal.notes(q)
	}
	action := s.action.match(q)
	p := d.part(&t, &s.demands[demandAction], action)
	p.Seen, p.Notes = d.seenAction(), s.action.notes()
	if s.asksResource(q.layer) {
		p := d.part(&t, &s.demands[demandResource], s.resource.match(q))
		p.Seen, p.Notes = d.seenResource(), s.resource.notes(q)
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		p := d.part(&t, &s.demands[demandConditions+i], c.match(q))
		e := q.request.Context.find(c.folded)
		if p.Absent = e == nil; !p.Absent {
			p.Seen = slices.Clip(e.values)
		}
		p.Notes = c.notes(q, p.Demand, e)
	}
	x.Parts, d.parts = d.parts[:t.asked:t.asked], d.parts[t.asked:]
	x.Never = s.never
	switch {
	case s.never != "":
	case s.effect.applies(t.all):
		x.Applies, x.Grade = true, grade
	case s.effect == Allow && t.missing == 1:
		// One part alone keeps it from applying. A statement about another
		// service is not near.
		x.NearMiss = action.verdict == yes || s.action.except || s.action.sameService(q.request.Action)
	}
}

// tally is what the parts of a statement say so far.
type tally struct {
	asked, missing int
	all            result
}

// part adds one to those of the statement being drawn.
func (d *drawing) part(t *tally, w *Demand, one result) *Part {
	x := &d.parts[t.asked]
	t.asked++
	if one.verdict != yes {
		t.missing++
	}
	if !one.isSure() {
		t.all = both(t.all, one)
	}
	x.Demand, x.Holds, x.Caveats = w, one.verdict.String(), one.caveats
	return x
}
