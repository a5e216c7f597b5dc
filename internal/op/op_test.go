package op

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

type (
	input  struct{ Name *string }
	output struct{ Said string }
)

var testAPI = &api.Service{ID: "test", Protocol: api.JSON11}

func operation(name string) api.Op[input, output] {
	o := &api.Operation{Service: testAPI, Name: name, Input: reflect.TypeFor[input](), Output: reflect.TypeFor[output]()}
	return api.Op[input, output]{Operation: o}
}

// service is a service of given rows.
type service struct {
	rows   []Row
	refuse error
}

func (s *service) API() *api.Service {
	d := *testAPI
	for _, r := range s.rows {
		if r.operation != nil {
			d.Operations = append(d.Operations, r.operation)
			r.operation.Service = &d
		}
	}
	return &d
}
func (s *service) Rows() []Row                       { return s.rows }
func (s *service) Resource(_, _ string) Facts        { return Facts{} }
func (s *service) Start(context.Context, *Bus) error { return nil }
func (s *service) Close() error                      { return nil }
func (s *service) Refuse(*Call) error                { return s.refuse }

// gate answers from a list of allowed actions and remembers what it was asked.
type gate struct {
	allow map[string]bool
	asked []string
	panic bool
	// secret is what the last question said of one.
	secret string
}

func (g *gate) Admit(_ context.Context, q *Question) error {
	if g.panic {
		panic("the gate is broken")
	}
	g.secret = q.Secret
	switch {
	case q.Unknown:
		g.asked = append(g.asked, q.Action+" on nothing")
		return errors.New("unknown resource")
	case q.Nothing != "":
		g.asked = append(g.asked, "nothing")
		return nil
	}
	g.asked = append(g.asked, q.Action+" on "+q.Resource.ARN)
	if g.allow[q.Action] {
		return nil
	}
	return errors.New("denied " + q.Action)
}

func bus(t *testing.T, g Gate, rows ...Row) *Bus {
	t.Helper()
	b, err := NewBus(Config{Gate: g, Services: []Service{&service{rows: rows}}, Clock: clock.NewManual(time.Unix(0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func on(arns ...string) Finder {
	return func(context.Context, *Call) ([]Resource, error) {
		var out []Resource
		for _, a := range arns {
			out = append(out, Resource{ARN: a})
		}
		return out, nil
	}
}

// handler says in ran that it was reached.
func handler(ran *bool) Handler[input, output] {
	return func(context.Context, *Call, *input) (*output, error) {
		*ran = true
		return &output{"done"}, nil
	}
}

func TestHandlerRunsOnlyAfterEveryNeedWasAdmitted(t *testing.T) {
	for _, c := range []struct {
		name  string
		allow map[string]bool
		needs []Need
		asked []string
		runs  bool
	}{
		{"one need, allowed", map[string]bool{"t:A": true}, []Need{On("t:A", on("r"))}, []string{"t:A on r"}, true},
		{"one need, denied", nil, []Need{On("t:A", on("r"))}, []string{"t:A on r"}, false},
		{"second need denied", map[string]bool{"t:A": true}, []Need{On("t:A", on("r")), On("t:B", on("s"))}, []string{"t:A on r", "t:B on s"}, false},
		{"both allowed", map[string]bool{"t:A": true, "t:B": true}, []Need{On("t:A", on("r")), On("t:B", on("s"))}, []string{"t:A on r", "t:B on s"}, true},
		{"second resource is asked for too", map[string]bool{"t:A": true}, []Need{On("t:A", on("r", "s"))}, []string{"t:A on r", "t:A on s"}, true},
		{"no resource denies", map[string]bool{"t:A": true}, []Need{On("t:A", on())}, []string{"t:A on nothing"}, false},
		{"no resource of an optional need", map[string]bool{"t:A": true}, []Need{On("t:A", on("r")), Maybe(On("t:B", on()))}, []string{"t:A on r"}, true},
		{"optional need with a resource is judged", map[string]bool{"t:A": true}, []Need{On("t:A", on("r")), Maybe(On("t:B", on("s")))}, []string{"t:A on r", "t:B on s"}, false},
		{"either, the first", map[string]bool{"t:A": true}, []Need{Either(On("t:A", on("r")), On("t:B", on()))}, []string{"t:A on r"}, true},
		{"either, the second", map[string]bool{"t:A": true}, []Need{Either(On("t:A", on()), On("t:B", on("s")))}, []string{"t:B on s"}, false},
		{"either, and both find something", map[string]bool{"t:A": true}, []Need{Either(On("t:A", on("r")), On("t:B", on("s")))}, []string{"t:A on r", "t:B on s"}, false},
		{"either, and none finds anything", map[string]bool{"t:A": true, "t:B": true}, []Need{Either(On("t:A", on()), On("t:B", on())), Maybe(On("t:A", on("r")))}, []string{"t:A on nothing"}, false},
		{"nothing", nil, []Need{Nothing("everybody may")}, []string{"nothing"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ran bool
			g := &gate{allow: c.allow}
			o := operation("Do")
			b := bus(t, g, Bind(o, handler(&ran), c.needs...))
			_, err := Do(context.Background(), b, As{}, o, &input{})
			if ran != c.runs || (err == nil) != c.runs {
				t.Errorf("ran %v, error %v", ran, err)
			}
			if !reflect.DeepEqual(g.asked, c.asked) {
				t.Errorf("asked %q, want %q", g.asked, c.asked)
			}
		})
	}
}

func TestRowsWithoutNeedsStopTheStart(t *testing.T) {
	var ran bool
	o := operation("Do")
	for name, rows := range map[string][]Row{
		"no needs":            {Bind(o, handler(&ran))},
		"need without action": {Bind(o, handler(&ran), On("", on("r")))},
		"need without finder": {Bind(o, handler(&ran), On("t:A", nil))},
		"either of needs of which one is optional": {Bind(o, handler(&ran), Either(On("t:A", on("r")), Maybe(On("t:B", on("r")))))},
		"either of nothing":                        {Bind(o, handler(&ran), Either(Nothing("x"), On("t:B", on("r"))))},
		"optional needs only":                      {Bind(o, handler(&ran), Maybe(On("t:A", on("r"))), Maybe(On("t:B", on("r"))))},
		"nothing, optionally":                      {Bind(o, handler(&ran), Maybe(Nothing("x")))},
		"an operation of no service":               {Bind(api.Op[input, output]{Operation: &api.Operation{Name: "Do", Input: o.Input}}, handler(&ran), Nothing("x"))},
		"nothing beside something":                 {Bind(o, handler(&ran), Nothing("x"), On("t:A", on("r")))},
		"bound twice":                              {Bind(o, handler(&ran), On("t:A", on("r"))), Bind(o, handler(&ran), On("t:A", on("r")))},
		"a row made past Bind, empty":              {{}},
	} {
		if _, err := NewBus(Config{Gate: &gate{}, Services: []Service{&service{rows: rows}}, Clock: clock.System{}}); err == nil {
			t.Errorf("%s: started", name)
		}
	}
	stranger := fixedAPI{&service{rows: []Row{Bind(o, handler(&ran), Nothing("x"))}}, &api.Service{ID: "other"}}
	if _, err := NewBus(Config{Gate: &gate{}, Services: []Service{stranger}, Clock: clock.System{}}); err == nil {
		t.Error("a service bound the operation of another one and started")
	}
	if _, err := NewBus(Config{}); err == nil {
		t.Error("a bus without a gate started")
	}
}

func TestFinderErrorRefusesAfterEarlierNeeds(t *testing.T) {
	refusal := api.Newf(403, "AccessDeniedException", "Cross-account pass role is not allowed.")
	refuse := func(context.Context, *Call) ([]Resource, error) { return nil, refusal }
	o := operation("Do")
	var ran bool
	row := Bind(o, handler(&ran), On("t:A", on("r")), On("t:B", refuse))
	if _, err := Do(context.Background(), bus(t, &gate{}, row), As{}, o, &input{}); err == nil || strings.Contains(err.Error(), "Cross-account") {
		t.Errorf("a denied caller learned %v", err)
	}
	if _, err := Do(context.Background(), bus(t, &gate{allow: map[string]bool{"t:A": true}}, row), As{}, o, &input{}); !errors.Is(err, refusal) || ran {
		t.Errorf("an allowed caller got %v", err)
	}
}

func TestOperationWithoutRowIsDeniedAndNamed(t *testing.T) {
	var ran bool
	b := bus(t, &gate{}, Bind(operation("Known"), handler(&ran), Nothing("x")))
	_, err := Do(context.Background(), b, As{}, operation("Forgotten"), &input{})
	if err == nil || !strings.Contains(err.Error(), "Forgotten") {
		t.Errorf("got %v", err)
	}
}

func TestPanicWhileAdmittingDenies(t *testing.T) {
	var ran bool
	o := operation("Do")
	b := bus(t, &gate{panic: true}, Bind(o, handler(&ran), On("t:A", on("r"))))
	_, err := Do(context.Background(), b, As{}, o, &input{})
	var known *api.Error
	if !errors.As(err, &known) || known.Code != "InternalFailure" || ran {
		t.Errorf("ran %v, error %v", ran, err)
	}
}

func TestServiceMayRefuseCredentialsFirst(t *testing.T) {
	var ran bool
	o := operation("Do")
	refusal := errors.New("not with these credentials")
	g := &gate{}
	b, err := NewBus(Config{Gate: g, Services: []Service{&service{rows: []Row{Bind(o, handler(&ran), Nothing("x"))}, refuse: refusal}}, Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	b.services[0] = fixedAPI{b.services[0].(*service), o.Service}
	if _, err := Do(context.Background(), b, As{}, o, &input{}); !errors.Is(err, refusal) || ran || len(g.asked) > 0 {
		t.Errorf("ran %v, asked %v, error %v", ran, g.asked, err)
	}
}

// fixedAPI gives the same descriptor each time.
type fixedAPI struct {
	*service
	api *api.Service
}

func (f fixedAPI) API() *api.Service { return f.api }

func TestCallsCannotNestWithoutEnd(t *testing.T) {
	o := operation("Loop")
	var b *Bus
	calls := 0
	b = bus(t, &gate{}, Bind(o, func(ctx context.Context, c *Call, in *input) (*output, error) {
		calls++
		return Do(ctx, c.Bus(), As{Caller: c.Caller}, o, in)
	}, Nothing("x")))
	if _, err := Do(context.Background(), b, As{Caller: caller.Anonymous()}, o, &input{}); err == nil {
		t.Error("endless nesting was allowed")
	}
	if calls != limits.CallDepth {
		t.Errorf("%d calls", calls)
	}
}

// TestTryAsksAndRunsNothing: the same question as the call itself.
func TestTryAsksAndRunsNothing(t *testing.T) {
	var ran bool
	o := operation("Do")
	for _, allow := range []bool{true, false} {
		g := &gate{allow: map[string]bool{"t:A": allow}}
		b := bus(t, g, Bind(o, handler(&ran), On("t:A", on("r"))))
		if err := Try(context.Background(), b, As{}, o, &input{}); (err == nil) != allow || ran || len(g.asked) != 1 {
			t.Errorf("allowed %v: error %v, handler ran %v, asked %q", allow, err, ran, g.asked)
		}
	}
}

// TestAThoroughRowAsksAll: the record then says all that is missing, and the first
// denial is the answer.
func TestAThoroughRowAsksAll(t *testing.T) {
	for _, c := range []struct {
		name    string
		allow   []string
		refused string
		ran     bool
	}{
		{"nothing is allowed", nil, "t:A", false},
		{"the first is denied", []string{"t:B"}, "t:A", false},
		{"the second is denied", []string{"t:A"}, "t:B", false},
		{"all is allowed", []string{"t:A", "t:B"}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ran bool
			g := &gate{allow: map[string]bool{}}
			for _, action := range c.allow {
				g.allow[action] = true
			}
			o := operation("Do")
			b := bus(t, g, Bind(o, handler(&ran), On("t:A", on("r")), On("t:B", on("r"))).Thorough())
			_, err := Do(context.Background(), b, As{}, o, &input{})
			if ran != c.ran || (err == nil) != c.ran || !reflect.DeepEqual(g.asked, []string{"t:A on r", "t:B on r"}) {
				t.Errorf("ran %v, error %v, asked %q", ran, err, g.asked)
			}
			if err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("answered %v, want the denial of %s", err, c.refused)
			}
		})
	}
}

// TestOnlyTheOwnerTellsFacts: a finder cannot put facts of its own before a
// resource of another service, whose policy would then not be asked.
func TestOnlyTheOwnerTellsFacts(t *testing.T) {
	for _, c := range []struct {
		arn  string
		runs bool
	}{
		{"arn:aws:test:us-east-1:111111111111:thing", true},
		{"arn:aws:kms:us-east-1:111111111111:key/k", false},
		{"arn:aws:testing:us-east-1:111111111111:thing", false},
		{"*", false},
	} {
		ran := false
		find := func(context.Context, *Call) ([]Resource, error) {
			return []Resource{{ARN: c.arn, Facts: &Facts{}}}, nil
		}
		o := operation("Op")
		b := bus(t, &gate{allow: map[string]bool{"t:A": true}}, Bind(o, handler(&ran), On("t:A", find)))
		if _, err := Do(context.Background(), b, As{}, o, &input{}); (err == nil) != c.runs || ran != c.runs {
			t.Errorf("%s: ran %v, %v", c.arn, ran, err)
		}
	}
}

// TestACallKnowsThatAServiceMadeIt: what comes through a door is never taken for
// one, whatever it says of itself.
func TestACallKnowsThatAServiceMadeIt(t *testing.T) {
	o := operation("Look")
	var inside bool
	row := Bind(o, func(_ context.Context, c *Call, _ *input) (*output, error) {
		inside = c.Inside()
		return &output{}, nil
	}, On("t:A", Any))
	b := bus(t, &gate{allow: map[string]bool{"t:A": true}}, row)
	if _, err := b.Serve(context.Background(), &Call{Operation: o.Operation, Input: &input{}, RequestID: "r", Parent: "p"}); err != nil || inside {
		t.Errorf("through a door: inside %v, %v", inside, err)
	}
	if _, err := Do(context.Background(), b, As{}, o, &input{}); err != nil || !inside {
		t.Errorf("by a service: inside %v, %v", inside, err)
	}
}
