package organizations

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// most is how many policies of a type a target has at most.
func most(kind string) int {
	if kind == resourceControl {
		return limits.ResourceControlAttached
	}
	return limits.ServiceControlAttached
}

type attachment interface {
	GetPolicyId() string
	GetTargetId() string
}

// reattach edits the list of policies, of one type, attached to a target.
func (s *Service) reattach(ctx context.Context, c *op.Call, in attachment, edit func(p *controlPolicy, ids []string) ([]string, error)) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		p := s.policy(tx, o, in.GetPolicyId())
		if p == nil {
			return noPolicy()
		}
		t := s.target(tx, o, in.GetTargetId())
		if t == nil {
			return noTarget()
		}
		if !o.uses(p.Type) {
			return notEnabled()
		}
		ids, err := edit(p, slices.Clone(t.of(p.Type)))
		if err != nil {
			return err
		}
		t.set(p.Type, ids)
		return t.save(tx)
	})
}

func (s *Service) attachPolicy(ctx context.Context, c *op.Call, in *orgapi.AttachPolicyRequest) (*api.Empty, error) {
	return s.reattach(ctx, c, in, func(p *controlPolicy, ids []string) ([]string, error) {
		if slices.Contains(ids, p.ID) {
			return nil, orgapi.NewDuplicatePolicyAttachmentException(duplicateText)
		}
		if len(ids) >= most(p.Type) {
			return nil, constraint(tooManyAttached, "You have attached the maximum number of policies to the specified target.") // seen
		}
		return append(ids, p.ID), nil
	})
}

// detachPolicy leaves at least one policy of the type: without any, nothing
// would be allowed at all.
func (s *Service) detachPolicy(ctx context.Context, c *op.Call, in *orgapi.DetachPolicyRequest) (*api.Empty, error) {
	return s.reattach(ctx, c, in, func(p *controlPolicy, ids []string) ([]string, error) {
		switch i := slices.Index(ids, p.ID); {
		case p.ID == rcpFullAWSAccess:
			return nil, invalid(nonDetachable, "You can't detach this Amazon Web Services Managed Policy.")
		case i < 0:
			return nil, orgapi.NewPolicyNotAttachedException("The policy isn't attached to the specified target in the specified root.")
		case len(ids) == 1:
			return nil, constraint(lastAttached, "You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.") // seen
		default:
			return slices.Delete(ids, i, i+1), nil
		}
	})
}

func (s *Service) listPoliciesForTarget(_ context.Context, c *op.Call, in *orgapi.ListPoliciesForTargetRequest) (*orgapi.ListPoliciesForTargetResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	t := s.target(nil, o, in.GetTargetId())
	if t == nil {
		return nil, noTarget()
	}
	var all []*controlPolicy
	for _, id := range t.of(in.GetFilter()) {
		if p := s.policy(nil, o, id); p != nil {
			all = append(all, p)
		}
	}
	policies, next, err := pagePolicies(in, o, all)
	return &orgapi.ListPoliciesForTargetResponse{Policies: policies, NextToken: next}, err
}

func (s *Service) listTargetsForPolicy(_ context.Context, c *op.Call, in *orgapi.ListTargetsForPolicyRequest) (*orgapi.ListTargetsForPolicyResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	found := s.policy(nil, o, in.GetPolicyId())
	if found == nil {
		return nil, noPolicy()
	}
	targets := s.attachedTo(o, found)
	slices.SortFunc(targets, func(a, b *target) int { return strings.Compare(a.id, b.id) })
	p, err := paginate(in, targets, func(t *target) string { return t.id })
	if err != nil {
		return nil, err
	}
	show := func(t *target) orgapi.PolicyTargetSummary {
		types := map[string]string{kindRoot: "ROOT", kindUnit: "ORGANIZATIONAL_UNIT", kindAccount: "ACCOUNT"}
		return orgapi.PolicyTargetSummary{TargetId: &t.id, Arn: ptr(arnOf(o, t.kind, t.id)), Name: &t.name, Type: ptr(types[t.kind])}
	}
	return &orgapi.ListTargetsForPolicyResponse{Targets: each(p.items, show), NextToken: p.next}, nil
}
