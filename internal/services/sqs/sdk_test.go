package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport"
)

const (
	here  = "111111111111"
	there = "222222222222"
)

// door is a server, and clients of the SDK that sign as the root users of its
// two accounts. The SDK compares every digest it is given.
func door(t testing.TB) (own, other *sqs.Client) {
	t.Helper()
	server, err := sallyport.New(sallyport.Config{Accounts: []string{here, there}, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	client := func(account string) *sqs.Client {
		c, ok := server.RootCredentials(account)
		if !ok {
			t.Fatalf("no root key of %s", account)
		}
		return sqs.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()),
			Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
		})
	}
	return client(here), client(there)
}

func makeQueue(t testing.TB, c *sqs.Client, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := c.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func TestTheSDKSendsReceivesAndDeletes(t *testing.T) {
	c, _ := door(t)
	ctx := context.Background()
	url := makeQueue(t, c, "q", nil)
	_, err := c.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("häl\tlo <&>"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"text": {DataType: aws.String("String.x"), StringValue: aws.String("v")}, "n": {DataType: aws.String("Number"), StringValue: aws.String("12.50")},
			"raw": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url, MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, WaitTimeSeconds: 1,
	})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("received %+v, %v", got, err)
	}
	m := got.Messages[0]
	if *m.Body != "häl\tlo <&>" || string(m.MessageAttributes["raw"].BinaryValue) != "\x00\x01\xff" || m.Attributes["AWSTraceHeader"] != "Root=1" || m.Attributes["SenderId"] != here {
		t.Errorf("received %q with %v and %v", *m.Body, m.MessageAttributes, m.Attributes)
	}
	if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Error(err)
	}
	out, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil || out.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" || out.Attributes["QueueArn"] != "arn:aws:sqs:us-east-1:"+here+":q" {
		t.Errorf("attributes %v, %v", out, err)
	}
}

func TestTheSDKSendsBatchesInOrder(t *testing.T) {
	c, _ := door(t)
	ctx := context.Background()
	url := makeQueue(t, c, "q.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	in := &sqs.SendMessageBatchInput{QueueUrl: url}
	for i := range 10 {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(fmt.Sprint(i)), MessageGroupId: aws.String("g")})
	}
	sent, err := c.SendMessageBatch(ctx, in)
	if err != nil || len(sent.Successful) != 10 {
		t.Fatalf("sent %+v, %v", sent, err)
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	gone := &sqs.DeleteMessageBatchInput{QueueUrl: url}
	for i, m := range got.Messages {
		if *m.Body != fmt.Sprint(i) {
			t.Errorf("message %d is %s", i, *m.Body)
		}
		gone.Entries = append(gone.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	if out, err := c.DeleteMessageBatch(ctx, gone); err != nil || len(out.Successful) != 10 {
		t.Errorf("deleted %+v, %v", out, err)
	}
}

// TestTheSDKKnowsTheErrors by type, code and text.
func TestTheSDKKnowsTheErrors(t *testing.T) {
	c, _ := door(t)
	ctx := context.Background()
	url := makeQueue(t, c, "q", nil)
	_, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var absent *types.QueueDoesNotExist
	if !errors.As(err, &absent) || absent.ErrorMessage() != "The specified queue does not exist." {
		t.Errorf("got %v", err)
	}
	_, err = c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("junk")})
	var invalid *types.ReceiptHandleIsInvalid
	if !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
	if _, err = c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}); err != nil {
		t.Error(err)
	}
	_, err = c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
	var purging *types.PurgeQueueInProgress
	if !errors.As(err, &purging) {
		t.Errorf("got %v", err)
	}
	_, err = c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{}})
	var empty *types.EmptyBatchRequest
	if !errors.As(err, &empty) {
		t.Errorf("got %v", err)
	}
}

// TestAnotherAccountThroughTheDoor is denied, then let in by the queue's policy.
func TestAnotherAccountThroughTheDoor(t *testing.T) {
	own, other := door(t)
	ctx := context.Background()
	url := makeQueue(t, own, "q", nil)
	send := func() error {
		_, err := other.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
		return err
	}
	var denied smithy.APIError
	if err := send(); !errors.As(err, &denied) || !strings.HasPrefix(denied.ErrorCode(), "AccessDenied") {
		t.Errorf("without a policy: %v", err)
	}
	if _, err := own.AddPermission(ctx, &sqs.AddPermissionInput{QueueUrl: url, Label: aws.String("l"), AWSAccountIds: []string{there}, Actions: []string{"SendMessage"}}); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil {
		t.Errorf("with the permission: %v", err)
	}
	if _, err := other.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url}); !errors.As(err, &denied) {
		t.Errorf("an action the policy does not name: %v", err)
	}
}

// BenchmarkTheDoor sends, receives and deletes messages of 1 KiB with the SDK,
// over HTTP. Every figure is messages; BenchmarkMessages has the floor.
func BenchmarkTheDoor(b *testing.B) {
	body := strings.Repeat("x", 1024)
	for _, size := range []int{1, 10} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			c, _ := door(b)
			url := makeQueue(b, c, "q", nil)
			b.ResetTimer()
			for i := 0; i < b.N; i += size {
				if err := cycle(c, url, body, size); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func cycle(c *sqs.Client, url *string, body string, size int) error {
	ctx := context.Background()
	if size == 1 {
		if _, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body}); err != nil {
			return err
		}
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url})
		if err != nil {
			return err
		}
		_, err = c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got.Messages[0].ReceiptHandle})
		return err
	}
	in, gone := &sqs.SendMessageBatchInput{QueueUrl: url}, &sqs.DeleteMessageBatchInput{QueueUrl: url}
	for i := range size {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &body})
	}
	if _, err := c.SendMessageBatch(ctx, in); err != nil {
		return err
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: int32(size)})
	if err != nil {
		return err
	}
	for i, m := range got.Messages {
		gone.Entries = append(gone.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	_, err = c.DeleteMessageBatch(ctx, gone)
	return err
}
