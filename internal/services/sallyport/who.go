package sallyport

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/advice"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// anonymous is how a request that nobody signed is asked about.
const anonymous = "anonymous"

// listWho asks one question for everybody there is: the principals of the
// accounts of this server, and the services that the resource's policy names.
// An account that does not own the resource sees its own principals.
func (s *Service) listWho(ctx context.Context, c *op.Call, in *sallyportapi.ListWhoRequest) (*sallyportapi.ListWhoResponse, error) {
	q, err := newSupposed(c, in.GetAction(), in.GetResource(), in.Context)
	if err != nil {
		return nil, err
	}
	from := 0
	if in.NextToken != nil {
		if from, err = strconv.Atoi(*in.NextToken); err != nil || from <= 0 {
			return nil, sallyportapi.NewInvalidParameterException("The NextToken is not one this operation gave.")
		}
	}
	everybody, err := s.everybody(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &sallyportapi.ListWhoResponse{Allowed: []sallyportapi.Who{}, Asked: ptr(int64(len(everybody)))}
	for i := from; i < len(everybody); i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i-from == limits.Simulations {
			out.NextToken = ptr(strconv.Itoa(i))
			break
		}
		a, err := q.ask(ctx, everybody[i])
		if err != nil || !a.Decision.Allowed() || !q.takesPart(&a) {
			continue // one who went since the list was made may do nothing
		}
		p := &a.Request.Principal
		out.Allowed = append(out.Allowed, sallyportapi.Who{
			Principal: &everybody[i], PrincipalType: ptr(p.Kind.String()), Layer: ptr(a.Decision.Layer.String()), Summary: ptr(policy.Outline(&a.Request, &a.Layers).Summary),
		})
	}
	return out, nil
}

// everybody is whom to ask about.
func (s *Service) everybody(ctx context.Context, q *supposed) ([]string, error) {
	a, err := q.ask(ctx, anonymous)
	if err != nil {
		return nil, err
	}
	if a.Request.ResourceAccount != q.call.Account {
		return q.Principals(q.call.Account), nil
	}
	all := []string{anonymous}
	if a.Layers.Resource != nil && a.Layers.Resource.Policy != nil {
		all = append(all, services(a.Layers.Resource.Policy.Document())...)
	}
	for _, account := range s.Accounts() {
		all = append(all, q.Principals(account)...)
	}
	return all, nil
}

// services are the service principals that a document names.
func services(d *policy.Document) []string {
	var names []string
	for i := range d.Statements {
		if p := d.Statements[i].Principal; p != nil {
			for _, e := range p.Entries {
				if e.Type == "Service" {
					names = append(names, e.Values.Items...)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// listWhat tells all that a principal of the caller's account may do, and what
// others, such as AWS services, may do to its resources.
func (s *Service) listWhat(ctx context.Context, c *op.Call, in *sallyportapi.ListWhatRequest) (*sallyportapi.ListWhatResponse, error) {
	known := knownActions(c.Bus())
	q, err := newSupposed(c, known[0], "*", in.Context)
	if err != nil {
		return nil, err
	}
	own, err := q.ask(ctx, in.GetPrincipal())
	if err != nil {
		return nil, err
	}
	if account := own.Request.Principal.Account; account != "" && account != c.Account {
		return nil, sallyportapi.NewResourceNotFoundException("%s is a principal of account %s, not of %s. Ask as that account (--account).", in.GetPrincipal(), account, c.Account)
	}
	inquiry := advice.Inquiry{Known: known, Own: &own.Layers, Context: own.Request.Context}
	for _, service := range c.Bus().Services() {
		if g, ok := service.(op.Guardian); ok {
			inquiry.Resources = append(inquiry.Resources, g.Guarded()...)
		}
	}
	if own.Request.Principal.Account == "" {
		// Of somebody without an account only what concerns the caller's own is told.
		inquiry.Resources = slices.DeleteFunc(inquiry.Resources, func(arn string) bool { return !strings.Contains(arn, ":"+c.Account+":") })
	}
	nobody := &policy.Layers{}
	inquiry.Ask = func(action, resource string) (*policy.Request, *policy.Layers) {
		q.Action, q.Resource = action, resource
		a, err := q.ask(ctx, in.GetPrincipal())
		if err != nil || a.Refused != "" || ctx.Err() != nil {
			return &a.Request, nobody
		}
		return &a.Request, &a.Layers
	}
	found := advice.What(inquiry)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if found.Cut {
		return nil, sallyportapi.NewInvalidParameterException("That takes more than %d questions: ask about single actions and resources.", found.Asked-1)
	}
	return &sallyportapi.ListWhatResponse{Allowed: abilities(found.Allowed), Conditional: abilities(found.Conditional), Asked: ptr(int64(found.Asked))}, nil
}

func abilities(list []advice.Ability) []sallyportapi.What {
	out := []sallyportapi.What{}
	for _, a := range list {
		out = append(out, sallyportapi.What{Resource: ptr(a.Resource), Actions: a.Actions, Except: a.Except, Condition: text(a.Condition)})
	}
	return out
}

// knownActions are those that some operation here needs, sorted.
func knownActions(b *op.Bus) []string {
	var all []string
	for _, r := range b.Rows() {
		for _, n := range r.Needs() {
			if n.Action() != "" {
				all = append(all, n.Action())
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
