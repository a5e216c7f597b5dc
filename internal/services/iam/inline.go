package iam

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// permissions are what users, groups and roles have alike.
type permissions struct {
	// Inline are sorted by name.
	Inline []inline
	// Attached are ARNs of managed policies, sorted.
	Attached []string
}

// inline is a policy embedded in one user, group or role.
type inline struct {
	Name, Document string
	// text is set by the index before the record becomes visible.
	text *text
}

// mustBeBare refuses to delete what still has policies.
func (p *permissions) mustBeBare() error {
	if len(p.Attached) > 0 {
		return deleteConflict("detach all policies")
	}
	if len(p.Inline) > 0 {
		return deleteConflict("delete policies")
	}
	return nil
}

// find looks an inline policy up. Names compare without regard to case.
func (p *permissions) find(name string) int {
	return slices.IndexFunc(p.Inline, func(i inline) bool { return strings.EqualFold(i.Name, name) })
}

// inlineRoom bounds all inline policies of one entity together, by kind.
var inlineRoom = map[string]int{
	typeUser: limits.UserInlinePolicies, typeGroup: limits.GroupInlinePolicies, typeRole: limits.RoleInlinePolicies,
}

// put adds or replaces an inline policy of the entity called owner.
func (p *permissions) put(kind, owner, name, document string) error {
	if err := checkIdentityPolicy(document); err != nil {
		return err
	}
	all := slices.Clone(p.Inline)
	if i := p.find(name); i >= 0 {
		all = slices.Delete(all, i, i+1)
	}
	all = append(all, inline{Name: name, Document: document})
	total := 0
	for _, i := range all {
		total += policySize(i.Document)
	}
	if room := inlineRoom[kind]; total > room {
		return iamapi.NewLimitExceededException("Maximum policy size of %d bytes exceeded for %s %s", room, kind, owner)
	}
	slices.SortFunc(all, func(a, b inline) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	p.Inline = all
	return nil
}

func (p *permissions) delete(kind, name string) error {
	i := p.find(name)
	if i < 0 {
		return noSuchInlinePolicy(kind, name)
	}
	p.Inline = slices.Delete(slices.Clone(p.Inline), i, i+1)
	return nil
}

func (p *permissions) get(kind, name string) (inline, error) {
	i := p.find(name)
	if i < 0 {
		return inline{}, noSuchInlinePolicy(kind, name)
	}
	return p.Inline[i], nil
}

// names is one page of the names of inline policies.
func (p *permissions) names(q pageQuery) (page[string], error) {
	names := each(p.Inline, func(i inline) string { return i.Name })
	return paginate(q, names, strings.ToLower)
}

func (p *permissions) showInline() []iamapi.PolicyDetail {
	return each(p.Inline, func(i inline) iamapi.PolicyDetail {
		return iamapi.PolicyDetail{PolicyName: ptr(i.Name), PolicyDocument: ptr(encodeDocument(i.Document))}
	})
}

// checkIdentityPolicy refuses what AWS does not store as an identity policy.
func checkIdentityPolicy(document string) error {
	_, err := policy.Validate([]byte(document), policy.KindIdentity)
	return malformed(err)
}

// policySize is what AWS counts of a policy: characters without white space
// (IAM and STS quotas).
func policySize(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// encodeDocument is a policy as IAM prints it: percent-encoded as RFC 3986
// says (IAM API reference, "PolicyDocument").
func encodeDocument(document string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(document) * 2)
	for i := range len(document) {
		c := document[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

func (s *Service) putUserPolicy(ctx context.Context, c *op.Call, in *iamapi.PutUserPolicyRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		return u.put(typeUser, u.Name, in.GetPolicyName(), in.GetPolicyDocument())
	}))
}

func (s *Service) deleteUserPolicy(ctx context.Context, c *op.Call, in *iamapi.DeleteUserPolicyRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		return u.delete(typeUser, in.GetPolicyName())
	}))
}

func (s *Service) getUserPolicy(_ context.Context, c *op.Call, in *iamapi.GetUserPolicyRequest) (*iamapi.GetUserPolicyResponse, error) {
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	p, err := u.get(typeUser, in.GetPolicyName())
	if err != nil {
		return nil, err
	}
	return &iamapi.GetUserPolicyResponse{UserName: ptr(u.Name), PolicyName: ptr(p.Name), PolicyDocument: ptr(encodeDocument(p.Document))}, nil
}

func (s *Service) listUserPolicies(_ context.Context, c *op.Call, in *iamapi.ListUserPoliciesRequest) (*iamapi.ListUserPoliciesResponse, error) {
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	p, err := u.names(in)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListUserPoliciesResponse{PolicyNames: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) putGroupPolicy(ctx context.Context, c *op.Call, in *iamapi.PutGroupPolicyRequest) (*api.Empty, error) {
	return done(s.changeGroup(ctx, c, in.GetGroupName(), func(_ *store.Tx, g *group) error {
		return g.put(typeGroup, g.Name, in.GetPolicyName(), in.GetPolicyDocument())
	}))
}

func (s *Service) deleteGroupPolicy(ctx context.Context, c *op.Call, in *iamapi.DeleteGroupPolicyRequest) (*api.Empty, error) {
	return done(s.changeGroup(ctx, c, in.GetGroupName(), func(_ *store.Tx, g *group) error {
		return g.delete(typeGroup, in.GetPolicyName())
	}))
}

func (s *Service) getGroupPolicy(_ context.Context, c *op.Call, in *iamapi.GetGroupPolicyRequest) (*iamapi.GetGroupPolicyResponse, error) {
	g := s.groups.Get(key(c.Account, in.GetGroupName()))
	if g == nil {
		return nil, noSuchGroup(in.GetGroupName())
	}
	p, err := g.get(typeGroup, in.GetPolicyName())
	if err != nil {
		return nil, err
	}
	return &iamapi.GetGroupPolicyResponse{GroupName: ptr(g.Name), PolicyName: ptr(p.Name), PolicyDocument: ptr(encodeDocument(p.Document))}, nil
}

func (s *Service) listGroupPolicies(_ context.Context, c *op.Call, in *iamapi.ListGroupPoliciesRequest) (*iamapi.ListGroupPoliciesResponse, error) {
	g := s.groups.Get(key(c.Account, in.GetGroupName()))
	if g == nil {
		return nil, noSuchGroup(in.GetGroupName())
	}
	p, err := g.names(in)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListGroupPoliciesResponse{PolicyNames: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) putRolePolicy(ctx context.Context, c *op.Call, in *iamapi.PutRolePolicyRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		return r.put(typeRole, r.Name, in.GetPolicyName(), in.GetPolicyDocument())
	}))
}

func (s *Service) deleteRolePolicy(ctx context.Context, c *op.Call, in *iamapi.DeleteRolePolicyRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) error {
		return r.delete(typeRole, in.GetPolicyName())
	}))
}

func (s *Service) getRolePolicy(_ context.Context, c *op.Call, in *iamapi.GetRolePolicyRequest) (*iamapi.GetRolePolicyResponse, error) {
	r, err := s.namedRole(c, in.GetRoleName())
	if err != nil {
		return nil, err
	}
	p, err := r.get(typeRole, in.GetPolicyName())
	if err != nil {
		return nil, err
	}
	return &iamapi.GetRolePolicyResponse{RoleName: ptr(r.Name), PolicyName: ptr(p.Name), PolicyDocument: ptr(encodeDocument(p.Document))}, nil
}

func (s *Service) listRolePolicies(_ context.Context, c *op.Call, in *iamapi.ListRolePoliciesRequest) (*iamapi.ListRolePoliciesResponse, error) {
	r, err := s.namedRole(c, in.GetRoleName())
	if err != nil {
		return nil, err
	}
	p, err := r.names(in)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListRolePoliciesResponse{PolicyNames: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
