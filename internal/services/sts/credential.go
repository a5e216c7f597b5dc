package sts

import (
	"context"
	"crypto/sha256"
	"errors"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// Credential implements op.Credentials for temporary keys (ASIA...). A key
// whose token is missing, was tampered with, belongs to another key, or whose
// role or user is gone is CredentialTokenInvalid; expiry is told first, as AWS
// does (recorded from AWS).
func (s *Service) Credential(accessKeyID, token string) (op.Credential, op.CredentialState) {
	if !strings.HasPrefix(accessKeyID, id.TemporaryKey) {
		return op.Credential{}, op.CredentialUnknown
	}
	if token == "" {
		return op.Credential{}, op.CredentialTokenInvalid
	}
	found := s.openToken(token)
	if found == nil {
		return op.Credential{}, op.CredentialTokenInvalid
	}
	if !s.clock.Now().Before(found.token.expires()) {
		return op.Credential{}, op.CredentialExpired
	}
	if found.token.AccessKey != accessKeyID {
		return op.Credential{}, op.CredentialTokenInvalid
	}
	who, ok := s.alive(found)
	if !ok {
		return op.Credential{}, op.CredentialTokenInvalid
	}
	return op.Credential{Secret: found.token.Secret, Caller: who}, op.CredentialActive
}

// openToken opens a token, or finds it opened; nil for one we did not make.
func (s *Service) openToken(token string) *session {
	r, key := s.ring.Load(), sha256.Sum256([]byte(token))
	if found := r.opened.get(key); found != nil {
		return found
	}
	t, err := r.sealer.open(token)
	if err != nil {
		if !errors.Is(err, errToken) {
			s.bug.Report(context.Background(), "a token we sealed does not open: %v", err)
		}
		return nil
	}
	who, ok := callerOf(t, t.PrincipalARN)
	if !ok {
		return nil
	}
	found := &session{token: t, caller: who}
	r.opened.put(key, found)
	return found
}

// alive asks the directory whether the principal behind a session is still the
// one it was made for. A user that was renamed since has its new name.
func (s *Service) alive(found *session) (caller.Caller, bool) {
	t := found.token
	switch t.Kind {
	case roleToken:
		role, ok := s.directory.Role(t.PrincipalARN)
		return found.caller, ok && role.ID == t.PrincipalID
	case rootToken:
		return found.caller, s.directory.HasAccount(t.Account)
	case federatedToken, userToken:
		if t.PrincipalID == t.Account {
			return found.caller, s.directory.HasAccount(t.Account)
		}
		arn, ok := s.directory.PrincipalARN(t.PrincipalID)
		if !ok || arn == t.PrincipalARN {
			return found.caller, ok
		}
		return callerOf(t, arn)
	}
	return caller.Caller{}, false
}

// callerOf is the caller a token stands for; principal is the current ARN of
// the role or user behind it.
func callerOf(t *sealed, principal string) (caller.Caller, bool) {
	policies, ok := sessionPolicies(t)
	if !ok {
		return caller.Caller{}, false
	}
	key := caller.Key{AccessKeyID: t.AccessKey, IssuedAt: t.issued(), MFA: t.MFA, SessionToken: t.Kind == userToken || t.Kind == rootToken}
	switch t.Kind {
	case roleToken:
		return caller.ForRoleSession(caller.RoleSession{
			Account: t.Account, RoleARN: principal, RoleName: path.Base(principal), RoleID: t.PrincipalID,
			Name: t.Name, SourceIdentity: t.SourceIdentity, Tags: t.Tags, Transitive: t.Transitive,
			Policies: policies, SourceFunctionARN: t.SourceFunction, Expires: t.expires(),
		}, key), true
	case userToken:
		return caller.ForUser(userOf(t, principal), key), true
	case rootToken:
		return caller.Root(t.Account, key), true
	case federatedToken:
		return caller.ForFederated(caller.Federated{
			Account: t.Account, Name: t.Name, By: userOf(t, principal),
			Tags: t.Tags, Policies: policies, Expires: t.expires(),
		}, key), true
	}
	return caller.Caller{}, false
}

// userOf is the user behind a session; root leaves Name empty.
func userOf(t *sealed, arn string) caller.User {
	u := caller.User{Account: t.Account, ARN: arn, ID: t.PrincipalID}
	if t.PrincipalID != t.Account {
		u.Name = path.Base(arn)
	}
	return u
}

// sessionPolicies compiles what was validated when the session was made.
func sessionPolicies(t *sealed) (caller.SessionPolicies, bool) {
	p := caller.SessionPolicies{ARNs: t.PolicyARNs}
	if t.Policy == "" {
		return p, true
	}
	inline, err := policy.Load([]byte(t.Policy))
	p.Inline = inline
	return p, err == nil
}
