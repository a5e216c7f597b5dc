package sts

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const (
	here  = "111111111111"
	there = "222222222222"
)

// world is an STS behind a real gate, with principals the test makes up.
type world struct {
	testing.TB
	sts   *Service
	bus   *op.Bus
	clock *clock.Manual
	store *store.Store
	iam   *people
}

// people plays IAM: it owns roles and knows users.
type people struct {
	users map[string]string // ARN to id
	roles map[string]*testRole
	// grants are identity policies by the ARN of the user or role.
	grants  map[string]string
	managed map[string]string
	tags    map[string]map[string]string
}

type testRole struct {
	op.Role
	trust string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, store: st, clock: clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)),
		iam: &people{users: map[string]string{}, roles: map[string]*testRole{}, grants: map[string]string{}, managed: map[string]string{}, tags: map[string]map[string]string{}}}
	bugs := &bug.Reporter{Panic: true}
	w.sts, err = New(ctx, Deps{Store: st, Clock: w.clock, Bug: bugs, Directory: w.iam})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	services := []op.Service{w.sts, &owner{w.iam}}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.iam, services, tr, bugs), Services: services, Clock: w.clock, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(tr.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// user makes a user with an identity policy and gives it as a caller.
func (w *world) user(account, name, identity string) caller.Caller {
	arn := "arn:aws:iam::" + account + ":user/" + name
	w.iam.users[arn] = "AIDA" + strings.ToUpper(name)
	w.iam.grants[arn] = identity
	return caller.ForUser(caller.User{Account: account, ARN: arn, Name: name, ID: w.iam.users[arn]}, caller.Key{AccessKeyID: "AKIA" + name})
}

// role makes a role whose trust policy has the given principal element and actions.
func (w *world) role(account, name, trust string) string {
	arn := "arn:aws:iam::" + account + ":role/" + name
	w.iam.roles[arn] = &testRole{op.Role{Account: account, ARN: arn, Name: name, ID: "AROA" + strings.ToUpper(name), MaxSession: 3600}, trust}
	return arn
}

func statement(effect, principal, action, resource, condition string) string {
	s := `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":` + action
	if principal != "" {
		s += `,"Principal":` + principal
	}
	if resource != "" {
		s += `,"Resource":"` + resource + `"`
	}
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + `}]}`
}

// trusts is a trust policy for one AWS principal and every action of a session.
func trusts(principal string) string {
	return statement("Allow", `{"AWS":"`+principal+`"}`, `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`, "", "")
}

func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: "us-east-1"}, o, in)
}

func (w *world) assume(as caller.Caller, in *stsapi.AssumeRoleRequest) (*stsapi.AssumeRoleResponse, error) {
	w.Helper()
	return call(w, as, stsapi.AssumeRole, in)
}

func request(role string) *stsapi.AssumeRoleRequest {
	return &stsapi.AssumeRoleRequest{RoleArn: &role, RoleSessionName: ptr("my-session")}
}

// session opens issued credentials the way the edge does.
func (w *world) session(c *stsapi.Credentials, err error) caller.Caller {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	found, state := w.bus.Credential(*c.AccessKeyId, *c.SessionToken)
	if state != op.CredentialActive {
		w.Fatalf("credentials just issued are in state %d", state)
	}
	if found.Secret != *c.SecretAccessKey {
		w.Error("the token holds another secret than the caller was given")
	}
	return found.Caller
}

// assumed is the caller that came of an AssumeRole that must succeed.
func (w *world) assumed(as caller.Caller, in *stsapi.AssumeRoleRequest) caller.Caller {
	w.Helper()
	out, err := w.assume(as, in)
	if err != nil {
		w.Fatal(err)
	}
	return w.session(out.Credentials, nil)
}

// refused checks an error's code, status and text.
func refused(t *testing.T, err error, status int, code, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %s, got %v", code, err)
	}
	if e.Code != code || e.Status != status || e.Message != text {
		t.Errorf("got %d %s %q\nwant %d %s %q", e.Status, e.Code, e.Message, status, code, text)
	}
}

func (p *people) key(c caller.Caller) string {
	if s, ok := c.RoleSession(); ok {
		return s.RoleARN
	}
	if f, ok := c.Federated(); ok {
		return f.By.ARN
	}
	return c.ARN()
}

func (p *people) Grants(c caller.Caller) (op.Grants, bool) {
	key := p.key(c)
	g := op.Grants{Tags: p.tags[key]}
	if text := p.grants[key]; text != "" {
		g.Identity = []policy.Attached{{Policy: load(text), Name: "test"}}
	}
	_, user := p.users[key]
	_, role := p.roles[key]
	return g, user || role || strings.HasSuffix(key, ":root")
}

func load(text string) *policy.Policy {
	compiled, err := policy.Load([]byte(text))
	if err != nil {
		panic(err)
	}
	return compiled
}

func (p *people) ManagedPolicy(_, arn string) (policy.Attached, bool) {
	text, ok := p.managed[arn]
	if !ok {
		return policy.Attached{}, false
	}
	return policy.Attached{Policy: load(text), ARN: arn}, true
}

func (p *people) Role(arn string) (op.Role, bool) {
	if r, ok := p.roles[arn]; ok {
		return r.Role, true
	}
	return op.Role{}, false
}

func (p *people) PrincipalID(arn string) (string, bool) { i, ok := p.users[arn]; return i, ok }

func (p *people) PrincipalARN(id string) (string, bool) {
	for arn, i := range p.users {
		if i == id {
			return arn, true
		}
	}
	return "", false
}

func (p *people) HasAccount(account string) bool { return account == here || account == there }

// owner answers the gate for roles.
type owner struct{ *people }

func (o *owner) API() *api.Service {
	return &api.Service{ID: "iam", Protocol: api.Query, Operations: []*api.Operation{}}
}
func (o *owner) Rows() []op.Row                       { return nil }
func (o *owner) Start(context.Context, *op.Bus) error { return nil }
func (o *owner) Close() error                         { return nil }
func (o *owner) Resource(_, arn string) op.Facts {
	f := op.Facts{MustAllow: true}
	if r, ok := o.roles[arn]; ok {
		f.Policy = &policy.Attached{Policy: load(r.trust), Name: "trust policy", Source: "role " + r.Name}
	}
	return f
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range stsapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
		if o.Input == nil || o.Input.Kind() != reflect.Struct {
			t.Errorf("%s has no input struct", o.Name)
		}
	}
}
