package trail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/policy"
)

// TestQuestionIsRebuiltAfterRestart: the explanation of a decision is the same
// while it is in memory, after it was written, and after a restart.
func TestQuestionIsRebuiltAfterRestart(t *testing.T) {
	w := newWorld(t, t.TempDir(), small)
	r, layers := asked(t, "q")
	before := policy.Explain(&policy.Request{
		Principal: r.Principal, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount, Context: r.context,
	}, layers)
	w.Add(r, layers)
	inMemory := w.request("q")[0]
	check := func(when string) {
		t.Helper()
		found := w.request("q")
		if len(found) != 1 {
			t.Fatalf("%s: %d records", when, len(found))
		}
		same(t, found[0], inMemory)
		question, again, err := w.Question(background, found[0])
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if diff := cmp.Diff(asJSON(t, before), asJSON(t, policy.Explain(question, again))); diff != "" {
			t.Errorf("%s: the explanation changed: %s", when, diff)
		}
		if got := again.Identity[0].Policy.Source(); string(got) != allowText {
			t.Errorf("%s: the policy's text is %q", when, got)
		}
		if again.Boundary == nil || again.Boundary.Policy != nil || again.Boundary.Name != "gone" {
			t.Errorf("%s: the boundary that is gone is %+v", when, again.Boundary)
		}
		if len(again.ServiceControl) != 3 || len(again.ServiceControl[0]) != 2 || len(again.ServiceControl[1]) != 0 || len(again.ResourceControl) != 2 || again.Endpoint == nil {
			t.Errorf("%s: the control policies are %+v and %+v, the endpoint's %+v", when, again.ServiceControl, again.ResourceControl, again.Endpoint)
		}
		if !again.SessionLimited || !again.ResourceMustAllow {
			t.Errorf("%s: the layers lost how they combine", when)
		}
	}
	check("in memory")
	w.reopen()
	check("after a restart")
	if w.Last() != 1 {
		t.Errorf("numbering continues from %d", w.Last())
	}
	w.add(1)
	if got := w.newest(0, Filter{}, 10); !slices.Equal(got, down(2, 1)) {
		t.Errorf("after one more: %v", got)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestRecordsAreSpelledOut pins the form in which records lie on disk: later
// versions must read it.
func TestRecordsAreSpelledOut(t *testing.T) {
	w := newWorld(t, "", small)
	r, layers := asked(t, "q")
	w.Add(r, layers)
	got := asJSON(t, w.After(0, Filter{}, 1)[0])
	const golden = "testdata/record.json"
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), got); diff != "" {
		t.Errorf("%s: %s", golden, diff)
	}
}

func TestListingCrossesFromMemoryToDisk(t *testing.T) {
	w := newWorld(t, t.TempDir(), sizes{memory: 8, recent: 8, stored: 1000, chapter: 10, batch: 3, pace: time.Millisecond})
	for range 6 {
		w.add(5)
		w.settle()
	}
	for _, c := range []struct {
		name   string
		before uint64
		filter Filter
		limit  int
		want   []uint64
	}{
		{"everything", 0, Filter{}, 100, down(30, 1)},
		{"memory only", 0, Filter{}, 3, down(30, 28)},
		{"across", 0, Filter{}, 15, down(30, 16)},
		{"continued in memory", 29, Filter{}, 2, down(28, 27)},
		{"continued on disk", 12, Filter{}, 4, down(11, 8)},
		{"the last one", 2, Filter{}, 10, down(1, 1)},
		{"nothing is older", 1, Filter{}, 10, nil},
		{"no limit means none", 0, Filter{}, 0, nil},
		{"a negative limit too", 0, Filter{}, -1, nil},
		{"selected from both", 0, Filter{RequestID: "r2*"}, 100, append(down(29, 20), 2)},
		{"nothing selected", 0, Filter{Denied: true}, 100, nil},
		{"a number of the future", 1 << 63, Filter{}, 2, down(30, 29)},
	} {
		if got := w.newest(c.before, c.filter, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := seqs(w.After(27, Filter{}, 2)); !slices.Equal(got, []uint64{28, 29}) {
		t.Errorf("after 27: %v", got)
	}
	if got := seqs(w.After(0, Filter{}, 100)); len(got) != 8 || got[0] != 23 {
		t.Errorf("memory holds %v", got)
	}
	if got := w.After(31, Filter{}, 100); got != nil {
		t.Errorf("after the end: %v", seqs(got))
	}
}

// TestRequestWhoseRecordsPartlyLeftMemory: a long request asks its last
// question when its first one is only on disk.
func TestRequestWhoseRecordsPartlyLeftMemory(t *testing.T) {
	w := newWorld(t, t.TempDir(), sizes{memory: 4, recent: 4, stored: 1000, chapter: 3, batch: 2, pace: time.Millisecond})
	long := func() { w.Add(&Record{RequestID: "long"}, &policy.Layers{}) }
	long()
	w.add(3)
	w.settle()
	long()
	w.add(3)
	w.settle()
	long()
	want := []uint64{1, 5, 9}
	if got := seqs(w.request("long")); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.reopen()
	if got := seqs(w.request("long")); !slices.Equal(got, want) {
		t.Errorf("after a restart: %v, want %v", got, want)
	}
	for _, id := range []string{"lon", "long2", "", "r", `r1","r2`} {
		if got := w.request(id); len(got) != 0 {
			t.Errorf("request %q: %v", id, seqs(got))
		}
	}
}

func TestWait(t *testing.T) {
	w := newWorld(t, "", small)
	w.add(1)
	if err := w.Wait(background, 0); err != nil {
		t.Error(err)
	}
	var woken sync.WaitGroup
	for range 3 {
		woken.Go(func() {
			if err := w.Wait(background, 1); err != nil {
				t.Error(err)
			}
		})
	}
	w.add(1)
	woken.Wait()
	ended, end := context.WithCancel(background)
	end()
	if err := w.Wait(ended, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFilter(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	r := &Record{
		Time: noon, RequestID: "abc-1", Account: "111111111111", ResourceAccount: "222222222222", Action: "lambda:InvokeFunction", Resource: function,
		Principal: policy.Principal{Account: "333333333333", ARN: user},
	}
	for _, c := range []struct {
		name   string
		filter Filter
		match  bool
	}{
		{"the zero filter", Filter{}, true},
		{"account of the call", Filter{Account: "111111111111"}, true},
		{"account of the resource", Filter{Account: "222222222222"}, true},
		{"account of the principal", Filter{Account: "333333333333"}, true},
		{"another account", Filter{Account: "444444444444"}, false},
		{"an account has no wildcard", Filter{Account: "1*"}, false},
		{"exact action", Filter{Action: "lambda:InvokeFunction"}, true},
		{"prefix of the action without a wildcard", Filter{Action: "lambda:Invoke"}, false},
		{"action by prefix", Filter{Action: "lambda:*"}, true},
		{"a lone wildcard", Filter{Resource: "*"}, true},
		{"a wildcard in the middle is text", Filter{Action: "lambda:*Function"}, false},
		{"longer than the text", Filter{Action: "lambda:InvokeFunctionUrl*"}, false},
		{"principal", Filter{Principal: user}, true},
		{"another principal", Filter{Principal: user + "2"}, false},
		{"request", Filter{RequestID: "abc-*"}, true},
		{"denied ones", Filter{Denied: true}, true},
		{"allowed ones", Filter{Allowed: true}, false},
		{"denied and allowed", Filter{Denied: true, Allowed: true}, false},
		{"since then", Filter{Since: noon}, true},
		{"since later", Filter{Since: noon.Add(1)}, false},
		{"all members count", Filter{Action: "lambda:*", Principal: "x"}, false},
	} {
		if got := c.filter.Match(r); got != c.match {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestCausedFindsWhatARequestLedTo, in memory and in the store.
func TestCausedFindsWhatARequestLedTo(t *testing.T) {
	w := newWorld(t, t.TempDir(), small)
	for i := range 30 {
		r := &Record{RequestID: fmt.Sprint("request-", i), Effect: "allowed", Allowed: true}
		if i%10 == 3 {
			r.Parent = "publish"
		}
		w.Add(r, &policy.Layers{})
		w.settle()
	}
	w.reopen()
	for _, limit := range []int{2, 10} {
		got, err := w.Caused(background, "publish", limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range got {
			ids = append(ids, r.RequestID)
		}
		// The first ones left the store with their chapters.
		if want := []string{"request-13", "request-23"}; !reflect.DeepEqual(ids, want) {
			t.Errorf("limit %d: caused %v, want %v", limit, ids, want)
		}
	}
	if got, err := w.Caused(background, "request-13", 10); err != nil || len(got) != 0 {
		t.Errorf("caused %v, %v", got, err)
	}
}
