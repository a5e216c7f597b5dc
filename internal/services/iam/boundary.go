package iam

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// checkBoundary refuses an ARN that cannot be a permissions boundary (recorded from AWS).
func (s *Service) checkBoundary(account, arn string) error {
	if arn == "" {
		return nil
	}
	if p, ok := parseARN(arn); !ok || p.kind != typePolicy {
		return iamapi.NewInvalidInputException("ARN %s is not valid.", arn)
	}
	if s.policyAt(account, arn) == nil {
		return iamapi.NewNoSuchEntityException("Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return nil
}

// boundaryType is what AWS prints; its model has another word (recorded from AWS).
const boundaryType = "Policy"

func showBoundary(arn string) *iamapi.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &iamapi.AttachedPermissionsBoundary{PermissionsBoundaryArn: ptr(arn), PermissionsBoundaryType: ptr(boundaryType)}
}

func (s *Service) putUserPermissionsBoundary(ctx context.Context, c *op.Call, in *iamapi.PutUserPermissionsBoundaryRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		u.Boundary = in.GetPermissionsBoundary()
		return s.checkBoundary(u.Account, u.Boundary)
	}))
}

func (s *Service) deleteUserPermissionsBoundary(ctx context.Context, c *op.Call, in *iamapi.DeleteUserPermissionsBoundaryRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		if u.Boundary == "" {
			return noBoundary(typeUser, u.Name)
		}
		u.Boundary = ""
		return nil
	}))
}

func (s *Service) putRolePermissionsBoundary(ctx context.Context, c *op.Call, in *iamapi.PutRolePermissionsBoundaryRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		r.Boundary = in.GetPermissionsBoundary()
		return s.checkBoundary(r.Account, r.Boundary)
	}))
}

func (s *Service) deleteRolePermissionsBoundary(ctx context.Context, c *op.Call, in *iamapi.DeleteRolePermissionsBoundaryRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		if r.Boundary == "" {
			return noBoundary(typeRole, r.Name)
		}
		r.Boundary = ""
		return nil
	}))
}

// noBoundary is the refusal to take away what is not there. The words are ours.
func noBoundary(kind, name string) error {
	return iamapi.NewNoSuchEntityException("The %s with name %s does not have a permissions boundary.", kind, name)
}
