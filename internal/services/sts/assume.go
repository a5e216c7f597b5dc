package sts

import (
	"context"
	"strings"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// Seconds a role session lasts.
const (
	defaultRoleSession = 3600
	// chainedRoleSession is the most that a session made by a session lasts.
	chainedRoleSession = 3600
)

// role is the finder of the role to assume. It refuses what AWS refuses before
// it looks at any policy: text that is no role ARN, and root users.
func (s *Service) role(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*stsapi.AssumeRoleRequest)
	if !ok {
		return nil, nil
	}
	account, ok := roleAccount(in.GetRoleArn())
	if !ok {
		return nil, validationError("%s is invalid", in.GetRoleArn())
	}
	if c.Caller.IsRoot() {
		return nil, rootMayNot()
	}
	return []op.Resource{{ARN: in.GetRoleArn(), Account: account}}, nil
}

// roleToTag finds the role when the new session will carry tags. Inherited
// transitive tags count: each role of a chain must let itself be tagged.
func (s *Service) roleToTag(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*stsapi.AssumeRoleRequest)
	session, _ := c.Caller.RoleSession()
	if !ok || len(in.Tags)+len(in.TransitiveTagKeys)+len(session.Transitive) == 0 {
		return nil, nil
	}
	return s.role(ctx, c)
}

// roleToIdentify finds the role when the new session will carry a source
// identity, passed or inherited (recorded from AWS).
func (s *Service) roleToIdentify(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if wantedIdentity(c) == "" {
		return nil, nil
	}
	return s.role(ctx, c)
}

func (s *Service) roleToContextualise(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if in, ok := c.Input.(*stsapi.AssumeRoleRequest); !ok || len(in.ProvidedContexts) == 0 {
		return nil, nil
	}
	return s.role(ctx, c)
}

// wantedIdentity is the source identity the request passes, else the one it inherits.
func wantedIdentity(c *op.Call) string {
	if in, ok := c.Input.(*stsapi.AssumeRoleRequest); ok && in.SourceIdentity != nil {
		return *in.SourceIdentity
	}
	session, _ := c.Caller.RoleSession()
	return session.SourceIdentity
}

// roleAccount reads the account out of a role ARN.
func roleAccount(arn string) (account string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "iam" || parts[3] != "" {
		return "", false
	}
	name, isRole := strings.CutPrefix(parts[5], "role/")
	if !isRole || name == "" || strings.HasSuffix(name, "/") || strings.ContainsAny(name, "*? ") {
		return "", false
	}
	return parts[4], id.IsAccount(parts[4])
}

func (s *Service) assumeRole(_ context.Context, c *op.Call, in *stsapi.AssumeRoleRequest) (*stsapi.AssumeRoleResponse, error) {
	role, ok := s.directory.Role(in.GetRoleArn())
	if _, service := c.Caller.Service(); !ok || role.ServiceLinked && !service {
		return nil, notAuthorized(c.Caller.ARN(), in.GetRoleArn())
	}
	if err := checkAssertions(in); err != nil {
		return nil, err
	}
	seconds, err := roleSeconds(c, in, role)
	if err != nil {
		return nil, err
	}
	t := &sealed{Kind: roleToken, Account: role.Account, PrincipalARN: role.ARN, PrincipalID: role.ID, Name: in.GetRoleSessionName()}
	if t.SourceIdentity, err = identityOf(c, in); err != nil {
		return nil, err
	}
	if t.Tags, t.Transitive, err = roleTags(c, in); err != nil {
		return nil, err
	}
	if err := s.narrow(t, in.Policy, in.PolicyArns); err != nil {
		return nil, err
	}
	packed, err := packedPercent(t)
	if err != nil {
		return nil, err
	}
	if service, ok := c.Caller.Service(); ok {
		t.SourceFunction = service.ForFunction
	}
	credentials, err := s.issue(c, t, seconds)
	if err != nil {
		return nil, err
	}
	return assumed(t, role.Name, credentials, packed), nil
}

func assumed(t *sealed, roleName string, credentials *stsapi.Credentials, packed int32) *stsapi.AssumeRoleResponse {
	out := &stsapi.AssumeRoleResponse{
		Credentials: credentials,
		AssumedRoleUser: &stsapi.AssumedRoleUser{
			AssumedRoleId: ptr(t.PrincipalID + ":" + t.Name),
			Arn:           ptr("arn:" + op.Partition + ":sts::" + t.Account + ":assumed-role/" + roleName + "/" + t.Name),
		},
	}
	if t.SourceIdentity != "" {
		out.SourceIdentity = &t.SourceIdentity
	}
	if t.Policy != "" || len(t.PolicyARNs)+len(t.Tags) > 0 {
		out.PackedPolicySize = &packed
	}
	return out
}

// checkAssertions refuses what rests on devices and providers that do not exist here.
func checkAssertions(in *stsapi.AssumeRoleRequest) error {
	if len(in.ProvidedContexts) > 0 {
		return invalidParameter("ProvidedContexts is not available: Sallyport has no identity provider that could have signed a context assertion.")
	}
	return checkMFA(in.SerialNumber, in.TokenCode)
}

// roleSeconds is how long the session lasts. The order of the checks is the one
// recorded from AWS; the API's own range was checked when the request was decoded.
func roleSeconds(c *op.Call, in *stsapi.AssumeRoleRequest, role op.Role) (int, error) {
	if in.DurationSeconds == nil {
		return defaultRoleSession, nil
	}
	seconds := int(*in.DurationSeconds)
	if _, service := c.Caller.Service(); !service && seconds > role.MaxSession {
		return 0, validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if _, chained := c.Caller.RoleSession(); chained && seconds > chainedRoleSession {
		return 0, validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	return seconds, nil
}

// identityOf is the new session's source identity. Once set it stays for the
// whole chain.
func identityOf(c *op.Call, in *stsapi.AssumeRoleRequest) (string, error) {
	session, _ := c.Caller.RoleSession()
	if session.SourceIdentity != "" && in.SourceIdentity != nil && *in.SourceIdentity != session.SourceIdentity {
		return "", validationError("The source identity is already set for this assume role session")
	}
	return wantedIdentity(c), nil
}

func ptr[T any](v T) *T { return &v }
