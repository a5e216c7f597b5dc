package sallyport

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/advice"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// askDecision says what would be decided, as ExplainDecision says what was.
func (s *Service) askDecision(ctx context.Context, c *op.Call, in *sallyportapi.AskDecisionRequest) (*sallyportapi.AskDecisionResponse, error) {
	q, err := newSupposed(c, in.GetAction(), in.GetResource(), in.Context)
	if err != nil {
		return nil, err
	}
	a, err := q.ask(ctx, in.GetPrincipal())
	if err != nil {
		return nil, err
	}
	if !q.takesPart(&a) {
		return nil, sallyportapi.NewResourceNotFoundException("Account %s takes no part in that: it is neither the principal's nor the owner of the resource. Ask as one of them (--account).", c.Account)
	}
	r := record(c, &a)
	e := &sallyportapi.ExplainedDecision{Decision: ptr(decisionOf(r)), Gate: text(string(gateOf(r)))}
	if err := s.fill(e, s.tell(r), r, &a.Request, &a.Layers); err != nil {
		return nil, err
	}
	return &sallyportapi.AskDecisionResponse{Decision: e}, nil
}

// supposed is a question that the caller of this API has.
type supposed struct {
	op.Asker
	call *op.Call
	op.Supposed
}

// newSupposed reads a question. Of what it does not say, it is asked as the
// request that asks it: at the same time, from the same address.
func newSupposed(c *op.Call, action, resource string, keys map[string][]string) (*supposed, error) {
	asker, err := c.Bus().Asker()
	if err != nil {
		return nil, err
	}
	if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(action, "*? ") || strings.Contains(name, ":") {
		return nil, sallyportapi.NewInvalidParameterException("%q is not an action: one is service:Name, such as lambda:InvokeFunction, without wildcards.", action)
	}
	if resource != "*" && (!strings.HasPrefix(resource, "arn:") || strings.Count(resource, ":") < 5) {
		return nil, sallyportapi.NewInvalidParameterException("%q is not a resource: one is an ARN, or * for an action that knows none.", resource)
	}
	return &supposed{asker, c, op.Supposed{
		Action: action, Resource: resource, Account: c.Account, Region: c.Region, Origin: c.Origin, Time: c.Time,
		Change: func(k *policy.Context) { advice.SetKeys(k, keys) },
	}}, nil
}

// ask answers for one principal. Users, roles and the root user of the caller's
// account may be named without it: user/ann, role/r, root.
func (q *supposed) ask(ctx context.Context, principal string) (op.Answer, error) {
	s := q.Supposed
	s.Principal = principal
	if kind, _, _ := strings.Cut(principal, "/"); kind == "user" || kind == "role" || kind == "root" {
		s.Principal = "arn:" + op.Partition + ":iam::" + q.call.Account + ":" + principal
	}
	return q.Ask(ctx, s)
}

// takesPart says whether the caller's account may know the answer: whether it
// is the principal's or the owner of the resource, as with decisions.
func (q *supposed) takesPart(a *op.Answer) bool {
	return q.call.Account == a.Request.Principal.Account || q.call.Account == a.Request.ResourceAccount
}

// record is the answer in the form of a decision.
func record(c *op.Call, a *op.Answer) *trail.Record {
	r := &trail.Record{
		Time: c.Time, Account: c.Account, Region: c.Region, Principal: a.Request.Principal, Action: a.Request.Action, Resource: a.Request.Resource,
		ResourceAccount: a.Request.ResourceAccount, Allowed: a.Decision.Allowed(), Effect: a.Decision.Effect.String(), Layer: a.Decision.Layer.String(), Refused: a.Refused,
		Context: map[string][]string{},
	}
	if p := r.Principal.Account; p != "" {
		r.Account = p
	}
	for _, k := range a.Request.Context.Keys() {
		r.Context[k], _ = a.Request.Context.Get(k)
	}
	return r
}
