package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// TestAdviceIsEnough: the commands that an explanation gives, as a shell reads them,
// are calls that the services take, and they let through what was denied.
func TestAdviceIsEnough(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell to read the commands")
	}
	w := newChainTest(t)
	topic := w.topic("root", "placed")
	made, err := w.people["root"].sqs.CreateQueue(w.ctx, &sqs.CreateQueueInput{QueueName: aws.String("work")})
	w.must(err)
	w.queueURL = *made.QueueUrl
	_, err = w.people["root"].s3.CreateBucket(w.ctx, &s3.CreateBucketInput{Bucket: aws.String(incomingBucket)})
	w.must(err)
	w.must(w.user(w.ctx, "partner root", "carol"))
	created := []s3types.Event{s3types.EventS3ObjectCreated}

	for _, c := range []struct {
		name, action string
		// steps are the operations that the advice takes, in their accounts.
		steps []string
		do    func() (requestID string, err error)
	}{
		{"a bucket pushes to a topic", "sns:Publish", []string{"111111111111 sns set-topic-attributes"}, func() (string, error) {
			return w.notifies(&s3types.NotificationConfiguration{TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: &topic, Events: created}}})
		}},
		{"a bucket pushes to a queue", "sqs:SendMessage", []string{"111111111111 sqs set-queue-attributes"}, func() (string, error) {
			return w.notifies(&s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: aws.String(workQueue), Events: created}}})
		}},
		{"a bucket pushes to a function", invokeAction, []string{"111111111111 lambda add-permission"}, func() (string, error) { return w.notify(w.ctx) }},
		{"another account's user publishes", "sns:Publish", []string{"111111111111 sns set-topic-attributes", "222222222222 iam put-user-policy"}, func() (string, error) {
			out, err := w.people["carol"].sns.Publish(w.ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String("x")})
			if err != nil {
				return requestOf(err), err
			}
			return requestIn(out.ResultMetadata), nil
		}},
		{"another account's user sends a message", "sqs:SendMessage", []string{"111111111111 sqs set-queue-attributes", "222222222222 iam put-user-policy"}, func() (string, error) {
			out, err := w.people["carol"].sqs.SendMessage(w.ctx, &sqs.SendMessageInput{QueueUrl: &w.queueURL, MessageBody: aws.String("x")})
			if err != nil {
				return requestOf(err), err
			}
			return requestIn(out.ResultMetadata), nil
		}},
		{"another account's user puts an object", putAction, []string{"111111111111 s3api put-bucket-policy", "222222222222 iam put-user-policy"}, func() (string, error) {
			out, err := w.people["carol"].s3.PutObject(w.ctx, &s3.PutObjectInput{Bucket: aws.String(incomingBucket), Key: aws.String("it's <new> & 100%.txt"), Body: strings.NewReader("x")})
			if err != nil {
				return requestOf(err), err
			}
			return requestIn(out.ResultMetadata), nil
		}},
		{"a mapping polls", pollAction, []string{"111111111111 iam put-role-policy"}, func() (string, error) {
			id, err := w.mapQueue(w.ctx)
			if err != nil && strings.Contains(err.Error(), "to call ReceiveMessage on SQS") {
				return id, err
			}
			return id, nil // what else the role lacks is another question
		}},
	} {
		id, err := c.do()
		if err == nil {
			t.Errorf("%s, and nothing lets it", c.name)
			continue
		}
		e, err := w.decision(w.ctx, id, c.action)
		if err != nil || len(e.Fixes) == 0 {
			t.Errorf("%s: no advice: %v", c.name, err)
			continue
		}
		if did := w.carryOut(e.Fixes[0]); !slices.Equal(did, c.steps) {
			t.Errorf("%s: the advice is %q, want %q", c.name, did, c.steps)
		}
		if _, err := c.do(); err != nil {
			t.Errorf("%s: the advice does not help: %v", c.name, err)
		}
	}
}

// notifies has the bucket push to something.
func (w *chainTest) notifies(n *s3types.NotificationConfiguration) (string, error) {
	out, err := w.people["root"].s3.PutBucketNotificationConfiguration(w.ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(incomingBucket), NotificationConfiguration: n})
	if err != nil {
		return requestOf(err), err
	}
	return requestIn(out.ResultMetadata), nil
}

// carryOut does what a fix says, and tells what that was.
func (w *chainTest) carryOut(f sallyportapi.Fix) []string {
	w.Helper()
	var did []string
	for _, s := range f.Steps {
		who := w.people["root"]
		if s.GetAccount() == tourPartner {
			who = w.people["partner root"]
		}
		// The shell reads the command; an aws of ours prints what it got.
		read := exec.CommandContext(w.ctx, "sh", "-c", `aws() { printf '%s\0' "$@"; }; `+s.GetCommand())
		raw, err := read.Output()
		w.must(err)
		args := strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
		flags := map[string]*string{}
		for i := 2; i+1 < len(args); i += 2 {
			flags[strings.TrimPrefix(args[i], "--")] = &args[i+1]
		}
		did = append(did, s.GetAccount()+" "+args[0]+" "+args[1])
		w.must(w.operate(who, args[0]+" "+args[1], flags))
	}
	return did
}

// operate makes the call of an AWS CLI command.
func (w *chainTest) operate(who *player, command string, flags map[string]*string) (err error) {
	switch command {
	case "lambda add-permission":
		_, err = who.lambda.AddPermission(w.ctx, &lambda.AddPermissionInput{
			FunctionName: flags["function-name"], StatementId: flags["statement-id"], Action: flags["action"], Principal: flags["principal"],
			SourceArn: flags["source-arn"], SourceAccount: flags["source-account"], Qualifier: flags["qualifier"],
		})
	case "sqs set-queue-attributes":
		var attributes map[string]string
		if err := json.Unmarshal([]byte(*flags["attributes"]), &attributes); err != nil {
			return err
		}
		_, err = who.sqs.SetQueueAttributes(w.ctx, &sqs.SetQueueAttributesInput{QueueUrl: flags["queue-url"], Attributes: attributes})
	case "sns set-topic-attributes":
		_, err = who.sns.SetTopicAttributes(w.ctx, &sns.SetTopicAttributesInput{TopicArn: flags["topic-arn"], AttributeName: flags["attribute-name"], AttributeValue: flags["attribute-value"]})
	case "s3api put-bucket-policy":
		_, err = who.s3.PutBucketPolicy(w.ctx, &s3.PutBucketPolicyInput{Bucket: flags["bucket"], Policy: flags["policy"]})
	case "iam put-user-policy":
		_, err = who.iam.PutUserPolicy(w.ctx, &iam.PutUserPolicyInput{UserName: flags["user-name"], PolicyName: flags["policy-name"], PolicyDocument: flags["policy-document"]})
	case "iam put-role-policy":
		_, err = who.iam.PutRolePolicy(w.ctx, &iam.PutRolePolicyInput{RoleName: flags["role-name"], PolicyName: flags["policy-name"], PolicyDocument: flags["policy-document"]})
	default:
		err = errors.New("the advice names a command that this test does not know: " + command)
	}
	return err
}
