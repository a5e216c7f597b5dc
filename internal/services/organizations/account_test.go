package organizations

import (
	"context"
	"errors"
	"slices"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
)

func TestAccountIsMade(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	out := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: ptr("Workloads"), Email: ptr("workloads@example.com")}).CreateAccountStatus
	if out.GetState() != inProgress || out.AccountId != nil || out.CompletedTimestamp != nil || out.GetAccountName() != "Workloads" {
		t.Errorf("asked: %+v", out)
	}
	done := w.ended(out.GetId())
	if done.GetState() != succeeded || done.CompletedTimestamp == nil || len(done.GetAccountId()) != 12 {
		t.Fatalf("ended: %+v", done)
	}
	id := done.GetAccountId()
	o := w.org.Membership(here).Organization
	a := must(w, orgapi.DescribeAccount, &orgapi.DescribeAccountRequest{AccountId: &id}).Account
	if a.GetArn() != "arn:aws:organizations::"+here+":account/"+o+"/"+id || a.GetEmail() != "workloads@example.com" || a.GetName() != "Workloads" ||
		a.GetStatus() != "ACTIVE" || a.GetState() != "ACTIVE" || a.GetJoinedMethod() != "CREATED" || a.Paths[0] != o+"/"+r+"/"+id+"/" {
		t.Errorf("described: %+v", a)
	}
	if !slices.Contains(w.iam.Accounts(), id) {
		t.Errorf("IAM has %v", w.iam.Accounts())
	}
	admin, err := w.assume(w.user(here, "admin", "sts:AssumeRole", "*"), id, "OrganizationAccountAccessRole")
	if err != nil {
		t.Fatal(err)
	}
	mustAs(w, admin, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("first")})
	if _, err := w.assume(w.user(there, "thief", "sts:AssumeRole", "*"), id, "OrganizationAccountAccessRole"); err == nil {
		t.Error("an account outside assumed the role")
	}
}

func TestAccountWithARoleOfAnotherName(t *testing.T) {
	w := newWorld(t)
	w.organize()
	out := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: ptr("n"), Email: ptr("n@example.com"), RoleName: ptr("Admin")})
	id := w.ended(out.CreateAccountStatus.GetId()).GetAccountId()
	caller := w.user(here, "admin", "sts:AssumeRole", "*")
	if _, err := w.assume(caller, id, "Admin"); err != nil {
		t.Error(err)
	}
	if _, err := w.assume(caller, id, "OrganizationAccountAccessRole"); err == nil {
		t.Error("the default role was made too")
	}
}

func TestAddressesAreUnique(t *testing.T) {
	w := newWorld(t)
	w.organize()
	w.account("a")
	out := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: ptr("b"), Email: ptr("A@example.com")})
	done := w.ended(out.CreateAccountStatus.GetId())
	if done.GetState() != failed || done.GetFailureReason() != "EMAIL_ALREADY_EXISTS" || done.AccountId != nil || done.CompletedTimestamp == nil {
		t.Errorf("%+v", done)
	}
	if n := len(w.iam.Accounts()); n != 3 {
		t.Errorf("%d accounts", n)
	}
	by := func(states ...string) (all []string) {
		for _, s := range must(w, orgapi.ListCreateAccountStatus, &orgapi.ListCreateAccountStatusRequest{States: states}).CreateAccountStatuses {
			all = append(all, s.GetState())
		}
		return all
	}
	same(t, "all", by(), []string{failed, succeeded})
	same(t, "failed", by(failed), []string{failed})
	same(t, "in progress", by(inProgress), nil)
	refuses(w, orgapi.DescribeCreateAccountStatus, &orgapi.DescribeCreateAccountStatusRequest{CreateAccountRequestId: ptr("car-00000000")}, "CreateAccountStatusNotFoundException", "", "")
}

func TestAccountsMove(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	a, unit := w.account("a"), w.unit(r, "u")
	move := func(account, from, to string) *orgapi.MoveAccountRequest {
		return &orgapi.MoveAccountRequest{AccountId: &account, SourceParentId: &from, DestinationParentId: &to}
	}
	refuses(w, orgapi.MoveAccount, move(there, r, unit), "AccountNotFoundException", "", "You specified an account that doesn't exist.")
	refuses(w, orgapi.MoveAccount, move(a, unit, r), "SourceParentNotFoundException", "", "")
	refuses(w, orgapi.MoveAccount, move(a, r, "ou-0000-00000000"), "DestinationParentNotFoundException", "", "")
	refuses(w, orgapi.MoveAccount, move(a, r, r), "DuplicateAccountException", "", "")
	w.move(a, r, unit)
	w.move(here, r, unit)
	below := func(parent string) (all []string) {
		for _, m := range must(w, orgapi.ListAccountsForParent, &orgapi.ListAccountsForParentRequest{ParentId: &parent}).Accounts {
			all = append(all, m.GetId())
		}
		return all
	}
	same(t, "in the unit", below(unit), []string{a, here})
	same(t, "at the root", below(r), nil)
	refuses(w, orgapi.ListAccountsForParent, &orgapi.ListAccountsForParentRequest{ParentId: ptr("ou-0000-00000000")}, "ParentNotFoundException", "", "")
}

func TestAccountsLeave(t *testing.T) {
	w := newWorld(t)
	w.organize()
	a := w.account("a")
	remove := func(id string) *orgapi.RemoveAccountFromOrganizationRequest {
		return &orgapi.RemoveAccountFromOrganizationRequest{AccountId: &id}
	}
	refuses(w, orgapi.RemoveAccountFromOrganization, remove(here), "MasterCannotLeaveOrganizationException", "", "")
	refuses(w, orgapi.RemoveAccountFromOrganization, remove(there), "AccountNotFoundException", "", "")
	must(w, orgapi.RemoveAccountFromOrganization, remove(a))
	refuses(w, orgapi.RemoveAccountFromOrganization, remove(a), "AccountNotFoundException", "", "")
	refuses(w, orgapi.DescribeAccount, &orgapi.DescribeAccountRequest{AccountId: &a}, "AccountNotFoundException", "", "")
	if w.org.Membership(a) != nil {
		t.Error("it is still a member")
	}
	mustAs(w, root(a), iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("goes-on")})
	mustAs(w, root(a), orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{})
	refuses(w, orgapi.DescribeAccount, &orgapi.DescribeAccountRequest{AccountId: &a}, "AccountNotFoundException", "", "")
}

func TestAccountsClose(t *testing.T) {
	w := newWorld(t)
	w.organize()
	a := w.account("a")
	closing := func(id string) *orgapi.CloseAccountRequest { return &orgapi.CloseAccountRequest{AccountId: &id} }
	refuses(w, orgapi.CloseAccount, closing(here), "ConstraintViolationException", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "")
	refuses(w, orgapi.CloseAccount, closing(there), "AccountNotFoundException", "", "")
	must(w, orgapi.CloseAccount, closing(a))
	refuses(w, orgapi.CloseAccount, closing(a), "AccountAlreadyClosedException", "", "")
	if got := must(w, orgapi.DescribeAccount, &orgapi.DescribeAccountRequest{AccountId: &a}).Account; got.GetStatus() != "SUSPENDED" {
		t.Errorf("%+v", got)
	}
	if _, err := call(w, root(a), iamapi.ListUsers, &iamapi.ListUsersRequest{}); err == nil {
		t.Error("the root user of a closed account is let in")
	}
	if _, err := call(w, root(there), iamapi.ListUsers, &iamapi.ListUsersRequest{}); err != nil {
		t.Error(err)
	}
}

// unwilling is IAM that cannot make accounts for a while.
type unwilling struct {
	op.Accounts
	fails chan error
}

func (u *unwilling) AddAccount(ctx context.Context, a op.NewAccount) error {
	select {
	case err := <-u.fails:
		return err
	default:
		return u.Accounts.AddAccount(ctx, a)
	}
}

// TestAccountIsMadeAtLast: while it is being made, the organization has it
// already, so that it is never without its control policies; what failed is
// tried again, and a restart goes on with it.
func TestAccountIsMadeAtLast(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir)
	w.organize()
	broken := &unwilling{w.iam, make(chan error, 2)}
	broken.fails <- errors.New("not now")
	broken.fails <- errors.New("not now")
	w.org.accounts = broken
	out := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: ptr("a"), Email: ptr("a@example.com")})
	id := out.CreateAccountStatus.GetId()
	var pending string
	for pending == "" {
		for account, m := range w.org.members.All("", "") {
			if m.State == statePending && len(broken.fails) < 2 {
				pending = account
			}
		}
	}
	if m := w.org.Membership(pending); m == nil || len(m.ServiceControl) != 2 {
		t.Errorf("the account to be has the membership %+v", m)
	}
	refuses(w, orgapi.RemoveAccountFromOrganization, &orgapi.RemoveAccountFromOrganizationRequest{AccountId: &pending}, "AccountNotFoundException", "", "")
	refuses(w, orgapi.CloseAccount, &orgapi.CloseAccountRequest{AccountId: &pending}, "ConflictException", "", "")
	if got := must(w, orgapi.DescribeCreateAccountStatus, &orgapi.DescribeCreateAccountStatusRequest{CreateAccountRequestId: &id}).CreateAccountStatus; got.GetState() != inProgress {
		t.Errorf("%+v", got)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w = openWorld(t, dir)
	if got := w.ended(id); got.GetState() != succeeded || got.GetAccountId() != pending {
		t.Errorf("after a restart: %+v, want account %s", got, pending)
	}
	if !w.iam.HasAccount(pending) {
		t.Error("IAM does not have it")
	}
}

func TestMakerTriesAgain(t *testing.T) {
	w := newWorld(t)
	w.organize()
	broken := &unwilling{w.iam, make(chan error, 1)}
	broken.fails <- errors.New("not now")
	w.org.accounts = broken
	out := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: ptr("a"), Email: ptr("a@example.com")})
	for len(broken.fails) > 0 {
		w.clock.Advance(0)
	}
	for range 1000 {
		w.clock.Advance(again) // the maker may not sleep yet
		if got := must(w, orgapi.DescribeCreateAccountStatus, &orgapi.DescribeCreateAccountStatusRequest{CreateAccountRequestId: out.CreateAccountStatus.Id}); got.CreateAccountStatus.GetState() == succeeded {
			return
		}
	}
	t.Error("it was not tried again")
}
