package sns

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
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
	subRole     = "SubscriptionRoleArn"
	subReplay   = "ReplayPolicy"

	scopeAttributes = "MessageAttributes"
	scopeBody       = "MessageBody"
)

// set sets one attribute; an empty value takes it away.
func (b *subscription) set(attribute, value string) (err error) {
	if len(value) > limits.SNSAttribute {
		return wrong("%s: the value is longer than %d bytes", attribute, limits.SNSAttribute)
	}
	switch attribute {
	case subRaw:
		err = b.checkRaw(value)
	case subFilter:
		if value == "{}" {
			value = "" // nothing is filtered
		}
		if value != "" {
			err = checkFilter(value, b.Attributes[subScope])
		}
	case subScope:
		if value != scopeAttributes && value != scopeBody {
			return wrong("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
		if b.Attributes[subFilter] != "" {
			err = checkFilter(b.Attributes[subFilter], value)
		}
	case subRedrive:
		if value != "" {
			err = b.checkRedrive(value)
		}
	case subDelivery:
		if !b.isWeb() {
			return wrong("DeliveryPolicy: only HTTP and HTTPS subscriptions have one")
		}
		value, err = normalSubscriptionDelivery(value)
	case subRole:
		return wrong("SubscriptionRoleArn: only Firehose subscriptions have one, and the protocol firehose is not available")
	case subReplay:
		return unavailable("Message replay")
	default:
		return invalid("AttributeName")
	}
	switch {
	case err != nil:
		return err
	case value == "":
		delete(b.Attributes, attribute)
	default:
		b.Attributes[attribute] = value
	}
	return nil
}

func (b *subscription) checkRaw(value string) error {
	switch {
	case value != "true" && value != "false":
		return wrong("RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
	case value == "true" && b.Protocol == "lambda":
		return wrong("RawMessageDelivery: Invalid delivery protocol: lambda")
	}
	return nil
}

// readRedrive is the ARN of the dead-letter queue of a RedrivePolicy.
func readRedrive(text string) (queue string, ok bool) {
	var r struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(text), &r) != nil {
		return "", false
	}
	parts := strings.Split(r.Target, ":")
	return r.Target, len(parts) == 6 && parts[0] == "arn" && parts[1] == op.Partition && parts[2] == "sqs" && parts[3] != "" && parts[5] != ""
}

func (b *subscription) checkRedrive(text string) error {
	if !json.Valid([]byte(text)) {
		return wrong("RedrivePolicy: failed to parse JSON")
	}
	queue, ok := readRedrive(text)
	if !ok {
		return wrong("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	n := b.topic()
	_, ordered := b.toQueue()
	switch dead := strings.HasSuffix(queue, fifoSuffix); {
	case arnPart(queue, 3) != n.region || arnPart(queue, 4) != n.account && arnPart(queue, 4) != b.Owner:
		return wrong("RedrivePolicy: the dead-letter queue must be in the account and region of the subscription")
	case ordered && !dead:
		return wrong("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
	case dead && !n.fifo():
		return wrong("RedrivePolicy: must use a standard queue as DLQ for a subscription to a standard topic")
	}
	return nil
}

func tooManyFilters() *api.Error {
	return snsapi.NewFilterPolicyLimitExceededException("Filter policy limit exceeded")
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
			return settingError(err, false)
		}
		if old.Attributes[subFilter] == "" && b.Attributes[subFilter] != "" && s.filtered(old.topic()) >= limits.TopicFilters {
			return tooManyFilters()
		}
		return s.subscriptions.Put(tx, b.key(), &b)
	})
	return &api.Empty{}, err
}

// filtered is how many subscriptions of a topic have a filter policy.
func (s *Service) filtered(n name) int {
	count := 0
	for _, b := range s.subscriptions.All(n.prefix(), "") {
		if b.Attributes[subFilter] != "" {
			count++
		}
	}
	return count
}

func (s *Service) getSubscriptionAttributes(_ context.Context, c *op.Call, in *snsapi.GetSubscriptionAttributesInput) (*snsapi.GetSubscriptionAttributesResponse, error) {
	b, err := s.mine(nil, c, in.GetSubscriptionArn())
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"SubscriptionArn": b.arn(), "TopicArn": b.Topic, "Owner": b.Owner, "Protocol": b.Protocol, "Endpoint": b.Endpoint,
		"PendingConfirmation": strconv.FormatBool(b.Pending), "ConfirmationWasAuthenticated": strconv.FormatBool(b.Authenticated),
		"SubscriptionPrincipal": b.Principal, subRaw: "false",
	}
	maps.Copy(all, b.Attributes)
	switch {
	case all[subFilter] == "":
		delete(all, subScope) // AWS shows it beside a policy only
	case all[subScope] == "":
		all[subScope] = scopeAttributes
	}
	if t := s.topics.Get(b.topic().key()); t != nil && b.isWeb() {
		all["EffectiveDeliveryPolicy"] = b.effectiveDelivery(t).text()
	}
	return &snsapi.GetSubscriptionAttributesResponse{Attributes: all}, nil
}
