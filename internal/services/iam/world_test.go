package iam

import (
	"context"
	"errors"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/sts"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

const (
	here  = "111111111111"
	there = "222222222222"
	// elsewhere is an account this server does not have.
	elsewhere = "333333333333"
)

// world is IAM and STS behind a real gate.
type world struct {
	testing.TB
	iam   *Service
	bus   *op.Bus
	clock *clock.Manual
	// stop ends the server, as its owner would.
	stop func() error
}

func newWorld(t testing.TB) *world { return openWorld(t, Deps{}, "") }

// openWorld starts a server on the state of a directory, or in memory.
func openWorld(t testing.TB, d Deps, dir string) *world {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, clock: clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))}
	bugs := &bug.Reporter{Panic: true}
	d.Store, d.Clock, d.Bug, d.Accounts = st, w.clock, bugs, []string{here, there}
	if w.iam, err = New(ctx, d); err != nil {
		t.Fatal(err)
	}
	tokens, err := sts.New(ctx, sts.Deps{Store: st, Clock: w.clock, Bug: bugs, Directory: w.iam})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	services := []op.Service{w.iam, tokens}
	if w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.iam, services, tr, bugs), Services: services, Clock: w.clock, Bug: bugs}); err != nil {
		t.Fatal(err)
	}
	if err := w.iam.Start(ctx, w.bus); err != nil {
		t.Fatal(err)
	}
	stopped := false
	w.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		return errors.Join(w.iam.Close(), tr.Close(), st.Close())
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
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: "us-east-1"}, o, in)
}

// must makes a call that has to succeed, as root of the account here.
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

// refuses makes a call that has to fail in exactly these words.
func refuses[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In, status int, code, text string) {
	w.Helper()
	_, err := call(w, as, o, in)
	var e *api.Error
	if !errors.As(err, &e) {
		w.Errorf("%s: want %s, got %v", o.Name, code, err)
		return
	}
	if e.Code != code || e.Status != status || e.Message != text {
		w.Errorf("%s: got %d %s %q\nwant %d %s %q", o.Name, e.Status, e.Code, e.Message, status, code, text)
	}
}

// allowed and denied ask whether a caller gets past the gate; denied wants the
// text of the denial after "User: ARN is not authorized to perform: ".
func denied[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In, text string) {
	w.Helper()
	refuses(w, as, o, in, 403, "AccessDenied", "User: "+as.ARN()+" is not authorized to perform: "+text)
}

// user makes a user in an account, with an inline policy unless it is empty,
// and gives it as a caller who signs with a key of its own.
func (w *world) user(account, name, document string) caller.Caller {
	w.Helper()
	mustAs(w, root(account), iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name})
	if document != "" {
		mustAs(w, root(account), iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: &name, PolicyName: ptr("inline"), PolicyDocument: &document})
	}
	return w.signsAs(account, name)
}

func (w *world) signsAs(account, name string) caller.Caller {
	w.Helper()
	k := mustAs(w, root(account), iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: &name})
	return w.caller(*k.AccessKey.AccessKeyId, "")
}

// caller is whom a key stands for, as the edge finds out.
func (w *world) caller(keyID, token string) caller.Caller {
	w.Helper()
	c, state := w.bus.Credential(keyID, token)
	if state != op.CredentialActive {
		w.Fatalf("key %s is in state %d", keyID, state)
	}
	return c.Caller
}

// role makes a role that trusts a principal element, and gives its ARN.
func (w *world) role(account, name, principal string) string {
	w.Helper()
	out := mustAs(w, root(account), iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: &name, AssumeRolePolicyDocument: ptr(trusts(principal))})
	return *out.Role.Arn
}

func trusts(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}]}`
}

func allows(action, resource string) string { return statement("Allow", action, resource, "") }

func statement(effect, action, resource, condition string) string {
	s := `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"`
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + `}]}`
}

// managed makes a managed policy and gives its ARN.
func (w *world) managed(name, document string) string {
	w.Helper()
	return *must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: &name, PolicyDocument: &document}).Policy.Arn
}

// assume makes a session of a role.
func (w *world) assume(as caller.Caller, role string) (caller.Caller, error) {
	out, err := call(w, as, stsapi.AssumeRole, &stsapi.AssumeRoleRequest{RoleArn: &role, RoleSessionName: ptr("session")})
	if err != nil {
		return caller.Caller{}, err
	}
	return w.caller(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken), nil
}

// document decodes a policy as IAM prints it.
func document(t testing.TB, printed *string) string {
	t.Helper()
	text, err := url.PathUnescape(*printed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v\nwant %+v", what, got, want)
	}
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range iamapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
	if got, want := len(w.iam.Rows()), len(iamapi.Service.Operations); got != want {
		t.Errorf("%d rows for %d operations", got, want)
	}
}

func fieldOf(in any, name string) reflect.Value { return reflect.ValueOf(in).Elem().FieldByName(name) }

func valueOf(v any) reflect.Value { return reflect.ValueOf(v) }
