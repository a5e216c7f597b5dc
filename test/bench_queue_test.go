package test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// BenchmarkQueue sends, receives and deletes messages of 1 KiB with the Go SDK
// over HTTP, beside moto's server in turns. Goal: ten times moto's rate.
func BenchmarkQueue(b *testing.B) {
	p := mustServe(b, filepath.Join(b.TempDir(), "state"))
	ours := newQueue(b, p.clients(0).config)
	var peer *benchQueue
	if c := moto(b); c != nil {
		peer = newQueue(b, *c)
	}
	for _, batch := range []int{1, 10} {
		for _, clients := range []int{1, 8} {
			b.Run("batch="+itoa(batch)+"/clients="+itoa(clients), func(b *testing.B) {
				for range b.N {
					ours.rate(b, batch, clients, 200)
					rate := ours.rate(b, batch, clients, 2000)
					b.ReportMetric(rate, "messages/s")
					if peer == nil {
						continue
					}
					theirs := peer.rate(b, batch, clients, 40*batch)
					// In turns, so that what else the machine does meets both.
					rate = (rate + ours.rate(b, batch, clients, 2000)) / 2
					b.ReportMetric(theirs, "moto-messages/s")
					b.ReportMetric(rate/theirs, "x-moto")
				}
			})
		}
	}
}

type benchQueue struct {
	*sqs.Client
	url  *string
	body string
}

func newQueue(b *testing.B, c aws.Config) *benchQueue { return newQueueNamed(b, c, "bench") }

func newQueueNamed(b *testing.B, c aws.Config, name string) *benchQueue {
	q := &benchQueue{Client: queuesOf(c), body: strings.Repeat("x", 1024)}
	out, err := q.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		b.Fatal(err)
	}
	q.url = out.QueueUrl
	return q
}

// rate is messages a second.
func (q *benchQueue) rate(b *testing.B, batch, clients, messages int) float64 {
	return float64(batch) * together(clients, messages/batch, func(int) {
		var err error
		if batch == 1 {
			err = q.one()
		} else {
			err = q.many(batch)
		}
		if err != nil {
			b.Error(err)
		}
	})
}

func (q *benchQueue) one() error {
	ctx := context.Background()
	if _, err := q.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: q.url, MessageBody: &q.body}); err != nil {
		return err
	}
	out, err := q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.url})
	for i := 0; err == nil && i < len(out.Messages); i++ {
		_, err = q.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: q.url, ReceiptHandle: out.Messages[i].ReceiptHandle})
	}
	return err
}

func (q *benchQueue) many(n int) error {
	ctx := context.Background()
	if err := q.send(ctx, n); err != nil {
		return err
	}
	_, err := q.take(ctx, int32(n), 0)
	return err
}

// take receives and deletes up to n messages, and gives their bodies.
func (q *benchQueue) take(ctx context.Context, n, wait int32) (bodies []string, err error) {
	out, err := q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.url, MaxNumberOfMessages: n, WaitTimeSeconds: wait})
	if err != nil || len(out.Messages) == 0 {
		return nil, err
	}
	gone := &sqs.DeleteMessageBatchInput{QueueUrl: q.url}
	for i, m := range out.Messages {
		gone.Entries = append(gone.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(itoa(i)), ReceiptHandle: m.ReceiptHandle})
		bodies = append(bodies, *m.Body)
	}
	_, err = q.DeleteMessageBatch(ctx, gone)
	return bodies, err
}

func (q *benchQueue) send(ctx context.Context, n int) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: q.url}
	for i := range n {
		in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(itoa(i)), MessageBody: &q.body})
	}
	_, err := q.SendMessageBatch(ctx, in)
	return err
}

const queueRights = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`

// pushWorld is a server whose function "echo" answers to the queue "done",
// which says when an asynchronous invoke was over.
type pushWorld struct {
	*clients
	p    *process
	done *benchQueue
	fn   string
}

func newPushWorld(b *testing.B) *pushWorld {
	p := mustServe(b, filepath.Join(b.TempDir(), "state"))
	w := &pushWorld{clients: p.clients(0), p: p}
	user := w.makeRole(b, "r")
	w.grant(b, "r", queueRights)
	w.create(b, "echo", user, lambdatypes.RuntimeProvidedal2023, "bootstrap", packFile(b, "bootstrap", echo(b)))
	w.fn = "arn:aws:lambda:us-east-1:" + p.keys[0].Account + ":function:echo"
	w.done = newQueue(b, w.config)
	return w
}

// BenchmarkTopic is the time from a publish to the end of what the function
// made of it, beside that of a bare asynchronous invoke.
func BenchmarkTopic(b *testing.B) {
	w := newPushWorld(b)
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	topics := sns.NewFromConfig(pooled(w.config))
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	check(err)
	_, err = w.lambda.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String("echo"), StatementId: aws.String("sns"),
		Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sns.amazonaws.com"), SourceArn: topic.TopicArn})
	check(err)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("lambda"), Endpoint: &w.fn})
	check(err)
	_, err = w.lambda.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("echo"),
		DestinationConfig: &lambdatypes.DestinationConfig{OnSuccess: &lambdatypes.OnSuccess{
			Destination: aws.String("arn:aws:sqs:us-east-1:" + w.p.keys[0].Account + ":bench")}}})
	check(err)
	// Each is told by its name: a receive whose answer the SDK lost and asks for
	// again leaves its message for later.
	count := 0
	arrives := func(start func(name string) error) func() {
		return func() {
			count++
			name := "name-" + itoa(count) + "-"
			check(start(name))
			for found := false; !found; {
				bodies, err := w.done.take(ctx, 10, 20)
				check(err)
				found = slices.ContainsFunc(bodies, func(body string) bool { return strings.Contains(body, name) })
			}
		}
	}
	invoke := arrives(func(name string) error {
		_, err := w.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`"` + name + `"`)})
		return err
	})
	publish := arrives(func(name string) error {
		_, err := topics.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: &name})
		return err
	})
	timed(20, invoke)
	timed(20, publish)
	b.ResetTimer()
	for range b.N {
		var bare, pushed []time.Duration
		for range 10 {
			bare = append(bare, timed(20, invoke)...)
			pushed = append(pushed, timed(20, publish)...)
		}
		b.ReportMetric(percentile(bare, 0.5), "invoke-p50-us")
		b.ReportMetric(percentile(pushed, 0.5), "p50-us")
		b.ReportMetric(percentile(pushed, 0.99), "p99-us")
		b.ReportMetric(percentile(pushed, 0.5)/percentile(bare, 0.5), "p50/invoke")
	}
}

// BenchmarkMapping is how fast a mapping takes messages that wait through a
// trivial function, in batches of ten, beside a client that receives and
// deletes as many, and does nothing else with them.
func BenchmarkMapping(b *testing.B) {
	w := newPushWorld(b)
	ctx := context.Background()
	m, err := w.lambda.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("echo"), BatchSize: aws.Int32(10),
		EventSourceArn: aws.String("arn:aws:sqs:us-east-1:" + w.p.keys[0].Account + ":bench"), Enabled: aws.Bool(false)})
	if err != nil {
		b.Fatal(err)
	}
	const n = 2000
	fill := func(q *benchQueue) { together(4, n/10, func(int) { w.must(b, q.send(ctx, 10)) }) }
	floor := newQueueNamed(b, w.config, "floor")
	b.ResetTimer()
	for range b.N {
		fill(floor)
		start := time.Now()
		taken := 0
		for {
			bodies, err := floor.take(ctx, 10, 0)
			if err != nil {
				b.Fatal(err)
			}
			if len(bodies) == 0 {
				break // what an answer that was lost held comes much later
			}
			taken += len(bodies)
		}
		client := float64(taken) / time.Since(start).Seconds()
		fill(w.done)
		start = time.Now()
		w.enable(b, m.UUID, true)
		for !w.drained(b) && !b.Failed() {
			time.Sleep(2 * time.Millisecond)
		}
		rate := n / time.Since(start).Seconds()
		w.enable(b, m.UUID, false)
		b.ReportMetric(client, "client-messages/s")
		b.ReportMetric(rate, "messages/s")
		b.ReportMetric(rate/client, "x-client")
	}
}

func (w *pushWorld) must(b *testing.B, err error) {
	if err != nil {
		b.Error(err)
	}
}

func (w *pushWorld) enable(b *testing.B, uuid *string, on bool) {
	_, err := w.lambda.UpdateEventSourceMapping(context.Background(), &lambda.UpdateEventSourceMappingInput{UUID: uuid, Enabled: &on})
	w.must(b, err)
}

// drained says whether the queue holds no message, in flight or not.
func (w *pushWorld) drained(b *testing.B) bool {
	out, err := w.done.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: w.done.url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	w.must(b, err)
	return err == nil && out.Attributes["ApproximateNumberOfMessages"] == "0" && out.Attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
}
