package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

// acl is an access control list, in the order it was given. It is stored and
// shown, and grants nothing: see the package comment.
type acl struct{ Grants []grant }

// grant gives a permission to an account by its canonical id, or to a group.
type grant struct {
	ID, URI    string `json:",omitempty"`
	Permission string
}

// Ownership settings.
const (
	ownerEnforced  = "BucketOwnerEnforced"
	ownerPreferred = "BucketOwnerPreferred"
	objectWriter   = "ObjectWriter"
)

// Groups that a grant may name.
const (
	groups    = "http://acs.amazonaws.com/groups/"
	allUsers  = groups + "global/AllUsers"
	signed    = groups + "global/AuthenticatedUsers"
	delivery  = groups + "s3/LogDelivery"
	fullGrant = "FULL_CONTROL"
)

// canonicalID is the id that S3 knows an account by. AWS draws it; here it
// follows from the account, so that it needs no keeping.
func canonicalID(account string) string {
	sum := sha256.Sum256([]byte("canonical user id of " + account))
	return hex.EncodeToString(sum[:])
}

func owner(account string) *s3api.Owner { return &s3api.Owner{ID: ptr(canonicalID(account))} }

func checkOwnership(o string) error {
	if o != ownerEnforced && o != ownerPreferred && o != objectWriter {
		return invalidArgument("x-amz-object-ownership", o, "Invalid x-amz-object-ownership header: %s", o)
	}
	return nil
}

// headerGrants are the grants of the x-amz-grant headers.
type headerGrants map[string]string

func grantsIn(in any) headerGrants {
	g := headerGrants{}
	if v, ok := in.(interface{ GetGrantFullControl() string }); ok {
		g[fullGrant] = v.GetGrantFullControl()
	}
	if v, ok := in.(interface{ GetGrantRead() string }); ok {
		g["READ"] = v.GetGrantRead()
	}
	if v, ok := in.(interface{ GetGrantWrite() string }); ok {
		g["WRITE"] = v.GetGrantWrite()
	}
	if v, ok := in.(interface{ GetGrantReadACP() string }); ok {
		g["READ_ACP"] = v.GetGrantReadACP()
	}
	if v, ok := in.(interface{ GetGrantWriteACP() string }); ok {
		g["WRITE_ACP"] = v.GetGrantWriteACP()
	}
	for k, v := range g {
		if v == "" {
			delete(g, k)
		}
	}
	return g
}

// namesACL says whether a request brings an access control list in headers.
func namesACL(in any) bool {
	v, ok := in.(interface{ GetACL() string })
	return ok && v.GetACL() != "" || len(grantsIn(in)) > 0
}

// applyACL sets the list of a bucket from what a request brings.
func (b *bucket) applyACL(canned string, headers headerGrants, body *s3api.AccessControlPolicy) error {
	list, err := b.newACL(canned, headers, body)
	if err == nil {
		b.ACL = list
	}
	return err
}

func (v *version) applyACL(b *bucket, canned string, headers headerGrants, body *s3api.AccessControlPolicy) error {
	list, err := b.newACL(canned, headers, body)
	if err == nil {
		v.ACL = list
	}
	return err
}

// newACL reads a list: nil is the owner's alone.
func (b *bucket) newACL(canned string, headers headerGrants, body *s3api.AccessControlPolicy) (*acl, error) {
	if canned != "" && len(headers) > 0 {
		return nil, invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	}
	var list *acl
	var err error
	switch {
	case canned != "":
		list, err = cannedACL(b, canned)
	case len(headers) > 0:
		list, err = headers.acl()
	case body != nil:
		list, err = bodyACL(body)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if b.Ownership == ownerEnforced && !list.ownersOnly(b) {
		return nil, api.Newf(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	if list.isPublic() && b.PublicAccess.GetBlockPublicAcls() {
		return nil, accessDenied()
	}
	return list, nil
}

// cannedACL is one of S3's ready-made lists ("Canned ACL").
func cannedACL(b *bucket, name string) (*acl, error) {
	list := &acl{[]grant{{ID: canonicalID(b.Account), Permission: fullGrant}}}
	switch name {
	case "private", "bucket-owner-read", "bucket-owner-full-control", "aws-exec-read":
	case "public-read":
		list.Grants = append(list.Grants, grant{URI: allUsers, Permission: "READ"})
	case "public-read-write":
		list.Grants = append(list.Grants, grant{URI: allUsers, Permission: "READ"}, grant{URI: allUsers, Permission: "WRITE"})
	case "authenticated-read":
		list.Grants = append(list.Grants, grant{URI: signed, Permission: "READ"})
	case "log-delivery-write":
		list.Grants = append(list.Grants, grant{URI: delivery, Permission: "WRITE"}, grant{URI: delivery, Permission: "READ_ACP"})
	default:
		return nil, invalidArgument("x-amz-acl", name, "")
	}
	return list, nil
}

func (h headerGrants) acl() (*acl, error) {
	list := &acl{}
	for _, permission := range []string{fullGrant, "READ", "WRITE", "READ_ACP", "WRITE_ACP"} {
		for one := range strings.SplitSeq(h[permission], ",") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			kind, name, _ := strings.Cut(one, "=")
			name = strings.Trim(name, `"`)
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "id":
				list.Grants = append(list.Grants, grant{ID: name, Permission: permission})
			case "uri":
				list.Grants = append(list.Grants, grant{URI: name, Permission: permission})
			default:
				return nil, invalidArgument(kind, name, "Argument format not recognized")
			}
		}
	}
	return list, list.check()
}

func bodyACL(body *s3api.AccessControlPolicy) (*acl, error) {
	if body.Owner == nil {
		return nil, malformedACL()
	}
	list := &acl{}
	for _, g := range body.Grants {
		if g.Grantee == nil {
			return nil, malformedACL()
		}
		list.Grants = append(list.Grants, grant{ID: g.Grantee.GetID(), URI: g.Grantee.GetURI(), Permission: g.GetPermission()})
	}
	return list, list.check()
}

func malformedACL() error {
	return api.Newf(400, "MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema")
}

func (a *acl) check() error {
	for _, g := range a.Grants {
		switch {
		case !isOneOf(g.Permission, []string{fullGrant, "READ", "WRITE", "READ_ACP", "WRITE_ACP"}), (g.ID == "") == (g.URI == ""):
			return malformedACL()
		case g.URI != "" && g.URI != allUsers && g.URI != signed && g.URI != delivery:
			return invalidArgument("uri", g.URI, "Invalid group uri")
		case g.ID != "" && (len(g.ID) != 64 || strings.Trim(g.ID, "0123456789abcdef") != ""):
			return invalidArgument("CanonicalUser/ID", g.ID, "Invalid id")
		}
	}
	if len(a.Grants) > 100 {
		return malformedACL()
	}
	return nil
}

// ownersOnly: the list that means the same as none.
func (a *acl) ownersOnly(b *bucket) bool {
	for _, g := range a.Grants {
		if g.ID != canonicalID(b.Account) || g.Permission != fullGrant {
			return false
		}
	}
	return true
}

func (a *acl) isPublic() bool {
	for _, g := range a.Grants {
		if g.URI == allUsers || g.URI == signed {
			return true
		}
	}
	return false
}

func (a *acl) show(account string) []s3api.Grant {
	if a == nil {
		a = &acl{[]grant{{ID: canonicalID(account), Permission: fullGrant}}}
	}
	shown := []s3api.Grant{}
	for _, g := range a.Grants {
		who := &s3api.Grantee{ID: optional(g.ID), URI: optional(g.URI), Type: ptr("CanonicalUser")}
		if g.URI != "" {
			who.Type = ptr("Group")
		}
		shown = append(shown, s3api.Grant{Grantee: who, Permission: ptr(g.Permission)})
	}
	return shown
}

func (s *Service) getBucketACL(_ context.Context, c *op.Call, _ *s3api.GetBucketAclRequest) (*s3api.GetBucketAclOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &s3api.GetBucketAclOutput{Owner: owner(b.Account), Grants: b.ACL.show(b.Account)}, nil
}

func (s *Service) putBucketACL(ctx context.Context, c *op.Call, in *s3api.PutBucketAclRequest) (*api.Empty, error) {
	if !namesACL(in) && in.AccessControlPolicy == nil {
		return nil, api.Newf(400, "MissingSecurityHeader", "Your request was missing a required header")
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		return b.applyACL(in.GetACL(), grantsIn(in), in.AccessControlPolicy)
	})
}

func (s *Service) getObjectACL(ctx context.Context, c *op.Call, in *s3api.GetObjectAclRequest) (*s3api.GetObjectAclOutput, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	return &s3api.GetObjectAclOutput{Owner: owner(b.Account), Grants: v.ACL.show(b.Account)}, nil
}

func (s *Service) putObjectACL(ctx context.Context, c *op.Call, in *s3api.PutObjectAclRequest) (*s3api.PutObjectAclOutput, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	if !namesACL(in) && in.AccessControlPolicy == nil {
		return nil, api.Newf(400, "MissingSecurityHeader", "Your request was missing a required header")
	}
	list, err := b.newACL(in.GetACL(), grantsIn(in), in.AccessControlPolicy)
	if err != nil {
		return nil, err
	}
	return &s3api.PutObjectAclOutput{}, s.replace(ctx, c, v, "ObjectAcl:Put", func(v *version) { v.ACL = list })
}

func (s *Service) getOwnershipControls(_ context.Context, c *op.Call, _ *s3api.GetBucketOwnershipControlsRequest) (*s3api.GetBucketOwnershipControlsOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if b.Ownership == "" {
		return nil, unset("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", b.Name)
	}
	return &s3api.GetBucketOwnershipControlsOutput{OwnershipControls: &s3api.OwnershipControls{Rules: []s3api.OwnershipControlsRule{{ObjectOwnership: &b.Ownership}}}}, nil
}

func (s *Service) putOwnershipControls(ctx context.Context, c *op.Call, in *s3api.PutBucketOwnershipControlsRequest) (*api.Empty, error) {
	if in.OwnershipControls == nil || len(in.OwnershipControls.Rules) != 1 {
		return nil, malformedXML()
	}
	to := in.OwnershipControls.Rules[0].GetObjectOwnership()
	if checkOwnership(to) != nil {
		return nil, malformedXML()
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		if to == ownerEnforced && b.ACL != nil && !b.ACL.ownersOnly(b) {
			return api.Newf(400, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
		}
		b.Ownership = to
		return nil
	})
}

func (s *Service) deleteOwnershipControls(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketOwnershipControlsRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Ownership = ""
		return nil
	})
}
