package wire

import (
	"reflect"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
)

// generated are all APIs that Sallyport speaks.
func generated() []*api.Service {
	return []*api.Service{ec2api.Service, iamapi.Service, lambdaapi.Service, logsapi.Service, s3api.Service, sallyportapi.Service, snsapi.Service, sqsapi.Service, stsapi.Service}
}

// eachOperation runs a test for every bound operation of every API.
func eachOperation(t *testing.T, f func(t *testing.T, o *api.Operation)) {
	t.Helper()
	n := 0
	for _, s := range generated() {
		for _, o := range s.Operations {
			n++
			t.Run(s.ID+"/"+o.Name, func(t *testing.T) { f(t, o) })
		}
	}
	if n < 100 {
		t.Fatalf("only %d operations are bound: the generated APIs are not there", n)
	}
}

// TestEveryGeneratedTypeCanBeRead builds every plan and compiles every
// pattern: both panic on what they do not understand.
func TestEveryGeneratedTypeCanBeRead(t *testing.T) {
	known := &plans{}
	seen := map[*plan]bool{}
	eachOperation(t, func(t *testing.T, o *api.Operation) {
		for _, typ := range []reflect.Type{o.Input, o.Output} {
			compileAll(t, known.of(typ), seen)
		}
	})
}

func compileAll(t *testing.T, p *plan, seen map[*plan]bool) {
	if seen[p] {
		return
	}
	seen[p] = true
	for i := range p.fields {
		f := &p.fields[i]
		for s := &f.shape; s != nil; s = s.elem {
			for _, c := range []*constraints{s.check, s.keyCheck} {
				if c != nil && c.matches != nil {
					c.matches()
				}
			}
			if s.kind == timeKind && s.time == "" {
				t.Errorf("%v.%s is a timestamp without a format", p.typ, f.name)
			}
			if s.fields != nil {
				compileAll(t, s.fields, seen)
			}
		}
	}
}

func TestPatternsByHandAreAllInUse(t *testing.T) {
	used := map[string]bool{}
	known := &plans{}
	var walk func(p *plan, seen map[*plan]bool)
	walk = func(p *plan, seen map[*plan]bool) {
		if seen[p] {
			return
		}
		seen[p] = true
		for i := range p.fields {
			for s := &p.fields[i].shape; s != nil; s = s.elem {
				for _, c := range []*constraints{s.check, s.keyCheck} {
					if c != nil {
						used[c.pattern] = true
					}
				}
				if s.fields != nil {
					walk(s.fields, seen)
				}
			}
		}
	}
	seen := map[*plan]bool{}
	for _, s := range generated() {
		for _, o := range s.Operations {
			walk(known.of(o.Input), seen)
			walk(known.of(o.Output), seen)
		}
	}
	for p := range byHand {
		if !used[p] {
			t.Errorf("no model has the pattern %s any more: the matcher by hand is dead", p)
		}
	}
}
