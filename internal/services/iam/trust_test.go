package iam

import (
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

// shownTrust is the trust policy GetRole prints.
func (w *world) shownTrust(name string) string {
	w.Helper()
	return document(w, must(w, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: &name}).Role.AssumeRolePolicyDocument)
}

func TestTrustIsInThePrincipalNotInItsName(t *testing.T) {
	w := newWorld(t)
	alice := w.user(here, "alice", "")
	arn := w.role(here, "r", `{"AWS":"arn:aws:iam::111111111111:user/alice"}`)
	if _, err := w.assume(alice, arn); err != nil {
		t.Fatalf("the user the trust policy names: %v", err)
	}
	asGiven := trusts(`{"AWS":"arn:aws:iam::111111111111:user/alice"}`)
	equal(t, "as it was given", w.shownTrust("r"), asGiven)
	id := alice.ID()

	// Renamed, she is the same principal, and is shown under the new name.
	must(w, iamapi.UpdateUser, &iamapi.UpdateUserRequest{UserName: ptr("alice"), NewUserName: ptr("alicia"), NewPath: ptr("/staff/")})
	equal(t, "renamed", w.shownTrust("r"), strings.Replace(asGiven, "user/alice", "user/staff/alicia", 1))
	alicia := w.signsAs(here, "alicia")
	if _, err := w.assume(alicia, arn); err != nil {
		t.Errorf("the renamed user: %v", err)
	}

	// A newcomer of the old name is somebody else.
	impostor := w.user(here, "alice", "")
	if _, err := w.assume(impostor, arn); err == nil {
		t.Error("who took the name over is trusted")
	}

	// Deleted, she is shown by her id, and nobody is let in.
	w.deleteUser("alicia")
	equal(t, "deleted", w.shownTrust("r"), strings.Replace(asGiven, "arn:aws:iam::111111111111:user/alice", id, 1))
	w.deleteUser("alice")
	again := w.user(here, "alice", "")
	if _, err := w.assume(again, arn); err == nil {
		t.Error("who was made anew under the name is trusted")
	}
	equal(t, "deleted still", w.shownTrust("r"), strings.Replace(asGiven, "arn:aws:iam::111111111111:user/alice", id, 1))

	// Saving the policy as it is shown is refused; naming the new one trusts the new one.
	refuses(w, root(here), iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: ptr(w.shownTrust("r"))},
		400, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+id+`"`)
	must(w, iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: &asGiven})
	if _, err := w.assume(again, arn); err != nil {
		t.Errorf("after the policy was saved again: %v", err)
	}
}

// deleteUser deletes a user with its keys.
func (w *world) deleteUser(name string) {
	w.Helper()
	for _, k := range must(w, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: &name}).AccessKeyMetadata {
		must(w, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{UserName: &name, AccessKeyId: k.AccessKeyId})
	}
	must(w, iamapi.DeleteUser, &iamapi.DeleteUserRequest{UserName: &name})
}

func TestTrustInRolesAcrossAccounts(t *testing.T) {
	w := newWorld(t)
	w.role(there, "caller", `{"AWS":"222222222222"}`)
	theirs := "arn:aws:iam::222222222222:role/caller"
	arn := w.role(here, "r", `{"AWS":["`+theirs+`","arn:aws:iam::333333333333:role/unknown","444444444444","*"]}`)
	if got := w.shownTrust("r"); !strings.Contains(got, theirs) || !strings.Contains(got, "333333333333:role/unknown") {
		t.Errorf("shown: %s", got)
	}
	r := w.iam.roles.Get(key(here, "r"))
	if len(r.Trust.IDs) != 1 || !strings.HasPrefix(r.Trust.IDs[theirs], "AROA") {
		t.Errorf("stored ids: %v", r.Trust.IDs)
	}
	if _, err := w.assume(w.user(there, "u", ""), arn); err == nil {
		t.Error("a trust policy open to all lets somebody of another account in who has no permission there")
	}
	if _, err := w.assume(w.user(there, "v", allows("sts:AssumeRole", arn)), arn); err != nil {
		t.Errorf("with permission on both sides: %v", err)
	}
}

func TestUnknownPrincipalsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.user(here, "alice", "")
	w.role(here, "bob", forLambda)
	for _, c := range []struct{ name, principal, named string }{
		{"no such user", `{"AWS":"arn:aws:iam::111111111111:user/none"}`, "arn:aws:iam::111111111111:user/none"},
		{"a user in another letter case", `{"AWS":"arn:aws:iam::111111111111:user/Alice"}`, "arn:aws:iam::111111111111:user/Alice"},
		{"a user under another path", `{"AWS":"arn:aws:iam::111111111111:user/x/alice"}`, "arn:aws:iam::111111111111:user/x/alice"},
		{"a user as a role", `{"AWS":"arn:aws:iam::111111111111:role/alice"}`, "arn:aws:iam::111111111111:role/alice"},
		{"the role itself, before it is there", `{"AWS":"arn:aws:iam::111111111111:role/new"}`, "arn:aws:iam::111111111111:role/new"},
		{"one of several", `{"AWS":["arn:aws:iam::111111111111:role/bob","arn:aws:iam::222222222222:user/alice"]}`, "arn:aws:iam::222222222222:user/alice"},
		{"an unknown id", `{"AWS":"AIDAAAAAAAAAAAAAAAAAA"}`, "AIDAAAAAAAAAAAAAAAAAA"},
		{"a wildcard in an ARN", `{"AWS":"arn:aws:iam::111111111111:user/*"}`, "arn:aws:iam::111111111111:user/*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := *w
			w.TB = t
			refuses(&w, root(here), iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("new"), AssumeRolePolicyDocument: ptr(trusts(c.principal))},
				400, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+c.named+`"`)
			if w.iam.roles.Get(key(here, "new")) != nil {
				t.Error("the role was made all the same")
			}
		})
	}
	// The twins: what is there, and what cannot be known.
	for i, principal := range []string{
		`{"AWS":"arn:aws:iam::111111111111:user/alice"}`, `{"AWS":"arn:aws:iam::111111111111:role/bob"}`, `{"AWS":"arn:aws:iam::111111111111:root"}`,
		`{"AWS":"arn:aws:iam::333333333333:user/whoever"}`, `{"AWS":"arn:aws:sts::111111111111:assumed-role/bob/session"}`, `{"AWS":"999999999999"}`, `"*"`,
		`{"Federated":"arn:aws:iam::111111111111:oidc-provider/example.com"}`,
	} {
		w.role(here, "role-"+string(rune('a'+i)), principal)
	}
}

func TestMalformedTrustPolicies(t *testing.T) {
	w := newWorld(t)
	w.role(here, "r", forLambda)
	before := w.shownTrust("r")
	for text, document := range map[string]string{
		"This policy contains invalid Json":                          `{"Version":`,
		"Has prohibited field Resource":                              `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}`,
		"AssumeRole policy may only specify STS AssumeRole actions.": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}`,
		"Missing required field Principal":                           `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`,
	} {
		refuses(w, root(here), iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: ptr(document)},
			400, "MalformedPolicyDocument", text)
	}
	equal(t, "the trust policy", w.shownTrust("r"), before)
}

func TestNewTrustCountsAtOnce(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", "")
	arn := w.role(here, "r", forLambda)
	if _, err := w.assume(user, arn); err == nil {
		t.Fatal("the trust policy names Lambda only")
	}
	open := trusts(`{"AWS":"arn:aws:iam::111111111111:user/u"}`)
	must(w, iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: &open})
	if _, err := w.assume(user, arn); err != nil {
		t.Errorf("after the change: %v", err)
	}
	must(w, iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: ptr(trusts(forLambda))})
	if _, err := w.assume(user, arn); err == nil {
		t.Error("after it was taken back, the user is still let in")
	}
	// Changing something else keeps it.
	must(w, iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: &open})
	must(w, iamapi.TagRole, &iamapi.TagRoleRequest{RoleName: ptr("r"), Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("v")}}})
	if _, err := w.assume(user, arn); err != nil {
		t.Errorf("after tagging: %v", err)
	}
}
