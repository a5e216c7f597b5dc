package policy

import "slices"

// drawing is an explanation being made. Everything the tree needs is counted
// first, so that it lies in a few pieces of memory.
type drawing struct {
	*canvas
	// The room that is left.
	policies   []PolicyExplanation
	statements []StatementExplanation
	parts      []Part
	answers    []Answer
}

// canvas is an explanation with what every one of them needs.
type canvas struct {
	Explanation
	layers [LayerEndpoint]LayerExplanation
	// question is the principal, the action and the resource, by demand.
	question [demandConditions]string
	// plain are the answers of most parts about them, which share them: no and
	// yes without more.
	plain [demandConditions][2]Answer
}

// room is how much a tree takes.
type room struct{ policies, statements, parts, conditions int }

func (r *room) add(layer Layer, policies []Attached) {
	r.policies += len(policies)
	for i := range policies {
		if p := policies[i].Policy; p != nil {
			r.addStatements(layer, p.statements)
		}
	}
}

func (r *room) addOne(layer Layer, a *Attached) {
	if a == nil {
		return
	}
	r.policies++
	if a.Policy != nil {
		r.addStatements(layer, a.Policy.statements)
	}
}

func (r *room) addStatements(layer Layer, list []statement) {
	r.statements += len(list)
	for i := range list {
		s := &list[i]
		r.conditions += len(s.conditions)
		r.parts += demandConditions + len(s.conditions)
		if !s.asksPrincipal(layer) {
			r.parts--
		}
		if !s.asksResource(layer) {
			r.parts--
		}
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

// asksPrincipal says that the statement's Principal, or the want of one, counts.
func (s *statement) asksPrincipal(l Layer) bool { return s.principal.present || l.namesPrincipals() }

// asksResource says that the statement's Resource, or the want of one, counts.
func (s *statement) asksResource(l Layer) bool { return s.resource.present || l != LayerResource }

// draw goes through the layers in the order of Evaluate, which has judged them.
func (d *drawing) draw(q *question, o *opinions) {
	l := q.layers
	need := l.measure()
	d.policies = make([]PolicyExplanation, need.policies)
	d.statements = make([]StatementExplanation, need.statements)
	d.parts = make([]Part, need.parts)
	d.answers = make([]Answer, need.conditions)
	for i := range d.plain {
		seen := d.question[i : i+1 : i+1]
		d.plain[i] = [...]Answer{{Holds: no, Seen: seen}, {Holds: yes, Seen: seen}}
	}
	d.Layers = d.layers[:0]
	d.layer(q, LayerResourceControl, &o.resourceControl, false, nil, l.ResourceControl...)
	d.layer(q, LayerServiceControl, &o.serviceControl, false, nil, l.ServiceControl...)
	d.layer(q, LayerResource, &o.resource, l.ResourceMustAllow || d.Accounts != "same", l.Resource)
	// Nobody else has policies of its own. Were some given, a Deny would count.
	if q.request.Principal.hasAccount() || len(l.Identity)+len(l.Session) > 0 || l.Boundary != nil {
		d.layer(q, LayerIdentity, &o.identity, true, nil, l.Identity)
		d.layer(q, LayerBoundary, &o.boundary, false, l.Boundary)
		d.layer(q, LayerSession, &o.session, q.sessionLimited(), nil, l.Session)
	}
	d.layer(q, LayerEndpoint, &o.endpoint, false, l.Endpoint)
}

// layer draws one layer: its only policy, or those of its levels.
func (d *drawing) layer(q *question, layer Layer, o *opinion, required bool, only *Attached, levels ...[]Attached) {
	q.layer = layer
	n := 0
	if only != nil {
		n++
		d.policy(q, only, &d.policies[0])
	}
	for _, level := range levels {
		for i := range level {
			d.policy(q, &level[i], &d.policies[n])
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

func (d *drawing) policy(q *question, a *Attached, x *PolicyExplanation) {
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
		x.Statements[i].Head = &a.Policy.heads[i]
		d.statement(q, &a.Policy.statements[i], &x.Statements[i])
	}
}

// statement asks every part of a statement once. What they say together is
// what match says, which only stops asking earlier.
func (d *drawing) statement(q *question, s *statement, x *StatementExplanation) {
	t := tally{demands: x.demands, all: sure()}
	grade := GradeNone
	if s.asksPrincipal(q.layer) {
		g, one := s.principal.match(q)
		grade = g
		d.element(&t, demandPrincipal, one)
		if t.odd(demandPrincipal) || s.principal.present != q.layer.namesPrincipals() || q.layer == LayerResourceControl {
			d.note(&t, s.principal.notes(q))
		}
	}
	action := s.action.match(q)
	d.element(&t, demandAction, action)
	if t.odd(demandAction) {
		d.note(&t, s.action.notes())
	}
	if s.asksResource(q.layer) {
		d.element(&t, demandResource, s.resource.match(q))
		if t.odd(demandResource) {
			d.note(&t, s.resource.notes(q))
		}
	}
	for i := range s.conditions {
		d.condition(q, &t, i, &s.conditions[i])
	}
	x.Parts, d.parts = d.parts[:t.asked:t.asked], d.parts[t.asked:]
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
	demands        []Demand
	asked, missing int
	all            result
}

func (t *tally) odd(demand int) bool { return t.demands[demand].odd }

// part adds one to those of the statement being drawn.
func (d *drawing) part(t *tally, demand int, one result, a *Answer) {
	x := &d.parts[t.asked]
	x.Demand, x.Answer = &t.demands[demand], a
	t.asked++
	if one.verdict != yes {
		t.missing++
	}
	if !one.isSure() {
		t.all = both(t.all, one)
	}
}

// element adds a part about the principal, the action or the resource.
func (d *drawing) element(t *tally, demand int, one result) {
	a := &d.plain[demand][one.verdict/yes]
	if one.verdict == unsure || one.caveats != 0 {
		a = &Answer{Holds: one.verdict, Seen: a.Seen, Caveats: one.caveats}
	}
	d.part(t, demand, one, a)
}

// note adds notes to the last part.
func (d *drawing) note(t *tally, notes []string) {
	if len(notes) == 0 {
		return
	}
	a := *d.parts[t.asked-1].Answer
	a.Notes = notes
	d.parts[t.asked-1].Answer = &a
}

func (d *drawing) condition(q *question, t *tally, i int, c *condition) {
	a, w := &d.answers[0], &t.demands[demandConditions+i]
	d.answers = d.answers[1:]
	one, e := c.match(q), q.request.Context.find(c.folded)
	a.Holds, a.Caveats, a.Notes = one.verdict, one.caveats, c.notes(q, w, e)
	if a.Absent = e == nil; !a.Absent {
		a.Seen = slices.Clip(e.values)
	}
	d.part(t, demandConditions+i, one, a)
}
