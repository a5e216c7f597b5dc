package lambda

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

func TestAMappingBringsMessages(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", "import json\ndef handler(e, c):\n    print('event', json.dumps(e))\n", q)
	// The function's policy lets nobody in, and the role may not invoke it: nobody asks.
	uuid := w.mapped(mappingOf("f", q))
	must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(q)), MessageBody: ptr(`<{"a":1}>`), MessageAttributes: map[string]sqsapi.MessageAttributeValue{
		"color": {DataType: ptr("String"), StringValue: ptr("blue")},
		"raw":   {DataType: ptr("Binary"), BinaryValue: []byte{1, 2}},
	}})
	w.eventually("it is done", func() bool { return w.counted(uuid).DeletedEventCount == 1 && len(w.printed("f", "event")) == 1 })
	event := w.printed("f", "event")[0]
	for _, part := range []string{
		`"messageId": "`, `"receiptHandle": "`, `"body": "<{\"a\":1}>"`, `"ApproximateReceiveCount": "1"`, `"SentTimestamp": "`, `"SenderId": "` + here + `"`, `"ApproximateFirstReceiveTimestamp": "`,
		`"color": {"stringValue": "blue", "stringListValues": [], "binaryListValues": [], "dataType": "String"}`,
		`"raw": {"binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"}`,
		`"md5OfMessageAttributes": "`, `"md5OfBody": "`, `"eventSource": "aws:sqs"`, `"eventSourceARN": "` + q + `"`, `"awsRegion": "us-east-1"`,
	} {
		if !strings.Contains(event, part) {
			t.Errorf("the event lacks %s: %s", part, event)
		}
	}
	if !w.isEmpty(q) || w.result(uuid) != "" {
		t.Errorf("something is left, or wrong: %q", w.result(uuid))
	}
	if got := w.asked(invokeFunction); len(got) != 0 {
		t.Errorf("somebody was asked about the invoke: %+v", got)
	}
	polls := w.asked("sqs:ReceiveMessage")
	for _, r := range slices.Concat(polls, w.asked("sqs:DeleteMessage")) {
		if _, there := r.Context["lambda:SourceFunctionArn"]; there || r.Principal.RoleARN != roleOf("f") || !r.Allowed {
			t.Errorf("a poll is %+v", r)
		}
	}
	if len(polls) < 2 {
		t.Errorf("%d polls are recorded", len(polls))
	}
}

// TestPollsLackTheSourceFunction: a condition on lambda:SourceFunctionArn that
// allows does not help them, one that denies does not stop them.
func TestPollsLackTheSourceFunction(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.function("f", printing)
	condition := `{"ArnEquals":{"lambda:SourceFunctionArn":"` + arnOf(here, "f") + `"}}`
	w.iam.grant(roleOf("f"), logRole, statementOf("Allow", "sqs:*", q, condition))
	_, err := call(w, root, lambdaapi.CreateEventSourceMapping, mappingOf("f", q))
	refused(t, err, 400, "InvalidParameterValueException", "The function execution role does not have permissions to call ReceiveMessage on SQS")
	w.iam.grant(roleOf("f"), logRole, mayPoll(q), statementOf("Deny", "sqs:*", q, condition))
	w.mapped(mappingOf("f", q))
	w.post(q, "x")
	w.gets("f", "x")
}

func TestARightTakenAwayStopsPollsAtOnce(t *testing.T) {
	const (
		noReceive = "PROBLEM: The function execution role does not have permissions to call ReceiveMessage on SQS"
		noDelete  = "PROBLEM: The function execution role does not have permissions to call DeleteMessage on SQS"
		noAssume  = "PROBLEM: " + notAssumable
	)
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing, q)
	uuid := w.mapped(mappingOf("f", q))
	w.post(q, "before")
	w.gets("f", "before")
	w.eventually("it is deleted", func() bool { return w.isEmpty(q) })
	give := func() { w.iam.grant(roleOf("f"), logRole, mayPoll(q)) }
	id := ""
	for _, c := range []struct {
		name, trouble string
		take, back    func()
	}{
		{"the policy", noReceive, func() { w.iam.grant(roleOf("f"), logRole) }, give},
		{"an explicit deny", noReceive, func() {
			w.iam.grant(roleOf("f"), logRole, mayPoll(q), statementOf("Deny", "sqs:ReceiveMessage", "*", ""))
		}, give},
		{"the trust policy", noAssume, func() {
			w.iam.change(func() { w.iam.roles[roleOf("f")].trust = strings.ReplaceAll(trustLambda, "lambda", "ec2") })
		},
			func() { w.iam.change(func() { w.iam.roles[roleOf("f")].trust = trustLambda }) }},
		{"the role", noAssume, func() {
			w.iam.change(func() { id = w.iam.roles[roleOf("f")].ID; delete(w.iam.roles, roleOf("f")) })
		}, func() {
			w.role("f-role", trustLambda, logRole, mayPoll(q))
			w.iam.change(func() { w.iam.roles[roleOf("f")].ID = uniqueID("AROA", "anew") })
		}},
	} {
		// The clock stands still: the poll that waits is ended by the change alone.
		c.take()
		w.eventually(c.name+" is missed", func() bool { return w.result(uuid) == c.trouble })
		polled := w.counted(uuid).PolledEventCount
		w.post(q, c.name)
		if visible, hidden := w.inQueue(q); visible != 1 || hidden != 0 || w.counted(uuid).PolledEventCount != polled {
			t.Errorf("%s is gone and yet the message is received", c.name)
		}
		if m := must(w, lambdaapi.GetEventSourceMapping, &lambdaapi.GetEventSourceMappingRequest{UUID: &uuid}); m.GetState() != "Enabled" {
			t.Errorf("the mapping is %s", m.GetState())
		}
		c.back()
		w.eventually("it goes on after "+c.name, func() bool { return w.isEmpty(q) && w.result(uuid) == "" })
	}
	if w.iam.roles[roleOf("f")].ID == id {
		t.Error("the role made anew is the old one")
	}
	// The environment's own credentials died with the role; the logs with them.
	w.iam.grant(roleOf("f"), logRole, mayPoll(q), statementOf("Deny", "sqs:DeleteMessage", "*", ""))
	w.post(q, "kept")
	w.eventually("it cannot be deleted", func() bool { return w.result(uuid) == noDelete })
	if visible, hidden := w.inQueue(q); visible != 0 || hidden != 1 {
		t.Errorf("%d and %d messages", visible, hidden)
	}
	give()
	w.clock.Advance(31 * time.Second)
	w.eventually("it comes again, and goes", func() bool { return w.isEmpty(q) })
}

func TestTheRunIsLostWhenTheFunctionIs(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing, q)
	uuid := w.mapped(mappingOf("f", q))
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	w.iam.change(func() {}) // ends the poll
	w.eventually("the mapping says so", func() bool { return w.result(uuid) == "PROBLEM: Function not found: "+arnOf(here, "f") })
	w.post(q, "x")
	must(w, lambdaapi.CreateFunction, newRequest(w, "f", roleOf("f"), printing))
	w.eventually("it goes on", func() bool { w.clock.Advance(time.Second); return w.isEmpty(q) })
	w.gets("f", "x")
}

func TestMessagesOfAFailingFunctionGoToTheDeadLetters(t *testing.T) {
	w := newWorld(t)
	dead := w.queue("dead", nil)
	q := w.queue("q", map[string]string{"VisibilityTimeout": "20", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"2"}`})
	w.consumer("f", printing+"    raise Exception('no')\n", q)
	uuid := w.mapped(mappingOf("f", q))
	w.post(q, "x")
	w.eventually("the first try failed", func() bool { return w.counted(uuid).FailedInvokeEventCount == 1 })
	if got := w.result(uuid); got != "PROBLEM: Function call failed" {
		t.Errorf("the mapping says %q", got)
	}
	w.clock.Advance(19 * time.Second)
	if _, hidden := w.inQueue(q); hidden != 1 || w.counted(uuid).PolledEventCount != 1 {
		t.Error("it is tried again before the visibility timeout is over")
	}
	w.clock.Advance(time.Second)
	w.eventually("the second try failed", func() bool { return w.counted(uuid).FailedInvokeEventCount == 2 })
	w.clock.Advance(20 * time.Second)
	w.eventually("it is a dead letter", func() bool { visible, _ := w.inQueue(dead); return visible == 1 && w.isEmpty(q) })
	if got := w.counted(uuid); got.PolledEventCount != 2 || got.InvokedEventCount != 2 || got.DeletedEventCount != 0 {
		t.Errorf("counted %+v", got)
	}
}

// TestAThrottledFunctionGetsItsMessagesWhenThereIsRoom, without a second receive:
// that would count towards the dead letters.
func TestAThrottledFunctionGetsItsMessagesWhenThereIsRoom(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", map[string]string{"VisibilityTimeout": "60"})
	w.consumer("f", "def handler(e, c):\n    print('got', e['Records'][0]['attributes']['ApproximateReceiveCount'])\n", q)
	must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: ptr(int32(0))})
	uuid := w.mapped(mappingOf("f", q))
	w.post(q, "x")
	w.eventually("it looked how long it has", func() bool { return len(w.asked("sqs:GetQueueAttributes")) == 2 })
	if got := w.counted(uuid); got.FailedInvokeEventCount != 0 {
		t.Errorf("counted %+v", got)
	}
	must(w, lambdaapi.DeleteFunctionConcurrency, &lambdaapi.DeleteFunctionConcurrencyRequest{FunctionName: ptr("f")})
	w.gets("f", "1") // the clock stands still: only the room can wake it
	w.eventually("done", func() bool { return w.isEmpty(q) })

	// Not for longer than the messages are hidden: then others may have them.
	must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: ptr(int32(0))})
	w.post(q, "y")
	w.eventually("it is given up", func() bool { w.clock.Advance(5 * time.Second); return w.counted(uuid).FailedInvokeEventCount > 0 })
}

func TestNoMoreBatchesThanTheMaximum(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", "import time\ndef handler(e, c):\n    time.sleep(0.05)\n    print('got', e['Records'][0]['body'])\n", q)
	in := mappingOf("f", q)
	in.BatchSize, in.ScalingConfig = ptr(int32(1)), &lambdaapi.ScalingConfig{MaximumConcurrency: ptr(int32(2))}
	uuid := w.mapped(in)
	var want []string
	for n := range 12 {
		want = append(want, fmt.Sprint(n))
		w.post(q, want[n])
	}
	most := 0
	w.eventually("all are done", func() bool {
		w.lambda.running.mu.Lock()
		for _, n := range w.lambda.running.pools {
			most = max(most, n)
		}
		w.lambda.running.mu.Unlock()
		// An update in between replaces the poller, not the bound.
		if n := w.counted(uuid).DeletedEventCount; n > 2 && n < 6 {
			must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, Enabled: ptr(true)})
		}
		return w.isEmpty(q)
	})
	if most > 2 {
		t.Errorf("%d ran at a time", most)
	}
	w.gets("f", want...)
}

func TestSlotsGrowAndShrink(t *testing.T) {
	var l slots
	l.resize(0)
	ctx, cancel := context.WithCancel(context.Background())
	taken, now := 0, time.Unix(0, 0)
	for range 200 {
		for l.take() {
			taken++
		}
		l.grow(now)
		l.grow(now) // not twice a second
		if width := l.width; taken == firstPollers && width != firstPollers+1 {
			t.Errorf("grown to %d", width)
		}
		now = now.Add(growPause)
	}
	if taken != limits.MappingConcurrency {
		t.Errorf("%d slots at most", taken)
	}
	l.resize(7)
	if l.take() || l.width != 7 {
		t.Errorf("a smaller bound leaves %d slots", l.width)
	}
	for range taken {
		l.leave()
	}
	for range 10 {
		l.quiet()
	}
	if l.width != firstPollers || l.busy != 0 {
		t.Errorf("a quiet queue has %d slots, %d busy", l.width, l.busy)
	}
	l.resize(2)
	for range 2 {
		l.enter(ctx)
	}
	entered := make(chan bool)
	go func() { entered <- l.enter(ctx) }()
	l.leave()
	if !<-entered {
		t.Error("a free slot is not taken")
	}
	go func() { entered <- l.enter(ctx) }()
	cancel()
	if <-entered {
		t.Error("entered after the end")
	}
}

func TestDisabledMappingsDoNotPoll(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing, q)
	uuid := w.mapped(mappingOf("f", q))
	set := func(enabled bool) {
		must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, Enabled: &enabled})
	}
	w.post(q, "1")
	w.gets("f", "1")
	set(false)
	w.post(q, "2")
	if visible, _ := w.inQueue(q); visible != 1 {
		t.Error("a disabled mapping has received")
	}
	set(true)
	w.gets("f", "1", "2")
	w.eventually("done", func() bool { return w.isEmpty(q) })
	must(w, lambdaapi.DeleteEventSourceMapping, &lambdaapi.DeleteEventSourceMappingRequest{UUID: &uuid})
	w.post(q, "3")
	if visible, _ := w.inQueue(q); visible != 1 {
		t.Error("a deleted mapping has received")
	}
}

// TestWhatIsInFlightIsBroughtByTheOldPoller when the mapping changes under it.
func TestWhatIsInFlightIsBroughtByTheOldPoller(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing, q)
	in := mappingOf("f", q)
	in.MaximumBatchingWindowInSeconds = ptr(int32(60))
	uuid := w.mapped(in)
	for n, change := range []func(){
		func() {
			must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, BatchSize: ptr(int32(7))})
		},
		func() {
			must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, Enabled: ptr(false)})
		},
	} {
		w.post(q, fmt.Sprint(n))
		w.eventually("it is received", func() bool { return w.counted(uuid).PolledEventCount == int64(n+1) })
		change() // the clock stands still: no window ends
		w.eventually("it is brought and deleted", func() bool { return w.isEmpty(q) })
	}
	w.gets("f", "0", "1")
}

// TestMessagesSurviveTheServer: one that is being worked on when the server ends
// is hidden no longer, and comes again.
func TestMessagesSurviveTheServer(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	q := w.queue("q", nil)
	w.consumer("f", "import time\ndef handler(e, c):\n    for r in e['Records']:\n        if r['body'] == 'slow' and c.memory_limit_in_mb == '128':\n            time.sleep(30)\n        print('got', r['body'])\n", q)
	in := mappingOf("f", q)
	in.BatchSize = ptr(int32(1))
	uuid := w.mapped(in)
	w.post(q, "slow", "quick")
	w.eventually("one is done, one under way", func() bool {
		c := w.counted(uuid)
		return c.InvokedEventCount == 2 && c.DeletedEventCount == 1 && len(w.printed("f", "got")) == 1
	})
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), MemorySize: ptr(int32(256))})
	again := w.reopen()
	// The clock stands still: what a server had received shows at once in the next one.
	again.eventually("it comes again, and goes", func() bool { return again.isEmpty(q) })
	again.gets("f", "quick", "slow")
	if m := must(again, lambdaapi.GetEventSourceMapping, &lambdaapi.GetEventSourceMappingRequest{UUID: &uuid}); m.GetBatchSize() != 1 || m.GetState() != "Enabled" {
		t.Errorf("the mapping after the restart: %+v", m)
	}
}
