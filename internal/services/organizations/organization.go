package organizations

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// organization is an organization as it is stored, under its id, with its root.
type organization struct {
	ID, Management, FeatureSet string
	Created                    time.Time
	// Root is the root's id; the attachments and tags are the root's.
	Root string
	attachments
	Tags []tag `json:",omitempty"`
	// Enabled are the types of policy in use, in the order they were enabled in.
	Enabled []string `json:",omitempty"`
	// Services have trusted access, sorted by principal.
	Services []trustedService `json:",omitempty"`
}

// Feature sets.
const (
	allFeatures         = "ALL"
	consolidatedBilling = "CONSOLIDATED_BILLING"
)

func (o *organization) arn() string { return arnOf(o, "organization", "") }

// ours is the organization an account belongs to.
func (s *Service) ours(tx *store.Tx, account string) (*organization, error) {
	m := get(tx, s.members, account)
	if m == nil {
		return nil, notInUse()
	}
	o := get(tx, s.organizations, m.Organization)
	if o == nil {
		return nil, errors.New("organizations: account " + account + " is in organization " + m.Organization + ", which does not exist")
	}
	return o, nil
}

// managed is the organization that the caller's account manages. A member
// learns nothing but that it is none.
func (s *Service) managed(tx *store.Tx, c *op.Call) (*organization, error) {
	o, err := s.ours(tx, c.Account)
	if err == nil && o.Management != c.Account {
		return nil, notManagement()
	}
	return o, err
}

// change edits the organization that the caller's account manages.
func (s *Service) change(ctx context.Context, c *op.Call, edit func(tx *store.Tx, o *organization) error) (*api.Empty, error) {
	return &api.Empty{}, s.update(ctx, func(tx *store.Tx) error {
		o, err := s.managed(tx, c)
		if err != nil {
			return err
		}
		return edit(tx, o)
	})
}

// managementName and managementEmail stand for what the management account was
// signed up with.
const (
	managementName  = "management"
	managementEmail = "@management.invalid"
)

func (s *Service) createOrganization(ctx context.Context, c *op.Call, in *orgapi.CreateOrganizationRequest) (*orgapi.CreateOrganizationResponse, error) {
	o := &organization{ID: newID("o-", 10), Management: c.Account, FeatureSet: in.GetFeatureSet(), Root: newID("r-", 4), Created: c.Time}
	if o.FeatureSet == "" {
		o.FeatureSet = allFeatures
	}
	m := &member{
		Organization: o.ID, Account: c.Account, Parent: o.Root, Name: managementName, Email: c.Account + managementEmail,
		Joined: c.Time, Method: "INVITED", State: stateActive,
	}
	err := s.update(ctx, func(tx *store.Tx) error {
		if s.members.GetIn(tx, c.Account) != nil {
			return orgapi.NewAlreadyInOrganizationException("The AWS account is already a member of an organization.") // seen
		}
		return errors.Join(s.organizations.Put(tx, o.ID, o), s.members.Put(tx, m.Account, m))
	})
	if err != nil {
		return nil, err
	}
	return &orgapi.CreateOrganizationResponse{Organization: o.show()}, nil
}

// show is the organization as AWS prints it. AvailablePolicyTypes tells only
// whether there can be service control policies (API reference: deprecated).
func (o *organization) show() *orgapi.Organization {
	out := &orgapi.Organization{
		Id: &o.ID, Arn: ptr(o.arn()), FeatureSet: &o.FeatureSet, MasterAccountId: &o.Management,
		MasterAccountArn: ptr(arnOf(o, kindAccount, o.Management)), MasterAccountEmail: ptr(o.Management + managementEmail),
		AvailablePolicyTypes: []orgapi.PolicyTypeSummary{},
	}
	if o.FeatureSet == allFeatures {
		out.AvailablePolicyTypes = append(out.AvailablePolicyTypes, showType(serviceControl))
	}
	return out
}

func (s *Service) describeOrganization(_ context.Context, c *op.Call, _ *api.Empty) (*orgapi.DescribeOrganizationResponse, error) {
	o, err := s.ours(nil, c.Account)
	if err != nil {
		return nil, err
	}
	return &orgapi.DescribeOrganizationResponse{Organization: o.show()}, nil
}

// deleteOrganization wants it empty of member accounts and units; the policies
// go with it (user guide, "Deleting an organization").
func (s *Service) deleteOrganization(ctx context.Context, c *op.Call, _ *api.Empty) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		for _, m := range s.members.All("", "") {
			if m.Organization == o.ID && m.Account != o.Management {
				return notEmpty()
			}
		}
		for range s.units.All(store.Prefix(o.ID), "") {
			return notEmpty()
		}
		return errors.Join(
			deleteAll(tx, s.policies, o.ID), deleteAll(tx, s.requests, o.ID),
			s.members.Delete(tx, o.Management), s.organizations.Delete(tx, o.ID),
		)
	})
}

func notEmpty() *api.Error {
	return orgapi.NewOrganizationNotEmptyException("To delete an organization you must first remove all member accounts (except the master).") // seen
}

// deleteAll removes the records of one organization.
func deleteAll[T any](tx *store.Tx, t *store.Table[T], organization string) error {
	for key := range t.All(store.Prefix(organization), "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// uses says whether a type of policy is enabled.
func (o *organization) uses(kind string) bool { return slices.Contains(o.Enabled, kind) }
