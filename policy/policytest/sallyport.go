package policytest

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// Sallyport is this module's engine.
type Sallyport struct{}

// Decide implements Engine.
func (Sallyport) Decide(s *Scenario) (Answer, error) {
	r, l, err := s.Question()
	if err != nil {
		return Answer{}, err
	}
	d := policy.Evaluate(r, l)
	a := Answer{Layer: d.Layer.String(), Caveats: []string{}, Message: policy.Message(r, l, d)}
	for _, c := range d.Caveats.List() {
		a.Caveats = append(a.Caveats, c.ID)
	}
	switch d.Effect {
	case policy.Allow:
		a.Decision = "allow"
	case policy.ExplicitDeny:
		a.Decision = "explicit deny"
	default:
		a.Decision = "implicit deny"
	}
	return a, nil
}

// Question is the scenario as this module's engine takes it.
func (s *Scenario) Question() (*policy.Request, *policy.Layers, error) {
	p, err := s.Principal.principal()
	if err != nil {
		return nil, nil, err
	}
	r := &policy.Request{Principal: p, Action: s.Action, Resource: s.Resource, ResourceAccount: s.Owner, Context: new(policy.Context)}
	for _, k := range s.Context {
		if k.Multi {
			r.Context.SetList(k.Name, k.Values)
		} else {
			r.Context.Set(k.Name, k.Values[0])
		}
	}
	l := &policy.Layers{ResourceMustAllow: s.MustAllow, SessionLimited: s.SessionLimited || len(s.Session) > 0}
	var b binder
	l.Identity, l.Session = b.list(s.Identity), b.list(s.Session)
	l.Resource, l.Boundary, l.Endpoint = b.one(s.ResourcePolicy), b.one(s.Boundary), b.one(s.Endpoint)
	l.ServiceControl, l.ResourceControl = b.levels(s.ServiceControlLevels), b.levels(s.ResourceControlLevels)
	return r, l, b.err
}

func (p *Principal) principal() (policy.Principal, error) {
	out := policy.Principal{ARN: p.ARN, RoleARN: p.Role, UserARN: p.User, UniqueID: p.ID, UserID: p.UserID}
	if parts := strings.Split(p.ARN, ":"); len(parts) > 4 {
		out.Account = parts[4]
	}
	switch p.Kind {
	case "anonymous":
	case "root":
		out.Kind = policy.Root
	case "user":
		out.Kind = policy.User
	case "role session":
		out.Kind = policy.RoleSession
	case "federated user":
		out.Kind = policy.FederatedUser
	case "service":
		out.Kind, out.Service = policy.Service, p.Name
	case "provider user":
		out.Kind, out.Provider = policy.ProviderUser, p.Name
	default:
		return out, fmt.Errorf("no kind of principal %q", p.Kind)
	}
	return out, nil
}

// binder compiles policies and keeps the first error.
type binder struct{ err error }

func (b *binder) attach(d Document) policy.Attached {
	p, err := policy.Load(d.JSON)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", d.Name, err)
	}
	return policy.Attached{Policy: p, Name: d.Name}
}

func (b *binder) list(documents []Document) []policy.Attached {
	var out []policy.Attached
	for _, d := range documents {
		out = append(out, b.attach(d))
	}
	return out
}

func (b *binder) levels(levels [][]Document) [][]policy.Attached {
	var out [][]policy.Attached
	for _, documents := range levels {
		out = append(out, b.list(documents))
	}
	return out
}

func (b *binder) one(d *Document) *policy.Attached {
	if d == nil {
		return nil
	}
	a := b.attach(*d)
	return &a
}
