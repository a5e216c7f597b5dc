package policy

// FixKind says what a change does.
type FixKind string

// Kinds of change.
const (
	// AddToIdentity adds a statement to the principal's own policies.
	AddToIdentity FixKind = "add-to-identity"
	// AddToResource adds a statement to the resource-based policy.
	AddToResource FixKind = "add-to-resource"
	// AddToTrust adds a statement to the role's trust policy.
	AddToTrust FixKind = "add-to-trust"
	// AddToBoundary adds a statement to the permissions boundary.
	AddToBoundary FixKind = "add-to-boundary"
	// AddToSession adds a statement to the session policy, so the session must be made anew.
	AddToSession FixKind = "add-to-session"
	// NarrowDeny replaces an explicit Deny by one that spares the request.
	NarrowDeny FixKind = "narrow-deny"
	// RemoveDeny removes an explicit Deny that can not be narrowed.
	RemoveDeny FixKind = "remove-deny"
)

// Fix is a set of changes that together turn a denial into an allow. It was
// proven: the same request was evaluated with the changes made.
type Fix struct {
	Changes []Change `json:"changes"`
	// Text is the fix for people.
	Text string `json:"text"`
}

// Change is one change to one policy.
type Change struct {
	Layer Layer   `json:"layer"`
	Kind  FixKind `json:"kind"`
	// Target is what holds the policy to change: "user my-user".
	Target string `json:"target"`
	// Policy and Remove say, for a Deny, which statement goes: its policy's name and its index.
	Policy string `json:"policy,omitempty"`
	Remove int    `json:"remove,omitempty"`
	// Statements are what to add, each a JSON statement.
	Statements []string `json:"statements,omitempty"`
	Text       string   `json:"text"`
}
