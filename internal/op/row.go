package op

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/policy"
)

// Row binds one operation: what it needs and what it does.
type Row struct {
	operation *api.Operation
	needs     []Need
	thorough  bool
	run       func(ctx context.Context, c *Call, in any) (any, error)
}

// Handler does the work of an operation after every need was admitted. It may
// use what finders remembered in c. Errors are *api.Error; any other error is
// reported as a bug and shown as an internal failure.
type Handler[In, Out any] func(ctx context.Context, c *Call, in *In) (*Out, error)

// Bind makes a row. A row without needs stops the start (NewBus).
func Bind[In, Out any](o api.Op[In, Out], handle Handler[In, Out], needs ...Need) Row {
	return Row{
		operation: o.Operation,
		needs:     needs,
		run: func(ctx context.Context, c *Call, in any) (any, error) {
			typed, ok := in.(*In)
			if !ok {
				return nil, fmt.Errorf("%s: input is %T", o.Name, in)
			}
			out, err := handle(ctx, c, typed)
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// Thorough judges every need, also after one was denied, so that the record says
// all that is missing. The answer is that of the first denial. It is for operations
// whose needs are of one resource: what a later need tells, an earlier one told.
func (r Row) Thorough() Row {
	r.thorough = true
	return r
}

// Operation is the row's operation.
func (r Row) Operation() *api.Operation { return r.operation }

// Needs are the row's needs, in the order in which they are judged; those that
// stand for one another one by one.
func (r Row) Needs() []Need {
	var all []Need
	for _, n := range r.needs {
		if n.either != nil {
			all = append(all, n.either...)
		} else {
			all = append(all, n)
		}
	}
	return all
}

// Probe is the row with a handler that does nothing but say that it was reached,
// for checks of the road itself. The row's own handler is not in it.
func (r Row) Probe(reached func(*Call)) Row {
	r.run = func(_ context.Context, c *Call, _ any) (any, error) {
		reached(c)
		return nil, nil
	}
	return r
}

// takes says whether in is an input of the operation: finders and adders rely on it.
func (r Row) takes(in any) bool {
	v := reflect.ValueOf(in)
	return v.Kind() == reflect.Pointer && v.Type().Elem() == r.operation.Input && !v.IsNil()
}

// Resource is one thing a need is judged on.
type Resource struct {
	// ARN is the resource, or a pattern for list operations, or "*" for an
	// action without resource type.
	ARN string
	// Account owns it when the ARN does not say; empty lets the gate find out.
	Account string
	// Facts, if set, are what its owner says of it for this call, in place of
	// Service.Resource: what only the request tells (which grants of a KMS key are
	// the caller's), or a policy that is to be set and is tried first.
	Facts *Facts
}

// ownedBy says whether the resource is one of the service's: only its owner may
// tell its facts.
func (r Resource) ownedBy(s *api.Service) bool {
	return strings.HasPrefix(r.ARN, "arn:"+Partition+":"+s.ID+":")
}

// Finder names the resources of a need from the typed input and the service's
// own state. It changes nothing, does not fail because a resource is missing,
// and its error refuses the call with exactly that error, after the needs
// before it were admitted.
type Finder func(ctx context.Context, c *Call) ([]Resource, error)

// Adder adds context keys to one need.
type Adder func(ctx context.Context, c *Call, keys *policy.Context)

// Need is one permission an operation takes.
type Need struct {
	action  string
	find    Finder
	add     []Adder
	maybe   bool
	bare    bool
	nothing string
	// prove and secret let an unsigned caller in (OrSecret).
	prove  Proof
	secret string
	// either are the needs that this one stands for; the rest is empty then.
	either []Need
}

// On needs action on every resource the finder names.
func On(action string, find Finder) Need { return Need{action: action, find: find} }

// Nothing says that AWS allows the operation to every signed caller, and why.
func Nothing(reason string) Need { return Need{nothing: reason} }

// Proof says whether an unsigned call carries a secret that is a right of its
// own, such as the token that a subscription is confirmed with: nil if it does,
// else the error that the caller gets, which is the same for every wrong secret.
// It changes nothing, and compares in constant time.
type Proof func(ctx context.Context, c *Call) error

// OrSecret lets an unsigned caller in as well, if it proves that it was given the
// secret, and for this reason. The secret stands in for an Allow and for nothing
// else: what a policy denies explicitly is denied, and whoever signs is judged as
// ever. No other need may stand beside it, and beside S3 and public function URLs,
// whose policies may speak of everybody, no other operation takes an unsigned
// request (docs/decisions/006 and 008).
func (n Need) OrSecret(reason string, prove Proof) Need {
	n.secret, n.prove = reason, prove
	return n
}

// Maybe lets a need find no resource at all: it is then not judged. A row has
// at least one need that is not so.
func Maybe(n Need) Need {
	n.maybe = true
	return n
}

// Either is needs of which each is judged on what it finds, and of which one has
// to find something: an action on an object, and another one on a version of it.
func Either(needs ...Need) Need { return Need{either: needs} }

// With adds context keys to the need.
func (n Need) With(add ...Adder) Need {
	n.add = append(n.add[:len(n.add):len(n.add)], add...)
	return n
}

// Bare words the denial without its reason, as some services do.
func (n Need) Bare() Need {
	n.bare = true
	return n
}

// Action is the IAM action, empty for Nothing.
func (n Need) Action() string { return n.action }

// Reason is why nothing is needed, empty for all others.
func (n Need) Reason() string { return n.nothing }

// Secret is why an unsigned caller may be let in, empty if none ever is.
func (n Need) Secret() string { return n.secret }

// Optional says the need may find no resource.
func (n Need) Optional() bool { return n.maybe }

// Any is the finder of actions that know no resource type: "*".
func Any(context.Context, *Call) ([]Resource, error) { return []Resource{{ARN: "*"}}, nil }

// check says what makes a row unusable, nil if nothing does.
func (r Row) check() error {
	switch {
	case r.operation == nil || r.run == nil || r.operation.Service == nil:
		return fmt.Errorf("a row without operation or handler")
	case len(r.needs) == 0:
		return fmt.Errorf("%s.%s has no needs: say op.Nothing with a reason if AWS allows it to everybody", r.operation.Service.ID, r.operation.Name)
	case r.operation.Input == nil || r.operation.Input.Kind() != reflect.Struct:
		return fmt.Errorf("%s.%s has no input type", r.operation.Service.ID, r.operation.Name)
	}
	if !slices.ContainsFunc(r.needs, func(n Need) bool { return !n.maybe }) {
		return fmt.Errorf("%s.%s has optional needs only: a call that finds no resource would run without a question", r.operation.Service.ID, r.operation.Name)
	}
	for _, n := range r.needs {
		if slices.ContainsFunc(n.either, func(n Need) bool { return n.maybe || n.either != nil || n.nothing != "" || n.prove != nil }) {
			return fmt.Errorf("%s.%s has needs that stand for one another and are more than On", r.operation.Service.ID, r.operation.Name)
		}
	}
	for _, n := range r.Needs() {
		if (n.prove != nil || n.secret != "") && (len(r.needs) > 1 || n.maybe || n.nothing != "" || n.prove == nil || n.secret == "") {
			return fmt.Errorf("%s.%s lets unsigned callers in by a secret, and that is not its only need, or says no reason, or proves nothing", r.operation.Service.ID, r.operation.Name)
		}
		if n.nothing == "" && (n.action == "" || n.find == nil) {
			return fmt.Errorf("%s.%s has a need without action or finder", r.operation.Service.ID, r.operation.Name)
		}
		if n.nothing != "" && len(r.needs) > 1 {
			return fmt.Errorf("%s.%s needs nothing and something", r.operation.Service.ID, r.operation.Name)
		}
	}
	return nil
}
