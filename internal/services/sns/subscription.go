package sns

import (
	"context"
	"maps"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// subscription is a stored subscription. Its key is the topic's with its id.
type subscription struct {
	// Topic is the topic's ARN, Unique the id behind it in the subscription's.
	Topic, Unique string
	// Owner is the account that subscribed.
	Owner              string
	Protocol, Endpoint string
	Attributes         map[string]string `json:",omitempty"`
	// Pending says that the endpoint has to confirm; Token is what it confirms with.
	Pending bool   `json:",omitempty"`
	Token   string `json:",omitempty"`
	// Authenticated says that it was confirmed by a signed caller, Guarded that
	// only a signed caller may unsubscribe.
	Authenticated, Guarded bool
}

func (b *subscription) arn() string { return b.Topic + ":" + b.Unique }

func (b *subscription) topic() name { n, _ := parseTopic(b.Topic); return n }

func (b *subscription) key() string {
	n := b.topic()
	return store.Key(n.account, n.region, n.topic, b.Unique)
}

// pendingARN is what lists show of a subscription that is not confirmed.
const pendingARN = "PendingConfirmation"

func (b *subscription) shownARN() *string {
	if b.Pending {
		return ptr(pendingARN)
	}
	return ptr(b.arn())
}

// subscribed are the keys of what is to be subscribed.
func subscribed(protocol, endpoint string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		in, ok := c.Input.(*snsapi.SubscribeInput)
		if !ok {
			return
		}
		keys.Set(protocol, in.GetProtocol())
		if in.GetEndpoint() != "" {
			keys.Set(endpoint, in.GetEndpoint())
		}
	}
}

func (s *Service) subscribe(ctx context.Context, c *op.Call, in *snsapi.SubscribeInput) (*snsapi.SubscribeResponse, error) {
	n, _, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	b := &subscription{
		Topic: n.arn(), Unique: id.UUID(), Owner: c.Account, Protocol: in.GetProtocol(), Endpoint: in.GetEndpoint(),
		Attributes: map[string]string{}, Authenticated: true,
	}
	if err := b.checkEndpoint(); err != nil {
		return nil, err
	}
	for attribute, value := range in.Attributes {
		if err := b.set(attribute, value); err != nil {
			return nil, err
		}
	}
	if b.isWeb() {
		b.Pending, b.Authenticated, b.Token = true, false, id.Hex(limits.SNSConfirmToken)
	}
	var known *subscription
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.topics.GetIn(tx, n.key()) == nil {
			return noTopic()
		}
		count := 0
		for key := range s.subscriptions.All(n.prefix(), "") {
			old := s.subscriptions.GetIn(tx, key)
			if old == nil {
				continue
			}
			count++
			if old.Protocol != b.Protocol || old.Endpoint != b.Endpoint {
				continue
			}
			if len(in.Attributes) > 0 && !maps.Equal(old.Attributes, b.Attributes) {
				return invalid("Attributes Reason: Subscription already exists with different attributes")
			}
			known = old
			return nil
		}
		if count >= limits.TopicSubscriptions {
			return snsapi.NewSubscriptionLimitExceededException("Subscription limit reached")
		}
		if b.Pending {
			return joined(s.subscriptions.Put(tx, b.key(), b), s.confirmLater(tx, b, c))
		}
		return s.subscriptions.Put(tx, b.key(), b)
	})
	if err != nil {
		return nil, err
	}
	if known != nil {
		b = known
	}
	if b.Pending && !in.GetReturnSubscriptionArn() {
		return &snsapi.SubscribeResponse{SubscriptionArn: ptr("pending confirmation")}, nil
	}
	return &snsapi.SubscribeResponse{SubscriptionArn: ptr(b.arn())}, nil
}

func joined(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *subscription) isWeb() bool { return b.Protocol == "http" || b.Protocol == "https" }

// checkEndpoint says what is wrong with where messages are to go.
func (b *subscription) checkEndpoint() error {
	parts := strings.SplitN(b.Endpoint, ":", 6)
	isARN := len(parts) == 6 && parts[0] == "arn" && parts[5] != ""
	switch b.Protocol {
	case "lambda":
		if !isARN || parts[2] != "lambda" || !strings.HasPrefix(parts[5], "function:") {
			return invalid("Lambda endpoint ARN")
		}
	case "sqs":
		if !isARN || parts[2] != "sqs" {
			return invalid("SQS endpoint ARN")
		}
		if strings.HasSuffix(parts[5], fifoSuffix) && !b.topic().fifo() {
			return invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
		}
	case "http", "https":
		u, err := url.Parse(b.Endpoint)
		if err != nil || u.Scheme != b.Protocol || u.Host == "" {
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

// confirmSubscription confirms by the token that the endpoint was sent.
func (s *Service) confirmSubscription(ctx context.Context, c *op.Call, in *snsapi.ConfirmSubscriptionInput) (*snsapi.ConfirmSubscriptionResponse, error) {
	n, _, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	var arn string
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		for key := range s.subscriptions.All(n.prefix(), "") {
			b := s.subscriptions.GetIn(tx, key)
			if b == nil || !sameToken(b.Token, in.GetToken()) {
				continue
			}
			arn = b.arn()
			if !b.Pending {
				return nil
			}
			now := *b
			now.Pending, now.Authenticated, now.Guarded = false, c.Caller.Account() != "", in.GetAuthenticateOnUnsubscribe() == "true"
			return s.subscriptions.Put(tx, key, &now)
		}
		return invalid("Token")
	})
	if err != nil {
		return nil, err
	}
	return &snsapi.ConfirmSubscriptionResponse{SubscriptionArn: &arn}, nil
}

// mine is the subscription of an ARN, for its owner or the topic's.
func (s *Service) mine(tx *store.Tx, c *op.Call, arn string) (*subscription, error) {
	n, unique, ok := parseSubscription(arn)
	if !ok {
		return nil, invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not %d", strings.Count(arn, ":")+1)
	}
	if n.region != c.Region {
		return nil, invalid("SubscriptionArn")
	}
	key := store.Key(n.account, n.region, n.topic, unique)
	b := s.subscriptions.Get(key)
	if tx != nil {
		b = s.subscriptions.GetIn(tx, key)
	}
	switch {
	case b == nil && n.account != c.Account:
		return nil, notYours() // whether it exists is nobody else's business
	case b == nil:
		return nil, noSubscription()
	case c.Account != b.Owner && c.Account != n.account:
		return nil, notYours()
	}
	return b, nil
}

func (s *Service) unsubscribe(ctx context.Context, c *op.Call, in *snsapi.UnsubscribeInput) (*api.Empty, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.mine(tx, c, in.GetSubscriptionArn())
		if err != nil {
			if e, ok := err.(*api.Error); ok && e.Code == noSubscription().Code {
				return nil // unsubscribing twice is no mistake
			}
			return err
		}
		if t := s.topics.GetIn(tx, b.topic().key()); t != nil {
			now := t.clone()
			now.Deleted++
			if err := s.topics.Put(tx, b.topic().key(), now); err != nil {
				return err
			}
		}
		return s.drop(tx, b)
	})
	return &api.Empty{}, err
}

// drop removes a subscription and what is on the way to it.
func (s *Service) drop(tx *store.Tx, b *subscription) error {
	prefix := b.key() + "\x00"
	for key := range s.deliveries.All(prefix) {
		if err := s.deliveries.Delete(tx, key); err != nil {
			return err
		}
	}
	return joined(emptyBelow(tx, s.waiting, prefix), s.subscriptions.Delete(tx, b.key()))
}

func (b *subscription) list() snsapi.Subscription {
	return snsapi.Subscription{SubscriptionArn: b.shownARN(), Owner: &b.Owner, Protocol: &b.Protocol, Endpoint: &b.Endpoint, TopicArn: &b.Topic}
}

// listSubscriptions are those that the caller's account made, in this region.
func (s *Service) listSubscriptions(_ context.Context, c *op.Call, in *snsapi.ListSubscriptionsInput) (*snsapi.ListSubscriptionsResponse, error) {
	all, next, err := s.subscriptionPage("", in.NextToken, func(b *subscription) bool {
		return b.Owner == c.Account && b.topic().region == c.Region
	})
	return &snsapi.ListSubscriptionsResponse{Subscriptions: all, NextToken: next}, err
}

func (s *Service) listSubscriptionsByTopic(_ context.Context, c *op.Call, in *snsapi.ListSubscriptionsByTopicInput) (*snsapi.ListSubscriptionsByTopicResponse, error) {
	n, _, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	all, next, err := s.subscriptionPage(n.prefix(), in.NextToken, func(*subscription) bool { return true })
	return &snsapi.ListSubscriptionsByTopicResponse{Subscriptions: all, NextToken: next}, err
}

func (s *Service) subscriptionPage(prefix string, given *string, wanted func(*subscription) bool) ([]snsapi.Subscription, *string, error) {
	after, err := readToken(prefix, given)
	if err != nil {
		return nil, nil, err
	}
	all, last := []snsapi.Subscription{}, ""
	for key, b := range s.subscriptions.All(prefix, after) {
		if !wanted(b) {
			continue
		}
		if len(all) == limits.TopicsPerPage {
			return all, token(prefix, last), nil
		}
		all, last = append(all, b.list()), key
	}
	return all, nil, nil
}
