package sns_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport"
)

const here, there = "111111111111", "222222222222"

// clients are the real SDK's, of one caller.
type clients struct {
	config aws.Config
	sns    *sns.Client
	sqs    *sqs.Client
	iam    *iam.Client
}

func serve(t testing.TB) (own, other *clients, server *sallyport.Server) {
	t.Helper()
	server, err := sallyport.New(sallyport.Config{Accounts: []string{here, there}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if n := server.Bugs(); n > 0 {
			t.Errorf("%d bugs were reported", n)
		}
	})
	var both []*clients
	for _, account := range []string{here, there} {
		root, _ := server.RootCredentials(account)
		both = append(both, of(server, root.AccessKeyID, root.SecretAccessKey))
	}
	return both[0], both[1], server
}

func of(server *sallyport.Server, key, secret string) *clients {
	c := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider(key, secret, "")}
	return &clients{c, sns.NewFromConfig(c), sqs.NewFromConfig(c), iam.NewFromConfig(c)}
}

// user is an IAM user with one policy.
func (c *clients) user(t testing.TB, server *sallyport.Server, name, document string) *clients {
	t.Helper()
	ctx := context.Background()
	if _, err := c.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	if document != "" {
		if _, err := c.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &document}); err != nil {
			t.Fatal(err)
		}
	}
	k, err := c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return of(server, *k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey)
}

func (c *clients) topic(t testing.TB, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := c.sns.CreateTopic(context.Background(), &sns.CreateTopicInput{Name: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.TopicArn
}

// queue makes a queue that lets a topic in, or nobody.
func (c *clients) queue(t testing.TB, account, name, topic string, attributes map[string]string) (url *string, arn string) {
	t.Helper()
	arn = "arn:aws:sqs:us-east-1:" + account + ":" + name
	all := map[string]string{}
	for k, v := range attributes {
		all[k] = v
	}
	if topic != "" {
		all["Policy"] = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}}`
	}
	out, err := c.sqs.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl, arn
}

// receive waits for a message.
func (c *clients) receive(t testing.TB, url *string) sqstypes.Message {
	t.Helper()
	out, err := c.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("received %+v, %v", out, err)
	}
	if _, err := c.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	return out.Messages[0]
}

type envelope struct {
	Type, MessageId, Message, Subject, Signature, SigningCertURL, UnsubscribeURL, SequenceNumber string
	MessageAttributes                                                                            map[string]struct{ Type, Value string }
}

func open(t testing.TB, m sqstypes.Message) (e envelope) {
	t.Helper()
	if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestTopicsThroughTheSDK: from a topic to queues of both accounts, each with the
// permission it takes; links and certificates stand at the server's own address.
func TestTopicsThroughTheSDK(t *testing.T) {
	own, other, server := serve(t)
	ctx := context.Background()
	topic := own.topic(t, "t", map[string]string{"DisplayName": "d"})
	mine, mineARN := own.queue(t, here, "q", *topic, nil)
	theirs, theirsARN := other.queue(t, there, "q", *topic, nil)
	if _, err := own.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &mineARN}); err != nil {
		t.Fatal(err)
	}
	subscribe := func() error {
		_, err := other.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &theirsARN})
		return err
	}
	var denied *types.AuthorizationErrorException
	if err := subscribe(); !errors.As(err, &denied) || !strings.Contains(denied.ErrorMessage(), "not authorized to perform: SNS:Subscribe on resource: "+*topic) {
		t.Errorf("another account subscribed: %v", err)
	}
	if _, err := own.sns.AddPermission(ctx, &sns.AddPermissionInput{TopicArn: topic, Label: aws.String("l"), AWSAccountId: []string{there}, ActionName: []string{"Subscribe"}}); err != nil {
		t.Fatal(err)
	}
	if err := subscribe(); err != nil {
		t.Fatal(err)
	}
	sent, err := own.sns.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("hello"), Subject: aws.String("s"), MessageAttributes: map[string]types.MessageAttributeValue{
		"n": {DataType: aws.String("Number"), StringValue: aws.String("1")}, "b": {DataType: aws.String("Binary"), BinaryValue: []byte{2, 3, 4}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]sqstypes.Message{"mine": own.receive(t, mine), "theirs": other.receive(t, theirs)} {
		e := open(t, m)
		if e.MessageId != *sent.MessageId || e.Message != "hello" || e.Subject != "s" || e.MessageAttributes["n"].Value != "1" || e.MessageAttributes["b"].Value != "AgME" {
			t.Errorf("%s: %+v", name, e)
		}
		if !strings.HasPrefix(e.UnsubscribeURL, server.Endpoint()+"/?Action=Unsubscribe&") || !strings.HasPrefix(e.SigningCertURL, server.Endpoint()+"/SimpleNotificationService-") {
			t.Errorf("%s: addresses %s, %s", name, e.UnsubscribeURL, e.SigningCertURL)
		}
		for address, status := range map[string]int{e.SigningCertURL: 200, e.UnsubscribeURL: 403, strings.Replace(e.SigningCertURL, ".pem", "0.pem", 1): 403} {
			a, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if a.StatusCode != status {
				t.Errorf("%s: %s: %s", name, address, a.Status)
			}
		}
	}
	pages := sns.NewListSubscriptionsByTopicPaginator(own.sns, &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
	page, err := pages.NextPage(ctx)
	if err != nil || len(page.Subscriptions) != 2 || pages.HasMorePages() {
		t.Errorf("listed %+v, %v", page, err)
	}
}

// TestFIFOTopicsThroughTheSDK in batches.
func TestFIFOTopicsThroughTheSDK(t *testing.T) {
	own, _, _ := serve(t)
	ctx := context.Background()
	topic := own.topic(t, "t.fifo", map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"})
	url, arn := own.queue(t, here, "q.fifo", *topic, map[string]string{"FifoQueue": "true"})
	if _, err := own.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"}}); err != nil {
		t.Fatal(err)
	}
	in := &sns.PublishBatchInput{TopicArn: topic}
	for i := range 10 {
		in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, types.PublishBatchRequestEntry{Id: aws.String(fmt.Sprint("id-", i)), Message: aws.String(fmt.Sprint(i)), MessageGroupId: aws.String("g")})
	}
	out, err := own.sns.PublishBatch(ctx, in)
	if err != nil || len(out.Successful) != 10 || len(out.Failed) != 0 {
		t.Fatalf("published %+v, %v", out, err)
	}
	for i, entry := range out.Successful {
		if *entry.Id != fmt.Sprint("id-", i) || entry.SequenceNumber == nil {
			t.Errorf("entry %d is %+v", i, entry)
		}
	}
	for i := range 10 {
		if m := own.receive(t, url); *m.Body != fmt.Sprint(i) || m.Attributes["MessageGroupId"] != "g" {
			t.Errorf("message %d is %+v", i, m)
		}
	}
}

// TestTheSDKKnowsTheErrors by type, code and text.
func TestTheSDKKnowsTheErrors(t *testing.T) {
	own, _, server := serve(t)
	ctx := context.Background()
	topic := own.topic(t, "t", nil)
	nobody := own.user(t, server, "nobody", "")
	somebody := own.user(t, server, "somebody", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"`+*topic+`"}}`)
	publish := func(c *clients, arn string) error {
		_, err := c.sns.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("m")})
		return err
	}
	var denied *types.AuthorizationErrorException
	if err := publish(nobody, *topic); !errors.As(err, &denied) || denied.ErrorMessage() !=
		"User: arn:aws:iam::111111111111:user/nobody is not authorized to perform: SNS:Publish on resource: arn:aws:sns:us-east-1:111111111111:t because no identity-based policy allows the SNS:Publish action" {
		t.Errorf("got %v", err)
	}
	if err := publish(somebody, *topic); err != nil {
		t.Error(err)
	}
	if err := publish(somebody, *topic+"2"); !errors.As(err, &denied) {
		t.Errorf("got %v", err)
	}
	var absent *types.NotFoundException
	if err := publish(own, *topic+"2"); !errors.As(err, &absent) || absent.ErrorMessage() != "Topic does not exist" {
		t.Errorf("got %v", err)
	}
	var invalid *types.InvalidParameterException
	if err := publish(own, "x"); !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
	_, err := own.sns.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: aws.String(*topic + "2")})
	var noResource *types.ResourceNotFoundException
	if !errors.As(err, &noResource) {
		t.Errorf("got %v", err)
	}
	_, err = own.sns.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{}})
	var empty *types.EmptyBatchRequestException
	if !errors.As(err, &empty) {
		t.Errorf("got %v", err)
	}
	_, err = own.sns.OptInPhoneNumber(ctx, &sns.OptInPhoneNumberInput{PhoneNumber: aws.String("+1")})
	var any smithy.APIError
	if !errors.As(err, &any) {
		t.Errorf("what is not here: %v", err)
	}
}

// arrived waits until a queue holds so many messages.
func (c *clients) arrived(t testing.TB, url *string, n int) {
	t.Helper()
	for range 60_000 {
		out, err := c.sqs.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages"}})
		if err != nil {
			t.Fatal(err)
		}
		if out.Attributes["ApproximateNumberOfMessages"] == fmt.Sprint(n) {
			return
		}
		<-time.After(time.Millisecond)
	}
	t.Fatalf("%d messages never came", n)
}

// TestAFunctionRuns through the whole server, only once SNS may invoke it.
func TestAFunctionRuns(t *testing.T) {
	own, _, _ := serve(t)
	ctx := context.Background()
	arn, ran, invoke := function(t, own)
	invoke("0") // it works
	ran("0")
	topic := own.topic(t, "t", nil)
	dead, deadARN := own.queue(t, here, "dead", *topic, nil)
	if _, err := own.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("lambda"), Endpoint: &arn, Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `"}`}}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"1", "2"} {
		if _, err := own.sns.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: &text}); err != nil {
			t.Fatal(err)
		}
		if text == "1" {
			if e := open(t, own.receive(t, dead)); e.Message != "1" {
				t.Errorf("dead letter %+v", e)
			}
			own.permit(t, *topic)
			continue
		}
		ran("2")
	}
}
