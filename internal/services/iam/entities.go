package iam

import (
	"context"
	"slices"
	"strings"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/op"
)

// Values of EntityFilter, and of the filter of GetAccountAuthorizationDetails.
const (
	entityUser  = "User"
	entityGroup = "Group"
	entityRole  = "Role"
	entityLocal = "LocalManagedPolicy"
	entityAWS   = "AWSManagedPolicy"
)

// entity is a user, group or role, or a policy, in a list that holds several
// kinds. One of its members is set.
type entity struct {
	user   *user
	group  *group
	role   *role
	policy *managed
}

// entityID sorts users before groups before roles before policies, each by name.
func entityID(e entity) string {
	switch {
	case e.user != nil:
		return "1" + strings.ToLower(e.user.Name)
	case e.group != nil:
		return "2" + strings.ToLower(e.group.Name)
	case e.role != nil:
		return "3" + strings.ToLower(e.role.Name)
	}
	return "4" + policyID(e.policy)
}

// entities are an account's users, groups and roles of one kind, or of all
// when kind is empty, that keep says to keep.
func (s *Service) entities(account, kind string, keep func(path, boundary string, p *permissions) bool) []entity {
	var all []entity
	if kind == "" || kind == entityUser {
		for _, u := range list(s.users, account, func(u *user) bool { return keep(u.Path, u.Boundary, &u.permissions) }) {
			all = append(all, entity{user: u})
		}
	}
	if kind == "" || kind == entityGroup {
		for _, g := range list(s.groups, account, func(g *group) bool { return keep(g.Path, "", &g.permissions) }) {
			all = append(all, entity{group: g})
		}
	}
	if kind == "" || kind == entityRole {
		for _, r := range list(s.roles, account, func(r *role) bool { return keep(r.Path, r.Boundary, &r.permissions) }) {
			all = append(all, entity{role: r})
		}
	}
	return all
}

func (s *Service) listEntitiesForPolicy(_ context.Context, c *op.Call, in *iamapi.ListEntitiesForPolicyRequest) (*iamapi.ListEntitiesForPolicyResponse, error) {
	arn, filter := in.GetPolicyArn(), in.GetPolicyUsageFilter()
	if s.policyAt(c.Account, arn) == nil {
		return nil, noSuchPolicy(arn)
	}
	all := s.entities(c.Account, in.GetEntityFilter(), func(path, boundary string, p *permissions) bool {
		used := filter != usePermissionBound && slices.Contains(p.Attached, arn) || filter != usePermissions && boundary == arn
		return used && strings.HasPrefix(path, in.GetPathPrefix())
	})
	p, err := paginate(in, all, entityID)
	if err != nil {
		return nil, err
	}
	out := &iamapi.ListEntitiesForPolicyResponse{
		PolicyUsers: []iamapi.PolicyUser{}, PolicyGroups: []iamapi.PolicyGroup{}, PolicyRoles: []iamapi.PolicyRole{},
		IsTruncated: p.truncated, Marker: p.marker,
	}
	for _, e := range p.items {
		switch {
		case e.user != nil:
			out.PolicyUsers = append(out.PolicyUsers, iamapi.PolicyUser{UserName: ptr(e.user.Name), UserId: ptr(e.user.ID)})
		case e.group != nil:
			out.PolicyGroups = append(out.PolicyGroups, iamapi.PolicyGroup{GroupName: ptr(e.group.Name), GroupId: ptr(e.group.ID)})
		case e.role != nil:
			out.PolicyRoles = append(out.PolicyRoles, iamapi.PolicyRole{RoleName: ptr(e.role.Name), RoleId: ptr(e.role.ID)})
		}
	}
	return out, nil
}
