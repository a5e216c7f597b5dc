// Package gate decides. For one question of op it gathers the caller's
// policies from the directory and the resource's facts from its owner, asks
// the policy engine, records question and answer in the trail, and answers.
//
// It decides nothing itself: everything that can deny or allow is in package
// policy. What goes wrong in here denies.
package gate

import (
	"context"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// Gate implements op.Gate. It is safe for concurrent use.
type Gate struct {
	directory     op.Directory
	organizations op.Organizations
	owners        map[string]op.Service
	encoder       op.Encoder
	trail         *trail.Trail
	bug           *bug.Reporter
}

// New makes a gate over the services that own resources. One of them may know
// of organizations.
func New(d op.Directory, services []op.Service, t *trail.Trail, b *bug.Reporter) *Gate {
	g := &Gate{directory: d, organizations: standalone{}, owners: map[string]op.Service{}, encoder: op.EncoderOf(services), trail: t, bug: b}
	for _, s := range services {
		g.owners[s.API().ID] = s
		if o, ok := s.(op.Organizations); ok {
			g.organizations = o
		}
	}
	return g
}

// Admit implements op.Gate.
func (g *Gate) Admit(ctx context.Context, q *op.Question) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = op.InternalFailure()
			g.failed(ctx, q, p)
		}
	}()
	if q.Nothing != "" {
		return g.admitNothing(q)
	}
	return g.admit(ctx, q)
}

// failed reports a fault of the gate and records the denial it ends in.
func (g *Gate) failed(ctx context.Context, q *op.Question, fault any) {
	defer g.bug.Report(ctx, "panic in the gate, on %s: %v", q.Action, fault)
	r := newRecord(q)
	r.Effect, r.Refused, r.Message = policy.ImplicitDeny.String(), trail.Fault, op.InternalFailure().Message
	g.trail.Add(r, &policy.Layers{})
}

// admitNothing lets every signed caller do what AWS allows to every signed caller.
func (g *Gate) admitNothing(q *op.Question) error {
	r := newRecord(q)
	r.Nothing = q.Nothing
	switch _, exists := g.grants(q.Call.Caller); {
	case q.Call.Caller.Kind() == caller.AnonymousKind, q.Call.Caller.Kind() == caller.Nobody:
		r.Refused = trail.Unsigned
	case !exists:
		r.Refused = trail.NoPrincipal
	default:
		r.Effect, r.Allowed = policy.Allow.String(), true
		g.trail.Add(r, &policy.Layers{})
		return nil
	}
	o := q.Call.Operation
	r.Effect = policy.ImplicitDeny.String()
	r.Message = policy.MessageBare(&policy.Request{Principal: r.Principal, Action: o.Service.ID + ":" + o.Name})
	g.trail.Add(r, &policy.Layers{})
	return denied(o.Service, r.Message)
}

func (g *Gate) admit(ctx context.Context, q *op.Question) error {
	a := g.answer(ctx, q)
	r := newRecord(q)
	r.Refused = a.Refused
	fill(r, &a.Request, a.Decision)
	if a.Decision.Allowed() {
		g.trail.Add(r, &a.Layers)
		return nil
	}
	if proven(q, &a) {
		r.Effect, r.Allowed, r.Layer, r.Nothing = policy.Allow.String(), true, "", q.Secret
		g.trail.Add(r, &a.Layers)
		return nil
	}
	text := message(q, &a.Request, &a.Layers, a.Decision)
	r.Message = text
	g.trail.Add(r, &a.Layers)
	return denied(q.Call.Operation.Service, g.encoded(ctx, q, &a, g.worded(q, &a, text)))
}

// proven says whether an unsigned caller's secret stands in for the Allow that no
// policy gives: policies were asked, and none denied.
func proven(q *op.Question, a *op.Answer) bool {
	return q.Secret != "" && q.Call.Caller.Kind() == caller.AnonymousKind && a.Refused == "" && a.Decision.Effect == policy.ImplicitDeny
}

// answer gathers what a question is decided on, and decides it.
func (g *Gate) answer(ctx context.Context, q *op.Question) (a op.Answer) {
	c := q.Call
	grants, exists := g.grants(c.Caller)
	facts := g.facts(q)
	a.Request = policy.Request{
		Principal: c.Caller.Principal(), Action: q.Action, Resource: q.Resource.ARN,
		ResourceAccount: g.owner(q, facts), Context: g.context(ctx, q, facts, grants),
	}
	g.layers(q, facts, grants, &a.Layers)
	g.control(q, a.Request.ResourceAccount, &a.Layers)
	switch {
	case c.Caller.Kind() == caller.Nobody:
		a.Refused = trail.NotSigned
	case !exists:
		a.Refused = trail.NoPrincipal
	case q.Unknown:
		a.Refused = trail.UnknownResource
	default:
		a.Decision = policy.Evaluate(&a.Request, &a.Layers)
	}
	return a
}

// grants asks the directory for the caller's own policies and tags, once for
// each question. exists is false when nothing may allow the caller anything: it
// is nobody, or its principal does not exist (any more).
func (g *Gate) grants(c caller.Caller) (grants op.Grants, exists bool) {
	switch c.Kind() {
	case caller.AnonymousKind, caller.ServiceKind:
		return op.Grants{}, true
	case caller.RootKind, caller.UserKind, caller.RoleSessionKind, caller.FederatedKind:
		return g.directory.Grants(c)
	}
	return op.Grants{}, false
}

// layers gathers the policies that apply.
func (g *Gate) layers(q *op.Question, facts op.Facts, grants op.Grants, l *policy.Layers) {
	l.Resource, l.ResourceMustAllow = facts.Policy, facts.MustAllow
	l.Identity, l.Boundary = grants.Identity, grants.Boundary
	c := q.Call.Caller
	session := c.SessionPolicies()
	if !session.Given() {
		l.SessionLimited = c.Kind() == caller.FederatedKind
		return
	}
	l.SessionLimited = true
	if session.Inline != nil {
		l.Session = append(l.Session, policy.Attached{Policy: session.Inline, Name: "session policy", Source: "session"})
	}
	for _, arn := range session.ARNs {
		if a, found := g.directory.ManagedPolicy(c.Account(), arn); found {
			l.Session = append(l.Session, a)
		}
	}
}

// facts asks the owner of the resource: the service of the ARN's third segment,
// unless the finder, which is the owner's too, told them already.
func (g *Gate) facts(q *op.Question) op.Facts {
	if q.Resource.Facts != nil && !q.Unknown {
		return *q.Resource.Facts
	}
	if q.Unknown || q.Resource.ARN == "*" {
		return op.Facts{}
	}
	service, ok := g.owners[segment(q.Resource.ARN, 2)]
	if !ok {
		return op.Facts{}
	}
	return service.Resource(q.Action, q.Resource.ARN)
}

// owner is the account whose resource it is: as the owner says, as the ARN
// says, else (an action without resource) the account of the call.
func (g *Gate) owner(q *op.Question, facts op.Facts) string {
	account := segment(q.Resource.ARN, 4)
	switch {
	case facts.Account != "":
		return facts.Account
	case q.Resource.Account != "":
		return q.Resource.Account
	case account == "" || account == "aws" || account == "*":
		// "aws" owns the AWS managed policies, which are in every account.
		return q.Call.Account
	}
	return account
}

// segment is the i-th colon-separated part of an ARN, empty if there is none.
func segment(arn string, i int) string {
	start := 0
	for j := 0; j < len(arn); j++ {
		if arn[j] != ':' {
			continue
		}
		if i == 0 {
			return arn[start:j]
		}
		i, start = i-1, j+1
	}
	if i == 0 {
		return arn[start:]
	}
	return ""
}
