package sns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
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

// post sends a message, or a question, to a web endpoint.
func (s *Service) post(ctx context.Context, b *subscription, d *delivery) error {
	body, raw, err := "", b.raw(d), error(nil)
	if raw {
		body = d.Message.text(b.Protocol)
	} else if body, err = s.envelope(ctx, b, d); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Endpoint, strings.NewReader(body))
	if err != nil {
		return invalid("Endpoint")
	}
	r.Header.Set("Content-Type", plainText)
	if t := s.topics.Get(b.topic().key()); t != nil && d.Kind == "" {
		r.Header.Set("Content-Type", b.effectiveDelivery(t).Request.ContentType)
	}
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	r.Header.Set("x-amz-sns-message-type", d.kind())
	r.Header.Set("x-amz-sns-message-id", d.Message.ID)
	r.Header.Set("x-amz-sns-topic-arn", b.Topic)
	if d.Kind != kindConfirm {
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
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		return failed.Err // the address may hold a secret, and errors are logged
	} else if err != nil {
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
