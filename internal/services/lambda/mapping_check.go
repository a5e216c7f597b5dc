package lambda

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// checkEventSource refuses what is not a queue.
func checkEventSource(in *lambdaapi.CreateEventSourceMappingRequest) error {
	parts := strings.Split(in.GetEventSourceArn(), ":")
	switch {
	case in.GetEventSourceArn() == "" && in.SelfManagedEventSource != nil:
		return unavailable("A self-managed Kafka event source")
	case in.GetEventSourceArn() == "":
		return invalid("Unrecognized event source.")
	case len(parts) < 6:
		return invalid("Unrecognized event source. Unsupported source arn : %s", in.GetEventSourceArn())
	}
	switch parts[2] {
	case "sqs":
		if len(parts) != 6 || !isRegion(parts[3]) || !id.IsAccount(parts[4]) || parts[5] == "" {
			return invalid("Unrecognized event source. Unsupported source arn : %s", in.GetEventSourceArn())
		}
		return nil
	case "kinesis", "dynamodb", "kafka", "mq", "rds":
		return unavailable("An event source of the service " + parts[2])
	}
	return invalid("Unrecognized event source. Unsupported source arn : %s", in.GetEventSourceArn())
}

// checkMapping asks, as the execution role, for everything that polling will
// take, in the order in which it will be needed. How AWS orders its checks is not
// public; the trust policy comes first since nothing else can be asked before.
func (s *Service) checkMapping(ctx context.Context, c *op.Call, m *mapping) error {
	r := m.function()
	if r.region != regionOf(m.Source) {
		return invalid("The event source and the function must be in one region.")
	}
	v := s.now().code(r)
	if v == nil {
		return noFunction(r.arn())
	}
	as, err := s.asRole(ctx, r, v.Role, c.RequestID)
	if isRefusal(err) {
		return invalid("Please add Lambda as a Trusted Entity for %s", v.Role)
	}
	if err != nil {
		return err
	}
	url := ptr(queueURL(m.Source))
	if err := op.Try(ctx, s.bus, as, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: url}); err != nil {
		return unpollable("ReceiveMessage", err)
	}
	if err := op.Try(ctx, s.bus, as, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: url}); err != nil {
		return unpollable("DeleteMessage", err)
	}
	queue, err := op.Do(ctx, s.bus, as, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{QueueUrl: url, AttributeNames: []string{"VisibilityTimeout"}})
	if err != nil {
		return unpollable("GetQueueAttributes", err)
	}
	if visible, err := strconv.Atoi(queue.Attributes["VisibilityTimeout"]); err == nil && visible < int(v.Timeout) {
		return invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", visible, v.Timeout)
	}
	return nil
}

// unpollable words the refusal of a poll: the role may not, or there is no queue.
func unpollable(operation string, err error) error {
	var refused *api.Error
	switch {
	case !errors.As(err, &refused):
		return err
	case isDenial(refused):
		return invalid("%s", lacks(operation))
	case refused.Fault == api.Server:
		return err
	}
	code := refused.Code
	if refused.QueryCode != "" {
		code = refused.QueryCode
	}
	return invalid("Error occurred while ReceiveMessage. SQS Error Code: %s. SQS Error Message: %s", code, refused.Message)
}

// queueURL names a queue to SQS by its ARN.
func queueURL(arn string) string {
	parts := strings.Split(arn, ":")
	return "https://sqs." + parts[3] + ".amazonaws.com/" + parts[4] + "/" + parts[5]
}

func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) < 5 {
		return ""
	}
	return parts[3]
}
