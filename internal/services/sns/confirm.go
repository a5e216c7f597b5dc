package sns

import (
	"context"
	"crypto/subtle"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// sameToken compares confirmation tokens in constant time; no token matches none.
func sameToken(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// withToken is the subscription of a topic that a token confirms, nil if none.
func (s *Service) withToken(c *op.Call, in *snsapi.ConfirmSubscriptionInput) *subscription {
	n, ok := parseTopic(in.GetTopicArn())
	if !ok {
		return nil
	}
	for _, b := range s.subscriptions.All(n.prefix(), "") {
		if sameToken(b.Token, in.GetToken()) && (b.active() || b.confirmable(c.Time)) {
			return b
		}
	}
	return nil
}

func badToken(token string) error {
	if token == "" || strings.Trim(token, "0123456789abcdef") != "" {
		return snsapi.NewInvalidParameterException("Invalid token")
	}
	return invalid("Token")
}

// holdsToken proves that an unsigned caller was given the token.
func (s *Service) holdsToken(_ context.Context, c *op.Call) error {
	in, ok := c.Input.(*snsapi.ConfirmSubscriptionInput)
	if !ok || s.withToken(c, in) == nil {
		return badToken(in.GetToken())
	}
	return nil
}

// confirmSubscription confirms by the token that the endpoint was sent, again if
// need be. What was unsubscribed by a link comes back.
func (s *Service) confirmSubscription(ctx context.Context, c *op.Call, in *snsapi.ConfirmSubscriptionInput) (*snsapi.ConfirmSubscriptionResponse, error) {
	var arn string
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		b := s.withToken(c, in)
		if b == nil {
			return badToken(in.GetToken())
		}
		arn = b.arn()
		if b.active() {
			return nil
		}
		now := *b
		now.Pending, now.Gone, now.Authenticated = false, false, isSigned(c)
		now.Guarded = isSigned(c) && in.GetAuthenticateOnUnsubscribe() == "true"
		return s.subscriptions.Put(tx, b.key(), &now)
	})
	if err != nil {
		return nil, err
	}
	return &snsapi.ConfirmSubscriptionResponse{SubscriptionArn: &arn}, nil
}

// holdsLink proves that an unsigned caller was given the link of a web
// subscription that may be ended so. Others are ended by signed callers only: AWS
// does not say whether the links in messages to queues and functions work unsigned.
func (s *Service) holdsLink(_ context.Context, c *op.Call) error {
	in, ok := c.Input.(*snsapi.UnsubscribeInput)
	if !ok {
		return notYours()
	}
	n, unique, err := parseSubscription(in.GetSubscriptionArn())
	if err != nil {
		return err
	}
	b := s.subscriptions.Get(n.key(unique))
	if b == nil || !b.isWeb() || b.Guarded || b.Pending {
		return notYours()
	}
	return nil
}

func (s *Service) unsubscribe(ctx context.Context, c *op.Call, in *snsapi.UnsubscribeInput) (*api.Empty, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if !isSigned(c) {
			return s.unlink(tx, c, in.GetSubscriptionArn())
		}
		b, err := s.mine(tx, c, in.GetSubscriptionArn())
		if err != nil {
			if e, ok := err.(*api.Error); ok && e.Code == noSubscription().Code {
				return nil // unsubscribing twice is no mistake
			}
			return err
		}
		return joined(s.count(tx, b.topic()), s.remove(tx, b))
	})
	return &api.Empty{}, err
}

// unlink unsubscribes whoever's link was followed, and tells the endpoint, which
// can undo it with a new token for a while (SNS API reference, Unsubscribe).
func (s *Service) unlink(tx *store.Tx, c *op.Call, arn string) error {
	n, unique, err := parseSubscription(arn)
	if err != nil {
		return err
	}
	key := n.key(unique)
	old := s.subscriptions.GetIn(tx, key)
	if old == nil || old.Gone {
		return nil
	}
	b := *old
	b.Gone, b.Token, b.Since = true, id.Hex(limits.SNSConfirmToken), c.Time
	return joined(s.count(tx, n), s.forget(tx, key+"\x00"), s.subscriptions.Put(tx, key, &b), s.ask(tx, c, &b, kindUnsubscribed))
}

// count notes at the topic that a subscription was ended.
func (s *Service) count(tx *store.Tx, n name) error {
	t := s.topics.GetIn(tx, n.key())
	if t == nil {
		return nil
	}
	now := t.clone()
	now.Deleted++
	return s.topics.Put(tx, n.key(), now)
}

// remove removes a subscription and what is on the way to it.
func (s *Service) remove(tx *store.Tx, b *subscription) error {
	return joined(s.forget(tx, b.key()+"\x00"), s.subscriptions.Delete(tx, b.key()))
}

// ask owes the message by which an endpoint can confirm, or come back.
func (s *Service) ask(tx *store.Tx, c *op.Call, b *subscription, kind string) error {
	return s.owe(tx, b, &delivery{Subscription: b.key(), Parent: c.RequestID, Kind: kind, Message: &message{ID: id.UUID(), Time: c.Time}}, nil)
}
