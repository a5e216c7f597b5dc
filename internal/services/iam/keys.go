package iam

import (
	"context"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// The condition keys of IAM's actions. Each adder takes the key's name from the
// row, where it stands beside its action.

// requestTags adds aws:RequestTag and aws:TagKeys: what the request sets, or
// the keys it takes away.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	switch in := c.Input.(type) {
	case *iamapi.CreateUserRequest:
		addTags(keys, in.Tags)
	case *iamapi.CreateRoleRequest:
		addTags(keys, in.Tags)
	case *iamapi.CreatePolicyRequest:
		addTags(keys, in.Tags)
	case *iamapi.CreateInstanceProfileRequest:
		addTags(keys, in.Tags)
	case *iamapi.TagUserRequest:
		addTags(keys, in.Tags)
	case *iamapi.TagRoleRequest:
		addTags(keys, in.Tags)
	case *iamapi.TagPolicyRequest:
		addTags(keys, in.Tags)
	case *iamapi.TagInstanceProfileRequest:
		addTags(keys, in.Tags)
	case *iamapi.UntagUserRequest:
		keys.SetList("aws:TagKeys", in.TagKeys)
	case *iamapi.UntagRoleRequest:
		keys.SetList("aws:TagKeys", in.TagKeys)
	case *iamapi.UntagPolicyRequest:
		keys.SetList("aws:TagKeys", in.TagKeys)
	case *iamapi.UntagInstanceProfileRequest:
		keys.SetList("aws:TagKeys", in.TagKeys)
	}
}

func addTags(keys *policy.Context, tags []iamapi.Tag) {
	var names []string
	for i := range tags {
		keys.Set("aws:RequestTag/"+tags[i].GetKey(), tags[i].GetValue())
		names = append(names, tags[i].GetKey())
	}
	keys.SetList("aws:TagKeys", names)
}

// policyARN adds the managed policy that is attached or detached.
func policyARN(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(policyInput); ok {
			keys.Set(key, in.GetPolicyArn())
		}
	}
}

// newBoundary adds the boundary that the request sets.
func newBoundary(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(interface{ GetPermissionsBoundary() string }); ok && in.GetPermissionsBoundary() != "" {
			keys.Set(key, in.GetPermissionsBoundary())
		}
	}
}

// userBoundary and roleBoundary add the boundary that the user or role has.
func (s *Service) userBoundary(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(userInput); ok {
			if u := s.users.Get(nameKey(c, in.GetUserName())); u != nil && u.Boundary != "" {
				keys.Set(key, u.Boundary)
			}
		}
	}
}

func (s *Service) roleBoundary(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(roleInput); ok {
			if r := s.roles.Get(nameKey(c, in.GetRoleName())); r != nil && r.Boundary != "" {
				keys.Set(key, r.Boundary)
			}
		}
	}
}

func nameKey(c *op.Call, name string) string { return key(c.Account, name) }

// serviceName adds the service whose role is made.
func serviceName(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(*iamapi.CreateServiceLinkedRoleRequest); ok {
			keys.Set(key, in.GetAWSServiceName())
		}
	}
}

// passedTo adds the service a role is passed to.
func passedTo(key, service string) op.Adder {
	return func(_ context.Context, _ *op.Call, keys *policy.Context) { keys.Set(key, service) }
}
