package gate

import (
	"context"
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
func (g *Gate) context(ctx context.Context, q *op.Question, facts op.Facts) *policy.Context {
	keys := q.Call.BaseContext(func() *policy.Context { return g.base(q.Call) }).Clone()
	if account := g.owner(q, facts); account != "" {
		keys.Set("aws:ResourceAccount", account)
	}
	for k, v := range facts.Tags {
		keys.Set("aws:ResourceTag/"+k, v)
	}
	for _, add := range q.Add {
		add(ctx, q.Call, keys)
	}
	q.Call.Vouch(keys)
	return keys
}

// base are the keys that do not depend on the need.
func (g *Gate) base(c *op.Call) *policy.Context {
	keys := &policy.Context{}
	keys.Set("aws:CurrentTime", c.Time.UTC().Format(time.RFC3339))
	keys.Set("aws:EpochTime", strconv.FormatInt(c.Time.Unix(), 10))
	keys.Set("aws:SecureTransport", strconv.FormatBool(c.Origin.Secure))
	setIf(keys, "aws:SourceIp", c.Origin.SourceIP)
	setIf(keys, "aws:UserAgent", c.Origin.UserAgent)
	setIf(keys, "aws:Referer", c.Origin.Referer)
	setIf(keys, "aws:RequestedRegion", c.Region)
	g.principal(c.Caller, c.Time, keys)
	return keys
}

func setIf(keys *policy.Context, key, value string) {
	if value != "" {
		keys.Set(key, value)
	}
}

func (g *Gate) principal(c caller.Caller, now time.Time, keys *policy.Context) {
	if s, ok := c.Service(); ok {
		keys.Set("aws:PrincipalIsAWSService", "true")
		keys.Set("aws:PrincipalServiceName", s.Principal)
		keys.SetList("aws:PrincipalServiceNamesList", []string{s.Principal})
		setIf(keys, "aws:SourceArn", s.SourceARN)
		setIf(keys, "aws:SourceAccount", s.SourceAccount)
		keys.Set("aws:ViaAWSService", "false")
		return
	}
	if c.Kind() == caller.AnonymousKind {
		keys.Set("aws:PrincipalType", c.Kind().String())
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
	if key := c.Key(); !key.IssuedAt.IsZero() {
		keys.Set("aws:TokenIssueTime", key.IssuedAt.UTC().Format(time.RFC3339))
		keys.Set("aws:MultiFactorAuthPresent", strconv.FormatBool(key.MFA))
		if key.MFA {
			keys.Set("aws:MultiFactorAuthAge", strconv.Itoa(int(now.Sub(key.IssuedAt).Seconds())))
		}
	}
	if s, ok := c.RoleSession(); ok {
		setIf(keys, "aws:SourceIdentity", s.SourceIdentity)
		setIf(keys, api.KeySourceFunctionARN, s.SourceFunctionARN)
	}
	g.principalTags(c, keys)
	via := c.Via()
	keys.Set("aws:ViaAWSService", strconv.FormatBool(len(via) > 0))
	if len(via) > 0 {
		keys.SetList("aws:CalledVia", via)
		keys.Set("aws:CalledViaFirst", via[0])
		keys.Set("aws:CalledViaLast", via[len(via)-1])
	}
}

// principalTags sets the tags of the user or role, then those of the session,
// which override them.
func (g *Gate) principalTags(c caller.Caller, keys *policy.Context) {
	if grants, ok := g.directory.Grants(c); ok {
		for k, v := range grants.Tags {
			keys.Set("aws:PrincipalTag/"+k, v)
		}
	}
	session := map[string]string{}
	if s, ok := c.RoleSession(); ok {
		session = s.Tags
	} else if f, ok := c.Federated(); ok {
		session = f.Tags
	}
	for k, v := range session {
		keys.Set("aws:PrincipalTag/"+k, v)
	}
}
