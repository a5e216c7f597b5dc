package iam

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// simulation is one question to the simulator, for every action on every
// resource. It is answered by the engine that answers the gate.
type simulation struct {
	// principal is who asks; known says that it is somebody's ARN, not a
	// stand-in for a caller that was not given.
	principal policy.Principal
	known     bool
	identity  []source
	boundary  *source
	resource  *source
	// serviceControl are the control policies of the principal's account;
	// member says that it is in an organization.
	serviceControl [][]policy.Attached
	member         bool
	// owner has the resources whose ARN names no account.
	owner              string
	actions, resources []string
	keys               *policy.Context
}

// source is a policy with the name and type that results call it by.
type source struct {
	policy.Attached
	id, kind string
}

// Types of policy, as AWS prints them (recorded; its model has other names).
const (
	identitySource = "IAM Policy"
	resourceSource = "Resource Policy"
)

func (s *Service) simulatePrincipalPolicy(ctx context.Context, c *op.Call, in *iamapi.SimulatePrincipalPolicyRequest) (*iamapi.SimulatePolicyResponse, error) {
	sim, err := s.policiesOf(c, in.GetPolicySourceArn())
	if err != nil {
		return nil, err
	}
	for _, service := range c.Bus().Services() {
		if o, ok := service.(op.Organizations); ok {
			if m := o.Membership(c.Account); m != nil {
				sim.member, sim.serviceControl = true, m.ServiceControl
			}
		}
	}
	input := ofPrincipal(in)
	if err := input.read(sim); err != nil {
		return nil, err
	}
	return sim.answer(ctx, input.page)
}

func (s *Service) simulateCustomPolicy(ctx context.Context, c *op.Call, in *iamapi.SimulateCustomPolicyRequest) (*iamapi.SimulatePolicyResponse, error) {
	// Without a caller every resource counts as its own account's.
	sim := &simulation{principal: policy.Principal{Kind: policy.User, Account: c.Account, ARN: arnOf(c.Account, typeUser, "/", "simulated")}}
	input := ofCustom(in)
	if err := input.read(sim); err != nil {
		return nil, err
	}
	return sim.answer(ctx, input.page)
}

// policySource finds the user, group or role whose policies are asked about:
// one of the account of the call.
func (s *Service) policySource(_ context.Context, c *op.Call) ([]op.Resource, error) {
	arn := c.Input.(interface{ GetPolicySourceArn() string }).GetPolicySourceArn()
	if p, ok := parseARN(arn); ok && p.account != c.Account {
		return nil, invalidInput("Invalid Policy Source Arn: caller's account %s does not have access to policies in account %s", c.Account, p.account)
	}
	return one(arn), nil
}

// policiesOf are the principal and the stored policies of a user, a group or a
// role of the account of the call.
func (s *Service) policiesOf(c *op.Call, arn string) (*simulation, error) {
	p, ok := parseARN(arn)
	if !ok || p.account != c.Account || p.kind != typeUser && p.kind != typeGroup && p.kind != typeRole {
		return nil, notAnEntity(arn)
	}
	sim := &simulation{known: true, principal: policy.Principal{Kind: policy.User, Account: p.account, ARN: arn}}
	grants, err := s.storedPolicies(p, arn, sim)
	if err != nil {
		return nil, err
	}
	for _, a := range grants.Identity {
		sim.identity = append(sim.identity, stored(a))
	}
	if grants.Boundary != nil {
		b := stored(*grants.Boundary)
		sim.boundary = &b
	}
	return sim, nil
}

func (s *Service) storedPolicies(p parsed, arn string, sim *simulation) (op.Grants, error) {
	var (
		grants op.Grants
		whole  bool
	)
	switch p.kind {
	case typeUser:
		u := s.userAt(arn)
		if u == nil {
			return grants, noSuchUser(p.name)
		}
		grants, whole = s.index.grants(u.ID)
	case typeRole:
		r := s.roleAt(arn)
		if r == nil {
			return grants, noSuchRole(p.name)
		}
		// A role is judged as its sessions are.
		sim.principal.Kind, sim.principal.RoleARN = policy.RoleSession, arn
		grants, whole = s.index.grants(r.ID)
	case typeGroup:
		g := s.groups.Get(key(p.account, p.name))
		if g == nil || g.arn() != arn {
			return grants, noSuchGroup(p.name)
		}
		grants, whole = s.index.groupGrants(g)
	}
	if !whole {
		// A policy could not be read: what it denies is not known.
		return grants, iamapi.NewPolicyEvaluationException("The policies of %s could not be evaluated.", arn)
	}
	return grants, nil
}

// groupGrants are a group's own policies.
func (x *index) groupGrants(g *group) (op.Grants, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	m := &merger{x: x}
	m.add(g.Account, "group "+g.Name, &g.permissions)
	return op.Grants{Identity: m.identity}, !m.broken
}

// stored names a policy that an entity has: a managed one by its name, an
// inline one as AWS does, user_NAME_POLICY (recorded).
func stored(a policy.Attached) source {
	x := source{Attached: a, id: a.Name, kind: identitySource}
	if a.ARN == "" {
		x.id = strings.Replace(a.Source, " ", "_", 1) + "_" + a.Name
	}
	return x
}

// answer evaluates the actions of one page.
func (sim *simulation) answer(ctx context.Context, page pageQuery) (*iamapi.SimulatePolicyResponse, error) {
	start := 0
	if page.GetMarker() != "" {
		m, ok := readMarker(page.GetMarker())
		if !ok || m.position == 0 || m.position >= len(sim.actions) {
			return nil, validationError("Invalid Marker.")
		}
		start = m.position
	}
	size := int(page.GetMaxItems())
	if size <= 0 {
		size = defaultPage
	}
	// AWS may give fewer results than were asked for, and says where to go on.
	size = min(size, limits.PageSize, max(1, limits.Simulations/len(sim.resources)))
	end := min(len(sim.actions), start+size)
	out := &iamapi.SimulatePolicyResponse{EvaluationResults: []iamapi.EvaluationResult{}, IsTruncated: ptr(end < len(sim.actions))}
	if end < len(sim.actions) {
		out.Marker = ptr(base64.URLEncoding.EncodeToString([]byte(byPosition + strconv.Itoa(end))))
	}
	for _, action := range sim.actions[start:end] {
		r, err := sim.evaluate(ctx, action)
		if err != nil {
			return nil, err
		}
		out.EvaluationResults = append(out.EvaluationResults, r)
	}
	return out, nil
}

func (s *Service) getContextKeysForCustomPolicy(_ context.Context, _ *op.Call, in *iamapi.GetContextKeysForCustomPolicyRequest) (*iamapi.GetContextKeysForPolicyResponse, error) {
	sim := &simulation{}
	if err := (&simulationInput{policies: in.PolicyInputList}).readPolicies(sim); err != nil {
		return nil, err
	}
	return &iamapi.GetContextKeysForPolicyResponse{ContextKeyNames: sim.contextKeys()}, nil
}

func (s *Service) getContextKeysForPrincipalPolicy(_ context.Context, c *op.Call, in *iamapi.GetContextKeysForPrincipalPolicyRequest) (*iamapi.GetContextKeysForPolicyResponse, error) {
	sim, err := s.policiesOf(c, in.GetPolicySourceArn())
	if err != nil {
		return nil, err
	}
	// It is about the policies that are attached; a boundary is not one (inferred).
	sim.boundary = nil
	if err := (&simulationInput{policies: in.PolicyInputList}).readPolicies(sim); err != nil {
		return nil, err
	}
	return &iamapi.GetContextKeysForPolicyResponse{ContextKeyNames: sim.contextKeys()}, nil
}

// contextKeys are the keys that the policies refer to, each once.
func (sim *simulation) contextKeys() []string {
	all := slices.Clone(sim.identity)
	for _, x := range []*source{sim.boundary, sim.resource} {
		if x != nil {
			all = append(all, *x)
		}
	}
	names, seen := []string{}, map[string]bool{}
	for _, x := range all {
		if x.Policy == nil {
			continue
		}
		for _, name := range x.Policy.Document().ContextKeys() {
			if folded := strings.ToLower(name); !seen[folded] {
				seen[folded] = true
				names = append(names, name)
			}
		}
	}
	return names
}
