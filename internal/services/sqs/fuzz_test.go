package sqs

import (
	"bytes"
	"context"
	"testing"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/store"
)

// FuzzReceiptHandles: what opens is exactly what was sealed here.
func FuzzReceiptHandles(f *testing.F) {
	st, err := store.Open(context.Background(), store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer st.Close()
	seal, err := openReceipts(context.Background(), st)
	if err != nil {
		f.Fatal(err)
	}
	made := seal.handle(receipt{1, 2, 3})
	f.Add(made, 0)
	f.Add("AQEB", 1)
	f.Add("", 2)
	f.Fuzz(func(t *testing.T, handle string, flip int) {
		if _, ok := seal.open(handle); ok && handle != made {
			t.Errorf("%q was never given out", handle)
		}
		raw := []byte(made)
		i := max(flip, -flip-1) % len(raw)
		raw[i] ^= 1
		if _, ok := seal.open(string(raw)); ok {
			t.Errorf("a handle with byte %d changed opens", i)
		}
		if r, ok := seal.open(made); !ok || r != (receipt{1, 2, 3}) {
			t.Errorf("got %+v", r)
		}
	})
}

// FuzzMessages: any bytes decode to a message or are refused; what decodes is
// written as it was read.
func FuzzMessages(f *testing.F) {
	m := message{id: newMessageID(), sent: 1, due: 2, received: 3, total: 4, size: 5}
	f.Add(m.encode(&content{body: "body", sender: "s", group: "g", dedup: "d", trace: "t", source: "arn"}))
	f.Add(m.encode(&content{attributes: map[string]sqsapi.MessageAttributeValue{"a": {DataType: ptr("String"), StringValue: ptr("v")}}}))
	f.Add(m.encode(&content{attributes: map[string]sqsapi.MessageAttributeValue{"b": {DataType: ptr("Binary"), BinaryValue: []byte{1}}}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, c, err := decode(7, raw)
		if err != nil {
			return
		}
		again := m.encode(c)
		m2, c2, err := decode(7, again)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.attributes) < 2 && !bytes.Equal(again, m2.encode(c2)) {
			t.Errorf("%q became %q", again, m2.encode(c2))
		}
	})
}

// FuzzAttributes: no text of an attribute breaks the reading of it, and what is
// accepted is shown as it was given.
func FuzzAttributes(f *testing.F) {
	f.Add("RedrivePolicy", `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111111111111:dead","maxReceiveCount":"3"}`)
	f.Add("RedriveAllowPolicy", `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:111111111111:q"]}`)
	f.Add("RedriveAllowPolicy", " ")
	f.Add("DelaySeconds", "+5")
	f.Add("SqsManagedSseEnabled", "TRUE")
	f.Add("DeduplicationScope", "messageGroup")
	f.Fuzz(func(t *testing.T, name, value string) {
		q := defaults(true)
		if q.apply(map[string]string{name: value}) != nil {
			return
		}
		for _, a := range attributes() {
			shown := a.get(&q)
			if again := defaults(true); a.name == name && shown != "" && again.apply(map[string]string{name: shown}) != nil {
				t.Errorf("%s %q is shown as %q, which is refused", name, value, shown)
			}
		}
	})
}
