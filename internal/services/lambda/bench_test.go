package lambda

import (
	"fmt"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// BenchmarkMapping brings messages of 1 KiB from a queue through a mapping, in
// batches of ten, to a function that does nothing, until all are deleted. The
// floor is the same without a mapping and without a function: one client that
// receives and deletes through the same gate, batch after batch. The second floor
// is the function alone: as many invokes, with as large an event, one after
// another. Every figure is messages; sending them is not counted.
func BenchmarkMapping(b *testing.B) {
	body := strings.Repeat("x", 1024)
	b.Run("mapping", func(b *testing.B) {
		w, q := benchWorld(b, body)
		uuid := w.mapped(mappingOf("f", q))
		for w.counted(uuid).DeletedEventCount < int64(b.N) {
			time.Sleep(time.Millisecond)
		}
		perMessage(b)
	})
	b.Run("floor=receive+delete", func(b *testing.B) {
		w, q := benchWorld(b, body)
		for done := 0; done < b.N; {
			out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: ptr(queueURL(q)), MaxNumberOfMessages: ptr(int32(10))})
			in := &sqsapi.DeleteMessageBatchRequest{QueueUrl: ptr(queueURL(q))}
			for i, m := range out.Messages {
				in.Entries = append(in.Entries, sqsapi.DeleteMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
			}
			done += len(must(w, sqsapi.DeleteMessageBatch, in).Successful)
		}
		perMessage(b)
	})
	b.Run("floor=invoke", func(b *testing.B) {
		w, _ := benchWorld(b, body)
		event := []byte(`{"Records":["` + strings.Repeat("x", 10*(1024+600)) + `"]}`)
		for done := 0; done < b.N; done += 10 {
			must(w, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: ptr("f"), Payload: event})
		}
		perMessage(b)
	})
}

func perMessage(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// benchWorld has a function that ran once, and b.N messages in a queue.
func benchWorld(b *testing.B, body string) (*world, string) {
	w := openWorldAt(b, b.TempDir(), clock.System{}, nil, newPeople())
	w.lambda.logs.pace = limits.LogPace // as outside of tests
	q := w.queue("q", nil)
	w.consumer("f", "def handler(event, context):\n    pass\n", q)
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		b.Fatal(err)
	}
	for sent := 0; sent < b.N; {
		in := &sqsapi.SendMessageBatchRequest{QueueUrl: ptr(queueURL(q))}
		for range min(10, b.N-sent) {
			in.Entries = append(in.Entries, sqsapi.SendMessageBatchRequestEntry{Id: ptr(fmt.Sprint(len(in.Entries))), MessageBody: &body})
		}
		sent += len(must(w, sqsapi.SendMessageBatch, in).Successful)
	}
	b.ResetTimer()
	return w, q
}
