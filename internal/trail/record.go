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
	// Trial says that the call was only asked about, when something was
	// configured that makes such calls later.
	Trial bool `json:"trial,omitempty"`

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
	// ServiceLevels and ResourceLevels are how many levels of control policies
	// there were: one that holds no policy allows nothing.
	ServiceLevels  int `json:"serviceLevels,omitempty"`
	ResourceLevels int `json:"resourceLevels,omitempty"`

	Allowed bool `json:"allowed"`
	// Effect, Layer and Message are the answer: "allowed", "implicitDeny" or
	// "explicitDeny", the deciding layer, and the text the caller got if denied.
	Effect  string `json:"effect"`
	Layer   string `json:"layer,omitempty"`
	Message string `json:"message,omitempty"`
	// Nothing is why the operation needs no permission.
	Nothing string `json:"nothing,omitempty"`
	// Refused is why the call was denied without asking the policies.
	Refused string `json:"refused,omitempty"`

	// context and layers are the question itself, until Context, Lists and
	// Policies are spelled out for a reader.
	context *policy.Context
	layers  *policy.Layers
}

// What Refused says.
const (
	// UnknownResource: the request names no resource that could be judged.
	UnknownResource = "the resource of the request could not be determined"
	// NotSigned: nobody is asking, where policies cannot speak of anonymous callers.
	NotSigned = "the request has to be signed, and is not"
	// NoPrincipal: a principal that was deleted.
	NoPrincipal = "the principal behind the credentials does not exist (any more)"
	// Unsigned: the operation is for every signed caller, and for no other.
	Unsigned = "the operation needs no permission, but a signed request"
	// Fault: the gate failed; what fails denies.
	Fault = "the decision failed through a fault of the server"
)

// PolicyRef is a policy that was part of a question.
type PolicyRef struct {
	// Layer is "identity", "boundary", "session", "resource", "service-control",
	// "resource-control" or "endpoint".
	Layer string `json:"layer"`
	// Level is that of a control policy, from 0 at the organization's root.
	Level  int    `json:"level,omitempty"`
	ARN    string `json:"arn,omitempty"`
	Name   string `json:"name,omitempty"`
	Source string `json:"source,omitempty"`
	// Digest is the SHA-256 of the policy text, empty for a policy that is gone.
	Digest string `json:"digest"`
}

// SetContext notes the condition keys of the question; they must not be
// changed afterwards.
func (r *Record) SetContext(c *policy.Context) { r.context = c }

// spelled is the record with its question in words. Records are added far more
// often than they are read, so only readers and the writer pay for it.
func (r *Record) spelled() *Record {
	if r.context == nil && r.layers == nil {
		return r
	}
	out := *r
	out.Context, out.Lists = spellContext(r.context)
	if r.layers != nil {
		out.Policies = refs(r.layers)
		out.ServiceLevels, out.ResourceLevels = len(r.layers.ServiceControl), len(r.layers.ResourceControl)
	}
	return &out
}

func spellContext(c *policy.Context) (all map[string][]string, lists []string) {
	keys := c.Keys()
	if len(keys) == 0 {
		return nil, nil
	}
	all = make(map[string][]string, len(keys))
	for _, k := range keys {
		all[k], _ = c.Get(k)
		if c.Multivalued(k) {
			lists = append(lists, k)
		}
	}
	return all, lists
}

// Layer names in PolicyRef.
const (
	identityLayer        = "identity"
	boundaryLayer        = "boundary"
	sessionLayer         = "session"
	resourceLayer        = "resource"
	serviceControlLayer  = "service-control"
	resourceControlLayer = "resource-control"
	endpointLayer        = "endpoint"
)

// refs lists the policies of l.
func refs(l *policy.Layers) []PolicyRef {
	var out []PolicyRef
	each(l, func(layer string, level int, a *policy.Attached) {
		ref := PolicyRef{Layer: layer, Level: level, ARN: a.ARN, Name: a.Name, Source: a.Source}
		if a.Policy != nil {
			ref.Digest = a.Policy.Digest()
		}
		out = append(out, ref)
	})
	return out
}

// each visits every policy; level is 0 for layers that have none.
func each(l *policy.Layers, visit func(layer string, level int, a *policy.Attached)) {
	list := func(layer string, level int, all []policy.Attached) {
		for i := range all {
			visit(layer, level, &all[i])
		}
	}
	one := func(layer string, a *policy.Attached) {
		if a != nil {
			visit(layer, 0, a)
		}
	}
	list(identityLayer, 0, l.Identity)
	one(boundaryLayer, l.Boundary)
	list(sessionLayer, 0, l.Session)
	one(resourceLayer, l.Resource)
	for i := range l.ServiceControl {
		list(serviceControlLayer, i, l.ServiceControl[i])
	}
	for i := range l.ResourceControl {
		list(resourceControlLayer, i, l.ResourceControl[i])
	}
	one(endpointLayer, l.Endpoint)
}
