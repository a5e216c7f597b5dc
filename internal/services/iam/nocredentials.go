package iam

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// The operations here are about credentials that users of this server do not
// have. They answer from that empty state, so that tools which list everything
// before they delete a user go on.

// noSuchLoginProfile is the answer for a user without a password.
func noSuchLoginProfile(name string) error {
	return iamapi.NewNoSuchEntityException("Login Profile for User %s cannot be found.", name)
}

// exists refuses the name of a user who does not exist; the caller's own does.
func (s *Service) exists(c *op.Call, name string) error {
	if name == "" && c.Caller.Kind() == caller.RootKind {
		return nil
	}
	_, err := s.target(c, name)
	return err
}

func (s *Service) getLoginProfile(_ context.Context, c *op.Call, in *iamapi.GetLoginProfileRequest) (*iamapi.GetLoginProfileResponse, error) {
	if in.GetUserName() == "" && c.Caller.IsRoot() {
		return nil, noSuchLoginProfile("root")
	}
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	return nil, noSuchLoginProfile(u.Name)
}

// deleteLoginProfile finds none to delete. Terraform asks for it before it
// deletes a user by force.
func (s *Service) deleteLoginProfile(_ context.Context, c *op.Call, in *iamapi.DeleteLoginProfileRequest) (*api.Empty, error) {
	if in.GetUserName() == "" && c.Caller.IsRoot() {
		return nil, noSuchLoginProfile("root")
	}
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	return nil, noSuchLoginProfile(u.Name)
}

func (s *Service) listMFADevices(_ context.Context, c *op.Call, in *iamapi.ListMFADevicesRequest) (*iamapi.ListMFADevicesResponse, error) {
	if err := s.exists(c, in.GetUserName()); err != nil {
		return nil, err
	}
	return &iamapi.ListMFADevicesResponse{MFADevices: []iamapi.MFADevice{}, IsTruncated: ptr(false)}, nil
}

// anyMFADevice is the pattern a list of virtual devices is judged on.
func (s *Service) anyMFADevice(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(arnOf(c.Account, "mfa", "/", "*")), nil
}

func (s *Service) listVirtualMFADevices(_ context.Context, _ *op.Call, _ *iamapi.ListVirtualMFADevicesRequest) (*iamapi.ListVirtualMFADevicesResponse, error) {
	return &iamapi.ListVirtualMFADevicesResponse{VirtualMFADevices: []iamapi.VirtualMFADevice{}, IsTruncated: ptr(false)}, nil
}

func (s *Service) listSSHPublicKeys(_ context.Context, c *op.Call, in *iamapi.ListSSHPublicKeysRequest) (*iamapi.ListSSHPublicKeysResponse, error) {
	if err := s.exists(c, in.GetUserName()); err != nil {
		return nil, err
	}
	return &iamapi.ListSSHPublicKeysResponse{SSHPublicKeys: []iamapi.SSHPublicKeyMetadata{}, IsTruncated: ptr(false)}, nil
}

func (s *Service) listSigningCertificates(_ context.Context, c *op.Call, in *iamapi.ListSigningCertificatesRequest) (*iamapi.ListSigningCertificatesResponse, error) {
	if err := s.exists(c, in.GetUserName()); err != nil {
		return nil, err
	}
	return &iamapi.ListSigningCertificatesResponse{Certificates: []iamapi.SigningCertificate{}, IsTruncated: ptr(false)}, nil
}

// credentialsOf finds the user whose credentials of single services are listed,
// or every user.
func (s *Service) credentialsOf(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if c.Input.(*iamapi.ListServiceSpecificCredentialsRequest).GetAllUsers() {
		return one(arnOf(c.Account, typeUser, "/", "*")), nil
	}
	return s.userOrCaller(ctx, c)
}

func (s *Service) listServiceSpecificCredentials(_ context.Context, c *op.Call, in *iamapi.ListServiceSpecificCredentialsRequest) (*iamapi.ListServiceSpecificCredentialsResponse, error) {
	if !in.GetAllUsers() {
		if err := s.exists(c, in.GetUserName()); err != nil {
			return nil, err
		}
	}
	return &iamapi.ListServiceSpecificCredentialsResponse{ServiceSpecificCredentials: []iamapi.ServiceSpecificCredentialMetadata{}, IsTruncated: ptr(false)}, nil
}
