package sns

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// send publishes to the FIFO topic; the text is also what tells duplicates.
func (w *world) send(group, text string) *snsapi.PublishResponse {
	w.Helper()
	return must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: ptr(topicF), Message: &text, MessageGroupId: &group, MessageDeduplicationId: &text})
}

func TestFIFOMessagesArriveInOrder(t *testing.T) {
	w := newWorld(t)
	w.topic("f.fifo")
	url, arn := w.queue(root, "q.fifo", "")
	plainURL, plain := w.queue(root, "plain", "")
	w.subscribe(topicF, "sqs", arn)
	w.subscribe(topicF, "sqs", plain, "RawMessageDelivery", "true")
	var sequences []string
	for i := range 10 {
		out := w.send("g", fmt.Sprint(i))
		sequences = append(sequences, *out.SequenceNumber)
	}
	if !slices.IsSorted(sequences) || sequences[0] != "10000000000000000001" || len(slices.Compact(slices.Clone(sequences))) != 10 {
		t.Errorf("sequence numbers %q", sequences)
	}
	w.settled()
	for i, body := range w.bodies(root, url, 10) {
		n := readNotification(t, body)
		if n.Message != fmt.Sprint(i) || n.SequenceNumber != sequences[i] || n.Signature != "" || n.SigningCertURL != "" || n.UnsubscribeURL == "" {
			t.Errorf("message %d is %+v", i, n)
		}
	}
	if got := w.bodies(root, plainURL, 10); len(got) != 10 {
		t.Errorf("the standard queue got %q", got)
	}
}

func TestFIFODuplicates(t *testing.T) {
	for _, c := range []struct {
		name       string
		attributes []string
		fresh      bool // in another group
	}{
		{"of the topic", nil, false},
		{"of a group", []string{"FifoThroughputScope", "MessageGroup"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.topic("f.fifo", c.attributes...)
			_, arn := w.queue(root, "q.fifo", "")
			w.subscribe(topicF, "sqs", arn)
			first := w.send("g", "x")
			w.clock.Advance(5*time.Minute - time.Nanosecond)
			w.restart()
			again := w.send("g", "x")
			if *again.MessageId != *first.MessageId || *again.SequenceNumber != *first.SequenceNumber {
				t.Errorf("a duplicate is %v, the first one %v", again, first)
			}
			if other := w.send("h", "x"); (*other.SequenceNumber != *first.SequenceNumber) != c.fresh {
				t.Errorf("in another group it is %s", *other.SequenceNumber)
			}
			w.clock.Advance(time.Nanosecond)
			if later := w.send("g", "x"); *later.SequenceNumber == *first.SequenceNumber {
				t.Error("after five minutes it still is a duplicate")
			}
			w.settled()
		})
	}
}

// TestContentTellsDuplicates where the topic is set so.
func TestContentTellsDuplicates(t *testing.T) {
	w := newWorld(t)
	w.topic("f.fifo", "ContentBasedDeduplication", "true")
	publish := func(text string) string {
		return *must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: ptr(topicF), Message: &text, MessageGroupId: ptr("g")}).SequenceNumber
	}
	first, again, other := publish("Test"), publish("Test"), publish("other")
	if first != again || first == other {
		t.Errorf("numbers %s, %s, %s", first, again, other)
	}
	url, arn := w.queue(root, "q.fifo", "")
	w.subscribe(topicF, "sqs", arn, "RawMessageDelivery", "true")
	publish("New")
	w.settled()
	if got := w.receive(root, url); len(got) != 1 || got[0].Attributes["MessageDeduplicationId"] != fmt.Sprintf("%x", sha256.Sum256([]byte("New"))) {
		t.Errorf("got %+v", got)
	}
}

// TestDuplicatesAreForgotten: what a topic remembers does not grow with time.
func TestDuplicatesAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.topic("f.fifo")
	for i := range 60 {
		w.send("g", fmt.Sprint(i))
		w.clock.Advance(time.Minute)
		if i == 30 {
			w.restart()
		}
	}
	if n := w.sns.recent.Len(); n > 7 {
		t.Errorf("%d messages are remembered", n)
	}
	if n := len(w.sns.aging.keys); n > 10 {
		t.Errorf("%d ages are remembered", n)
	}
}

// TestADeadLetterOfAGroup goes to a FIFO queue, and lets the next message go.
func TestADeadLetterOfAGroup(t *testing.T) {
	w := newWorld(t)
	w.topic("f.fifo")
	_, arn := w.queue(root, "q.fifo", "none")
	url, dead := w.queue(root, "dead.fifo", "")
	w.subscribe(topicF, "sqs", arn, "RedrivePolicy", `{"deadLetterTargetArn":"`+dead+`"}`)
	for i := range 5 {
		w.send("g", fmt.Sprint(i))
	}
	w.settled()
	for i, m := range w.receive(root, url) {
		if n := readNotification(t, *m.Body); n.Message != fmt.Sprint(i) || m.Attributes["MessageGroupId"] != "g" {
			t.Errorf("letter %d is %+v", i, n)
		}
	}
}

// TestGroupsKeepTheirOrder: whatever fails, and however often the server ends in
// the middle, each queue gets the messages of each group once and in order.
func TestGroupsKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := unstarted(t)
		w.played = &queues{got: map[string][]string{}, seen: map[string]bool{}}
		w.start()
		defer w.stop()
		w.topic("f.fifo")
		w.subscribe(topicF, "sqs", playedQueue, "RawMessageDelivery", "true")
		want := map[string][]string{}
		for i, do := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "batch", "restart", "fail", "advance"}), 1, 25).Draw(r, "steps") {
			switch do {
			case "restart":
				w.restart()
			case "fail":
				w.played.fail(rapid.IntRange(1, 8).Draw(r, "faults"))
			case "advance":
				w.clock.Advance(time.Second)
			case "batch":
				in := &snsapi.PublishBatchInput{TopicArn: ptr(topicF)}
				for j := range 4 {
					text, group := fmt.Sprint(i, ".", j), string(rune('a'+j%2))
					want[group] = append(want[group], text)
					in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, snsapi.PublishBatchRequestEntry{Id: ptr(fmt.Sprint(j)), Message: &text, MessageGroupId: &group, MessageDeduplicationId: &text})
				}
				must(w, root, snsapi.PublishBatch, in)
			default:
				text := fmt.Sprint(i)
				want[do] = append(want[do], text)
				w.send(do, text)
			}
		}
		w.moving(time.Second, "all is delivered", func() bool { return w.owed() == 0 })
		for group := range want {
			if got := w.played.of(group); strings.Join(got, " ") != strings.Join(want[group], " ") {
				r.Fatalf("group %s got  %q\nwant %q", group, got, want[group])
			}
		}
	})
}

const playedQueue = "arn:aws:sqs:" + region + ":" + here + ":q.fifo"

// queues play SQS, that fails every now and then: before it took a message, or
// after. A FIFO queue takes what it knows once.
type queues struct {
	mu     sync.Mutex
	faults int
	got    map[string][]string
	seen   map[string]bool
}

func (q *queues) fail(times int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.faults = times
}

func (q *queues) of(group string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.got[group]
}

func (q *queues) API() *api.Service { return sqsapi.Service }
func (q *queues) Rows() []op.Row {
	return []op.Row{op.Bind(sqsapi.SendMessage, q.send, op.On("sqs:SendMessage", func(_ context.Context, c *op.Call) ([]op.Resource, error) {
		return []op.Resource{{ARN: playedQueue}}, nil
	}))}
}
func (q *queues) Resource(_, arn string) op.Facts {
	if arn != playedQueue {
		return op.Facts{}
	}
	return op.Facts{Policy: &policy.Attached{Policy: load(allowing("sqs:SendMessage", arn, "")), Name: "queue policy", Source: "queue"}}
}
func (q *queues) Start(context.Context, *op.Bus) error { return nil }
func (q *queues) Close() error                         { return nil }

func (q *queues) send(_ context.Context, _ *op.Call, in *sqsapi.SendMessageRequest) (*sqsapi.SendMessageResult, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	broken := q.faults > 0
	if broken {
		q.faults--
	}
	if broken && q.faults%2 == 0 {
		return nil, errors.New("broken before")
	}
	if id := in.GetMessageDeduplicationId(); !q.seen[id] {
		q.seen[id] = true
		q.got[in.GetMessageGroupId()] = append(q.got[in.GetMessageGroupId()], in.GetMessageBody())
	}
	if broken {
		return nil, errors.New("broken after")
	}
	return &sqsapi.SendMessageResult{}, nil
}
