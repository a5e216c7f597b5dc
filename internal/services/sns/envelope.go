package sns

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// stamp is the form of times in messages.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// fields are the members of an envelope, in AWS's order. A member without a value
// is left out.
type fields []field

type field struct{ name, value string }

// content are the members that say something: what is signed is among them.
func (d *delivery) content(b *subscription) fields {
	m := d.Message
	all := fields{
		{"Type", d.kind()},
		{"MessageId", m.ID},
		{"SequenceNumber", m.Sequence},
	}
	if d.Kind == "" {
		return append(all, fields{
			{"TopicArn", b.Topic},
			{"Subject", m.Subject},
			{"Message", m.text(b.Protocol)},
			{"Timestamp", stamp(m.Time)},
		}...)
	}
	text := "You have chosen to subscribe to the topic " + b.Topic + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	if d.Kind == kindUnsubscribed {
		text = "You have chosen to deactivate subscription " + b.arn() + ".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
	}
	return append(all, fields{
		{"Token", b.Token},
		{"TopicArn", b.Topic},
		{"Message", text},
		{"SubscribeURL", b.base() + "/?Action=ConfirmSubscription&TopicArn=" + b.Topic + "&Token=" + b.Token},
		{"Timestamp", stamp(m.Time)},
	}...)
}

// signed is the text that the signature is over: these members, by name (SNS
// developer guide, "Verifying the signatures of Amazon SNS messages").
func (f fields) signed() string {
	names := []string{"Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"}
	var text strings.Builder
	for _, name := range names {
		i := slices.IndexFunc(f, func(m field) bool { return m.name == name && m.value != "" })
		if i >= 0 {
			text.WriteString(name + "\n" + f[i].value + "\n")
		}
	}
	return text.String()
}

// complete adds the signature and the link that unsubscribes. FIFO topics do not
// sign (recorded); functions always get version 1 (recorded). A function's event
// spells its addresses otherwise.
func (s *Service) complete(ctx context.Context, b *subscription, d *delivery, version, url string) (fields, error) {
	all := d.content(b)
	if !b.topic().fifo() {
		signature, certificate, err := s.signer.sign(ctx, version, all.signed())
		if err != nil {
			return nil, err
		}
		all = append(all, fields{{"SignatureVersion", version}, {"Signature", signature}, {"SigningCert" + url, b.base() + certificate}}...)
	}
	if d.Kind == "" {
		all = append(all, field{"Unsubscribe" + url, b.base() + "/?Action=Unsubscribe&SubscriptionArn=" + b.arn()})
	}
	return all, nil
}

// signatureVersion is what a topic is set to.
func (s *Service) signatureVersion(b *subscription) string {
	if t := s.topics.Get(b.topic().key()); t != nil && t.Attributes[attrSignature] != "" {
		return t.Attributes[attrSignature]
	}
	return "1"
}

// envelope is what a queue or a web endpoint gets, printed as AWS prints it: one
// member a line, spaces round the colon.
func (s *Service) envelope(ctx context.Context, b *subscription, d *delivery) (string, error) {
	all, err := s.complete(ctx, b, d, s.signatureVersion(b), "URL")
	if err != nil {
		return "", err
	}
	var lines []string
	for _, f := range all {
		if f.value != "" {
			lines = append(lines, "  "+compact(f.name)+" : "+compact(f.value))
		}
	}
	if len(d.Message.Attributes) > 0 {
		var inner []string
		for _, name := range slices.Sorted(maps.Keys(d.Message.Attributes)) {
			inner = append(inner, "    "+compact(name)+" : "+compact(d.Message.Attributes[name]))
		}
		lines = append(lines, "  \"MessageAttributes\" : {\n"+strings.Join(inner, ",\n")+"\n  }")
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}", nil
}

// lambdaEvent is what a function gets (Lambda guide, "Using Lambda with Amazon
// SNS"), in the order of its members.
type lambdaEvent struct {
	Records []lambdaRecord
}

type lambdaRecord struct {
	EventSource          string
	EventVersion         string
	EventSubscriptionARN string          `json:"EventSubscriptionArn"`
	SNS                  json.RawMessage `json:"Sns"`
}

// event is the message for a function. It has every member, also a subject that
// is none.
func (s *Service) event(ctx context.Context, b *subscription, d *delivery) ([]byte, error) {
	all, err := s.complete(ctx, b, d, "1", "Url")
	if err != nil {
		return nil, err
	}
	var members []string
	for _, f := range all {
		value := compact(f.value)
		switch {
		case f.value == "" && f.name == "Subject":
			value = "null"
		case f.value == "":
			continue
		}
		members = append(members, compact(f.name)+":"+value)
	}
	attributes := d.Message.Attributes
	if attributes == nil {
		attributes = map[string]attribute{}
	}
	members = append(members, `"MessageAttributes":`+compact(attributes))
	return []byte(compact(lambdaEvent{[]lambdaRecord{{
		EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionARN: b.arn(),
		SNS: json.RawMessage("{" + strings.Join(members, ",") + "}"),
	}}})), nil
}
