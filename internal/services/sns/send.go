package sns

import (
	"context"
	"encoding/base64"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

const servicePrincipal = "sns.amazonaws.com"

// attempt sends a message where it belongs. Only the policy of a function or a
// queue can let SNS in.
func (s *Service) attempt(ctx context.Context, b *subscription, d *delivery) error {
	queue, dead := readRedrive(b.Attributes[subRedrive])
	switch {
	case d.Dead && !dead:
		return nil // the queue was taken away meanwhile
	case d.Dead:
		return s.sendToQueue(ctx, b, d, queue)
	case b.Protocol == "sqs":
		return s.sendToQueue(ctx, b, d, b.Endpoint)
	case b.Protocol == "lambda":
		return s.invoke(ctx, b, d)
	}
	return s.post(ctx, b, d)
}

// as is SNS itself, for a topic, in the region of what it calls.
func (s *Service) as(b *subscription, d *delivery, arn string) op.As {
	return op.As{
		Caller: caller.ForService(caller.Service{Principal: servicePrincipal, SourceARN: b.Topic, SourceAccount: b.topic().account}),
		Region: arnPart(arn, 3), Parent: d.Parent,
	}
}

func (s *Service) invoke(ctx context.Context, b *subscription, d *delivery) error {
	event, err := s.event(ctx, b, d)
	if err != nil {
		return err
	}
	_, err = op.Do(ctx, s.bus, s.as(b, d, b.Endpoint), lambdaapi.Invoke, &lambdaapi.InvocationRequest{
		FunctionName: &b.Endpoint, InvocationType: ptr("Event"), Payload: event,
	})
	return err
}

// sendToQueue sends a message, or the letter of one that could not be delivered:
// both have the same form.
func (s *Service) sendToQueue(ctx context.Context, b *subscription, d *delivery, queue string) error {
	in := &sqsapi.SendMessageRequest{QueueUrl: ptr("https://sqs." + arnPart(queue, 3) + ".amazonaws.com/" + arnPart(queue, 4) + "/" + arnPart(queue, 5))}
	if b.raw(d) {
		in.MessageBody, in.MessageAttributes = ptr(d.Message.text(b.Protocol)), rawAttributes(d.Message)
	} else {
		text, err := s.envelope(ctx, b, d)
		if err != nil {
			return err
		}
		in.MessageBody = &text
	}
	switch {
	case strings.HasSuffix(queue, fifoSuffix) && d.ordered():
		in.MessageGroupId, in.MessageDeduplicationId = &d.Message.Group, &d.Message.Duplicate
	case strings.HasSuffix(queue, fifoSuffix):
		// The question whether to subscribe, which has no group of its own.
		in.MessageGroupId, in.MessageDeduplicationId = ptr(d.kind()), &d.Message.ID
	case d.Message.Group != "" && !b.topic().fifo():
		in.MessageGroupId = &d.Message.Group // for fair queues (recorded)
	}
	_, err := op.Do(ctx, s.bus, s.as(b, d, queue), sqsapi.SendMessage, in)
	return err
}

// raw says whether the endpoint gets the message without an envelope.
func (b *subscription) raw(d *delivery) bool { return b.Attributes[subRaw] == "true" && d.Kind == "" }

func rawAttributes(m *message) map[string]sqsapi.MessageAttributeValue {
	if len(m.Attributes) == 0 {
		return nil
	}
	all := make(map[string]sqsapi.MessageAttributeValue, len(m.Attributes))
	for name, a := range m.Attributes {
		v := sqsapi.MessageAttributeValue{DataType: ptr(a.Type)}
		if strings.HasPrefix(a.Type, "Binary") {
			v.BinaryValue, _ = base64.StdEncoding.DecodeString(a.Value) // it was encoded here
		} else {
			v.StringValue = ptr(a.Value)
		}
		all[name] = v
	}
	return all
}
