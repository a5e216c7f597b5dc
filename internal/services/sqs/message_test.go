package sqs

import (
	"testing"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

func TestAMessageIsSentReceivedAndDeleted(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	id := w.send(url, "one")
	w.send(url, "two")
	got := w.expect(url, 10, "one two")
	if *got[0].MessageId != id || *got[0].MD5OfBody != "f97c5d29941bfb1b2fdab0874906ab82" {
		t.Errorf("got %s, digest %s", *got[0].MessageId, *got[0].MD5OfBody)
	}
	if c := w.counts(url); c != "0 2 0" {
		t.Errorf("counts %s", c)
	}
	w.expect(url, 10, "")
	w.drop(url, got[0])
	w.drop(url, got[0]) // deleting again changes nothing
	w.clock.Advance(30 * time.Second)
	w.expect(url, 10, "two")
	w.whole()
}

func TestWhatWasAcknowledgedSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	url, fifo := w.create("q"), w.create("q.fifo")
	for _, body := range []string{"a", "b", "c"} {
		w.send(url, body)
		w.sendTo(fifo, "g", body)
	}
	got := w.expect(url, 1, "a")
	w.drop(url, got...)
	w.drop(fifo, w.expect(fifo, 1, "a")...)
	late := w.expect(url, 1, "b")
	w.restart()
	w.whole()
	w.sendTo(fifo, "g", "a") // still a duplicate
	w.expect(fifo, 10, "b c")
	w.expect(url, 10, "b c") // what was in flight is visible again
	w.drop(url, late...)     // and its handle still deletes it
	w.drop(url, got...)
	w.clock.Advance(time.Minute)
	w.expect(url, 10, "c")
	w.whole()
}

func TestALongPollEndsWithAMessage(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	done := make(chan string)
	go func() {
		out, err := call(w, root, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url, WaitTimeSeconds: ptr(int32(20))})
		if err != nil {
			done <- err.Error()
			return
		}
		done <- bodies(out.Messages)
	}()
	w.waiting(url, 1)
	w.send(url, "hello")
	if got := <-done; got != "hello" {
		t.Errorf("got %q", got)
	}
}

// waiting waits until so many long polls wait at the queue.
func (w *world) waiting(url string, n int) {
	w.Helper()
	r, _ := parseURL(url, region)
	l := w.sqs.lines.of(r)
	for {
		l.mu.Lock()
		found := len(l.waiters.all)
		l.mu.Unlock()
		if found == n {
			return
		}
		select {
		case <-w.Context().Done():
			w.Fatal("nobody waits")
		case <-time.After(time.Millisecond):
		}
	}
}
