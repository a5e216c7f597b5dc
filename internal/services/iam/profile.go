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

// instanceProfile is an instance profile as it is stored, under key(Account, Name).
type instanceProfile struct {
	Account, Name, Path, ID string
	Created                 time.Time
	Tags                    []tag
	// Role is the unique id of the one role in it, empty without.
	Role string
}

func (i *instanceProfile) arn() string { return arnOf(i.Account, typeProfile, i.Path, i.Name) }

func profileID(i *instanceProfile) string { return strings.ToLower(i.Name) }

type profileInput interface{ GetInstanceProfileName() string }

// profile finds the instance profile an input names.
func (s *Service) profile(_ context.Context, c *op.Call) ([]op.Resource, error) {
	name := c.Input.(profileInput).GetInstanceProfileName()
	if i := s.profiles.Get(key(c.Account, name)); i != nil {
		return one(i.arn()), nil
	}
	return one(arnOf(c.Account, typeProfile, "/", name)), nil
}

func (s *Service) newProfile(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.CreateInstanceProfileRequest)
	return one(arnOf(c.Account, typeProfile, pathOr(in.GetPath()), in.GetInstanceProfileName())), nil
}

// taggedNewProfile is newProfile when the input has tags: then tagging is asked for too.
func (s *Service) taggedNewProfile(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if len(c.Input.(*iamapi.CreateInstanceProfileRequest).Tags) == 0 {
		return nil, nil
	}
	return s.newProfile(ctx, c)
}

func (s *Service) anyProfile(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(pattern(c, typeProfile)), nil
}

func (s *Service) namedProfile(c *op.Call, name string) (*instanceProfile, error) {
	i := s.profiles.Get(key(c.Account, name))
	if i == nil {
		return nil, noSuchProfile(name)
	}
	return i, nil
}

// profilesOf are the instance profiles a role is in, by name.
func (s *Service) profilesOf(r *role) []*instanceProfile {
	return list(s.profiles, r.Account, func(i *instanceProfile) bool { return i.Role == r.ID })
}

// showProfile is the profile as lists print it: without tags.
func (s *Service) showProfile(i *instanceProfile) iamapi.InstanceProfile {
	out := iamapi.InstanceProfile{
		Path: ptr(i.Path), InstanceProfileName: ptr(i.Name), InstanceProfileId: ptr(i.ID), Arn: ptr(i.arn()), CreateDate: ptr(i.Created),
		Roles: []iamapi.Role{},
	}
	if p := s.index.find(i.Role); p != nil && p.role != nil {
		out.Roles = append(out.Roles, s.showRole(p.role))
	}
	return out
}

func (s *Service) createInstanceProfile(ctx context.Context, c *op.Call, in *iamapi.CreateInstanceProfileRequest) (*iamapi.CreateInstanceProfileResponse, error) {
	i := &instanceProfile{
		Account: c.Account, Name: in.GetInstanceProfileName(), Path: pathOr(in.GetPath()), ID: id.Unique(id.InstanceProfile), Created: s.now(),
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.profiles.GetIn(tx, key(i.Account, i.Name)) != nil {
			return iamapi.NewEntityAlreadyExistsException("Instance Profile %s already exists.", i.Name)
		}
		if count(s.profiles, i.Account) >= limits.InstanceProfilesPerAccount {
			return overQuota("InstanceProfilesPerAccount", limits.InstanceProfilesPerAccount)
		}
		var err error
		if i.Tags, err = profileTags.put(nil, in.Tags); err != nil {
			return err
		}
		return s.profiles.Put(tx, key(i.Account, i.Name), i)
	})
	if err != nil {
		return nil, err
	}
	out := s.showProfile(i)
	out.Tags = in.Tags
	return &iamapi.CreateInstanceProfileResponse{InstanceProfile: &out}, nil
}

func (s *Service) getInstanceProfile(_ context.Context, c *op.Call, in *iamapi.GetInstanceProfileRequest) (*iamapi.GetInstanceProfileResponse, error) {
	i, err := s.namedProfile(c, in.GetInstanceProfileName())
	if err != nil {
		return nil, err
	}
	out := s.showProfile(i)
	out.Tags = showTags(i.Tags)
	return &iamapi.GetInstanceProfileResponse{InstanceProfile: &out}, nil
}

func (s *Service) deleteInstanceProfile(ctx context.Context, c *op.Call, in *iamapi.DeleteInstanceProfileRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		i := s.profiles.GetIn(tx, key(c.Account, in.GetInstanceProfileName()))
		if i == nil {
			return noSuchProfile(in.GetInstanceProfileName())
		}
		if i.Role != "" {
			return deleteConflict("remove roles from instance profile")
		}
		return s.profiles.Delete(tx, key(i.Account, i.Name))
	}))
}

func (s *Service) listInstanceProfiles(_ context.Context, c *op.Call, in *iamapi.ListInstanceProfilesRequest) (*iamapi.ListInstanceProfilesResponse, error) {
	profiles := list(s.profiles, c.Account, func(i *instanceProfile) bool { return strings.HasPrefix(i.Path, in.GetPathPrefix()) })
	p, err := paginate(in, profiles, profileID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListInstanceProfilesResponse{InstanceProfiles: each(p.items, s.showProfile), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) listInstanceProfilesForRole(_ context.Context, c *op.Call, in *iamapi.ListInstanceProfilesForRoleRequest) (*iamapi.ListInstanceProfilesForRoleResponse, error) {
	r, err := s.namedRole(c, in.GetRoleName())
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, s.profilesOf(r), profileID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListInstanceProfilesForRoleResponse{InstanceProfiles: each(p.items, s.showProfile), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// rolesPerProfile is how many roles an instance profile has (recorded from AWS).
const rolesPerProfile = 1

func (s *Service) addRoleToInstanceProfile(ctx context.Context, c *op.Call, in *iamapi.AddRoleToInstanceProfileRequest) (*api.Empty, error) {
	return done(s.changeProfile(ctx, c, in.GetInstanceProfileName(), func(tx *store.Tx, i *instanceProfile) error {
		r := s.roles.GetIn(tx, key(c.Account, in.GetRoleName()))
		switch {
		case r == nil:
			return noSuchRole(in.GetRoleName())
		case r.ServiceLinked != "":
			return protected(r.Name)
		case i.Role != "":
			return overQuota("InstanceSessionsPerInstanceProfile", rolesPerProfile)
		}
		i.Role = r.ID
		return nil
	}))
}

func (s *Service) removeRoleFromInstanceProfile(ctx context.Context, c *op.Call, in *iamapi.RemoveRoleFromInstanceProfileRequest) (*api.Empty, error) {
	return done(s.changeProfile(ctx, c, in.GetInstanceProfileName(), func(tx *store.Tx, i *instanceProfile) error {
		r := s.roles.GetIn(tx, key(c.Account, in.GetRoleName()))
		if r == nil {
			return noSuchRole(in.GetRoleName())
		}
		if i.Role != r.ID {
			return iamapi.NewNoSuchEntityException("Role %s in Instance Profile %s cannot be found.", r.Name, i.Name)
		}
		i.Role = ""
		return nil
	}))
}

func (s *Service) tagInstanceProfile(ctx context.Context, c *op.Call, in *iamapi.TagInstanceProfileRequest) (*api.Empty, error) {
	return done(s.changeProfile(ctx, c, in.GetInstanceProfileName(), func(_ *store.Tx, i *instanceProfile) (err error) {
		i.Tags, err = profileTags.put(i.Tags, in.Tags)
		return err
	}))
}

func (s *Service) untagInstanceProfile(ctx context.Context, c *op.Call, in *iamapi.UntagInstanceProfileRequest) (*api.Empty, error) {
	return done(s.changeProfile(ctx, c, in.GetInstanceProfileName(), func(_ *store.Tx, i *instanceProfile) error {
		i.Tags = profileTags.remove(i.Tags, in.TagKeys)
		return nil
	}))
}

func (s *Service) listInstanceProfileTags(_ context.Context, c *op.Call, in *iamapi.ListInstanceProfileTagsRequest) (*iamapi.ListInstanceProfileTagsResponse, error) {
	i, err := s.namedProfile(c, in.GetInstanceProfileName())
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, i.Tags, tagID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListInstanceProfileTagsResponse{Tags: showTags(p.items), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) changeProfile(ctx context.Context, c *op.Call, name string, edit func(tx *store.Tx, i *instanceProfile) error) error {
	return change(ctx, s, s.profiles, key(c.Account, name), noSuchProfile(name), edit)
}
