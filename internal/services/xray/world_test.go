package xray

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const here, there = "111111111111", "222222222222"

// world is X-Ray behind a real gate.
type world struct {
	testing.TB
	bus    *op.Bus
	clock  *clock.Manual
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
	tr, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, clock: clock.NewManual(time.Unix(0x6560_0000, 0)), people: people{}}
	bugs := &bug.Reporter{Panic: true}
	services := []op.Service{New(Deps{Clock: w.clock})}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.people, services, tr, bugs), Services: services, Clock: w.clock, Bug: bugs})
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

// user is a user with these actions on a resource, and nothing else.
func (w *world) user(name, action, resource string) caller.Caller {
	arn := "arn:aws:iam::" + here + ":user/" + name
	w.people[arn] = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}}`
	return caller.ForUser(caller.User{Account: here, ARN: arn, Name: name, ID: "AIDA" + name}, caller.Key{})
}

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
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: "us-east-1"}, o, in)
}

// must is call as the root of here, of something that succeeds.
func must[In, Out any](w *world, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	out, err := call(w, caller.Root(here, caller.Key{}), o, in)
	if err != nil {
		w.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

func (w *world) put(documents ...string) []xrayapi.UnprocessedTraceSegment {
	w.Helper()
	return must(w, xrayapi.PutTraceSegments, &xrayapi.PutTraceSegmentsRequest{TraceSegmentDocuments: documents}).UnprocessedTraceSegments
}

func (w *world) get(ids ...string) []xrayapi.Trace {
	w.Helper()
	return must(w, xrayapi.BatchGetTraces, &xrayapi.BatchGetTracesRequest{TraceIds: ids}).Traces
}
