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
	directory op.Directory
	owners    map[string]op.Service
	trail     *trail.Trail
	bug       *bug.Reporter
}

// New makes a gate over the services that own resources.
func New(d op.Directory, services []op.Service, t *trail.Trail, b *bug.Reporter) *Gate {
	g := &Gate{directory: d, owners: map[string]op.Service{}, trail: t, bug: b}
	for _, s := range services {
		g.owners[s.API().ID] = s
	}
	return g
}

// Admit implements op.Gate.
func (g *Gate) Admit(ctx context.Context, q *op.Question) (err error) {
	defer func() {
		if p := recover(); p != nil {
			g.bug.Report(ctx, "panic in the gate, on %s: %v", q.Action, p)
			err = op.InternalFailure()
		}
	}()
	if q.Nothing != "" {
		return g.admitNothing(q)
	}
	return g.admit(ctx, q)
}

// admitNothing lets every signed caller do what AWS allows to every signed caller.
func (g *Gate) admitNothing(q *op.Question) error {
	r := newRecord(q)
	r.Nothing = q.Nothing
	switch q.Call.Caller.Kind() {
	case caller.Nobody, caller.AnonymousKind:
		r.Effect, r.Message = policy.ImplicitDeny.String(), "the operation needs no permission, but a signed request"
		g.trail.Add(r, &policy.Layers{})
		return denied(q.Call.Operation.Service, "User: "+q.Call.Caller.ARN()+" is not authorized to perform: "+q.Call.Operation.Name)
	}
	r.Effect, r.Allowed = policy.Allow.String(), true
	g.trail.Add(r, &policy.Layers{})
	return nil
}

func (g *Gate) admit(ctx context.Context, q *op.Question) error {
	c := q.Call
	var (
		request policy.Request
		layers  policy.Layers
		verdict policy.Decision // zero: implicit deny
	)
	facts := g.facts(q)
	request = policy.Request{
		Principal: c.Caller.Principal(), Action: q.Action, Resource: q.Resource.ARN,
		ResourceAccount: g.owner(q, facts), Context: g.context(ctx, q, facts),
	}
	known := g.layers(q, facts, &layers)
	if known && !q.Unknown {
		verdict = policy.Evaluate(&request, &layers)
	}
	r := newRecord(q)
	fill(r, &request, verdict)
	if verdict.Allowed() {
		g.trail.Add(r, &layers)
		return nil
	}
	r.Message = message(q, &request, &layers, verdict)
	g.trail.Add(r, &layers)
	return denied(c.Operation.Service, r.Message)
}

// layers gathers the policies that apply. It says false when the principal
// does not exist (any more), so that nothing can allow it.
func (g *Gate) layers(q *op.Question, facts op.Facts, l *policy.Layers) bool {
	l.Resource, l.ResourceMustAllow = facts.Policy, facts.MustAllow
	c := q.Call.Caller
	switch c.Kind() {
	case caller.AnonymousKind, caller.ServiceKind:
		return true
	case caller.RootKind, caller.UserKind, caller.RoleSessionKind, caller.FederatedKind:
	default:
		return false
	}
	grants, ok := g.directory.Grants(c)
	if !ok {
		return false
	}
	l.Identity, l.Boundary = grants.Identity, grants.Boundary
	session := c.SessionPolicies()
	if !session.Given() {
		l.SessionLimited = c.Kind() == caller.FederatedKind
		return true
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
	return true
}

// facts asks the owner of the resource: the service of the ARN's third segment.
func (g *Gate) facts(q *op.Question) op.Facts {
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
