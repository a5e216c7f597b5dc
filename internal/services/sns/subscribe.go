package sns

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

func (s *Service) subscribe(ctx context.Context, c *op.Call, in *snsapi.SubscribeInput) (*snsapi.SubscribeResponse, error) {
	n, _, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	b := &subscription{
		Topic: n.arn(), Unique: id.UUID(), Owner: c.Account, Principal: c.Caller.ARN(), Protocol: in.GetProtocol(), Endpoint: in.GetEndpoint(),
		Attributes: map[string]string{}, Base: baseOf(c.Origin),
	}
	if err := b.checkEndpoint(); err != nil {
		return nil, err
	}
	if err := b.setAll(in.Attributes); err != nil {
		return nil, err
	}
	if b.Pending = b.mustConfirm(); b.Pending {
		b.Token, b.Since = id.Hex(limits.SNSConfirmToken), c.Time
	} else {
		b.Authenticated = true
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.topics.GetIn(tx, n.key()) == nil {
			return noTopic()
		}
		known, err := s.sameEndpoint(tx, c, b)
		switch {
		case err != nil:
			return err
		case known != nil && !known.Pending:
			err = known.agrees(in.Attributes)
			b = known
			return err
		case known != nil:
			// The endpoint is asked again, with a new token.
			if err := known.agrees(in.Attributes); err != nil {
				return err
			}
			again := *known
			again.Token, again.Since, again.Base = b.Token, b.Since, b.Base
			b = &again
		}
		if b.Pending {
			return joined(s.subscriptions.Put(tx, b.key(), b), s.ask(tx, c, b, kindConfirm))
		}
		return s.subscriptions.Put(tx, b.key(), b)
	})
	if err != nil {
		return nil, err
	}
	if b.Pending && !in.GetReturnSubscriptionArn() {
		return &snsapi.SubscribeResponse{SubscriptionArn: ptr("pending confirmation")}, nil
	}
	return &snsapi.SubscribeResponse{SubscriptionArn: ptr(b.arn())}, nil
}

// sameEndpoint is a topic's subscription of the same endpoint, if there is one.
// What was never confirmed, or was unsubscribed, goes on the way: once its token
// is over, or when its endpoint is subscribed anew.
func (s *Service) sameEndpoint(tx *store.Tx, c *op.Call, b *subscription) (*subscription, error) {
	count, filtered := 0, 0
	for key, old := range s.subscriptions.All(b.topic().prefix(), "") {
		same := old.Protocol == b.Protocol && old.Endpoint == b.Endpoint
		if !old.active() && !old.confirmable(c.Time) || old.Gone && same {
			if err := s.remove(tx, old); err != nil {
				return nil, err
			}
			continue
		}
		count++
		if old.Attributes[subFilter] != "" {
			filtered++
		}
		if same {
			return s.subscriptions.GetIn(tx, key), nil
		}
	}
	switch {
	case count >= limits.TopicSubscriptions:
		return nil, snsapi.NewSubscriptionLimitExceededException("Subscription limit reached")
	case b.Attributes[subFilter] != "" && filtered >= limits.TopicFilters:
		return nil, tooManyFilters()
	}
	return nil, nil
}

// agrees says whether a subscription is as a request wants it: what the request
// does not name does not matter.
func (b *subscription) agrees(given map[string]string) error {
	wanted := &subscription{Topic: b.Topic, Owner: b.Owner, Protocol: b.Protocol, Endpoint: b.Endpoint, Attributes: map[string]string{}}
	if err := wanted.setAll(given); err != nil {
		return err
	}
	for attribute, value := range wanted.Attributes {
		if b.Attributes[attribute] != value && !(b.Attributes[attribute] == "" && value == "false") {
			return invalid("Attributes Reason: Subscription already exists with different attributes")
		}
	}
	return nil
}

// setAll sets the attributes of a new subscription.
func (b *subscription) setAll(given map[string]string) error {
	for _, attribute := range slices.Sorted(maps.Keys(given)) {
		if attribute == subFilter {
			continue // it depends on the scope
		}
		if err := b.set(attribute, given[attribute]); err != nil {
			return settingError(err, true)
		}
	}
	if text, ok := given[subFilter]; ok {
		return settingError(b.set(subFilter, text), true)
	}
	return nil
}

// mustConfirm says whether the endpoint has to agree: always on the web; a
// function or queue if it is in another account than who subscribes it (SNS API
// reference, Subscribe).
func (b *subscription) mustConfirm() bool { return b.isWeb() || arnPart(b.Endpoint, 4) != b.Owner }

// checkEndpoint says what is wrong with where messages are to go.
func (b *subscription) checkEndpoint() error {
	parts := strings.Split(b.Endpoint, ":")
	isARN := len(parts) > 5 && parts[0] == "arn" && parts[1] == op.Partition && parts[3] != "" && id.IsAccount(parts[4]) && parts[5] != ""
	switch b.Protocol {
	case "lambda":
		if !isARN || parts[2] != "lambda" || parts[5] != "function" || len(parts) < 7 || len(parts) > 8 || parts[6] == "" {
			return invalid("Lambda endpoint ARN")
		}
	case "sqs":
		if !isARN || parts[2] != "sqs" || len(parts) != 6 {
			return invalid("SQS endpoint ARN")
		}
		if strings.HasSuffix(parts[5], fifoSuffix) && !b.topic().fifo() {
			return invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
		}
	case "http", "https":
		u, err := url.Parse(b.Endpoint)
		if err != nil || u.Scheme != b.Protocol || u.Host == "" || len(b.Endpoint) > limits.SNSEndpoint {
			return invalid("Endpoint must match the specified protocol")
		}
	case "email", "email-json", "sms", "application", "firehose":
		return unavailable("The protocol " + b.Protocol)
	default:
		return invalid("Amazon SNS does not support this protocol string: %s", b.Protocol)
	}
	if b.topic().fifo() && b.Protocol != "sqs" {
		return invalid("Invalid protocol type: %s", b.Protocol)
	}
	return nil
}
