package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
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

func (p *poller) record(m *sqsapi.Message) sqsRecord {
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
	return r
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
	p.delete(p.s.ctx, dropped)
	return kept
}

// matches says whether one of the filters wants a message. A body that is a JSON
// object is looked into; any other is a text.
func (p *poller) matches(m *sqsapi.Message) bool {
	text, err := json.Marshal(p.record(m))
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

// bring invokes the function with a batch, in parts that fit one invoke each.
func (p *poller) bring(ctx context.Context, batch []sqsapi.Message) {
	for len(batch) > 0 && ctx.Err() == nil {
		payload, n, err := p.payload(batch)
		if err != nil {
			p.note("PROBLEM: internal Lambda error. Please contact Lambda customer support.")
			return
		}
		p.invoke(ctx, batch[:n], payload)
		batch = batch[n:]
	}
}

// payload is the event of the first messages, as many as fit.
func (p *poller) payload(batch []sqsapi.Message) (event []byte, n int, err error) {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range batch {
		text, err := json.Marshal(p.record(&batch[i]))
		if err != nil {
			return nil, 0, err
		}
		if i > 0 && b.Len()+len(text) > limits.SyncPayload-len(`,]}`) {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text)
		n++
	}
	b.WriteString(`]}`)
	return b.Bytes(), n, nil
}

// invoke runs the function once with a batch, and deletes what it was done
// with. The rest shows again in the queue when its visibility timeout ends: that
// is how a queue is retried.
func (p *poller) invoke(ctx context.Context, batch []sqsapi.Message, event []byte) {
	v := p.s.now().drawn(p.to)
	if v == nil {
		p.note("PROBLEM: Function not found: " + p.to.arn())
		return
	}
	result, err := p.s.run(ctx, p.to, v, &executor.Invocation{
		RequestID: id.UUID(), InvokedARN: p.to.arn(), Payload: event, TraceID: newTraceID(p.s.clock.Now()),
	})
	if full := (*throttled)(nil); errors.As(err, &full) {
		// The slot stays taken for a while: so fewer batches are received.
		select {
		case <-ctx.Done():
		case <-p.s.clock.After(pollPause):
		}
		return
	}
	if err != nil || result.FunctionError != "" {
		p.note("PROBLEM: Function call failed")
		return
	}
	done := batch
	if p.m.Partial {
		done = succeeded(batch, result.Payload)
	}
	p.delete(ctx, done)
}

// succeeded are the messages that a function with ReportBatchItemFailures was
// done with. An answer that says nothing is success; one that cannot be read, or
// that names a message which is not in the batch, is failure of all (Lambda guide,
// "Implementing partial batch responses").
func succeeded(batch []sqsapi.Message, answer []byte) []sqsapi.Message {
	if text := bytes.TrimSpace(answer); len(text) == 0 || string(text) == "null" || string(text) == `""` {
		return batch
	}
	var told struct {
		Failures []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(answer, &told) != nil {
		return nil
	}
	failed := map[string]bool{}
	for _, f := range told.Failures {
		if f.ID == nil || *f.ID == "" {
			return nil
		}
		failed[*f.ID] = true
	}
	var done []sqsapi.Message
	for i := range batch {
		if m := batch[i].GetMessageId(); failed[m] {
			delete(failed, m)
		} else {
			done = append(done, batch[i])
		}
	}
	if len(failed) > 0 {
		return nil
	}
	return done
}

// delete takes messages off the queue, as the execution role. What cannot be
// deleted comes again, as on AWS.
func (p *poller) delete(ctx context.Context, done []sqsapi.Message) {
	for len(done) > 0 {
		n := min(len(done), pollMessages)
		in := &sqsapi.DeleteMessageBatchRequest{QueueUrl: &p.url}
		for i := range done[:n] {
			in.Entries = append(in.Entries, sqsapi.DeleteMessageBatchRequestEntry{Id: ptr(strconv.Itoa(i)), ReceiptHandle: done[i].ReceiptHandle})
		}
		// The batch is done, whatever happens to the service meanwhile.
		err := p.call(context.WithoutCancel(ctx), "DeleteMessage", func(as op.As) error {
			_, err := op.Do(context.WithoutCancel(ctx), p.s.bus, as, sqsapi.DeleteMessageBatch, in)
			return err
		})
		if err != nil {
			return
		}
		done = done[n:]
	}
}
