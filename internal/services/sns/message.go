package sns

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
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
	// Group is also a standard topic's; Duplicate and Sequence are a FIFO topic's.
	Group     string `json:",omitempty"`
	Duplicate string `json:",omitempty"`
	Sequence  string `json:",omitempty"`
}

// attribute is a message attribute; Value of a binary one is its base64.
type attribute struct{ Type, Value string }

// entry is one message to publish, alone or in a batch.
type entry struct {
	text, structure, group, duplicate string
	subject                           *string
	attributes                        map[string]snsapi.MessageAttributeValue
}

func (e *entry) size() int {
	size := len(e.text)
	for name, a := range e.attributes {
		size += len(name) + len(a.GetDataType()) + len(a.GetStringValue()) + len(a.BinaryValue)
	}
	return size
}

// newMessage checks one message.
func newMessage(n name, t *topic, now time.Time, e *entry) (*message, error) {
	switch {
	case e.text == "":
		return nil, invalid("Empty message")
	case e.size() > limits.SNSMessage:
		return nil, invalid("Message too long")
	case !utf8.ValidString(e.text):
		return nil, invalid("Message Reason: not valid UTF-8")
	case e.subject != nil && !isSubject(*e.subject):
		return nil, invalid("Subject")
	case e.structure != "" && e.structure != "json":
		return nil, invalid("MessageStructure")
	}
	m := &message{ID: id.UUID(), Time: now, Text: e.text}
	if e.subject != nil {
		m.Subject = *e.subject
	}
	if e.structure == "json" {
		if err := m.byProtocol(e.text); err != nil {
			return nil, err
		}
	}
	if err := m.order(n, t, e); err != nil {
		return nil, err
	}
	return m, m.setAttributes(e.attributes)
}

// isSubject: up to 100 characters, no line breaks or control characters (SNS API
// reference, Publish).
func isSubject(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= 100 && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
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

// order reads the group, which a FIFO topic has to know and a standard one hands
// on to queues, and what tells duplicates.
func (m *message) order(n name, t *topic, e *entry) error {
	switch {
	case e.group != "" && !isOrderID(e.group):
		return invalid("MessageGroupId Reason: it can have up to 128 letters, digits and punctuation marks")
	case e.duplicate != "" && !n.fifo():
		return invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	case e.duplicate != "" && !isOrderID(e.duplicate):
		return invalid("MessageDeduplicationId Reason: it can have up to 128 letters, digits and punctuation marks")
	case e.group == "" && n.fifo():
		return invalid("The MessageGroupId parameter is required for FIFO topics")
	}
	m.Group, m.Duplicate = e.group, e.duplicate
	if m.Duplicate != "" || !n.fifo() {
		return nil
	}
	if t.Attributes[attrContentID] != "true" {
		return invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	sum := sha256.Sum256([]byte(e.text))
	m.Duplicate = hex.EncodeToString(sum[:])
	return nil
}

// isOrderID: up to 128 characters of visible ASCII.
func isOrderID(s string) bool {
	return len(s) <= 128 && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

func (m *message) setAttributes(given map[string]snsapi.MessageAttributeValue) error {
	if len(given) > limits.SNSMessageAttributes {
		return invalid("MessageAttributes Reason: a message can have up to %d attributes", limits.SNSMessageAttributes)
	}
	for name, a := range given {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		out, err := newAttribute(name, &a)
		if err != nil {
			return err
		}
		if m.Attributes == nil {
			m.Attributes = map[string]attribute{}
		}
		m.Attributes[name] = out
	}
	return nil
}

func checkAttributeName(name string) error {
	switch {
	case name == "" || len(name) > 256:
		return invalidValue("Length of message attribute name must be less than 256 bytes.")
	case name[0] == '.':
		return invalidValue("Invalid message attribute name starting with character '.' was found.")
	case strings.HasSuffix(name, "."):
		return invalidValue("Invalid message attribute name ending with character '.' was found.")
	case strings.Contains(name, ".."):
		return invalidValue("Message attribute name can not have successive '.' character.")
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return invalidValue("Invalid non-alphanumeric character '#x%X' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.", c)
		}
	}
	return nil
}

func newAttribute(name string, a *snsapi.MessageAttributeValue) (attribute, error) {
	whole := a.GetDataType()
	kind, _, _ := strings.Cut(whole, ".")
	value := a.GetStringValue()
	field := "String"
	switch kind {
	case "String", "Number":
	case "Binary":
		field, value = "Binary", base64.StdEncoding.EncodeToString(a.BinaryValue)
	case "":
		return attribute{}, invalidValue("The message attribute '%s' must contain non-empty message attribute type.", name)
	default:
		return attribute{}, invalidValue("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	switch other := len(a.BinaryValue) > 0; {
	case field == "Binary" && a.GetStringValue() != "", field == "String" && other:
		return attribute{}, invalidValue("The message attribute '%s' with type '%s' must use field '%s'.", name, whole, field)
	case value == "":
		return attribute{}, invalidValue("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, whole)
	case kind == "Number" && !isNumber(value):
		return attribute{}, invalidValue("Could not cast message attribute '%s' value to number.", name)
	}
	return attribute{whole, value}, nil
}

func isNumber(s string) bool {
	var n json.Number
	return json.Unmarshal([]byte(s), &n) == nil && n != ""
}
