package organizations

import (
	"context"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// The condition keys of the actions of Organizations. Each adder takes the
// key's name from the row, where it stands beside its action.

// policyType adds the type of policy that a request is about: named, or that
// of the policy it names.
func (s *Service) policyType(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		kind := ""
		switch in := c.Input.(type) {
		case interface{ GetPolicyType() string }:
			kind = in.GetPolicyType()
		case interface{ GetType() string }:
			kind = in.GetType()
		case interface{ GetFilter() string }:
			kind = in.GetFilter()
		case interface{ GetPolicyId() string }:
			if o, err := s.ours(nil, c.Account); err == nil {
				if p := s.policy(nil, o, in.GetPolicyId()); p != nil {
					kind = p.Type
				}
			}
		}
		if kind != "" {
			keys.Set(key, kind)
		}
	}
}

// servicePrincipal adds the service that a request names.
func servicePrincipal(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(interface{ GetServicePrincipal() string }); ok && in.GetServicePrincipal() != "" {
			keys.Set(key, in.GetServicePrincipal())
		}
	}
}

// requestTags adds aws:RequestTag and aws:TagKeys.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags []orgapi.Tag
	var names []string
	switch in := c.Input.(type) {
	case *orgapi.CreateAccountRequest:
		tags = in.Tags
	case *orgapi.CreateOrganizationalUnitRequest:
		tags = in.Tags
	case *orgapi.CreatePolicyRequest:
		tags = in.Tags
	case *orgapi.TagResourceRequest:
		tags = in.Tags
	case *orgapi.UntagResourceRequest:
		names = in.TagKeys
	}
	for i := range tags {
		keys.Add("aws:RequestTag/"+tags[i].GetKey(), tags[i].GetValue())
		names = append(names, tags[i].GetKey())
	}
	keys.SetList("aws:TagKeys", names)
}
