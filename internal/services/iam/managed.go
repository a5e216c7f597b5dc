package iam

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/managedpolicy"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// managed is a managed policy as it is stored, under key(Account, Name).
type managed struct {
	Account, Name, Path, ID string
	Created, Updated        time.Time
	Description             string
	Tags                    []tag
	// Versions are in the order in which they were made. Default is the id of
	// the one in force, Last the number of the last one made.
	Versions []version
	Default  string
	Last     int
	// aws is set on those of AWS, which are not stored.
	aws *managedpolicy.Policy
}

// version is one version of a managed policy.
type version struct {
	ID       string
	Created  time.Time
	Document string
	// text is set by the index before the record becomes visible.
	text *text
}

func (m *managed) arn() string { return arnOf(m.Account, typePolicy, m.Path, m.Name) }

func (m *managed) version(id string) *version {
	i := slices.IndexFunc(m.Versions, func(v version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return &m.Versions[i]
}

func (m *managed) defaultVersion() *version { return m.version(m.Default) }

// add puts a version at the end of the list, which readers may share.
func (m *managed) add(document string, now time.Time) *version {
	m.Last++
	m.Versions = append(slices.Clone(m.Versions), version{ID: "v" + strconv.Itoa(m.Last), Created: now, Document: document})
	return &m.Versions[len(m.Versions)-1]
}

// checkManagedPolicy refuses what AWS does not store as a managed policy.
func checkManagedPolicy(document string) error {
	if err := checkIdentityPolicy(document); err != nil {
		return err
	}
	if policySize(document) > limits.ManagedPolicy {
		return overQuota("PolicySize", limits.ManagedPolicy)
	}
	return nil
}

// policyAt is the policy of an ARN as an account sees it: one of its own, or
// one of AWS. nil when there is none.
func (s *Service) policyAt(account, arn string) *managed {
	p, ok := parseARN(arn)
	if !ok || p.kind != typePolicy {
		return nil
	}
	if p.account == awsAccount {
		return s.aws.find(arn)
	}
	if p.account != account {
		return nil
	}
	if m := s.policies.Get(key(p.account, p.name)); m != nil && m.arn() == arn {
		return m
	}
	return nil
}

// document is the text of a version.
func (s *Service) document(m *managed, v *version) (string, error) {
	if m.aws != nil {
		return s.aws.document(m.aws)
	}
	return v.Document, nil
}

type policyInput interface{ GetPolicyArn() string }

// policy finds the managed policy an input names, whether or not it exists.
func (s *Service) policy(_ context.Context, c *op.Call) ([]op.Resource, error) {
	arn := c.Input.(policyInput).GetPolicyArn()
	if p, ok := parseARN(arn); !ok || p.kind != typePolicy {
		return nil, validationError("Invalid ARN:  Could not be parsed!")
	}
	return one(arn), nil
}

func (s *Service) newPolicy(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.CreatePolicyRequest)
	return one(arnOf(c.Account, typePolicy, pathOr(in.GetPath()), in.GetPolicyName())), nil
}

// taggedNewPolicy is newPolicy when the input has tags: then tagging is asked for too.
func (s *Service) taggedNewPolicy(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if len(c.Input.(*iamapi.CreatePolicyRequest).Tags) == 0 {
		return nil, nil
	}
	return s.newPolicy(ctx, c)
}

func (s *Service) createPolicy(ctx context.Context, c *op.Call, in *iamapi.CreatePolicyRequest) (*iamapi.CreatePolicyResponse, error) {
	now := s.now()
	m := &managed{
		Account: c.Account, Name: in.GetPolicyName(), Path: pathOr(in.GetPath()), ID: id.Unique(id.ManagedPolicy),
		Created: now, Updated: now, Description: in.GetDescription(),
	}
	if err := checkManagedPolicy(in.GetPolicyDocument()); err != nil {
		return nil, err
	}
	m.Default = m.add(in.GetPolicyDocument(), now).ID
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.policies.GetIn(tx, key(m.Account, m.Name)) != nil {
			return iamapi.NewEntityAlreadyExistsException("A policy called %s already exists. Duplicate names are not allowed.", m.Name)
		}
		if count(s.policies, m.Account) >= limits.PoliciesPerAccount {
			return overQuota("PoliciesPerAccount", limits.PoliciesPerAccount)
		}
		var err error
		if m.Tags, err = policyTags.put(nil, in.Tags); err != nil {
			return err
		}
		return s.policies.Put(tx, key(m.Account, m.Name), m)
	})
	if err != nil {
		return nil, err
	}
	out := s.showPolicy(c.Account, m)
	out.Tags = in.Tags
	return &iamapi.CreatePolicyResponse{Policy: &out}, nil
}

// showPolicy is the policy as lists print it: without tags and description.
func (s *Service) showPolicy(account string, m *managed) iamapi.Policy {
	n := s.index.usesOf(account, m.arn())
	return iamapi.Policy{
		PolicyName: ptr(m.Name), PolicyId: ptr(m.ID), Arn: ptr(m.arn()), Path: ptr(m.Path), DefaultVersionId: ptr(m.Default),
		AttachmentCount: ptr(int32(n.attached)), PermissionsBoundaryUsageCount: ptr(int32(n.bounds)), IsAttachable: ptr(true),
		CreateDate: ptr(m.Created), UpdateDate: ptr(m.Updated),
	}
}

func (s *Service) getPolicy(_ context.Context, c *op.Call, in *iamapi.GetPolicyRequest) (*iamapi.GetPolicyResponse, error) {
	m := s.policyAt(c.Account, in.GetPolicyArn())
	if m == nil {
		return nil, noSuchPolicy(in.GetPolicyArn())
	}
	out := s.showPolicy(c.Account, m)
	out.Description, out.Tags = optional(m.Description), showTags(m.Tags)
	return &iamapi.GetPolicyResponse{Policy: &out}, nil
}

func (s *Service) deletePolicy(ctx context.Context, c *op.Call, in *iamapi.DeletePolicyRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		m, err := s.ownPolicy(c, in.GetPolicyArn())
		if err != nil {
			return err
		}
		if s.index.usesOf(m.Account, m.arn()) != (uses{}) {
			return iamapi.NewDeleteConflictException("Cannot delete a policy attached to entities.")
		}
		if len(m.Versions) > 1 {
			return iamapi.NewDeleteConflictException("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		return s.policies.Delete(tx, key(m.Account, m.Name))
	}))
}

// ownPolicy is a policy that the caller's account may change.
func (s *Service) ownPolicy(c *op.Call, arn string) (*managed, error) {
	m := s.policyAt(c.Account, arn)
	switch {
	case m == nil:
		return nil, noSuchPolicy(arn)
	case m.aws != nil:
		return nil, ofAWS(c.Caller.ARN(), c.Operation.Name, arn)
	}
	return m, nil
}

// changePolicy edits a copy of a policy and stores it.
func (s *Service) changePolicy(ctx context.Context, c *op.Call, arn string, edit func(m *managed) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		old, err := s.ownPolicy(c, arn)
		if err != nil {
			return err
		}
		next := *old
		if err := edit(&next); err != nil {
			return err
		}
		return s.policies.Put(tx, key(next.Account, next.Name), &next)
	})
}

func (s *Service) tagPolicy(ctx context.Context, c *op.Call, in *iamapi.TagPolicyRequest) (*api.Empty, error) {
	return done(s.changePolicy(ctx, c, in.GetPolicyArn(), func(m *managed) (err error) {
		m.Tags, err = policyTags.put(m.Tags, in.Tags)
		return err
	}))
}

func (s *Service) untagPolicy(ctx context.Context, c *op.Call, in *iamapi.UntagPolicyRequest) (*api.Empty, error) {
	return done(s.changePolicy(ctx, c, in.GetPolicyArn(), func(m *managed) error {
		m.Tags = policyTags.remove(m.Tags, in.TagKeys)
		return nil
	}))
}

func (s *Service) listPolicyTags(_ context.Context, c *op.Call, in *iamapi.ListPolicyTagsRequest) (*iamapi.ListPolicyTagsResponse, error) {
	m := s.policyAt(c.Account, in.GetPolicyArn())
	if m == nil {
		return nil, noSuchPolicy(in.GetPolicyArn())
	}
	p, err := paginate(in, m.Tags, tagID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListPolicyTagsResponse{Tags: showTags(p.items), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// Values of Scope and PolicyUsageFilter.
const (
	scopeAWS           = "AWS"
	scopeLocal         = "Local"
	usePermissions     = "PermissionsPolicy"
	usePermissionBound = "PermissionsBoundary"
)

func (s *Service) listPolicies(_ context.Context, c *op.Call, in *iamapi.ListPoliciesRequest) (*iamapi.ListPoliciesResponse, error) {
	wanted := func(m *managed) bool {
		if !strings.HasPrefix(m.Path, in.GetPathPrefix()) {
			return false
		}
		return s.usedAs(c.Account, m.arn(), in.GetPolicyUsageFilter(), in.GetOnlyAttached())
	}
	var all []*managed
	if in.GetScope() != scopeAWS {
		all = list(s.policies, c.Account, wanted)
	}
	if in.GetScope() != scopeLocal {
		policies := s.aws.library.All()
		for i := range policies {
			if m := awsRecord(&policies[i]); wanted(m) {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b *managed) int { return strings.Compare(policyID(a), policyID(b)) })
	p, err := paginate(in, all, policyID)
	if err != nil {
		return nil, err
	}
	show := func(m *managed) iamapi.Policy { return s.showPolicy(c.Account, m) }
	return &iamapi.ListPoliciesResponse{Policies: each(p.items, show), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// policyID sorts policies by name, AWS's before one of the same name.
func policyID(m *managed) string { return nameID(m.Name, m.aws != nil) }

func nameID(name string, aws bool) string {
	owner := "1"
	if aws {
		owner = "0"
	}
	return strings.ToLower(name) + "\x00" + owner
}

// usedAs says whether an account uses a policy in the way that is asked for.
func (s *Service) usedAs(account, arn, filter string, attached bool) bool {
	if filter == "" && !attached {
		return true
	}
	n := s.index.usesOf(account, arn)
	switch filter {
	case usePermissions:
		return n.attached > 0
	case usePermissionBound:
		return n.bounds > 0
	}
	return n.attached > 0
}
