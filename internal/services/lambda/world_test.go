package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/ec2"
	"github.com/sallyport/sallyport/internal/services/logs"
	"github.com/sallyport/sallyport/internal/services/s3"
	"github.com/sallyport/sallyport/internal/services/sns"
	"github.com/sallyport/sallyport/internal/services/sqs"
	"github.com/sallyport/sallyport/internal/services/sts"
	"github.com/sallyport/sallyport/internal/services/xray"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const (
	here   = "111111111111"
	there  = "222222222222"
	region = "us-east-1"
)

// world is Lambda with real STS, Logs, SQS, SNS, S3, gate and executor; IAM is
// played by people.
type world struct {
	testing.TB
	lambda *Service
	bus    *op.Bus
	clock  *clock.Manual
	store  *store.Store
	trail  *trail.Trail
	iam    *people
	// gates hold functions up that ask for it.
	gates gates
	// stop ends the server, as Close does.
	stop func()
}

// people plays IAM: it owns roles and knows users.
type people struct {
	changes op.Signal

	mu     sync.Mutex
	users  map[string]string // ARN to id
	roles  map[string]*testRole
	grants map[string]string // identity policies by ARN
	keys   map[string]caller.Caller
}

type testRole struct {
	op.Role
	trust string
}

func newWorld(t testing.TB) *world { return openWorld(t, "", clock.NewManual(time.Now()), newPeople()) }

func newPeople() *people {
	return &people{users: map[string]string{}, roles: map[string]*testRole{}, grants: map[string]string{}, keys: map[string]caller.Caller{}}
}

// reopen ends the server and starts another one on the same data directory.
func (w *world) reopen() *world {
	w.Helper()
	w.stop()
	return openWorld(w.TB, w.store.Dir(), w.clock, w.iam)
}

// openWorld starts a server; an empty dir keeps its state in memory.
func openWorld(t testing.TB, dir string, now *clock.Manual, iam *people) *world {
	t.Helper()
	return openWorldAt(t, dir, now, now, iam)
}

// openWorldAt is a world of any clock, which manual is, or nil.
func openWorldAt(t testing.TB, dir string, now clock.Clock, manual *clock.Manual, iam *people) *world {
	t.Helper()
	st, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	w := &world{TB: t, store: st, clock: manual, iam: iam}
	bugs := &bug.Reporter{Panic: true}
	x, err := executor.New(executor.Config{Dir: t.TempDir(), Clock: clock.System{}, Bug: bugs, EndpointPort: 4566, Endpoint: w.gates.serve})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := sts.New(ctx, sts.Deps{Store: st, Clock: now, Bug: bugs, Directory: iam})
	if err != nil {
		t.Fatal(err)
	}
	logging, err := logs.New(ctx, logs.Deps{Store: st, Clock: now, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	queues, err := sqs.New(ctx, sqs.Deps{Store: st, Clock: now, Bug: bugs, Directory: iam})
	if err != nil {
		t.Fatal(err)
	}
	topics, err := sns.New(ctx, sns.Deps{Store: st, Clock: now, Bug: bugs, Directory: iam})
	if err != nil {
		t.Fatal(err)
	}
	buckets, err := s3.New(ctx, s3.Deps{Store: st, Clock: now, Bug: bugs, Directory: iam, WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	networks, err := ec2.New(ctx, ec2.Deps{Store: st, Clock: now, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	w.lambda, err = New(ctx, Deps{Networks: networks, Store: st, Clock: now, Bug: bugs, Directory: iam, Changes: iam, Executor: x, WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w.lambda.logs.pace = 0 // the clock stands still
	tr, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.trail = tr
	services := []op.Service{&owner{iam}, tokens, networks, logging, queues, topics, buckets, xray.New(xray.Deps{Clock: now}), w.lambda, w.lambda.URLs()}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(iam, services, tr, bugs), Services: services, Clock: now, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		if err := s.Start(ctx, w.bus); err != nil {
			t.Fatal(err)
		}
	}
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := errors.Join(w.lambda.Close(), buckets.Close(), topics.Close(), queues.Close(), x.Close(), tr.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(w.stop)
	return w
}

// owner answers for roles in IAM's place.
type owner struct{ p *people }

func (o *owner) API() *api.Service                    { return &api.Service{ID: "iam"} }
func (o *owner) Rows() []op.Row                       { return nil }
func (o *owner) Start(context.Context, *op.Bus) error { return nil }
func (o *owner) Close() error                         { return nil }
func (o *owner) Resource(action, arn string) op.Facts {
	if !strings.HasPrefix(action, "sts:") {
		return op.Facts{}
	}
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	r := o.p.roles[arn]
	if r == nil {
		return op.Facts{MustAllow: true}
	}
	return op.Facts{MustAllow: true, Policy: &policy.Attached{Policy: load(r.trust), Name: "trust policy", Source: "role " + r.Name}}
}

func load(text string) *policy.Policy {
	p, err := policy.Load([]byte(text))
	if err != nil {
		panic(err)
	}
	return p
}

func (p *people) Grants(c caller.Caller) (op.Grants, bool) {
	if c.IsRoot() {
		return op.Grants{}, true
	}
	p.mu.Lock()
	text, ok := p.grants[c.PrincipalARN()]
	if session, is := c.RoleSession(); is {
		r := p.roles[c.PrincipalARN()]
		ok = ok && r != nil && session.RoleID == r.ID // not a session of a former role
	}
	p.mu.Unlock()
	if !ok {
		return op.Grants{}, false
	}
	if text == "" {
		return op.Grants{}, true
	}
	return op.Grants{Identity: []policy.Attached{{Policy: load(text), Name: "test"}}}, true
}

func (p *people) ManagedPolicy(string, string) (policy.Attached, bool) {
	return policy.Attached{}, false
}

func (p *people) Role(arn string) (op.Role, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.roles[arn]; r != nil {
		return r.Role, true
	}
	return op.Role{}, false
}

func (p *people) PrincipalID(arn string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.roles[arn]; r != nil {
		return r.ID, true
	}
	id, ok := p.users[arn]
	return id, ok
}

func (p *people) PrincipalARN(id string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for arn, r := range p.roles {
		if r.ID == id {
			return arn, true
		}
	}
	for arn, known := range p.users {
		if known == id {
			return arn, true
		}
	}
	return "", false
}
func (p *people) HasAccount(account string) bool { return account == here || account == there }

func (p *people) Changed() <-chan struct{} { return p.changes.Next() }

// change changes what there is; functions look at it at the same time.
func (p *people) change(f func()) {
	p.mu.Lock()
	f()
	p.mu.Unlock()
	p.changes.Fire()
}

// grant replaces what a principal may do.
func (p *people) grant(arn string, statements ...string) {
	p.change(func() {
		p.grants[arn] = ""
		if len(statements) > 0 {
			p.grants[arn] = allow(statements...)
		}
	})
}

// allow is an identity policy.
func allow(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func may(action, resource string) string { return statementOf("Allow", action, resource, "") }

func statementOf(effect, action, resource, condition string) string {
	s := `{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"`
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + "}"
}

const trustLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// uniqueID has the form of IAM's: 21 characters.
func uniqueID(prefix, name string) string {
	return (prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "")) + "000000000000000000000")[:21]
}

func (w *world) user(account, name string, statements ...string) caller.Caller {
	arn := "arn:aws:iam::" + account + ":user/" + name
	unique := uniqueID("AIDA", name)
	w.iam.change(func() { w.iam.users[arn] = unique })
	w.iam.grant(arn, statements...)
	return caller.ForUser(caller.User{Account: account, ARN: arn, Name: name, ID: unique}, caller.Key{})
}

// role makes a role and gives its ARN.
func (w *world) role(name, trust string, statements ...string) string {
	arn := "arn:aws:iam::" + here + ":role/" + name
	w.iam.change(func() {
		w.iam.roles[arn] = &testRole{op.Role{Account: here, ARN: arn, Name: name, ID: uniqueID("AROA", name), MaxSession: 3600}, trust}
	})
	w.iam.grant(arn, statements...)
	return arn
}

var root = caller.Root(here, caller.Key{})

func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: region}, o, in)
}

// must is call as root, of something that succeeds.
func must[In, Out any](w *world, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	out, err := call(w, root, o, in)
	if err != nil {
		w.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

func refused(t testing.TB, err error, status int, code, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %d %s, got %v", status, code, err)
	}
	if e.Code != code || e.Status != status || e.Message != text {
		t.Errorf("got %d %s %q\nwant %d %s %q", e.Status, e.Code, e.Message, status, code, text)
	}
}

// refusedLike is refused of a text that must hold a part.
func refusedLike(t testing.TB, err error, status int, code, part string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %d %s, got %v", status, code, err)
	}
	if e.Code != code || e.Status != status || !strings.Contains(e.Message, part) {
		t.Errorf("got %d %s %q\nwant %d %s with %q", e.Status, e.Code, e.Message, status, code, part)
	}
}

// zipOf makes a zip of one Python file, main.py.
func zipOf(t testing.TB, source string) []byte {
	t.Helper()
	return zipOfFiles(t, "main.py="+source)
}

// zipOfFiles makes a zip of files: "path=text".
func zipOfFiles(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range files {
		name, text, _ := strings.Cut(file, "=")
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const echo = "def handler(event, context):\n    return event\n"

func newRequest(t testing.TB, name, role, source string) *lambdaapi.CreateFunctionRequest {
	return &lambdaapi.CreateFunctionRequest{
		FunctionName: &name, Role: &role, Runtime: ptr("python3.11"), Handler: ptr("main.handler"), Timeout: ptr(int32(10)),
		Code: &lambdaapi.FunctionCode{ZipFile: zipOf(t, source)},
	}
}

// function makes a function with its own role and waits until it is active.
func (w *world) function(name, source string) {
	w.Helper()
	role := w.role(name+"-role", trustLambda)
	must(w, lambdaapi.CreateFunction, newRequest(w, name, role, source))
	w.settled(name)
}

// settled waits until a function is active and not being updated.
func (w *world) settled(name string) {
	w.Helper()
	w.eventually("the function is settled", func() bool {
		c := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: &name})
		return c.GetState() == active && c.GetLastUpdateStatus() == successful
	})
}

// eventually waits for something that happens beside the test.
func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	for range 2000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.Fatalf("it never came true that %s", what)
}

func (w *world) invoke(as caller.Caller, name, payload string) (*lambdaapi.InvocationResponse, error) {
	w.Helper()
	return call(w, as, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: &name, Payload: []byte(payload)})
}

// lines are all log messages of a group; nil if the group is not there.
func (w *world) lines(group string) []string {
	w.Helper()
	out, err := call(w, root, logsapi.FilterLogEvents, &logsapi.FilterLogEventsRequest{LogGroupName: &group})
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range out.Events {
		all = append(all, *e.Message)
	}
	return all
}

func arnOf(account, name string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":function:" + name
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range lambdaapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
}
