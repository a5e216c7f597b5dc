package sns

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// Attributes of topics (SNS API reference, SetTopicAttributes).
const (
	attrPolicy      = "Policy"
	attrDelivery    = "DeliveryPolicy"
	attrDisplay     = "DisplayName"
	attrKey         = "KmsMasterKeyId"
	attrFIFO        = "FifoTopic"
	attrContentID   = "ContentBasedDeduplication"
	attrThroughput  = "FifoThroughputScope"
	attrSignature   = "SignatureVersion"
	attrTracing     = "TracingConfig"
	attrArchive     = "ArchivePolicy"
	feedbackSuccess = "SuccessFeedbackRoleArn"
	feedbackFailure = "FailureFeedbackRoleArn"
	feedbackRate    = "SuccessFeedbackSampleRate"
)

// feedbackOf are the kinds of endpoints whose delivery status can be logged.
var feedbackOf = []string{"HTTP", "SQS", "Lambda", "Firehose", "Application"}

func isFeedback(attribute string) bool {
	for _, kind := range feedbackOf {
		switch strings.TrimPrefix(attribute, kind) {
		case feedbackSuccess, feedbackFailure, feedbackRate:
			return true
		}
	}
	return false
}

// setTopic sets one attribute; some can be set only when a topic is made.
func (s *Service) setTopic(t *topic, attribute, value string, creating bool) error {
	switch attribute {
	case attrPolicy:
		p, err := s.newPolicy(value)
		if err != nil {
			return err
		}
		t.Policy = p
		return nil
	case attrFIFO:
		if !creating || value != "true" && value != "false" {
			return invalid("AttributeName")
		}
	case attrContentID, attrThroughput:
		if !creating && !t.name().fifo() {
			return invalid("AttributeName")
		}
		if attribute == attrContentID && value != "true" && value != "false" {
			return invalid("Attributes Reason: ContentBasedDeduplication must be either 'true' or 'false'")
		}
	case attrDelivery:
		if value != "" && !json.Valid([]byte(value)) {
			return invalid("DeliveryPolicy: Error parsing delivery policy: not a JSON object")
		}
	case attrSignature:
		if value != "1" && value != "2" {
			return invalid("SignatureVersion")
		}
	case attrTracing:
		if value != "PassThrough" && value != "Active" {
			return invalid("TracingConfig")
		}
	case attrDisplay, attrKey, attrArchive:
	default:
		if !isFeedback(attribute) {
			return invalid("AttributeName")
		}
	}
	if len(value) > limits.SNSAttribute {
		return invalid("Attributes Reason: the value is too long")
	}
	t.Attributes[attribute] = value
	return nil
}

// newPolicy reads a topic's policy.
func (s *Service) newPolicy(document string) (resourcepolicy.Policy, error) {
	if len(document) > limits.TopicPolicyBytes {
		return resourcepolicy.Policy{}, invalid("Policy Error: the policy is longer than %d bytes", limits.TopicPolicyBytes)
	}
	p, err := resourcepolicy.New(document, policy.KindResource, s.directory)
	if malformed := (*policy.MalformedError)(nil); errors.As(err, &malformed) {
		return p, invalid("Policy Error: null")
	}
	return p, err
}

func (s *Service) setTopicAttributes(ctx context.Context, c *op.Call, in *snsapi.SetTopicAttributesInput) (*api.Empty, error) {
	return s.changeTopic(ctx, c, in.GetTopicArn(), func(t *topic) error {
		return s.setTopic(t, in.GetAttributeName(), in.GetAttributeValue(), false)
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

// effectiveDelivery is how deliveries are tried again where nothing else is
// said (SNS developer guide, "Message delivery retries").
const effectiveDelivery = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func (s *Service) getTopicAttributes(_ context.Context, c *op.Call, in *snsapi.GetTopicAttributesInput) (*snsapi.GetTopicAttributesResponse, error) {
	n, t, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	for _, sub := range s.subscriptions.All(n.prefix(), "") {
		if sub.Pending {
			pending++
		} else {
			confirmed++
		}
	}
	all := map[string]string{
		"TopicArn": n.arn(), "Owner": n.account, attrPolicy: t.shownPolicy(s.directory), attrDisplay: "",
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(pending), "SubscriptionsDeleted": strconv.Itoa(t.Deleted),
		"EffectiveDeliveryPolicy": effectiveDelivery,
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
