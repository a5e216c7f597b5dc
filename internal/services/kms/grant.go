package kms

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// grant is a stored grant. Account, Region and Key name the key.
type grant struct {
	ID                   string
	Account, Region, Key string
	Name                 string
	// Grantee and Retiring are the unique ids of users and roles of accounts that
	// are here, so that who takes a name over is not meant; else account or ARN.
	Grantee, Retiring string
	Operations        []string
	Equals, Subset    map[string]string
	// Issuer is the account that made it.
	Issuer  string
	Created time.Time
}

func (g *grant) of() ref { return ref{g.Account, g.Region, g.Key} }

func (g *grant) key() string { return store.Key(g.Account, g.Region, g.Key, g.ID) }

// Kinds of constraints, as kms:GrantConstraintType has them.
const (
	constraintEquals = "EncryptionContextEquals"
	constraintSubset = "EncryptionContextSubset"
)

// constrained are all pairs of a grant's constraints.
func constrained(c *kmsapi.GrantConstraints) map[string]string {
	if c == nil {
		return nil
	}
	pairs := maps.Clone(c.EncryptionContextSubset)
	if pairs == nil {
		pairs = map[string]string{}
	}
	maps.Copy(pairs, c.EncryptionContextEquals)
	return pairs
}

// served are the operations of grants that keys here have.
var served = []string{
	"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", opCreateGrant, opRetireGrant, opDescribeKey,
}

// principal is how a grantee or retiring principal is stored. It is given as an ARN
// (API reference): a bare account would escape conditions on kms:GranteePrincipal.
func (s *Service) principal(given string) (string, error) {
	bad := kmsapi.NewInvalidArnException("ARN does not refer to a valid principal: %s", given)
	parts := strings.SplitN(given, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[3] != "" || !id.IsAccount(parts[4]) {
		return "", bad
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		return parts[4], nil
	case parts[2] == "iam" && (kind == "user" || kind == "role") && name != "":
		if unique, ok := s.directory.PrincipalID(given); ok {
			return unique, nil
		}
		if s.directory.HasAccount(parts[4]) {
			return "", bad
		}
		return given, nil
	case parts[2] == "sts" && kind == "federated-user" && name != "" && !strings.Contains(name, "/"):
		return given, nil
	case parts[2] == "sts" && kind == "assumed-role":
		if role, session, _ := strings.Cut(name, "/"); role != "" && session != "" && !strings.Contains(session, "/") {
			return given, nil
		}
	}
	return "", bad
}

// shownPrincipal is the way back: a principal that is gone is shown by its id.
func (s *Service) shownPrincipal(stored string) string {
	if id.IsAccount(stored) {
		return "arn:" + op.Partition + ":iam::" + stored + ":root"
	}
	if arn, ok := s.directory.PrincipalARN(stored); ok {
		return arn
	}
	return stored
}

// newGrant reads a request.
func (s *Service) newGrant(c *op.Call, in *kmsapi.CreateGrantRequest) (*grant, error) {
	r := targetOf(c).ref
	g := &grant{ID: id.Hex(32), Account: r.account, Region: r.region, Key: r.id, Name: in.GetName(), Issuer: c.Account, Created: c.Time.UTC()}
	var err error
	if g.Grantee, err = s.principal(in.GetGranteePrincipal()); err != nil {
		return nil, err
	}
	if in.RetiringPrincipal != nil {
		if g.Retiring, err = s.principal(*in.RetiringPrincipal); err != nil {
			return nil, err
		}
	}
	if len(in.Operations) == 0 {
		return nil, invalid("1 validation error detected: Value '[]' at 'operations' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	for _, o := range in.Operations {
		if !slices.Contains(served, o) {
			return nil, invalid("Operation %s is not valid for a key of key usage %s.", o, encryptUsage)
		}
		if !slices.Contains(g.Operations, o) {
			g.Operations = append(g.Operations, o)
		}
	}
	if in.Constraints != nil {
		g.Equals, g.Subset = in.Constraints.EncryptionContextEquals, in.Constraints.EncryptionContextSubset
	}
	if max(len(g.Equals), len(g.Subset)) > limits.GrantContext || contextSize(g.Equals)+contextSize(g.Subset) > limits.EncryptionContext {
		return nil, invalid("A grant constraint can have no more than %d pairs.", limits.GrantContext)
	}
	return g, nil
}

// sameAs says that a named grant is made again, which gives the one there is.
func (g *grant) sameAs(o *grant) bool {
	return g.Name != "" && g.Name == o.Name && g.Grantee == o.Grantee && g.Retiring == o.Retiring && g.Issuer == o.Issuer &&
		slices.Equal(slices.Sorted(slices.Values(g.Operations)), slices.Sorted(slices.Values(o.Operations))) &&
		maps.Equal(g.Equals, o.Equals) && maps.Equal(g.Subset, o.Subset)
}

func (s *Service) createGrant(ctx context.Context, c *op.Call, in *kmsapi.CreateGrantRequest) (*kmsapi.CreateGrantResponse, error) {
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	g, err := s.newGrant(c, in)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		k, err := s.findIn(tx, targetOf(c))
		if err == nil {
			err = k.usable()
		}
		if err != nil {
			return err
		}
		_, all := s.index.granted(k.ref(), nil)
		for _, old := range all {
			if g.sameAs(old) {
				g = old
				return nil
			}
		}
		switch {
		case len(all) >= limits.KeyGrants:
			return kmsapi.NewLimitExceededException("A key can have no more than %d grants.", limits.KeyGrants)
		case in.GetDryRun():
			return dryRun()
		}
		return s.grants.Put(tx, g.key(), g)
	})
	if err != nil {
		return nil, err
	}
	return &kmsapi.CreateGrantResponse{GrantId: &g.ID, GrantToken: ptr(s.token(g))}, nil
}

func (s *Service) entryOf(g *grant) kmsapi.GrantListEntry {
	e := kmsapi.GrantListEntry{
		GrantId: &g.ID, KeyId: ptr(g.of().arn()), Name: &g.Name, GranteePrincipal: ptr(s.shownPrincipal(g.Grantee)), Operations: g.Operations,
		IssuingAccount: ptr(s.shownPrincipal(g.Issuer)), CreationDate: &g.Created,
	}
	if g.Retiring != "" {
		e.RetiringPrincipal = ptr(s.shownPrincipal(g.Retiring))
	}
	if len(g.Equals)+len(g.Subset) > 0 {
		e.Constraints = &kmsapi.GrantConstraints{EncryptionContextEquals: g.Equals, EncryptionContextSubset: g.Subset}
	}
	return e
}

func (s *Service) listGrants(_ context.Context, c *op.Call, in *kmsapi.ListGrantsRequest) (*kmsapi.ListGrantsResponse, error) {
	k, err := s.find(c)
	if err != nil {
		return nil, err
	}
	return s.pageOfGrants(in.Limit, in.Marker, k.ref().key()+"\x00", func(g *grant) bool {
		return (in.GrantId == nil || *in.GrantId == g.ID) && (in.GranteePrincipal == nil || *in.GranteePrincipal == s.shownPrincipal(g.Grantee))
	})
}

// listRetirableGrants lists grants of every key, whoever's it is.
func (s *Service) listRetirableGrants(_ context.Context, c *op.Call, in *kmsapi.ListRetirableGrantsRequest) (*kmsapi.ListGrantsResponse, error) {
	who, err := s.principal(in.GetRetiringPrincipal())
	if err != nil {
		return nil, err
	}
	if parts := strings.Split(s.shownPrincipal(who), ":"); len(parts) > 4 && parts[4] != c.Account {
		return nil, invalid("The retiring principal must be of your account.")
	}
	return s.pageOfGrants(in.Limit, in.Marker, "", func(g *grant) bool { return g.Region == c.Region && g.Retiring == who })
}

func (s *Service) pageOfGrants(limit *int32, marker *string, prefix string, shown func(*grant) bool) (*kmsapi.ListGrantsResponse, error) {
	p, err := newPage(limit, marker, limits.KeyPage/2, prefix)
	if err != nil {
		return nil, err
	}
	out := &kmsapi.ListGrantsResponse{Grants: []kmsapi.GrantListEntry{}}
	for at, g := range s.grants.All(p.prefix, p.after) {
		if !shown(g) {
			continue
		}
		if !p.take(at) {
			break
		}
		out.Grants = append(out.Grants, s.entryOf(g))
	}
	out.Truncated, out.NextMarker = p.end()
	return out, nil
}

// named is the grant that is to be retired: by its token, or by key and id.
func (s *Service) named(c *op.Call, in *kmsapi.RetireGrantRequest) (ref, string, error) {
	switch {
	case in.GrantToken != nil:
		t, ok := s.readToken(*in.GrantToken)
		if !ok || t.Region != c.Region {
			return ref{}, "", badToken()
		}
		return ref{t.Account, t.Region, t.Key}, t.Grant, nil
	case in.KeyId == nil || in.GrantId == nil:
		return ref{}, "", invalid("Either a grant token, or both a key ID and a grant ID, must be specified.")
	}
	t, err := s.resolve(c, *in.KeyId)
	if err == nil && t.ref.id == "" {
		err = badKeyID(*in.KeyId)
	}
	return t.ref, *in.GrantId, err
}

// retired is the key of the grant that is to be retired, judged by that grant
// alone. One that is not there is judged by the identity policies.
func (s *Service) retired(_ context.Context, c *op.Call) ([]op.Resource, error) {
	r, grantID, err := s.named(c, c.Input.(*kmsapi.RetireGrantRequest))
	if err != nil {
		return nil, err
	}
	c.Remember(targetKey{}, target{ref: r})
	facts := op.Facts{Account: r.account}
	if g := s.grants.Get(store.Key(r.account, r.region, r.id, grantID)); g != nil {
		facts.MustAllow = true
		facts.Policy = &policy.Attached{Policy: g.retirers(), Name: "grant", Source: "key " + r.id}
		if k := s.keys.Get(r.key()); k != nil {
			facts.Tags = k.Tags
		}
	}
	return []op.Resource{{ARN: r.arn(), Account: r.account, Facts: &facts}}, nil
}

func (s *Service) retireGrant(ctx context.Context, c *op.Call, in *kmsapi.RetireGrantRequest) (*api.Empty, error) {
	_, grantID, err := s.named(c, in)
	if err != nil {
		return nil, err
	}
	return s.removeGrant(ctx, c, grantID, in.GetDryRun())
}

func (s *Service) revokeGrant(ctx context.Context, c *op.Call, in *kmsapi.RevokeGrantRequest) (*api.Empty, error) {
	return s.removeGrant(ctx, c, in.GetGrantId(), in.GetDryRun())
}

func (s *Service) removeGrant(ctx context.Context, c *op.Call, grantID string, dry bool) (*api.Empty, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		k, err := s.findIn(tx, targetOf(c))
		if err != nil {
			return err
		}
		g := s.grants.GetIn(tx, store.Key(k.Account, k.Region, k.ID, grantID))
		switch {
		case g == nil:
			return noGrant(grantID)
		case dry:
			return dryRun()
		}
		return s.grants.Delete(tx, g.key())
	})
	return &api.Empty{}, err
}
