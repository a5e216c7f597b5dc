package lambda

import (
	"context"
	"fmt"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (w *world) onEnd(function, success, failure string) {
	w.Helper()
	in := sendTo(success, failure)
	in.FunctionName = &function
	must(w, lambdaapi.PutFunctionEventInvokeConfig, in)
}

// TestALoopOfDestinationsIsStopped after sixteen runs of a function, and its last
// event goes where failures go.
func TestALoopOfDestinationsIsStopped(t *testing.T) {
	w := newWorld(t)
	lost := w.queue("lost", nil)
	for _, name := range []string{"f", "g"} {
		w.logging(name, "def handler(e, c):\n    print('ran')\n")
		w.iam.grant(roleOf(name), logRole, may(invokeFunction, "*"), may("sqs:SendMessage", "*"), may("sns:Publish", "*"))
	}
	settled := func() bool { return w.lambda.events.Len() == 0 && w.lambda.deliveries.Len() == 0 }
	w.onEnd("f", arnOf(here, "g"), lost)
	w.onEnd("g", arnOf(here, "f"), "")
	w.send("f", "{}")
	w.taken(lost)
	w.eventually("it has ended", settled)
	w.eventually("each ran sixteen times", func() bool { return w.ran("f") == limits.LoopRuns && w.ran("g") == limits.LoopRuns })

	// What is sent of the last event is of the loop too: it starts nothing anew.
	w.onEnd("f", arnOf(here, "g"), arnOf(here, "g"))
	w.onEnd("g", arnOf(here, "f"), arnOf(here, "f"))
	w.send("f", "{}")
	w.eventually("it ran again", func() bool { return w.ran("f") == 2*limits.LoopRuns && w.ran("g") == 2*limits.LoopRuns })
	w.eventually("it has ended", settled)

	// Who wants loops may have them.
	for _, name := range []string{"f", "g"} {
		must(w, lambdaapi.PutFunctionRecursionConfig, &lambdaapi.PutFunctionRecursionConfigRequest{FunctionName: &name, RecursiveLoop: ptr("Allow")})
	}
	w.send("f", "{}")
	w.eventually("it runs for longer", func() bool { return w.ran("f") > 3*limits.LoopRuns+4 })
	must(w, lambdaapi.PutFunctionRecursionConfig, &lambdaapi.PutFunctionRecursionConfigRequest{FunctionName: ptr("f"), RecursiveLoop: ptr("Terminate")})
	w.eventually("until it may not", settled)
}

// TestALoopThroughATopicIsStopped: the topic passes on what caused its message.
func TestALoopThroughATopicIsStopped(t *testing.T) {
	w := newWorld(t)
	w.logging("f", "def handler(e, c):\n    print('ran')\n")
	w.iam.grant(roleOf("f"), logRole, may("sns:Publish", "*"))
	topic := must(w, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("topic")}).GetTopicArn()
	must(w, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{FunctionName: ptr("f"), StatementId: ptr("sns"), Action: ptr(invokeFunction), Principal: ptr("sns.amazonaws.com"), SourceArn: &topic})
	must(w, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: &topic, Protocol: ptr("lambda"), Endpoint: ptr(arnOf(here, "f"))})
	w.onEnd("f", topic, "")
	// Each record holds the one before, escaped once more: such a loop soon ends by
	// the size of its messages. So this one begins two runs before its end.
	w.lambda.lineages.note("long ago", lineage{arnOf(here, "f"): limits.LoopRuns - 2})
	in := &lambdaapi.InvocationRequest{FunctionName: ptr("f"), InvocationType: ptr("Event")}
	if _, err := op.Do(context.Background(), w.bus, op.As{Caller: root, Region: region, Parent: "long ago"}, lambdaapi.Invoke, in); err != nil {
		t.Fatal(err)
	}
	w.eventually("the topic invoked it, and again in vain", func() bool {
		let := 0
		for _, r := range w.asked(invokeFunction) {
			if r.Allowed && r.Principal.Service == "sns.amazonaws.com" {
				let++
			}
		}
		return let == 2 && w.lambda.events.Len() == 0 && w.ran("f") == 2
	})
}

// TestAFunctionThatInvokesItself is refused in the end. The calls of a function
// name its invoke as their cause.
func TestAFunctionThatInvokesItself(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	in, parent := &lambdaapi.InvocationRequest{FunctionName: ptr("f")}, ""
	for n := range limits.LoopRuns + 1 {
		as := op.As{Caller: root, Region: region, RequestID: fmt.Sprint("request-", n), Parent: parent}
		_, err := op.Do(context.Background(), w.bus, as, lambdaapi.Invoke, in)
		if n == limits.LoopRuns {
			refusedLike(t, err, 400, "RecursiveInvocationException", "recursive loop")
		} else if err != nil {
			t.Fatal(err)
		}
		parent = as.RequestID
	}
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Errorf("another chain: %v", err)
	}
}

func TestLineagesAreBounded(t *testing.T) {
	var l lineages
	r := ref{account: here, region: region, name: "f"}
	for n := range 5 * limits.Lineages {
		l.note(fmt.Sprint(n), l.next("", r))
	}
	if n := len(l.now) + len(l.old); n > 2*limits.Lineages {
		t.Errorf("%d chains are kept", n)
	}
	if got := l.next(fmt.Sprint(5*limits.Lineages-1), r)[r.unqualified()]; got != 2 {
		t.Errorf("the chain of the last request is counted %d", got)
	}
	for n := range 2 * limits.LineageFunctions {
		l.note("many", l.next("many", r.with("").named(fmt.Sprint("f", n))))
	}
	if n := len(l.next("many", r)); n > limits.LineageFunctions {
		t.Errorf("a chain counts %d functions", n)
	}
}

func (r ref) named(name string) ref { r.name = name; return r }
