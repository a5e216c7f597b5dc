package sns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// web posts to the http and https endpoints of subscriptions.
type web struct{ client *http.Client }

// postTime bounds one post (SNS developer guide: fifteen seconds).
const postTime = 15 * time.Second

func newWeb() *web {
	transport := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: postTime, ResponseHeaderTimeout: postTime}
	return &web{&http.Client{
		Transport: transport, Timeout: postTime,
		// SNS follows no redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (w *web) close() { w.client.CloseIdleConnections() }

// confirmLater owes the message that asks an endpoint to confirm.
func (s *Service) confirmLater(tx *store.Tx, b *subscription, c *op.Call) error {
	return s.deliveries.Put(tx, store.Key(b.key(), id.UUID()), time.Time{}, &delivery{Subscription: b.key(), Parent: c.RequestID, Confirm: true, Host: c.Origin.Host})
}

// confirmation asks an endpoint to confirm (SNS developer guide, "HTTP/HTTPS
// subscription confirmation JSON format").
type confirmation struct {
	Type         string
	MessageID    string `json:"MessageId"`
	Token        string
	TopicARN     string `json:"TopicArn"`
	Message      string
	SubscribeURL string
	Timestamp    string
}

func (s *Service) confirmation(b *subscription, d *delivery) ([]byte, string, error) {
	host := d.Host
	if host == "" {
		host = "sns." + b.topic().region + ".amazonaws.com"
	}
	unique := id.UUID()
	text, err := json.MarshalIndent(confirmation{
		Type: "SubscriptionConfirmation", MessageID: unique, Token: b.Token, TopicARN: b.Topic,
		Message:      fmt.Sprintf("You have chosen to subscribe to the topic %s.\nTo confirm the subscription, visit the SubscribeURL included in this message.", b.Topic),
		SubscribeURL: "http://" + host + "/?Action=ConfirmSubscription&TopicArn=" + b.Topic + "&Token=" + b.Token + "&Version=2010-03-31",
		Timestamp:    stamp(s.clock.Now()),
	}, "", "  ")
	return text, unique, err
}

// post sends a message, or the question whether to, to a web endpoint.
func (s *Service) post(ctx context.Context, b *subscription, d *delivery) error {
	var body []byte
	var err error
	kind, unique, raw := "Notification", d.messageID(), b.Attributes[subRaw] == "true"
	switch {
	case d.Confirm && !b.Pending:
		return nil
	case d.Confirm:
		kind, raw = "SubscriptionConfirmation", false
		body, unique, err = s.confirmation(b, d)
	case raw:
		body = []byte(d.Message.text(b.Protocol))
	default:
		body, err = d.notification(b)
	}
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Endpoint, bytes.NewReader(body))
	if err != nil {
		return invalid("Endpoint")
	}
	r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	r.Header.Set("x-amz-sns-message-type", kind)
	r.Header.Set("x-amz-sns-message-id", unique)
	r.Header.Set("x-amz-sns-topic-arn", b.Topic)
	if !d.Confirm {
		r.Header.Set("x-amz-sns-subscription-arn", b.arn())
	}
	if raw {
		r.Header.Set("x-amz-sns-rawdelivery", "true")
	}
	return s.web.send(r)
}

// send posts. What answers with 4xx but for 429 refuses for good; anything else
// but 2xx is tried again.
func (w *web) send(r *http.Request) error {
	answer, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, limits.SNSAnswer)
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 400 && code < 500 && code != http.StatusTooManyRequests:
		return api.Newf(code, "EndpointRefused", "the endpoint answered %s", answer.Status)
	default:
		return fmt.Errorf("the endpoint answered %s", answer.Status)
	}
}
