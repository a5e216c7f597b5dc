package sns

import (
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

// key is the topic's, or that of what belongs to it.
func (n name) key(parts ...string) string {
	return store.Key(append([]string{n.account, n.region, n.topic}, parts...)...)
}

// prefix is the start of the keys of what belongs to the topic.
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

// badARN is what is wrong with an ARN that is none of a topic.
func badARN(arn, parameter string) error {
	if n := strings.Count(arn, ":") + 1; n < 6 {
		return invalid("%s Reason: An ARN must have at least 6 elements, not %d", parameter, n)
	}
	return invalid("%s", parameter)
}

// parseSubscription reads the ARN of a subscription: its topic's and an id.
func parseSubscription(arn string) (n name, unique string, err error) {
	if arn == "" {
		return n, "", invalid("SubscriptionArn Reason: no value for required parameter")
	}
	if parts := strings.Count(arn, ":") + 1; parts < 6 {
		return n, "", badARN(arn, "SubscriptionArn")
	} else if parts == 6 {
		return n, "", invalid("SubscriptionId")
	}
	at := strings.LastIndexByte(arn, ':')
	n, ok := parseTopic(arn[:at])
	unique = arn[at+1:]
	if !ok || unique == "" || len(unique) > 64 || strings.Trim(unique, "0123456789abcdef-") != "" {
		return n, "", invalid("SubscriptionArn")
	}
	return n, unique, nil
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

// arnPart is one of the parts of an ARN, empty if it has too few.
func arnPart(arn string, i int) string {
	if parts := strings.SplitN(arn, ":", 7); len(parts) > i {
		return parts[i]
	}
	return ""
}
