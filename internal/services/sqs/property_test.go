package sqs

import (
	"fmt"
	"slices"
	"testing"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"pgregory.net/rapid"
)

// model is a queue as its documentation describes it, in the simplest form: a
// list that is searched from the front.
type model struct {
	fifo       bool
	visibility time.Duration
	messages   []*modelMessage
	sent       map[string]time.Time
}

type modelMessage struct {
	body, group string
	until       time.Time
	inFlight    bool
	handle      string
}

// receive is what the queue must give out now.
func (m *model) receive(now time.Time, most int) (got []*modelMessage) {
	for _, x := range m.messages {
		if x.inFlight && !x.until.After(now) {
			x.inFlight = false
		}
	}
	locked := map[string]bool{}
	for _, x := range m.messages {
		if x.inFlight {
			locked[x.group] = true
		}
	}
	for _, x := range m.messages {
		free := !x.inFlight && !x.until.After(now)
		if m.fifo {
			free = free && !locked[x.group]
			if !free {
				locked[x.group] = true // what follows has to wait
			}
		}
		if free && len(got) < most {
			got = append(got, x)
		}
	}
	return got
}

// sorted puts what a FIFO queue may give: the groups in the order of their
// first message, each with as many as fit.
func (m *model) sorted(all []*modelMessage, most int) (got []*modelMessage) {
	if !m.fifo {
		return all[:min(most, len(all))]
	}
	for len(got) < most && len(all) > 0 {
		group := all[0].group
		all = slices.DeleteFunc(all, func(x *modelMessage) bool {
			if x.group != group || len(got) == most {
				return false
			}
			got = append(got, x)
			return true
		})
	}
	return got
}

// TestQueuesDoWhatTheModelDoes runs random calls, restarts among them.
func TestQueuesDoWhatTheModelDoes(t *testing.T) {
	for _, name := range []string{"q", "q.fifo"} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) { walk(t, r, name) })
		})
	}
}

func walk(t *testing.T, r *rapid.T, name string) {
	w := newWorld(t)
	w.TB = failing{t, r}
	m := &model{fifo: name != "q", visibility: 30 * time.Second, sent: map[string]time.Time{}}
	url := w.create(name)
	if rapid.Bool().Draw(r, "little room") {
		w.sqs.lines.room.bytes.Store(1 << 40)
	}
	for range rapid.IntRange(1, 40).Draw(r, "steps") {
		m.step(w, r, url)
	}
	w.whole()
}

// failing tells rapid of failures, so that it finds the shortest run.
type failing struct {
	testing.TB
	r *rapid.T
}

func (f failing) Errorf(format string, args ...any) { f.r.Errorf(format, args...) }
func (f failing) Fatalf(format string, args ...any) { f.r.Fatalf(format, args...) }
func (f failing) Fatal(args ...any)                 { f.r.Fatal(args...) }

func (m *model) step(w *world, r *rapid.T, url string) {
	now := w.clock.Now()
	switch rapid.SampledFrom([]string{"send", "send", "receive", "receive", "delete", "change", "time", "restart"}).Draw(r, "step") {
	case "send":
		m.send(w, r, url)
	case "receive":
		most := rapid.IntRange(1, 10).Draw(r, "most")
		got := w.receive(url, int32(most))
		want := m.sorted(m.receive(now, 1<<30), most)
		if len(got) != len(want) {
			r.Fatalf("received %q, want %d messages", bodies(got), len(want))
		}
		for i, x := range want {
			if *got[i].Body != x.body {
				r.Fatalf("received %q as number %d, want %q", *got[i].Body, i, x.body)
			}
			x.inFlight, x.until, x.handle = true, now.Add(m.visibility), *got[i].ReceiptHandle
		}
	case "delete":
		if x := m.any(r, now); x != nil {
			must(w, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: &url, ReceiptHandle: &x.handle})
			m.messages = slices.DeleteFunc(m.messages, func(y *modelMessage) bool { return x == y })
		}
	case "change":
		if x := m.any(r, now); x != nil {
			seconds := rapid.Int32Range(0, 60).Draw(r, "seconds")
			must(w, sqsapi.ChangeMessageVisibility, &sqsapi.ChangeMessageVisibilityRequest{QueueUrl: &url, ReceiptHandle: &x.handle, VisibilityTimeout: &seconds})
			x.until = now.Add(time.Duration(seconds) * time.Second)
		}
	case "time":
		w.clock.Advance(time.Duration(rapid.IntRange(0, 400).Draw(r, "passed")) * time.Second)
	case "restart":
		full := w.sqs.lines.room.bytes.Load() >= 1<<40
		w.restart()
		if full {
			w.sqs.lines.room.bytes.Add(1 << 40)
		}
		for _, x := range m.messages {
			if x.inFlight {
				x.inFlight, x.until = false, time.Time{}
			}
		}
	}
	w.whole()
}

func (m *model) send(w *world, r *rapid.T, url string) {
	now := w.clock.Now()
	x := &modelMessage{body: fmt.Sprint("m", rapid.IntRange(0, 30).Draw(r, "body"))}
	if !m.fifo {
		delay := rapid.Int32Range(0, 20).Draw(r, "delay")
		x.until = now.Add(time.Duration(delay) * time.Second)
		must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: &x.body, DelaySeconds: &delay})
		m.messages = append(m.messages, x)
		return
	}
	x.group = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "group")
	w.sendTo(url, x.group, x.body)
	if at, known := m.sent[x.body]; known && now.Before(at.Add(5*time.Minute)) {
		return
	}
	m.sent[x.body] = now
	m.messages = append(m.messages, x)
}

// any is a message in flight, nil without.
func (m *model) any(r *rapid.T, now time.Time) *modelMessage {
	var all []*modelMessage
	for _, x := range m.messages {
		if x.inFlight && x.until.After(now) {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(r, "message")
}
