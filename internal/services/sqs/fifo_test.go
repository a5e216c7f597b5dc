package sqs

import (
	"testing"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

func TestAGroupIsInOrderAndLockedWhileInFlight(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "VisibilityTimeout", "10")
	for _, m := range []string{"a1", "a2", "a3"} {
		w.sendTo(url, "a", m)
	}
	w.sendTo(url, "b", "b1")
	first := w.expect(url, 2, "a1 a2")
	w.expect(url, 10, "b1") // a is locked, though a3 is visible
	w.drop(url, first[0])
	w.expect(url, 10, "")
	w.drop(url, first[1])
	w.drop(url, w.expect(url, 10, "a3")...)
	w.clock.Advance(10 * time.Second)
	w.drop(url, w.expect(url, 10, "b1")...)
	w.whole()
}

func TestWhatComesBackComesFirst(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "VisibilityTimeout", "10")
	for _, m := range []string{"1", "2", "3"} {
		w.sendTo(url, "g", m)
	}
	w.expect(url, 1, "1")
	w.clock.Advance(10 * time.Second)
	w.expect(url, 10, "1 2 3")
	w.whole()
}

func TestADuplicateIsAcceptedAndNotDelivered(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo")
	first := w.sendTo(url, "g", "m")
	w.drop(url, w.expect(url, 10, "m")...)
	again := w.sendTo(url, "other", "m") // the scope is the queue
	if *again.MessageId != *first.MessageId || *again.SequenceNumber != *first.SequenceNumber {
		t.Errorf("the duplicate is %s, %s", *again.MessageId, *again.SequenceNumber)
	}
	w.expect(url, 10, "")
	w.clock.Advance(5 * time.Minute)
	if later := w.sendTo(url, "g", "m"); *later.SequenceNumber <= *first.SequenceNumber {
		t.Errorf("sequence numbers %s, %s", *first.SequenceNumber, *later.SequenceNumber)
	}
	w.expect(url, 10, "m")
	w.whole()
}

func TestDuplicatesOfTheScopeOfAGroup(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "DeduplicationScope", "messageGroup", "FifoThroughputLimit", "perMessageGroupId")
	w.sendTo(url, "a", "m")
	w.sendTo(url, "b", "m")
	w.sendTo(url, "a", "m")
	w.expect(url, 10, "m m")
}

func TestContentIsTheDeduplicationID(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "ContentBasedDeduplication", "true")
	for _, body := range []string{"x", "x", "y"} {
		must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: &body, MessageGroupId: ptr("g")})
	}
	got := w.expect(url, 10, "x y")
	if d := got[0].Attributes["MessageDeduplicationId"]; d != "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" {
		t.Errorf("deduplication id %s", d)
	}
}

// TestDuplicatesInOneBatch are sent in the same transaction.
func TestDuplicatesInOneBatch(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo")
	entry := func(id string) sqsapi.SendMessageBatchRequestEntry {
		return sqsapi.SendMessageBatchRequestEntry{Id: &id, MessageBody: ptr("m"), MessageGroupId: ptr("g"), MessageDeduplicationId: ptr("d")}
	}
	out := must(w, sqsapi.SendMessageBatch, &sqsapi.SendMessageBatchRequest{QueueUrl: &url, Entries: []sqsapi.SendMessageBatchRequestEntry{entry("1"), entry("2")}})
	if len(out.Successful) != 2 || *out.Successful[0].MessageId != *out.Successful[1].MessageId {
		t.Errorf("got %+v", out)
	}
	w.expect(url, 10, "m")
	w.whole()
}

func TestAnExpiredReceiptDeletesNothing(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "VisibilityTimeout", "1")
	w.sendTo(url, "g", "m")
	old := w.expect(url, 1, "m")[0].ReceiptHandle
	w.clock.Advance(time.Second)
	remove := func() error {
		_, err := call(w, root, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: &url, ReceiptHandle: old})
		return err
	}
	text := "Value " + *old + " for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
	refused(t, remove(), "InvalidParameterValueException", "InvalidParameterValue", 400, text)
	now := w.expect(url, 1, "m")
	refused(t, remove(), "InvalidParameterValueException", "InvalidParameterValue", 400, text)
	w.drop(url, now...)
	w.whole()
}

func TestAnAttemptIsRepeated(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "VisibilityTimeout", "10")
	w.sendTo(url, "g", "m")
	receive := func() []sqsapi.Message {
		return must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, ReceiveRequestAttemptId: ptr("a"), MaxNumberOfMessages: ptr(int32(10))}).Messages
	}
	first := receive()
	w.clock.Advance(9 * time.Second)
	again := receive() // hides it anew
	if len(again) != 1 || *again[0].ReceiptHandle != *first[0].ReceiptHandle {
		t.Fatalf("got %+v, want %+v", again, first)
	}
	w.clock.Advance(9 * time.Second)
	w.expect(url, 10, "")
	must(w, sqsapi.ChangeMessageVisibility, &sqsapi.ChangeMessageVisibilityRequest{QueueUrl: &url, ReceiptHandle: first[0].ReceiptHandle, VisibilityTimeout: ptr(int32(100))})
	if got := receive(); len(got) != 0 {
		t.Errorf("repeated though its visibility was changed: %+v", got)
	}
	w.whole()
}

// TestADelayOfAFIFOQueueCountsForWhatIsThere (Developer Guide, "Amazon SQS delay queues").
func TestADelayOfAFIFOQueueCountsForWhatIsThere(t *testing.T) {
	w := newWorld(t)
	url := w.create("q.fifo", "DelaySeconds", "100")
	w.sendTo(url, "g", "m")
	w.set(url, "DelaySeconds", "5")
	w.expect(url, 1, "")
	w.clock.Advance(5 * time.Second)
	w.expect(url, 1, "m")
	w.whole()
}
