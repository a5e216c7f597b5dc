package kms

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// Resource implements op.Service: it answers what is asked about a key without a
// call (Gate.Ask), so with all of its grants. Which grant would be retired is not
// said there, so nobody may retire.
func (s *Service) Resource(action, arn string) op.Facts {
	r, a, ok := parseARN(arn)
	switch {
	case !ok:
		return op.Facts{}
	case a.name != "":
		return op.Facts{Account: a.account}
	case strings.EqualFold(action, retireAction):
		return op.Facts{Account: r.account, MustAllow: true}
	}
	return *s.facts(r, nil, nil)
}

// factsFor is what is said of a key to a caller who brings an encryption context:
// the key policy, and the caller's own grants.
func (s *Service) factsFor(r ref, c caller.Caller, context map[string]string) *op.Facts {
	return s.facts(r, identities(c), context)
}

func (s *Service) facts(r ref, names []string, context map[string]string) *op.Facts {
	e, grants := s.index.granted(r, names)
	if e.key == nil || e.key.gone(s.clock.Now()) {
		return &op.Facts{Account: r.account}
	}
	f := &op.Facts{Account: r.account, Policy: e.policy, MustAllow: true, Tags: e.key.Tags}
	grants = slices.DeleteFunc(grants, func(g *grant) bool { return g.misspelt(context) })
	if len(grants) > 0 && e.policy != nil {
		f.Policy = &policy.Attached{Policy: withGrants(e.policy.Policy.Document(), grants), Name: "key policy and grants", Source: e.policy.Source}
	}
	return f
}

// identities are the names that a grant can call a caller by, as they are stored.
func identities(c caller.Caller) []string {
	names := []string{c.Account()}
	if u, ok := c.User(); ok {
		names = append(names, u.ID, u.ARN)
	}
	if r, ok := c.RoleSession(); ok {
		names = append(names, r.RoleID, r.RoleARN, c.ARN())
	}
	if f, ok := c.Federated(); ok {
		names = append(names, f.By.ID, f.By.ARN, c.ARN())
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}
