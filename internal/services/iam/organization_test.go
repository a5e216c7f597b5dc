package iam

import (
	"context"
	"slices"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// member is the account AWS Organizations makes in these tests.
const member = "011111111111"

func (w *world) addMember() {
	w.Helper()
	if err := w.iam.AddAccount(context.Background(), op.NewAccount{ID: member, Management: here, Role: "OrganizationAccountAccessRole"}); err != nil {
		w.Fatal(err)
	}
}

const memberRole = "arn:aws:iam::" + member + ":role/OrganizationAccountAccessRole"

// assumed is a session of the role that the management account has in member.
func (w *world) assumed() caller.Caller {
	w.Helper()
	c, err := w.assume(w.user(here, "alice", allows("sts:AssumeRole", "*")), memberRole)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func TestAddedAccountIsRunByTheManagementAccount(t *testing.T) {
	w := newWorld(t)
	told := 0
	w.iam.accountAdded = func() { told++ }
	if w.iam.HasAccount(member) {
		t.Fatal("it is there already")
	}
	w.addMember()
	w.addMember() // twice is once
	// It comes last, or a command would take its root user for that of the server.
	if told != 1 || !slices.Equal(w.iam.Accounts(), []string{here, there, member}) {
		t.Errorf("told %d times of accounts %v", told, w.iam.Accounts())
	}
	keyID, secret := w.iam.RootKey(member)
	if keyID == "" || secret == "" {
		t.Error("the new account has no root key: nobody could sign in")
	}
	if c, state := w.iam.Credential(keyID, ""); state != op.CredentialActive || !c.Caller.IsRoot() || c.Caller.Account() != member {
		t.Errorf("its root key is %+v in state %d", c.Caller, state)
	}
	admin := w.assumed()
	name := "made-by-management"
	mustAs(w, admin, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name})
	if _, err := call(w, root(member), iamapi.GetUser, &iamapi.GetUserRequest{UserName: &name}); err != nil {
		t.Error(err)
	}
	if out := must(w, iamapi.ListRoles, &iamapi.ListRolesRequest{}); len(out.Roles) != 0 {
		t.Errorf("the management account has %+v", out.Roles)
	}
	if _, err := w.assume(w.user(there, "bob", allows("sts:AssumeRole", "*")), memberRole); err == nil {
		t.Error("another account assumed the role")
	}
}

func TestAddAccountRefusesWhatIsNoAccount(t *testing.T) {
	w := newWorld(t)
	for _, a := range []op.NewAccount{{}, {ID: "1", Management: here, Role: "r"}, {ID: member, Management: "x", Role: "r"}, {ID: member, Management: here}} {
		if err := w.iam.AddAccount(context.Background(), a); err == nil {
			t.Errorf("%+v was made", a)
		}
	}
	if len(w.iam.Accounts()) != 2 {
		t.Errorf("there are %v", w.iam.Accounts())
	}
}

func TestClosedAccountMayDoNothing(t *testing.T) {
	w := newWorld(t)
	w.addMember()
	admin := w.assumed()
	user := w.user(member, "u", allows("*", "*"))
	list := func(as caller.Caller) error {
		_, err := call(w, as, iamapi.ListUsers, &iamapi.ListUsersRequest{})
		return err
	}
	everyone := map[string]caller.Caller{"root": root(member), "a user": user, "a session": admin}
	for name, c := range everyone {
		if err := list(c); err != nil {
			t.Errorf("%s, before: %v", name, err)
		}
	}
	for range 2 {
		if err := w.iam.CloseAccount(context.Background(), member); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range everyone {
		if list(c) == nil {
			t.Errorf("%s of a closed account is let in", name)
		}
	}
	if err := list(root(here)); err != nil {
		t.Errorf("another account: %v", err)
	}
	if err := w.iam.CloseAccount(context.Background(), elsewhere); err == nil {
		t.Error("an account that does not exist was closed")
	}
}

func TestResetTakesMadeAccountsAway(t *testing.T) {
	w := newWorld(t)
	w.addMember()
	keyID, _ := w.iam.RootKey(member)
	if err := w.iam.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.iam.Accounts(); !slices.Equal(got, []string{here, there}) {
		t.Errorf("after a reset there are %v", got)
	}
	if _, state := w.iam.Credential(keyID, ""); state != op.CredentialUnknown {
		t.Errorf("its root key is in state %d", state)
	}
	if _, err := call(w, root(member), iamapi.ListUsers, &iamapi.ListUsersRequest{}); err == nil {
		t.Error("its root user is let in")
	}
	w.addMember()
	if err := w.iam.CloseAccount(context.Background(), here); err != nil {
		t.Fatal(err)
	}
	if err := w.iam.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	must(w, iamapi.ListUsers, &iamapi.ListUsersRequest{})
}

// TestManagementTrustIsValid: the trust policy is stored without being checked.
func TestManagementTrustIsValid(t *testing.T) {
	if _, err := policy.Validate([]byte(managementTrust(here)), policy.KindTrust); err != nil {
		t.Error(err)
	}
}
