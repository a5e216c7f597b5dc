package services

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/actions"
	"github.com/sallyport/sallyport/internal/api"
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

const account = "111111111111"

// start makes all services, in memory.
func start(t *testing.T) *Set {
	t.Helper()
	s, _ := startRecorded(t)
	return s
}

// startRecorded is start, with the record of what is decided.
func startRecorded(t *testing.T) (*Set, *trail.Trail) {
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
	bugs := &bug.Reporter{Panic: true}
	x, err := executor.New(executor.Config{Dir: t.TempDir(), Clock: clock.System{}, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(ctx, Deps{Store: st, Trail: tr, Executor: x, Clock: clock.System{}, Bug: bugs, WorkDir: t.TempDir(), Accounts: []string{account}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), x.Close(), tr.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return s, tr
}

// TestTheIndexOfActionsIsThatOfTheRows compares what tools/actiondoc read in
// the source with the rows that decide.
func TestTheIndexOfActionsIsThatOfTheRows(t *testing.T) {
	index, err := actions.All()
	if err != nil {
		t.Fatal(err)
	}
	var listed, bound []string
	for _, o := range index {
		for _, n := range o.Needs {
			if o.Name != "" {
				listed = append(listed, fmt.Sprintf("%s.%s needs %q, %q, optional %v", o.Service, o.Name, n.Action, n.Nothing, n.Optional))
			}
		}
	}
	for _, r := range start(t).Bus.Rows() {
		for _, n := range r.Needs() {
			folder := r.Operation().Service.ID
			if folder == functionurlapi.Service.ID {
				folder = "lambda" // its rows stand in Lambda's folder
			}
			bound = append(bound, fmt.Sprintf("%s.%s needs %q, %q, optional %v", folder, r.Operation().Name, n.Action(), n.Reason(), n.Optional()))
		}
	}
	slices.Sort(listed)
	slices.Sort(bound)
	for _, l := range listed {
		if !slices.Contains(bound, l) {
			t.Errorf("ACTIONS.md says, and no row does: %s", l)
		}
	}
	for _, b := range bound {
		if !slices.Contains(listed, b) {
			t.Errorf("a row says, and ACTIONS.md does not: %s", b)
		}
	}
	if len(listed) != len(bound) || len(bound) < 100 {
		t.Errorf("%d needs are listed, %d bound", len(listed), len(bound))
	}
}

func TestEveryOperationIsBound(t *testing.T) {
	s := start(t)
	for _, service := range s.List {
		for _, o := range service.API().Operations {
			if !s.Bus.Bound(o) {
				t.Errorf("%s.%s has no row: it would be refused to everybody", service.API().ID, o.Name)
			}
		}
	}
}

// TestTheZeroCallerReachesNothing asks for every operation as nobody.
func TestTheZeroCallerReachesNothing(t *testing.T) {
	s := start(t)
	for _, r := range s.Bus.Rows() {
		for name, who := range map[string]caller.Caller{"nobody": {}, "anonymous": caller.Anonymous()} {
			c := &op.Call{Caller: who, Operation: r.Operation(), Input: r.Operation().NewInput(), Region: "us-east-1"}
			out, err := s.Bus.Serve(context.Background(), c)
			var known *api.Error
			if err == nil || !errors.As(err, &known) {
				t.Errorf("%s reached %s.%s: %v, %v", name, r.Operation().Service.ID, r.Operation().Name, out, err)
			}
		}
	}
}

func do[In, Out any](t *testing.T, s *Set, o api.Op[In, Out], in *In) *Out {
	t.Helper()
	root := caller.Root(account, caller.Key{})
	out, err := op.Do(context.Background(), s.Bus, op.As{Caller: root, Region: "us-east-1"}, o, in)
	if err != nil {
		t.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

func TestResetEmptiesEveryServiceAndKeepsRootKeys(t *testing.T) {
	s := start(t)
	name := "left"
	do(t, s, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name})
	do(t, s, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: &name})
	before, _ := s.IAM.RootKey(account)
	do(t, s, sallyportapi.Reset, &api.Empty{})
	if users := do(t, s, iamapi.ListUsers, &iamapi.ListUsersRequest{}).Users; len(users) != 0 {
		t.Errorf("users are left: %d", len(users))
	}
	if groups := do(t, s, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{}).LogGroups; len(groups) != 0 {
		t.Errorf("log groups are left: %d", len(groups))
	}
	if after, _ := s.IAM.RootKey(account); after != before || before == "" {
		t.Errorf("the root key was %s and is %s", before, after)
	}
	do(t, s, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name})
}

// TestEveryServiceWithStateIsReset finds services that the list in Start forgets.
func TestEveryServiceWithStateIsReset(t *testing.T) {
	for _, service := range start(t).List {
		_, empties := service.(resetter)
		// The state of function URLs is Lambda's.
		if own := service.API() == sallyportapi.Service || service.API() == functionurlapi.Service; empties == own {
			t.Errorf("%s: has Reset %v; Start must know of every service with state", service.API().ID, empties)
		}
	}
}
