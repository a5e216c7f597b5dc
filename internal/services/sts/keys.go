package sts

import (
	"context"
	"strconv"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// The condition keys an AssumeRole request brings. Each adder takes the key's
// name from the row, where it stands beside its action.

func sessionName(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(*stsapi.AssumeRoleRequest); ok {
			keys.Set(key, in.GetRoleSessionName())
		}
	}
}

func externalID(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(*stsapi.AssumeRoleRequest); ok && in.ExternalId != nil {
			keys.Set(key, *in.ExternalId)
		}
	}
}

// duration adds the key only when the request gives a duration, as parameters
// that were not passed are absent from a request context (inferred: AWS does
// not say so of this key).
func duration(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(*stsapi.AssumeRoleRequest); ok && in.DurationSeconds != nil {
			keys.Set(key, strconv.Itoa(int(*in.DurationSeconds)))
		}
	}
}

// sourceIdentity adds the identity the new session will carry: an inherited one
// is judged like one that was passed.
func sourceIdentity(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if identity := wantedIdentity(c); identity != "" {
			keys.Set(key, identity)
		}
	}
}

// transitiveTagKeys adds the keys of all tags that will pass on, the inherited
// ones included.
func transitiveTagKeys(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		in, ok := c.Input.(*stsapi.AssumeRoleRequest)
		if !ok {
			return
		}
		session, _ := c.Caller.RoleSession()
		all := append([]string{}, session.Transitive...)
		keys.SetList(key, append(all, in.TransitiveTagKeys...))
	}
}

// requestTags adds aws:RequestTag and aws:TagKeys: what this request asks for,
// without what the session inherits.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags []stsapi.Tag
	switch in := c.Input.(type) {
	case *stsapi.AssumeRoleRequest:
		tags = in.Tags
	case *stsapi.GetFederationTokenRequest:
		tags = in.Tags
	}
	var names []string
	for i := range tags {
		keys.Set("aws:RequestTag/"+tags[i].GetKey(), tags[i].GetValue())
		names = append(names, tags[i].GetKey())
	}
	keys.SetList("aws:TagKeys", names)
}
