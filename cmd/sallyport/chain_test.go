package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// chainTest is the tour's server with the functions orders and billing, whose
// role may nothing.
type chainTest struct {
	*testing.T
	*stage
	ctx context.Context
}

func newChainTest(t *testing.T) *chainTest {
	t.Helper()
	s, err := newStage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.server.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &chainTest{t, s, t.Context()}
	_, err = w.people["root"].iam.CreateRole(w.ctx, &iam.CreateRoleInput{RoleName: aws.String(executionRole), AssumeRolePolicyDocument: aws.String(trustIn("lambda.amazonaws.com"))})
	w.must(err)
	for _, name := range []string{orders, billing} {
		_, err := w.create(w.ctx, "root", name, arnOfRole(executionRole))
		w.must(err)
	}
	return w
}

func (w *chainTest) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// explained is what sallyport explain prints of a request to an account.
func (w *chainTest) explained(account, requestID string) string {
	w.Helper()
	key, _ := w.server.RootCredentials(account)
	c := newClient(w.server.Endpoint(), aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey})
	out, err := c.explain(w.ctx, requestID)
	if err != nil {
		return err.Error()
	}
	return printed(out)
}

func printed(out *sallyportapi.ExplainDecisionResponse) string {
	var text strings.Builder
	printChain(&console{Out: &text, Err: io.Discard}, out)
	return text.String()
}

// explainedJSON is what sallyport explain --json prints.
func (w *chainTest) explainedJSON(requestID string) string {
	w.Helper()
	raw, err := w.client().call(w.ctx, sallyportapi.ExplainDecision.Name, &sallyportapi.ExplainDecisionRequest{RequestId: &requestID}, nil)
	w.must(err)
	var text strings.Builder
	w.must(printExplanations(&console{Out: &text, Err: io.Discard, JSON: true}, raw))
	return text.String()
}

// reads fails unless a text has these parts, in this order.
func (w *chainTest) reads(text string, parts ...string) {
	w.Helper()
	rest := text
	for _, p := range parts {
		at := regexp.MustCompile(p).FindStringIndex(rest)
		if at == nil {
			w.Fatalf("no %q, at its place, in\n%s", p, text)
		}
		rest = rest[at[1]:]
	}
}

// now is the newest decision.
func (w *chainTest) now() int64 {
	w.Helper()
	seen, err := w.client().last(w.ctx)
	w.must(err)
	return seen
}

// awaits gives the request of the first decision about action that parent led to.
func (w *chainTest) awaits(after int64, action, parent string) string {
	w.Helper()
	id, err := w.await(w.ctx, after, action, causedBy(parent))
	w.must(err)
	return id
}

func (w *chainTest) publish(by, topic string) string {
	w.Helper()
	out, err := w.people[by].sns.Publish(w.ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String("hello")})
	w.must(err)
	return requestIn(out.ResultMetadata)
}

func (w *chainTest) topic(by, name string) string {
	w.Helper()
	out, err := w.people[by].sns.CreateTopic(w.ctx, &sns.CreateTopicInput{Name: &name})
	w.must(err)
	return *out.TopicArn
}

func (w *chainTest) subscribe(by, topic, protocol, endpoint string) {
	w.Helper()
	_, err := w.people[by].sns.Subscribe(w.ctx, &sns.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint})
	w.must(err)
}

// TestExplainFollowsAPublish to a function and a queue, and back from either.
func TestExplainFollowsAPublish(t *testing.T) {
	w := newChainTest(t)
	topic := w.topic("root", "placed")
	_, err := w.people["root"].sqs.CreateQueue(w.ctx, &sqs.CreateQueueInput{QueueName: aws.String("work")})
	w.must(err)
	w.subscribe("root", topic, "lambda", arnOfFunction(orders))
	w.subscribe("root", topic, "sqs", workQueue)

	seen := w.now()
	publish := w.publish("root", topic)
	toFunction, toQueue := w.awaits(seen, invokeAction, publish), w.awaits(seen, "sqs:SendMessage", publish)
	const permission = `aws lambda add-permission --function-name orders .* --principal sns.amazonaws.com --source-arn ` + placedTopic + ` --region us-east-1\n`
	text := w.explained(tourHome, publish)
	w.reads(text, `^ALLOWED  sns:Publish\n`, `topic policy \(topic placed\)`, `\nWhat followed\n`)
	w.reads(text, `\n  DENIED   lambda:InvokeFunction  on `+arnOfFunction(orders)+`\n +by sns.amazonaws.com for `+topic+`, request `+toFunction+`\n`,
		`denied: no resource-based policy allows the lambda:InvokeFunction action: it was not delivered\n`, `to allow it, as account 111111111111: `, permission)
	w.reads(text, `\n  DENIED   sqs:SendMessage  on `+workQueue+`\n`, `request `+toQueue, `it was not delivered`, `aws sqs set-queue-attributes --queue-url https://sqs.us-east-1.amazonaws.com/111111111111/work `)
	w.reads(w.explained(tourHome, toFunction), `^DENIED  lambda:InvokeFunction  at the invoke gate`, `who +sns.amazonaws.com \(an AWS service, for `+topic+`\)`,
		`only the policy of the resource can let it in`, permission, `\nWhat led to it\n  ALLOWED  sns:Publish  on `+topic+`\n +by arn:aws:iam::111111111111:root, request `+publish+`\n +allowed by the root user's rights\n$`)

	w.reads(w.explainedJSON(publish), `"Consequences":\[\{`, `"Tree":\{"decision":\{"effect":"implicitDeny"`, `"Decisions":\[\{`, `"Tree":\{"decision":\{"effect":"allow`)
	w.reads(w.explainedJSON(toFunction), `"Causes":\[\{`, `"Summary":"allowed by the root user's rights"`, `"Decisions":\[\{`)

	// A permission for another topic nearly lets it in.
	w.must(w.permitService(w.ctx, "refunds", snsPrincipal, refundsTopic, ""))
	seen = w.now()
	publish = w.publish("root", topic)
	w.awaits(seen, invokeAction, publish)
	w.reads(w.explained(tourHome, publish), `DENIED   lambda:InvokeFunction`, `nearly: the policy of function orders wants ArnLike AWS:SourceArn `+refundsTopic+`, and the request has `+topic+`\n`)

	// What the explanation says is enough.
	w.must(w.permitService(w.ctx, "placed", snsPrincipal, topic, ""))
	out, err := w.client().explain(w.ctx, toQueue)
	w.must(err)
	w.carryOut(out.Decisions[0].Fixes[0])
	seen = w.now()
	publish = w.publish("root", topic)
	w.awaits(seen, invokeAction, publish)
	w.awaits(seen, "sqs:SendMessage", publish)
	text = w.explained(tourHome, publish)
	w.reads(text, `\n  ALLOWED  lambda:InvokeFunction  on `, `allowed by statement 2 \(placed\) of function policy, a resource-based policy of function orders\n`)
	w.reads(text, `\n  ALLOWED  sqs:SendMessage  on `, `allowed by statement 1 of queue policy, a resource-based policy of queue work\n`)
}

// TestExplainHidesTheOtherAccountsPart: a delivery is the business of both
// accounts. Who published in one is not told to the other, nor what the delivery
// led to there to the first.
func TestExplainHidesTheOtherAccountsPart(t *testing.T) {
	w := newChainTest(t)
	topic := w.topic("partner root", "theirs")
	_, err := w.people["partner root"].sns.AddPermission(w.ctx, &sns.AddPermissionInput{TopicArn: &topic, Label: aws.String("home"), AWSAccountId: []string{tourHome}, ActionName: []string{"Subscribe"}})
	w.must(err)
	w.subscribe("root", topic, "lambda", arnOfFunction(orders))
	hides := func(text, what string) {
		t.Helper()
		if strings.Contains(text, what) {
			t.Errorf("%s is told in\n%s", what, text)
		}
	}

	seen := w.now()
	publish := w.publish("partner root", topic)
	delivery := w.awaits(seen, invokeAction, publish)
	text := w.explained(tourHome, delivery)
	w.reads(text, `^DENIED  lambda:InvokeFunction`, `--principal sns.amazonaws.com --source-arn `+topic)
	w.reads(text, `What led to it\n  request `+publish+`, which .* concerns other accounts only\n$`)
	hides(text, "sns:Publish")
	w.reads(w.explained(tourHome, publish), `account 111111111111 takes no part in it`)
	w.reads(w.explained(tourPartner, publish), `^ALLOWED  sns:Publish`, `What followed\n`, `DENIED   lambda:InvokeFunction`, `to allow it, as account 111111111111: `)

	w.must(w.permitService(w.ctx, "theirs", snsPrincipal, topic, ""))
	seen = w.now()
	publish = w.publish("partner root", topic)
	delivery = w.awaits(seen, invokeAction, publish)
	assumed := w.awaits(seen, assumeAction, delivery)
	w.reads(w.explained(tourHome, delivery), `^ALLOWED  lambda:InvokeFunction`, `What followed\n`, `ALLOWED  sts:AssumeRole`)
	text = w.explained(tourPartner, publish)
	w.reads(text, `^ALLOWED  sns:Publish`, `What followed\n`, `ALLOWED  lambda:InvokeFunction`)
	hides(text, "sts:AssumeRole")
	w.reads(w.explained(tourPartner, assumed), `account 222222222222 takes no part in it`)
}

// TestExplainFollowsAnObject: a bucket's ARN does not say whose it is.
func TestExplainFollowsAnObject(t *testing.T) {
	w := newChainTest(t)
	_, err := w.people["root"].s3.CreateBucket(w.ctx, &s3.CreateBucketInput{Bucket: aws.String(incomingBucket)})
	w.must(err)
	const denied = `by s3.amazonaws.com for arn:aws:s3:::incoming of account 111111111111, `
	const permission = `aws lambda add-permission .* --principal s3.amazonaws.com --source-arn arn:aws:s3:::incoming --source-account 111111111111 --region us-east-1`
	refused, err := refusable(w.notify(w.ctx))
	w.must(err)
	w.reads(w.explained(tourHome, refused), `^ALLOWED  s3:PutBucketNotification`, `\n  DENIED   lambda:InvokeFunction`, denied, permission)

	w.must(w.permitService(w.ctx, "theirs", s3Principal, arnOfBucket(incomingBucket), tourPartner))
	refused, err = refusable(w.notify(w.ctx))
	w.must(err)
	w.reads(w.explained(tourHome, refused), `DENIED   lambda:InvokeFunction`, `nearly: the policy of function orders wants StringEquals AWS:SourceAccount 222222222222, and the request has 111111111111\n`, permission)

	w.must(w.permitService(w.ctx, "ours", s3Principal, arnOfBucket(incomingBucket), tourHome))
	_, err = w.notify(w.ctx)
	w.must(err)
	put := func() string {
		seen := w.now()
		out, err := w.people["root"].s3.PutObject(w.ctx, &s3.PutObjectInput{Bucket: aws.String(incomingBucket), Key: aws.String("k"), Body: strings.NewReader("x")})
		w.must(err)
		id := requestIn(out.ResultMetadata)
		w.awaits(seen, invokeAction, id)
		return id
	}
	w.reads(w.explained(tourHome, put()), `^ALLOWED  s3:PutObject`, `What followed\n  ALLOWED  lambda:InvokeFunction`, denied, `allowed by statement 2 \(ours\) of function policy`)

	_, err = w.people["root"].lambda.RemovePermission(w.ctx, &lambda.RemovePermissionInput{FunctionName: aws.String(orders), StatementId: aws.String("ours")})
	w.must(err)
	w.reads(w.explained(tourHome, put()), `^ALLOWED  s3:PutObject`, `What followed\n  DENIED   lambda:InvokeFunction`, denied, `it was not delivered`, permission)
	out, _, err := w.client().list(w.ctx, &sallyportapi.ListDecisionsRequest{Denied: aws.Bool(true), Limit: aws.Int32(1)})
	w.must(err)
	w.reads(line(&out.Decisions[0]), `  DENIED   lambda:InvokeFunction  s3.amazonaws.com for arn:aws:s3:::incoming of account 111111111111  on `+arnOfFunction(orders)+`  request `)
}

// TestExplainMarksWhatIsTried when a mapping is made.
func TestExplainMarksWhatIsTried(t *testing.T) {
	w := newChainTest(t)
	_, err := w.people["root"].sqs.CreateQueue(w.ctx, &sqs.CreateQueueInput{QueueName: aws.String("work")})
	w.must(err)
	refused, err := refusable(w.mapQueue(w.ctx))
	w.must(err)
	text := w.explained(tourHome, refused)
	w.reads(text, `^ALLOWED  lambda:CreateEventSourceMapping`, `What followed\n`, `\n  DENIED   sqs:ReceiveMessage  on `+workQueue+`  \(tried only\)\n`, `aws iam put-role-policy --role-name orders-role `)
	if strings.Contains(text, "not delivered") {
		t.Errorf("nothing was to be delivered:\n%s", text)
	}
	tried := regexp.MustCompile(`DENIED   sqs:ReceiveMessage.*\n.*request (\S+)\n`).FindStringSubmatch(text)
	w.reads(w.explained(tourHome, tried[1]), `^DENIED  sqs:ReceiveMessage  at the role gate: what a function may do with its execution role\n`, `\n  tried    only the permission`, `What led to it\n`, `ALLOWED  lambda:CreateEventSourceMapping`)
}

// TestExplainFollowsAnAsynchronousInvoke to its destination.
func TestExplainFollowsAnAsynchronousInvoke(t *testing.T) {
	w := newChainTest(t)
	_, err := w.people["root"].sqs.CreateQueue(w.ctx, &sqs.CreateQueueInput{QueueName: aws.String("work")})
	w.must(err)
	w.must(w.roleMay(w.ctx, "send", statement("sqs:SendMessage", workQueue)))
	_, err = w.people["root"].lambda.PutFunctionEventInvokeConfig(w.ctx, &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String(orders), DestinationConfig: &lambdatypes.DestinationConfig{OnSuccess: &lambdatypes.OnSuccess{Destination: aws.String(workQueue)}},
	})
	w.must(err)
	invoke := func() string {
		seen := w.now()
		out, err := w.people["root"].lambda.Invoke(w.ctx, &lambda.InvokeInput{FunctionName: aws.String(orders), InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{}`)})
		w.must(err)
		id := requestIn(out.ResultMetadata)
		w.awaits(seen, "sqs:SendMessage", id)
		return id
	}
	w.reads(w.explained(tourHome, invoke()), `^ALLOWED  lambda:InvokeFunction`, `What followed\n`, `ALLOWED  sqs:SendMessage  on `+workQueue+`\n +by arn:aws:sts::111111111111:assumed-role/orders-role/`, `an identity-based policy of role orders-role`)
	w.must(w.roleMayNot(w.ctx, "send"))
	w.reads(w.explained(tourHome, invoke()), `^ALLOWED  lambda:InvokeFunction`, `What followed\n`, `DENIED   sqs:SendMessage`, `aws iam put-role-policy --role-name orders-role `)
}

// TestExplainFollowsAFunctionsOwnCalls to the invoke that caused them.
func TestExplainFollowsAFunctionsOwnCalls(t *testing.T) {
	w := newChainTest(t)
	inner, err := calls(orders, `{"call":"billing"}`)(w.ctx, w.stage)
	w.must(err)
	text := w.explained(tourHome, inner)
	w.reads(text, `^DENIED  lambda:InvokeFunction  at the role gate`, `What led to it\n`, `  ALLOWED  lambda:InvokeFunction  on `+arnOfFunction(orders)+`\n +by arn:aws:iam::111111111111:root, request (\S+)\n`)
	outer := regexp.MustCompile(`(?s)What led to it.*request (\S+)\n`).FindStringSubmatch(text)
	w.reads(w.explained(tourHome, outer[1]), `^ALLOWED  lambda:InvokeFunction`, `What followed\n`, `DENIED   lambda:InvokeFunction  on `+arnOfFunction(billing)+`\n +by arn:aws:sts::111111111111:assumed-role/orders-role/orders, request `+inner)
}

// TestExplainABatch: what a mapping brings to a function asks nobody. It has an id,
// which the function's log shows, and no decision.
func TestExplainABatch(t *testing.T) {
	id := func(s string) *string { return &s }
	call := sallyportapi.ExplainedDecision{Decision: &sallyportapi.Decision{
		RequestId: id("call"), Parent: id("batch"), Action: id(putAction), Resource: id("arn:aws:s3:::b/k"), Principal: id("someone"), Allowed: aws.Bool(true), Time: &time.Time{},
	}, Summary: id("allowed by statement 1"), Text: id("ALLOWED  s3:PutObject")}
	for name, c := range map[string]struct {
		out  sallyportapi.ExplainDecisionResponse
		want string
	}{
		"from its start": {
			sallyportapi.ExplainDecisionResponse{RequestId: id("batch"), Consequences: []sallyportapi.ExplainedDecision{call}},
			"Request batch asked for nothing itself, as when Lambda brings messages of a queue to a function.\n\nWhat followed\n" +
				"  ALLOWED  s3:PutObject  on arn:aws:s3:::b/k\n           by someone, request call\n           allowed by statement 1\n",
		},
		"from what it led to": {
			sallyportapi.ExplainDecisionResponse{RequestId: id("call"), Decisions: []sallyportapi.ExplainedDecision{call}},
			"ALLOWED  s3:PutObject\n\nWhat led to it\n" +
				"  request batch, which asked for nothing (as when Lambda brings messages of a queue to a function), or concerns other accounts only\n",
		},
	} {
		if got := printed(&c.out); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
		}
	}
}
