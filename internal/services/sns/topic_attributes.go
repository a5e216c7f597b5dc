package sns

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Attributes of topics (SNS API reference, SetTopicAttributes).
const (
	attrPolicy     = "Policy"
	attrDelivery   = "DeliveryPolicy"
	attrDisplay    = "DisplayName"
	attrKey        = "KmsMasterKeyId"
	attrFIFO       = "FifoTopic"
	attrContentID  = "ContentBasedDeduplication"
	attrThroughput = "FifoThroughputScope"
	attrSignature  = "SignatureVersion"
	attrTracing    = "TracingConfig"
	attrArchive    = "ArchivePolicy"

	scopeTopic = "Topic"
	scopeGroup = "MessageGroup"
)

// isFeedback says whether an attribute is about logging what became of
// deliveries to a kind of endpoint: "LambdaSuccessFeedbackRoleArn".
func isFeedback(attribute string) bool {
	for _, kind := range []string{"HTTP", "SQS", "Lambda", "Firehose", "Application"} {
		if rest, ok := strings.CutPrefix(attribute, kind); ok {
			return slices.Contains([]string{"SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SuccessFeedbackSampleRate"}, rest)
		}
	}
	return false
}

func isFeedbackRole(attribute string) bool {
	return isFeedback(attribute) && strings.HasSuffix(attribute, "RoleArn")
}

// setTopic sets one attribute; some can be set only when a topic is made.
func (s *Service) setTopic(t *topic, attribute, value string, creating bool) error {
	if len(value) > limits.SNSAttribute {
		return wrong("%s: the value is longer than %d bytes", attribute, limits.SNSAttribute)
	}
	if err := t.mayHave(attribute, value, creating); err != nil {
		return err
	}
	switch attribute {
	case attrPolicy:
		p, err := s.newPolicy(value)
		if err != nil {
			return err
		}
		t.Policy = p
		return nil
	case attrDelivery:
		text, err := normalTopicDelivery(value)
		if err != nil {
			return err
		}
		value = text
	}
	if value == "" && attribute != attrDisplay {
		delete(t.Attributes, attribute)
		return nil
	}
	t.Attributes[attribute] = value
	return nil
}

// mayHave says what is wrong with a setting of a topic.
func (t *topic) mayHave(attribute, value string, creating bool) error {
	fifo := t.name().fifo()
	switch attribute {
	case attrPolicy, attrDelivery, attrDisplay, attrKey:
		return nil
	case attrFIFO:
		if !creating {
			return invalid("AttributeName")
		}
		return oneOf(attribute, value, "true", "false")
	case attrContentID:
		if !fifo {
			return invalid("AttributeName")
		}
		return oneOf(attribute, value, "true", "false")
	case attrThroughput:
		if !fifo {
			return invalid("AttributeName")
		}
		return oneOf(attribute, value, scopeTopic, scopeGroup)
	case attrSignature:
		return oneOf(attribute, value, "1", "2")
	case attrTracing:
		return oneOf(attribute, value, "PassThrough", "Active")
	case attrArchive:
		return unavailable("A message archive")
	}
	switch {
	case !isFeedback(attribute):
		return invalid("AttributeName")
	case isFeedbackRole(attribute) && value != "" && !strings.HasPrefix(value, "arn:"+op.Partition+":iam::"):
		return wrong("%s: %s is not the ARN of a role", attribute, value)
	}
	return nil
}

func oneOf(attribute, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return wrong("%s: Invalid value [%s]. Must be %s.", attribute, value, strings.Join(known, " or "))
}

func (s *Service) setTopicAttributes(ctx context.Context, c *op.Call, in *snsapi.SetTopicAttributesInput) (*api.Empty, error) {
	return s.changeTopic(ctx, c, in.GetTopicArn(), func(t *topic) error {
		return settingError(s.setTopic(t, in.GetAttributeName(), in.GetAttributeValue(), false), false)
	})
}

// changeTopic puts a changed copy of a topic.
func (s *Service) changeTopic(ctx context.Context, c *op.Call, arn string, change func(*topic) error) (*api.Empty, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		n, old, err := s.here(tx, c, arn)
		if err != nil {
			return err
		}
		t := old.clone()
		if err := change(t); err != nil {
			return err
		}
		return s.topics.Put(tx, n.key(), t)
	})
	return &api.Empty{}, err
}

func (s *Service) getTopicAttributes(_ context.Context, c *op.Call, in *snsapi.GetTopicAttributesInput) (*snsapi.GetTopicAttributesResponse, error) {
	n, t, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	for _, b := range s.subscriptions.All(n.prefix(), "") {
		switch {
		case b.over(c.Time):
		case b.Pending:
			pending++
		default:
			confirmed++
		}
	}
	all := map[string]string{
		"TopicArn": n.arn(), "Owner": n.account, attrPolicy: t.shownPolicy(s.directory), attrDisplay: "",
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(pending), "SubscriptionsDeleted": strconv.Itoa(t.Deleted),
		"EffectiveDeliveryPolicy": t.effectiveDelivery().text(),
	}
	maps.Copy(all, t.Attributes)
	if n.fifo() && all[attrContentID] == "" {
		all[attrContentID] = "false"
	}
	if !n.fifo() {
		delete(all, attrFIFO)
	}
	return &snsapi.GetTopicAttributesResponse{Attributes: all}, nil
}

// getDataProtectionPolicy answers that there is none: none can be set here.
func (s *Service) getDataProtectionPolicy(_ context.Context, c *op.Call, in *snsapi.GetDataProtectionPolicyInput) (*snsapi.GetDataProtectionPolicyResponse, error) {
	if _, _, err := s.here(nil, c, in.GetResourceArn()); err != nil {
		return nil, err
	}
	return &snsapi.GetDataProtectionPolicyResponse{}, nil
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decode(text string) (string, bool) {
	if len(text) > limits.SNSToken {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return string(raw), err == nil
}
