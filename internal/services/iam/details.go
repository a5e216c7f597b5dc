package iam

import (
	"context"
	"slices"
	"strings"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/op"
)

// getAccountAuthorizationDetails lists everything that decides. Of the AWS
// managed policies it names those in use (seen on AWS). Which members are there
// when they are empty was recorded from AWS.
func (s *Service) getAccountAuthorizationDetails(_ context.Context, c *op.Call, in *iamapi.GetAccountAuthorizationDetailsRequest) (*iamapi.GetAccountAuthorizationDetailsResponse, error) {
	wanted := func(kind string) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, kind) }
	var all []entity
	for _, kind := range []string{entityUser, entityGroup, entityRole} {
		if wanted(kind) {
			all = append(all, s.entities(c.Account, kind, func(string, string, *permissions) bool { return true })...)
		}
	}
	all = append(all, s.policiesInDetail(c.Account, wanted(entityLocal), wanted(entityAWS))...)
	p, err := paginate(in, all, entityID)
	if err != nil {
		return nil, err
	}
	out := &iamapi.GetAccountAuthorizationDetailsResponse{
		UserDetailList: []iamapi.UserDetail{}, GroupDetailList: []iamapi.GroupDetail{}, RoleDetailList: []iamapi.RoleDetail{},
		Policies: []iamapi.ManagedPolicyDetail{}, IsTruncated: p.truncated, Marker: p.marker,
	}
	for _, e := range p.items {
		switch {
		case e.user != nil:
			out.UserDetailList = append(out.UserDetailList, s.userDetail(e.user))
		case e.group != nil:
			out.GroupDetailList = append(out.GroupDetailList, groupDetail(e.group))
		case e.role != nil:
			out.RoleDetailList = append(out.RoleDetailList, s.roleDetail(e.role))
		case e.policy != nil:
			d, err := s.policyDetail(c.Account, e.policy)
			if err != nil {
				return nil, err
			}
			out.Policies = append(out.Policies, d)
		}
	}
	return out, nil
}

// policiesInDetail are the managed policies, sorted.
func (s *Service) policiesInDetail(account string, local, aws bool) []entity {
	var found []*managed
	if local {
		found = list(s.policies, account, nil)
	}
	if aws {
		for _, arn := range s.index.used(account) {
			if m := s.aws.find(arn); m != nil {
				found = append(found, m)
			}
		}
	}
	slices.SortFunc(found, func(a, b *managed) int { return strings.Compare(policyID(a), policyID(b)) })
	return each(found, func(m *managed) entity { return entity{policy: m} })
}

// used are the ARNs of the managed policies an account uses, in no order.
func (x *index) used(account string) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var arns []string
	for u := range x.uses {
		if u.account == account {
			arns = append(arns, u.arn)
		}
	}
	return arns
}

func (s *Service) userDetail(u *user) iamapi.UserDetail {
	d := iamapi.UserDetail{
		Path: ptr(u.Path), UserName: ptr(u.Name), UserId: ptr(u.ID), Arn: ptr(u.arn()), CreateDate: ptr(u.Created),
		GroupList:               each(s.groupsOf(u), func(g *group) string { return g.Name }),
		AttachedManagedPolicies: each(u.Attached, showAttached),
		PermissionsBoundary:     showBoundary(u.Boundary), Tags: showTags(u.Tags),
	}
	if len(u.Inline) > 0 {
		d.UserPolicyList = u.showInline()
	}
	return d
}

func groupDetail(g *group) iamapi.GroupDetail {
	return iamapi.GroupDetail{
		Path: ptr(g.Path), GroupName: ptr(g.Name), GroupId: ptr(g.ID), Arn: ptr(g.arn()), CreateDate: ptr(g.Created),
		GroupPolicyList: g.showInline(), AttachedManagedPolicies: each(g.Attached, showAttached),
	}
}

func (s *Service) roleDetail(r *role) iamapi.RoleDetail {
	return iamapi.RoleDetail{
		Path: ptr(r.Path), RoleName: ptr(r.Name), RoleId: ptr(r.ID), Arn: ptr(r.arn()), CreateDate: ptr(r.Created),
		AssumeRolePolicyDocument: ptr(encodeDocument(r.Trust.Shown(s))),
		InstanceProfileList:      each(s.profilesOf(r), s.showProfile),
		RolePolicyList:           r.showInline(), AttachedManagedPolicies: each(r.Attached, showAttached),
		PermissionsBoundary: showBoundary(r.Boundary), Tags: showTags(r.Tags), RoleLastUsed: &iamapi.RoleLastUsed{},
	}
}

func (s *Service) policyDetail(account string, m *managed) (iamapi.ManagedPolicyDetail, error) {
	p := s.showPolicy(account, m)
	d := iamapi.ManagedPolicyDetail{
		PolicyName: p.PolicyName, PolicyId: p.PolicyId, Arn: p.Arn, Path: p.Path, DefaultVersionId: p.DefaultVersionId,
		AttachmentCount: p.AttachmentCount, PermissionsBoundaryUsageCount: p.PermissionsBoundaryUsageCount, IsAttachable: p.IsAttachable,
		Description: optional(m.Description), CreateDate: p.CreateDate, UpdateDate: p.UpdateDate,
	}
	for i := len(m.Versions) - 1; i >= 0; i-- {
		v, err := s.showWholeVersion(m, &m.Versions[i])
		if err != nil {
			return d, err
		}
		d.PolicyVersionList = append(d.PolicyVersionList, v)
	}
	return d, nil
}
