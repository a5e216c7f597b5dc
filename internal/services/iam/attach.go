package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// attachable is the policy of an ARN that an account may attach to its own
// entities.
func (s *Service) attachable(account, arn string) (*managed, error) {
	if p, ok := parseARN(arn); !ok || p.kind != typePolicy {
		return nil, validationError("ARN %s is not valid.", arn)
	}
	m := s.policyAt(account, arn)
	switch {
	case m == nil:
		return nil, notAttachable(arn)
	case m.aws != nil && strings.HasPrefix(m.Path, serviceLinkedPath):
		return nil, iamapi.NewPolicyNotAttachableException("Cannot attach a Service Role Policy to a Customer Role.")
	}
	return m, nil
}

// attach adds a policy; one that is attached already stays so.
func (s *Service) attach(p *permissions, account, arn, quota string) error {
	if _, err := s.attachable(account, arn); err != nil {
		return err
	}
	i, found := slices.BinarySearch(p.Attached, arn)
	if found {
		return nil
	}
	if len(p.Attached) >= limits.AttachedPolicies {
		return overQuota(quota, limits.AttachedPolicies)
	}
	p.Attached = slices.Insert(slices.Clone(p.Attached), i, arn)
	return nil
}

func (p *permissions) detach(arn string) error {
	if parsed, ok := parseARN(arn); !ok || parsed.kind != typePolicy {
		return validationError("ARN %s is not valid.", arn)
	}
	if !slices.Contains(p.Attached, arn) {
		return noSuchPolicy(arn)
	}
	p.Attached = without(p.Attached, arn)
	return nil
}

// attached is one page of the policies attached to an entity.
func (p *permissions) attached(q pageQuery, pathPrefix string) (page[iamapi.AttachedPolicy], error) {
	arns := slices.DeleteFunc(slices.Clone(p.Attached), func(arn string) bool {
		parsed, _ := parseARN(arn)
		return !strings.HasPrefix(parsed.path, pathPrefix)
	})
	slices.SortFunc(arns, func(a, b string) int { return strings.Compare(attachedID(a), attachedID(b)) })
	found, err := paginate(q, arns, attachedID)
	return page[iamapi.AttachedPolicy]{each(found.items, showAttached), found.truncated, found.marker}, err
}

// attachedID sorts attached policies as lists of policies are sorted.
func attachedID(arn string) string {
	p, _ := parseARN(arn)
	return nameID(p.name, p.account == awsAccount)
}

func showAttached(arn string) iamapi.AttachedPolicy {
	p, _ := parseARN(arn)
	return iamapi.AttachedPolicy{PolicyName: ptr(p.name), PolicyArn: ptr(arn)}
}

func (s *Service) attachUserPolicy(ctx context.Context, c *op.Call, in *iamapi.AttachUserPolicyRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		return s.attach(&u.permissions, u.Account, in.GetPolicyArn(), "PoliciesPerUser")
	}))
}

func (s *Service) detachUserPolicy(ctx context.Context, c *op.Call, in *iamapi.DetachUserPolicyRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		return u.detach(in.GetPolicyArn())
	}))
}

func (s *Service) listAttachedUserPolicies(_ context.Context, c *op.Call, in *iamapi.ListAttachedUserPoliciesRequest) (*iamapi.ListAttachedUserPoliciesResponse, error) {
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	p, err := u.attached(in, in.GetPathPrefix())
	if err != nil {
		return nil, err
	}
	return &iamapi.ListAttachedUserPoliciesResponse{AttachedPolicies: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) attachGroupPolicy(ctx context.Context, c *op.Call, in *iamapi.AttachGroupPolicyRequest) (*api.Empty, error) {
	return done(s.changeGroup(ctx, c, in.GetGroupName(), func(_ *store.Tx, g *group) error {
		return s.attach(&g.permissions, g.Account, in.GetPolicyArn(), "PoliciesPerGroup")
	}))
}

func (s *Service) detachGroupPolicy(ctx context.Context, c *op.Call, in *iamapi.DetachGroupPolicyRequest) (*api.Empty, error) {
	return done(s.changeGroup(ctx, c, in.GetGroupName(), func(_ *store.Tx, g *group) error {
		return g.detach(in.GetPolicyArn())
	}))
}

func (s *Service) listAttachedGroupPolicies(_ context.Context, c *op.Call, in *iamapi.ListAttachedGroupPoliciesRequest) (*iamapi.ListAttachedGroupPoliciesResponse, error) {
	g := s.groups.Get(key(c.Account, in.GetGroupName()))
	if g == nil {
		return nil, noSuchGroup(in.GetGroupName())
	}
	p, err := g.attached(in, in.GetPathPrefix())
	if err != nil {
		return nil, err
	}
	return &iamapi.ListAttachedGroupPoliciesResponse{AttachedPolicies: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) attachRolePolicy(ctx context.Context, c *op.Call, in *iamapi.AttachRolePolicyRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		return s.attach(&r.permissions, r.Account, in.GetPolicyArn(), "PoliciesPerRole")
	}))
}

func (s *Service) detachRolePolicy(ctx context.Context, c *op.Call, in *iamapi.DetachRolePolicyRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		return r.detach(in.GetPolicyArn())
	}))
}

func (s *Service) listAttachedRolePolicies(_ context.Context, c *op.Call, in *iamapi.ListAttachedRolePoliciesRequest) (*iamapi.ListAttachedRolePoliciesResponse, error) {
	r, err := s.namedRole(c, in.GetRoleName())
	if err != nil {
		return nil, err
	}
	p, err := r.attached(in, in.GetPathPrefix())
	if err != nil {
		return nil, err
	}
	return &iamapi.ListAttachedRolePoliciesResponse{AttachedPolicies: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
