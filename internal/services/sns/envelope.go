package sns

import (
	"encoding/json"
	"time"
)

// timestamp is the form of times in notifications.
const timestamp = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(timestamp) }

// shownAttribute is a message attribute in a notification.
type shownAttribute struct {
	Type  string
	Value string
}

// notification is what a queue or a web endpoint gets (SNS developer guide,
// "HTTP/HTTPS notification JSON format"), in the order in which AWS prints it.
type notification struct {
	Type           string
	MessageID      string `json:"MessageId"`
	SequenceNumber string `json:",omitempty"`
	TopicARN       string `json:"TopicArn"`
	Subject        string `json:",omitempty"`
	Message        string
	Timestamp      string
	UnsubscribeURL string                    `json:",omitempty"`
	Attributes     map[string]shownAttribute `json:"MessageAttributes,omitempty"`
}

func (d *delivery) notification(b *subscription) ([]byte, error) {
	m := d.Message
	return json.MarshalIndent(notification{
		Type: "Notification", MessageID: m.ID, SequenceNumber: m.Sequence, TopicARN: b.Topic, Subject: m.Subject,
		Message: m.text(b.Protocol), Timestamp: stamp(m.Time), Attributes: m.shown(),
	}, "", "  ")
}

func (m *message) shown() map[string]shownAttribute {
	if len(m.Attributes) == 0 {
		return nil
	}
	all := make(map[string]shownAttribute, len(m.Attributes))
	for name, a := range m.Attributes {
		all[name] = shownAttribute(a)
	}
	return all
}

// lambdaEvent is what a function gets (Lambda guide, "Using Lambda with Amazon
// SNS").
type lambdaEvent struct {
	Records []lambdaRecord
}

type lambdaRecord struct {
	EventSource          string
	EventVersion         string
	EventSubscriptionARN string        `json:"EventSubscriptionArn"`
	SNS                  lambdaMessage `json:"Sns"`
}

type lambdaMessage struct {
	Type       string
	MessageID  string `json:"MessageId"`
	TopicARN   string `json:"TopicArn"`
	Subject    *string
	Message    string
	Timestamp  string
	Attributes map[string]shownAttribute `json:"MessageAttributes"`
}

func (d *delivery) event(b *subscription) ([]byte, error) {
	m := d.Message
	attributes := m.shown()
	if attributes == nil {
		attributes = map[string]shownAttribute{}
	}
	return json.Marshal(lambdaEvent{[]lambdaRecord{{
		EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionARN: b.arn(),
		SNS: lambdaMessage{
			Type: "Notification", MessageID: m.ID, TopicARN: b.Topic, Subject: optional(m.Subject), Message: m.text(b.Protocol),
			Timestamp: stamp(m.Time), Attributes: attributes,
		},
	}}})
}
