package sallyport

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// caused asks the world's question as who, under a request id, because of another
// request.
func (w *world) caused(as caller.Caller, requestID, parent string) {
	w.Helper()
	_, _ = op.Do(context.Background(), w.bus, op.As{Caller: as, Region: region, RequestID: requestID, Parent: parent}, api.Typed[question, question](askedAPI, "Invoke"), &question{})
}

// chainOf is what an account is told to have led to a request, and to have
// followed from it: the request ids, denials with a "-" before them.
func (w *world) chainOf(as caller.Caller, requestID string) (causes, consequences string) {
	w.Helper()
	out, err := call(w, as, sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: &requestID})
	if err != nil {
		w.Fatalf("%s: %v", requestID, err)
	}
	ids := func(list []sallyportapi.ExplainedDecision) string {
		var all []string
		for i := range list {
			d := &list[i]
			id := d.Decision.GetRequestId()
			if d.Decision.GetAllowed() {
				if d.Tree != nil || d.Text != nil || len(d.Fixes) > 0 {
					w.Errorf("%s was allowed, and is told at length", id)
				}
			} else {
				id = "-" + id
				if d.Tree == nil || len(d.Fixes) == 0 {
					w.Errorf("%s was denied, and is not told why", id)
				}
			}
			if d.GetSummary() == "" {
				w.Errorf("%s has no reason", id)
			}
			all = append(all, id)
		}
		return strings.Join(all, " ")
	}
	return ids(out.Causes), ids(out.Consequences)
}

func topicIn(account string) caller.Caller {
	return caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceARN: "arn:aws:sns:us-east-1:" + account + ":t", SourceAccount: account})
}

// TestChain: every account is told its part, and nothing that lies behind a part
// of others.
func TestChain(t *testing.T) {
	w := newWorld(t)
	ann := w.user(here, "ann", may(lambda, "*"))
	bob := w.user(there, "bob", may(lambda, "*"))
	theirRoot := caller.Root(there, caller.Key{})

	// Theirs: bob asks for a function of his own account, which leads to a push
	// to the one here, which leads to what only concerns this account.
	const theirs = "arn:aws:lambda:us-east-1:" + there + ":function:g"
	w.asked.arn = theirs
	w.caused(bob, "bobs", "")
	w.asked.arn = function
	w.caused(topicIn(there), "push", "bobs")
	w.caused(ann, "ours", "push")
	w.asked.arn = theirs
	w.caused(bob, "theirs-again", "ours")

	for _, c := range []struct {
		name         string
		as           caller.Caller
		request      string
		causes, then string
	}{
		{"from the start, as far as they take part", theirRoot, "bobs", "", "-push"},
		{"the push, to whom it came", root, "push", "", "ours"},
		{"the push, to whose topic it was", theirRoot, "push", "bobs", ""},
		{"and no further", root, "ours", "-push", ""},
		{"nor is what lies behind a request of others", theirRoot, "theirs-again", "", ""},
	} {
		causes, then := w.chainOf(c.as, c.request)
		if causes != c.causes || then != c.then {
			t.Errorf("%s: %s was led to by %q and led to %q, want %q and %q", c.name, c.request, causes, then, c.causes, c.then)
		}
	}
}

// TestChainOfARequestThatAskedNothing: a batch of a queue's messages has an id, and
// what the function does with it names that as its cause.
func TestChainOfARequestThatAskedNothing(t *testing.T) {
	w := newWorld(t)
	w.caused(w.user(here, "ann", may(lambda, "*")), "call", "batch")
	if causes, then := w.chainOf(root, "batch"); causes != "" || then != "call" {
		t.Errorf("led to by %q, led to %q", causes, then)
	}
	if causes, then := w.chainOf(root, "call"); causes != "" || then != "" {
		t.Errorf("led to by %q, led to %q", causes, then)
	}
	id := "batch"
	_, err := call(w, caller.Root(there, caller.Key{}), sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: &id})
	refused(t, err, "ResourceNotFoundException", "account "+there+" takes no part in it")
}

// TestChainIsBounded: neither a request that causes itself nor a very long or wide
// chain goes on for ever.
func TestChainIsBounded(t *testing.T) {
	w := newWorld(t)
	ann := w.user(here, "ann", may(lambda, "*"))
	w.caused(ann, "a", "b")
	w.caused(ann, "b", "a")
	if causes, then := w.chainOf(root, "a"); causes != "b" || then != "b" {
		t.Errorf("a circle: led to by %q, led to %q", causes, then)
	}

	w.caused(ann, "d0", "")
	for i := range limits.ChainDepth + 5 {
		w.caused(ann, fmt.Sprintf("d%d", i+1), fmt.Sprintf("d%d", i))
	}
	_, then := w.chainOf(root, "d0")
	if got := len(strings.Fields(then)); got != limits.ChainDepth {
		t.Errorf("%d steps of a deep chain, want %d", got, limits.ChainDepth)
	}
	causes, _ := w.chainOf(root, fmt.Sprintf("d%d", limits.ChainDepth+5))
	if all := strings.Fields(causes); len(all) != limits.ChainDepth || all[len(all)-1] != fmt.Sprintf("d%d", limits.ChainDepth+4) {
		t.Errorf("the causes of a deep chain: %v", all)
	}

	for i := range limits.ChainRecords + 5 {
		w.caused(ann, fmt.Sprintf("w%d", i), "wide")
	}
	w.caused(ann, "wide", "")
	_, then = w.chainOf(root, "wide")
	if all := strings.Fields(then); len(all) != limits.ChainRecords || !slices.Contains(all, "w0") {
		t.Errorf("%d steps of a wide chain, want %d", len(all), limits.ChainRecords)
	}
}
