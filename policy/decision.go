package policy

// PrincipalKind tells the kinds of principal apart.
type PrincipalKind uint8

// The kinds. The zero value is a request nobody signed.
const (
	Anonymous PrincipalKind = iota
	Root
	User
	RoleSession
	FederatedUser
	Service
	// ProviderUser is somebody an identity provider vouches for, before STS
	// made a session (AssumeRoleWithWebIdentity, AssumeRoleWithSAML).
	ProviderUser
)

// String names the kind as AWS does in aws:PrincipalType, where it has a name.
func (k PrincipalKind) String() string {
	switch k {
	case Anonymous:
		return "Anonymous"
	case Root:
		return "Account"
	case User:
		return "User"
	case RoleSession:
		return "AssumedRole"
	case FederatedUser:
		return "FederatedUser"
	case Service:
		return "Service"
	case ProviderUser:
		return "ProviderUser"
	}
	return "unknown"
}

// Principal is who asks.
type Principal struct {
	Kind PrincipalKind
	// Account is the principal's 12-digit account; empty for services,
	// anonymous callers and provider users.
	Account string
	// ARN is the principal as AWS prints it: for sessions the sts form.
	ARN string
	// RoleARN is, for a role session, the IAM ARN of the role with its path.
	RoleARN string
	// UserARN is, for a federated user session, the ARN of the IAM user, or of
	// the root user, whose permissions it has at most. UserID is that user's
	// unique id.
	UserARN, UserID string
	// UniqueID is AIDA... for a user, AROA...:SESSION for a role session, the
	// account id for root.
	UniqueID string
	// Service is the service principal: "sns.amazonaws.com".
	Service string
	// Provider is, for a provider user, the identity provider: its ARN or domain.
	Provider string
	// CanonicalID is the canonical user id of the account, if it is known.
	CanonicalID string
}

// Request is the question: may this principal do this to that?
type Request struct {
	Principal Principal
	// Action is service:Name, without wildcards; case does not matter.
	Action string
	// Resource is an ARN, or "*" for actions that know no resource.
	Resource string
	// ResourceAccount owns the resource. When empty it is the account in the ARN.
	ResourceAccount string
	// Context may be nil.
	Context *Context
}

// Attached is a policy where it is attached.
type Attached struct {
	// Policy may be nil (a document that is gone): it allows nothing.
	Policy *Policy
	// ARN is that of a managed policy, empty for others.
	ARN string
	// Name is the policy's name in explanations.
	Name string
	// Source is what the policy is attached to: "user my-user", "role r",
	// "group g", "function f".
	Source string
}

// Layers are the policies that answer a request.
type Layers struct {
	// Identity are the policies of the user and its groups, or of the role.
	Identity []Attached
	// Boundary is the permissions boundary, nil without one.
	Boundary *Attached
	// Session are the session policies; together they grant what any of them does.
	Session []Attached
	// SessionLimited says that only Session grants, even if it is empty: a
	// session policy was asked for, or it is a federation token without one.
	SessionLimited bool
	// Resource is the resource-based policy, nil without one.
	Resource *Attached
	// ServiceControl are the service control policies of the principal's
	// account: those of each level, from the organization's root to the
	// account itself. It is empty outside an organization and in its
	// management account. Service-linked roles are exempt without asking.
	ServiceControl [][]Attached
	// ResourceControl are the resource control policies of the account that
	// owns the resource, by level. It is empty also where the resource's
	// service does not support them.
	ResourceControl [][]Attached
	// Endpoint is the policy of the VPC endpoint the request came through, nil
	// when it came through none. An endpoint without a policy of its own has
	// the one that allows everything.
	Endpoint *Attached
	// ResourceMustAllow says that identity policies of the resource's own
	// account are not enough: role trust policies, KMS keys.
	ResourceMustAllow bool
}

// Effect is what was decided. The zero value denies.
type Effect uint8

// Effects.
const (
	ImplicitDeny Effect = iota
	ExplicitDeny
	Allow
)

// String is the name AWS's policy simulator uses.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "allowed"
	case ExplicitDeny:
		return "explicitDeny"
	}
	return "implicitDeny"
}

// MarshalText is String.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Layer is one kind of policy.
type Layer uint8

// Layers. The order in which a reason is looked for is that of Evaluate.
const (
	// LayerNone: no policy was looked at, since the request itself can not be judged.
	LayerNone Layer = iota
	LayerResource
	LayerIdentity
	LayerBoundary
	LayerSession
	LayerServiceControl
	LayerResourceControl
	LayerEndpoint
)

// String names the layer.
func (l Layer) String() string {
	switch l {
	case LayerResource:
		return "resource"
	case LayerIdentity:
		return "identity"
	case LayerBoundary:
		return "boundary"
	case LayerSession:
		return "session"
	case LayerServiceControl:
		return "service-control"
	case LayerResourceControl:
		return "resource-control"
	case LayerEndpoint:
		return "endpoint"
	}
	return "none"
}

// MarshalText is String.
func (l Layer) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Decision is the answer. The zero value denies.
type Decision struct {
	Effect Effect `json:"effect"`
	// Layer decided: the one whose statement allowed or denied, or the first
	// one that should have allowed and did not.
	Layer Layer `json:"layer"`
	// Policy is the index in that layer (over all levels, where it has some),
	// Statement the index in that policy; -1 when no statement decided.
	Policy    int `json:"policy"`
	Statement int `json:"statement"`
	// Caveats are the rules AWS leaves open that the answer rests on.
	Caveats CaveatSet `json:"caveats,omitempty"`
}

// Allowed says whether the request may go on.
func (d Decision) Allowed() bool { return d.Effect == Allow }

// at is where the policy of an index of a layer is attached, nil when there is
// none.
func (l *Layers) at(layer Layer, index int) *Attached {
	list := l.Identity
	switch layer {
	case LayerResource:
		return l.Resource
	case LayerBoundary:
		return l.Boundary
	case LayerEndpoint:
		return l.Endpoint
	case LayerSession:
		list = l.Session
	case LayerServiceControl:
		return atLevels(l.ServiceControl, index)
	case LayerResourceControl:
		return atLevels(l.ResourceControl, index)
	}
	if index < 0 || index >= len(list) {
		return nil
	}
	return &list[index]
}

func atLevels(levels [][]Attached, index int) *Attached {
	for _, level := range levels {
		if index >= 0 && index < len(level) {
			return &level[index]
		}
		index -= len(level)
	}
	return nil
}
