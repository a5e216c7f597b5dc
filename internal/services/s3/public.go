package s3

import (
	"context"
	"net/netip"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// isPublic is what S3 calls a public policy ("The meaning of public"): one that
// allows something to everybody without tying it to a fixed value of one of a
// few keys. What cannot be told counts as public.
func isPublic(d *policy.Document) bool {
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Effect == "Allow" && toEverybody(st) && !tied(st) {
			return true
		}
	}
	return false
}

// toEverybody: "*" as the principal, an AWS principal with a wildcard, or all
// but some.
func toEverybody(st *policy.Statement) bool {
	if st.NotPrincipal != nil {
		return true
	}
	if st.Principal == nil {
		return false
	}
	if st.Principal.Star {
		return true
	}
	for _, e := range st.Principal.Entries {
		for _, v := range e.Values.Items {
			if strings.ContainsAny(v, "*?") {
				return true
			}
		}
	}
	return false
}

// fixing are the keys whose fixed values make a policy not public. AWS's page
// names these; whether aws:PrincipalArn and its like count is not said there
// (unconfirmed), and what is in doubt counts as public.
var fixing = map[string]bool{
	"aws:sourcearn": true, "aws:sourcevpc": true, "aws:sourcevpce": true, "aws:sourceowner": true, "aws:sourceaccount": true, "aws:userid": true,
	"aws:sourceip": true, "aws:principalorgid": true, "aws:principalorgpaths": true, "s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true,
}

// tied says whether a condition holds the statement to fixed values.
func tied(st *policy.Statement) bool {
	for _, block := range st.Condition {
		if !positive(block.Operator) {
			continue
		}
		for _, k := range block.Keys {
			if fixing[strings.ToLower(k.Key)] && fixed(strings.ToLower(k.Key), k.Values) {
				return true
			}
		}
	}
	return false
}

// positive operators ask for a value; those with IfExists, or over every value,
// also let through who brings none.
func positive(operator string) bool {
	o := strings.ToLower(operator)
	o = strings.TrimPrefix(o, "foranyvalue:")
	switch o {
	case "stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress":
		return true
	}
	return false
}

func fixed(key string, values []policy.ConditionValue) bool {
	for _, v := range values {
		switch {
		case strings.Contains(v.Text, "${"):
			return false
		case key == "aws:sourceip":
			if !narrow(v.Text) {
				return false
			}
		case key == "aws:userid" || key == "aws:sourcearn" || key == "s3:dataaccesspointarn":
			// A wildcard is fixed enough where the account stands before it.
			if strings.Trim(v.Text, "*?:") == "" || !holdsAccount(key, v.Text) {
				return false
			}
		case strings.ContainsAny(v.Text, "*?"):
			return false
		}
	}
	return len(values) > 0
}

func holdsAccount(key, value string) bool {
	if !strings.ContainsAny(value, "*?") {
		return true
	}
	if key == "aws:userid" {
		head, _, _ := strings.Cut(value, "*")
		return len(head) > 16 && !strings.Contains(value, "?")
	}
	parts := strings.SplitN(value, ":", 6)
	return len(parts) == 6 && !strings.ContainsAny(parts[4], "*?") && (parts[4] != "" || !strings.ContainsAny(parts[5], "*?"))
}

// narrow: addresses of a private network or of not very many hosts (S3: a
// range broader than /8, or /32 of IPv6, is public).
func narrow(text string) bool {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.IsValid()
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return false
	}
	if p.Addr().Is4() {
		return p.Bits() >= 8
	}
	return p.Bits() >= 32
}

// publicAccess are the four settings; nil when the block was deleted.
type publicAccess = s3api.PublicAccessBlockConfiguration

func (s *Service) getPublicAccessBlock(_ context.Context, c *op.Call, _ *s3api.GetPublicAccessBlockRequest) (*s3api.GetPublicAccessBlockOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if b.PublicAccess == nil {
		return nil, unset("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", b.Name)
	}
	return &s3api.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: b.PublicAccess}, nil
}

func (s *Service) putPublicAccessBlock(ctx context.Context, c *op.Call, in *s3api.PutPublicAccessBlockRequest) (*api.Empty, error) {
	given := in.PublicAccessBlockConfiguration
	if given == nil {
		return nil, malformedXML()
	}
	set := func(v *bool) *bool { return ptr(value(v)) }
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.PublicAccess = &publicAccess{
			BlockPublicAcls: set(given.BlockPublicAcls), IgnorePublicAcls: set(given.IgnorePublicAcls),
			BlockPublicPolicy: set(given.BlockPublicPolicy), RestrictPublicBuckets: set(given.RestrictPublicBuckets),
		}
		return nil
	})
}

func (s *Service) deletePublicAccessBlock(ctx context.Context, c *op.Call, _ *s3api.DeletePublicAccessBlockRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.PublicAccess = nil
		return nil
	})
}
