package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) createPolicyVersion(ctx context.Context, c *op.Call, in *iamapi.CreatePolicyVersionRequest) (*iamapi.CreatePolicyVersionResponse, error) {
	var made version
	err := s.changePolicy(ctx, c, in.GetPolicyArn(), func(m *managed) error {
		if err := checkManagedPolicy(in.GetPolicyDocument()); err != nil {
			return err
		}
		if len(m.Versions) >= limits.PolicyVersions {
			return iamapi.NewLimitExceededException("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", limits.PolicyVersions)
		}
		made = *m.add(in.GetPolicyDocument(), s.now())
		m.Updated = made.Created
		if in.GetSetAsDefault() {
			m.Default = made.ID
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iamapi.CreatePolicyVersionResponse{PolicyVersion: ptr(showVersion(&made, in.GetSetAsDefault()))}, nil
}

// showVersion is the version as lists print it: without its document.
func showVersion(v *version, isDefault bool) iamapi.PolicyVersion {
	return iamapi.PolicyVersion{VersionId: ptr(v.ID), IsDefaultVersion: ptr(isDefault), CreateDate: ptr(v.Created)}
}

// showWholeVersion is showVersion with the document.
func (s *Service) showWholeVersion(m *managed, v *version) (iamapi.PolicyVersion, error) {
	document, err := s.document(m, v)
	if err != nil {
		return iamapi.PolicyVersion{}, err
	}
	out := showVersion(v, v.ID == m.Default)
	out.Document = ptr(encodeDocument(document))
	return out, nil
}

func (s *Service) getPolicyVersion(_ context.Context, c *op.Call, in *iamapi.GetPolicyVersionRequest) (*iamapi.GetPolicyVersionResponse, error) {
	m := s.policyAt(c.Account, in.GetPolicyArn())
	if m == nil || m.version(in.GetVersionId()) == nil {
		return nil, noSuchVersion(in.GetPolicyArn(), in.GetVersionId())
	}
	out, err := s.showWholeVersion(m, m.version(in.GetVersionId()))
	if err != nil {
		return nil, err
	}
	return &iamapi.GetPolicyVersionResponse{PolicyVersion: &out}, nil
}

// listPolicyVersions lists the newest version first (recorded from AWS).
func (s *Service) listPolicyVersions(_ context.Context, c *op.Call, in *iamapi.ListPolicyVersionsRequest) (*iamapi.ListPolicyVersionsResponse, error) {
	m := s.policyAt(c.Account, in.GetPolicyArn())
	if m == nil {
		return nil, noSuchPolicy(in.GetPolicyArn())
	}
	newest := slices.Clone(m.Versions)
	slices.Reverse(newest)
	p, err := paginate(in, newest, versionID)
	if err != nil {
		return nil, err
	}
	show := func(v version) iamapi.PolicyVersion { return showVersion(&v, v.ID == m.Default) }
	return &iamapi.ListPolicyVersionsResponse{Versions: each(p.items, show), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// versionID sorts versions backwards by their number: longer numbers, and of
// equally long ones those with greater digits, come first.
func versionID(v version) string {
	return strings.Map(func(digit rune) rune { return '0' + '9' - digit }, strings.Repeat("0", 20-len(v.ID))+v.ID[1:])
}

// changeVersion edits a policy that has a certain version.
func (s *Service) changeVersion(ctx context.Context, c *op.Call, arn, versionID string, edit func(m *managed) error) error {
	if s.policyAt(c.Account, arn) == nil {
		return noSuchVersion(arn, versionID)
	}
	return s.changePolicy(ctx, c, arn, func(m *managed) error {
		if m.version(versionID) == nil {
			return noSuchVersion(arn, versionID)
		}
		return edit(m)
	})
}

func (s *Service) setDefaultPolicyVersion(ctx context.Context, c *op.Call, in *iamapi.SetDefaultPolicyVersionRequest) (*api.Empty, error) {
	return done(s.changeVersion(ctx, c, in.GetPolicyArn(), in.GetVersionId(), func(m *managed) error {
		m.Default, m.Updated = in.GetVersionId(), s.now()
		return nil
	}))
}

func (s *Service) deletePolicyVersion(ctx context.Context, c *op.Call, in *iamapi.DeletePolicyVersionRequest) (*api.Empty, error) {
	return done(s.changeVersion(ctx, c, in.GetPolicyArn(), in.GetVersionId(), func(m *managed) error {
		if m.Default == in.GetVersionId() {
			return iamapi.NewDeleteConflictException("Cannot delete the default version of a policy.")
		}
		m.Versions = slices.DeleteFunc(slices.Clone(m.Versions), func(v version) bool { return v.ID == in.GetVersionId() })
		return nil
	}))
}
