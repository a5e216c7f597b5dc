package organizations

import (
	"context"
	"slices"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Types of policy that decide requests.
const (
	serviceControl  = "SERVICE_CONTROL_POLICY"
	resourceControl = "RESOURCE_CONTROL_POLICY"
)

// decides says whether a type of policy is one of those.
func decides(kind string) bool { return kind == serviceControl || kind == resourceControl }

// rootName is the name of every root.
const rootName = "Root"

func showType(kind string) orgapi.PolicyTypeSummary {
	return orgapi.PolicyTypeSummary{Type: &kind, Status: ptr("ENABLED")}
}

func (o *organization) showRoot() orgapi.Root {
	out := orgapi.Root{Id: &o.Root, Arn: ptr(arnOf(o, kindRoot, o.Root)), Name: ptr(rootName), PolicyTypes: []orgapi.PolicyTypeSummary{}}
	for _, kind := range o.Enabled {
		out.PolicyTypes = append(out.PolicyTypes, showType(kind))
	}
	return out
}

func (s *Service) listRoots(_ context.Context, c *op.Call, in *orgapi.ListRootsRequest) (*orgapi.ListRootsResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, []*organization{o}, func(o *organization) string { return o.Root })
	if err != nil {
		return nil, err
	}
	return &orgapi.ListRootsResponse{Roots: each(p.items, (*organization).showRoot), NextToken: p.next}, nil
}

// enablePolicyType brings a type of policy into use. Everything in the
// organization has the policy that allows everything from then on.
func (s *Service) enablePolicyType(ctx context.Context, c *op.Call, in *orgapi.EnablePolicyTypeRequest) (*orgapi.EnablePolicyTypeResponse, error) {
	root, err := s.switchType(ctx, c, in, func(o *organization) error {
		if o.uses(in.GetPolicyType()) {
			return orgapi.NewPolicyTypeAlreadyEnabledException("The specified policy type is already enabled.") // seen
		}
		o.Enabled = append(slices.Clone(o.Enabled), in.GetPolicyType())
		return nil
	}, fullAccess(in.GetPolicyType()))
	return &orgapi.EnablePolicyTypeResponse{Root: root}, err
}

// disablePolicyType takes a type of policy out of use, and detaches all of it
// (API reference, DisablePolicyType).
func (s *Service) disablePolicyType(ctx context.Context, c *op.Call, in *orgapi.DisablePolicyTypeRequest) (*orgapi.DisablePolicyTypeResponse, error) {
	root, err := s.switchType(ctx, c, in, func(o *organization) error {
		if !o.uses(in.GetPolicyType()) {
			return notEnabled()
		}
		o.Enabled = slices.DeleteFunc(slices.Clone(o.Enabled), func(kind string) bool { return kind == in.GetPolicyType() })
		return nil
	})
	return &orgapi.DisablePolicyTypeResponse{Root: root}, err
}

type typeInput interface {
	GetPolicyType() string
	GetRootId() string
}

// switchType edits the organization and gives everything in it these policies
// of the type, and no other.
func (s *Service) switchType(ctx context.Context, c *op.Call, in typeInput, edit func(o *organization) error, attached ...string) (*orgapi.Root, error) {
	var root orgapi.Root
	_, err := s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		switch {
		case in.GetRootId() != o.Root:
			return noRoot()
		case o.FeatureSet != allFeatures || !decides(in.GetPolicyType()):
			return notAvailable()
		}
		next := *o
		if err := edit(&next); err != nil {
			return err
		}
		if err := s.organizations.Put(tx, next.ID, &next); err != nil {
			return err
		}
		root = next.showRoot()
		for _, t := range s.targets(tx, &next) {
			t.set(in.GetPolicyType(), attached)
			if err := t.save(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &root, nil
}
