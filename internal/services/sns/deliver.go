package sns

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/outbox"
	"github.com/sallyport/sallyport/internal/store"
)

// delivery is one message on its way to one subscription.
type delivery struct {
	// Subscription is the subscription's key.
	Subscription string
	// Parent is the request id of the publish.
	Parent  string
	Message *message
	// Kind says what it is when it is no notification: a question to the endpoint.
	// Its Message is then empty but for id and time.
	Kind     string `json:",omitempty"`
	Failures int    `json:",omitempty"`
	// Dead says that it goes to the dead-letter queue instead.
	Dead bool `json:",omitempty"`
}

// Kinds of messages, as they call themselves.
const (
	kindNotify       = "Notification"
	kindConfirm      = "SubscriptionConfirmation"
	kindUnsubscribed = "UnsubscribeConfirmation"
)

func (d *delivery) kind() string {
	if d.Kind == "" {
		return kindNotify
	}
	return d.Kind
}

// ordered says whether the delivery has a place in its group.
func (d *delivery) ordered() bool { return d.Message.Sequence != "" }

// key is the delivery's in the outbox: of a group there is one at a time.
func (d *delivery) key(b *subscription) string {
	if d.ordered() {
		return b.key("group", d.Message.Group)
	}
	return b.key("message", d.Message.ID)
}

// deliver makes one attempt.
func (s *Service) deliver(ctx context.Context, key string, d *delivery) outbox.Next[delivery] {
	b := s.subscriptions.Get(d.Subscription)
	if b == nil || !d.belongs(b) {
		return s.over(key, d)
	}
	err := s.attempt(ctx, b, d)
	if err == nil {
		return s.over(key, d)
	}
	if !isRefusal(err) {
		if rest, again := s.retries(b, d).pause(d.Failures + 1); again {
			later := *d
			later.Failures++
			return outbox.Again(s.clock.Now().Add(rest), &later)
		}
	}
	s.log.WarnContext(ctx, "a message was not delivered", "topic", b.Topic, "protocol", b.Protocol, "message", d.Message.ID, "kind", d.kind(), "dead-letter", d.Dead, "error", err)
	if _, has := readRedrive(b.Attributes[subRedrive]); has && !d.Dead && d.Kind == "" {
		dead := *d
		dead.Dead, dead.Failures = true, 0
		return outbox.Again(s.clock.Now(), &dead)
	}
	return s.over(key, d)
}

// belongs says whether a delivery is still wanted: a question by the state of the
// subscription that it is about.
func (d *delivery) belongs(b *subscription) bool {
	switch d.Kind {
	case kindConfirm:
		return b.Pending
	case kindUnsubscribed:
		return b.Gone
	}
	return b.active()
}

// over ends a delivery, and lets the next one of its group go.
func (s *Service) over(key string, d *delivery) outbox.Next[delivery] {
	return outbox.Done[delivery](func(tx *store.Tx) error { return s.next(tx, key, d) })
}

// isRefusal says whether trying again is of no use: a client-side error, such as
// a policy that does not let SNS in, or an endpoint that is not there (SNS
// developer guide, "Message delivery retries").
func isRefusal(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests
}

// retries are those of the endpoint that a delivery goes to now.
func (s *Service) retries(b *subscription, d *delivery) retryPolicy {
	if !b.isWeb() || d.Dead {
		return serviceRetries()
	}
	t := s.topics.Get(b.topic().key())
	if t == nil {
		return webRetries()
	}
	return b.effectiveDelivery(t).Retries
}
