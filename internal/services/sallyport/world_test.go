package sallyport

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
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
	here     = "111111111111"
	there    = "222222222222"
	region   = "us-east-1"
	function = "arn:aws:lambda:us-east-1:111111111111:function:f"
	lambda   = "lambda:InvokeFunction"
)

// world is this API behind a real gate, beside a service whose one operation
// asks whatever question a test wants.
type world struct {
	testing.TB
	own    *Service
	asked  *asked
	bus    *op.Bus
	clock  *clock.Manual
	store  *store.Store
	trail  *trail.Trail
	people people
	resets int
	stop   func()
}

// people are the identity policies of users, by ARN.
type people map[string]string

// asked plays Lambda: an operation per question.
type asked struct {
	resource *policy.Attached
	arn      string
}

type question struct{}

var askedAPI = api.Describe(&api.Service{ID: "lambda", Name: "Lambda", Protocol: api.RESTJSON, Operations: []*api.Operation{
	api.Describes[question, question]("Invoke", "POST", "/", 200, ""),
	api.Describes[question, question]("Free", "POST", "/", 200, ""),
}})

func (a *asked) API() *api.Service { return askedAPI }
func (a *asked) Rows() []op.Row {
	done := func(context.Context, *op.Call, *question) (*question, error) { return &question{}, nil }
	return []op.Row{
		op.Bind(api.Typed[question, question](askedAPI, "Free"), done, op.Nothing("everybody may")),
		op.Bind(api.Typed[question, question](askedAPI, "Invoke"), done, op.On(lambda, func(context.Context, *op.Call) ([]op.Resource, error) {
			if a.arn == "" {
				return nil, nil
			}
			return []op.Resource{{ARN: a.arn}}, nil
		})),
	}
}
func (a *asked) Resource(_, arn string) op.Facts      { return op.Facts{Policy: a.resource} }
func (a *asked) Start(context.Context, *op.Bus) error { return nil }
func (a *asked) Close() error                         { return nil }

func newWorld(t testing.TB) *world { return openWorld(t, "", people{}) }

// reopen ends the server and starts another one on the same data directory.
func (w *world) reopen() *world {
	w.Helper()
	w.stop()
	return openWorld(w.TB, w.store.Dir(), w.people)
}

func openWorld(t testing.TB, dir string, p people) *world {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, store: st, clock: clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)), people: p, asked: &asked{arn: function}}
	bugs := &bug.Reporter{Panic: true}
	if w.trail, err = trail.Open(ctx, st, nil); err != nil {
		t.Fatal(err)
	}
	w.own, err = New(ctx, Deps{
		Clock: w.clock, Bug: bugs, Trail: w.trail, Directory: p, DataDir: dir,
		Accounts: func() []string { return []string{here, there} }, Functions: func(account string) any { return map[string]string{"mode": "sandbox", "of": account} },
		Reset: func(context.Context) error { w.resets++; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	services := []op.Service{w.asked, w.own}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(p, services, w.trail, bugs), Services: services, Clock: w.clock, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := errors.Join(w.own.Close(), w.trail.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(w.stop)
	return w
}

// user may do what the statements say.
func (w *world) user(account, name string, statements ...string) caller.Caller {
	arn := "arn:aws:iam::" + account + ":user/" + name
	w.people[arn] = `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	return caller.ForUser(caller.User{Account: account, ARN: arn, Name: name, ID: uniqueID(name)}, caller.Key{})
}

// uniqueID has the form of IAM's: 21 characters.
func uniqueID(name string) string {
	return ("AIDA" + strings.ToUpper(name) + "000000000000000000000")[:21]
}

func may(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

var root = caller.Root(here, caller.Key{})

func (p people) Grants(c caller.Caller) (op.Grants, bool) {
	if c.IsRoot() {
		return op.Grants{}, true
	}
	text, ok := p[c.ARN()]
	if !ok {
		return op.Grants{}, false
	}
	loaded, err := policy.Load([]byte(text))
	if err != nil {
		panic(err)
	}
	u, _ := c.User()
	return op.Grants{Identity: []policy.Attached{{Policy: loaded, Name: "mine", Source: "user " + u.Name}}}, true
}
func (people) ManagedPolicy(string, string) (policy.Attached, bool) { return policy.Attached{}, false }
func (people) Role(string) (op.Role, bool)                          { return op.Role{}, false }
func (p people) PrincipalID(arn string) (string, bool) {
	_, ok := p[arn]
	return uniqueID(arn[strings.LastIndexByte(arn, '/')+1:]), ok
}
func (p people) PrincipalARN(id string) (string, bool) {
	for arn := range p {
		if own, _ := p.PrincipalID(arn); own == id {
			return arn, true
		}
	}
	return "", false
}
func (people) HasAccount(string) bool { return true }
func (p people) PrincipalARNs(account string) []string {
	arns := []string{"arn:aws:iam::" + account + ":root"}
	for arn := range p {
		if strings.Contains(arn, account) {
			arns = append(arns, arn)
		}
	}
	slices.Sort(arns)
	return arns
}

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

// ask puts the world's question as who, under a request id.
func (w *world) ask(as caller.Caller, requestID string) error {
	w.Helper()
	_, err := op.Do(context.Background(), w.bus, op.As{Caller: as, Region: region, RequestID: requestID}, api.Typed[question, question](askedAPI, "Invoke"), &question{})
	return err
}

// grant sets the function's policy.
func (w *world) grant(principal string) {
	w.Helper()
	loaded, err := policy.Load([]byte(`{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":` + principal + `,"Action":"` + lambda + `","Resource":"` + function + `"}]}`))
	if err != nil {
		w.Fatal(err)
	}
	w.asked.resource = &policy.Attached{Policy: loaded, Name: "function policy", Source: "function f"}
}

func refused(t testing.TB, err error, code, part string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %s, got %v", code, err)
	}
	if e.Code != code || e.Status != 400 || !strings.Contains(e.Message, part) {
		t.Errorf("got %d %s %q\nwant 400 %s with %q", e.Status, e.Code, e.Message, code, part)
	}
}

// explained is the only decision of a request.
func (w *world) explained(requestID string) *sallyportapi.ExplainedDecision {
	w.Helper()
	out := must(w, sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: &requestID})
	if len(out.Decisions) != 1 {
		w.Fatalf("%s has %d decisions", requestID, len(out.Decisions))
	}
	return &out.Decisions[0]
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range sallyportapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
}
