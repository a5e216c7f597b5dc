package sqs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const (
	here   = "111111111111"
	there  = "222222222222"
	region = "us-east-1"
)

// world is SQS behind a real gate.
type world struct {
	testing.TB
	dir    string
	now    clock.Clock
	sqs    *Service
	bus    *op.Bus
	clock  *clock.Manual
	store  *store.Store
	trail  *trail.Trail
	people *people
}

// people are the identity policies of users, by ARN.
type people struct{ policies map[string]string }

func newWorld(t testing.TB) *world {
	t.Helper()
	manual := clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	return newWorldAt(t, manual, manual)
}

// newWorldAt is a world of any clock, which manual is, or nil.
func newWorldAt(t testing.TB, now clock.Clock, manual *clock.Manual) *world {
	t.Helper()
	w := &world{TB: t, dir: t.TempDir(), now: now, clock: manual, people: &people{map[string]string{}}}
	w.start()
	t.Cleanup(w.stop)
	return w
}

// start opens the service on what is stored.
func (w *world) start() {
	w.Helper()
	ctx := context.Background()
	bugs := &bug.Reporter{Panic: true}
	var err error
	if w.store, err = store.Open(ctx, store.Options{Dir: w.dir}); err != nil {
		w.Fatal(err)
	}
	if w.trail, err = trail.Open(ctx, w.store, nil); err != nil {
		w.Fatal(err)
	}
	if w.sqs, err = New(ctx, Deps{Store: w.store, Clock: w.now, Bug: bugs, Directory: w.people}); err != nil {
		w.Fatal(err)
	}
	services := []op.Service{w.sqs}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.people, services, w.trail, bugs), Services: services, Clock: w.now, Bug: bugs})
	if err != nil {
		w.Fatal(err)
	}
	// Start would also sweep, at times of its own.
	if err := w.sqs.resumeMoves(); err != nil {
		w.Fatal(err)
	}
}

func (w *world) stop() {
	if err := errors.Join(w.sqs.Close(), w.trail.Close(), w.store.Close()); err != nil {
		w.Error(err)
	}
}

func (w *world) restart() {
	w.Helper()
	w.stop()
	w.start()
}

func userARN(account, name string) string { return "arn:aws:iam::" + account + ":user/" + name }

// uniqueID is that of the user of a name.
func uniqueID(name string) string {
	return ("AIDA" + strings.ToUpper(name) + strings.Repeat("X", 21))[:21]
}

// user is a user who may do action on resource, and nothing else.
func (w *world) user(account, name, action, resource string) caller.Caller {
	arn := userARN(account, name)
	w.people.policies[arn] = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}}`
	return caller.ForUser(caller.User{Account: account, ARN: arn, Name: name, ID: uniqueID(name)}, caller.Key{})
}

var (
	root     = caller.Root(here, caller.Key{})
	stranger = caller.Root(there, caller.Key{})
)

func (p *people) Grants(c caller.Caller) (op.Grants, bool) {
	if c.IsRoot() {
		return op.Grants{}, true
	}
	text, ok := p.policies[c.ARN()]
	if !ok {
		return op.Grants{}, false
	}
	loaded, err := policy.Load([]byte(text))
	if err != nil {
		panic(err)
	}
	return op.Grants{Identity: []policy.Attached{{Policy: loaded, Name: "test"}}}, true
}
func (*people) ManagedPolicy(string, string) (policy.Attached, bool) { return policy.Attached{}, false }
func (*people) Role(string) (op.Role, bool)                          { return op.Role{}, false }
func (*people) HasAccount(account string) bool                       { return account == here || account == there }
func (*people) Changed() <-chan struct{}                             { return nil }

// PrincipalID is what the users' own ids are here.
func (p *people) PrincipalID(arn string) (string, bool) {
	_, ok := p.policies[arn]
	_, name, _ := strings.Cut(arn, "/")
	return uniqueID(name), ok
}

func (p *people) PrincipalARN(id string) (string, bool) {
	for arn := range p.policies {
		if own, _ := p.PrincipalID(arn); own == id {
			return arn, true
		}
	}
	return "", false
}

func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: region}, o, in)
}

// must is call as root, of something that succeeds.
func must[In, Out any](w *world, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	out, err := call(w, root, o, in)
	if err != nil {
		w.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

// refused checks an error: its code, its code in the query protocol, status and text.
func refused(t testing.TB, err error, code, query string, status int, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %s, got %v", code, err)
	}
	if e.Code != code || e.QueryCode != query || e.Status != status || e.Message != text {
		t.Errorf("got  %d %s %s %q\nwant %d %s %s %q", e.Status, e.Code, e.QueryCode, e.Message, status, code, query, text)
	}
}

func (w *world) create(name string, attributes ...string) string {
	w.Helper()
	if strings.HasSuffix(name, fifoSuffix) {
		attributes = append(attributes, "FifoQueue", "true")
	}
	return *must(w, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Attributes: pairs(attributes)}).QueueUrl
}

func pairs(list []string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

func arnOf(url string) string {
	r, ok := parseURL(url, region)
	if !ok {
		panic(url)
	}
	return r.arn()
}

func (w *world) send(url, body string) string {
	w.Helper()
	return *must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: &body}).MessageId
}

// sendTo sends to a FIFO queue; the body is also the deduplication id.
func (w *world) sendTo(url, group, body string) *sqsapi.SendMessageResult {
	w.Helper()
	return must(w, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &body})
}

func (w *world) receive(url string, most int32) []sqsapi.Message {
	w.Helper()
	return must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{
		QueueUrl: &url, MaxNumberOfMessages: &most, AttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"},
	}).Messages
}

func bodies(messages []sqsapi.Message) string {
	var all []string
	for i := range messages {
		all = append(all, *messages[i].Body)
	}
	return strings.Join(all, " ")
}

// expect receives and compares the bodies, in order.
func (w *world) expect(url string, most int32, want string) []sqsapi.Message {
	w.Helper()
	got := w.receive(url, most)
	if bodies(got) != want {
		w.Fatalf("received %q, want %q", bodies(got), want)
	}
	return got
}

func (w *world) drop(url string, messages ...sqsapi.Message) {
	w.Helper()
	for i := range messages {
		must(w, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: &url, ReceiptHandle: messages[i].ReceiptHandle})
	}
}

func (w *world) attribute(url, name string) string {
	w.Helper()
	return must(w, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{QueueUrl: &url, AttributeNames: []string{name}}).Attributes[name]
}

func (w *world) set(url string, attributes ...string) {
	w.Helper()
	must(w, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: &url, Attributes: pairs(attributes)})
}

// counts are the three approximate numbers: visible, in flight, delayed.
func (w *world) counts(url string) string {
	w.Helper()
	return fmt.Sprint(w.attribute(url, "ApproximateNumberOfMessages"), " ", w.attribute(url, "ApproximateNumberOfMessagesNotVisible"), " ", w.attribute(url, "ApproximateNumberOfMessagesDelayed"))
}

// whole checks that every message stands where its state says, that the counts
// are right, and that memory holds what the database holds.
func (w *world) whole() {
	w.Helper()
	stored := 0
	err := w.sqs.eachEntry(context.Background(), w.sqs.contents, func(_, _ uint64, _ []byte) error {
		stored++
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	known := 0
	for _, l := range w.sqs.lines.each() {
		known += len(l.messages)
		l.check(w)
	}
	if stored != known || int64(known) != w.sqs.lines.room.messages.Load() {
		w.Errorf("%d messages are stored, %d in memory, %d counted", stored, known, w.sqs.lines.room.messages.Load())
	}
}

func (l *line) check(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var count [gone]int
	for _, m := range l.messages {
		count[m.state]++
		if (m.state != visible) != slices.Contains(l.hidden.items, m) {
			t.Errorf("%s: a message in state %d is hidden: %v", l.ref.name, m.state, m.state == visible)
		}
		if l.fifo == (m.group == nil) || !l.fifo && (m.state == visible) != slices.Contains(l.ready.items, m) {
			t.Errorf("%s: a message in state %d is in the wrong place", l.ref.name, m.state)
		}
		if l.fifo && (m.state == inFlight) == slices.Contains(m.group.pending.items, m) {
			t.Errorf("%s: a message in state %d is with its group: %v", l.ref.name, m.state, m.state == inFlight)
		}
	}
	if count != l.count || l.hidden.len() != count[delayed]+count[inFlight] {
		t.Errorf("%s: counts are %v, want %v; %d hidden", l.ref.name, l.count, count, l.hidden.len())
	}
	for name, g := range l.groups {
		open := g.inFlight == 0 && g.pending.len() > 0 && g.pending.first().state == visible
		if open != slices.Contains(l.open.items, g) || open != (g.at >= 0) || g.inFlight+g.pending.len() == 0 {
			t.Errorf("%s: group %s is open: %v", l.ref.name, name, !open)
		}
	}
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range sqsapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
}
