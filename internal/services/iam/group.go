package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// group is a group of users as it is stored, under key(Account, Name). Users
// know their groups, not the other way round.
type group struct {
	Account, Name, Path, ID string
	Created                 time.Time
	permissions
}

func (g *group) arn() string { return arnOf(g.Account, typeGroup, g.Path, g.Name) }

func (g *group) move(path, name string) {
	if path != "" {
		g.Path = path
	}
	if name != "" {
		g.Name = name
	}
}

type groupInput interface{ GetGroupName() string }

// group finds the group an input names.
func (s *Service) group(_ context.Context, c *op.Call) ([]op.Resource, error) {
	name := c.Input.(groupInput).GetGroupName()
	if g := s.groups.Get(key(c.Account, name)); g != nil {
		return one(g.arn()), nil
	}
	return one(arnOf(c.Account, typeGroup, "/", name)), nil
}

func (s *Service) newGroup(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.CreateGroupRequest)
	return one(arnOf(c.Account, typeGroup, pathOr(in.GetPath()), in.GetGroupName())), nil
}

// movedGroup is what a group will be after UpdateGroup, which asks for both.
func (s *Service) movedGroup(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.UpdateGroupRequest)
	g := s.groups.Get(key(c.Account, in.GetGroupName()))
	if g == nil || in.NewGroupName == nil && in.NewPath == nil {
		return nil, nil
	}
	next := *g
	next.move(in.GetNewPath(), in.GetNewGroupName())
	return one(next.arn()), nil
}

func (s *Service) anyGroup(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(pattern(c, typeGroup)), nil
}

func (s *Service) createGroup(ctx context.Context, c *op.Call, in *iamapi.CreateGroupRequest) (*iamapi.CreateGroupResponse, error) {
	g := &group{Account: c.Account, Name: in.GetGroupName(), Path: pathOr(in.GetPath()), ID: id.Unique(id.Group), Created: s.now()}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.groups.GetIn(tx, key(g.Account, g.Name)) != nil {
			return groupExists(g.Name)
		}
		if count(s.groups, g.Account) >= limits.GroupsPerAccount {
			return overQuota("GroupsPerAccount", limits.GroupsPerAccount)
		}
		return s.groups.Put(tx, key(g.Account, g.Name), g)
	})
	if err != nil {
		return nil, err
	}
	return &iamapi.CreateGroupResponse{Group: ptr(showGroup(g))}, nil
}

func groupExists(name string) error {
	return iamapi.NewEntityAlreadyExistsException("Group with name %s already exists.", name)
}

func showGroup(g *group) iamapi.Group {
	return iamapi.Group{Path: ptr(g.Path), GroupName: ptr(g.Name), GroupId: ptr(g.ID), Arn: ptr(g.arn()), CreateDate: ptr(g.Created)}
}

func (s *Service) getGroup(_ context.Context, c *op.Call, in *iamapi.GetGroupRequest) (*iamapi.GetGroupResponse, error) {
	g := s.groups.Get(key(c.Account, in.GetGroupName()))
	if g == nil {
		return nil, noSuchGroup(in.GetGroupName())
	}
	p, err := paginate(in, s.members(g), func(u *user) string { return strings.ToLower(u.Name) })
	if err != nil {
		return nil, err
	}
	return &iamapi.GetGroupResponse{Group: ptr(showGroup(g)), Users: each(p.items, showUser), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// members are the users of a group, by name.
func (s *Service) members(g *group) []*user {
	return list(s.users, g.Account, func(u *user) bool { return slices.Contains(u.Groups, g.ID) })
}

func (s *Service) listGroups(_ context.Context, c *op.Call, in *iamapi.ListGroupsRequest) (*iamapi.ListGroupsResponse, error) {
	groups := list(s.groups, c.Account, func(g *group) bool { return strings.HasPrefix(g.Path, in.GetPathPrefix()) })
	p, err := paginate(in, groups, groupID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListGroupsResponse{Groups: each(p.items, showGroup), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func groupID(g *group) string { return strings.ToLower(g.Name) }

func (s *Service) listGroupsForUser(_ context.Context, c *op.Call, in *iamapi.ListGroupsForUserRequest) (*iamapi.ListGroupsForUserResponse, error) {
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, s.groupsOf(u), groupID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListGroupsForUserResponse{Groups: each(p.items, showGroup), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// groupsOf are the groups of a user, by name.
func (s *Service) groupsOf(u *user) []*group {
	return list(s.groups, u.Account, func(g *group) bool { return slices.Contains(u.Groups, g.ID) })
}

func (s *Service) updateGroup(ctx context.Context, c *op.Call, in *iamapi.UpdateGroupRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		from := key(c.Account, in.GetGroupName())
		old := s.groups.GetIn(tx, from)
		if old == nil {
			return noSuchGroup(in.GetGroupName())
		}
		next := *old
		next.move(in.GetNewPath(), in.GetNewGroupName())
		to := key(c.Account, next.Name)
		if to != from && s.groups.GetIn(tx, to) != nil {
			return groupExists(next.Name)
		}
		return move(tx, s.groups, from, to, &next)
	}))
}

func (s *Service) deleteGroup(ctx context.Context, c *op.Call, in *iamapi.DeleteGroupRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		g := s.groups.GetIn(tx, key(c.Account, in.GetGroupName()))
		if g == nil {
			return noSuchGroup(in.GetGroupName())
		}
		if err := g.mustBeBare(); err != nil {
			return err
		}
		if len(s.members(g)) > 0 {
			return deleteConflict("remove users from group")
		}
		return s.groups.Delete(tx, key(g.Account, g.Name))
	}))
}

// membership finds the user, then the group, in the order in which AWS misses them.
func (s *Service) membership(tx *store.Tx, account, userName, groupName string) (*user, *group, error) {
	u := s.users.GetIn(tx, key(account, userName))
	if u == nil {
		return nil, nil, noSuchUser(userName)
	}
	g := s.groups.GetIn(tx, key(account, groupName))
	if g == nil {
		return nil, nil, noSuchGroup(groupName)
	}
	return u, g, nil
}

func (s *Service) addUserToGroup(ctx context.Context, c *op.Call, in *iamapi.AddUserToGroupRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		u, g, err := s.membership(tx, c.Account, in.GetUserName(), in.GetGroupName())
		if err != nil || slices.Contains(u.Groups, g.ID) {
			return err
		}
		if len(u.Groups) >= limits.GroupsPerUser {
			return overQuota("GroupsPerUser", limits.GroupsPerUser)
		}
		next := *u
		next.Groups = append(slices.Clone(u.Groups), g.ID)
		return s.users.Put(tx, key(u.Account, u.Name), &next)
	}))
}

// removeUserFromGroup succeeds for a user who is not in the group.
func (s *Service) removeUserFromGroup(ctx context.Context, c *op.Call, in *iamapi.RemoveUserFromGroupRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		u, g, err := s.membership(tx, c.Account, in.GetUserName(), in.GetGroupName())
		if err != nil || !slices.Contains(u.Groups, g.ID) {
			return err
		}
		next := *u
		next.Groups = without(u.Groups, g.ID)
		return s.users.Put(tx, key(u.Account, u.Name), &next)
	}))
}

func (s *Service) changeGroup(ctx context.Context, c *op.Call, name string, edit func(tx *store.Tx, g *group) error) error {
	return change(ctx, s, s.groups, key(c.Account, name), noSuchGroup(name), edit)
}
