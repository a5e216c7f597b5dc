package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/op"
)

// eventStreamType is the content type of answers in AWS's event-stream framing.
const eventStreamType = "application/vnd.amazon.eventstream"

// invokeWithResponseStream is Invoke with an answer that is read while the function
// writes it. What keeps the function from running is an ordinary error; what becomes
// of it afterwards, a failure before its first byte too, is told by the last event.
func (s *Service) invokeWithResponseStream(ctx context.Context, c *op.Call, in *lambdaapi.InvokeWithResponseStreamRequest) (*lambdaapi.InvokeWithResponseStreamResponse, error) {
	o, err := s.ordered(c, &lambdaapi.InvocationRequest{
		ClientContext: in.ClientContext, FunctionName: in.FunctionName, InvocationType: in.InvocationType, LogType: in.LogType,
		Payload: in.Payload, Qualifier: in.Qualifier, TenantId: in.TenantId,
	})
	if err != nil {
		return nil, err
	}
	if in.GetInvocationType() == "DryRun" {
		return &lambdaapi.InvokeWithResponseStreamResponse{StatusCode: ptr(int32(204))}, nil
	}
	t, err := s.stream(ctx, c, o.ref, o.version, o.order)
	if err != nil {
		return nil, err
	}
	return &lambdaapi.InvokeWithResponseStreamResponse{
		StatusCode: ptr(int32(200)), ExecutedVersion: &o.version.Version, ResponseStreamContentType: ptr(eventStreamType),
		EventStream: &api.Stream{Body: newEvents(t, o.order.Tail), Length: -1},
	}, nil
}

// events is a response as events: a PayloadChunk for every piece, in the end
// InvokeComplete. It makes them as it is read.
type events struct {
	from    *streamed
	tail    bool
	encoder *eventstream.Encoder
	piece   []byte
	// ready is what is framed and not read yet; over says that nothing follows it.
	ready bytes.Buffer
	over  bool
}

// eventPiece is the largest payload of an event; AWS publishes no figure.
const eventPiece = 32 << 10

func newEvents(t *streamed, tail bool) *events {
	return &events{from: t, tail: tail, encoder: eventstream.NewEncoder(), piece: make([]byte, eventPiece)}
}

// Read implements io.Reader. It gives an event as soon as there is one.
func (e *events) Read(p []byte) (int, error) {
	for e.ready.Len() == 0 {
		if e.over {
			return 0, io.EOF
		}
		if err := e.next(); err != nil {
			return 0, err
		}
	}
	return e.ready.Read(p)
}

// Close implements io.Closer: the function goes on without a reader.
func (e *events) Close() error { return e.from.body.Close() }

// next frames what the function wrote next.
func (e *events) next() error {
	n, err := e.from.body.Read(e.piece)
	if n > 0 {
		return e.frame("PayloadChunk", "application/octet-stream", e.piece[:n])
	}
	if err == nil {
		return nil
	}
	e.over = true
	last, err := json.Marshal(e.complete())
	if err != nil {
		return err
	}
	return e.frame("InvokeComplete", "application/json", last)
}

// completeEvent is InvokeWithResponseStreamCompleteEvent.
type completeEvent struct {
	ErrorCode    string `json:",omitempty"`
	ErrorDetails string `json:",omitempty"`
	LogResult    string `json:",omitempty"`
}

// complete waits for the end of the function and says what became of it. The code is
// the type of the failure, the details its description, as the trailers of a runtime
// give them; seen of AWS is Runtime.TruncatedResponse without details. That a failure
// before the first byte is told in the same way is UNCONFIRMED.
func (e *events) complete() completeEvent {
	result, err := e.from.end()
	if err != nil {
		// What went wrong in the server is not the client's to read.
		code, text := "ServiceException", op.InternalFailure().Message
		if known := (*api.Error)(nil); errors.As(err, &known) {
			code, text = known.Code, known.Message
		}
		return completeEvent{ErrorCode: code, ErrorDetails: text}
	}
	var last completeEvent
	if result.FunctionError != "" {
		last.ErrorCode, last.ErrorDetails = errorCode(result), string(result.Payload)
	}
	if e.tail {
		last.LogResult = base64.StdEncoding.EncodeToString(result.Tail)
	}
	return last
}

// errorCode names a failure: as the runtime named it beside its description, else as
// the description does.
func errorCode(result *executor.Result) string {
	if result.ErrorType != "" {
		return result.ErrorType
	}
	var said struct{ ErrorType string }
	if json.Unmarshal(result.Payload, &said) == nil && said.ErrorType != "" {
		return said.ErrorType
	}
	return result.FunctionError
}

func (e *events) frame(name, contentType string, payload []byte) error {
	return e.encoder.Encode(&e.ready, eventstream.Message{
		Headers: eventstream.Headers{
			{Name: ":event-type", Value: eventstream.StringValue(name)},
			{Name: ":content-type", Value: eventstream.StringValue(contentType)},
			{Name: ":message-type", Value: eventstream.StringValue("event")},
		},
		Payload: payload,
	})
}
