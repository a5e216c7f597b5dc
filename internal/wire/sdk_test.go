package wire

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

// TestEveryInputOfTheSDKIsRead sends random inputs, with every member and with
// only the required ones, through the real SDK's clients, and expects to read
// what was written.
func TestEveryInputOfTheSDKIsRead(t *testing.T) {
	w := newWorld(t)
	known := &plans{}
	eachOperation(t, func(t *testing.T, o *api.Operation) {
		if o.Service.ID == "sallyport" {
			return // AWS's SDK does not know it
		}
		w.needsClient(t, o)
		w.t = t
		for seed := range uint64(6) {
			if seed == 0 && unchecked(o.Service) {
				continue
			}
			f := &filler{t: t, rand: rand.New(rand.NewPCG(seed, 1)), valid: true, sparse: seed == 0}
			in := reflect.New(o.Input)
			f.structure(known.of(o.Input), in.Elem(), 0)
			w.in, w.out = nil, nil
			if _, err := w.call(o, in); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if w.operation != o {
				t.Fatalf("routed to %s", w.operation.Name)
			}
			// The SDK sorts what it puts in the query string.
			p := known.of(o.Input)
			p.sortQueryLists(in.Elem())
			p.sortQueryLists(reflect.ValueOf(w.in).Elem())
			for _, d := range differences(o.Input.Name(), in, reflect.ValueOf(w.in)) {
				t.Errorf("seed %d: %s", seed, d)
			}
		}
	})
}

// unchecked says that our types do not know which members are required: the SDK
// does, and sends nothing without them.
func unchecked(s *api.Service) bool { return s.ID == "ec2" || s.ID == "s3" || s.ID == "sqs" }

func (p *plan) sortQueryLists(v reflect.Value) {
	for i := range p.fields {
		if list, ok := v.Field(i).Interface().([]string); ok && p.fields[i].in == inQuery {
			slices.Sort(list)
		}
	}
}

// TestEveryOutputIsReadByTheSDK answers random outputs and expects the real
// SDK's clients to read them.
func TestEveryOutputIsReadByTheSDK(t *testing.T) {
	w := newWorld(t)
	known := &plans{}
	eachOperation(t, func(t *testing.T, o *api.Operation) {
		if o.Service.ID == "sallyport" || o == lambdaapi.InvokeWithResponseStream.Operation {
			return // unknown to the SDK; events, which the service writes
		}
		w.needsClient(t, o)
		w.t = t
		input := &filler{t: t, rand: rand.New(rand.NewPCG(1, 1)), valid: true, sparse: !unchecked(o.Service)}
		in := reflect.New(o.Input)
		input.structure(known.of(o.Input), in.Elem(), 0)
		for seed := range uint64(6) {
			f := &filler{t: t, rand: rand.New(rand.NewPCG(seed, 2)), sparse: seed == 0}
			out := reflect.New(o.Output)
			f.structure(known.of(o.Output), out.Elem(), 0)
			w.out = out.Interface()
			got, err := w.call(o, in)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, d := range differences(o.Output.Name(), out, got) {
				t.Errorf("seed %d: %s", seed, d)
			}
		}
	})
}
