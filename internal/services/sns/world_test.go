package sns

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/sqs"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const (
	here   = "111111111111"
	there  = "222222222222"
	region = "us-east-1"
)

var (
	root     = caller.Root(here, caller.Key{})
	stranger = caller.Root(there, caller.Key{})
)

// world is SNS with real SQS behind a real gate; people and functions are played.
type world struct {
	testing.TB
	dir       string
	sns       *Service
	sqs       *sqs.Service
	bus       *op.Bus
	clock     *clock.Manual
	store     *store.Store
	trail     *trail.Trail
	people    *people
	functions *functions
	// played, if set, is in the place of SQS.
	played *queues
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := unstarted(t)
	w.start()
	t.Cleanup(w.stop)
	return w
}

func unstarted(t testing.TB) *world {
	t.Helper()
	w := &world{
		TB: t, dir: t.TempDir(), clock: clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)),
		people: &people{map[string]string{}}, functions: &functions{policies: map[string]string{}},
	}
	w.functions.now = w.clock
	return w
}

// start opens the services on what is stored.
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
	if w.sqs, err = sqs.New(ctx, sqs.Deps{Store: w.store, Clock: w.clock, Bug: bugs, Directory: w.people}); err != nil {
		w.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if w.sns, err = New(ctx, Deps{Store: w.store, Clock: w.clock, Bug: bugs, Log: log, Directory: w.people}); err != nil {
		w.Fatal(err)
	}
	services := []op.Service{w.sqs, w.sns, w.functions}
	if w.played != nil {
		services[0] = w.played
	}
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.people, services, w.trail, bugs), Services: services, Clock: w.clock, Bug: bugs})
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range services {
		if err := s.Start(ctx, w.bus); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) stop() {
	if err := errors.Join(w.sns.Close(), w.sqs.Close(), w.trail.Close(), w.store.Close()); err != nil {
		w.Error(err)
	}
}

func (w *world) restart() {
	w.Helper()
	w.stop()
	w.start()
}

// people are the identity policies of users, by ARN.
type people struct{ policies map[string]string }

func userARN(account, name string) string { return "arn:aws:iam::" + account + ":user/" + name }

func uniqueID(name string) string {
	return ("AIDA" + strings.ToUpper(name) + strings.Repeat("X", 21))[:21]
}

// user is a user who may do action on resource, and nothing else.
func (w *world) user(account, name, action, resource string) caller.Caller {
	arn := userARN(account, name)
	w.people.policies[arn] = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}}`
	return caller.ForUser(caller.User{Account: account, ARN: arn, Name: name, ID: uniqueID(name)}, caller.Key{})
}

func (p *people) Grants(c caller.Caller) (op.Grants, bool) {
	if c.IsRoot() {
		return op.Grants{}, true
	}
	text, ok := p.policies[c.ARN()]
	if !ok {
		return op.Grants{}, false
	}
	return op.Grants{Identity: []policy.Attached{{Policy: load(text), Name: "test"}}}, true
}
func (*people) ManagedPolicy(string, string) (policy.Attached, bool) { return policy.Attached{}, false }
func (*people) Role(string) (op.Role, bool)                          { return op.Role{}, false }
func (*people) HasAccount(account string) bool                       { return account == here || account == there }

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

func load(text string) *policy.Policy {
	p, err := policy.Load([]byte(text))
	if err != nil {
		panic(err)
	}
	return p
}

// functions play Lambda: what is invoked, by whom, and what it answers.
type functions struct {
	now clock.Clock

	mu       sync.Mutex
	policies map[string]string
	events   []string
	times    []time.Time
	// fail, if set, answers an invoke that was let in.
	fail func(event string) error
}

func (f *functions) API() *api.Service { return lambdaapi.Service }
func (f *functions) Rows() []op.Row {
	return []op.Row{op.Bind(lambdaapi.Invoke, f.invoke, op.On("lambda:InvokeFunction", func(_ context.Context, c *op.Call) ([]op.Resource, error) {
		return []op.Resource{{ARN: c.Input.(*lambdaapi.InvocationRequest).GetFunctionName()}}, nil
	}))}
}
func (f *functions) Start(context.Context, *op.Bus) error { return nil }
func (f *functions) Close() error                         { return nil }
func (f *functions) Resource(_, arn string) op.Facts {
	f.mu.Lock()
	defer f.mu.Unlock()
	if text := f.policies[arn]; text != "" {
		return op.Facts{Policy: &policy.Attached{Policy: load(text), Name: "function policy", Source: "function"}}
	}
	return op.Facts{}
}

func (f *functions) invoke(_ context.Context, c *op.Call, in *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times = append(f.times, f.now.Now())
	if in.GetInvocationType() != "Event" {
		panic("SNS invokes functions asynchronously")
	}
	if f.fail != nil {
		if err := f.fail(string(in.Payload)); err != nil {
			return nil, err
		}
	}
	f.events = append(f.events, string(in.Payload))
	return &lambdaapi.InvocationResponse{}, nil
}

// got are the messages that functions took so far.
func (f *functions) got() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, e := range f.events {
		var event struct {
			Records []struct{ Sns struct{ Message string } }
		}
		if err := json.Unmarshal([]byte(e), &event); err != nil {
			panic(err)
		}
		all = append(all, event.Records[0].Sns.Message)
	}
	return all
}

func (f *functions) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func functionARN(account, name string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":function:" + name
}

// allowing is a resource policy that lets a service in, on a condition.
func allowing(action, resource, condition string) string {
	s := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"` + action + `","Resource":"` + resource + `"`
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + `}]}`
}

// function makes a function that lets SNS in on a condition, for which empty is none.
func (w *world) function(account, name, condition string) string {
	arn := functionARN(account, name)
	w.functions.set(func() { w.functions.policies[arn] = allowing("lambda:InvokeFunction", arn, condition) })
	return arn
}

func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: region}, o, in)
}

// must is call of something that succeeds.
func must[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	out, err := call(w, as, o, in)
	if err != nil {
		w.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

// refused checks an error: its code, status and text.
func refused(t testing.TB, err error, code string, status int, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %s, got %v", code, err)
	}
	if e.Code != code || e.Status != status || e.Message != text {
		t.Errorf("got  %d %s %q\nwant %d %s %q", e.Status, e.Code, e.Message, status, code, text)
	}
}

func pairs(list []string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

func (w *world) topic(name string, attributes ...string) string {
	w.Helper()
	if strings.HasSuffix(name, fifoSuffix) {
		attributes = append(attributes, "FifoTopic", "true")
	}
	return *must(w, root, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: &name, Attributes: pairs(attributes)}).TopicArn
}

func (w *world) subscribe(topic, protocol, endpoint string, attributes ...string) string {
	w.Helper()
	return *must(w, root, snsapi.Subscribe, &snsapi.SubscribeInput{
		TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: pairs(attributes), ReturnSubscriptionArn: ptr(true),
	}).SubscriptionArn
}

func (w *world) publish(topic, text string) string {
	w.Helper()
	return *must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: &text}).MessageId
}

// queue makes a queue that lets SNS in on a condition; it gives URL and ARN. The
// condition "none" makes one without a policy.
func (w *world) queue(as caller.Caller, name, condition string) (url, arn string) {
	w.Helper()
	arn = "arn:aws:sqs:" + region + ":" + as.Account() + ":" + name
	attributes := map[string]string{}
	if condition != "none" {
		attributes["Policy"] = allowing("sqs:SendMessage", arn, condition)
	}
	if strings.HasSuffix(name, fifoSuffix) {
		attributes["FifoQueue"] = "true"
	}
	return *must(w, as, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Attributes: attributes}).QueueUrl, arn
}

// receive takes the messages of a queue away.
func (w *world) receive(as caller.Caller, url string) []sqsapi.Message {
	w.Helper()
	got := must(w, as, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{
		QueueUrl: &url, MaxNumberOfMessages: ptr(int32(10)), AttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"},
	}).Messages
	for i := range got {
		must(w, as, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: &url, ReceiptHandle: got[i].ReceiptHandle})
	}
	return got
}

// eventually waits for what the background does.
func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	for range 10_000 {
		if done() {
			return
		}
		<-time.After(time.Millisecond)
	}
	w.Fatalf("never: %s", what)
}

// moving is eventually while time goes by, step by step.
func (w *world) moving(step time.Duration, what string, done func() bool) {
	w.Helper()
	w.eventually(what, func() bool {
		if done() {
			return true
		}
		w.clock.Advance(step)
		return false
	})
}

// settled waits until nothing is owed.
func (w *world) settled() {
	w.Helper()
	w.eventually("every delivery is over", func() bool { return w.owed() == 0 })
}

func (w *world) owed() int { return w.sns.deliveries.Len() + w.sns.posts.Len() + w.sns.waiting.Len() }

// bodies receives until n messages came.
func (w *world) bodies(as caller.Caller, url string, n int) []string {
	w.Helper()
	var all []string
	w.eventually("the messages are in the queue", func() bool {
		for _, m := range w.receive(as, url) {
			all = append(all, *m.Body)
		}
		return len(all) >= n
	})
	return all
}

// notification is an envelope as a client reads it.
type notification struct {
	Type, MessageId, SequenceNumber, TopicArn, Subject, Message, Timestamp, Token, SubscribeURL string
	SignatureVersion, Signature, SigningCertURL, UnsubscribeURL                                 string
	MessageAttributes                                                                           map[string]attribute
}

func readNotification(t testing.TB, body string) notification {
	t.Helper()
	var n notification
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return n
}

// decisions are what was decided of an action since the world began.
func (w *world) decisions(action string) []*trail.Record {
	w.Helper()
	all, err := w.trail.Newest(context.Background(), 0, trail.Filter{Action: action}, 100)
	if err != nil {
		w.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

func TestRowsBindEveryOperation(t *testing.T) {
	w := newWorld(t)
	for _, o := range snsapi.Service.Operations {
		if !w.bus.Bound(o) {
			t.Errorf("%s has no row: it would be refused to everybody", o.Name)
		}
	}
}
