package sqs

import (
	"fmt"
	"testing"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

func redriveTo(url string, most int) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arnOf(url), most)
}

func TestTheCountOfARedrivePolicyIsANumber(t *testing.T) {
	w := newWorld(t)
	dead := w.create("dead")
	url := w.create("q", "RedrivePolicy", `{"maxReceiveCount": "3", "deadLetterTargetArn": "`+arnOf(dead)+`"}`)
	if got := w.attribute(url, "RedrivePolicy"); got != redriveTo(dead, 3) {
		t.Errorf("shown is %s", got)
	}
	w.create("q", "RedrivePolicy", redriveTo(dead, 3)) // the same
	w.restart()
	if got := w.attribute(url, "RedrivePolicy"); got != redriveTo(dead, 3) {
		t.Errorf("after a restart %s", got)
	}
	w.set(url, "RedrivePolicy", "")
	if got := w.attribute(url, "RedrivePolicy"); got != "" {
		t.Errorf("removed, and still %s", got)
	}
}

func TestAMessageReceivedTooOftenIsADeadLetter(t *testing.T) {
	for _, suffix := range []string{"", ".fifo"} {
		w := newWorld(t)
		dead := w.create("dead" + suffix)
		url := w.create("q"+suffix, "RedrivePolicy", redriveTo(dead, 2), "VisibilityTimeout", "1")
		in := &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("m")}
		if suffix != "" {
			in.MessageGroupId, in.MessageDeduplicationId = ptr("g"), ptr("d")
		}
		id := *must(w, sqsapi.SendMessage, in).MessageId
		for range 2 {
			w.expect(url, 1, "m")
			w.clock.Advance(time.Second)
		}
		w.expect(url, 1, "")
		got := w.expect(dead, 1, "m")[0]
		if *got.MessageId != id || got.Attributes["DeadLetterQueueSourceArn"] != arnOf(url) || got.Attributes["ApproximateReceiveCount"] != "3" {
			t.Errorf("%s: the dead letter is %s with %v", suffix, *got.MessageId, got.Attributes)
		}
		if d := got.Attributes["MessageDeduplicationId"]; suffix != "" && d != id {
			t.Errorf("deduplication id %s, want the message's", d)
		}
		w.whole()
		sources := must(w, sqsapi.ListDeadLetterSourceQueues, &sqsapi.ListDeadLetterSourceQueuesRequest{QueueUrl: &dead}).QueueUrls
		if len(sources) != 1 || sources[0] != url {
			t.Errorf("sources %v", sources)
		}
	}
}

// TestNoMessageIsLostWithItsDeadLetterQueue: it keeps coming.
func TestNoMessageIsLostWithItsDeadLetterQueue(t *testing.T) {
	w := newWorld(t)
	dead := w.create("dead")
	url := w.create("q", "RedrivePolicy", redriveTo(dead, 1), "VisibilityTimeout", "1")
	w.send(url, "m")
	must(w, sqsapi.DeleteQueue, &sqsapi.DeleteQueueRequest{QueueUrl: &dead})
	for range 3 {
		w.expect(url, 1, "m")
		w.clock.Advance(time.Second)
	}
	w.clock.Advance(time.Minute)
	w.create("dead")
	w.expect(url, 1, "")
	w.expect(dead, 1, "m")
	w.whole()
}

func TestADeadLetterQueueChoosesItsSources(t *testing.T) {
	w := newWorld(t)
	dead := w.create("dead", "RedriveAllowPolicy", `{"redrivePermission":"denyAll"}`)
	create := func() error {
		_, err := call(w, root, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: ptr("q"), Attributes: pairs([]string{"RedrivePolicy", redriveTo(dead, 1)})})
		return err
	}
	if err := create(); err == nil {
		t.Error("a queue that takes no dead letters is taken")
	}
	w.set(dead, "RedriveAllowPolicy", `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:111111111111:other"]}`)
	if err := create(); err == nil {
		t.Error("a queue that takes dead letters of another one is taken")
	}
	w.set(dead, "RedriveAllowPolicy", `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:111111111111:q"]}`)
	if err := create(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{`[]`, `{"redrivePermission":"some"}`, `{"redrivePermission":"byQueue"}`, `{"redrivePermission":"allowAll","sourceQueueArns":["arn:aws:sqs:us-east-1:111111111111:q"]}`, `{"redrivePermission":"byQueue","sourceQueueArns":["q"]}`} {
		_, err := call(w, root, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: &dead, Attributes: pairs([]string{"RedriveAllowPolicy", bad})})
		if err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// dying makes a queue with dead letters: each message is received once and put away.
func (w *world) dying(bodies ...string) (source, dead string) {
	w.Helper()
	dead = w.create("dead")
	source = w.create("q", "RedrivePolicy", redriveTo(dead, 1), "VisibilityTimeout", "0")
	for _, b := range bodies {
		w.send(source, b)
	}
	w.receive(source, 10)
	w.expect(source, 10, "")
	return source, dead
}

func (w *world) startMove(in *sqsapi.StartMessageMoveTaskRequest) string {
	w.Helper()
	return *must(w, sqsapi.StartMessageMoveTask, in).TaskHandle
}

// moved waits until the last task of a queue is in a status.
func (w *world) moved(dead, status string) sqsapi.ListMessageMoveTasksResultEntry {
	w.Helper()
	for {
		e := must(w, sqsapi.ListMessageMoveTasks, &sqsapi.ListMessageMoveTasksRequest{SourceArn: ptr(arnOf(dead))}).Results[0]
		if *e.Status == status {
			return e
		}
		if w.Failed() || w.Context().Err() != nil {
			w.Fatalf("the task is %s", *e.Status)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestDeadLettersGoBackToTheirSource(t *testing.T) {
	w := newWorld(t)
	source, dead := w.dying("a", "b")
	w.startMove(&sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(dead))})
	e := w.moved(dead, completed)
	if *e.ApproximateNumberOfMessagesMoved != 2 || *e.ApproximateNumberOfMessagesToMove != 2 || e.DestinationArn != nil || e.TaskHandle != nil {
		t.Errorf("the task is %+v", e)
	}
	got := w.expect(source, 10, "a b")
	if n := got[0].Attributes["ApproximateReceiveCount"]; n != "1" || got[0].Attributes["DeadLetterQueueSourceArn"] != "" {
		t.Errorf("what came back has %v", got[0].Attributes)
	}
	w.whole()
}

func TestDeadLettersGoToAnotherQueueAtARate(t *testing.T) {
	w := newWorld(t)
	_, dead := w.dying("a", "b", "c")
	to := w.create("to")
	handle := w.startMove(&sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(dead)), DestinationArn: ptr(arnOf(to)), MaxNumberOfMessagesPerSecond: ptr(int32(1))})
	_, err := call(w, root, sqsapi.StartMessageMoveTask, &sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(dead))})
	refused(t, err, "InvalidParameterValueException", "InvalidParameterValue", 400, "There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	if e := w.moved(dead, running); *e.TaskHandle != handle || *e.DestinationArn != arnOf(to) || *e.MaxNumberOfMessagesPerSecond != 1 {
		t.Errorf("the task is %+v", e)
	}
	w.restart() // it goes on
	cancel := func() error {
		_, err := call(w, root, sqsapi.CancelMessageMoveTask, &sqsapi.CancelMessageMoveTaskRequest{TaskHandle: &handle})
		return err
	}
	for w.counts(to) != "1 0 0" {
		w.clock.Advance(time.Second / 50)
		time.Sleep(time.Millisecond)
	}
	if err := cancel(); err != nil {
		t.Fatal(err)
	}
	w.moved(dead, cancelled)
	if err := cancel(); err == nil {
		t.Error("cancelled twice")
	}
	w.expect(to, 10, "a")
	w.expect(dead, 10, "b c")
	w.whole()
}

func TestMoveTasksThatCannotBe(t *testing.T) {
	w := newWorld(t)
	_, dead := w.dying("a")
	gone, plain := "arn:aws:sqs:us-east-1:111111111111:gone", w.create("plain")
	start := func(in *sqsapi.StartMessageMoveTaskRequest) error {
		_, err := call(w, root, sqsapi.StartMessageMoveTask, in)
		return err
	}
	absent := func(err error, text string) {
		t.Helper()
		refused(t, err, "ResourceNotFoundException", "ResourceNotFoundException", 404, text)
	}
	invalid := func(err error, text string) {
		t.Helper()
		refused(t, err, "InvalidParameterValueException", "InvalidParameterValue", 400, text)
	}
	absent(start(&sqsapi.StartMessageMoveTaskRequest{SourceArn: &gone}), "The resource that you specified for the SourceArn parameter doesn't exist.")
	absent(start(&sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(dead)), DestinationArn: &gone}), "The resource that you specified for the DestinationArn parameter doesn't exist.")
	invalid(start(&sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(plain))}), "Source queue must be configured as a Dead Letter Queue.")
	cancel := func(handle string) error {
		_, err := call(w, root, sqsapi.CancelMessageMoveTask, &sqsapi.CancelMessageMoveTaskRequest{TaskHandle: &handle})
		return err
	}
	invalid(cancel("foobared"), "Value for parameter TaskHandle is invalid.")
	absent(cancel((&move{ID: "x", Source: gone}).handle()), "The resource that you specified for the SourceArn parameter doesn't exist.")
	absent(cancel((&move{ID: "x", Source: arnOf(dead)}).handle()), "Task does not exist.")
	// A message that was sent to the dead-letter queue has nowhere to go back to.
	w.send(dead, "mine")
	w.startMove(&sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(dead))})
	if e := w.moved(dead, failed); *e.FailureReason != noOrigin || *e.ApproximateNumberOfMessagesMoved != 1 {
		t.Errorf("the task is %+v", e)
	}
	w.expect(dead, 10, "mine")
	w.whole()
}

// TestAMoveTaskSendsWhereItsCallerMay and nowhere else.
func TestAMoveTaskSendsWhereItsCallerMay(t *testing.T) {
	w := newWorld(t)
	source, dead := w.dying("a")
	bob := w.user(here, "bob", "sqs:*", arnOf(dead))
	for _, in := range []*sqsapi.StartMessageMoveTaskRequest{
		{SourceArn: ptr(arnOf(dead))}, {SourceArn: ptr(arnOf(dead)), DestinationArn: ptr(arnOf(source))},
	} {
		if _, err := call(w, bob, sqsapi.StartMessageMoveTask, in); err == nil {
			t.Error("a task moves messages to a queue that its caller may not send to")
		}
	}
	w.expect(dead, 10, "a")
}
