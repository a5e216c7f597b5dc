package policy

import "strings"

// opinions are what the layers say, each judged on its own.
type opinions struct {
	resourceControl, serviceControl, resource, identity, boundary, session, endpoint opinion
}

// Evaluate decides a request. It changes nothing and allocates nothing. The
// order of the layers below is AWS's; since every one of them but the
// resource's can only deny, it mostly decides which denial is named.
func Evaluate(r *Request, l *Layers) Decision {
	var q question
	q.ask(r, l)
	if q.problem != "" {
		return notJudged()
	}
	var o opinions
	q.judge(&o)
	return q.decide(&o).decision()
}

// ruling is a decision while it is made: it fits in registers.
type ruling struct {
	effect Effect
	layer  Layer
	// by is the statement that decided, nil when none did.
	by      *finding
	caveats CaveatSet
}

func (r ruling) decision() Decision {
	if r.by == nil {
		return Decision{r.effect, r.layer, -1, -1, r.caveats}
	}
	return Decision{r.effect, r.layer, int(r.by.policy), int(r.by.statement), r.caveats}
}

// notJudged answers a question with a problem.
func notJudged() Decision {
	return Decision{Policy: -1, Statement: -1, Caveats: CaveatNotUnderstood}
}

// judge asks every layer.
func (q *question) judge(o *opinions) {
	l := q.layers
	o.resourceControl.judgeControl(q, LayerResourceControl, l.ResourceControl)
	o.serviceControl.judgeControl(q, LayerServiceControl, l.ServiceControl)
	o.resource.judgeResource(q)
	o.identity.judgeIdentity(q)
	o.boundary.judgeBoundary(q)
	o.session.judgeSession(q)
	o.endpoint.judgeEndpoint(q)
}

// decide puts the opinions together.
func (q *question) decide(o *opinions) ruling {
	// 1. An explicit deny anywhere is final.
	if layer, f := o.firstDeny(); f != nil {
		return ruling{ExplicitDeny, layer, f, f.caveats}
	}
	// 2. The organization's control policies, at every level.
	if !o.resourceControl.allow.found {
		return o.refuse(LayerResourceControl, &o.resourceControl, 0)
	}
	if !o.serviceControl.allow.found {
		return o.refuse(LayerServiceControl, &o.serviceControl, 0)
	}
	owner, caveats := q.ownership()
	grant := o.resource.resourceGrant()
	// 3. The resource's policy: it may let the principal in alone.
	switch {
	case owner == noAccount && !grant.letsIn(),
		owner == crossAccount && grant == GradeNone,
		q.layers.ResourceMustAllow && grant == GradeNone:
		return o.refuse(LayerResource, &o.resource, caveats)
	case owner == noAccount, owner == sameAccount && grant.letsIn():
		return o.admit(q, LayerResource, &o.resource.allow, caveats)
	}
	// 4. The identity policies.
	layer, speaks := LayerIdentity, &o.identity.allow
	if owner == sameAccount && grant.replacesIdentity() {
		layer, speaks = LayerResource, &o.resource.allow
	}
	if !speaks.found {
		return o.refuse(LayerIdentity, &o.identity, caveats)
	}
	// 5. The permissions boundary.
	if !o.boundary.allow.found {
		return o.refuse(LayerBoundary, &o.boundary, caveats)
	}
	// 6. The session policies.
	if !o.session.allow.found {
		return o.refuse(LayerSession, &o.session, caveats)
	}
	if owner == crossAccount || q.layers.ResourceMustAllow {
		caveats |= o.resource.allow.caveats
	}
	caveats |= o.boundary.allow.caveats | o.session.allow.caveats
	return o.admit(q, layer, speaks, caveats)
}

// firstDeny finds the explicit deny that is named: the first in the order of
// the layers that rests on nothing open, else the first. It is nil when there
// is none.
func (o *opinions) firstDeny() (layer Layer, first *finding) {
	consider := func(l Layer, f *finding) {
		if f.found && (first == nil || f.caveats == 0 && first.caveats != 0) {
			layer, first = l, f
		}
	}
	consider(LayerResourceControl, &o.resourceControl.deny)
	consider(LayerServiceControl, &o.serviceControl.deny)
	consider(LayerResource, &o.resource.deny)
	consider(LayerIdentity, &o.identity.deny)
	consider(LayerBoundary, &o.boundary.deny)
	consider(LayerSession, &o.session.deny)
	consider(LayerEndpoint, &o.endpoint.deny)
	return layer, first
}

// refuse is an implicit deny, for want of an Allow in a layer. It rests on the
// rules that kept an Allow of that layer, or of the resource's, from applying.
func (o *opinions) refuse(layer Layer, missing *opinion, caveats CaveatSet) ruling {
	return ruling{ImplicitDeny, layer, nil, caveats | missing.openAllow | o.resource.openAllow}
}

// admit is an allow, if the VPC endpoint the request came through agrees: where
// AWS asks it is not said, so it is the last to be named. An allow rests on the
// rules that kept a Deny from applying too.
func (o *opinions) admit(q *question, layer Layer, f *finding, caveats CaveatSet) ruling {
	if !o.endpoint.allow.found {
		return o.refuse(LayerEndpoint, &o.endpoint, caveats)
	}
	caveats |= f.caveats | o.openDeny() | o.resourceControl.allow.caveats | o.serviceControl.allow.caveats | o.endpoint.allow.caveats
	if layer == LayerResource && q.request.Principal.hasAccount() && !o.ownSideAllows() && !recordedAt(q.request.Action) {
		caveats |= CaveatGrantElsewhere
	}
	return ruling{Allow, layer, f, caveats}
}

// ownSideAllows says that the principal's own policies would have been enough.
func (o *opinions) ownSideAllows() bool {
	return o.identity.allow.found && o.boundary.allow.found && o.session.allow.found
}

// recordedAt names the services at which grants by resource policy alone were recorded.
func recordedAt(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	return strings.EqualFold(service, "s3") || strings.EqualFold(service, "sts")
}

// openDeny are the rules without which some Deny would have applied.
func (o *opinions) openDeny() CaveatSet {
	return o.resourceControl.openDeny | o.serviceControl.openDeny | o.resource.openDeny | o.identity.openDeny |
		o.boundary.openDeny | o.session.openDeny | o.endpoint.openDeny
}
