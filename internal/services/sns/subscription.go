package sns

import (
	"context"
	"strings"
	"time"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// subscription is a stored subscription. Its key is the topic's with its id.
type subscription struct {
	// Topic is the topic's ARN, Unique the id behind it in the subscription's.
	Topic, Unique string
	// Owner is the account that subscribed, Principal who did.
	Owner, Principal   string
	Protocol, Endpoint string
	Attributes         map[string]string `json:",omitempty"`
	// Pending says that the endpoint has to confirm with Token, Gone that it was
	// unsubscribed by a link and can come back with it. Since is when the token
	// was made.
	Pending, Gone bool      `json:",omitempty"`
	Token         string    `json:",omitempty"`
	Since         time.Time `json:",omitzero"`
	// Authenticated says that it was confirmed by a signed caller, Guarded that
	// only a signed caller may unsubscribe.
	Authenticated, Guarded bool
	// Base is where the client that subscribed reached this server: the start of
	// the links in what the endpoint gets. Empty is AWS's.
	Base string `json:",omitempty"`
}

func (b *subscription) arn() string { return b.Topic + ":" + b.Unique }

func (b *subscription) topic() name { n, _ := parseTopic(b.Topic); return n }

// key is the subscription's, or that of what belongs to it.
func (b *subscription) key(parts ...string) string {
	return b.topic().key(append([]string{b.Unique}, parts...)...)
}

func (b *subscription) isWeb() bool { return b.Protocol == "http" || b.Protocol == "https" }

// active says whether messages go to the endpoint.
func (b *subscription) active() bool { return !b.Pending && !b.Gone }

// over says that it is there no more for whoever asks: it was unsubscribed, or
// was not confirmed in time.
func (b *subscription) over(now time.Time) bool {
	return b.Gone || b.Pending && !b.confirmable(now)
}

// confirmable says whether the token still counts.
func (b *subscription) confirmable(now time.Time) bool {
	return now.Sub(b.Since) < limits.SNSConfirmTime
}

// toQueue is whether messages go to an SQS queue, ordered for a FIFO one.
func (b *subscription) toQueue() (is, ordered bool) {
	return b.Protocol == "sqs", b.Protocol == "sqs" && strings.HasSuffix(b.Endpoint, fifoSuffix)
}

// base is the start of links.
func (b *subscription) base() string {
	if b.Base == "" {
		return "https://sns." + b.topic().region + ".amazonaws.com"
	}
	return b.Base
}

// baseOf is where a client reached this server, empty if it was none.
func baseOf(o op.Origin) string {
	switch {
	case o.Host == "":
		return ""
	case o.Secure:
		return "https://" + o.Host
	}
	return "http://" + o.Host
}

// mine is the subscription of an ARN, for its owner or the topic's.
func (s *Service) mine(tx *store.Tx, c *op.Call, arn string) (*subscription, error) {
	n, unique, err := parseSubscription(arn)
	if err != nil {
		return nil, err
	}
	if n.region != c.Region {
		return nil, invalid("SubscriptionArn")
	}
	key := n.key(unique)
	b := s.subscriptions.Get(key)
	if tx != nil {
		b = s.subscriptions.GetIn(tx, key)
	}
	if b != nil && b.over(c.Time) {
		b = nil
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

// pendingARN is what lists show of a subscription that is not confirmed.
const pendingARN = "PendingConfirmation"

func (b *subscription) listed() snsapi.Subscription {
	arn := b.arn()
	if b.Pending {
		arn = pendingARN
	}
	return snsapi.Subscription{SubscriptionArn: &arn, Owner: &b.Owner, Protocol: &b.Protocol, Endpoint: &b.Endpoint, TopicArn: &b.Topic}
}

// listSubscriptions are those that the caller's account made, in this region.
func (s *Service) listSubscriptions(_ context.Context, c *op.Call, in *snsapi.ListSubscriptionsInput) (*snsapi.ListSubscriptionsResponse, error) {
	all, next, err := s.subscriptionPage("", in.NextToken, func(b *subscription) bool {
		return b.Owner == c.Account && b.topic().region == c.Region && !b.over(c.Time)
	})
	return &snsapi.ListSubscriptionsResponse{Subscriptions: all, NextToken: next}, err
}

func (s *Service) listSubscriptionsByTopic(_ context.Context, c *op.Call, in *snsapi.ListSubscriptionsByTopicInput) (*snsapi.ListSubscriptionsByTopicResponse, error) {
	n, _, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	all, next, err := s.subscriptionPage(n.prefix(), in.NextToken, func(b *subscription) bool { return !b.over(c.Time) })
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
		all, last = append(all, b.listed()), key
	}
	return all, nil, nil
}

// isSigned says whether somebody signed the call.
func isSigned(c *op.Call) bool { return c.Caller.Kind() != caller.AnonymousKind }
