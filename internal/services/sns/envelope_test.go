package sns

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
)

// replaced puts names in the place of what differs from run to run.
func replaced(text string, n map[string]string) string {
	for name, value := range n {
		if value != "" {
			text = strings.ReplaceAll(text, value, "<"+name+">")
		}
	}
	return text
}

// TestTheFormOfNotifications: AWS's members, in AWS's order, printed as AWS does.
func TestTheFormOfNotifications(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	url, arn := w.queue(root, "q", "")
	subscription := w.subscribe(topic, "sqs", arn)
	id := *must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: ptr("ö \"quoted\" <&>\n"), Subject: ptr("My First Message"), MessageAttributes: map[string]snsapi.MessageAttributeValue{
		"b": {DataType: ptr("Binary"), BinaryValue: []byte{2, 3, 4}}, "a": {DataType: ptr("String"), StringValue: ptr("x")},
	}}).MessageId
	body := w.bodies(root, url, 1)[0]
	n := readNotification(t, body)
	want := `{
  "Type" : "Notification",
  "MessageId" : "<id>",
  "TopicArn" : "arn:aws:sns:us-east-1:111111111111:t",
  "Subject" : "My First Message",
  "Message" : "ö \"quoted\" <&>\n",
  "Timestamp" : "2026-11-20T10:00:00.000Z",
  "SignatureVersion" : "1",
  "Signature" : "<signature>",
  "SigningCertURL" : "https://sns.us-east-1.amazonaws.com/<file>",
  "UnsubscribeURL" : "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=<subscription>",
  "MessageAttributes" : {
    "a" : {"Type":"String","Value":"x"},
    "b" : {"Type":"Binary","Value":"AgME"}
  }
}`
	file := n.SigningCertURL[strings.LastIndexByte(n.SigningCertURL, '/')+1:]
	if got := replaced(body, map[string]string{"id": id, "signature": n.Signature, "file": file, "subscription": subscription}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTheFormOfEvents: functions get every member, and SignatureVersion 1 whatever
// the topic says (recorded).
func TestTheFormOfEvents(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t", "SignatureVersion", "2")
	subscription := w.subscribe(topic, "lambda", w.function(here, "f", ""))
	id := w.publish(topic, "Hello world.")
	w.settled()
	event := w.functions.events[0]
	var e struct {
		Records []struct {
			Sns struct{ Signature, SigningCertUrl string }
		}
	}
	if err := json.Unmarshal([]byte(event), &e); err != nil {
		t.Fatal(err)
	}
	want := `{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"<subscription>","Sns":{"Type":"Notification","MessageId":"<id>",` +
		`"TopicArn":"arn:aws:sns:us-east-1:111111111111:t","Subject":null,"Message":"Hello world.","Timestamp":"2026-11-20T10:00:00.000Z","SignatureVersion":"1","Signature":"<signature>",` +
		`"SigningCertUrl":"<certificate>","UnsubscribeUrl":"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=<subscription>","MessageAttributes":{}}}]}`
	got := replaced(event, map[string]string{"id": id, "signature": e.Records[0].Sns.Signature, "certificate": e.Records[0].Sns.SigningCertUrl, "subscription": subscription})
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsSigned(t *testing.T) {
	b := &subscription{Topic: topicT, Unique: "u", Token: "tok", Protocol: "http"}
	m := &message{ID: "id", Time: time.Unix(0, 0), Text: "m"}
	for name, c := range map[string]struct {
		d    delivery
		want string
	}{
		"a notification":              {delivery{Message: m}, "Message\nm\nMessageId\nid\nTimestamp\n1970-01-01T00:00:00.000Z\nTopicArn\n" + topicT + "\nType\nNotification\n"},
		"a notification of a subject": {delivery{Message: &message{ID: "id", Time: m.Time, Text: "m", Subject: "s"}}, "Message\nm\nMessageId\nid\nSubject\ns\nTimestamp\n1970-01-01T00:00:00.000Z\nTopicArn\n" + topicT + "\nType\nNotification\n"},
		"a question": {delivery{Kind: kindConfirm, Message: m}, "Message\nYou have chosen to subscribe to the topic " + topicT + ".\nTo confirm the subscription, visit the SubscribeURL included in this message.\n" +
			"MessageId\nid\nSubscribeURL\nhttps://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicT + "&Token=tok\nTimestamp\n1970-01-01T00:00:00.000Z\nToken\ntok\nTopicArn\n" + topicT + "\nType\nSubscriptionConfirmation\n"},
	} {
		if got := c.d.content(b).signed(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
