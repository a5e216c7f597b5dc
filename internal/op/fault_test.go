package op

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/policy"
)

// quiet is a bus whose bugs are counted and not printed.
func quiet(t *testing.T, g Gate, s *service) (*Bus, *bug.Reporter) {
	t.Helper()
	bugs := &bug.Reporter{Log: slog.New(slog.DiscardHandler)}
	b, err := NewBus(Config{Gate: g, Services: []Service{s}, Clock: clock.System{}, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	return b, bugs
}

func isFault(err error) bool {
	var known *api.Error
	return errors.As(err, &known) && known.Code == "InternalFailure" && known.Status == 500
}

// TestPanicEndsOneCallOnly: a handler that panics in the background must not
// take the server down, and whatever panics before it denies.
func TestPanicEndsOneCallOnly(t *testing.T) {
	var ran bool
	broken := func(context.Context, *Call) ([]Resource, error) { panic("broken") }
	for name, row := range map[string]func(api.Op[input, output]) Row{
		"in a finder": func(o api.Op[input, output]) Row { return Bind(o, handler(&ran), On("t:A", broken)) },
		"in the finder of a question asked in the middle": func(o api.Op[input, output]) Row {
			return Bind(o, func(ctx context.Context, c *Call, _ *input) (*output, error) {
				ran = c.Allowed(ctx, On("t:A", broken))
				return nil, nil
			}, Nothing("x"))
		},
		"in the handler": func(o api.Op[input, output]) Row {
			return Bind(o, func(context.Context, *Call, *input) (*output, error) { panic("broken") }, Nothing("x"))
		},
	} {
		o := operation("Do")
		b, bugs := quiet(t, &gate{allow: map[string]bool{"t:A": true}}, &service{rows: []Row{row(o)}})
		_, err := Do(context.Background(), b, As{}, o, &input{})
		if !isFault(err) || ran || bugs.Count() != 1 {
			t.Errorf("%s: ran %v, %d bugs, error %v", name, ran, bugs.Count(), err)
		}
	}
}

func TestPanicWhileRefusingDenies(t *testing.T) {
	var ran bool
	o := operation("Do")
	s := &service{rows: []Row{Bind(o, handler(&ran), Nothing("x"))}}
	b, bugs := quiet(t, &gate{}, s)
	b.services[0] = refusesBadly{fixedAPI{s, o.Service}}
	if _, err := Do(context.Background(), b, As{}, o, &input{}); !isFault(err) || ran || bugs.Count() != 1 {
		t.Errorf("ran %v, %d bugs, error %v", ran, bugs.Count(), err)
	}
}

type refusesBadly struct{ fixedAPI }

func (refusesBadly) Refuse(*Call) error { panic("broken") }

// TestServedAgainACallBringsNothingAlong: what was found out for one caller
// does not answer for another.
func TestServedAgainACallBringsNothingAlong(t *testing.T) {
	o := operation("Do")
	var base *policy.Context
	find := func(_ context.Context, c *Call) ([]Resource, error) {
		if _, old := c.Recall("key"); old {
			t.Error("the finder of the second call recalls what the first one's resolved")
		}
		c.Remember("key", 1)
		now := c.BaseContext(func() *policy.Context { return &policy.Context{} })
		if now == base {
			t.Error("the second call has the context of the first")
		}
		base = now
		return []Resource{{ARN: "r"}}, nil
	}
	var ran bool
	b := bus(t, &gate{allow: map[string]bool{"t:A": true}}, Bind(o, handler(&ran), On("t:A", find)))
	c := &Call{Caller: caller.Anonymous(), Operation: o.Operation, Input: &input{}}
	for range 2 {
		if _, err := b.Serve(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInputOfAnotherTypeRunsNothing: neither finder nor handler.
func TestInputOfAnotherTypeRunsNothing(t *testing.T) {
	o := operation("Do")
	var ran bool
	find := func(context.Context, *Call) ([]Resource, error) { ran = true; return nil, nil }
	b := bus(t, &gate{}, Bind(o, handler(&ran), On("t:A", find), Maybe(On("t:B", find))))
	for _, in := range []any{nil, (*input)(nil), input{}, &output{}, "x"} {
		if _, err := b.Serve(context.Background(), &Call{Operation: o.Operation, Input: in}); err == nil || ran {
			t.Errorf("%T: ran %v, error %v", in, ran, err)
		}
	}
}

// TestCallIsCompletedFromItsCaller: account, time and request id.
func TestCallIsCompletedFromItsCaller(t *testing.T) {
	o := operation("Do")
	var got Call
	row := Bind(o, func(_ context.Context, c *Call, _ *input) (*output, error) { got = *c; return &output{}, nil }, Nothing("x"))
	b := bus(t, &gate{}, row)
	who := caller.Root("111111111111", caller.Key{})
	if _, err := Do(context.Background(), b, As{Caller: who, Region: "eu-west-1", Parent: "p"}, o, &input{}); err != nil {
		t.Fatal(err)
	}
	if got.Account != "111111111111" || got.Region != "eu-west-1" || got.Parent != "p" || len(got.RequestID) != 36 || got.Time != b.clock.Now() || got.Bus() != b || got.Origin != (Origin{Secure: true}) {
		t.Errorf("%+v", got)
	}
	if _, err := Do(context.Background(), b, As{Caller: who, RequestID: "mine"}, o, &input{}); err != nil || got.RequestID != "mine" {
		t.Errorf("request id %q, error %v", got.RequestID, err)
	}
}

// TestAllowedAsksLikeAnyNeed: for its own answer, without ending the call.
func TestAllowedAsksLikeAnyNeed(t *testing.T) {
	o := operation("Do")
	var yes, no, nothing bool
	row := Bind(o, func(ctx context.Context, c *Call, _ *input) (*output, error) {
		yes, no, nothing = c.Allowed(ctx, On("t:A", on("r"))), c.Allowed(ctx, On("t:B", on("r"))), c.Allowed(ctx, On("t:A", on()))
		return &output{}, nil
	}, Nothing("x"))
	g := &gate{allow: map[string]bool{"t:A": true}}
	if _, err := Do(context.Background(), bus(t, g, row), As{}, o, &input{}); err != nil {
		t.Fatal(err)
	}
	if !yes || no || nothing || len(g.asked) != 4 {
		t.Errorf("answers %v %v %v, asked %q", yes, no, nothing, g.asked)
	}
}

// TestProbeStandsInForTheHandler: behind the same needs.
func TestProbeStandsInForTheHandler(t *testing.T) {
	o := operation("Do")
	var ran bool
	var reached []string
	row := Bind(o, handler(&ran), On("t:A", on("r"))).Probe(func(c *Call) { reached = append(reached, c.RequestID) })
	for _, allow := range []bool{false, true} {
		b := bus(t, &gate{allow: map[string]bool{"t:A": allow}}, row)
		_, err := b.Serve(context.Background(), &Call{Operation: o.Operation, Input: &input{}, RequestID: "r"})
		if (err == nil) != allow || ran || (len(reached) == 1) != allow {
			t.Errorf("allowed %v: error %v, handler ran %v, probe reached %q", allow, err, ran, reached)
		}
	}
}

// keeper is a service that keeps one key.
type keeper struct {
	service
	key   string
	state CredentialState
}

func (k *keeper) Credential(accessKeyID, _ string) (Credential, CredentialState) {
	if accessKeyID != k.key {
		return Credential{}, CredentialUnknown
	}
	return Credential{Caller: caller.Root("111111111111", caller.Key{})}, k.state
}

func TestCredentialsOfEveryKeeper(t *testing.T) {
	b, err := NewBus(Config{Gate: &gate{}, Services: []Service{&service{}, &keeper{key: "A", state: CredentialActive}, &keeper{key: "B", state: CredentialExpired}}, Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]CredentialState{"A": CredentialActive, "B": CredentialExpired, "C": CredentialUnknown, "": CredentialUnknown} {
		_, state := b.Credential(key, "")
		who, ok := b.CallerOf(key, "")
		if state != want || ok != (want == CredentialActive) || who.IsRoot() != ok {
			t.Errorf("%q: state %d, caller %v %v", key, state, who.Kind(), ok)
		}
	}
}
