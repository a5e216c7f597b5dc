package sqs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func TestAMessageIsHiddenWhileItIsDelayedOrInFlight(t *testing.T) {
	w := newWorld(t)
	url := w.create("q", "DelaySeconds", "5", "VisibilityTimeout", "10")
	w.send(url, "a")
	must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("now"), DelaySeconds: ptr(int32(0))})
	if c := w.counts(url); c != "1 0 1" {
		t.Errorf("counts %s", c)
	}
	w.drop(url, w.expect(url, 10, "now")...)
	w.clock.Advance(5 * time.Second)
	w.expect(url, 10, "a")
	w.clock.Advance(10*time.Second - time.Millisecond)
	w.expect(url, 10, "")
	w.clock.Advance(time.Millisecond)
	got := w.expect(url, 10, "a")
	if n := got[0].Attributes["ApproximateReceiveCount"]; n != "2" {
		t.Errorf("received %s times", n)
	}
	w.whole()
}

func TestVisibilityCanBeChanged(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	w.send(url, "a")
	got := w.expect(url, 1, "a")
	change := func(seconds int32) error {
		_, err := call(w, root, sqsapi.ChangeMessageVisibility, &sqsapi.ChangeMessageVisibilityRequest{QueueUrl: &url, ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: &seconds})
		return err
	}
	if err := change(100); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(99 * time.Second)
	w.expect(url, 1, "")
	refused(t, change(43_200), "InvalidParameterValueException", "InvalidParameterValue", 400,
		"Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	if err := change(0); err != nil {
		t.Fatal(err)
	}
	if err := change(30); err != nil { // visible already: AWS does not mind
		t.Errorf("a message that is visible: %v", err)
	}
	w.drop(url, w.expect(url, 1, "a")...)
	refused(t, change(1), "InvalidParameterValueException", "InvalidParameterValue", 400,
		"Value "+*got[0].ReceiptHandle+" for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.")
	w.whole()
}

func TestAReceiveWithoutTimeoutGivesEachMessageOnce(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	for _, body := range []string{"a", "b", "c"} {
		w.send(url, body)
	}
	for range 2 {
		out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, MaxNumberOfMessages: ptr(int32(10)), VisibilityTimeout: ptr(int32(0))})
		if got := bodies(out.Messages); got != "a b c" {
			t.Errorf("got %q", got)
		}
	}
	if c := w.counts(url); c != "3 0 0" {
		t.Errorf("counts %s", c)
	}
}

func TestMessagesExpire(t *testing.T) {
	w := newWorld(t)
	url := w.create("q", "MessageRetentionPeriod", "60")
	w.send(url, "old")
	w.expect(url, 1, "old")
	w.clock.Advance(31 * time.Second)
	w.send(url, "new")
	w.clock.Advance(29 * time.Second)
	w.expect(url, 10, "new")
	if c := w.counts(url); c != "0 1 0" {
		t.Errorf("counts %s", c)
	}
	w.whole()
	w.set(url, "MessageRetentionPeriod", "1209600")
	w.clock.Advance(time.Hour)
	w.expect(url, 10, "new")
}

func TestSystemAttributesAreThoseAskedFor(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	bob := w.user(here, "bob", "sqs:*", "*")
	sent, err := call(w, bob, sqsapi.SendMessage, &sqsapi.SendMessageRequest{
		QueueUrl: &url, MessageBody: ptr("m"), MessageGroupId: ptr("fair"),
		MessageSystemAttributes: map[string]sqsapi.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: ptr("String"), StringValue: ptr("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")}},
	})
	// The digest is computed apart: md5 of the parts as the Developer Guide lists them.
	if err != nil || sent.GetMD5OfMessageSystemAttributes() != "5f48eef650c1d0207456969c85af2fdd" {
		t.Errorf("digest %s, error %v", sent.GetMD5OfMessageSystemAttributes(), err)
	}
	ask := func(names, system []string) map[string]string {
		out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, AttributeNames: names, MessageSystemAttributeNames: system, VisibilityTimeout: ptr(int32(0))})
		return out.Messages[0].Attributes
	}
	all := ask([]string{"All"}, nil)
	want := map[string]string{
		"SenderId": uniqueID("bob"), "SentTimestamp": "1795168800000", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795168800000",
		"MessageGroupId": "fair", "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
	}
	for name, v := range want {
		if all[name] != v {
			t.Errorf("%s is %q, want %q", name, all[name], v)
		}
	}
	if len(all) != len(want) {
		t.Errorf("got %v", all)
	}
	if got := ask(nil, []string{"SenderId"}); len(got) != 1 || got["SenderId"] == "" {
		t.Errorf("got %v", got)
	}
	if got := ask(nil, nil); got != nil {
		t.Errorf("got %v", got)
	}
}

// TestMessageAttributesAreThoseAskedFor has digests recorded from AWS.
func TestMessageAttributesAreThoseAskedFor(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	text := func(v string) sqsapi.MessageAttributeValue {
		return sqsapi.MessageAttributeValue{DataType: ptr("String"), StringValue: &v}
	}
	sent := must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("msg"), MessageAttributes: map[string]sqsapi.MessageAttributeValue{
		"Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi"),
	}})
	if *sent.MD5OfMessageAttributes != "4c360f3fdafd970e05fae2f149d997f5" {
		t.Errorf("digest of the sent ones %s", *sent.MD5OfMessageAttributes)
	}
	for asked, want := range map[string]string{
		"":              "",
		"All":           "4c360f3fdafd970e05fae2f149d997f5",
		".*":            "4c360f3fdafd970e05fae2f149d997f5",
		"Foo Help":      "",
		"Hello General": "fca026605781cb4126a1e9044df24232",
		"Hello Foo":     "a311262e065454b75da111d535b8dacd",
		"Hel.*":         "83fee93c1bcd8b9a5a923ffacdc636c7",
	} {
		out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, MessageAttributeNames: strings.Fields(asked), VisibilityTimeout: ptr(int32(0))})
		if got := out.Messages[0].GetMD5OfMessageAttributes(); got != want {
			t.Errorf("asked for %q: digest %q, want %q", asked, got, want)
		}
	}
	binary := sqsapi.MessageAttributeValue{DataType: ptr("Binary"), BinaryValue: []byte("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01")}
	sent = must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("test"), MessageAttributes: map[string]sqsapi.MessageAttributeValue{"attr1": binary}})
	if *sent.MD5OfMessageAttributes != "8cbe4db156db8a94db8b801b7addb984" {
		t.Errorf("digest of a binary one %s", *sent.MD5OfMessageAttributes)
	}
}

// TestALargeBacklogIsReadFromTheDatabase receives messages that found no room in memory.
func TestALargeBacklogIsReadFromTheDatabase(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	w.sqs.lines.room.bytes.Store(limits.QueueCache)
	w.send(url, "a")
	w.send(url, "b")
	w.drop(url, w.expect(url, 10, "a b")...)
	w.sqs.lines.room.bytes.Add(-limits.QueueCache)
	if n := w.sqs.lines.room.bytes.Load(); n != 0 {
		t.Errorf("%d bytes are counted that nobody holds", n)
	}
	w.whole()
}

// TestTooManyInFlight: a short poll is refused, a long one waits.
func TestTooManyInFlight(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	w.send(url, "a")
	r, _ := parseURL(url, region)
	l := w.sqs.lines.of(r)
	l.count[inFlight] += limits.QueueInFlight
	_, err := call(w, root, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url})
	refused(t, err, "OverLimit", "OverLimit", 403, "The maximum number of in flight messages is reached.")
	l.count[inFlight] -= limits.QueueInFlight
	w.expect(url, 1, "a")
}

// poll starts a long poll of 20 seconds.
func (w *world) poll(ctx context.Context, url string) <-chan string {
	w.Helper()
	done := make(chan string, 1)
	go func() {
		out, err := op.Do(ctx, w.bus, op.As{Caller: root, Region: region}, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, WaitTimeSeconds: ptr(int32(20))})
		var e *api.Error
		switch {
		case errors.As(err, &e):
			done <- e.Code
		case err != nil:
			done <- err.Error()
		default:
			done <- "got " + bodies(out.Messages)
		}
	}()
	return done
}

func TestALongPollEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w *world, url string, cancel func())
		want string
	}{
		"with a message":          {func(w *world, url string, _ func()) { w.send(url, "hello") }, "got hello"},
		"when the time is over":   {func(w *world, _ string, _ func()) { w.clock.Advance(20 * time.Second) }, "got "},
		"when the client goes":    {func(_ *world, _ string, cancel func()) { cancel() }, "got "},
		"when the policy changes": {func(w *world, url string, _ func()) { w.set(url, "Policy", policyFor(`"*"`, "sqs:ReceiveMessage")) }, "got "},
		"when the queue goes": {func(w *world, url string, _ func()) {
			must(w, sqsapi.DeleteQueue, &sqsapi.DeleteQueueRequest{QueueUrl: &url})
		}, "QueueDoesNotExist"},
		"when the server closes": {func(w *world, _ string, _ func()) { w.sqs.stop() }, "got "},
		"when a delayed message is visible": {func(w *world, url string, _ func()) {
			must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("later"), DelaySeconds: ptr(int32(3))})
			w.settled(url)
			w.clock.Advance(3 * time.Second)
		}, "got later"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			url := w.create("q")
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			done := w.poll(ctx, url)
			w.waiting(url, 1)
			c.end(w, url, cancel)
			if got := <-done; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if name != "when the queue goes" {
				w.waiting(url, 0)
			}
		})
	}
}

// settled waits until the long poll has seen the delayed message, and waits for it.
func (w *world) settled(url string) {
	w.Helper()
	r, _ := parseURL(url, region)
	l := w.sqs.lines.of(r)
	for {
		l.mu.Lock()
		n := 0
		for _, x := range l.waiters.all {
			n += 1 - len(x.wake)
		}
		l.mu.Unlock()
		if n == 1 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestEachWaiterGetsOneMessage wakes no more than are needed, and none too few.
func TestEachWaiterGetsOneMessage(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	var polls []<-chan string
	for i := range 5 {
		polls = append(polls, w.poll(context.Background(), url))
		w.waiting(url, i+1)
	}
	for range 5 {
		w.send(url, "m")
	}
	for _, p := range polls {
		if got := <-p; got != "got m" {
			t.Errorf("got %q", got)
		}
	}
	w.whole()
}

// TestALongPollGoesOnWhenFewerAreInFlight: it was not refused, and it is woken.
func TestALongPollGoesOnWhenFewerAreInFlight(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	w.send(url, "a")
	w.send(url, "b")
	first := w.expect(url, 1, "a")
	r, _ := parseURL(url, region)
	l := w.sqs.lines.of(r)
	l.count[inFlight] += limits.QueueInFlight - 1
	done := w.poll(context.Background(), url)
	w.waiting(url, 1)
	w.drop(url, first...)
	if got := <-done; got != "got b" {
		t.Errorf("got %q", got)
	}
	l.count[inFlight] -= limits.QueueInFlight - 1
	w.whole()
}

// TestMemoryOfAMessage holds what limits.QueueBacklog says of a message.
func TestMemoryOfAMessage(t *testing.T) {
	const n = 100_000
	var r room
	r.bytes.Store(limits.QueueCache)
	l := newLine(ref{here, region, "q"}, &queue{settings: defaults(false)}, &r)
	bytes := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l = newLine(ref{here, region, "q"}, &queue{settings: defaults(false)}, &r)
			for i := range n {
				l.add(&message{number: uint64(i)}, &content{}, 0)
			}
		}
	}).AllocedBytesPerOp() / n
	// What a growing map and heap leave behind counts twice at most.
	if bytes > 600 || l.count[visible] != n {
		t.Errorf("%d bytes a message were allocated for %d", bytes, l.count[visible])
	}
	t.Logf("%d bytes a message", bytes)
}
