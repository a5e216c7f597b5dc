package organizations

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/iam"
	"github.com/sallyport/sallyport/internal/services/logs"
	"github.com/sallyport/sallyport/internal/services/sts"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

const (
	here  = "111111111111" // manages the organization of the tests
	there = "222222222222" // is in none
)

// world is Organizations beside IAM, STS and Logs, behind a real gate.
type world struct {
	testing.TB
	org   *Service
	iam   *iam.Service
	bus   *op.Bus
	clock *clock.Manual
	trail *trail.Trail
	bugs  *bug.Reporter
	stop  func() error
}

func newWorld(t testing.TB) *world { return openWorld(t, "") }

// openWorld starts a server on the state of a directory, or in memory.
func openWorld(t testing.TB, dir string) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{TB: t, clock: clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)), bugs: &bug.Reporter{Panic: true}}
	st, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.iam, err = iam.New(ctx, iam.Deps{Store: st, Clock: w.clock, Bug: w.bugs, Accounts: []string{here, there}})
	fail(err)
	tokens, err := sts.New(ctx, sts.Deps{Store: st, Clock: w.clock, Bug: w.bugs, Directory: w.iam})
	fail(err)
	logging, err := logs.New(ctx, logs.Deps{Store: st, Clock: w.clock, Bug: w.bugs})
	fail(err)
	w.org, err = New(ctx, Deps{Store: st, Clock: w.clock, Bug: w.bugs, Directory: w.iam, Accounts: w.iam})
	fail(err)
	w.trail, err = trail.Open(ctx, st, nil)
	fail(err)
	services := []op.Service{w.iam, tokens, logging, w.org}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.iam, services, w.trail, w.bugs), Services: services, Clock: w.clock, Bug: w.bugs})
	fail(err)
	fail(w.org.Start(ctx, w.bus))
	stopped := false
	w.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		return errors.Join(w.org.Close(), w.trail.Close(), st.Close())
	}
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func root(account string) caller.Caller { return caller.Root(account, caller.Key{}) }

func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: "us-east-1"}, o, in)
}

// must is a call that has to succeed, as root of the management account.
func must[In, Out any](w *world, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	return mustAs(w, root(here), o, in)
}

func mustAs[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	out, err := call(w, as, o, in)
	if err != nil {
		w.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

// refuses is a call of the management account's root that has to fail in these
// words; reason is empty where AWS gives none.
func refuses[In, Out any](w *world, o api.Op[In, Out], in *In, code, reason, text string) {
	w.Helper()
	refusesAs(w, root(here), o, in, code, reason, text)
}

func refusesAs[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In, code, reason, text string) {
	w.Helper()
	_, err := call(w, as, o, in)
	var e *api.Error
	if !errors.As(err, &e) {
		w.Errorf("%s: want %s, got %v", o.Name, code, err)
		return
	}
	got, _ := e.Members["Reason"].(string)
	if e.Code != code || e.Status != 400 || got != reason || text != "" && e.Message != text {
		w.Errorf("%s: got %d %s %s %q\nwant 400 %s %s %q", o.Name, e.Status, e.Code, got, e.Message, code, reason, text)
	}
}

// organize makes an organization with both types of policy in use, and gives
// the id of its root.
func (w *world) organize() string {
	w.Helper()
	must(w, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{})
	id := w.root()
	for _, kind := range []string{serviceControl, resourceControl} {
		must(w, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: &id, PolicyType: ptr(kind)})
	}
	return id
}

func (w *world) root() string {
	w.Helper()
	return *must(w, orgapi.ListRoots, &orgapi.ListRootsRequest{}).Roots[0].Id
}

func (w *world) unit(parent, name string) string {
	w.Helper()
	return *must(w, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &parent, Name: &name}).OrganizationalUnit.Id
}

// ended waits for a request to end.
func (w *world) ended(id string) *orgapi.CreateAccountStatus {
	w.Helper()
	for range 2000 {
		out := must(w, orgapi.DescribeCreateAccountStatus, &orgapi.DescribeCreateAccountStatusRequest{CreateAccountRequestId: &id})
		if s := out.CreateAccountStatus; s.GetState() != inProgress {
			return s
		}
		time.Sleep(time.Millisecond)
	}
	w.Fatalf("request %s does not end", id)
	return nil
}

// account makes an account and gives its id.
func (w *world) account(name string) string {
	w.Helper()
	out := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: &name, Email: ptr(name + "@example.com")})
	s := w.ended(*out.CreateAccountStatus.Id)
	if s.GetState() != succeeded {
		w.Fatalf("account %s: %s", name, s.GetFailureReason())
	}
	return *s.AccountId
}

func (w *world) move(account, from, to string) {
	w.Helper()
	must(w, orgapi.MoveAccount, &orgapi.MoveAccountRequest{AccountId: &account, SourceParentId: &from, DestinationParentId: &to})
}

// policy makes a control policy of one statement.
func (w *world) policy(kind, name, content string) string {
	w.Helper()
	out := must(w, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{Type: &kind, Name: &name, Description: ptr(""), Content: &content})
	return *out.Policy.PolicySummary.Id
}

func (w *world) attach(policy, target string) {
	w.Helper()
	must(w, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &policy, TargetId: &target})
}

func (w *world) detach(policy, target string) {
	w.Helper()
	must(w, orgapi.DetachPolicy, &orgapi.DetachPolicyRequest{PolicyId: &policy, TargetId: &target})
}

func document(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func deny(action string) string {
	return document(`{"Effect":"Deny","Action":"` + action + `","Resource":"*"}`)
}

// user makes a user who may do action on resource, and gives it as a caller.
func (w *world) user(account, name, action, resource string) caller.Caller {
	w.Helper()
	made := mustAs(w, root(account), iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name})
	text := document(`{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`)
	mustAs(w, root(account), iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: &name, PolicyName: ptr("p"), PolicyDocument: &text})
	return caller.ForUser(caller.User{Account: account, ARN: *made.User.Arn, Name: name, ID: *made.User.UserId}, caller.Key{})
}

// assume makes a session of a role.
func (w *world) assume(as caller.Caller, account, role string) (caller.Caller, error) {
	w.Helper()
	out, err := call(w, as, stsapi.AssumeRole, &stsapi.AssumeRoleRequest{RoleArn: ptr("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: ptr("s")})
	if err != nil {
		return caller.Caller{}, err
	}
	c, _ := w.bus.CallerOf(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken)
	return c, nil
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range orgapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
}
