package gate

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const (
	here     = "111111111111"
	there    = "222222222222"
	invoke   = "lambda:InvokeFunction"
	function = "arn:aws:lambda:us-east-1:" + here + ":function:f"
	distant  = "arn:aws:lambda:us-east-1:" + there + ":function:f"
)

var now = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// world is a gate before one Lambda-like service; the test plays IAM and the service.
type world struct {
	testing.TB
	gate  *Gate
	trail *trail.Trail
	iam   *directory
	owner *owner
	bugs  *bug.Reporter
}

func newWorld(t testing.TB) *world {
	t.Helper()
	st, err := store.Open(context.Background(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Open(context.Background(), st, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(tr.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	w := &world{TB: t, trail: tr, iam: &directory{grants: map[string]op.Grants{}, managed: map[string]policy.Attached{}}, owner: &owner{facts: map[string]op.Facts{}}}
	w.bugs = &bug.Reporter{Log: slog.New(slog.DiscardHandler)}
	w.gate = New(w.iam, []op.Service{w.owner}, tr, w.bugs)
	return w
}

// directory plays IAM: grants by ARN; root users exist in two accounts.
type directory struct {
	mu      sync.RWMutex
	grants  map[string]op.Grants
	managed map[string]policy.Attached
	broken  bool
}

func (d *directory) Grants(c caller.Caller) (op.Grants, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.broken {
		panic("the directory is broken")
	}
	key := c.PrincipalARN()
	if f, ok := c.Federated(); ok {
		key = f.By.ARN
	}
	if key == "arn:aws:iam::"+here+":root" || key == "arn:aws:iam::"+there+":root" {
		return op.Grants{}, true
	}
	g, ok := d.grants[key]
	return g, ok
}

func (d *directory) set(arn string, g op.Grants) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grants[arn] = g
}

func (d *directory) ManagedPolicy(_, arn string) (policy.Attached, bool) {
	a, ok := d.managed[arn]
	return a, ok
}
func (*directory) Role(string) (op.Role, bool)        { return op.Role{}, false }
func (*directory) PrincipalID(string) (string, bool)  { return "", false }
func (*directory) PrincipalARN(string) (string, bool) { return "", false }
func (*directory) HasAccount(string) bool             { return true }

// owner plays the service that owns functions.
type owner struct {
	mu     sync.Mutex
	facts  map[string]op.Facts
	asked  []string
	broken bool
}

var lambdaLike = &api.Service{ID: "lambda", Protocol: api.RESTJSON}

func (*owner) API() *api.Service { return lambdaLike }
func (*owner) Rows() []op.Row    { return nil }
func (o *owner) Resource(action, arn string) op.Facts {
	if o.broken {
		panic("the owner is broken")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, action+" "+arn)
	return o.facts[arn]
}
func (*owner) Start(context.Context, *op.Bus) error { return nil }
func (*owner) Close() error                         { return nil }

// An attached policy of one statement; empty elements are left out.
func attached(t testing.TB, statement string) policy.Attached {
	t.Helper()
	p, err := policy.Load([]byte(`{"Version":"2012-10-17","Statement":[` + statement + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return policy.Attached{Policy: p, Name: "p", Source: "test"}
}

func statement(effect, action, resource, more string) string {
	return `{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"` + more + `}`
}

func allow(action, resource string) string { return statement("Allow", action, resource, "") }

// user is an IAM user with these statements.
func (w *world) user(account, name string, statements ...string) caller.Caller {
	w.Helper()
	arn := "arn:aws:iam::" + account + ":user/" + name
	var g op.Grants
	for _, s := range statements {
		g.Identity = append(g.Identity, attached(w, s))
	}
	w.iam.set(arn, g)
	return caller.ForUser(caller.User{Account: account, ARN: arn, Name: name, ID: "AIDA" + strings.ToUpper(name)}, caller.Key{AccessKeyID: "AKIA" + name})
}

// session is a session of a role with these statements.
func (w *world) session(account, role string, with func(*caller.RoleSession), statements ...string) caller.Caller {
	w.Helper()
	arn := "arn:aws:iam::" + account + ":role/path/" + role
	var g op.Grants
	for _, s := range statements {
		g.Identity = append(g.Identity, attached(w, s))
	}
	w.iam.set(arn, g)
	s := caller.RoleSession{Account: account, RoleARN: arn, RoleName: role, RoleID: "AROA" + strings.ToUpper(role), Name: "my-session"}
	if with != nil {
		with(&s)
	}
	return caller.ForRoleSession(s, caller.Key{AccessKeyID: "ASIA" + role, IssuedAt: now.Add(-time.Minute)})
}

// permit gives a function a resource-based policy of these statements.
func (w *world) permit(arn string, statements ...string) {
	a := attached(w, strings.Join(statements, ","))
	f := w.owner.facts[arn]
	f.Policy = &a
	w.owner.facts[arn] = f
}

func permits(element, action string) string {
	return `{"Effect":"Allow","Principal":` + element + `,"Action":"` + action + `","Resource":"*"}`
}

var invokeOperation = &api.Operation{Service: lambdaLike, Name: "Invoke", Input: reflect.TypeFor[api.Empty]()}

// question is an invoke of the function in account here.
func question(c caller.Caller) *op.Question {
	return &op.Question{
		Call: &op.Call{
			Caller: c, Operation: invokeOperation, Account: c.Account(), Region: "us-east-1", RequestID: "request", Time: now,
			Origin: op.Origin{SourceIP: "10.1.2.3", UserAgent: "test/1"},
		},
		Action: invoke, Resource: op.Resource{ARN: function},
	}
}

// last is the newest record.
func (w *world) last() *trail.Record {
	w.Helper()
	r, err := w.trail.Newest(context.Background(), 0, trail.Filter{}, 1)
	if err != nil || len(r) != 1 {
		w.Fatalf("no record: %v", err)
	}
	return r[0]
}

// admit asks, and checks that exactly one record says what was answered.
func (w *world) admit(q *op.Question) error {
	w.Helper()
	before := w.trail.Last()
	err := w.gate.Admit(context.Background(), q)
	if n := w.trail.Last() - before; n != 1 {
		w.Errorf("%d records of one question", n)
		return err
	}
	if r := w.last(); r.Allowed != (err == nil) || r.Action != q.Action || r.Resource != q.Resource.ARN || r.RequestID != q.Call.RequestID {
		w.Errorf("answered %v, recorded %+v", err, r)
	}
	return err
}

// keys are the condition keys of the newest question.
func (w *world) keys(q *op.Question) map[string][]string {
	w.Helper()
	_ = w.admit(q)
	return w.last().Context
}
