package lambda

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// askedURL is the URL of a request, as it is now. One that is not there any more,
// or whose type changed since the door looked who is asking, is refused: a request
// that was taken unsigned must not be judged as if it had been signed.
func (s *Service) askedURL(c *op.Call) (knownURL, error) {
	if known, ok := c.Recall(urlKnown{}); ok {
		return known.(knownURL), nil
	}
	in, ok := c.Input.(*functionurlapi.Request)
	if !ok {
		return knownURL{}, foreign()
	}
	u, ok := s.urls.find(in.ID)
	switch {
	case !ok:
		return knownURL{}, foreign()
	case u.AuthType != in.AuthType || (c.Caller.Kind() == caller.AnonymousKind) != u.isPublic() && c.Caller.Kind() != caller.Nobody:
		return knownURL{}, accessDenied(forbidden)
	}
	c.Remember(urlKnown{}, u)
	return u, nil
}

type urlKnown struct{}

// ofURL finds the function or alias that a URL is of: both permissions are judged
// on its ARN.
func (s *Service) ofURL(_ context.Context, c *op.Call) ([]op.Resource, error) {
	u, err := s.askedURL(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: u.of.arn(), Account: u.of.account}}, nil
}

// urlKeys say of which function and which type the URL is, at this moment.
func (s *Service) urlKeys(functionKey, typeKey string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if u, err := s.askedURL(c); err == nil {
			keys.Set(functionKey, u.of.arn())
			keys.Set(typeKey, u.AuthType)
		}
	}
}

// viaURL says that an invoke comes through a URL. Other invokes lack the key.
func viaURL(key string) op.Adder {
	return func(_ context.Context, _ *op.Call, keys *policy.Context) { keys.Set(key, "true") }
}

// invokeURL runs the function of a URL and answers as it says.
func (s *Service) invokeURL(ctx context.Context, c *op.Call, in *functionurlapi.Request) (*functionurlapi.Response, error) {
	u, err := s.askedURL(c)
	if err != nil {
		return nil, err
	}
	v := s.now().drawn(u.of)
	if v == nil {
		return nil, accessDenied(forbidden) // the alias is gone; its URL is not (recorded from AWS)
	}
	if err := v.unready(); err != nil {
		return nil, err
	}
	order := &executor.Invocation{RequestID: c.RequestID, InvokedARN: u.of.arn(), TraceID: traceRoot(c.Origin.TraceID, c.Time)}
	if order.Payload, err = urlEvent(c, in, u, order.TraceID); err != nil {
		return nil, err
	}
	if len(order.Payload) > limits.SyncPayload {
		return nil, entityTooLarge("Request must be smaller than %d bytes for the InvokeFunction operation", limits.SyncPayload)
	}
	var out *functionurlapi.Response
	if u.Mode == streaming {
		out, err = s.streamURL(ctx, c, u, v, order)
	} else {
		out, err = s.bufferURL(ctx, c, u, v, order)
	}
	if err != nil {
		return nil, err
	}
	out.Header.Set("X-Amzn-Trace-Id", order.TraceID)
	return out, nil
}

// bufferURL answers with all that the function gives, once it has ended.
func (s *Service) bufferURL(ctx context.Context, c *op.Call, u knownURL, v *config, order *executor.Invocation) (*functionurlapi.Response, error) {
	if err := s.chained(c, u.of, order); err != nil {
		return nil, err
	}
	result, err := s.run(ctx, u.of, v, order)
	if err != nil {
		return nil, invokeError(err)
	}
	if result.FunctionError != "" {
		return badGateway(), nil
	}
	return urlAnswer(result.Payload), nil
}

// streamURL answers with what the function gives as it comes. Without the
// content type of a response that begins with a prelude, it is taken as it is: also
// JSON that would be read as a response by a URL that does not stream.
func (s *Service) streamURL(ctx context.Context, c *op.Call, u knownURL, v *config, order *executor.Invocation) (*functionurlapi.Response, error) {
	t, err := s.stream(ctx, c, u.of, v, order)
	if err != nil {
		return nil, err
	}
	if t.failed {
		return badGateway(), nil
	}
	return preludeAnswer(t), nil
}

// badGateway is what AWS answers for a function that failed, or whose response
// says nothing that can be sent.
func badGateway() *functionurlapi.Response {
	return &functionurlapi.Response{
		Status: 502, Header: map[string][]string{"Content-Type": {jsonContent}}, Body: api.BytesStream([]byte("Internal Server Error")),
	}
}

const jsonContent = "application/json"
