package sns

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Attributes of subscriptions (SNS API reference, SetSubscriptionAttributes).
const (
	subDelivery = "DeliveryPolicy"
	subFilter   = "FilterPolicy"
	subScope    = "FilterPolicyScope"
	subRaw      = "RawMessageDelivery"
	subRedrive  = "RedrivePolicy"

	scopeAttributes = "MessageAttributes"
	scopeBody       = "MessageBody"
)

// set sets one attribute; an empty value takes it away.
func (b *subscription) set(attribute, value string) error {
	switch attribute {
	case subRaw:
		if value != "true" && value != "false" {
			return invalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		}
		if value == "true" && b.Protocol == "lambda" {
			return invalid("Attributes Reason: RawMessageDelivery: Invalid delivery protocol: lambda")
		}
	case subFilter:
		if value == "" || value == "{}" {
			delete(b.Attributes, subFilter)
			delete(b.Attributes, subScope)
			return nil
		}
		if err := checkFilter(value); err != nil {
			return err
		}
		if b.Attributes[subScope] == "" {
			b.Attributes[subScope] = scopeAttributes
		}
	case subScope:
		if value != scopeAttributes && value != scopeBody {
			return invalid("Attributes Reason: FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
	case subRedrive:
		if value == "" {
			delete(b.Attributes, subRedrive)
			return nil
		}
		if err := checkRedrive(b, value); err != nil {
			return err
		}
	case subDelivery:
		if !b.isWeb() {
			return invalid("AttributeName Reason: DeliveryPolicy is for HTTP and HTTPS subscriptions")
		}
		if value != "" && !json.Valid([]byte(value)) {
			return invalid("DeliveryPolicy: Error parsing delivery policy: not a JSON object")
		}
	default:
		return invalid("AttributeName")
	}
	if len(value) > limits.SNSAttribute {
		return invalid("Attributes Reason: the value is too long")
	}
	b.Attributes[attribute] = value
	return nil
}

// checkFilter refuses a filter policy that is none, or larger than SNS takes
// (SNS developer guide, "Filter policy constraints").
func checkFilter(text string) error {
	p, err := eventpattern.Parse([]byte(text))
	switch {
	case err != nil:
		return invalid("FilterPolicy: %s", err)
	case p.Keys() > limits.FilterKeys:
		return invalid("FilterPolicy: Filter policy can not have more than %d keys", limits.FilterKeys)
	case p.Combinations() > limits.FilterCombinations:
		return invalid("FilterPolicy: Filter policy is too complex")
	}
	return nil
}

// redrive is a RedrivePolicy.
type redrive struct {
	Target string `json:"deadLetterTargetArn"`
}

func readRedrive(text string) (redrive, bool) {
	var r redrive
	if json.Unmarshal([]byte(text), &r) != nil {
		return r, false
	}
	parts := strings.Split(r.Target, ":")
	return r, len(parts) == 6 && parts[2] == "sqs"
}

func checkRedrive(b *subscription, text string) error {
	r, ok := readRedrive(text)
	if !ok {
		return invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	parts := strings.Split(r.Target, ":")
	if n := b.topic(); parts[3] != n.region {
		return invalid("RedrivePolicy: must use an AWS SQS queue in the same region as the subscription")
	}
	return nil
}

func (s *Service) setSubscriptionAttributes(ctx context.Context, c *op.Call, in *snsapi.SetSubscriptionAttributesInput) (*api.Empty, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		old, err := s.mine(tx, c, in.GetSubscriptionArn())
		if err != nil {
			return err
		}
		b := *old
		if b.Attributes = maps.Clone(old.Attributes); b.Attributes == nil {
			b.Attributes = map[string]string{}
		}
		if err := b.set(in.GetAttributeName(), in.GetAttributeValue()); err != nil {
			return err
		}
		return s.subscriptions.Put(tx, b.key(), &b)
	})
	return &api.Empty{}, err
}

func (s *Service) getSubscriptionAttributes(_ context.Context, c *op.Call, in *snsapi.GetSubscriptionAttributesInput) (*snsapi.GetSubscriptionAttributesResponse, error) {
	b, err := s.mine(nil, c, in.GetSubscriptionArn())
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"SubscriptionArn": b.arn(), "TopicArn": b.Topic, "Owner": b.Owner, "Protocol": b.Protocol, "Endpoint": b.Endpoint,
		"PendingConfirmation": strconv.FormatBool(b.Pending), "ConfirmationWasAuthenticated": strconv.FormatBool(b.Authenticated),
		subRaw: "false",
	}
	maps.Copy(all, b.Attributes)
	if b.isWeb() && all[subDelivery] == "" {
		all["EffectiveDeliveryPolicy"] = effectiveDelivery
	}
	all["SubscriptionPrincipal"] = c.Caller.PrincipalARN()
	return &snsapi.GetSubscriptionAttributesResponse{Attributes: all}, nil
}

// sameToken compares confirmation tokens in constant time; no token matches none.
func sameToken(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// filters are the filter policies, compiled once.
type filters struct {
	mu     sync.RWMutex
	parsed map[string]*filter
}

type filter struct {
	pattern *eventpattern.Pattern
	body    bool
}

// shown follows the subscriptions' table.
func (l *filters) shown(key string, _, now *subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.parsed, key)
	if now == nil || now.Attributes[subFilter] == "" {
		return
	}
	f := &filter{body: now.Attributes[subScope] == scopeBody}
	// What does not parse any more lets nothing through: nil matches nothing.
	f.pattern, _ = eventpattern.Parse([]byte(now.Attributes[subFilter]))
	l.parsed[key] = f
}

// wants says whether a subscription wants a message.
func (l *filters) wants(key string, m *message) bool {
	l.mu.RLock()
	f := l.parsed[key]
	l.mu.RUnlock()
	switch {
	case f == nil:
		return true
	case f.pattern == nil:
		return false
	case f.body:
		return f.pattern.Match([]byte(m.Text))
	}
	attributes := make(map[string]eventpattern.Attribute, len(m.Attributes))
	for name, a := range m.Attributes {
		attributes[name] = eventpattern.Attribute{Type: a.Type, Value: a.Value}
	}
	return f.pattern.MatchAttributes(attributes)
}
