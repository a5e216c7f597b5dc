package servicetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

// World is a set of services, opened but not yet in use, and people in it.
type World struct {
	Directory op.Directory
	Services  []op.Service
	// Root is a root user who may do everything. Stranger exists and has no
	// policies at all.
	Root, Stranger caller.Caller
	Region         string
	// Members are values for the members of inputs, by service id and name of
	// the member; what is missing is made up (Fill).
	Members map[string]map[string]string
	// Unreached are operations that refuse even Root, before the gate allows
	// the call, with an input made up here; each with the reason.
	Unreached map[string]string
}

// road is a World with every handler replaced.
type road struct {
	testing.TB
	World
	bus     *op.Bus
	trail   *trail.Trail
	bugs    *bug.Reporter
	reached []string
	asked   int
}

// probed is a service whose handlers only say that they were reached.
type probed struct {
	op.Service
	rows []op.Row
}

func (p *probed) Rows() []op.Row { return p.rows }

// Refuse implements op.Refuser where the service does.
func (p *probed) Refuse(c *op.Call) error {
	if r, ok := p.Service.(op.Refuser); ok {
		return r.Refuse(c)
	}
	return nil
}

// Road asks every operation of the world as callers that may do nothing, and as
// Root. The services' handlers do not run.
func Road(t *testing.T, w World) {
	t.Helper()
	r := build(t, w)
	t.Run("nobody gets in", r.nobodyGetsIn)
	t.Run("a stranger gets in nowhere", r.strangerGetsInNowhere)
	t.Run("root gets in everywhere", r.rootGetsInEverywhere)
	if n := r.bugs.Count(); n > 0 {
		t.Errorf("%d bugs were reported: a finder, an adder or a Resource method failed", n)
	}
}

func build(t *testing.T, w World) *road {
	t.Helper()
	r := &road{TB: t, World: w, bugs: &bug.Reporter{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}}
	st, err := store.Open(context.Background(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.trail, err = trail.Open(context.Background(), st, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.trail.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	var services []op.Service
	for _, s := range w.Services {
		p := &probed{Service: s}
		for _, row := range s.Rows() {
			p.rows = append(p.rows, row.Probe(func(c *op.Call) { r.reached = append(r.reached, c.RequestID) }))
		}
		services = append(services, p)
	}
	g := gate.New(w.Directory, services, r.trail, r.bugs)
	if r.bus, err = op.NewBus(op.Config{Gate: g, Services: services, Clock: clock.System{}, Bug: r.bugs}); err != nil {
		t.Fatal(err)
	}
	return r
}

// answer is what one call came to.
type answer struct {
	err     error
	reached bool
	records []*trail.Record
}

// ask makes one call through the bus.
func (r *road) ask(t *testing.T, o *api.Operation, as caller.Caller, in any) answer {
	t.Helper()
	r.asked++
	c := &op.Call{
		Caller: as, Operation: o, Input: in, Region: r.Region, RequestID: fmt.Sprintf("%s.%s-%d", o.Service.ID, o.Name, r.asked),
		Origin: op.Origin{SourceIP: "127.0.0.1", UserAgent: "servicetest"},
	}
	before := len(r.reached)
	_, err := r.bus.Serve(context.Background(), c)
	records, failed := r.trail.Request(context.Background(), c.RequestID)
	if failed != nil {
		t.Fatal(failed)
	}
	return answer{err, len(r.reached) > before, records}
}

// Names of the two inputs each operation is asked with.
const empty, full = "an empty input", "a full input"

func (r *road) inputs(o *api.Operation) map[string]any {
	filled := o.NewInput()
	Fill(filled, r.Members[o.Service.ID])
	return map[string]any{empty: o.NewInput(), full: filled}
}

func (r *road) nobodyGetsIn(t *testing.T) {
	for name, who := range map[string]caller.Caller{
		"nobody":                     {},
		"an unsigned request":        caller.Anonymous(),
		"root of no account":         caller.Root("", caller.Key{}),
		"root of an unknown one":     caller.Root("999999999999", caller.Key{}),
		"a user that does not exist": caller.ForUser(caller.User{Account: r.Root.Account(), ARN: "arn:aws:iam::" + r.Root.Account() + ":user/gone", Name: "gone", ID: "AIDAGONEGONEGONEGONE1"}, caller.Key{}),
		"a session of a role that does not exist": caller.ForRoleSession(caller.RoleSession{
			Account: r.Root.Account(), RoleARN: "arn:aws:iam::" + r.Root.Account() + ":role/gone", RoleName: "gone", RoleID: "AROAGONEGONEGONEGONE1", Name: "s",
		}, caller.Key{}),
		"a federated session of nobody": caller.ForFederated(caller.Federated{Account: r.Root.Account(), Name: "x", By: caller.User{Name: "gone", ID: "AIDAGONEGONEGONEGONE1"}}, caller.Key{}),
	} {
		r.each(t, func(row op.Row, input string, in any) {
			o := row.Operation()
			a := r.ask(t, o, who, in)
			mustBeRefused(t, fmt.Sprintf("%s.%s as %s, with %s", o.Service.ID, o.Name, name, input), a)
		})
	}
}

func (r *road) strangerGetsInNowhere(t *testing.T) {
	r.each(t, func(row op.Row, input string, in any) {
		o := row.Operation()
		if row.Needs()[0].Reason() != "" {
			return // needs nothing: it is for strangers too
		}
		a := r.ask(t, o, r.Stranger, in)
		where := fmt.Sprintf("%s.%s as a user without policies, with %s", o.Service.ID, o.Name, input)
		mustBeRefused(t, where, a)
		// An empty input is refused for what it lacks, which tells nothing.
		if code := codeOf(a.err); input == full && (strings.Contains(code, "NotFound") || strings.Contains(code, "NoSuch") || strings.Contains(code, "Exist") || strings.Contains(code, "Conflict")) {
			t.Errorf("%s: %v: somebody who may do nothing learned what exists", where, a.err)
		}
	})
}

func mustBeRefused(t testing.TB, where string, a answer) {
	t.Helper()
	switch {
	case a.reached:
		t.Errorf("%s: the handler ran", where)
	case a.err == nil:
		t.Errorf("%s: answered", where)
	case codeOf(a.err) == "":
		t.Errorf("%s: %v is no error of AWS", where, a.err)
	case codeOf(a.err) == "InternalFailure":
		t.Errorf("%s: the server failed", where)
	}
	for _, record := range a.records {
		if record.Allowed {
			t.Errorf("%s: %s on %s was allowed", where, record.Action, record.Resource)
		}
	}
}

// rootGetsInEverywhere proves that the refusals above are not all the gate knows.
func (r *road) rootGetsInEverywhere(t *testing.T) {
	for _, s := range r.Services {
		for _, row := range s.Rows() {
			o := row.Operation()
			in := o.NewInput()
			Fill(in, r.Members[s.API().ID])
			name := s.API().ID + "." + o.Name
			a := r.ask(t, o, r.Root, in)
			switch why, known := r.Unreached[name]; {
			case a.reached && known:
				t.Errorf("%s is reached, though it should not be: %s", name, why)
			case !a.reached && !known:
				t.Errorf("%s refuses root: %v", name, a.err)
			}
			for _, record := range a.records {
				onResource(t, name, record)
			}
		}
	}
}

// onResource checks that an action was judged on what AWS judges it on.
func onResource(t testing.TB, name string, record *trail.Record) {
	t.Helper()
	if record.Nothing != "" {
		return
	}
	takes, known := takesResource(record.Action)
	switch {
	case known && takes == (record.Resource == "*"):
		t.Errorf("%s: %s was judged on %q", name, record.Action, record.Resource)
	case record.Resource != "*" && (!strings.HasPrefix(record.Resource, "arn:aws:") || strings.Count(record.Resource, ":") < 5):
		t.Errorf("%s: %s was judged on %q, which is no ARN", name, record.Action, record.Resource)
	}
}

func (r *road) each(t *testing.T, ask func(row op.Row, input string, in any)) {
	t.Helper()
	for _, s := range r.Services {
		for _, row := range s.Rows() {
			for name, in := range r.inputs(row.Operation()) {
				ask(row, name, in)
			}
		}
	}
}

func codeOf(err error) string {
	var known *api.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}
