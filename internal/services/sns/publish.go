package sns

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// message is a published message.
type message struct {
	ID      string
	Time    time.Time
	Subject string `json:",omitempty"`
	Text    string
	// ByProtocol are the texts of a message with MessageStructure json.
	ByProtocol map[string]string    `json:",omitempty"`
	Attributes map[string]attribute `json:",omitempty"`
	// Group, Duplicate and Sequence are a FIFO topic's.
	Group     string `json:",omitempty"`
	Duplicate string `json:",omitempty"`
	Sequence  string `json:",omitempty"`
}

// attribute is a message attribute; Value of a binary one is its base64.
type attribute struct{ Type, Value string }

// published is a message that a FIFO topic took: for five minutes another one
// with its deduplication id is the same.
type published struct {
	ID, Sequence string
	Time         time.Time
}

const deduplicationTime = 5 * time.Minute

// entry is one message to publish, alone or in a batch.
type entry struct {
	text, subject, structure, group, duplicate string
	attributes                                 map[string]snsapi.MessageAttributeValue
}

func (s *Service) publish(ctx context.Context, c *op.Call, in *snsapi.PublishInput) (*snsapi.PublishResponse, error) {
	arn := in.GetTopicArn()
	if arn == "" {
		arn = in.GetTargetArn()
	}
	n, t, err := s.here(nil, c, arn)
	if err != nil {
		return nil, err
	}
	m, err := newMessage(n, t, c.Time, &entry{
		in.GetMessage(), in.GetSubject(), in.GetMessageStructure(), in.GetMessageGroupId(), in.GetMessageDeduplicationId(), in.MessageAttributes,
	})
	if err != nil {
		return nil, err
	}
	if err := s.accept(ctx, c, n, []*message{m}); err != nil {
		return nil, err
	}
	return &snsapi.PublishResponse{MessageId: &m.ID, SequenceNumber: optional(m.Sequence)}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (s *Service) publishBatch(ctx context.Context, c *op.Call, in *snsapi.PublishBatchInput) (*snsapi.PublishBatchResponse, error) {
	n, t, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.PublishBatchRequestEntries); err != nil {
		return nil, err
	}
	out := &snsapi.PublishBatchResponse{Failed: []snsapi.BatchResultErrorEntry{}, Successful: []snsapi.PublishBatchResultEntry{}}
	var taken []*message
	var ids []string
	for i := range in.PublishBatchRequestEntries {
		e := &in.PublishBatchRequestEntries[i]
		m, err := newMessage(n, t, c.Time, &entry{
			e.GetMessage(), e.GetSubject(), e.GetMessageStructure(), e.GetMessageGroupId(), e.GetMessageDeduplicationId(), e.MessageAttributes,
		})
		if refused, ok := err.(*api.Error); ok {
			out.Failed = append(out.Failed, snsapi.BatchResultErrorEntry{Id: e.Id, Code: &refused.Code, Message: &refused.Message, SenderFault: ptr(true)})
			continue
		}
		taken, ids = append(taken, m), append(ids, e.GetId())
	}
	if err := s.accept(ctx, c, n, taken); err != nil {
		return nil, err
	}
	for i, m := range taken {
		out.Successful = append(out.Successful, snsapi.PublishBatchResultEntry{Id: &ids[i], MessageId: &m.ID, SequenceNumber: optional(m.Sequence)})
	}
	return out, nil
}

func checkBatch(entries []snsapi.PublishBatchRequestEntry) error {
	switch {
	case len(entries) == 0:
		return snsapi.NewEmptyBatchRequestException("The batch request doesn't contain any entries.")
	case len(entries) > limits.SNSBatch:
		return snsapi.NewTooManyEntriesInBatchRequestException("The batch request contains more entries than permissible.")
	}
	seen, size := map[string]bool{}, 0
	for i := range entries {
		e := &entries[i]
		if !isBatchID(e.GetId()) {
			return snsapi.NewInvalidBatchEntryIdException("The Id of a batch entry in a batch request doesn't abide by the specification. ")
		}
		if seen[e.GetId()] {
			return snsapi.NewBatchEntryIdsNotDistinctException("Two or more batch entries in the request have the same Id.")
		}
		seen[e.GetId()] = true
		size += len(e.GetMessage()) + sizeOf(e.MessageAttributes)
	}
	if size > limits.SNSMessage {
		return snsapi.NewBatchRequestTooLongException("The length of all the messages put together is more than the limit.")
	}
	return nil
}

func isBatchID(s string) bool {
	if s == "" || len(s) > 80 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func sizeOf(attributes map[string]snsapi.MessageAttributeValue) int {
	size := 0
	for name, a := range attributes {
		size += len(name) + len(a.GetDataType()) + len(a.GetStringValue()) + len(a.BinaryValue)
	}
	return size
}

// newMessage checks one message. The texts are recorded from AWS by other
// projects, where they are known.
func newMessage(n name, t *topic, now time.Time, e *entry) (*message, error) {
	switch {
	case e.text == "":
		return nil, invalid("Empty message")
	case len(e.text)+sizeOf(e.attributes) > limits.SNSMessage:
		return nil, invalid("Message too long")
	case !utf8.ValidString(e.text):
		return nil, invalid("Message Reason: not valid UTF-8")
	case len([]rune(e.subject)) > 100:
		return nil, invalid("Subject")
	case e.structure != "" && e.structure != "json":
		return nil, invalid("MessageStructure")
	}
	m := &message{ID: id.UUID(), Time: now, Subject: e.subject, Text: e.text}
	if e.structure == "json" {
		if err := m.byProtocol(e.text); err != nil {
			return nil, err
		}
	}
	if err := m.fifo(n, t, e); err != nil {
		return nil, err
	}
	return m, m.setAttributes(e.attributes)
}

// byProtocol reads a message that says something else to each protocol.
func (m *message) byProtocol(text string) error {
	var all map[string]any
	if json.Unmarshal([]byte(text), &all) != nil {
		return invalid("Message Structure - JSON message body failed to parse")
	}
	m.ByProtocol = map[string]string{}
	for protocol, v := range all {
		if s, ok := v.(string); ok {
			m.ByProtocol[protocol] = s
		}
	}
	if _, ok := m.ByProtocol["default"]; !ok {
		return invalid("Message Structure - No default entry in JSON message body")
	}
	m.Text = m.ByProtocol["default"]
	return nil
}

// text is what a protocol gets.
func (m *message) text(protocol string) string {
	if s, ok := m.ByProtocol[protocol]; ok {
		return s
	}
	return m.Text
}

func (m *message) fifo(n name, t *topic, e *entry) error {
	if !n.fifo() {
		if e.duplicate != "" {
			return invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
		}
		m.Group = e.group // standard topics hand it on for fair queues
		return nil
	}
	if e.group == "" {
		return invalid("The MessageGroupId parameter is required for FIFO topics")
	}
	if len(e.group) > 128 || len(e.duplicate) > 128 {
		return invalid("MessageGroupId and MessageDeduplicationId can have up to 128 characters")
	}
	m.Group, m.Duplicate = e.group, e.duplicate
	if m.Duplicate != "" {
		return nil
	}
	if t.Attributes[attrContentID] != "true" {
		return invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	sum := sha256.Sum256([]byte(e.text))
	m.Duplicate = hex.EncodeToString(sum[:])
	return nil
}

func (m *message) setAttributes(given map[string]snsapi.MessageAttributeValue) error {
	if len(given) > limits.SNSMessageAttributes {
		return invalid("MessageAttributes Reason: a message can have up to %d attributes", limits.SNSMessageAttributes)
	}
	for name, a := range given {
		kind, _, _ := strings.Cut(a.GetDataType(), ".")
		out := attribute{Type: a.GetDataType(), Value: a.GetStringValue()}
		switch {
		case name == "" || len(name) > 256:
			return snsapi.NewInvalidParameterValueException("Length of message attribute name must be less than 256 bytes.")
		case a.GetDataType() == "":
			return snsapi.NewInvalidParameterValueException("The message attribute '%s' must contain non-empty message attribute type.", name)
		case kind == "Binary":
			if len(a.BinaryValue) == 0 {
				return snsapi.NewInvalidParameterValueException("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.GetDataType())
			}
			out.Value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		case kind != "String" && kind != "Number":
			return snsapi.NewInvalidParameterValueException("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		case a.StringValue == nil || *a.StringValue == "":
			return snsapi.NewInvalidParameterValueException("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.GetDataType())
		case kind == "Number" && !isNumber(*a.StringValue):
			return snsapi.NewInvalidParameterValueException("An error occurred (ParameterValueInvalid) when calling the Publish operation: Could not cast message attribute '%s' value to number.", name)
		}
		if m.Attributes == nil {
			m.Attributes = map[string]attribute{}
		}
		m.Attributes[name] = out
	}
	return nil
}

func isNumber(s string) bool {
	var n json.Number
	return json.Unmarshal([]byte(s), &n) == nil && n != ""
}

// accept owes the messages to every subscription that wants them, in one
// transaction: what is acknowledged is delivered, or its refusal recorded.
func (s *Service) accept(ctx context.Context, c *op.Call, n name, messages []*message) error {
	if len(messages) == 0 {
		return nil
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.topics.GetIn(tx, n.key())
		if old == nil {
			return noTopic()
		}
		t := old
		if n.fifo() {
			t = old.clone()
		}
		queued := map[string]bool{}
		for _, m := range messages {
			if n.fifo() {
				again, err := s.sequence(tx, n, t, m)
				if err != nil {
					return err
				}
				if again {
					continue
				}
			}
			if err := s.fanOut(tx, c, n, m, queued); err != nil {
				return err
			}
		}
		if t != old {
			return s.topics.Put(tx, n.key(), t)
		}
		return nil
	})
}

// sequence numbers a message of a FIFO topic, or finds that it is one that the
// topic took already.
func (s *Service) sequence(tx *store.Tx, n name, t *topic, m *message) (again bool, err error) {
	key := store.Key(n.account, n.region, n.topic, m.Duplicate)
	if t.Attributes[attrThroughput] == "MessageGroup" {
		key = store.Key(n.account, n.region, n.topic, m.Group, m.Duplicate)
	}
	if known := s.recent.GetIn(tx, key); known != nil && m.Time.Sub(known.Time) < deduplicationTime {
		m.ID, m.Sequence = known.ID, known.Sequence
		return true, nil
	}
	if err := s.forgetOld(tx, n, m.Time); err != nil {
		return false, err
	}
	t.Sequence++
	m.Sequence = fmt.Sprintf("1%019d", t.Sequence)
	return false, s.recent.Put(tx, key, &published{m.ID, m.Sequence, m.Time})
}

// forgetOld keeps the deduplication ids of a topic few: each message takes away
// some that are over.
func (s *Service) forgetOld(tx *store.Tx, n name, now time.Time) error {
	left := 2
	for key, p := range s.recent.All(n.prefix(), "") {
		if now.Sub(p.Time) < deduplicationTime {
			continue
		}
		if err := s.recent.Delete(tx, key); err != nil {
			return err
		}
		if left--; left == 0 {
			return nil
		}
	}
	return nil
}

// fanOut owes a message to every subscription that wants it. queued are the
// groups that this transaction has put a delivery for already.
func (s *Service) fanOut(tx *store.Tx, c *op.Call, n name, m *message, queued map[string]bool) error {
	for key := range s.subscriptions.All(n.prefix(), "") {
		b := s.subscriptions.GetIn(tx, key)
		if b == nil || b.Pending || !s.filters.wants(key, m) {
			continue
		}
		d := &delivery{Subscription: key, Parent: c.RequestID, Message: m}
		if err := s.owe(tx, b, d, queued); err != nil {
			return err
		}
	}
	return nil
}
