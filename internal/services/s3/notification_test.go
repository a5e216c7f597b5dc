package s3

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

const queueARN = "arn:aws:sqs:us-east-1:111111111111:q"

// queue stands for SQS: one queue, with a policy, that notes what it is sent.
type queue struct {
	mu       sync.Mutex
	policy   *policy.Attached
	failure  error
	messages []string
}

func (q *queue) API() *api.Service                    { return sqsapi.Service }
func (q *queue) Start(context.Context, *op.Bus) error { return nil }
func (q *queue) Close() error                         { return nil }
func (q *queue) finder(context.Context, *op.Call) ([]op.Resource, error) {
	return []op.Resource{{ARN: queueARN}}, nil
}

func (q *queue) Rows() []op.Row {
	return []op.Row{op.Bind(sqsapi.SendMessage, q.sendMessage, op.On("sqs:SendMessage", q.finder))}
}

func (q *queue) Resource(_, arn string) op.Facts {
	q.mu.Lock()
	defer q.mu.Unlock()
	return op.Facts{Account: here, Policy: q.policy}
}

func (q *queue) sendMessage(_ context.Context, _ *op.Call, in *sqsapi.SendMessageRequest) (*sqsapi.SendMessageResult, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failure != nil {
		return nil, q.failure
	}
	q.messages = append(q.messages, in.GetMessageBody())
	return &sqsapi.SendMessageResult{}, nil
}

// permits gives the queue a policy for S3 with a condition.
func (q *queue) permits(t *testing.T, condition string) {
	t.Helper()
	loaded, err := policy.Load([]byte(bucketPolicy("Allow", `{"Service":"s3.amazonaws.com"}`, "sqs:SendMessage", queueARN, condition)))
	if err != nil {
		t.Fatal(err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.policy = &policy.Attached{Policy: loaded, Name: "queue policy", Source: "queue q"}
}

func (q *queue) forbids() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.policy = nil
}

// taken are the messages so far, but for test messages.
func (q *queue) taken() (events []record, tests int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, text := range q.messages {
		var m message
		if err := json.Unmarshal([]byte(text), &m); err != nil || len(m.Records) == 0 {
			tests++
			continue
		}
		events = append(events, m.Records...)
	}
	return events, tests
}

// settled waits until nothing is owed.
func (w *world) settled() {
	for w.s3.owed.Len() > 0 {
		runtime.Gosched()
	}
}

func notify(bucket string, events []string, filters ...string) *s3api.PutBucketNotificationConfigurationRequest {
	q := s3api.QueueConfiguration{Id: ptr("one"), QueueArn: ptr(queueARN), Events: events}
	if len(filters) > 0 {
		q.Filter = &s3api.NotificationConfigurationFilter{Key: &s3api.S3KeyFilter{}}
		for i := 0; i < len(filters); i += 2 {
			q.Filter.Key.FilterRules = append(q.Filter.Key.FilterRules, s3api.FilterRule{Name: &filters[i], Value: &filters[i+1]})
		}
	}
	return &s3api.PutBucketNotificationConfigurationRequest{Bucket: &bucket, NotificationConfiguration: &s3api.NotificationConfiguration{QueueConfigurations: []s3api.QueueConfiguration{q}}}
}

const ofBucketA = `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket-a"},"StringEquals":{"aws:SourceAccount":"111111111111"}}`

// TestDestinationIsAskedFirst: the queue's policy decides, with the bucket as
// the source and its owner as the source's account.
func TestDestinationIsAskedFirst(t *testing.T) {
	q := &queue{}
	w := openWorld(t, "", q)
	w.bucket("bucket-a")
	created := notify("bucket-a", []string{"s3:ObjectCreated:*"})
	for name, condition := range map[string]string{
		"another bucket":  `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket-b"}}`,
		"another account": `,"Condition":{"StringEquals":{"aws:SourceAccount":"222222222222"}}`,
	} {
		q.permits(t, condition)
		e := refuses(w, s3api.PutBucketNotificationConfiguration, created, 400, "InvalidArgument")
		if e.Message != "Unable to validate the following destination configurations" || e.Members["ArgumentName1"] != queueARN ||
			e.Members["ArgumentValue1"] != "Permissions on the destination queue do not allow S3 to publish notifications from this bucket" {
			t.Errorf("%s: %v %v", name, e, e.Members)
		}
	}
	if out := must(w, s3api.GetBucketNotificationConfiguration, &s3api.GetBucketNotificationConfigurationRequest{Bucket: ptr("bucket-a")}); len(out.QueueConfigurations) > 0 {
		t.Error("a refused configuration was stored")
	}
	q.permits(t, ofBucketA)
	must(w, s3api.PutBucketNotificationConfiguration, created)
	must(w, s3api.PutBucketNotificationConfiguration, created)
	if _, tests := q.taken(); tests != 2 {
		t.Errorf("%d test messages for two configurations", tests)
	}
	q.forbids()
	created.SkipDestinationValidation = ptr(true)
	must(w, s3api.PutBucketNotificationConfiguration, created)
}

func TestEventsAreDelivered(t *testing.T) {
	q := &queue{}
	w := openWorld(t, "", q)
	w.bucket("bucket-a")
	q.permits(t, ofBucketA)
	must(w, s3api.PutBucketNotificationConfiguration, notify("bucket-a", []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:Delete", "s3:ObjectTagging:Put"}, "prefix", "in/", "Suffix", ".txt"))
	w.put("bucket-a", "in/a b+ü.txt", "hello")
	w.put("bucket-a", "out/a.txt", "hello")
	w.put("bucket-a", "in/a.bin", "hello")
	must(w, s3api.CopyObject, &s3api.CopyObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("in/c.txt"), CopySource: ptr("bucket-a/out/a.txt")})
	must(w, s3api.PutObjectTagging, &s3api.PutObjectTaggingRequest{Bucket: ptr("bucket-a"), Key: ptr("in/c.txt"), Tagging: &s3api.Tagging{TagSet: []s3api.Tag{{Key: ptr("a"), Value: ptr("b")}}}})
	must(w, s3api.DeleteObjectTagging, &s3api.DeleteObjectTaggingRequest{Bucket: ptr("bucket-a"), Key: ptr("in/c.txt")})
	must(w, s3api.DeleteObject, &s3api.DeleteObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("in/c.txt")})
	w.settled()
	events, _ := q.taken()
	slices.SortFunc(events, func(a, b record) int { return strings.Compare(a.S3.Object.Sequencer, b.S3.Object.Sequencer) })
	var got []string
	for _, e := range events {
		got = append(got, e.EventName+" "+e.S3.Object.Key)
	}
	want := []string{"ObjectCreated:Put in/a+b%2B%C3%BC.txt", "ObjectCreated:Copy in/c.txt", "ObjectTagging:Put in/c.txt", "ObjectRemoved:Delete in/c.txt"}
	if !slices.Equal(got, want) {
		t.Errorf("told of %q, want %q", got, want)
	}
	first := events[0]
	if first.EventVersion != "2.1" || first.AWSRegion != "us-east-1" || *first.S3.Object.Size != 5 || first.S3.Object.ETag != "5d41402abc4b2a76b9719d911017c592" ||
		first.S3.Bucket.ARN != "arn:aws:s3:::bucket-a" || first.S3.ConfigurationID != "one" || first.EventTime != "2026-11-24T10:00:00.000Z" {
		t.Errorf("%+v", first)
	}
}

// TestEventThatIsRefusedIsLost, and can be found.
func TestEventThatIsRefusedIsLost(t *testing.T) {
	q := &queue{}
	w := openWorld(t, "", q)
	w.bucket("bucket-a")
	q.permits(t, ofBucketA)
	must(w, s3api.PutBucketNotificationConfiguration, notify("bucket-a", []string{"s3:ObjectCreated:*"}))
	q.forbids()
	w.put("bucket-a", "k", "x")
	w.settled()
	if events, _ := q.taken(); len(events) != 0 {
		t.Errorf("delivered: %v", events)
	}
	var denied *trail.Record
	for _, r := range w.trail.After(0, trail.Filter{}, 1000) {
		if r.Action == "sqs:SendMessage" && !r.Allowed {
			denied = r
			break
		}
	}
	if denied == nil || denied.Principal.Service != "s3.amazonaws.com" || denied.Parent == "" {
		t.Errorf("the denial is recorded as %+v", denied)
	}
}

// TestQueueThatFailsIsAskedAgain, also by the next server.
func TestQueueThatFailsIsAskedAgain(t *testing.T) {
	q, dir := &queue{}, t.TempDir()
	w := openWorld(t, dir, q)
	w.bucket("bucket-a")
	q.permits(t, ofBucketA)
	must(w, s3api.PutBucketNotificationConfiguration, notify("bucket-a", []string{"s3:ObjectCreated:*"}))
	q.mu.Lock()
	q.failure = api.Newf(503, "ServiceUnavailable", "later")
	q.mu.Unlock()
	w.put("bucket-a", "k", "x")
	w.stop()
	w = openWorld(t, dir, q)
	q.mu.Lock()
	q.failure = nil
	q.mu.Unlock()
	for w.s3.owed.Len() > 0 {
		w.clock.Advance(time.Second)
		runtime.Gosched()
	}
	if events, _ := q.taken(); len(events) == 0 {
		t.Error("the event is lost")
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	w := openWorld(t, "", &queue{})
	w.bucket("bucket-a")
	two := notify("bucket-a", []string{"s3:ObjectCreated:*"}, "prefix", "a/")
	more := notify("bucket-a", []string{"s3:ObjectCreated:Put"}, "prefix", "a/b/").NotificationConfiguration.QueueConfigurations[0]
	more.Id = ptr("two")
	two.NotificationConfiguration.QueueConfigurations = append(two.NotificationConfiguration.QueueConfigurations, more)
	function := &s3api.PutBucketNotificationConfigurationRequest{Bucket: ptr("bucket-a"), SkipDestinationValidation: ptr(true), NotificationConfiguration: &s3api.NotificationConfiguration{
		LambdaFunctionConfigurations: []s3api.LambdaFunctionConfiguration{{LambdaFunctionArn: ptr("invalid"), Events: []string{"s3:ObjectCreated:*"}}},
	}}
	elsewhere := notify("bucket-a", []string{"s3:ObjectCreated:*"})
	elsewhere.NotificationConfiguration.QueueConfigurations[0].QueueArn = ptr("arn:aws:sqs:eu-west-1:111111111111:q")
	for name, c := range map[string]struct {
		in   *s3api.PutBucketNotificationConfigurationRequest
		text string
	}{
		"an ARN that is none":   {function, "The ARN could not be parsed"},
		"an unknown event":      {notify("bucket-a", []string{"s3:ObjectEaten"}), "The event 's3:ObjectEaten' is not supported"},
		"an unknown filter":     {notify("bucket-a", []string{"s3:ObjectCreated:*"}, "infix", "x"), "filter rule name must be either prefix or suffix"},
		"overlapping rules":     {two, "Configuration is ambiguously defined"},
		"a queue of elsewhere":  {elsewhere, "The notification destination service region is not valid"},
		"the same filter twice": {notify("bucket-a", []string{"s3:ObjectCreated:*"}, "prefix", "x", "prefix", "y"), "Cannot specify more than one prefix rule"},
	} {
		if e := refuses(w, s3api.PutBucketNotificationConfiguration, c.in, 400, "InvalidArgument"); !strings.HasPrefix(e.Message, c.text) {
			t.Errorf("%s: %q", name, e.Message)
		}
	}
}
