package executor

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// counting logs its inits, and says how it was initialised.
const counting = `import os, time
print("INIT", os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"])
n = 0
def handler(event, context):
    global n
    n += 1
    while event.get("wait") and not os.path.exists(os.environ["LAMBDA_TASK_ROOT"] + "/go-on"):
        time.sleep(0.01)
    if event.get("exit"):
        os._exit(1)
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], n]
`

// provision keeps n environments of a function, and gives it as invokes use it
// when they find none.
func (w *world) provision(f *Function, n int) *Provision {
	kept := *f
	kept.Key += ":provisioned"
	return w.x.Provision(context.Background(), &kept, n)
}

func (w *world) first(f *Function, p *Provision, payload string) *Result {
	w.Helper()
	r, err := w.x.Invoke(context.Background(), f, &Invocation{RequestID: "r", Payload: []byte(payload), Tail: true, First: p})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// has waits until there are so many environments, and all that are wanted.
func (w *world) has(p *Provision, n int) {
	w.Helper()
	w.eventually("all environments are there", func() bool {
		s := p.State()
		return s == Provisioned{Wanted: n, Allocated: n, Available: n}
	})
}

func TestProvisionedEnvironmentsAreInitialisedBeforeTheirFirstInvoke(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("f", counting)
		p := w.provision(f, 2)
		w.has(p, 2)
		if got := strings.Count(w.log(), "INIT provisioned-concurrency"); got != 2 {
			t.Errorf("%d inits without any invoke\n%s", got, w.log())
		}
		r := w.first(f, p, "{}")
		if r.Cold || string(r.Payload) != `["provisioned-concurrency", 1]` || strings.Contains(string(r.Tail), "Init Duration") {
			t.Errorf("cold %v, %s\n%s", r.Cold, r.Payload, r.Tail)
		}
		if got := strings.Count(w.log(), "INIT "); got != 2 {
			t.Errorf("%d inits after the invoke\n%s", got, w.log())
		}
	})
}

func TestInvokesSpillOverWhenAllProvisionedEnvironmentsAreBusy(t *testing.T) {
	w := newWorld(t, Config{})
	f := w.python("f", counting)
	p := w.provision(f, 1)
	w.has(p, 1)
	slow := make(chan *Result)
	go func() {
		r, err := w.x.Invoke(context.Background(), f, &Invocation{RequestID: "slow", Payload: []byte(`{"wait":true}`), First: p})
		if err != nil {
			t.Error(err)
		}
		slow <- r
	}()
	w.eventually("the slow invoke has begun", func() bool { return w.x.Status().Idle == 0 })
	r := w.first(f, p, "{}")
	if !r.Cold || string(r.Payload) != `["on-demand", 1]` {
		t.Errorf("the second invoke: cold %v, %s", r.Cold, r.Payload)
	}
	if s := p.State(); s.Available != 1 {
		t.Errorf("a busy environment is not available any more: %+v", s)
	}
	w.write(f.CodeDir, "go-on", "")
	if r := <-slow; string(r.Payload) != `["provisioned-concurrency", 1]` {
		t.Errorf("the slow invoke: %s", r.Payload)
	}
	if r := w.first(f, p, "{}"); string(r.Payload) != `["provisioned-concurrency", 2]` {
		t.Errorf("once it is idle again the provisioned environment is used first: %s", r.Payload)
	}
}

func TestAProvisionedEnvironmentThatDiedIsReplacedInItsAbsence(t *testing.T) {
	w := newWorld(t, Config{})
	f := w.python("f", counting)
	p := w.provision(f, 1)
	w.has(p, 1)
	if r := w.first(f, p, `{"exit":true}`); r.FunctionError == "" {
		t.Fatalf("%s", r.Payload)
	}
	w.eventually("there is another one", func() bool { return strings.Count(w.log(), "INIT provisioned") == 2 && p.State().Available == 1 })
	if r := w.first(f, p, "{}"); r.Cold || string(r.Payload) != `["provisioned-concurrency", 1]` {
		t.Errorf("cold %v, %s", r.Cold, r.Payload)
	}
}

func TestAProvisionedEnvironmentIsNotEndedByBeingIdle(t *testing.T) {
	now := clock.NewManual(time.Now())
	w := newWorld(t, Config{Clock: now})
	f := w.python("f", counting)
	f.Credentials = nil
	p := w.provision(f, 1)
	w.has(p, 1)
	for range 4 {
		now.Advance(limits.EnvironmentIdle)
		w.x.tend()
	}
	if r := w.first(f, p, "{}"); r.Cold || string(r.Payload) != `["provisioned-concurrency", 1]` {
		t.Errorf("cold %v, %s", r.Cold, r.Payload)
	}
}

func TestAProvisionedEnvironmentHasASuccessorBeforeItsCredentialsEnd(t *testing.T) {
	now := clock.NewManual(time.Now())
	w := newWorld(t, Config{Clock: now})
	f := w.python("f", counting)
	f.Credentials = func(context.Context) (Credentials, error) {
		return Credentials{Expires: now.Now().Add(time.Hour)}, nil
	}
	p := w.provision(f, 1)
	w.has(p, 1)
	before := w.first(f, p, "{}").EnvironmentID
	now.Advance(time.Hour - limits.ProvisionAhead)
	w.eventually("the successor is there", func() bool { return strings.Count(w.log(), "INIT provisioned") == 2 })
	w.has(p, 1)
	w.eventually("the old one is gone", func() bool { return w.x.Status().Environments == 1 })
	if r := w.first(f, p, "{}"); r.EnvironmentID == before || string(r.Payload) != `["provisioned-concurrency", 1]` {
		t.Errorf("environment %s as before; %s", r.EnvironmentID, r.Payload)
	}
}

func TestAProvisionSaysWhyItHasNoEnvironments(t *testing.T) {
	now := clock.NewManual(time.Now())
	w := newWorld(t, Config{Clock: now})
	broken := w.python("broken", "raise ValueError('no luck')\n")
	noRole := w.python("norole", counting)
	var allowed atomic.Bool
	noRole.Credentials = func(context.Context) (Credentials, error) {
		if !allowed.Load() {
			return Credentials{}, errors.New("denied")
		}
		return Credentials{}, nil
	}
	p, q := w.provision(broken, 3), w.provision(noRole, 1)
	var failed *InitError
	var denied *CredentialsError
	w.eventually("both have failed", func() bool {
		return errors.As(p.State().Failure, &failed) && errors.As(q.State().Failure, &denied)
	})
	w.eventually("the last of three has failed", func() bool { return p.State().Allocated == 0 })
	if s := p.State(); s.Available != 0 || s.Wanted != 3 {
		t.Errorf("%+v", s)
	}
	allowed.Store(true)
	now.Advance(limits.ProvisionRetry)
	w.has(q, 1)
}

func TestAProvisionFollowsItsSize(t *testing.T) {
	w := newWorld(t, Config{MaxEnvironments: 3})
	f := w.python("f", counting)
	p := w.provision(f, 1)
	w.has(p, 1)
	p.Resize(3)
	w.has(p, 3)
	other := w.python("other", counting)
	if _, err := w.invoke(other, "{}"); !errors.Is(err, ErrTooManyEnvironments) {
		t.Errorf("a provisioned environment made room for another function: %v", err)
	}
	p.Resize(1)
	w.has(p, 1)
	w.eventually("two are gone", func() bool { return w.x.Status().Environments == 1 })
	p.Close()
	w.eventually("all are gone", func() bool { return w.x.Status().Environments == 0 })
	if s := p.State(); s.Allocated != 0 {
		t.Errorf("%+v", s)
	}
}

func TestExtensionsOfAProvisionedEnvironmentAreReadyToo(t *testing.T) {
	w := newWorld(t, Config{})
	f := w.binary("extended", "bootstrap")
	w.extended(f, "one")
	p := w.provision(f, 1)
	w.has(p, 1)
	w.eventually("the extension has registered", func() bool { return strings.Count(w.log(), "registered one 200") == 1 })
	if r := w.first(f, p, "1"); r.Cold || string(r.Payload) != "1" {
		t.Errorf("cold %v, %s", r.Cold, r.Payload)
	}
	w.eventually("the extension saw the invoke", func() bool { return strings.Contains(w.log(), "INVOKE r") })
}

func TestAProvisionedEnvironmentWhoseExtensionDiedIsReplaced(t *testing.T) {
	w := newWorld(t, Config{})
	f := w.binary("extended", "bootstrap")
	w.extended(f, "one")
	f.Variables["MODE"] = "crash"
	p := w.provision(f, 1)
	w.has(p, 1)
	w.first(f, p, "1")
	w.eventually("there is another one", func() bool { return strings.Count(w.log(), "registered one 200") == 2 && p.State().Available == 1 })

	broken := w.binary("broken", "bootstrap")
	w.extended(broken, "one")
	broken.Variables["MODE"] = "exit"
	q := w.provision(broken, 1)
	var failed *InitError
	w.eventually("the init has failed", func() bool { return errors.As(q.State().Failure, &failed) })
	if failed.Type != "Extension.Crash" {
		t.Errorf("it failed with %q", failed.Type)
	}
}
