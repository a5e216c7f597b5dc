package ec2

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
)

const (
	account = "111111111111"
	region  = "us-east-1"
)

// world is EC2 behind a real gate. Root may do everything, and there is a user
// who may do nothing.
type world struct {
	testing.TB
	ec2 *Service
	bus *op.Bus
}

var (
	root   = caller.Root(account, caller.Key{})
	nobody = caller.ForUser(caller.User{Account: account, ARN: "arn:aws:iam::" + account + ":user/n", Name: "n", ID: ("AIDAN" + strings.Repeat("X", 21))[:21]}, caller.Key{})
)

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	now := clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	bugs := &bug.Reporter{Panic: true}
	st, err := store.Open(ctx, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t}
	if w.ec2, err = New(ctx, Deps{Store: st, Clock: now, Bug: bugs}); err != nil {
		t.Fatal(err)
	}
	services := []op.Service{w.ec2}
	if w.bus, err = op.NewBus(op.Config{Gate: gate.New(people{}, services, tr, bugs), Services: services, Clock: now, Bug: bugs}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.ec2.Close(), tr.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// people plays IAM.
type people struct{}

func (people) Grants(caller.Caller) (op.Grants, bool)               { return op.Grants{}, true }
func (people) ManagedPolicy(string, string) (policy.Attached, bool) { return policy.Attached{}, false }
func (people) Role(string) (op.Role, bool)                          { return op.Role{}, false }
func (people) HasAccount(string) bool                               { return true }
func (people) PrincipalID(string) (string, bool)                    { return "", false }
func (people) PrincipalARN(string) (string, bool)                   { return "", false }

// call is a request that came through a door.
func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	out, err := w.bus.Serve(context.Background(), &op.Call{Caller: as, Operation: o.Operation, Input: in, Region: region})
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
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

// refused checks an error that came of a call as root.
func refused[In, Out any](w *world, o api.Op[In, Out], in *In, code, text string) {
	w.Helper()
	_, err := call(w, root, o, in)
	var e *api.Error
	if !errors.As(err, &e) || e.Code != code || e.Status != 400 || e.Message != text {
		w.Errorf("%s: got %v\nwant %s: %s", o.Name, err, code, text)
	}
}

func (w *world) vpc(block string) string {
	w.Helper()
	return must(w, ec2api.CreateVpc, &ec2api.CreateVpcRequest{CidrBlock: &block}).Vpc.GetVpcId()
}

func (w *world) subnet(vpc, block string) string {
	w.Helper()
	return must(w, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: &vpc, CidrBlock: &block}).Subnet.GetSubnetId()
}

func (w *world) group(vpc, name string) string {
	w.Helper()
	return must(w, ec2api.CreateSecurityGroup, &ec2api.CreateSecurityGroupRequest{VpcId: &vpc, GroupName: &name, Description: ptr("of a test")}).GetGroupId()
}

func filter(name string, values ...string) ec2api.Filter {
	return ec2api.Filter{Name: &name, Values: values}
}

// setDryRun sets the member of that name, which every input has in one place.
func setDryRun(in any) {
	reflect.ValueOf(in).Elem().FieldByName("DryRun").Set(reflect.ValueOf(ptr(true)))
}
