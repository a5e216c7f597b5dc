package iam

import (
	"context"
	"strings"
	"testing"
	"time"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

func TestAccessKeys(t *testing.T) {
	w := newWorld(t)
	r := root(here)
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("u")})
	made := must(w, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: ptr("u")}).AccessKey
	if account, ok := id.KeyAccount(*made.AccessKeyId); !ok || account != here || len(*made.SecretAccessKey) != 40 || *made.Status != "Active" || *made.UserName != "u" {
		t.Errorf("CreateAccessKey: %+v", made)
	}
	must(w, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: ptr("u")})
	refuses(w, r, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: ptr("u")}, 409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")

	found, state := w.bus.Credential(*made.AccessKeyId, "")
	if state != op.CredentialActive || found.Secret != *made.SecretAccessKey || found.Caller.ARN() != "arn:aws:iam::111111111111:user/u" {
		t.Errorf("the key stands for %s, state %d", found.Caller.ARN(), state)
	}
	set := func(status string) {
		t.Helper()
		must(w, iamapi.UpdateAccessKey, &iamapi.UpdateAccessKeyRequest{UserName: ptr("u"), AccessKeyId: made.AccessKeyId, Status: &status})
	}
	set("Inactive")
	if found, state := w.bus.Credential(*made.AccessKeyId, ""); state != op.CredentialInactive || found.Secret != "" {
		t.Errorf("an inactive key is in state %d", state)
	}
	listed := must(w, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: ptr("u")}).AccessKeyMetadata
	if len(listed) != 2 {
		t.Errorf("ListAccessKeys: %+v", listed)
	}
	set("Active")
	if _, state := w.bus.Credential(*made.AccessKeyId, ""); state != op.CredentialActive {
		t.Errorf("a key made active again is in state %d", state)
	}
	if _, state := w.bus.Credential(*made.AccessKeyId, "a token"); state != op.CredentialTokenInvalid {
		t.Errorf("a long-term key with a session token is in state %d", state)
	}
	must(w, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{UserName: ptr("u"), AccessKeyId: made.AccessKeyId})
	if _, state := w.bus.Credential(*made.AccessKeyId, ""); state != op.CredentialUnknown {
		t.Errorf("a deleted key is in state %d", state)
	}
	refuses(w, r, iamapi.UpdateAccessKey, &iamapi.UpdateAccessKeyRequest{UserName: ptr("u"), AccessKeyId: made.AccessKeyId, Status: ptr("Active")},
		404, "NoSuchEntity", "The Access Key with id "+*made.AccessKeyId+" cannot be found.")
	refuses(w, r, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: ptr("none")}, 404, "NoSuchEntity", "The user with name none cannot be found.")
}

func TestKeysOfTheCaller(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", allows("iam:*AccessKey*", "arn:aws:iam::111111111111:user/u"))
	second := mustAs(w, user, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{}).AccessKey
	equal(t, "user", *second.UserName, "u")
	mustAs(w, user, iamapi.UpdateAccessKey, &iamapi.UpdateAccessKeyRequest{AccessKeyId: second.AccessKeyId, Status: ptr("Inactive")})
	equal(t, "keys", len(mustAs(w, user, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{}).AccessKeyMetadata), 2)
	mustAs(w, user, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{AccessKeyId: second.AccessKeyId})
	// Keys of somebody else are out of reach, by the name and by the key.
	w.user(here, "other", "")
	denied(w, user, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: ptr("other")},
		"iam:ListAccessKeys on resource: arn:aws:iam::111111111111:user/other because no identity-based policy allows the iam:ListAccessKeys action")
	theirs := must(w, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: ptr("other")}).AccessKeyMetadata[0].AccessKeyId
	refuses(w, user, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{AccessKeyId: theirs}, 404, "NoSuchEntity", "The Access Key with id "+*theirs+" cannot be found.")

	arn := w.role(here, "r", `{"AWS":"arn:aws:iam::111111111111:user/u"}`)
	must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: ptr("arn:aws:iam::aws:policy/IAMFullAccess")})
	session, err := w.assume(user, arn)
	if err != nil {
		t.Fatal(err)
	}
	refuses(w, session, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{AccessKeyId: theirs}, 400, "ValidationError", "Must specify userName when calling with non-User credentials")
	mustAs(w, session, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{UserName: ptr("other"), AccessKeyId: theirs})
}

func TestRootKeys(t *testing.T) {
	w := newWorld(t)
	keyID, secret := w.iam.RootKey(here)
	found, state := w.bus.Credential(keyID, "")
	if state != op.CredentialActive || found.Secret != secret || !found.Caller.IsRoot() || found.Caller.Account() != here || secret == "" {
		t.Fatalf("the root key stands for %s", found.Caller.ARN())
	}
	if other, _ := w.iam.RootKey(there); other == keyID || other == "" {
		t.Error("two accounts share a root key, or one has none")
	}
	if none, _ := w.iam.RootKey(elsewhere); none != "" {
		t.Error("an account that does not exist has a root key")
	}
	equal(t, "accounts", w.iam.Accounts(), []string{here, there})
	// The root user sees to its own keys without a name.
	second := must(w, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{}).AccessKey
	if *second.UserName != "" {
		t.Errorf("the root user's key belongs to %q", *second.UserName)
	}
	equal(t, "keys", len(must(w, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{}).AccessKeyMetadata), 2)
	refuses(w, root(here), iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{}, 409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	must(w, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{AccessKeyId: second.AccessKeyId})
	if _, state := w.bus.Credential(*second.AccessKeyId, ""); state != op.CredentialUnknown {
		t.Error("a deleted root key goes on")
	}
}

func TestGivenRootKeys(t *testing.T) {
	d := Deps{RootKeys: []RootKey{
		{Account: there, AccessKeyID: "AKIACIEXAMPLEKEY0001", Secret: "a secret of the operator's choice"},
		{AccessKeyID: "AKIACIEXAMPLEKEY0002", Secret: "another one"},
	}}
	dir := t.TempDir()
	w := openWorld(t, d, dir)
	found, state := w.bus.Credential("AKIACIEXAMPLEKEY0001", "")
	if state != op.CredentialActive || found.Caller.Account() != there || !found.Caller.IsRoot() || found.Secret != "a secret of the operator's choice" {
		t.Fatalf("the given key stands for %s", found.Caller.ARN())
	}
	if found, state := w.bus.Credential("AKIACIEXAMPLEKEY0002", ""); state != op.CredentialActive || found.Caller.Account() != here {
		t.Errorf("a key without an account stands for %s, not for the first account", found.Caller.ARN())
	}
	if made, _ := w.iam.RootKey(there); made == "" || made == "AKIACIEXAMPLEKEY0001" {
		t.Error("the server has no key of its own beside the given one")
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w = openWorld(t, Deps{}, dir)
	if _, state := w.bus.Credential("AKIACIEXAMPLEKEY0001", ""); state != op.CredentialUnknown {
		t.Error("a given key outlived the start it was given for")
	}
}

func TestGivenRootKeysAreChecked(t *testing.T) {
	w := newWorld(t)
	taken, _ := w.iam.RootKey(here)
	for want, keys := range map[string][]RootKey{
		"there is no account":           {{elsewhere, "AKIACIEXAMPLEKEY0001", "secret"}},
		"16 to 128 characters":          {{here, "short", "secret"}},
		"belongs to another access key": {{here, taken, "secret"}},
		"another access key":            {{here, "AKIACIEXAMPLEKEY0001", "secret"}, {there, "AKIACIEXAMPLEKEY0001", "secret"}},
	} {
		if err := w.iam.takeGivenKeys(keys, here); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", keys, err)
		} else if strings.Contains(err.Error(), "secret\"") {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

func TestLastUse(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	keyID := must(w, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: ptr("u")}).AccessKeyMetadata[0].AccessKeyId
	last := func() iamapi.AccessKeyLastUsed {
		t.Helper()
		out := must(w, iamapi.GetAccessKeyLastUsed, &iamapi.GetAccessKeyLastUsedRequest{AccessKeyId: keyID})
		equal(t, "user", *out.UserName, "u")
		return *out.AccessKeyLastUsed
	}
	equal(t, "never used", last(), iamapi.AccessKeyLastUsed{Region: ptr("N/A"), ServiceName: ptr("N/A")})
	found, _ := w.bus.Credential(*keyID, "")
	found.Used("lambda", "eu-west-1")
	want := iamapi.AccessKeyLastUsed{LastUsedDate: ptr(w.clock.Now()), Region: ptr("eu-west-1"), ServiceName: ptr("lambda")}
	equal(t, "at once", last(), want)
	if err := w.iam.flushUses(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(w.iam.recent.all) != 0 {
		t.Error("a stored use is still kept in memory")
	}
	equal(t, "from the store", last(), want)

	const text = "User: arn:aws:iam::111111111111:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key "
	theirs, _ := w.iam.RootKey(there)
	for _, unknown := range []string{"AKIAIOSFODNN7EXAMPLE", theirs} {
		refuses(w, root(here), iamapi.GetAccessKeyLastUsed, &iamapi.GetAccessKeyLastUsedRequest{AccessKeyId: &unknown}, 403, "AccessDenied", text+unknown)
	}
}

func TestUsesAreWrittenDownEveryMinute(t *testing.T) {
	w := newWorld(t)
	keyID, _ := w.iam.RootKey(here)
	found, _ := w.bus.Credential(keyID, "")
	found.Used("sts", "us-east-1")
	for deadline := 0; w.iam.uses.Get(keyID) == nil; deadline++ {
		if deadline > 2_000 {
			t.Fatal("nothing was written")
		}
		w.clock.Advance(time.Minute)
		time.Sleep(time.Millisecond)
	}
	// A key that goes takes its use with it, also one not written yet.
	found.Used("sts", "us-east-1")
	must(w, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{AccessKeyId: &keyID})
	if err := w.iam.flushUses(context.Background()); err != nil || w.iam.uses.Get(keyID) != nil {
		t.Errorf("the use of a deleted key is kept: %v", err)
	}
}

func TestWhoMayNotCallIAM(t *testing.T) {
	w := newWorld(t)
	list := &iamapi.ListUsersRequest{}
	session := caller.Root(here, caller.Key{SessionToken: true})
	refuses(w, session, iamapi.ListUsers, list, 403, "InvalidClientTokenId", "The security token included in the request is invalid")
	mustAs(w, caller.Root(here, caller.Key{SessionToken: true, MFA: true}), iamapi.ListUsers, list)
	for _, c := range []caller.Caller{{}, caller.Anonymous()} {
		refuses(w, c, iamapi.ListUsers, list, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	ghost := caller.ForUser(caller.User{Account: here, ARN: "arn:aws:iam::111111111111:user/ghost", Name: "ghost", ID: "AIDAGHOSTGHOSTGHOST"}, caller.Key{})
	if _, err := call(w, ghost, iamapi.ListUsers, list); err == nil {
		t.Error("a user who does not exist may call")
	}
	if _, err := call(w, root(elsewhere), iamapi.ListUsers, list); err == nil {
		t.Error("the root user of an account that does not exist may call")
	}
}
