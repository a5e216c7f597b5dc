package logs

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
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
	here   = "111111111111"
	there  = "222222222222"
	region = "us-east-1"
)

// world is CloudWatch Logs behind a real gate.
type world struct {
	testing.TB
	logs   *Service
	bus    *op.Bus
	clock  *clock.Manual
	store  *store.Store
	people people
}

// people are the identity policies of users, by ARN.
type people map[string]string

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, store: st, clock: clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)), people: people{}}
	bugs := &bug.Reporter{Panic: true}
	if w.logs, err = New(ctx, Deps{Store: st, Clock: w.clock, Bug: bugs}); err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	services := []op.Service{w.logs}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.people, services, tr, bugs), Services: services, Clock: w.clock, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.logs.Close(), tr.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// user is a user who may do action on resource, and nothing else.
func (w *world) user(name, action, resource string) caller.Caller {
	return w.conditional(name, action, resource, "")
}

func (w *world) conditional(name, action, resource, condition string) caller.Caller {
	arn := "arn:aws:iam::" + here + ":user/" + name
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	w.people[arn] = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":` + action + `,"Resource":"` + resource + `"` + condition + `}}`
	return caller.ForUser(caller.User{Account: here, ARN: arn, Name: name, ID: "AIDA" + name}, caller.Key{})
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
	return op.Grants{Identity: []policy.Attached{{Policy: loaded, Name: "test"}}}, true
}
func (people) ManagedPolicy(string, string) (policy.Attached, bool) { return policy.Attached{}, false }
func (people) Role(string) (op.Role, bool)                          { return op.Role{}, false }
func (people) PrincipalID(string) (string, bool)                    { return "", false }
func (people) PrincipalARN(string) (string, bool)                   { return "", false }
func (people) HasAccount(string) bool                               { return true }

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

func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %s, got %v", code, err)
	}
	if e.Code != code || e.Status != 400 || e.Message != text {
		t.Errorf("got %d %s %q\nwant 400 %s %q", e.Status, e.Code, e.Message, code, text)
	}
}

func (w *world) makeGroup(name string) {
	w.Helper()
	must(w, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: &name})
}

func (w *world) makeStream(group, name string) {
	w.Helper()
	must(w, logsapi.CreateLogStream, &logsapi.CreateLogStreamRequest{LogGroupName: &group, LogStreamName: &name})
}

// input is one event, ms milliseconds from the world's present.
func (w *world) input(ms int64, format string, args ...any) logsapi.InputLogEvent {
	return logsapi.InputLogEvent{Timestamp: ptr(w.clock.Now().UnixMilli() + ms), Message: ptr(fmt.Sprintf(format, args...))}
}

func (w *world) put(group, stream string, events ...logsapi.InputLogEvent) *logsapi.PutLogEventsResponse {
	w.Helper()
	return must(w, logsapi.PutLogEvents, &logsapi.PutLogEventsRequest{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
}

func (w *world) filter(in *logsapi.FilterLogEventsRequest) []string {
	w.Helper()
	var all []string
	for {
		out := must(w, logsapi.FilterLogEvents, in)
		for _, e := range out.Events {
			all = append(all, *e.Message)
		}
		if out.NextToken == nil {
			return all
		}
		in.NextToken = out.NextToken
	}
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range logsapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
}
