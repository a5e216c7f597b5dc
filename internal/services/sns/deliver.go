package sns

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/outbox"
	"github.com/sallyport/sallyport/internal/store"
)

const servicePrincipal = "sns.amazonaws.com"

// delivery is one message on its way to one subscription.
type delivery struct {
	// Subscription is the subscription's key.
	Subscription string
	// Parent is the request id of the publish.
	Parent  string
	Message *message
	// Confirm says that the endpoint is asked to confirm; there is no message then.
	Confirm bool `json:",omitempty"`
	// Host is where the client that subscribed reached this server.
	Host     string `json:",omitempty"`
	Failures int    `json:",omitempty"`
	// Dead says that it goes to the dead-letter queue instead.
	Dead bool `json:",omitempty"`
}

// owe puts a delivery into the outbox. Of a group of a FIFO topic one is on its
// way at a time, and the others wait in order.
func (s *Service) owe(tx *store.Tx, b *subscription, d *delivery, queued map[string]bool) error {
	if d.Message == nil || d.Message.Sequence == "" {
		return s.deliveries.Put(tx, store.Key(b.key(), id.UUID()), time.Time{}, d)
	}
	head := store.Key(b.key(), d.Message.Group)
	if queued[head] || s.deliveries.Get(head) != nil {
		return s.waiting.Put(tx, store.Key(head, d.Message.Sequence), d)
	}
	queued[head] = true
	return s.deliveries.Put(tx, head, time.Time{}, d)
}

// next puts the delivery that waits behind one that is over.
func (s *Service) next(tx *store.Tx, head string, d *delivery) error {
	if d.Message == nil || d.Message.Sequence == "" {
		return nil
	}
	for key, waiting := range s.waiting.All(head+"\x00", "") {
		if s.waiting.GetIn(tx, key) == nil {
			continue
		}
		return joined(s.waiting.Delete(tx, key), s.deliveries.Put(tx, head, time.Time{}, waiting))
	}
	return nil
}

// deliver makes one attempt.
func (s *Service) deliver(ctx context.Context, key string, d *delivery) outbox.Next[delivery] {
	done := func() outbox.Next[delivery] {
		return outbox.Done[delivery](func(tx *store.Tx) error { return s.next(tx, key, d) })
	}
	b := s.subscriptions.Get(d.Subscription)
	if b == nil {
		return done()
	}
	err := s.attempt(ctx, b, d)
	var refused *api.Error
	client := errors.As(err, &refused) && refused.Fault != api.Server && refused.Status != 429
	switch {
	case err == nil:
		return done()
	case !client && !d.Dead && d.Failures < retries(b):
		again := *d
		again.Failures++
		return outbox.Again(s.clock.Now().Add(pause(b, d.Failures)), &again)
	}
	s.log.WarnContext(ctx, "a message was not delivered", "topic", b.Topic, "endpoint", b.Endpoint, "message", d.messageID(), "dead-letter", d.Dead, "error", err)
	if _, has := readRedrive(b.Attributes[subRedrive]); has && !d.Dead && !d.Confirm {
		dead := *d
		dead.Dead, dead.Failures = true, 0
		return outbox.Again(s.clock.Now(), &dead)
	}
	return done()
}

func (d *delivery) messageID() string {
	if d.Message == nil {
		return ""
	}
	return d.Message.ID
}

// How often a delivery is tried again after a fault of the other side (SNS
// developer guide, "Message delivery retries"). To AWS services it is 100,015
// times over 23 days; here a service that cannot answer is this very server.
const (
	webRetries     = 3
	webPause       = 20 * time.Second
	serviceRetries = 100_015
	servicePause   = time.Second
	longestPause   = 10 * time.Minute
)

func retries(b *subscription) int {
	if b.isWeb() {
		return webRetries
	}
	return serviceRetries
}

func pause(b *subscription, failures int) time.Duration {
	if b.isWeb() {
		return webPause
	}
	return min(servicePause<<min(failures, 10), longestPause)
}

// attempt sends a message where it belongs. Only the policy of a function or a
// queue can let SNS in.
func (s *Service) attempt(ctx context.Context, b *subscription, d *delivery) error {
	if d.Dead {
		r, _ := readRedrive(b.Attributes[subRedrive])
		return s.sendToQueue(ctx, b, d, r.Target)
	}
	switch b.Protocol {
	case "lambda":
		event, err := d.event(b)
		if err != nil {
			return err
		}
		_, err = op.Do(ctx, s.bus, s.as(b, d, b.Endpoint), lambdaapi.Invoke, &lambdaapi.InvocationRequest{
			FunctionName: &b.Endpoint, InvocationType: ptr("Event"), Payload: event,
		})
		return err
	case "sqs":
		return s.sendToQueue(ctx, b, d, b.Endpoint)
	}
	return s.post(ctx, b, d)
}

// as is SNS itself, for a topic, in the region of what it calls.
func (s *Service) as(b *subscription, d *delivery, arn string) op.As {
	n := b.topic()
	region := n.region
	if parts := strings.SplitN(arn, ":", 5); len(parts) == 5 && parts[3] != "" {
		region = parts[3]
	}
	return op.As{
		Caller: caller.ForService(caller.Service{Principal: servicePrincipal, SourceARN: b.Topic, SourceAccount: n.account}),
		Region: region, Parent: d.Parent,
	}
}

func (s *Service) sendToQueue(ctx context.Context, b *subscription, d *delivery, queue string) error {
	parts := strings.Split(queue, ":")
	if len(parts) != 6 {
		return invalid("SQS endpoint ARN")
	}
	in := &sqsapi.SendMessageRequest{QueueUrl: ptr("https://sqs." + parts[3] + ".amazonaws.com/" + parts[4] + "/" + parts[5])}
	if b.Attributes[subRaw] == "true" {
		in.MessageBody = ptr(d.Message.text(b.Protocol))
		in.MessageAttributes = rawAttributes(d.Message)
	} else {
		text, err := d.notification(b)
		if err != nil {
			return err
		}
		in.MessageBody = ptr(string(text))
	}
	if strings.HasSuffix(parts[5], fifoSuffix) {
		in.MessageGroupId, in.MessageDeduplicationId = &d.Message.Group, &d.Message.Duplicate
	}
	_, err := op.Do(ctx, s.bus, s.as(b, d, queue), sqsapi.SendMessage, in)
	return err
}

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
