package iam

import (
	"context"
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// trust is the trust policy of a role. AWS stores the unique id of a user or
// role in place of its ARN, so that who later takes the name over is not
// trusted, and shows the ARN again as long as the principal exists
// (facts/iam-evaluation.md section 6).
type trust struct {
	// Document is the policy as it was given.
	Document string
	// IDs are the unique ids of the users and roles it names, by ARN.
	IDs map[string]string `json:",omitempty"`
	// text is what is judged: with ids. The index sets it before the record
	// becomes visible.
	text *text
}

// stored is the document with ids in place of ARNs.
func (t *trust) stored() string {
	return t.renamed(func(arn string) string { return t.IDs[arn] })
}

// shown is the document as AWS shows it now.
func (s *Service) shownTrust(t *trust) string {
	return t.renamed(func(arn string) string {
		if now, ok := s.PrincipalARN(t.IDs[arn]); ok {
			return now
		}
		return t.IDs[arn]
	})
}

// renamed is the document with its users and roles under other names. It is
// the text as it was given when no name differs.
func (t *trust) renamed(name func(arn string) string) string {
	same := true
	for arn := range t.IDs {
		same = same && name(arn) == arn
	}
	if same {
		return t.Document
	}
	d, err := policy.Parse([]byte(t.Document))
	if err != nil {
		// It was parsed when it was stored. Text that does not parse does not
		// compile either, and trusts nobody.
		return t.Document
	}
	for p := range namedPrincipals(d) {
		if t.IDs[*p] != "" {
			*p = name(*p)
		}
	}
	return string(d.JSON())
}

// namedPrincipals are the values under AWS in the principals of a document.
func namedPrincipals(d *policy.Document) func(yield func(*string) bool) {
	return func(yield func(*string) bool) {
		for i := range d.Statements {
			s := &d.Statements[i]
			for _, list := range []*policy.Principals{s.Principal, s.NotPrincipal} {
				if list == nil {
					continue
				}
				for j := range list.Entries {
					if list.Entries[j].Type != "AWS" {
						continue
					}
					values := list.Entries[j].Values.Items
					for k := range values {
						if !yield(&values[k]) {
							return
						}
					}
				}
			}
		}
	}
}

// newTrust reads the trust policy of a request.
func (s *Service) newTrust(document string) (trust, error) {
	d, err := policy.Validate([]byte(document), policy.KindTrust)
	if err != nil {
		return trust{}, malformed(err)
	}
	t := trust{Document: document}
	for i := range d.Statements {
		if err := s.checkPrincipals(d.Statements[i].Principal); err != nil {
			return trust{}, malformed(err)
		}
	}
	for p := range namedPrincipals(d) {
		unique, ok := s.principalID(*p)
		if !ok {
			return trust{}, malformed(policy.InvalidPrincipal("AWS", *p))
		}
		if unique != "" {
			if t.IDs == nil {
				t.IDs = map[string]string{}
			}
			t.IDs[*p] = unique
		}
	}
	if policySize(document) > limits.TrustPolicy {
		return trust{}, overQuota("ACLSizePerRole", limits.TrustPolicy)
	}
	return t, nil
}

// principalID is the unique id to store for a principal, empty to store it as
// it is given. ok is false when it must exist and does not: a user or role of
// an account that this server has. What other accounts hold is not known
// (inferred: AWS knows them all).
func (s *Service) principalID(given string) (unique string, ok bool) {
	if !strings.HasPrefix(given, "arn:") {
		if given == "*" || !strings.HasPrefix(given, "A") {
			return "", true // an account
		}
		_, ok := s.PrincipalARN(given)
		return given, ok
	}
	p, isIAM := parseARN(given)
	if !isIAM || p.kind != typeUser && p.kind != typeRole || !s.HasAccount(p.account) {
		return "", true
	}
	return s.PrincipalID(given)
}

// serviceDomains are how service principals end. AWS knows each by name; this
// much keeps misspelt ones out.
var serviceDomains = []string{".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".aws.com", ".api.aws"}

func (s *Service) checkPrincipals(p *policy.Principals) error {
	if p == nil {
		return nil
	}
	for _, e := range p.Entries {
		if e.Type != "Service" {
			continue
		}
		for _, name := range e.Values.Items {
			if !endsWithAny(name, serviceDomains) {
				return policy.InvalidPrincipal(e.Type, name)
			}
		}
	}
	return nil
}

func endsWithAny(s string, ends []string) bool {
	for _, end := range ends {
		if strings.HasSuffix(s, end) && len(s) > len(end) {
			return true
		}
	}
	return false
}

// trustPolicy is the role's trust policy for the gate.
func (s *Service) trustPolicy(r *role) *policy.Attached {
	loaded, err := r.Trust.text.policy()
	if err != nil {
		s.bug.Report(context.Background(), "the trust policy of %s does not compile: %v", r.arn(), err)
		// A policy that is gone allows nothing.
	}
	return &policy.Attached{Policy: loaded, Name: "trust policy", Source: "role " + r.Name}
}

func (s *Service) updateAssumeRolePolicy(ctx context.Context, c *op.Call, in *iamapi.UpdateAssumeRolePolicyRequest) (*api.Empty, error) {
	return done(s.changeOwnRole(ctx, c, in.GetRoleName(), func(_ *store.Tx, r *role) (err error) {
		r.Trust, err = s.newTrust(in.GetPolicyDocument())
		return err
	}))
}

// malformed words a refusal of the engine's validation as an IAM error. The
// text keeps its percent signs.
func malformed(err error) error {
	var refused *policy.MalformedError
	if errors.As(err, &refused) {
		return iamapi.NewMalformedPolicyDocumentException("%s", refused.Message)
	}
	return err
}
