// Package caller says who is asking. The set is closed: root, IAM user, role
// session, federated session, service, anonymous; only the constructors here
// make one, and the zero Caller is nobody, whom the gate denies everything.
package caller

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// Kind tells the members of the closed set apart.
type Kind uint8

// The kinds. Nobody is the zero value and may do nothing at all.
const (
	Nobody Kind = iota
	AnonymousKind
	RootKind
	UserKind
	RoleSessionKind
	FederatedKind
	ServiceKind
)

// String is the name AWS gives the kind in aws:PrincipalType, where it has one.
func (k Kind) String() string {
	return [...]string{"Nobody", "Anonymous", "Account", "User", "AssumedRole", "FederatedUser", "Service"}[k]
}

// Caller is one principal with what travels with its credentials. It is a
// value that never changes; copies share their parts.
type Caller struct {
	kind    Kind
	key     Key
	user    User
	role    RoleSession
	fed     Federated
	service Service
	via     []string
}

// Key is what is known of the credentials that signed the request.
type Key struct {
	// AccessKeyID is the signing key: AKIA... or ASIA....
	AccessKeyID string
	// IssuedAt is when temporary credentials were issued; zero for long-term ones.
	IssuedAt time.Time
	// MFA says the temporary credentials were obtained with MFA.
	MFA bool
	// SessionToken says they came from GetSessionToken, which limits what IAM and STS accept.
	SessionToken bool
}

// User is an IAM user. Root callers use only Account.
type User struct {
	Account, ARN, Name, ID string
}

// RoleSession is a session of a role, made by one of the AssumeRole operations.
type RoleSession struct {
	Account string
	// RoleARN is the IAM ARN of the role, with its path.
	RoleARN, RoleName, RoleID string
	// Name is the role session name.
	Name           string
	SourceIdentity string
	// Tags are the session's tags; Transitive names those that pass down a chain.
	Tags       map[string]string
	Transitive []string
	Policies   SessionPolicies
	// SourceFunctionARN is the unqualified ARN of the Lambda function the
	// credentials were made for, empty for any other session.
	SourceFunctionARN string
	Expires           time.Time
}

// SessionPolicies narrow a session. They never grant what the identity lacks.
type SessionPolicies struct {
	// Inline is the Policy parameter, nil without.
	Inline *policy.Policy
	// ARNs are managed policies, read at each decision in their default version.
	ARNs []string
}

// Given says that a session policy was passed at all.
func (s SessionPolicies) Given() bool { return s.Inline != nil || len(s.ARNs) > 0 }

// Federated is a session of GetFederationToken. With no session policy it has
// no permissions but those a resource policy grants to the session.
type Federated struct {
	Account, Name string
	// By is the IAM user whose permissions the session has at most; the root
	// user leaves By.Name empty.
	By       User
	Tags     map[string]string
	Policies SessionPolicies
	Expires  time.Time
}

// Service is an AWS service calling as itself, under its service principal.
type Service struct {
	// Principal is the service principal: "lambda.amazonaws.com".
	Principal string
	// SourceARN and SourceAccount are the resource it calls for.
	SourceARN, SourceAccount string
	// ForFunction is set by Lambda alone, on the AssumeRole whose credentials
	// go into a function's environment: calls made with them carry it as
	// lambda:SourceFunctionArn.
	ForFunction string
}

// Anonymous is a request without a signature.
func Anonymous() Caller { return Caller{kind: AnonymousKind} }

// Root is the root user of an account.
func Root(account string, key Key) Caller {
	return Caller{kind: RootKind, key: key, user: User{Account: account, ID: account, ARN: "arn:aws:iam::" + account + ":root"}}
}

// ForUser is an IAM user.
func ForUser(u User, key Key) Caller { return Caller{kind: UserKind, key: key, user: u} }

// ForRoleSession is a session of a role.
func ForRoleSession(s RoleSession, key Key) Caller {
	return Caller{kind: RoleSessionKind, key: key, role: s}
}

// ForFederated is a federated user session.
func ForFederated(f Federated, key Key) Caller { return Caller{kind: FederatedKind, key: key, fed: f} }

// ForService is a service acting as itself.
func ForService(s Service) Caller { return Caller{kind: ServiceKind, service: s} }

// OnBehalf is the same principal, asked through a service that forwards its
// credentials: aws:ViaAWSService and aws:CalledVia say so.
func (c Caller) OnBehalf(service string) Caller {
	c.via = append(slices.Clip(c.via), service)
	return c
}

// Kind tells which member of the closed set this is.
func (c Caller) Kind() Kind { return c.kind }

// Key is what is known of the signing credentials.
func (c Caller) Key() Key { return c.key }

// User is the IAM user; ok is false for every other kind, root included.
func (c Caller) User() (User, bool) { return c.user, c.kind == UserKind }

// RoleSession is the role session, if it is one.
func (c Caller) RoleSession() (RoleSession, bool) { return c.role, c.kind == RoleSessionKind }

// Federated is the federated session, if it is one.
func (c Caller) Federated() (Federated, bool) { return c.fed, c.kind == FederatedKind }

// Service is the service principal, if it is one.
func (c Caller) Service() (Service, bool) { return c.service, c.kind == ServiceKind }

// IsRoot tells the root user.
func (c Caller) IsRoot() bool { return c.kind == RootKind }

// Via lists the services that forwarded the call, first one first.
func (c Caller) Via() []string { return c.via }

// Account is the caller's account; for a service the account it acts for;
// empty for the anonymous caller.
func (c Caller) Account() string {
	switch c.kind {
	case RootKind, UserKind:
		return c.user.Account
	case RoleSessionKind:
		return c.role.Account
	case FederatedKind:
		return c.fed.Account
	case ServiceKind:
		return c.service.SourceAccount
	}
	return ""
}

// ARN is the principal as AWS prints it in GetCallerIdentity and in denials:
// the sts form for sessions, the service principal for a service.
func (c Caller) ARN() string {
	switch c.kind {
	case RootKind, UserKind:
		return c.user.ARN
	case RoleSessionKind:
		return "arn:aws:sts::" + c.role.Account + ":assumed-role/" + c.role.RoleName + "/" + c.role.Name
	case FederatedKind:
		return "arn:aws:sts::" + c.fed.Account + ":federated-user/" + c.fed.Name
	case ServiceKind:
		return c.service.Principal
	case AnonymousKind:
		return "anonymous"
	}
	return ""
}

// PrincipalARN is the value of aws:PrincipalArn: the role's ARN for a role
// session. Empty for services and the anonymous caller, which lack the key.
func (c Caller) PrincipalARN() string {
	switch c.kind {
	case RoleSessionKind:
		return c.role.RoleARN
	case RootKind, UserKind, FederatedKind:
		return c.ARN()
	}
	return ""
}

// ID is the value of aws:userid, and of UserId in GetCallerIdentity.
func (c Caller) ID() string {
	switch c.kind {
	case RootKind, UserKind:
		return c.user.ID
	case RoleSessionKind:
		return c.role.RoleID + ":" + c.role.Name
	case FederatedKind:
		return c.fed.Account + ":" + c.fed.Name
	}
	return ""
}

// SessionPolicies are those passed when the session was made.
func (c Caller) SessionPolicies() SessionPolicies {
	if c.kind == FederatedKind {
		return c.fed.Policies
	}
	return c.role.Policies
}

// Principal is the caller as the engine sees it.
func (c Caller) Principal() policy.Principal {
	p := policy.Principal{Account: c.Account(), ARN: c.ARN(), UniqueID: c.ID()}
	switch c.kind {
	case RootKind:
		p.Kind = policy.Root
	case UserKind:
		p.Kind = policy.User
	case RoleSessionKind:
		p.Kind, p.RoleARN = policy.RoleSession, c.role.RoleARN
	case FederatedKind:
		p.Kind, p.UserARN, p.UserID = policy.FederatedUser, c.fed.By.ARN, c.fed.By.ID
	case ServiceKind:
		// A service has no account of its own: naming SourceAccount here would
		// let an account principal match it.
		return policy.Principal{Kind: policy.Service, ARN: c.service.Principal, Service: c.service.Principal}
	default:
		return policy.Principal{Kind: policy.Anonymous}
	}
	return p
}
