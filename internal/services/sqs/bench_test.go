package sqs

import (
	"context"
	"fmt"
	"strings"
	"testing"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/store"
)

// BenchmarkMessages sends, receives and deletes messages of 1 KiB through the
// bus and its gate, one by one and in batches of ten, by one client and by
// eight. The floor writes the same bytes to the same database and deletes them,
// and does nothing else. Every figure is messages.
func BenchmarkMessages(b *testing.B) {
	body := strings.Repeat("x", 1024)
	for _, size := range []int{1, 10} {
		b.Run(fmt.Sprintf("batch=%d/floor", size), func(b *testing.B) { benchFloor(b, body, size) })
		b.Run(fmt.Sprintf("batch=%d/clients=1", size), func(b *testing.B) {
			w, url := benchWorld(b)
			b.ReportAllocs()
			for i := 0; i < b.N; i += size {
				w.cycle(url, body, size)
			}
			perMessage(b)
		})
		b.Run(fmt.Sprintf("batch=%d/clients=8", size), func(b *testing.B) {
			w, url := benchWorld(b)
			b.SetParallelism(4) // two cores are usual
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					if n%size == 0 {
						w.cycle(url, body, size)
					}
				}
			})
			perMessage(b)
		})
	}
}

func perMessage(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func benchWorld(b *testing.B) (*world, string) {
	w := newWorldAt(b, clock.System{}, nil)
	url := w.create("q")
	b.ResetTimer()
	return w, url
}

func (w *world) cycle(url, body string, size int) {
	if size == 1 {
		w.send(url, body)
		out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url})
		w.drop(url, out.Messages...)
		return
	}
	in := &sqsapi.SendMessageBatchRequest{QueueUrl: &url}
	for i := range size {
		in.Entries = append(in.Entries, sqsapi.SendMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), MessageBody: &body})
	}
	must(w, sqsapi.SendMessageBatch, in)
	out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, MaxNumberOfMessages: ptr(int32(size))})
	gone := &sqsapi.DeleteMessageBatchRequest{QueueUrl: &url}
	for i := range out.Messages {
		gone.Entries = append(gone.Entries, sqsapi.DeleteMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), ReceiptHandle: out.Messages[i].ReceiptHandle})
	}
	must(w, sqsapi.DeleteMessageBatch, gone)
}

func benchFloor(b *testing.B, body string, size int) {
	st, err := store.Open(context.Background(), store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	log := store.OpenLog(st, "floor")
	b.ResetTimer()
	for i := 0; i < b.N; i += size {
		rows := make([]store.Entry, size)
		for j := range rows {
			rows[j] = store.Entry{Key: messageKey(1, uint64(i+j)), Value: []byte(body)}
		}
		all := store.Range{From: rows[0].Key, To: rows[size-1].Key + "\x00"}
		if err := st.Update(context.Background(), func(tx *store.Tx) error { return log.Append(tx, rows...) }); err != nil {
			b.Fatal(err)
		}
		if err := st.Update(context.Background(), func(tx *store.Tx) error { return log.Trim(tx, all) }); err != nil {
			b.Fatal(err)
		}
	}
	perMessage(b)
}
