package iam

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// role is an IAM role as it is stored, under key(Account, Name).
type role struct {
	Account, Name, Path, ID string
	Created                 time.Time
	Description             string
	// MaxSession is MaxSessionDuration in seconds, 0 for the default.
	MaxSession int
	Trust      trust
	Tags       []tag
	// Boundary is the ARN of the permissions boundary, empty without one.
	Boundary string
	// ServiceLinked is the service principal the role belongs to, empty for
	// ordinary roles.
	ServiceLinked string
	permissions
}

// defaultMaxSession is MaxSessionDuration where none was given (IAM API reference, Role).
const defaultMaxSession = 3600

func (r *role) arn() string { return arnOf(r.Account, typeRole, r.Path, r.Name) }

func (r *role) maxSession() int {
	if r.MaxSession == 0 {
		return defaultMaxSession
	}
	return r.MaxSession
}

func roleID(r *role) string { return strings.ToLower(r.Name) }

type roleInput interface{ GetRoleName() string }

// role finds the role an input names.
func (s *Service) role(_ context.Context, c *op.Call) ([]op.Resource, error) {
	name := c.Input.(roleInput).GetRoleName()
	if r := s.roles.Get(key(c.Account, name)); r != nil {
		return one(r.arn()), nil
	}
	return one(arnOf(c.Account, typeRole, "/", name)), nil
}

func (s *Service) newRole(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.CreateRoleRequest)
	return one(arnOf(c.Account, typeRole, pathOr(in.GetPath()), in.GetRoleName())), nil
}

// taggedNewRole is newRole when the input has tags: then tagging is asked for too.
func (s *Service) taggedNewRole(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if len(c.Input.(*iamapi.CreateRoleRequest).Tags) == 0 {
		return nil, nil
	}
	return s.newRole(ctx, c)
}

func (s *Service) anyRole(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(pattern(c, typeRole)), nil
}

// namedRole is the role of a name in the account of the call.
func (s *Service) namedRole(c *op.Call, name string) (*role, error) {
	r := s.roles.Get(key(c.Account, name))
	if r == nil {
		return nil, noSuchRole(name)
	}
	return r, nil
}

func (s *Service) createRole(ctx context.Context, c *op.Call, in *iamapi.CreateRoleRequest) (*iamapi.CreateRoleResponse, error) {
	r := &role{
		Account: c.Account, Name: in.GetRoleName(), Path: pathOr(in.GetPath()), ID: id.Unique(id.Role), Created: s.now(),
		Description: in.GetDescription(), MaxSession: int(in.GetMaxSessionDuration()), Boundary: in.GetPermissionsBoundary(),
	}
	if strings.HasPrefix(r.Path, serviceLinkedPath) {
		// The words are ours.
		return nil, iamapi.NewInvalidInputException("The path %s is reserved for service-linked roles.", serviceLinkedPath)
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if err := s.mayAddRole(tx, r); err != nil {
			return err
		}
		var err error
		if r.Trust, err = s.newTrust(in.GetAssumeRolePolicyDocument()); err != nil {
			return err
		}
		if err = s.checkBoundary(r.Account, r.Boundary); err != nil {
			return err
		}
		if r.Tags, err = roleTags.put(nil, in.Tags); err != nil {
			return err
		}
		return s.roles.Put(tx, key(r.Account, r.Name), r)
	})
	if err != nil {
		return nil, err
	}
	out := s.showRole(r)
	out.Tags, out.PermissionsBoundary = in.Tags, showBoundary(r.Boundary)
	return &iamapi.CreateRoleResponse{Role: &out}, nil
}

func (s *Service) mayAddRole(tx *store.Tx, r *role) error {
	if s.roles.GetIn(tx, key(r.Account, r.Name)) != nil {
		return iamapi.NewEntityAlreadyExistsException("Role with name %s already exists.", r.Name)
	}
	if count(s.roles, r.Account) >= limits.RolesPerAccount {
		return overQuota("RolesPerAccount", limits.RolesPerAccount)
	}
	return nil
}

// showRole is what every answer prints of a role. CreateRole, and the roles of
// an instance profile, have no more (recorded from AWS).
func (s *Service) showRole(r *role) iamapi.Role {
	return iamapi.Role{
		Path: ptr(r.Path), RoleName: ptr(r.Name), RoleId: ptr(r.ID), Arn: ptr(r.arn()), CreateDate: ptr(r.Created),
		AssumeRolePolicyDocument: ptr(encodeDocument(r.Trust.Shown(s))),
	}
}

// showListedRole is the role in lists: without tags and boundary.
func (s *Service) showListedRole(r *role) iamapi.Role {
	out := s.showRole(r)
	out.Description, out.MaxSessionDuration = optional(r.Description), ptr(int32(r.maxSession()))
	return out
}

func (s *Service) getRole(_ context.Context, c *op.Call, in *iamapi.GetRoleRequest) (*iamapi.GetRoleResponse, error) {
	r, err := s.namedRole(c, in.GetRoleName())
	if err != nil {
		return nil, err
	}
	out := s.showListedRole(r)
	out.Tags, out.PermissionsBoundary = showAnyTags(r.Tags), showBoundary(r.Boundary)
	out.RoleLastUsed = &iamapi.RoleLastUsed{}
	return &iamapi.GetRoleResponse{Role: &out}, nil
}

func (s *Service) listRoles(_ context.Context, c *op.Call, in *iamapi.ListRolesRequest) (*iamapi.ListRolesResponse, error) {
	roles := list(s.roles, c.Account, func(r *role) bool { return strings.HasPrefix(r.Path, in.GetPathPrefix()) })
	p, err := paginate(in, roles, roleID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListRolesResponse{Roles: each(p.items, s.showListedRole), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// updateRole changes what was given. A service-linked role keeps its session
// length (IAM user guide, "Edit a service-linked role": the description only).
func (s *Service) updateRole(ctx context.Context, c *op.Call, in *iamapi.UpdateRoleRequest) (*iamapi.UpdateRoleResponse, error) {
	err := s.changeRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		if r.ServiceLinked != "" && in.MaxSessionDuration != nil {
			return protected(r.Name)
		}
		if in.Description != nil {
			r.Description = in.GetDescription()
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = int(in.GetMaxSessionDuration())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iamapi.UpdateRoleResponse{}, nil
}

func (s *Service) updateRoleDescription(ctx context.Context, c *op.Call, in *iamapi.UpdateRoleDescriptionRequest) (*iamapi.UpdateRoleDescriptionResponse, error) {
	var changed *role
	err := s.changeRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		r.Description = in.GetDescription()
		changed = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := s.showRole(changed)
	out.Description = optional(changed.Description)
	return &iamapi.UpdateRoleDescriptionResponse{Role: &out}, nil
}

func (s *Service) deleteRole(ctx context.Context, c *op.Call, in *iamapi.DeleteRoleRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		r := s.roles.GetIn(tx, key(c.Account, in.GetRoleName()))
		switch {
		case r == nil:
			return noSuchRole(in.GetRoleName())
		case r.ServiceLinked != "":
			return protected(r.Name)
		case len(s.profilesOf(r)) > 0:
			return deleteConflict("remove roles from instance profile")
		}
		if err := r.mustBeBare(); err != nil {
			return err
		}
		return s.roles.Delete(tx, key(r.Account, r.Name))
	}))
}

func (s *Service) tagRole(ctx context.Context, c *op.Call, in *iamapi.TagRoleRequest) (*api.Empty, error) {
	return done(s.changeRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) (err error) {
		r.Tags, err = roleTags.put(r.Tags, in.Tags)
		return err
	}))
}

func (s *Service) untagRole(ctx context.Context, c *op.Call, in *iamapi.UntagRoleRequest) (*api.Empty, error) {
	return done(s.changeRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		r.Tags = roleTags.remove(r.Tags, in.TagKeys)
		return nil
	}))
}

func (s *Service) listRoleTags(_ context.Context, c *op.Call, in *iamapi.ListRoleTagsRequest) (*iamapi.ListRoleTagsResponse, error) {
	r, err := s.namedRole(c, in.GetRoleName())
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, r.Tags, tagID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListRoleTagsResponse{Tags: showTags(p.items), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// changeRole edits any role, changeOwnRole only those AWS lets customers change.
func (s *Service) changeRole(ctx context.Context, c *op.Call, name string, edit func(tx *store.Tx, r *role) error) error {
	return change(ctx, s, s.roles, key(c.Account, name), noSuchRole(name), edit)
}

func (s *Service) changeOwnRole(ctx context.Context, c *op.Call, name string, edit func(tx *store.Tx, r *role) error) error {
	return s.changeRole(ctx, c, name, func(tx *store.Tx, r *role) error {
		if r.ServiceLinked != "" {
			return protected(r.Name)
		}
		return edit(tx, r)
	})
}
