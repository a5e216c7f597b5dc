package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// maxClientContext bounds the client context as it is sent, in base64 (AWS Lambda
// API reference, Invoke). Which text AWS has for a longer one is UNCONFIRMED.
const maxClientContext = 3_583

func (s *Service) invoke(ctx context.Context, c *op.Call, in *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
	o, err := s.ordered(c, in)
	if err != nil {
		return nil, err
	}
	r, v, order := o.ref, o.version, o.order
	switch in.GetInvocationType() {
	case "DryRun":
		return &lambdaapi.InvocationResponse{StatusCode: ptr(int32(204))}, nil
	case "Event":
		if err := s.enqueue(ctx, c, r, order); err != nil {
			return nil, err
		}
		return &lambdaapi.InvocationResponse{StatusCode: ptr(int32(202))}, nil
	}
	if err := s.chained(c, r, order); err != nil {
		return nil, err
	}
	result, err := s.run(ctx, r, v, order)
	if err != nil {
		return nil, invokeError(err)
	}
	out := &lambdaapi.InvocationResponse{
		StatusCode: ptr(int32(200)), ExecutedVersion: &v.Version, Payload: result.Payload, FunctionError: optional(result.FunctionError),
	}
	if order.Tail {
		out.LogResult = ptr(base64.StdEncoding.EncodeToString(result.Tail))
	}
	return out, nil
}

// ordered is an invoke that may begin: of what was addressed, and of the version that
// this means now.
type ordered struct {
	ref     ref
	version *config
	order   *executor.Invocation
}

// ordered checks a request to invoke, in the order in which AWS is seen to.
func (s *Service) ordered(c *op.Call, in *lambdaapi.InvocationRequest) (o ordered, err error) {
	if o.ref, err = target(c); err != nil {
		return o, err
	}
	if in.DurableExecutionName != nil || in.TenantId != nil {
		return o, unavailable("DurableExecutionName, and TenantId,")
	}
	if o.order, err = newOrder(c, in); err != nil {
		return o, err
	}
	o.version = s.now().drawn(o.ref)
	switch {
	case o.version == nil && o.ref.qualifier == "":
		return o, noFunction(o.ref.with(latest).arn())
	case o.version == nil:
		return o, noFunction(o.ref.arn())
	}
	return o, o.version.unready()
}

// newOrder checks what an invoke hands to the function.
func newOrder(c *op.Call, in *lambdaapi.InvocationRequest) (*executor.Invocation, error) {
	o := &executor.Invocation{RequestID: c.RequestID, Payload: in.Payload, Tail: in.GetLogType() == "Tail", TraceID: traceRoot(c.Origin.TraceID, c.Time)}
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	o.InvokedARN = r.arn()
	if in.GetInvocationType() == "Event" {
		if len(o.Payload) > limits.AsyncPayload {
			return nil, entityTooLarge("%d byte payload is too large for the Event invocation type (limit %d bytes)", len(o.Payload), limits.AsyncPayload)
		}
	} else if len(o.Payload) > limits.SyncPayload {
		return nil, entityTooLarge("Request must be smaller than %d bytes for the InvokeFunction operation", limits.SyncPayload)
	}
	if len(bytes.TrimSpace(o.Payload)) == 0 {
		o.Payload = []byte("{}")
	}
	if err := checkJSON(o.Payload); err != nil {
		return nil, lambdaapi.NewInvalidRequestContentException("Could not parse request body into json: Could not parse payload into json: %s", err)
	}
	if in.GetClientContext() != "" {
		raw, err := base64.StdEncoding.DecodeString(*in.ClientContext)
		if err != nil || len(*in.ClientContext) > maxClientContext || checkJSON(raw) != nil {
			return nil, lambdaapi.NewInvalidRequestContentException("Client context must be a valid Base64-encoded JSON object.")
		}
		o.ClientContext = string(raw)
	}
	return o, nil
}

// checkJSON says what is wrong with a text as JSON. AWS's own words are those
// of its parser; the place is told as there.
func checkJSON(text []byte) error {
	if json.Valid(text) {
		return nil
	}
	var v json.RawMessage
	err := json.Unmarshal(text, &v)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	before := text[:min(int(syntax.Offset), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	return fmt.Errorf("%w\n at [Source: (byte[]); line: %d, column: %d]", syntax, line, column)
}

// parentKey is the context key of the request id of the invoke that makes
// Lambda assume a role.
type parentKey struct{}

// run runs a version once, under the concurrency of its function. The caller
// going away does not end the function; the service closing does.
func (s *Service) run(ctx context.Context, r ref, v *config, order *executor.Invocation) (*executor.Result, error) {
	leave, err := s.enter(r)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), parentKey{}, order.RequestID))
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	e, err := s.use(ctx, r, v)
	if err != nil {
		return nil, err
	}
	defer s.unuse(e)
	order.First = s.warm.first(r, v)
	t := s.trace(e, order)
	result, err := s.executor.Invoke(ctx, e.function, order)
	if t != nil && err == nil {
		s.traces.add(e, order.RequestID, t.segments(result)...)
	}
	return result, err
}

// invokeError says in Lambda's words why a function could not be run.
func invokeError(err error) error {
	var (
		full        *throttled
		missing     *executor.RuntimeMissingError
		credentials *executor.CredentialsError
		image       *imageError
	)
	switch {
	case errors.As(err, &full):
		return full.wire()
	case errors.Is(err, executor.ErrTooManyEnvironments):
		return (&throttled{reason: accountFull}).wire()
	case errors.As(err, &missing):
		return lambdaapi.NewInvalidRuntimeException("%s", missing.Error())
	case errors.As(err, &image):
		return lambdaapi.NewInvalidRuntimeException("%s", image.Error())
	case errors.As(err, &credentials):
		return accessDenied(notAssumable)
	case errors.Is(err, executor.ErrClosed), errors.Is(err, context.Canceled):
		return stopping()
	}
	return err
}

func stopping() error { return lambdaapi.NewServiceException("The server is stopping.") }
