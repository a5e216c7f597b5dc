package op

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/policy"
)

// Service is one AWS service. Its methods are safe for concurrent use.
type Service interface {
	// API describes it: every row is one of its bound operations.
	API() *api.Service
	// Rows is the table of operations.
	Rows() []Row
	// Resource gives the facts of a resource whose ARN has this service's
	// segment, for a question about action. It is read-only and does no I/O.
	Resource(action, arn string) Facts
	// Start begins background work; bus outlives it. Close ends all of it.
	Start(ctx context.Context, bus *Bus) error
	Close() error
}

// Facts are what a resource's owner says of it.
type Facts struct {
	// Account owns the resource; empty when the ARN says it, or nobody knows.
	Account string
	// Policy is the resource-based policy that applies to the action, nil without.
	Policy *policy.Attached
	// MustAllow says identity policies alone never suffice (role trust policies).
	MustAllow bool
	// Tags fill aws:ResourceTag, and keys with TagPrefix ("iam:ResourceTag/")
	// where the service has a name of its own for them.
	Tags      map[string]string
	TagPrefix string
	// Keys are further condition keys that come with the resource (ec2:Vpc).
	Keys map[string]string
}

// Refuser is a service that turns some credentials away before anything else
// is looked at (IAM refuses GetSessionToken credentials without MFA).
type Refuser interface {
	Refuse(c *Call) error
}

// Directory is what IAM tells the gate about principals: a read-only view in
// memory, always as of the last acknowledged write.
type Directory interface {
	// Grants are the policies and tags of a caller. ok is false when the
	// principal behind the credentials no longer exists: the caller is denied.
	Grants(c caller.Caller) (g Grants, ok bool)
	// ManagedPolicy is the default version of a managed policy, for session
	// policies given by ARN.
	ManagedPolicy(account, arn string) (policy.Attached, bool)
	// Role gives what STS must know of a role to make a session of it.
	Role(arn string) (Role, bool)
	// PrincipalID is the unique id of an existing user or role, for services
	// that store it in place of the ARN; PrincipalARN is the way back.
	PrincipalID(arn string) (id string, ok bool)
	PrincipalARN(id string) (arn string, ok bool)
	// HasAccount says whether the account exists here.
	HasAccount(account string) bool
}

// Changes tells of changes to what decisions rest on, to whoever acts on a
// decision for longer than a moment (a poller).
type Changes interface {
	// Changed is closed at the next change of any principal or policy of a
	// Directory, once the change is visible.
	Changed() <-chan struct{}
}

// Grants are a principal's own policies. The slices are shared: do not change them.
type Grants struct {
	Identity []policy.Attached
	Boundary *policy.Attached
	Tags     map[string]string
}

// Role is a role as STS sees it.
type Role struct {
	Account, ARN, Name, ID string
	// MaxSession bounds DurationSeconds, in seconds.
	MaxSession int
	// ServiceLinked roles can be assumed by their service only.
	ServiceLinked bool
}

// Organizations is what AWS Organizations tells the gate: a read-only view in
// memory, always as of the last acknowledged write. A service that implements
// it is asked; without one no account is in an organization.
type Organizations interface {
	// Membership is the account's place in its organization, nil when it is in
	// none. It is shared and never changes: do not change it.
	Membership(account string) *Membership
}

// Membership is the place of one account in an organization.
type Membership struct {
	// Organization is the organization's id, Management its management account.
	Organization, Management string
	// Paths has one element, the account's place:
	// "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/".
	Paths []string
	// ServiceControl and ResourceControl are the control policies by level,
	// from the root down to the account. They are empty for the management
	// account, and while the organization does not use that type of policy.
	ServiceControl, ResourceControl [][]policy.Attached
}

// Accounts is what IAM lets AWS Organizations do, and nobody else: make
// accounts, and close them. Each method is one transaction, and doing it twice
// is the same as doing it once.
type Accounts interface {
	// AddAccount makes an account with a root access key and the role that the
	// management account administers it with.
	AddAccount(ctx context.Context, a NewAccount) error
	// CloseAccount takes every right from the account's principals, for good.
	CloseAccount(ctx context.Context, account string) error
}

// NewAccount is an account for Accounts to make.
type NewAccount struct {
	ID string
	// Management is the account that the role Role trusts.
	Management, Role string
}

// Credentials finds the secret behind an access key id. IAM answers for
// long-term keys, STS for temporary ones.
type Credentials interface {
	// Credential looks a key up. The token is what the request carried.
	Credential(accessKeyID, token string) (Credential, CredentialState)
}

// Credential is a key with its secret and whom it stands for.
type Credential struct {
	Secret string
	Caller caller.Caller
	// Used, if set, is told of a use of the key that verified.
	Used func(service, region string)
}

// CredentialState says whether a key may be used.
type CredentialState uint8

// States. Only CredentialActive lets a request go on.
const (
	CredentialUnknown CredentialState = iota
	CredentialActive
	CredentialInactive
	CredentialExpired
	CredentialTokenInvalid
)
