package iam

import (
	"strings"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// accessKey is the key of an id, nil if there is none.
func (x *index) accessKey(keyID string) *accessKey {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.keys[keyID]
}

// HasAccount implements op.Directory.
func (s *Service) HasAccount(account string) bool {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	return s.index.accounts[account] != nil
}

// open says that the account exists and was not closed.
func (x *index) open(account string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	a := x.accounts[account]
	return a != nil && !a.Closed
}

// Grants implements op.Directory. Root users have no policies; a federated
// session has those of the user who asked for it. Closed accounts have nobody.
func (s *Service) Grants(c caller.Caller) (op.Grants, bool) {
	switch c.Kind() {
	case caller.RootKind:
		return op.Grants{}, s.index.open(c.Account())
	case caller.UserKind:
		u, _ := c.User()
		return s.index.grantsIn(u.Account, u.ID)
	case caller.RoleSessionKind:
		r, _ := c.RoleSession()
		return s.index.grantsIn(r.Account, r.RoleID)
	case caller.FederatedKind:
		f, _ := c.Federated()
		if f.By.Name == "" {
			return op.Grants{}, s.index.open(f.Account)
		}
		return s.index.grantsIn(f.Account, f.By.ID)
	}
	return op.Grants{}, false
}

// ManagedPolicy implements op.Directory. A policy of another account is none.
func (s *Service) ManagedPolicy(account, arn string) (policy.Attached, bool) {
	p, ok := parseARN(arn)
	if !ok || p.kind != typePolicy || p.account != account && p.account != awsAccount {
		return policy.Attached{}, false
	}
	return s.index.managedPolicy(arn)
}

// Role implements op.Directory.
func (s *Service) Role(arn string) (op.Role, bool) {
	r := s.roleAt(arn)
	if r == nil {
		return op.Role{}, false
	}
	return op.Role{
		Account: r.Account, ARN: arn, Name: r.Name, ID: r.ID,
		MaxSession: r.maxSession(), ServiceLinked: r.ServiceLinked != "",
	}, true
}

// roleAt is the role of exactly this ARN.
func (s *Service) roleAt(arn string) *role {
	p, ok := parseARN(arn)
	if !ok || p.kind != typeRole {
		return nil
	}
	if r := s.roles.Get(key(p.account, p.name)); r != nil && r.Name == p.name && r.Path == p.path {
		return r
	}
	return nil
}

func (s *Service) userAt(arn string) *user {
	p, ok := parseARN(arn)
	if !ok || p.kind != typeUser {
		return nil
	}
	if u := s.users.Get(key(p.account, p.name)); u != nil && u.Name == p.name && u.Path == p.path {
		return u
	}
	return nil
}

// PrincipalID implements op.Directory.
func (s *Service) PrincipalID(arn string) (id string, ok bool) {
	if r := s.roleAt(arn); r != nil {
		return r.ID, true
	}
	if u := s.userAt(arn); u != nil {
		return u.ID, true
	}
	return "", false
}

// PrincipalARN implements op.Directory.
func (s *Service) PrincipalARN(id string) (arn string, ok bool) {
	p := s.index.find(id)
	switch {
	case p == nil:
		return "", false
	case p.user != nil:
		return p.user.arn(), true
	}
	return p.role.arn(), true
}

// Credential implements op.Credentials for long-term keys.
func (s *Service) Credential(accessKeyID, token string) (op.Credential, op.CredentialState) {
	if k, ok := s.given[accessKeyID]; ok {
		if token != "" {
			return op.Credential{}, op.CredentialTokenInvalid
		}
		return op.Credential{Secret: k.Secret, Caller: caller.Root(k.Account, caller.Key{AccessKeyID: accessKeyID})}, op.CredentialActive
	}
	k := s.index.accessKey(accessKeyID)
	switch {
	case k == nil:
		return op.Credential{}, op.CredentialUnknown
	case k.Inactive:
		return op.Credential{}, op.CredentialInactive
	case token != "":
		// Long-term keys come without a session token (inferred: AWS refuses
		// one that does not belong to the key).
		return op.Credential{}, op.CredentialTokenInvalid
	}
	found := op.Credential{Secret: k.Secret, Used: func(service, region string) {
		s.recent.note(k.ID, keyUse{Time: s.now(), Service: service, Region: region})
	}}
	signed := caller.Key{AccessKeyID: k.ID}
	if k.Owner == k.Account {
		found.Caller = caller.Root(k.Account, signed)
		return found, op.CredentialActive
	}
	p := s.index.find(k.Owner)
	if p == nil || p.user == nil {
		return op.Credential{}, op.CredentialUnknown
	}
	u := p.user
	found.Caller = caller.ForUser(caller.User{Account: u.Account, ARN: u.arn(), Name: u.Name, ID: u.ID}, signed)
	return found, op.CredentialActive
}

// stsActions is the prefix of actions that the trust policy of a role decides.
const stsActions = "sts:"

// Resource implements op.Service. Roles have a policy for the actions of STS,
// their trust policy, and it must allow.
func (s *Service) Resource(action, arn string) op.Facts {
	p, ok := parseARN(arn)
	if !ok {
		return op.Facts{}
	}
	switch p.kind {
	case typeRole:
		return s.roleFacts(action, arn)
	case typeUser:
		if u := s.userAt(arn); u != nil {
			return op.Facts{Account: u.Account, Tags: tagMap(u.Tags), TagPrefix: roleAndUserTags}
		}
	case typePolicy:
		if m := s.policies.Get(key(p.account, p.name)); m != nil && m.arn() == arn {
			return op.Facts{Account: m.Account, Tags: tagMap(m.Tags)}
		}
	case typeProfile:
		if i := s.profiles.Get(key(p.account, p.name)); i != nil && i.arn() == arn {
			return op.Facts{Account: i.Account, Tags: tagMap(i.Tags)}
		}
	}
	return op.Facts{}
}

func (s *Service) roleFacts(action, arn string) op.Facts {
	f := op.Facts{MustAllow: len(action) >= len(stsActions) && strings.EqualFold(action[:len(stsActions)], stsActions)}
	r := s.roleAt(arn)
	if r == nil {
		return f
	}
	f.Account, f.Tags, f.TagPrefix = r.Account, tagMap(r.Tags), roleAndUserTags
	if f.MustAllow {
		f.Policy = s.trustPolicy(r)
	}
	return f
}
