package lambda

import (
	"context"
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// sink is where events go after a function: a queue, a topic, another function,
// a bucket.
type sink struct {
	arn string
	// service is the one that takes the event, verb and label its operation and
	// its name in Lambda's refusals.
	service, verb, label string
	// function is set where it is one.
	function ref
}

// parseSink reads the ARN of a sink; false for a service that takes no events
// from Lambda, or none here, and for FIFO queues and topics (Lambda guide: standard
// ones only).
func parseSink(arn string) (sink, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[5] == "" {
		return sink{}, false
	}
	d := sink{arn: arn, service: parts[2]}
	placed := isRegion(parts[3]) && id.IsAccount(parts[4]) && !strings.HasSuffix(parts[5], ".fifo")
	switch d.service {
	case "sqs":
		d.verb, d.label = "SendMessage", "SQS"
		return d, placed
	case "sns":
		d.verb, d.label = "Publish", "SNS"
		return d, placed
	case "lambda":
		var ok bool
		d.verb, d.label = "InvokeFunction", "Lambda"
		d.function, ok = parseName(arn)
		return d, ok
	case "s3":
		d.verb, d.label = "PutObject", "S3"
		return d, parts[3] == "" && parts[4] == "" && !strings.Contains(parts[5], "/")
	}
	return sink{}, false
}

// try asks, as the execution role, whether the sink would take an event.
func (s *Service) try(ctx context.Context, as op.As, d sink) error {
	switch d.service {
	case "sqs":
		return op.Try(ctx, s.bus, inRegion(as, d.arn), sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(d.arn)), MessageBody: ptr("{}")})
	case "sns":
		return op.Try(ctx, s.bus, inRegion(as, d.arn), snsapi.Publish, &snsapi.PublishInput{TopicArn: &d.arn, Message: ptr("{}")})
	case "lambda":
		return op.Try(ctx, s.bus, inRegion(as, d.arn), lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: &d.arn, InvocationType: ptr("Event")})
	}
	return op.Try(ctx, s.bus, as, s3api.PutObject, &s3api.PutObjectRequest{Bucket: ptr(d.bucket()), Key: ptr(objectsUnder)})
}

// tryMore asks for what is not needed to send, but asked for by AWS (Lambda guide,
// destinations: s3:ListBucket too). verb names it.
func (s *Service) tryMore(ctx context.Context, as op.As, d sink) (verb string, err error) {
	if d.service != "s3" {
		return "", nil
	}
	return "ListBucket", op.Try(ctx, s.bus, as, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: ptr(d.bucket())})
}

func (d sink) bucket() string { return strings.TrimPrefix(d.arn, "arn:"+op.Partition+":s3:::") }

// objectsUnder is where objects of records are kept in a bucket (Lambda guide).
const objectsUnder = "aws/lambda/async/"

// inRegion is the same caller in the region of a resource.
func inRegion(as op.As, arn string) op.As {
	if region := regionOf(arn); region != "" {
		as.Region = region
	}
	return as
}

// checkSink tries a sink as the session of a role. refuse words the refusal of an
// action.
func (s *Service) checkSink(ctx context.Context, c *op.Call, r ref, role string, d sink, refuse func(verb string) error) error {
	as, err := s.asRole(ctx, r, role, c.RequestID)
	if isRefusal(err) {
		return invalid(notAssumable)
	}
	if err != nil {
		return err
	}
	verb, err := d.verb, s.try(ctx, as, d)
	if err == nil {
		verb, err = s.tryMore(ctx, as, d)
	}
	var denied *api.Error
	switch {
	case errors.As(err, &denied) && isDenial(denied):
		return refuse(verb)
	case isRefusal(err):
		return invalid("The destination ARN %s is invalid.", d.arn)
	}
	return err
}

// checkDeadLetters refuses a dead-letter target that the role may not send to.
// The variant for SNS follows the pattern of the recorded one for SQS.
func (s *Service) checkDeadLetters(ctx context.Context, w *change) error {
	target := w.after.DeadLetters
	if target == "" || !w.newRole() && w.asked.dead == nil {
		return nil
	}
	d, ok := parseSink(target)
	if !ok || d.service != "sqs" && d.service != "sns" {
		return validation(target, "deadLetterConfig.targetArn", "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()")
	}
	return s.checkSink(ctx, w.call, w.ref, w.after.Role, d, func(verb string) error {
		return invalid("The provided execution role does not have permissions to call %s on %s", verb, d.label)
	})
}

// checkDestinations refuses destinations that the function's role may not send to.
func (s *Service) checkDestinations(ctx context.Context, c *op.Call, r ref, to *lambdaapi.DestinationConfig, given []*int32) error {
	wanted := destinations(to)
	if len(wanted) == 0 {
		for _, g := range given {
			if g != nil {
				return nil
			}
		}
		if to != nil && (to.OnSuccess != nil || to.OnFailure != nil) {
			return nil // it takes destinations away
		}
		return invalid("You must specify at least one of error handling or destination setting.")
	}
	v := s.now().code(r)
	if v == nil {
		return notFound("The function doesn't exist.")
	}
	for _, arn := range wanted {
		d, ok := parseSink(arn)
		switch {
		case arn == r.unqualified():
			return invalid("You can't specify the function as a destination for itself.")
		case !ok:
			return invalid("The provided destination config DestinationConfig(onSuccess=%s, onFailure=%s) is invalid.", told("OnSuccess", to.OnSuccess.GetDestination()), told("OnFailure", to.OnFailure.GetDestination()))
		case d.service == "lambda" && d.function.account == r.account && s.now().code(d.function) == nil:
			return invalid("The destination ARN %s is invalid.", arn)
		}
		err := s.checkSink(ctx, c, r, v.Role, d, func(verb string) error {
			return invalid("The function's execution role does not have permissions to call %s on %s", verb, arn)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// told is a destination as AWS's text of a wrong one shows it.
func told(kind, arn string) string {
	if arn == "" {
		return "null"
	}
	return kind + "(destination=" + arn + ")"
}

// destinations are those that a request names.
func destinations(to *lambdaapi.DestinationConfig) []string {
	var wanted []string
	if to != nil {
		for _, d := range []string{to.OnSuccess.GetDestination(), to.OnFailure.GetDestination()} {
			if d != "" {
				wanted = append(wanted, d)
			}
		}
	}
	return wanted
}
