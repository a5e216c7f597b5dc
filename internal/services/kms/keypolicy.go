package kms

import (
	"context"
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/policy"
)

// policyName is the name of the only policy that a key has.
const policyName = "default"

// defaultPolicy is that of a key made without one: the account's identity
// policies decide ("Default key policy").
func defaultPolicy(account string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:` + op.Partition + `:iam::` + account + `:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
}

func malformed(text string) *api.Error {
	return kmsapi.NewMalformedPolicyDocumentException("%s", text)
}

// newPolicy checks the text of a key policy.
func (s *Service) newPolicy(text string) (resourcepolicy.Policy, error) {
	if len(text) > limits.KeyPolicy {
		return resourcepolicy.Policy{}, kmsapi.NewLimitExceededException("The key policy document is longer than %d bytes.", limits.KeyPolicy)
	}
	p, err := resourcepolicy.New(text, policy.KindResource, s.directory)
	var refused *policy.MalformedError
	switch {
	case !errors.As(err, &refused):
		return p, err
	case strings.HasPrefix(refused.Message, "Invalid principal in policy"):
		return p, malformed("Policy contains a statement with one or more invalid principals.")
	}
	return p, malformed(refused.Message)
}

// draft is a policy that is to be set.
type draft struct {
	ref   ref
	facts op.Facts
}

type draftKey struct{}

// drafted is the key under the policy that is to be set.
func drafted(_ context.Context, c *op.Call) ([]op.Resource, error) {
	v, _ := c.Recall(draftKey{})
	d, ok := v.(draft)
	if !ok {
		return nil, nil
	}
	return []op.Resource{{ARN: d.ref.arn(), Account: d.ref.account, Facts: &d.facts}}, nil
}

// checkLockout refuses a policy under which its maker could not replace it
// ("PutKeyPolicy", BypassPolicyLockoutSafetyCheck): whether the caller could is
// decided as always, with the new policy in place of the key's.
func (s *Service) checkLockout(ctx context.Context, c *op.Call, k *key, bypass bool) error {
	if bypass {
		return nil
	}
	before := targetOf(c)
	c.Remember(targetKey{}, target{ref: k.ref()})
	defer c.Remember(targetKey{}, before)
	c.Remember(draftKey{}, draft{ref: k.ref(), facts: op.Facts{Account: k.Account, MustAllow: true, Policy: s.index.compile(k), Tags: k.Tags}})
	if !c.Allowed(ctx, s.mayPutPolicy()) {
		return malformed("The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

func (s *Service) putKeyPolicy(ctx context.Context, c *op.Call, in *kmsapi.PutKeyPolicyRequest) (*api.Empty, error) {
	if in.PolicyName != nil && *in.PolicyName != policyName {
		return nil, noPolicy()
	}
	p, err := s.newPolicy(in.GetPolicy())
	if err != nil {
		return nil, err
	}
	k, err := s.find(c)
	if err != nil {
		return nil, err
	}
	k = k.clone()
	k.Policy = p
	if err := s.checkLockout(ctx, c, k, in.GetBypassPolicyLockoutSafetyCheck()); err != nil {
		return nil, err
	}
	_, err = s.change(ctx, c, func(k *key) error {
		k.Policy = p
		return nil
	})
	return &api.Empty{}, err
}

func noPolicy() *api.Error { return kmsapi.NewNotFoundException("No such policy exists") }

func (s *Service) getKeyPolicy(_ context.Context, c *op.Call, in *kmsapi.GetKeyPolicyRequest) (*kmsapi.GetKeyPolicyResponse, error) {
	k, err := s.find(c)
	switch {
	case err != nil:
		return nil, err
	case in.PolicyName != nil && *in.PolicyName != policyName:
		return nil, noPolicy()
	}
	return &kmsapi.GetKeyPolicyResponse{Policy: ptr(k.Policy.Shown(s.directory)), PolicyName: ptr(policyName)}, nil
}

func (s *Service) listKeyPolicies(_ context.Context, c *op.Call, _ *kmsapi.ListKeyPoliciesRequest) (*kmsapi.ListKeyPoliciesResponse, error) {
	if _, err := s.find(c); err != nil {
		return nil, err
	}
	return &kmsapi.ListKeyPoliciesResponse{PolicyNames: []string{policyName}, Truncated: ptr(false)}, nil
}
