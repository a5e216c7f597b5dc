package s3

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/outbox"
)

// principal is what S3 is when it notifies.
const principal = "s3.amazonaws.com"

// as is S3 on behalf of a bucket.
func as(bucket, account, arn, parent string) op.As {
	return op.As{
		Caller: caller.ForService(caller.Service{Principal: principal, SourceARN: bucketARN(bucket), SourceAccount: account}),
		Region: strings.Split(arn, ":")[3], Parent: parent,
	}
}

// queueURL is the address of the queue of an ARN.
func queueURL(arn string) string {
	parts := strings.Split(arn, ":")
	return "https://sqs." + parts[3] + ".amazonaws.com/" + parts[4] + "/" + parts[5]
}

// send gives a message to a destination. A function is invoked asynchronously.
func (s *Service) send(ctx context.Context, as op.As, kind, arn, text string) (err error) {
	switch kind {
	case toFunction:
		_, err = op.Do(ctx, s.bus, as, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: &arn, InvocationType: ptr("Event"), Payload: []byte(text)})
	case toQueue:
		_, err = op.Do(ctx, s.bus, as, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(arn)), MessageBody: &text})
	case toTopic:
		_, err = op.Do(ctx, s.bus, as, snsapi.Publish, &snsapi.PublishInput{TopicArn: &arn, Message: &text, Subject: ptr("Amazon S3 Notification")})
	}
	return err
}

// deliver attempts one notification. What is refused is lost, as on AWS, and
// can be found among the decisions; what fails for another reason is tried again
// for a while (AWS publishes no figure).
func (s *Service) deliver(ctx context.Context, _ string, n *notice) outbox.Next[notice] {
	err := s.send(ctx, as(n.Bucket, n.Owner, n.ARN, n.Parent), n.Kind, n.ARN, n.Message)
	var known *api.Error
	if err == nil || errors.As(err, &known) && known.Status < 500 && known.Status != 429 {
		return outbox.Done[notice](nil)
	}
	now := s.clock.Now()
	if now.Sub(n.Since) > limits.NoticeAge {
		s.log.WarnContext(ctx, "a notification was given up", "bucket", n.Bucket, "destination", n.ARN, "error", err)
		return outbox.Done[notice](nil)
	}
	again := *n
	again.Tries++
	return outbox.Again(now.Add(time.Second<<min(again.Tries, 8)), &again)
}

// validate asks every destination, in the order of the configuration, whether it
// takes messages of the bucket: a function by a dry run, a queue or topic by a
// real message. Refused are all together (facts/push-sources.md section 2).
func (s *Service) validate(ctx context.Context, c *op.Call, b *bucket, n *notification) error {
	text, err := testMessage(c, b)
	if err != nil {
		return err
	}
	refused := api.Newf(400, "InvalidArgument", "Unable to validate the following destination configurations")
	count := 0
	for i := range n.Rules {
		r := &n.Rules[i]
		name, why := s.tryDestination(ctx, as(b.Name, b.Account, r.ARN, c.RequestID), r, text)
		if why == "" {
			continue
		}
		count++
		with(refused, "ArgumentName"+number(count), name, "ArgumentValue"+number(count), why)
	}
	if count > 0 {
		return refused
	}
	return nil
}

// tryDestination says why a destination does not take messages, empty if it does.
func (s *Service) tryDestination(ctx context.Context, as op.As, r *rule, text string) (name, why string) {
	if r.Kind == toFunction {
		_, err := op.Do(ctx, s.bus, as, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: &r.ARN, InvocationType: ptr("DryRun")})
		if err != nil {
			// The same for a function that does not exist.
			return r.ARN + ", null", "Not authorized to invoke function [" + r.ARN + "]"
		}
		return "", ""
	}
	err := s.send(ctx, as, r.Kind, r.ARN, text)
	var known *api.Error
	what := strings.ToLower(r.Kind)
	switch {
	case err == nil:
		return "", ""
	case errors.As(err, &known) && strings.HasPrefix(known.Code, "AccessDenied"), errors.As(err, &known) && known.Code == "AuthorizationError":
		return r.ARN, "Permissions on the destination " + what + " do not allow S3 to publish notifications from this bucket"
	}
	return r.ARN, "The destination " + what + " does not exist"
}
