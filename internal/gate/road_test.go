package gate

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// road is a service of one operation behind the world's gate and a real bus.
type road struct {
	*owner
	api *api.Service
	row op.Row
}

func (r *road) API() *api.Service { return r.api }
func (r *road) Rows() []op.Row    { return []op.Row{r.row} }

type input struct{ Name string }

// build makes a bus whose one handler says in ran that it was reached.
func build(w *world, ran *bool, needs ...op.Need) (*op.Bus, api.Op[input, api.Empty]) {
	w.Helper()
	s := &api.Service{ID: "lambda", Protocol: api.RESTJSON}
	o := api.Op[input, api.Empty]{Operation: &api.Operation{Service: s, Name: "Invoke", Input: reflect.TypeFor[input](), Output: reflect.TypeFor[api.Empty]()}}
	s.Operations = []*api.Operation{o.Operation}
	handle := func(context.Context, *op.Call, *input) (*api.Empty, error) { *ran = true; return &api.Empty{}, nil }
	b, err := op.NewBus(op.Config{Gate: w.gate, Services: []op.Service{&road{w.owner, s, op.Bind(o, handle, needs...)}}, Clock: clock.NewManual(now), Bug: w.bugs})
	if err != nil {
		w.Fatal(err)
	}
	return b, o
}

func find(arns ...string) op.Finder {
	return func(context.Context, *op.Call) ([]op.Resource, error) {
		var all []op.Resource
		for _, a := range arns {
			all = append(all, op.Resource{ARN: a})
		}
		return all, nil
	}
}

// TestBrokenFinderDenies: through bus and gate together.
func TestBrokenFinderDenies(t *testing.T) {
	w := newWorld(t)
	var ran bool
	b, o := build(w, &ran, op.On(invoke, func(context.Context, *op.Call) ([]op.Resource, error) { panic("the finder is broken") }))
	_, err := op.Do(context.Background(), b, op.As{Caller: caller.Root(here, caller.Key{})}, o, &input{})
	var fault *api.Error
	if !errors.As(err, &fault) || fault.Code != "InternalFailure" || ran || w.bugs.Count() != 1 {
		t.Errorf("ran %v, %d bugs, error %v", ran, w.bugs.Count(), err)
	}
}

func TestEveryNeedIsRecorded(t *testing.T) {
	w := newWorld(t)
	var ran bool
	b, o := build(w, &ran, op.On(invoke, find(function, function+"2")), op.Maybe(op.On("lambda:ListTags", find())), op.Maybe(op.On("iam:PassRole", find(function+"3"))))
	c := w.user(here, "u", allow("*", "*"), statement("Deny", "iam:*", "*", ""))
	if _, err := op.Do(context.Background(), b, op.As{Caller: c, RequestID: "r"}, o, &input{}); err == nil || ran {
		t.Errorf("ran %v, error %v", ran, err)
	}
	all, err := w.trail.Request(context.Background(), "r")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, r.Action+" "+r.Resource+" "+r.Effect)
	}
	want := []string{invoke + " " + function + " allowed", invoke + " " + function + "2 allowed", "iam:PassRole " + function + "3 explicitDeny"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCallsBetweenServices bring no keys of the wire, and what the calling
// service vouches for.
func TestCallsBetweenServices(t *testing.T) {
	w := newWorld(t)
	var ran bool
	b, o := build(w, &ran, op.On(invoke, find(function)))
	c := w.user(here, "u", statement("Deny", "*", "*", `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`), allow("*", "*"))
	vouch := func(k *policy.Context) { k.Set("lambda:SourceFunctionArn", function) }
	if _, err := op.Do(context.Background(), b, op.As{Caller: c, Region: "us-east-1", Context: vouch}, o, &input{}); err != nil || !ran {
		t.Fatalf("ran %v, error %v", ran, err)
	}
	r := w.last()
	for key, want := range map[string][]string{
		"aws:SourceIp": nil, "aws:UserAgent": nil, "aws:Referer": nil, "aws:SecureTransport": {"true"}, "lambda:SourceFunctionArn": {function},
	} {
		if diff := cmp.Diff(want, r.Context[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	if r.SourceIP != "" {
		t.Errorf("recorded address %q", r.SourceIP)
	}
}
