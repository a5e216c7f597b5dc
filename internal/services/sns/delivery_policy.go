package sns

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// Delivery policies: how web endpoints are posted to. Their forms, and what is
// shown of them, are recorded from AWS (SNS developer guide, "Creating an HTTP/S
// delivery policy").

// givenRetries is a retry policy as it is set: what is left out is the default.
type givenRetries struct {
	MinDelay *int    `json:"minDelayTarget,omitempty"`
	MaxDelay *int    `json:"maxDelayTarget,omitempty"`
	Retries  *int    `json:"numRetries,omitempty"`
	AtMax    *int    `json:"numMaxDelayRetries,omitempty"`
	AtOnce   *int    `json:"numNoDelayRetries,omitempty"`
	AtMin    *int    `json:"numMinDelayRetries,omitempty"`
	Backoff  *string `json:"backoffFunction,omitempty"`
}

type throttlePolicy struct {
	PerSecond *int `json:"maxReceivesPerSecond,omitempty"`
}

type requestPolicy struct {
	ContentType string `json:"headerContentType,omitempty"`
}

const plainText = "text/plain; charset=UTF-8"

// topicDelivery is the DeliveryPolicy of a topic.
type topicDelivery struct {
	HTTP struct {
		Retries    *givenRetries   `json:"defaultHealthyRetryPolicy,omitempty"`
		Sickly     *givenRetries   `json:"defaultSicklyRetryPolicy,omitempty"`
		Throttle   *throttlePolicy `json:"defaultThrottlePolicy,omitempty"`
		NoOverride bool            `json:"disableSubscriptionOverrides"`
		Request    *requestPolicy  `json:"defaultRequestPolicy,omitempty"`
	} `json:"http"`
}

// subscriptionDelivery is the DeliveryPolicy of a subscription.
type subscriptionDelivery struct {
	Retries    *givenRetries   `json:"healthyRetryPolicy"`
	Sickly     *givenRetries   `json:"sicklyRetryPolicy"`
	Throttle   *throttlePolicy `json:"throttlePolicy"`
	Request    *requestPolicy  `json:"requestPolicy"`
	Guaranteed bool            `json:"guaranteed"`
}

// topicEffect is what is in force for the subscriptions of a topic.
type topicEffect struct {
	HTTP struct {
		Retries    retryPolicy     `json:"defaultHealthyRetryPolicy"`
		Throttle   *throttlePolicy `json:"defaultThrottlePolicy,omitempty"`
		NoOverride bool            `json:"disableSubscriptionOverrides"`
		Request    requestPolicy   `json:"defaultRequestPolicy"`
	} `json:"http"`
}

// subscriptionEffect is what is in force for one subscription.
type subscriptionEffect struct {
	Retries    retryPolicy     `json:"healthyRetryPolicy"`
	Sickly     *givenRetries   `json:"sicklyRetryPolicy"`
	Throttle   *throttlePolicy `json:"throttlePolicy"`
	Request    requestPolicy   `json:"requestPolicy"`
	Guaranteed bool            `json:"guaranteed"`
}

func (e topicEffect) text() string        { return compact(e) }
func (e subscriptionEffect) text() string { return compact(e) }

// compact prints what always has a form.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("sns: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// normalTopicDelivery is the text of a topic's policy as AWS shows it.
func normalTopicDelivery(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	var d topicDelivery
	if err := readPolicy(text, &d); err != nil {
		return "", err
	}
	if err := d.check(); err != nil {
		return "", err
	}
	return compact(d), nil
}

func (d *topicDelivery) check() error {
	return joined(d.HTTP.Retries.check("http.defaultHealthyRetryPolicy"), d.HTTP.Throttle.check("http.defaultThrottlePolicy"), d.HTTP.Request.check("http.defaultRequestPolicy"))
}

// normalSubscriptionDelivery is the text of a subscription's policy as AWS shows it.
func normalSubscriptionDelivery(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	var d subscriptionDelivery
	if err := readPolicy(text, &d); err != nil {
		return "", err
	}
	if err := joined(d.Retries.check("healthyRetryPolicy"), d.Throttle.check("throttlePolicy"), d.Request.check("requestPolicy")); err != nil {
		return "", err
	}
	return compact(d), nil
}

func readPolicy(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more than one value")
		}
	}
	if err != nil {
		return wrong("DeliveryPolicy: failed to parse JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// filled is a policy with the defaults for what it leaves out.
func (g *givenRetries) filled(p retryPolicy) retryPolicy {
	if g == nil {
		return p
	}
	p = webRetries()
	for _, f := range []struct {
		to    *int
		given *int
	}{{&p.MinDelay, g.MinDelay}, {&p.MaxDelay, g.MaxDelay}, {&p.Retries, g.Retries}, {&p.AtMax, g.AtMax}, {&p.AtOnce, g.AtOnce}, {&p.AtMin, g.AtMin}} {
		if f.given != nil {
			*f.to = *f.given
		}
	}
	if g.Backoff != nil {
		p.Backoff = *g.Backoff
	}
	return p
}

// The bounds of retries (SNS developer guide): 100 of them in at most an hour.
const (
	mostRetries = 100
	mostDelay   = 3600
)

func (g *givenRetries) check(where string) error {
	if g == nil {
		return nil
	}
	p := g.filled(webRetries())
	least := min(p.MinDelay, p.MaxDelay, p.Retries, p.AtMax, p.AtOnce, p.AtMin)
	switch {
	case least < 0 || max(p.Retries, p.AtMax, p.AtOnce, p.AtMin) > mostRetries:
		return wrong("DeliveryPolicy: %s: numbers of retries must be between 0 and %d", where, mostRetries)
	case p.MinDelay < 1 || p.MaxDelay > mostDelay || p.MinDelay > p.MaxDelay:
		return wrong("DeliveryPolicy: %s: minDelayTarget must be at least 1 and at most maxDelayTarget, which must be at most %d", where, mostDelay)
	case p.AtMax+p.AtOnce+p.AtMin > p.Retries:
		return wrong("DeliveryPolicy: %s.numRetries must be at least the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries", where)
	case !slices.Contains([]string{linear, arithmetic, geometric, exponential}, p.Backoff):
		return wrong("DeliveryPolicy: %s.backoffFunction must be arithmetic, exponential, geometric or linear", where)
	case p.total() > mostDelay:
		return wrong("DeliveryPolicy: %s: the retries take longer than %d seconds", where, mostDelay)
	}
	return nil
}

// total is how long all retries take, in seconds.
func (p retryPolicy) total() float64 {
	sum := 0.0
	for i := 1; ; i++ {
		rest, again := p.pause(i)
		if !again {
			return sum
		}
		sum += rest.Seconds()
	}
}

func (t *throttlePolicy) check(where string) error {
	if t != nil && t.PerSecond != nil && *t.PerSecond < 1 {
		return wrong("DeliveryPolicy: %s.maxReceivesPerSecond must be at least 1", where)
	}
	return nil
}

func (r *requestPolicy) check(where string) error {
	if r == nil || r.ContentType == "" {
		return nil
	}
	kind, _, _ := strings.Cut(r.ContentType, ";")
	known := []string{
		"application/atom+xml", "application/json", "application/octet-stream", "application/soap+xml", "application/x-www-form-urlencoded",
		"application/xhtml+xml", "application/xml", "text/css", "text/csv", "text/html", "text/plain", "text/xml",
	}
	if !slices.Contains(known, strings.TrimSpace(kind)) || strings.ContainsFunc(r.ContentType, func(c rune) bool { return c < ' ' || c > '~' }) {
		return wrong("DeliveryPolicy: %s.headerContentType %q is not supported", where, r.ContentType)
	}
	return nil
}

// effectiveDelivery merges a topic's policy with the defaults.
func (t *topic) effectiveDelivery() topicEffect {
	var d topicDelivery
	if text := t.Attributes[attrDelivery]; text != "" {
		_ = json.Unmarshal([]byte(text), &d) // it was checked when it was set; what fails now is the default
	}
	var e topicEffect
	e.HTTP.Retries = d.HTTP.Retries.filled(webRetries())
	e.HTTP.Throttle, e.HTTP.NoOverride = d.HTTP.Throttle, d.HTTP.NoOverride
	e.HTTP.Request = requestPolicy{plainText}
	if d.HTTP.Request != nil && d.HTTP.Request.ContentType != "" {
		e.HTTP.Request = *d.HTTP.Request
	}
	return e
}

// effectiveDelivery merges a subscription's policy with what its topic says.
func (b *subscription) effectiveDelivery(t *topic) subscriptionEffect {
	of := t.effectiveDelivery()
	e := subscriptionEffect{Retries: of.HTTP.Retries, Throttle: of.HTTP.Throttle, Request: of.HTTP.Request}
	text := b.Attributes[subDelivery]
	if text == "" || of.HTTP.NoOverride {
		return e
	}
	var d subscriptionDelivery
	if json.Unmarshal([]byte(text), &d) != nil {
		return e
	}
	e.Retries = d.Retries.filled(e.Retries)
	e.Sickly, e.Guaranteed = d.Sickly, d.Guaranteed
	if d.Throttle != nil {
		e.Throttle = d.Throttle
	}
	if d.Request != nil && d.Request.ContentType != "" {
		e.Request = *d.Request
	}
	return e
}
