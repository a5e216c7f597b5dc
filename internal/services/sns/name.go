package sns

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// name is a topic as its ARN names it.
type name struct{ account, region, topic string }

func (n name) arn() string {
	return "arn:" + op.Partition + ":sns:" + n.region + ":" + n.account + ":" + n.topic
}

func (n name) key() string { return store.Key(n.account, n.region, n.topic) }

// prefix is the start of the keys of the topic's subscriptions.
func (n name) prefix() string { return store.Prefix(n.account, n.region, n.topic) }

func (n name) fifo() bool { return strings.HasSuffix(n.topic, fifoSuffix) }

const fifoSuffix = ".fifo"

// parseTopic reads the ARN of a topic.
func parseTopic(arn string) (name, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "sns" || parts[3] == "" || !id.IsAccount(parts[4]) || !isTopicName(parts[5]) {
		return name{}, false
	}
	return name{account: parts[4], region: parts[3], topic: parts[5]}, true
}

// parseSubscription reads the ARN of a subscription: its topic's and an id.
func parseSubscription(arn string) (n name, unique string, ok bool) {
	at := strings.LastIndexByte(arn, ':')
	if at < 0 {
		return name{}, "", false
	}
	n, ok = parseTopic(arn[:at])
	unique = arn[at+1:]
	return n, unique, ok && unique != "" && len(unique) <= 64 && strings.Trim(unique, "0123456789abcdef-") == ""
}

// isTopicName says whether a topic may be called so: 1 to 256 letters, digits,
// hyphens and underscores, and .fifo at the end of a FIFO topic's (SNS API
// reference, CreateTopic).
func isTopicName(s string) bool {
	if len(s) > 256 {
		return false
	}
	s = strings.TrimSuffix(s, fifoSuffix)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}

// Finders.

// topic finds the topic that a request names by TopicArn.
func (s *Service) topic(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetTopicArn() string })
	if !ok {
		return nil, nil
	}
	return named(in.GetTopicArn(), "TopicArn")
}

// target finds what a message is published to: TopicArn and TargetArn are the
// same. Phones and mobile endpoints are not here.
func (s *Service) target(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface {
		GetTopicArn() string
		GetTargetArn() string
		GetPhoneNumber() string
	})
	if !ok {
		return nil, nil
	}
	switch {
	case in.GetTopicArn() != "":
		return named(in.GetTopicArn(), "TopicArn")
	case in.GetTargetArn() != "":
		return named(in.GetTargetArn(), "TargetArn")
	case in.GetPhoneNumber() != "":
		return nil, unavailable("SMS")
	}
	return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
}

// resource finds the topic that a request names by ResourceArn.
func (s *Service) resource(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetResourceArn() string })
	if !ok {
		return nil, nil
	}
	return named(in.GetResourceArn(), "ResourceArn")
}

func named(arn, parameter string) ([]op.Resource, error) {
	n, ok := parseTopic(arn)
	if !ok {
		return nil, invalid("%s Reason: An ARN must have at least 6 elements, not %d", parameter, strings.Count(arn, ":")+1)
	}
	return []op.Resource{{ARN: n.arn(), Account: n.account}}, nil
}

// created is the topic that a request would make.
func (s *Service) created(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetName() string })
	if !ok {
		return nil, nil
	}
	if !isTopicName(in.GetName()) {
		return nil, invalid("Topic Name")
	}
	n := name{c.Account, c.Region, in.GetName()}
	return []op.Resource{{ARN: n.arn(), Account: n.account}}, nil
}

// here is the topic of an ARN in the region of the call; the caller was let in
// to it before.
func (s *Service) here(tx *store.Tx, c *op.Call, arn string) (name, *topic, error) {
	n, ok := parseTopic(arn)
	if !ok || n.region != c.Region {
		return n, nil, invalid("TopicArn")
	}
	t := s.topics.Get(n.key())
	if tx != nil {
		t = s.topics.GetIn(tx, n.key())
	}
	if t == nil {
		return n, nil, noTopic()
	}
	return n, t, nil
}
