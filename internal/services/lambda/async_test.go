package lambda

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) send(name, payload string) {
	w.Helper()
	out := must(w, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: &name, InvocationType: ptr("Event"), Payload: []byte(payload)})
	if *out.StatusCode != 202 || out.Payload != nil {
		w.Errorf("an event is answered by %+v", out)
	}
}

// failures gives how often the only queued event has failed; -1 without event.
func (w *world) failures() int {
	for _, e := range w.lambda.events.All("") {
		return e.Failures
	}
	return -1
}

// ran counts runs of functions that print "ran", by their logs.
func (w *world) ran(name string) int {
	n := 0
	for _, l := range w.lines("/aws/lambda/" + name) {
		n += strings.Count(l, "ran")
	}
	return n
}

const (
	logRole = `{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`
	failing = "def handler(e, c):\n    print('ran')\n    raise Exception('no')\n"
	working = "def handler(e, c):\n    print('ran', e)\n"
)

func (w *world) logging(name, source string) {
	w.Helper()
	w.function(name, source)
	w.iam.grant("arn:aws:iam::"+here+":role/"+name+"-role", logRole)
}

func TestAnEventRunsOnce(t *testing.T) {
	w := newWorld(t)
	w.logging("f", working)
	w.send("f", `{"n":1}`)
	w.eventually("the event ran", func() bool { return w.ran("f") == 1 && w.lambda.events.Len() == 0 })
	if left, err := w.lambda.payloads.Scan(context.Background(), store.Range{Limit: 1}); err != nil || len(left) != 0 {
		t.Errorf("its payload is left: %v", err)
	}
}

func TestAFailingEventIsTriedTwiceAgain(t *testing.T) {
	w := newWorld(t)
	w.logging("f", failing)
	w.send("f", "{}")
	w.eventually("it failed once", func() bool { return w.failures() == 1 })
	w.clock.Advance(59 * time.Second)
	if w.failures() != 1 {
		t.Error("tried again before the minute was over")
	}
	w.clock.Advance(time.Second)
	w.eventually("it failed twice", func() bool { return w.failures() == 2 })
	w.clock.Advance(2 * time.Minute)
	w.eventually("it is given up", func() bool { return w.lambda.events.Len() == 0 })
	w.eventually("it ran three times", func() bool { return w.ran("f") == 3 })
}

func TestRetrySettingsAreHonoured(t *testing.T) {
	w := newWorld(t)
	w.logging("f", failing)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), MaximumRetryAttempts: ptr(int32(0))})
	w.send("f", "{}")
	w.eventually("it is given up after one attempt", func() bool { return w.lambda.events.Len() == 0 && w.ran("f") == 1 })
	w.send("f:1", "{}")
	w.eventually("version 1 has settings of its own: the default", func() bool { return w.failures() == 1 })
}

// full lets a function run once at a time, and takes that place until leave.
func (w *world) full(name string) (leave func()) {
	w.Helper()
	must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: &name, ReservedConcurrentExecutions: ptr(int32(1))})
	leave, err := w.lambda.enter(ref{here, region, name, ""})
	if err != nil {
		w.Fatal(err)
	}
	return leave
}

func TestAnEventThatIsTooOldIsDropped(t *testing.T) {
	w := newWorld(t)
	w.logging("f", working)
	must(w, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), MaximumEventAgeInSeconds: ptr(int32(60))})
	w.full("f")
	w.send("f", "{}")
	w.eventually("it was tried and put off", func() bool { return w.lambda.events.Waiting(fRef.key()) == 1 })
	w.clock.Advance(61 * time.Second)
	w.eventually("it is dropped", func() bool { return w.lambda.events.Len() == 0 })
	if w.ran("f") != 0 {
		t.Error("and yet it ran")
	}
}

func TestAThrottledEventRunsWhenThereIsRoom(t *testing.T) {
	w := newWorld(t)
	w.logging("f", working)
	leave := w.full("f")
	w.send("f", "{}")
	w.eventually("it waits for room", func() bool { return w.lambda.events.Waiting(fRef.key()) == 1 })
	leave() // the clock stands still: only the room can wake it
	w.eventually("it ran", func() bool { return w.lambda.events.Len() == 0 && w.ran("f") == 1 })
}

func TestQueuedEventsSurviveTheServer(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.logging("f", working)
	w.full("f")
	for i := range 5 {
		w.send("f", fmt.Sprintf(`{"n":%d}`, i))
	}
	again := w.reopen() // nobody takes the function's place there
	again.eventually("all ran", func() bool { return again.lambda.events.Len() == 0 && again.ran("f") == 5 })
	for i := range 5 {
		if !strings.Contains(strings.Join(again.lines("/aws/lambda/f"), ""), fmt.Sprintf("{'n': %d}", i)) {
			t.Errorf("event %d lost its payload", i)
		}
	}
}

func TestAnEventInterruptedByTheEndOfTheServerRunsAgain(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.logging("f", "import os, time\ndef handler(e, c):\n    print('ran')\n    time.sleep(30 if e['slow'] else 0)\n")
	w.send("f", `{"slow": true}`)
	w.eventually("it runs", func() bool {
		w.lambda.running.mu.Lock()
		defer w.lambda.running.mu.Unlock()
		return len(w.lambda.running.pools) == 1
	})
	begun := time.Now()
	again := w.reopen()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("closing waited %v for the function", took)
	}
	if n := again.lambda.events.Len(); n != 1 {
		t.Errorf("%d events are left, want the one that was interrupted", n)
	}
}

func TestTheQueueIsBoundedAndDiesWithTheFunction(t *testing.T) {
	w := newWorld(t)
	w.logging("f", working)
	w.full("f")
	w.send("f", "{}")
	w.fill(limits.AsyncQueue - 1)
	_, err := call(w, root, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: ptr("f"), InvocationType: ptr("Event")})
	refused(t, err, 429, "TooManyRequestsException", "Rate Exceeded.")
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	w.eventually("its event went with it", func() bool { return w.lambda.events.Len() == limits.AsyncQueue-1 })
	left, err := w.lambda.payloads.Scan(context.Background(), store.Range{Limit: 10})
	if err != nil || len(left) != 0 {
		t.Errorf("%d payloads are left, %v", len(left), err)
	}
}

func TestAsyncSettings(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	_, err := call(w, root, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f")})
	refused(t, err, 400, "InvalidParameterValueException", "You must specify at least one of error handling or destination setting.")
	to := func(arn string) *lambdaapi.DestinationConfig {
		return &lambdaapi.DestinationConfig{OnFailure: &lambdaapi.OnFailure{Destination: &arn}}
	}
	_, err = call(w, root, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), DestinationConfig: to(arnOf(here, "f"))})
	refused(t, err, 400, "InvalidParameterValueException", "You can't specify the function as a destination for itself.")
	_, err = call(w, root, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), DestinationConfig: to("arn:aws:sqs:us-east-1:" + here + ":q")})
	refused(t, err, 400, "InvalidParameterValueException", "The function's execution role does not have permissions to call SendMessage on arn:aws:sqs:us-east-1:"+here+":q")
	_, err = call(w, root, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("g"), MaximumRetryAttempts: ptr(int32(1))})
	refused(t, err, 404, "ResourceNotFoundException", "The function doesn't exist.")
	put := must(w, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), MaximumRetryAttempts: ptr(int32(1))})
	if put.GetFunctionArn() != arnOf(here, "f:$LATEST") || put.MaximumEventAgeInSeconds != nil || put.LastModified == nil {
		t.Errorf("got %+v", put)
	}
	got := must(w, lambdaapi.UpdateFunctionEventInvokeConfig, &lambdaapi.UpdateFunctionEventInvokeConfigRequest{FunctionName: ptr("f:$LATEST"), MaximumEventAgeInSeconds: ptr(int32(90))})
	if got.GetMaximumRetryAttempts() != 1 || got.GetMaximumEventAgeInSeconds() != 90 {
		t.Errorf("an update keeps what it does not name: %+v", got)
	}
	if all := must(w, lambdaapi.ListFunctionEventInvokeConfigs, &lambdaapi.ListFunctionEventInvokeConfigsRequest{FunctionName: ptr("f")}); len(all.FunctionEventInvokeConfigs) != 1 {
		t.Errorf("listed %d", len(all.FunctionEventInvokeConfigs))
	}
	must(w, lambdaapi.DeleteFunctionEventInvokeConfig, &lambdaapi.DeleteFunctionEventInvokeConfigRequest{FunctionName: ptr("f")})
	_, err = call(w, root, lambdaapi.UpdateFunctionEventInvokeConfig, &lambdaapi.UpdateFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), MaximumEventAgeInSeconds: ptr(int32(90))})
	refusedLike(t, err, 404, "ResourceNotFoundException", "doesn't have an EventInvokeConfig")
}

func TestPausesGrowToFiveMinutes(t *testing.T) {
	var pauses []time.Duration
	for waited := time.Duration(0); len(pauses) < 12; waited += pauses[len(pauses)-1] {
		pauses = append(pauses, pauseAfter(waited))
	}
	if pauses[0] != time.Second || pauses[2] != 2*time.Second || pauses[9] != 256*time.Second || pauses[10] != 5*time.Minute || pauses[11] != 5*time.Minute {
		t.Errorf("pauses %v", pauses)
	}
}

// fill puts events into the queue that nobody sent, and that are due later.
func (w *world) fill(n int) {
	w.Helper()
	err := w.store.Update(context.Background(), func(tx *store.Tx) (err error) {
		for i := range n {
			err = errors.Join(err, w.lambda.events.Put(tx, fmt.Sprint(i), w.clock.Now().Add(24*time.Hour), &event{}))
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// fRef is the function of these tests.
var fRef = ref{account: here, region: region, name: "f"}
