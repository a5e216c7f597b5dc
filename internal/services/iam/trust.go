package iam

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// trust is the trust policy of a role.
type trust struct {
	resourcepolicy.Policy
	// text is what is judged: with ids. The index sets it before the record
	// becomes visible.
	text *text
}

// newTrust reads the trust policy of a request.
func (s *Service) newTrust(document string) (trust, error) {
	p, err := resourcepolicy.New(document, policy.KindTrust, s)
	if err != nil {
		return trust{}, malformed(err)
	}
	if policySize(document) > limits.TrustPolicy {
		return trust{}, overQuota("ACLSizePerRole", limits.TrustPolicy)
	}
	return trust{Policy: p}, nil
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

// trustOf is a trust policy that names no user or role.
func trustOf(document string) trust {
	return trust{Policy: resourcepolicy.Policy{Document: document}}
}
