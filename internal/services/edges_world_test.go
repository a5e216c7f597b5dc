package services

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
)

// The resources of every edge's world.
const (
	functionARN = "arn:aws:lambda:us-east-1:" + account + ":function:worker"
	otherARN    = "arn:aws:lambda:us-east-1:" + account + ":function:other"
	queueARN    = "arn:aws:sqs:us-east-1:" + account + ":queue"
	topicARN    = "arn:aws:sns:us-east-1:" + account + ":topic"
	bucketARN   = "arn:aws:s3:::edge-bucket"
	roleARN     = "arn:aws:iam::" + account + ":role/execution"
	queueAt     = "http://localhost/" + account + "/queue"

	// sessionARN is who Lambda is when it acts as the execution role.
	sessionARN = "arn:aws:sts::" + account + ":assumed-role/execution/worker"
	devARN     = "arn:aws:iam::" + account + ":user/dev"
)

const workerCode = `def handler(event, context):
    print("at work")
    if event.get("fail"):
        raise Exception("told to fail")
    return event
`

// crossing is a server with one of each kind of resource, none of which lets
// anybody in, and a function whose role may do nothing.
type crossing struct {
	*testing.T
	*Set
	trail *trail.Trail
	dev   caller.Caller
}

func newCrossing(t *testing.T) *crossing {
	t.Helper()
	c := &crossing{T: t}
	c.Set, c.trail = startRecorded(t)
	do(t, c.Set, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("execution"), AssumeRolePolicyDocument: ptr(trustOf("lambda.amazonaws.com"))})
	do(t, c.Set, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("dev")})
	key := do(t, c.Set, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: ptr("dev")}).AccessKey.GetAccessKeyId()
	c.dev = signIn(t, c.Set, key)
	for _, name := range []string{"worker", "other"} {
		c.makeFunction(name)
	}
	do(t, c.Set, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: ptr("queue")})
	do(t, c.Set, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("topic")})
	do(t, c.Set, s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: ptr("edge-bucket")})
	do(t, c.Set, s3api.PutObject, &s3api.PutObjectRequest{Bucket: ptr("edge-bucket"), Key: ptr("code.zip"), Body: api.BytesStream(workerZip(t))})
	return c
}

func (c *crossing) makeFunction(name string) {
	c.Helper()
	do(c.T, c.Set, lambdaapi.CreateFunction, &lambdaapi.CreateFunctionRequest{
		FunctionName: &name, Role: ptr(roleARN), Runtime: ptr("python3.11"), Handler: ptr("main.handler"), Timeout: ptr(int32(10)),
		Code: &lambdaapi.FunctionCode{ZipFile: workerZip(c.T)},
	})
	c.settled(name)
	do(c.T, c.Set, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: &name, MaximumRetryAttempts: ptr(int32(0))})
}

// settled waits until a function's last change is over: milliseconds.
func (c *crossing) settled(name string) {
	c.Helper()
	for {
		got := do(c.T, c.Set, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: &name})
		if got.GetState() == "Active" && got.GetLastUpdateStatus() == "Successful" {
			return
		}
	}
}

// over waits until a function's last change is over, whether or not it failed.
func (c *crossing) over(name string) {
	c.Helper()
	for {
		got := do(c.T, c.Set, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: &name})
		if got.GetState() != "Pending" && got.GetLastUpdateStatus() != "InProgress" {
			return
		}
	}
}

func workerZip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("main.py")
	if err == nil {
		_, err = f.Write([]byte(workerCode))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ask makes a call as root, under a request id that the test knows.
func ask[In, Out any](c *crossing, request string, o api.Op[In, Out], in *In) error {
	_, err := op.Do(context.Background(), c.Bus, op.As{Caller: caller.Root(account, caller.Key{}), Region: "us-east-1", RequestID: request}, o, in)
	return err
}

// decided waits for the record of a decision later than after. The bound is for
// a decision that never comes.
func (c *crossing) decided(after uint64, f trail.Filter, match func(*trail.Record) bool) *trail.Record {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for seen := after; ; {
		last := c.trail.Last()
		for _, r := range c.trail.After(after, f, 1000) {
			if match(r) {
				return r
			}
		}
		if err := c.trail.Wait(ctx, max(seen, last)); err != nil {
			for _, r := range c.trail.After(after, trail.Filter{}, 1000) {
				c.Logf("decided: allowed %v, trial %v, %s on %s by %s, because of %q", r.Allowed, r.Trial, r.Action, r.Resource, r.Principal.ARN, r.Parent)
			}
			c.Fatalf("never recorded: %+v", f)
		}
		seen = last
	}
}

// grant is the policy on which an edge rests: give writes it, take leaves an
// empty one, or one that is about something else.
type grant struct{ give, take func(*crossing) }

func document(statements ...any) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(text)
}

type statement map[string]any

func allowing(action, resource string) statement {
	return statement{"Effect": "Allow", "Action": action, "Resource": resource}
}

func trustOf(service string) string {
	return document(statement{"Effect": "Allow", "Principal": statement{"Service": service}, "Action": "sts:AssumeRole"})
}

// pushed is what a resource-based policy says to let one source of a service in.
func pushed(principal, source, action, resource string) statement {
	return statement{
		"Effect": "Allow", "Principal": statement{"Service": principal}, "Action": action, "Resource": resource,
		"Condition": statement{"ArnEquals": statement{"aws:SourceArn": source}, "StringEquals": statement{"aws:SourceAccount": account}},
	}
}

// byRole is the execution role's own policy: always holds beside what is at stake.
func byRole(action, resource string, always ...any) grant {
	put := func(statements ...any) func(*crossing) {
		return func(c *crossing) {
			c.Helper()
			if len(statements) == 0 {
				// The first time there is none to delete.
				_ = ask(c, "", iamapi.DeleteRolePolicy, &iamapi.DeleteRolePolicyRequest{RoleName: ptr("execution"), PolicyName: ptr("edge")})
				return
			}
			do(c.T, c.Set, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("execution"), PolicyName: ptr("edge"), PolicyDocument: ptr(document(statements...))})
		}
	}
	return grant{put(append([]any{allowing(action, resource)}, always...)...), put(always...)}
}

// byTrust is the execution role's trust policy.
func byTrust() grant {
	put := func(service string) func(*crossing) {
		return func(c *crossing) {
			c.Helper()
			do(c.T, c.Set, iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("execution"), PolicyDocument: ptr(trustOf(service))})
		}
	}
	return grant{put("lambda.amazonaws.com"), put("ec2.amazonaws.com")}
}

// byPermission is the function's resource-based policy.
func byPermission(principal, source string) grant {
	return grant{
		func(c *crossing) {
			c.Helper()
			do(c.T, c.Set, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{
				FunctionName: ptr("worker"), StatementId: ptr("edge"), Action: ptr("lambda:InvokeFunction"),
				Principal: &principal, SourceArn: &source, SourceAccount: ptr(account),
			})
		},
		func(c *crossing) {
			c.Helper()
			// The first time there is none to remove.
			_ = ask(c, "", lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: ptr("worker"), StatementId: ptr("edge")})
		},
	}
}

// byQueue is the queue's policy.
func byQueue(principal, source string) grant {
	put := func(text string) func(*crossing) {
		return func(c *crossing) {
			c.Helper()
			do(c.T, c.Set, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: ptr(queueAt), Attributes: map[string]string{"Policy": text}})
		}
	}
	return grant{put(document(pushed(principal, source, "sqs:SendMessage", queueARN))), put("")}
}

// byTopic is the topic's policy, which is never empty.
func byTopic(principal, source string) grant {
	put := func(s statement) func(*crossing) {
		return func(c *crossing) {
			c.Helper()
			do(c.T, c.Set, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: ptr(topicARN), AttributeName: ptr("Policy"), AttributeValue: ptr(document(s))})
		}
	}
	return grant{put(pushed(principal, source, "sns:Publish", topicARN)), put(pushed("events.amazonaws.com", source, "sns:Publish", topicARN))}
}

// byDev is the policy of the user whose call a service forwards.
func byDev(action, resource string, always ...any) grant {
	put := func(statements ...any) func(*crossing) {
		return func(c *crossing) {
			c.Helper()
			do(c.T, c.Set, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("dev"), PolicyName: ptr("edge"), PolicyDocument: ptr(document(statements...))})
		}
	}
	return grant{put(append([]any{allowing(action, resource)}, always...)...), put(always...)}
}
