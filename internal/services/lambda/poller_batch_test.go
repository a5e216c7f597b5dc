package lambda

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
)

func TestPartialBatches(t *testing.T) {
	id := func(n int) string { return fmt.Sprintf("m%d", n) }
	var batch []sqsapi.Message
	for n := range 3 {
		batch = append(batch, sqsapi.Message{MessageId: ptr(id(n))})
	}
	for _, c := range []struct{ answer, want string }{
		{``, "m0 m1 m2"},
		{`null`, "m0 m1 m2"},
		{`""`, "m0 m1 m2"},
		{`{}`, "m0 m1 m2"},
		{`{"statusCode":200}`, "m0 m1 m2"},
		{`{"batchItemFailures":null}`, "m0 m1 m2"},
		{`{"batchItemFailures":[]}`, "m0 m1 m2"},
		{`{"batchItemFailures":[{"itemIdentifier":"m1"}]}`, "m0 m2"},
		{`{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m1"}]}`, "m0 m2"},
		{`{"batchItemFailures":[{"itemIdentifier":"m0"},{"itemIdentifier":"m2"},{"itemIdentifier":"m1"}]}`, ""},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, ""},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, ""},
		{`{"batchItemFailures":[{"itemIdentifier":7}]}`, ""},
		{`{"batchItemFailures":[{"ItemIdentifier":"m1"}]}`, ""},
		{`{"batchItemFailures":[{"id":"m1"}]}`, ""},
		{`{"batchItemFailures":["m1"]}`, ""},
		{`{"batchItemFailures":{"itemIdentifier":"m1"}}`, ""},
		{`{"batchItemFailures":[{"itemIdentifier":"stranger"}]}`, ""},
		{`"m1"`, ""},
		{`[]`, ""},
		{`{`, ""},
	} {
		var done []string
		for _, m := range succeeded(batch, []byte(c.answer)) {
			done = append(done, m.GetMessageId())
		}
		if got := strings.Join(done, " "); got != c.want {
			t.Errorf("%s: done are %q, want %q", c.answer, got, c.want)
		}
	}
}

func TestOnlyFailedMessagesComeAgain(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing+`    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad" and r["attributes"]["ApproximateReceiveCount"] == "1"]}
`, q)
	in := mappingOf("f", q)
	in.FunctionResponseTypes, in.MaximumBatchingWindowInSeconds = []string{"ReportBatchItemFailures"}, ptr(int32(5))
	w.post(q, "a", "bad", "b")
	uuid := w.mapped(in)
	w.eventually("all are received", func() bool { return w.counted(uuid).PolledEventCount == 3 })
	w.clock.Advance(5 * time.Second)
	w.eventually("two are done", func() bool { return w.counted(uuid).DeletedEventCount == 2 })
	w.gets("f", "a", "bad", "b")
	w.eventually("the third comes again", func() bool { w.clock.Advance(5 * time.Second); return w.isEmpty(q) })
	w.gets("f", "a", "b", "bad", "bad")
}

func TestFiltersDropMessages(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing, q)
	in := mappingOf("f", q)
	pattern := func(p string) lambdaapi.Filter { return lambdaapi.Filter{Pattern: &p} }
	in.FilterCriteria = &lambdaapi.FilterCriteria{Filters: []lambdaapi.Filter{
		pattern(`{"body":{"n":[{"numeric":[">",5]}]}}`), pattern(`{"body":["plain"]}`), pattern(`{"messageAttributes":{"x":{"stringValue":["y"]}}}`),
	}}
	uuid := w.mapped(in)
	w.post(q, `{"n":6}`, `{"n":5}`, "plain", `"plain"`, "other", `{"plain":1}`, `[{"n":6}]`)
	must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(q)), MessageBody: ptr("any"), MessageAttributes: map[string]sqsapi.MessageAttributeValue{
		"x": {DataType: ptr("String"), StringValue: ptr("y")},
	}})
	w.eventually("the queue is empty", func() bool { return w.isEmpty(q) })
	w.gets("f", `{"n":6}`, "plain", "any")
	if got := w.counted(uuid); got.PolledEventCount != 8 || got.FilteredOutEventCount != 5 || got.InvokedEventCount != 3 || got.DeletedEventCount != 8 {
		t.Errorf("counted %+v", got)
	}
}

func TestAWindowGathersABatch(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", printing, q)
	in := mappingOf("f", q)
	in.BatchSize, in.MaximumBatchingWindowInSeconds = ptr(int32(25)), ptr(int32(300))
	uuid := w.mapped(in)
	for n := range 24 {
		w.post(q, fmt.Sprint(n))
	}
	w.eventually("all are received", func() bool { return w.counted(uuid).PolledEventCount == 24 })
	if got := w.counted(uuid).InvokedEventCount; got != 0 {
		t.Fatalf("%d are brought before the window is over", got)
	}
	w.post(q, "the last")
	w.eventually("a full batch is brought at once", func() bool { return w.isEmpty(q) })
	w.eventually("in one invoke", func() bool { return slices.Equal(w.printed("f", "batch"), []string{"25"}) })
	w.post(q, "late")
	w.eventually("it is received", func() bool { return w.counted(uuid).PolledEventCount == 26 })
	// The right to receive more is taken away: what is there is brought.
	w.iam.grant(roleOf("f"), logRole, mayPoll(q), statementOf("Deny", "sqs:ReceiveMessage", "*", ""))
	w.eventually("it is brought", func() bool { return w.counted(uuid).DeletedEventCount == 26 })
}

// TestABatchIsCutAtSixMegabytes whatever its size is set to.
func TestABatchIsCutAtSixMegabytes(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q", nil)
	w.consumer("f", "def handler(e, c):\n    print('batch', len(e['Records']))\n", q)
	in := mappingOf("f", q)
	in.BatchSize, in.MaximumBatchingWindowInSeconds = ptr(int32(10_000)), ptr(int32(300))
	uuid := w.mapped(in)
	for range 33 {
		w.post(q, strings.Repeat("x", 200_000))
	}
	w.eventually("six megabytes are brought", func() bool { return w.counted(uuid).DeletedEventCount >= 31 })
	w.clock.Advance(5 * time.Minute)
	w.eventually("the queue is empty", func() bool { return w.isEmpty(q) })
	p := &poller{s: w.lambda, m: &mapping{Source: q}, to: ref{region: region}}
	var batch []sqsapi.Message
	for range 40 {
		batch = append(batch, sqsapi.Message{Body: ptr(strings.Repeat("x", 200_000))})
	}
	event, n, err := p.payload(batch)
	if err != nil || len(event) > limits.SyncPayload || n < 30 || n == 40 {
		t.Errorf("an event of %d messages and %d bytes, %v", n, len(event), err)
	}
	huge := []sqsapi.Message{{Body: ptr(strings.Repeat("\x01", limits.SyncPayload))}, {Body: ptr("x")}}
	if _, n, _ := p.payload(huge); n != 1 {
		t.Errorf("a message that is too long by itself is brought in a batch of %d", n)
	}
}

func TestAFIFOQueueKeepsTheOrderOfAGroup(t *testing.T) {
	w := newWorld(t)
	q := w.queue("q.fifo", map[string]string{"FifoQueue": "true"})
	// The first try of a1 fails: a2 and a3 wait behind it, b does not.
	w.consumer("f", `
def handler(event, context):
    for r in event["Records"]:
        print("got", r["body"], r["attributes"]["ApproximateReceiveCount"])
        if r["body"] == "a1" and r["attributes"]["ApproximateReceiveCount"] == "1":
            raise Exception("no")
`, q)
	in := mappingOf("f", q)
	in.BatchSize = ptr(int32(1))
	uuid := w.mapped(in)
	w.post(q, "a1", "b1", "a2", "a3", "b2")
	w.eventually("group b is done", func() bool {
		return w.counted(uuid).DeletedEventCount == 2 && w.counted(uuid).FailedInvokeEventCount == 1
	})
	w.clock.Advance(30 * time.Second)
	w.eventually("group a is done", func() bool { return w.isEmpty(q) })
	w.eventually("all is logged", func() bool { return len(w.printed("f", "got")) == 6 })
	order := map[byte]string{}
	for _, l := range w.printed("f", "got") {
		order[l[0]] += l + ", "
	}
	if order['a'] != "a1 1, a1 2, a2 1, a3 1, " || order['b'] != "b1 1, b2 1, " {
		t.Errorf("order %q", order)
	}
}
