package sqs

import (
	"slices"
	"strconv"
	"strings"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

// shown is the message as the receiver asked for it.
func (d *delivery) shown(l *line, w *want) sqsapi.Message {
	m := sqsapi.Message{
		Body: &d.content.body, MD5OfBody: bodyDigest(d.content.body), MessageId: ptr(d.id.String()), ReceiptHandle: &d.handle,
		Attributes: d.system(l.fifo, w.system),
	}
	if len(w.user) > 0 && len(d.content.attributes) > 0 {
		m.MessageAttributes = chosen(d.content.attributes, w.user)
		m.MD5OfMessageAttributes = attributesDigest(m.MessageAttributes)
	}
	return m
}

// system are the system attributes of those names, nil for none.
func (d *delivery) system(fifo bool, names []string) map[string]string {
	if len(names) == 0 {
		return nil
	}
	all := slices.Contains(names, everything)
	out := map[string]string{}
	put := func(name, value string) {
		if value != "" && (all || slices.Contains(names, name)) {
			out[name] = value
		}
	}
	c := d.content
	put("SenderId", c.sender)
	put("SentTimestamp", strconv.FormatInt(d.sent, 10))
	put("ApproximateReceiveCount", strconv.FormatUint(uint64(d.total), 10))
	put("ApproximateFirstReceiveTimestamp", strconv.FormatInt(d.received, 10))
	put("MessageGroupId", c.group)
	put("MessageDeduplicationId", c.dedup)
	if fifo {
		put("SequenceNumber", sequenceNumber(d.number))
	}
	put(traceHeader, c.trace)
	put("DeadLetterQueueSourceArn", c.source)
	if len(out) == 0 {
		return nil
	}
	return out
}

// systemNames can be asked for; those of queues do nothing here, as before AWS
// told them apart.
var systemNames = [...]string{
	everything, "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "MessageGroupId",
	"MessageDeduplicationId", "SequenceNumber", traceHeader, "DeadLetterQueueSourceArn",
}

func checkSystemNames(names []string) error {
	for _, name := range names {
		if slices.Contains(systemNames[:], name) {
			continue
		}
		if !slices.ContainsFunc(attributes(), func(a attribute) bool { return a.name == name }) &&
			!slices.ContainsFunc(computed(), func(a fact) bool { return a.name == name }) {
			return unknownAttribute(name)
		}
	}
	return nil
}

// chosen are the message attributes that the names ask for: All or .* for every
// one, NAME.* for those that begin with NAME.
func chosen(attributes map[string]sqsapi.MessageAttributeValue, names []string) map[string]sqsapi.MessageAttributeValue {
	out := map[string]sqsapi.MessageAttributeValue{}
	for name, v := range attributes {
		if slices.ContainsFunc(names, func(asked string) bool {
			prefix, wild := strings.CutSuffix(asked, ".*")
			return asked == everything || asked == name || wild && strings.HasPrefix(name, prefix)
		}) {
			out[name] = v
		}
	}
	return out
}
