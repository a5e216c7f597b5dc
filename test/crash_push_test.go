package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The ways a write takes to the queue (or bucket) it is looked for in.
const (
	toStandard = "standard"  // SendMessage
	toFIFO     = "ordered"   // SendMessage to a FIFO queue, with a reader beside it
	toTopic    = "published" // Publish -> subscription -> queue
	toEvent    = "succeeded" // asynchronous invoke -> destination -> queue
	toMapping  = "mapped"    // SendMessage -> mapping -> function -> queue
	toObject   = "notified"  // PutObject or a multipart upload -> notification -> queue
	waitAtEnd  = 2 * time.Minute
	partOfFive = 5 << 20
)

// seams is the state of a test of the roads between services.
type seams struct {
	testing.TB
	data, account    string
	topic            string
	mu               sync.Mutex
	acked            map[string]map[string]bool // by way: what was acknowledged
	objects          map[string]int             // key -> size of what was acknowledged
	deleting, erased map[string]bool            // of the FIFO queue
	files            int                        // that objects and parts are made of
}

// seamClients are the clients of one server.
type seamClients struct {
	*clients
	sqs *sqs.Client
	sns *sns.Client
	s3  *s3.Client
}

func seamsOf(p *process) *seamClients {
	c := p.clients(0)
	return &seamClients{c, sqs.NewFromConfig(c.config), sns.NewFromConfig(c.config),
		s3.NewFromConfig(c.config, func(o *s3.Options) { o.UsePathStyle = true })}
}

func (s *seams) url(p *process, queue string) *string {
	return aws.String(p.endpoint + "/" + s.account + "/" + queue)
}

func (s *seams) arn(service, name string) string {
	return "arn:aws:" + service + ":us-east-1:" + s.account + ":" + name
}

// TestNoDeliveryIsLost kills the server again and again while messages, objects,
// publishes and events are accepted and handed on, and counts what arrives: each
// that was acknowledged at least once, and no FIFO message after its deletion
// was acknowledged.
func TestNoDeliveryIsLost(t *testing.T) {
	if !installed("python3") {
		skipClient(t, "python3")
	}
	rounds := max(1, *kills/2)
	if testing.Short() {
		rounds = 3
	}
	s := &seams{TB: t, data: filepath.Join(t.TempDir(), "state"), objects: map[string]int{},
		deleting: map[string]bool{}, erased: map[string]bool{}, acked: map[string]map[string]bool{}}
	for _, way := range []string{toStandard, toFIFO, toTopic, toEvent, toMapping, toObject} {
		s.acked[way] = map[string]bool{}
	}
	s.prepare()
	for round := range rounds {
		s.round(round)
	}
	p := mustServe(t, s.data)
	s.count(p)
	p.stop()
	for way, acked := range s.acked {
		t.Logf("%d kills: %s: %d acknowledged", rounds, way, len(acked))
		if len(acked) < rounds {
			t.Errorf("%s: only %d in %d rounds: the test tests little", way, len(acked), rounds)
		}
	}
	if len(s.erased) == 0 {
		t.Error("no FIFO message was deleted: the test tests little")
	}
	s.nothingLeft()
}

// round runs a server under load for a moment, and kills it.
func (s *seams) round(round int) {
	p := mustServe(s, s.data)
	c := seamsOf(p)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for w := range 2 {
		all.Go(func() { s.write(ctx, p, c, fmt.Sprintf("r%d-w%d", round, w)) })
	}
	all.Go(func() { s.upload(ctx, c, fmt.Sprintf("r%d-parts", round)) })
	all.Go(func() { s.consume(ctx, p, c) })
	time.Sleep(time.Duration(100+rand.IntN(250)) * time.Millisecond)
	p.kill()
	cancel()
	all.Wait()
}

func (s *seams) note(way, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked[way][name] = true
}

func (s *seams) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

const anyDelivery = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","s3.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"*"}]}`

// prepare makes every way.
func (s *seams) prepare() {
	p := mustServe(s, s.data)
	defer p.stop()
	s.account = p.keys[0].Account
	c, ctx := seamsOf(p), context.Background()
	for _, q := range []string{toStandard, toTopic, toEvent, toMapping, toObject, "source", "rest"} {
		// What a killed server had handed out is visible again at its next start;
		// what the function of a killed server held is not waited for either.
		_, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q, Attributes: map[string]string{"Policy": anyDelivery, "VisibilityTimeout": "60"}})
		s.must(err)
	}
	_, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(toFIFO + ".fifo"), Attributes: map[string]string{"FifoQueue": "true", "VisibilityTimeout": "60"}})
	s.must(err)

	role := c.makeRole(s, "crash-role")
	_, err = c.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("crash-role"), PolicyName: aws.String("queues"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`)})
	s.must(err)
	code, err := os.ReadFile("testdata/crash/main.py")
	s.must(err)
	c.makeFunction(s, "forward", role, string(code), map[string]string{"MARKER": deliveryMarker, "OUT": *s.url(p, toMapping)})
	_, err = c.lambda.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("forward"),
		DestinationConfig: &lambdatypes.DestinationConfig{OnSuccess: &lambdatypes.OnSuccess{Destination: aws.String(s.arn("sqs", toEvent))}}})
	s.must(err)
	_, err = c.lambda.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("forward"),
		EventSourceArn: aws.String(s.arn("sqs", "source")), BatchSize: aws.Int32(10)})
	s.must(err)

	topic, err := c.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	s.must(err)
	s.topic = *topic.TopicArn
	_, err = c.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &s.topic, Protocol: aws.String("sqs"), Endpoint: aws.String(s.arn("sqs", toTopic)),
		Attributes: map[string]string{"RawMessageDelivery": "true"}})
	s.must(err)

	_, err = c.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("crash")})
	s.must(err)
	_, err = c.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String("crash"),
		NotificationConfiguration: &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{
			QueueArn: aws.String(s.arn("sqs", toObject)), Events: []s3types.Event{"s3:ObjectCreated:*"}}}}})
	s.must(err)
}

const deliveryMarker = "sallyport-delivery-crash-test-marker"

// write takes every way in turn until ctx ends.
func (s *seams) write(ctx context.Context, p *process, c *seamClients, prefix string) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%s-%04d", prefix, i)
		send := func(queue string) error {
			_, err := c.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: s.url(p, queue), MessageBody: &name})
			return err
		}
		for way, do := range map[string]func() error{
			toStandard: func() error { return send(toStandard) },
			toMapping:  func() error { return send("source") },
			toFIFO: func() error {
				_, err := c.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: s.url(p, toFIFO+".fifo"), MessageBody: &name,
					MessageGroupId: &prefix, MessageDeduplicationId: &name})
				return err
			},
			toTopic: func() error {
				_, err := c.sns.Publish(ctx, &sns.PublishInput{TopicArn: &s.topic, Message: &name})
				return err
			},
			toEvent: func() error {
				_, err := c.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("forward"), InvocationType: lambdatypes.InvocationTypeEvent,
					Payload: fmt.Appendf(nil, `{"name":%q}`, name)})
				return err
			},
			toObject: func() error {
				_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("crash"), Key: &name, Body: bytes.NewReader(content(name, 4<<10))})
				if err == nil {
					s.stored(name, 4<<10)
				}
				return err
			},
		} {
			if do() == nil {
				s.note(way, name)
			}
		}
	}
}

func (s *seams) stored(key string, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = size
}

// content is what an object of this name holds.
func content(name string, size int) []byte {
	return bytes.Repeat([]byte(name+"\n"), size/(len(name)+1)+1)[:size]
}

// upload makes multipart uploads until ctx ends.
func (s *seams) upload(ctx context.Context, c *seamClients, prefix string) {
	const size = partOfFive + 100
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("%s-%d", prefix, i)
		body := content(key, size)
		made, err := c.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("crash"), Key: &key})
		if err != nil {
			continue
		}
		var parts []s3types.CompletedPart
		for n, part := range [][]byte{body[:partOfFive], body[partOfFive:]} {
			number := aws.Int32(int32(n + 1))
			out, err := c.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("crash"), Key: &key, UploadId: made.UploadId, PartNumber: number, Body: bytes.NewReader(part)})
			if err != nil {
				break
			}
			parts = append(parts, s3types.CompletedPart{ETag: out.ETag, PartNumber: number, ChecksumCRC32: out.ChecksumCRC32})
		}
		if len(parts) < 2 {
			continue
		}
		if _, err := c.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String("crash"), Key: &key, UploadId: made.UploadId,
			MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}}); err == nil {
			s.stored(key, size)
			s.note(toObject, key)
		}
	}
}

// consume reads the FIFO queue and deletes what it read, until ctx ends.
func (s *seams) consume(ctx context.Context, p *process, c *seamClients) {
	for ctx.Err() == nil {
		out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: s.url(p, toFIFO+".fifo"), WaitTimeSeconds: 1})
		if err != nil {
			continue
		}
		for _, m := range out.Messages {
			s.receivedOnce(*m.Body, true)
			_, err := c.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: s.url(p, toFIFO+".fifo"), ReceiptHandle: m.ReceiptHandle})
			s.mu.Lock()
			if err == nil {
				s.erased[*m.Body] = true
			}
			s.mu.Unlock()
		}
	}
}

// receivedOnce is told of a FIFO message that arrived, and whether it is now
// being deleted: then it may be there later, or not.
func (s *seams) receivedOnce(name string, deleting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if deleting {
		s.deleting[name] = true
	}
	if s.erased[name] {
		s.Errorf("%s was received again after its deletion was acknowledged", name)
	}
}

// count drains every queue until all that was acknowledged has arrived.
func (s *seams) count(p *process) {
	c := seamsOf(p)
	var all sync.WaitGroup
	for _, way := range []string{toStandard, toTopic, toEvent, toMapping, toObject} {
		all.Go(func() { s.drain(p, c, way, way, map[string]bool{}) })
	}
	all.Go(func() { s.drain(p, c, toFIFO, toFIFO+".fifo", s.deleting) })
	all.Wait()
	s.files = s.countFiles(c)
	for key, size := range s.objects {
		out, err := c.s3.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("crash"), Key: &key})
		if err != nil {
			s.Errorf("object %s is lost: %v", key, err)
			continue
		}
		got, err := io.ReadAll(out.Body)
		out.Body.Close()
		if err != nil || !bytes.Equal(got, content(key, size)) {
			s.Errorf("object %s has other content: %d bytes, %v", key, len(got), err)
		}
	}
}

// drain empties a queue into found; what was acknowledged must come.
func (s *seams) drain(p *process, c *seamClients, way, queue string, found map[string]bool) {
	ctx, cancel := context.WithTimeout(context.Background(), waitAtEnd)
	defer cancel()
	last := map[string]string{} // by group
	for empty := false; !empty || missing(s.acked[way], found) > 0; {
		out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: s.url(p, queue), MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"MessageGroupId"}})
		if err != nil {
			break
		}
		empty = len(out.Messages) == 0
		in := &sqs.DeleteMessageBatchInput{QueueUrl: s.url(p, queue)}
		for i, m := range out.Messages {
			name := nameIn(way, *m.Body)
			if way == toFIFO {
				s.receivedOnce(name, false)
				group := m.Attributes["MessageGroupId"]
				if name <= last[group] {
					s.Errorf("group %s: %s came after %s", group, name, last[group])
				}
				last[group] = name
			}
			found[name] = true
			in.Entries = append(in.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		if len(in.Entries) > 0 {
			if _, err := c.sqs.DeleteMessageBatch(ctx, in); err != nil {
				s.Error(err)
				return
			}
		}
	}
	if n := missing(s.acked[way], found); n > 0 {
		for name := range s.acked[way] {
			if !found[name] {
				s.Errorf("%s: %d of %d never arrived, one is %s", way, n, len(s.acked[way]), name)
				return
			}
		}
	}
}

func missing(want, found map[string]bool) (n int) {
	for name := range want {
		if !found[name] {
			n++
		}
	}
	return n
}

// nameIn is the name that a message tells of.
func nameIn(way, body string) string {
	var told struct {
		RequestPayload struct{ Name string }
		Records        []struct {
			S3 struct{ Object struct{ Key string } }
		}
	}
	switch way {
	case toEvent:
		_ = json.Unmarshal([]byte(body), &told)
		return told.RequestPayload.Name
	case toObject:
		if json.Unmarshal([]byte(body), &told); len(told.Records) > 0 {
			return told.Records[0].S3.Object.Key
		}
		return "" // s3:TestEvent
	}
	return body
}

// nothingLeft: no process, no mount, no half-written file.
func (s *seams) nothingLeft() {
	if left := withMarker(s.TB, deliveryMarker); len(left) > 0 {
		s.Errorf("processes of functions were left behind: %v", left)
	}
	if left, _ := os.ReadDir(filepath.Join(s.data, "work")); len(left) > 0 {
		s.Errorf("files of functions were left behind: %v", left)
	}
	if runtime.GOOS == "linux" {
		mounts, err := os.ReadFile("/proc/self/mounts")
		if err != nil || strings.Contains(string(mounts), s.data) {
			s.Errorf("mounts were left behind: %v\n%s", err, mounts)
		}
	}
	files := 0
	s.must(filepath.WalkDir(filepath.Join(s.data, "objects"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
		}
		return err
	}))
	if files != s.files {
		s.Errorf("%d files hold what objects and uploads say are %d", files, s.files)
	}
}

// countFiles is how many files there are by what the server lists: one for a
// single object, and one for each part of a multipart one or of an upload that
// was never completed.
func (s *seams) countFiles(c *seamClients) (files int) {
	ctx := context.Background()
	for pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: aws.String("crash")}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		s.must(err)
		for _, o := range page.Contents {
			files++
			if *o.Size > partOfFive {
				files++
			}
		}
	}
	for pages := s3.NewListMultipartUploadsPaginator(c.s3, &s3.ListMultipartUploadsInput{Bucket: aws.String("crash")}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		s.must(err)
		for _, u := range page.Uploads {
			parts, err := c.s3.ListParts(ctx, &s3.ListPartsInput{Bucket: aws.String("crash"), Key: u.Key, UploadId: u.UploadId})
			s.must(err)
			files += len(parts.Parts)
		}
	}
	return files
}
