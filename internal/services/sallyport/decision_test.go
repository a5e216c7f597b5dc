package sallyport

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// ids are the request ids of a list.
func ids(list []sallyportapi.Decision) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.GetRequestId())
	}
	return out
}

func TestListSelects(t *testing.T) {
	w := newWorld(t)
	ann := w.user(here, "ann")
	bob := w.user(there, "bob", may(lambda, "*"))
	_ = w.ask(root, "r-root")
	_ = w.ask(ann, "r-ann")
	w.clock.Advance(time.Minute)
	noon := w.clock.Now()
	_ = w.ask(bob, "r-bob")
	w.asked.arn = function + "-2"
	_ = w.ask(root, "q-second")
	foreign := caller.Root(there, caller.Key{})

	for _, c := range []struct {
		name string
		as   caller.Caller
		in   sallyportapi.ListDecisionsRequest
		want []string
	}{
		{"everything, newest first", root, sallyportapi.ListDecisionsRequest{}, []string{"q-second", "r-bob", "r-ann", "r-root"}},
		{"denied", root, sallyportapi.ListDecisionsRequest{Denied: ptr(true)}, []string{"r-bob", "r-ann"}},
		{"allowed", root, sallyportapi.ListDecisionsRequest{Allowed: ptr(true)}, []string{"q-second", "r-root"}},
		{"a principal", root, sallyportapi.ListDecisionsRequest{Principal: ptr(ann.ARN())}, []string{"r-ann"}},
		{"principals by prefix", root, sallyportapi.ListDecisionsRequest{Principal: ptr("arn:aws:iam::" + here + ":user/*")}, []string{"r-ann"}},
		{"an action by prefix", root, sallyportapi.ListDecisionsRequest{Action: ptr("lambda:*")}, []string{"q-second", "r-bob", "r-ann", "r-root"}},
		{"an action that nobody asked for", root, sallyportapi.ListDecisionsRequest{Action: ptr("lambda:GetFunction")}, nil},
		{"exactly a resource", root, sallyportapi.ListDecisionsRequest{Resource: ptr(function)}, []string{"r-bob", "r-ann", "r-root"}},
		{"request ids by prefix", root, sallyportapi.ListDecisionsRequest{RequestId: ptr("q-*")}, []string{"q-second"}},
		{"since", root, sallyportapi.ListDecisionsRequest{Since: &noon}, []string{"q-second", "r-bob"}},
		{"the newest", root, sallyportapi.ListDecisionsRequest{Limit: ptr(int32(1))}, []string{"q-second"}},
		{"another account sees what concerns it", foreign, sallyportapi.ListDecisionsRequest{}, []string{"r-bob"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := call(w, c.as, sallyportapi.ListDecisions, &c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(out.Decisions); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestListShowsTheQuestion(t *testing.T) {
	w := newWorld(t)
	w.grant(`{"Service":"sns.amazonaws.com"}`)
	_ = w.ask(w.user(here, "ann"), "r")
	out := must(w, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{})
	d := out.Decisions[0]
	if d.GetService() != "lambda" || d.GetOperation() != "Invoke" || d.GetAction() != lambda || d.GetResource() != function || d.GetPrincipal() != "arn:aws:iam::111111111111:user/ann" ||
		d.GetPrincipalType() != "User" || d.GetPrincipalAccount() != here || d.GetResourceAccount() != here || d.GetAllowed() || d.GetEffect() != "implicitDeny" || d.GetLayer() != "identity" ||
		d.GetSeq() != 1 || !d.GetTime().Equal(w.clock.Now()) || d.GetMessage() == "" || len(d.Context["aws:CurrentTime"]) != 1 || len(d.Policies) != 2 || len(d.Policies[1].GetDigest()) != 64 {
		t.Errorf("%+v", d)
	}
}

func TestOwnDecisionsAreListedOnRequest(t *testing.T) {
	w := newWorld(t)
	list := func(in sallyportapi.ListDecisionsRequest) int {
		t.Helper()
		return len(must(w, sallyportapi.ListDecisions, &in).Decisions)
	}
	if n := list(sallyportapi.ListDecisionsRequest{}); n != 0 {
		t.Errorf("looking shows %d decisions about looking", n)
	}
	if n := list(sallyportapi.ListDecisionsRequest{Action: ptr("sallyport:*")}); n != 2 {
		t.Errorf("asked for, they are %d, want 2", n)
	}
	if _, err := call(w, w.user(here, "ann"), sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{}); err == nil {
		t.Fatal("a user without permission listed decisions")
	}
	if n := list(sallyportapi.ListDecisionsRequest{}); n != 1 {
		t.Errorf("a denied look is shown %d times, want 1", n)
	}
}

func TestListPages(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		_ = w.ask(root, fmt.Sprint(i))
		must(w, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{}) // stands between, hidden
	}
	var got []string
	in := &sallyportapi.ListDecisionsRequest{Limit: ptr(int32(3))}
	for pages := 0; ; pages++ {
		if pages > 3 {
			t.Fatal("the list does not end")
		}
		out := must(w, sallyportapi.ListDecisions, in)
		got = append(got, ids(out.Decisions)...)
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if want := []string{"6", "5", "4", "3", "2", "1", "0"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for _, token := range []string{"x", "-1", "0", "99999999999999999999"} {
		_, err := call(w, root, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{NextToken: &token})
		refused(t, err, "InvalidParameterException", "NextToken")
	}
	_, err := call(w, root, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{NextToken: ptr("3"), After: ptr(int64(1))})
	refused(t, err, "InvalidParameterException", "exclude")
}

func TestFollowing(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		_ = w.ask(root, fmt.Sprint(i))
	}
	follow := func(after int64, limit int32) *sallyportapi.ListDecisionsResponse {
		t.Helper()
		return must(w, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{After: &after, Limit: &limit})
	}
	out := follow(0, 2)
	if got := ids(out.Decisions); !slices.Equal(got, []string{"0", "1"}) || out.GetLast() != 2 {
		t.Errorf("got %v, last %d", got, out.GetLast())
	}
	out = follow(out.GetLast(), 2)
	if got := ids(out.Decisions); !slices.Equal(got, []string{"2"}) || out.GetLast() < 3 {
		t.Errorf("got %v, last %d", got, out.GetLast())
	}
	if out = follow(out.GetLast(), 2); len(out.Decisions) != 0 {
		t.Errorf("got %v again", ids(out.Decisions))
	}
	// The number of an earlier life of an ephemeral server.
	if out = follow(1_000_000, 2); len(out.Decisions) != 0 || out.GetLast() > 100 {
		t.Errorf("got %v, last %d", ids(out.Decisions), out.GetLast())
	}
}

func TestFollowingWaitsForSomethingNew(t *testing.T) {
	w := newWorld(t)
	answer := make(chan *sallyportapi.ListDecisionsResponse, 1)
	wait := func() {
		out, err := call(w, root, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{After: ptr(int64(0)), WaitSeconds: ptr(int32(20))})
		if err != nil {
			t.Error(err)
		}
		answer <- out
	}
	go wait()
	select {
	case out := <-answer:
		t.Fatalf("answered at once: %v", ids(out.Decisions))
	case <-time.After(50 * time.Millisecond):
	}
	_ = w.ask(w.user(here, "ann"), "news")
	if out := <-answer; !slices.Equal(ids(out.Decisions), []string{"news"}) {
		t.Errorf("got %v", ids(out.Decisions))
	}

	w = newWorld(t)
	go wait()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		w.clock.Advance(20 * time.Second)
		select {
		case out := <-answer:
			if len(out.Decisions) != 0 {
				t.Errorf("got %v", ids(out.Decisions))
			}
			return
		default:
			if time.Now().After(deadline) {
				t.Fatal("waits longer than asked")
			}
		}
	}
}

func TestFollowingEndsWithItsRequest(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := op.Do(ctx, w.bus, op.As{Caller: root, Region: region}, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{After: ptr(int64(0)), WaitSeconds: ptr(int32(20))})
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("a request that was given up was answered")
	}
}
