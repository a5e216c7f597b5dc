package lambda

import (
	"bytes"
	"encoding/json"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/limits"
)

// sqsRecord is a message as a function gets it (Lambda guide, "Using Lambda
// with Amazon SQS", example event).
type sqsRecord struct {
	MessageID     string                  `json:"messageId"`
	ReceiptHandle string                  `json:"receiptHandle"`
	Body          string                  `json:"body"`
	Attributes    map[string]string       `json:"attributes"`
	Message       map[string]sqsAttribute `json:"messageAttributes"`
	MD5Attributes *string                 `json:"md5OfMessageAttributes,omitempty"`
	MD5           string                  `json:"md5OfBody"`
	Source        string                  `json:"eventSource"`
	SourceARN     string                  `json:"eventSourceARN"`
	Region        string                  `json:"awsRegion"`
}

type sqsAttribute struct {
	StringValue  *string  `json:"stringValue,omitempty"`
	BinaryValue  []byte   `json:"binaryValue,omitempty"`
	StringValues []string `json:"stringListValues"`
	BinaryValues [][]byte `json:"binaryListValues"`
	DataType     string   `json:"dataType"`
}

// record is the JSON of a message.
func (p *poller) record(m *sqsapi.Message) ([]byte, error) {
	r := sqsRecord{
		MessageID: m.GetMessageId(), ReceiptHandle: m.GetReceiptHandle(), Body: m.GetBody(), Attributes: m.Attributes,
		Message: map[string]sqsAttribute{}, MD5: m.GetMD5OfBody(), MD5Attributes: m.MD5OfMessageAttributes,
		Source: "aws:sqs", SourceARN: p.m.Source, Region: p.to.region,
	}
	for name, a := range m.MessageAttributes {
		r.Message[name] = sqsAttribute{
			StringValue: a.StringValue, BinaryValue: a.BinaryValue, StringValues: []string{}, BinaryValues: [][]byte{}, DataType: a.GetDataType(),
		}
	}
	var b bytes.Buffer
	text := json.NewEncoder(&b)
	text.SetEscapeHTML(false) // a body grows by no more than JSON asks for
	err := text.Encode(r)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// payload is the event of the first messages, as many as fit, and how many these
// are: one at least.
func (p *poller) payload(batch []sqsapi.Message) (event []byte, n int, err error) {
	const head, tail = `{"Records":[`, `]}`
	event = []byte(head)
	for i := range batch {
		text, err := p.record(&batch[i])
		if err != nil {
			return nil, 0, err
		}
		if i > 0 && len(event)+len(text)+len(tail) > limits.SyncPayload {
			break
		}
		event, n = append(append(event, text...), ','), n+1
	}
	return append(event[:len(event)-1], tail...), n, nil
}

// wanted leaves out, and deletes, the messages that no filter wants.
func (p *poller) wanted(batch []sqsapi.Message) []sqsapi.Message {
	if len(p.m.Filters) == 0 {
		return batch
	}
	var kept, dropped []sqsapi.Message
	for i := range batch {
		if p.matches(&batch[i]) {
			kept = append(kept, batch[i])
		} else {
			dropped = append(dropped, batch[i])
		}
	}
	p.lane.counts.filtered.Add(int64(len(dropped)))
	p.delete(p.s.ctx, dropped)
	return kept
}

// matches says whether one of the filters wants a message. A body that is a JSON
// object is looked into; any other is a text. So a pattern of the wrong kind never
// matches, and the message goes (Lambda guide, "Using event filtering with an
// Amazon SQS event source").
func (p *poller) matches(m *sqsapi.Message) bool {
	text, err := p.record(m)
	if err != nil {
		return false
	}
	event, ok := eventpattern.Decode(text)
	if !ok {
		return false
	}
	if body, isObject := eventpattern.Decode([]byte(m.GetBody())); isObject {
		event["body"] = body
	}
	for _, f := range p.filters {
		if f.MatchValue(event) {
			return true
		}
	}
	return false
}
