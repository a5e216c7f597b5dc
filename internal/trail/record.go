// Package trail is the record of every question put to the gate and of its
// answer: who asked for what, under which context, and the digests of the
// policies that answered, so that any decision can be explained again later.
//
// The last records are in memory; all are written to the store in batches, a
// few milliseconds behind. Policies are stored once each, by digest.
package trail

import (
	"time"

	"github.com/sallyport/sallyport/policy"
)

// Record is one question and its answer. It holds no secret.
type Record struct {
	// Seq numbers records in the order of their decisions, from 1.
	Seq       uint64    `json:"seq"`
	Time      time.Time `json:"time"`
	RequestID string    `json:"requestId"`
	// Parent is the request that caused this one, if any.
	Parent string `json:"parent,omitempty"`
	// Account and Region are those of the call; Service and Operation its API.
	Account   string `json:"account,omitempty"`
	Region    string `json:"region,omitempty"`
	Service   string `json:"service"`
	Operation string `json:"operation"`

	Principal   policy.Principal `json:"principal"`
	AccessKeyID string           `json:"accessKeyId,omitempty"`
	SourceIP    string           `json:"sourceIp,omitempty"`

	Action          string `json:"action,omitempty"`
	Resource        string `json:"resource,omitempty"`
	ResourceAccount string `json:"resourceAccount,omitempty"`
	// Context are the condition keys; a key of Lists is multivalued.
	Context map[string][]string `json:"context,omitempty"`
	Lists   []string            `json:"lists,omitempty"`
	// Policies answered, in the order in which the layers hold them.
	Policies []PolicyRef `json:"policies,omitempty"`
	// SessionLimited and ResourceMustAllow are as in policy.Layers.
	SessionLimited    bool `json:"sessionLimited,omitempty"`
	ResourceMustAllow bool `json:"resourceMustAllow,omitempty"`

	Allowed bool `json:"allowed"`
	// Effect, Layer and Message are the answer: "allowed", "implicitDeny" or
	// "explicitDeny", the deciding layer, and the text the caller got if denied.
	Effect  string `json:"effect"`
	Layer   string `json:"layer,omitempty"`
	Message string `json:"message,omitempty"`
	// Nothing is why the operation needs no permission.
	Nothing string `json:"nothing,omitempty"`

	// layers are the policies themselves, while the record is in memory.
	layers *policy.Layers
}

// PolicyRef is a policy that was part of a question.
type PolicyRef struct {
	// Layer is "identity", "boundary", "session" or "resource".
	Layer  string `json:"layer"`
	ARN    string `json:"arn,omitempty"`
	Name   string `json:"name,omitempty"`
	Source string `json:"source,omitempty"`
	// Digest is the SHA-256 of the policy text, empty for a policy that is gone.
	Digest string `json:"digest"`
}

// SetContext notes the condition keys of the question.
func (r *Record) SetContext(c *policy.Context) {
	keys := c.Keys()
	r.Context = make(map[string][]string, len(keys))
	for _, k := range keys {
		r.Context[k], _ = c.Get(k)
		if c.Multivalued(k) {
			r.Lists = append(r.Lists, k)
		}
	}
}

// Layer names in PolicyRef.
const (
	identityLayer = "identity"
	boundaryLayer = "boundary"
	sessionLayer  = "session"
	resourceLayer = "resource"
)

// refs lists the policies of l.
func refs(l *policy.Layers) []PolicyRef {
	var out []PolicyRef
	each(l, func(layer string, a *policy.Attached) {
		ref := PolicyRef{Layer: layer, ARN: a.ARN, Name: a.Name, Source: a.Source}
		if a.Policy != nil {
			ref.Digest = a.Policy.Digest()
		}
		out = append(out, ref)
	})
	return out
}

func each(l *policy.Layers, visit func(layer string, a *policy.Attached)) {
	for i := range l.Identity {
		visit(identityLayer, &l.Identity[i])
	}
	if l.Boundary != nil {
		visit(boundaryLayer, l.Boundary)
	}
	for i := range l.Session {
		visit(sessionLayer, &l.Session[i])
	}
	if l.Resource != nil {
		visit(resourceLayer, l.Resource)
	}
}

// Filter selects records; zero members select everything.
type Filter struct {
	// Account is the account of the caller or of the resource.
	Account string
	// Principal, Action, Resource, RequestID are exact, except that a trailing * matches any rest.
	Principal, Action, Resource, RequestID string
	Denied, Allowed                        bool
	Since                                  time.Time
}

// Match says whether the record is selected.
func (f Filter) Match(r *Record) bool {
	switch {
	case f.Account != "" && f.Account != r.Account && f.Account != r.ResourceAccount && f.Account != r.Principal.Account,
		f.Denied && r.Allowed, f.Allowed && !r.Allowed,
		!f.Since.IsZero() && r.Time.Before(f.Since):
		return false
	}
	return like(f.Principal, r.Principal.ARN) && like(f.Action, r.Action) && like(f.Resource, r.Resource) && like(f.RequestID, r.RequestID)
}

func like(pattern, s string) bool {
	if pattern == "" || pattern == s {
		return true
	}
	n := len(pattern) - 1
	return pattern[n] == '*' && len(s) >= n && s[:n] == pattern[:n]
}
