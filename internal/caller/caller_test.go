package caller

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/policy"
)

const account = "111111111111"

var (
	ann     = User{Account: account, ARN: "arn:aws:iam::111111111111:user/path/ann", Name: "ann", ID: "AIDAANN"}
	key     = Key{AccessKeyID: "ASIA1", IssuedAt: time.Unix(1, 0), MFA: true, SessionToken: true}
	session = RoleSession{
		Account: account, RoleARN: "arn:aws:iam::111111111111:role/path/r", RoleName: "r", RoleID: "AROAR", Name: "s",
		Policies: SessionPolicies{ARNs: []string{"p"}},
	}
	federated = Federated{Account: account, Name: "guest", By: ann, Policies: SessionPolicies{Inline: new(policy.Policy)}}
	sns       = Service{Principal: "sns.amazonaws.com", SourceARN: "arn:aws:sns:us-east-1:111111111111:t", SourceAccount: account}
)

// TestNames are those of GetCallerIdentity (facts/sts.md section 3) and of the
// condition keys (facts/iam-evaluation.md section 8).
func TestNames(t *testing.T) {
	for _, c := range []struct {
		caller                               Caller
		kind                                 string
		account, arn, principal, id, keyID   string
		user, role, fed, service, root, zero bool
	}{
		{caller: Caller{}, kind: "Nobody", zero: true},
		{caller: Anonymous(), kind: "Anonymous", arn: "anonymous"},
		{caller: Root(account, key), kind: "Account", account: account, arn: "arn:aws:iam::111111111111:root", principal: "arn:aws:iam::111111111111:root", id: account, keyID: "ASIA1", root: true},
		{caller: ForUser(ann, key), kind: "User", account: account, arn: ann.ARN, principal: ann.ARN, id: "AIDAANN", keyID: "ASIA1", user: true},
		{caller: ForRoleSession(session, key), kind: "AssumedRole", account: account, arn: "arn:aws:sts::111111111111:assumed-role/r/s", principal: session.RoleARN, id: "AROAR:s", keyID: "ASIA1", role: true},
		{caller: ForFederated(federated, key), kind: "FederatedUser", account: account, arn: "arn:aws:sts::111111111111:federated-user/guest", principal: "arn:aws:sts::111111111111:federated-user/guest", id: "111111111111:guest", keyID: "ASIA1", fed: true},
		{caller: ForService(sns), kind: "Service", account: account, arn: "sns.amazonaws.com", service: true},
	} {
		t.Run(c.kind, func(t *testing.T) {
			got := c.caller
			if got.Kind().String() != c.kind || got.Account() != c.account || got.ARN() != c.arn || got.PrincipalARN() != c.principal || got.ID() != c.id || got.Key().AccessKeyID != c.keyID {
				t.Errorf("%s %s %s %s %s %s", got.Kind(), got.Account(), got.ARN(), got.PrincipalARN(), got.ID(), got.Key().AccessKeyID)
			}
			_, user := got.User()
			_, role := got.RoleSession()
			_, fed := got.Federated()
			_, service := got.Service()
			if user != c.user || role != c.role || fed != c.fed || service != c.service || got.IsRoot() != c.root || (got.Kind() == Nobody) != c.zero {
				t.Errorf("is user %v, role session %v, federated %v, service %v, root %v", user, role, fed, service, got.IsRoot())
			}
		})
	}
}

// TestPrincipal is what the engine is told: it decides from nothing else.
func TestPrincipal(t *testing.T) {
	rootFederated := federated
	rootFederated.By = User{Account: account, ARN: "arn:aws:iam::111111111111:root", ID: account}
	for name, c := range map[string]struct {
		caller Caller
		want   policy.Principal
	}{
		"nobody":    {Caller{}, policy.Principal{}},
		"anonymous": {Anonymous(), policy.Principal{Kind: policy.Anonymous}},
		"root":      {Root(account, Key{}), policy.Principal{Kind: policy.Root, Account: account, ARN: "arn:aws:iam::111111111111:root", UniqueID: account}},
		"user":      {ForUser(ann, Key{}), policy.Principal{Kind: policy.User, Account: account, ARN: ann.ARN, UniqueID: "AIDAANN"}},
		"role session": {ForRoleSession(session, Key{}), policy.Principal{
			Kind: policy.RoleSession, Account: account, ARN: "arn:aws:sts::111111111111:assumed-role/r/s", RoleARN: session.RoleARN, UniqueID: "AROAR:s",
		}},
		"federated user": {ForFederated(federated, Key{}), policy.Principal{
			Kind: policy.FederatedUser, Account: account, ARN: "arn:aws:sts::111111111111:federated-user/guest", UserARN: ann.ARN, UserID: "AIDAANN", UniqueID: "111111111111:guest",
		}},
		"federated by root": {ForFederated(rootFederated, Key{}), policy.Principal{
			Kind: policy.FederatedUser, Account: account, ARN: "arn:aws:sts::111111111111:federated-user/guest", UserARN: "arn:aws:iam::111111111111:root", UserID: account, UniqueID: "111111111111:guest",
		}},
		// Its source account must not make a service match an account principal.
		"service": {ForService(sns), policy.Principal{Kind: policy.Service, ARN: "sns.amazonaws.com", Service: "sns.amazonaws.com"}},
	} {
		if got := c.caller.Principal(); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSessionPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		caller Caller
		given  bool
	}{
		"a role session's":           {ForRoleSession(session, key), true},
		"a role session without":     {ForRoleSession(RoleSession{}, key), false},
		"a federated session's":      {ForFederated(federated, key), true},
		"a federated one without":    {ForFederated(Federated{}, key), false},
		"a user has none":            {ForUser(ann, key), false},
		"root has none":              {Root(account, key), false},
		"an empty list is not given": {ForRoleSession(RoleSession{Policies: SessionPolicies{ARNs: []string{}}}, key), false},
	} {
		if got := c.caller.SessionPolicies().Given(); got != c.given {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestOnBehalfLeavesTheOriginalAlone: two services that forward the same
// caller must not write into each other's chain.
func TestOnBehalfLeavesTheOriginalAlone(t *testing.T) {
	first := ForUser(ann, key).OnBehalf("a")
	left, right := first.OnBehalf("b"), first.OnBehalf("c")
	for i, c := range []struct{ got, want []string }{
		{ForUser(ann, key).Via(), nil}, {first.Via(), []string{"a"}}, {left.Via(), []string{"a", "b"}}, {right.Via(), []string{"a", "c"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%d: %q, want %q", i, c.got, c.want)
		}
	}
	if left.Kind() != UserKind || left.ARN() != ann.ARN {
		t.Error("forwarding changed who asks")
	}
}
