package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/outbox"
	"github.com/sallyport/sallyport/internal/store"
)

// delivery is what is left to be sent of a finished event, as the session of
// the execution role that the function had.
type delivery struct {
	// Function is the function's ARN, Role its execution role at the end.
	Function, Role string
	Target         string
	// Parent is the request id of the asynchronous invoke.
	Parent string
	// Body is what is sent; Attributes go with it to a dead-letter target.
	Body       []byte
	Attributes map[string]string `json:",omitempty"`
	// Object is the key under which a bucket gets it.
	Object   string `json:",omitempty"`
	Failures int    `json:",omitempty"`
	Lineage  lineage
}

// How an event ended (Lambda guide, "Capturing records of Lambda asynchronous
// invocations").
const (
	endSuccess   = "Success"
	endExhausted = "RetriesExhausted"
	endTooOld    = "EventAgeExceeded"
	// endReserved is of a function that reserves no concurrency: it may not run at
	// all. The guide tells the rule and not this word, which is another emulator's.
	endReserved = "ZeroReservedConcurrency"
)

// ending is how an event ended: of one that never ran there is no result.
type ending struct {
	condition string
	attempts  int
	version   string
	result    *executor.Result
}

// invocationRecord is what a destination gets.
type invocationRecord struct {
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	RequestContext  recordRequest    `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *recordResponse  `json:"responseContext,omitempty"`
	ResponsePayload *json.RawMessage `json:"responsePayload,omitempty"`
}

type recordRequest struct {
	RequestID string `json:"requestId"`
	Function  string `json:"functionArn"`
	Condition string `json:"condition"`
	Attempts  int    `json:"approximateInvokeCount"`
}

type recordResponse struct {
	Status  int    `json:"statusCode"`
	Version string `json:"executedVersion"`
	Error   string `json:"functionError,omitempty"`
}

// record is what a destination gets of an event.
func (e *event) record(r ref, end ending, payload []byte, now time.Time) invocationRecord {
	out := invocationRecord{
		Version: "1.0", Timestamp: now.UTC().Format("2006-01-02T15:04:05.000Z"), RequestPayload: asJSON(payload),
		RequestContext: recordRequest{e.RequestID, r.with(settingsName(r.qualifier)).arn(), end.condition, end.attempts},
	}
	if end.result != nil {
		out.ResponseContext = &recordResponse{Status: 200, Version: end.version, Error: end.result.FunctionError}
		response := asJSON(end.result.Payload)
		out.ResponsePayload = &response
	}
	return out
}

// asJSON is a payload as it is, or as a text if it is no JSON.
func asJSON(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return payload
	}
	text, _ := json.Marshal(string(payload)) // a text always has a form
	return text
}

// owed is what a finished event leaves to be sent: the record to the destination
// of its end, and the event itself to the dead-letter target.
func (s *Service) owed(r ref, v *config, e *event, end ending, payload []byte) ([]*delivery, error) {
	if v == nil {
		return nil, nil // the function is gone, and its role with it
	}
	now := s.clock.Now()
	d := delivery{Function: r.unqualified(), Role: v.Role, Parent: e.RequestID, Lineage: e.Lineage}
	var all []*delivery
	rules := s.rules(r)
	target := rules.onFailure
	if end.condition == endSuccess {
		target = rules.onSuccess
	}
	if target != "" {
		body, err := json.Marshal(e.record(r, end, payload, now))
		if err != nil {
			return nil, err
		}
		to := d
		to.Target, to.Body = target, body
		to.Object = objectsUnder + r.name + "/" + now.Format("2006/01/02/2006-01-02T15.04.05") + "-" + id.UUID()
		all = append(all, &to)
	}
	if v.DeadLetters != "" && end.condition != endSuccess {
		to := d
		to.Target, to.Body, to.Attributes = v.DeadLetters, payload, deadLetterAttributes(e, end)
		all = append(all, &to)
	}
	return all, nil
}

// deadLetterAttributes say what became of an event (Lambda guide, "Adding a
// dead-letter queue").
func deadLetterAttributes(e *event, end ending) map[string]string {
	a := map[string]string{"RequestID": e.RequestID, "ErrorCode": "200", "ErrorMessage": end.condition}
	if end.result == nil {
		return a
	}
	var said struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(end.result.Payload, &said) == nil && said.Message != "" {
		a["ErrorMessage"] = said.Message
	}
	if len(a["ErrorMessage"]) > deadLetterMessage {
		a["ErrorMessage"] = strings.ToValidUTF8(a["ErrorMessage"][:deadLetterMessage], "")
	}
	return a
}

// deadLetterMessage is how much of an error's text is sent, in bytes.
const deadLetterMessage = 1 << 10

// deliver makes one delivery. What the target refuses is dropped, as on AWS; the
// refusal is recorded. A fault is tried again.
func (s *Service) deliver(ctx context.Context, _ string, d *delivery) outbox.Next[delivery] {
	err := s.sendOut(ctx, d)
	var refused *api.Error
	switch {
	case err == nil:
		return outbox.Done[delivery](nil)
	case isRefusal(err) && !(errors.As(err, &refused) && refused.Status == 429), d.Failures >= deliveryRetries:
		s.log.WarnContext(ctx, "an event could not be delivered and is dropped", "function", d.Function, "target", d.Target, "error", err)
		return outbox.Done[delivery](nil)
	}
	again := *d
	again.Failures++
	return outbox.Again(s.clock.Now().Add(firstPause<<d.Failures), &again)
}

// deliveryRetries is how often a delivery is tried again after a fault: AWS does
// not say.
const deliveryRetries = 8

func (s *Service) sendOut(ctx context.Context, d *delivery) error {
	to, ok := parseSink(d.Target)
	r, named := parseName(d.Function)
	if !ok || !named {
		return invalid("The destination ARN %s is invalid.", d.Target)
	}
	as, err := s.asRole(ctx, r, d.Role, d.Parent)
	if err != nil {
		return err
	}
	// A function that is the target is caused by the event, one behind a topic or a
	// bucket by this request.
	as.RequestID = id.UUID()
	s.lineages.note(d.Parent, d.Lineage)
	s.lineages.note(as.RequestID, d.Lineage)
	return s.send(ctx, inRegion(as, d.Target), to, d)
}

func (s *Service) send(ctx context.Context, as op.As, to sink, d *delivery) (err error) {
	switch body := string(d.Body); to.service {
	case "sqs":
		in := &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(d.Target)), MessageBody: &body}
		for name, value := range d.Attributes {
			if in.MessageAttributes == nil {
				in.MessageAttributes = map[string]sqsapi.MessageAttributeValue{}
			}
			in.MessageAttributes[name] = sqsapi.MessageAttributeValue{DataType: ptr(attributeType(name)), StringValue: &value}
		}
		_, err = op.Do(ctx, s.bus, as, sqsapi.SendMessage, in)
	case "sns":
		in := &snsapi.PublishInput{TopicArn: &d.Target, Message: &body}
		for name, value := range d.Attributes {
			if in.MessageAttributes == nil {
				in.MessageAttributes = map[string]snsapi.MessageAttributeValue{}
			}
			in.MessageAttributes[name] = snsapi.MessageAttributeValue{DataType: ptr(attributeType(name)), StringValue: &value}
		}
		_, err = op.Do(ctx, s.bus, as, snsapi.Publish, in)
	case "lambda":
		_, err = op.Do(ctx, s.bus, as, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: &d.Target, InvocationType: ptr("Event"), Payload: d.Body})
	case "s3":
		_, err = op.Do(ctx, s.bus, as, s3api.PutObject, &s3api.PutObjectRequest{Bucket: ptr(to.bucket()), Key: &d.Object, ContentType: ptr("application/json"), Body: api.BytesStream(d.Body)})
	}
	return err
}

func attributeType(name string) string {
	if name == "ErrorCode" {
		return "Number"
	}
	return "String"
}

// putOwed owes deliveries from the moment the transaction commits.
func (s *Service) putOwed(tx *store.Tx, key string, all []*delivery) error {
	for _, d := range all {
		if err := s.deliveries.Put(tx, store.Key(key, id.UUID()), time.Time{}, d); err != nil {
			return err
		}
	}
	return nil
}
