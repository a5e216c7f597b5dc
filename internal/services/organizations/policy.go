package organizations

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// controlPolicy is a service or resource control policy as it is stored, under
// its organization and id.
type controlPolicy struct {
	Organization, ID, Name, Description, Type, Content string
	Tags                                               []tag `json:",omitempty"`
	// AWS says that AWS manages it: it is the same in every organization and
	// never stored.
	AWS bool `json:"-"`
	// compiled is what decides, set before the record becomes visible.
	compiled *policy.Policy
}

func (p *controlPolicy) key() string { return store.Key(p.Organization, p.ID) }

// compiled is called with each policy that is to become visible. One that was
// stored and cannot be read any more is a fault of ours: what it denies is not
// known, so it denies everything.
func (s *Service) compiled(_ string, _, now *controlPolicy) {
	if now == nil || now.compiled != nil {
		return
	}
	var err error
	if now.compiled, err = policy.Load([]byte(now.Content)); err != nil {
		s.bug.Report(context.Background(), "the stored policy %s does not compile: %v", now.ID, err)
		now.compiled = policy.Compile(&policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
			Effect: "Deny", Action: policy.One("*"), Resource: policy.One("*"), Principal: everybody(now.Type),
		}}})
	}
}

// everybody is the Principal element of a type of policy.
func everybody(kind string) *policy.Principals {
	if kind == resourceControl {
		return &policy.Principals{Star: true}
	}
	return nil
}

// policy is the policy of an id: one AWS manages, or the organization's; nil
// if there is none.
func (s *Service) policy(tx *store.Tx, o *organization, id string) *controlPolicy {
	if p := s.aws[id]; p != nil {
		return p
	}
	return get(tx, s.policies, store.Key(o.ID, id))
}

// own is a policy that may be changed.
func (s *Service) own(tx *store.Tx, o *organization, id string) (*controlPolicy, error) {
	p := s.policy(tx, o, id)
	switch {
	case p == nil:
		return nil, noPolicy()
	case p.AWS:
		return nil, invalid(immutablePolicy, "You specified a policy that is managed by Amazon Web Services and can't be modified.")
	}
	return p, nil
}

func (p *controlPolicy) summary(o *organization) orgapi.PolicySummary {
	return orgapi.PolicySummary{Id: &p.ID, Arn: ptr(p.arn(o)), Name: &p.Name, Description: &p.Description, Type: &p.Type, AwsManaged: &p.AWS}
}

func (p *controlPolicy) show(o *organization) *orgapi.Policy {
	return &orgapi.Policy{PolicySummary: ptr(p.summary(o)), Content: &p.Content}
}

func (s *Service) createPolicy(ctx context.Context, c *op.Call, in *orgapi.CreatePolicyRequest) (*orgapi.CreatePolicyResponse, error) {
	var out *orgapi.Policy
	_, err := s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		if o.FeatureSet != allFeatures || !decides(in.GetType()) {
			return notAvailable()
		}
		if err := checkContent(in.GetType(), in.GetContent()); err != nil {
			return err
		}
		if count(s.policies, o.ID) >= limits.PoliciesPerOrganization {
			return constraint(tooManyPolicies, constraintExceeded, "policies")
		}
		p := &controlPolicy{Organization: o.ID, ID: newID("p-", 8), Name: in.GetName(), Description: in.GetDescription(), Type: in.GetType(), Content: in.GetContent()}
		if err := s.policyNameIsFree(p); err != nil {
			return err
		}
		var err error
		if p.Tags, err = addTags(nil, in.Tags); err != nil {
			return err
		}
		out = p.show(o)
		return s.policies.Put(tx, p.key(), p)
	})
	if err != nil {
		return nil, err
	}
	return &orgapi.CreatePolicyResponse{Policy: out}, nil
}

// policyNameIsFree: names are unique among the policies of one type.
func (s *Service) policyNameIsFree(p *controlPolicy) error {
	taken := func(other *controlPolicy) bool {
		return other.Type == p.Type && other.Name == p.Name && other.ID != p.ID
	}
	for _, other := range s.aws {
		if taken(other) {
			return orgapi.NewDuplicatePolicyException(duplicateText)
		}
	}
	for _, other := range s.policies.All(store.Prefix(p.Organization), "") {
		if taken(other) {
			return orgapi.NewDuplicatePolicyException(duplicateText)
		}
	}
	return nil
}

func (s *Service) updatePolicy(ctx context.Context, c *op.Call, in *orgapi.UpdatePolicyRequest) (*orgapi.UpdatePolicyResponse, error) {
	var out *orgapi.Policy
	_, err := s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		p, err := s.own(tx, o, in.GetPolicyId())
		if err != nil {
			return err
		}
		next := *p
		if in.Name != nil {
			next.Name = in.GetName()
		}
		if in.Description != nil {
			next.Description = in.GetDescription()
		}
		if in.Content != nil {
			if err := checkContent(next.Type, in.GetContent()); err != nil {
				return err
			}
			next.Content, next.compiled = in.GetContent(), nil
		}
		if err := s.policyNameIsFree(&next); err != nil {
			return err
		}
		out = next.show(o)
		return s.policies.Put(tx, next.key(), &next)
	})
	if err != nil {
		return nil, err
	}
	return &orgapi.UpdatePolicyResponse{Policy: out}, nil
}

func (s *Service) deletePolicy(ctx context.Context, c *op.Call, in *orgapi.DeletePolicyRequest) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		p, err := s.own(tx, o, in.GetPolicyId())
		if err != nil {
			return err
		}
		if len(s.attachedTo(o, p)) > 0 {
			return orgapi.NewPolicyInUseException("The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.")
		}
		return s.policies.Delete(tx, p.key())
	})
}

func (s *Service) describePolicy(_ context.Context, c *op.Call, in *orgapi.DescribePolicyRequest) (*orgapi.DescribePolicyResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	p := s.policy(nil, o, in.GetPolicyId())
	if p == nil {
		return nil, noPolicy()
	}
	return &orgapi.DescribePolicyResponse{Policy: p.show(o)}, nil
}

func (s *Service) listPolicies(_ context.Context, c *op.Call, in *orgapi.ListPoliciesRequest) (*orgapi.ListPoliciesResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	var all []*controlPolicy
	if p := s.aws[fullAccess(in.GetFilter())]; p != nil && o.FeatureSet == allFeatures {
		all = append(all, p)
	}
	for _, p := range s.policies.All(store.Prefix(o.ID), "") {
		if p.Type == in.GetFilter() {
			all = append(all, p)
		}
	}
	policies, next, err := pagePolicies(in, o, all)
	return &orgapi.ListPoliciesResponse{Policies: policies, NextToken: next}, err
}

func pagePolicies(in pageQuery, o *organization, all []*controlPolicy) ([]orgapi.PolicySummary, *string, error) {
	slices.SortFunc(all, func(a, b *controlPolicy) int { return strings.Compare(a.ID, b.ID) })
	p, err := paginate(in, all, func(p *controlPolicy) string { return p.ID })
	if err != nil {
		return nil, nil, err
	}
	return each(p.items, func(p *controlPolicy) orgapi.PolicySummary { return p.summary(o) }), p.next, nil
}
