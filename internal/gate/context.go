package gate

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// context is the request context of one question. AWS fills some keys always,
// some only for some callers; a key that AWS leaves out must be absent here
// (AWS global condition context keys).
func (g *Gate) context(ctx context.Context, q *op.Question, facts op.Facts, grants op.Grants) *policy.Context {
	keys := q.Call.BaseContext(func() *policy.Context { return g.base(q.Call, grants) }).Clone()
	owner := g.owner(q, facts)
	setIf(keys, "aws:ResourceAccount", owner)
	g.setOrganization(keys, "aws:ResourceOrgID", "aws:ResourceOrgPaths", owner)
	addTags(keys, "aws:ResourceTag/", facts.Tags)
	if facts.TagPrefix != "" {
		addTags(keys, facts.TagPrefix, facts.Tags)
	}
	for key, value := range facts.Keys {
		keys.Set(key, value)
	}
	for _, add := range q.Add {
		add(ctx, q.Call, keys)
	}
	q.Call.Vouch(keys)
	return keys
}

// base are the keys that do not depend on the need.
func (g *Gate) base(c *op.Call, grants op.Grants) *policy.Context {
	keys := &policy.Context{}
	keys.Set("aws:CurrentTime", c.Time.UTC().Format(time.RFC3339))
	keys.Set("aws:EpochTime", strconv.FormatInt(c.Time.Unix(), 10))
	keys.Set("aws:SecureTransport", strconv.FormatBool(c.Origin.Secure))
	setIf(keys, "aws:SourceIp", c.Origin.SourceIP)
	setIf(keys, "aws:UserAgent", c.Origin.UserAgent)
	setIf(keys, "aws:Referer", c.Origin.Referer)
	setIf(keys, "aws:RequestedRegion", c.Region)
	principal(c.Caller, c.Time, grants, keys)
	if s, ok := c.Caller.Service(); ok {
		g.setOrganization(keys, "aws:SourceOrgID", "aws:SourceOrgPaths", s.SourceAccount)
	} else {
		g.setOrganization(keys, "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", c.Caller.Account())
	}
	return keys
}

func setIf(keys *policy.Context, key, value string) {
	if value != "" {
		keys.Set(key, value)
	}
}

// setTags are the tags of a principal, in place of those it had: IAM keeps no two
// whose names differ in letter case only.
func setTags(keys *policy.Context, prefix string, tags map[string]string) {
	for k, v := range tags {
		keys.Set(prefix+k, v)
	}
}

// addTags are the tags of a resource, whose names may: which of them a condition
// means AWS calls unpredictable.
func addTags(keys *policy.Context, prefix string, tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		keys.Add(prefix+k, tags[k])
	}
}

func principal(c caller.Caller, now time.Time, grants op.Grants, keys *policy.Context) {
	switch c.Kind() {
	case caller.Nobody:
		return
	case caller.AnonymousKind:
		keys.Set("aws:PrincipalType", c.Kind().String())
		return
	case caller.ServiceKind:
		s, _ := c.Service()
		servicePrincipal(s, keys)
		return
	}
	keys.Set("aws:PrincipalIsAWSService", "false")
	keys.Set("aws:PrincipalArn", c.PrincipalARN())
	keys.Set("aws:PrincipalAccount", c.Account())
	keys.Set("aws:PrincipalType", c.Kind().String())
	keys.Set("aws:userid", c.ID())
	if u, ok := c.User(); ok {
		keys.Set("aws:username", u.Name)
	}
	// The tags of the session override those of the user or role.
	setTags(keys, "aws:PrincipalTag/", grants.Tags)
	if s, ok := c.RoleSession(); ok {
		setIf(keys, "aws:SourceIdentity", s.SourceIdentity)
		setIf(keys, api.KeySourceFunctionARN, s.SourceFunctionARN)
		setTags(keys, "aws:PrincipalTag/", s.Tags)
	}
	if f, ok := c.Federated(); ok {
		setTags(keys, "aws:PrincipalTag/", f.Tags)
	}
	credentials(c.Key(), now, keys)
	via := c.Via()
	keys.Set("aws:ViaAWSService", strconv.FormatBool(len(via) > 0))
	if len(via) > 0 {
		keys.SetList("aws:CalledVia", via)
		keys.Set("aws:CalledViaFirst", via[0])
		keys.Set("aws:CalledViaLast", via[len(via)-1])
	}
}

// servicePrincipal are the keys of a service that calls as itself.
func servicePrincipal(s caller.Service, keys *policy.Context) {
	keys.Set("aws:PrincipalIsAWSService", "true")
	keys.Set("aws:PrincipalServiceName", s.Principal)
	keys.SetList("aws:PrincipalServiceNamesList", []string{s.Principal})
	setIf(keys, "aws:SourceArn", s.SourceARN)
	setIf(keys, "aws:SourceAccount", s.SourceAccount)
	keys.Set("aws:ViaAWSService", "false")
}

// credentials are the keys that only temporary credentials bring.
func credentials(key caller.Key, now time.Time, keys *policy.Context) {
	if key.IssuedAt.IsZero() {
		return
	}
	keys.Set("aws:TokenIssueTime", key.IssuedAt.UTC().Format(time.RFC3339))
	keys.Set("aws:MultiFactorAuthPresent", strconv.FormatBool(key.MFA))
	if key.MFA {
		keys.Set("aws:MultiFactorAuthAge", strconv.Itoa(int(now.Sub(key.IssuedAt).Seconds())))
	}
}
