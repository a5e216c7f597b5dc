package op

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/policy"
)

// Origin is what is known of how a request reached us. Of a call between
// services it only says Secure.
type Origin struct {
	// SourceIP is the address of the connection, without port.
	SourceIP  string
	UserAgent string
	Referer   string
	// Host is the host and port that the client addressed, as it says: good for
	// the addresses in answers, and for nothing else.
	Host string
	// Secure says the request came over TLS.
	Secure bool
	// TraceID is the X-Amzn-Trace-Id header. It decides nothing.
	TraceID string
	// EnvironmentID names the function environment the request came from, if any.
	EnvironmentID string
	// Signature is what keys about the signature are filled from (s3:authType,
	// s3:signatureAge, s3:x-amz-content-sha256).
	Signature Signature
}

// Signature is how a request was signed. The zero value says that it was not, or
// is no request of a client's.
type Signature struct {
	// Presigned says that the signature stood in the query string.
	Presigned bool
	// Version is "AWS4-HMAC-SHA256", or "AWS" for Signature Version 2.
	Version string
	// Time is when the request was signed; zero where the signature does not say.
	Time time.Time
	// Payload is what the signature says of the body, as sent: a digest or
	// UNSIGNED-PAYLOAD, for one; known of requests to S3 only.
	Payload string
}

// Call is one request on its way to a handler. Finders and the gate read it;
// only Remember changes it. It belongs to one goroutine.
type Call struct {
	Caller    caller.Caller
	Operation *api.Operation
	// Input is a pointer to the operation's input struct.
	Input any
	// Account is whose resources the request names when it names no account:
	// the caller's.
	Account string
	Region  string
	// RequestID is the id every SDK prints, and the key of the trail.
	RequestID string
	// Parent is the request id of the call that caused this one, if any.
	Parent string
	Origin Origin
	// Time is when the request was admitted; all its decisions use it.
	Time time.Time
	// Trial says that only the needs are judged: no handler runs (Try).
	Trial bool

	bus      *Bus
	resolved map[any]any
	// base holds the context keys that do not depend on the need; the gate fills it once.
	base *policy.Context
	// vouched adds keys the calling service vouches for (As.Context).
	vouched func(*policy.Context)
	// inside says that a service makes the call (Do, Try).
	inside bool
}

// Partition is the AWS partition of every resource here.
const Partition = "aws"

// Inside says that the call is one of a service here, on whoever's behalf, and
// came through no door.
func (c *Call) Inside() bool { return c.inside }

// Bus gives the handler the road to other services.
func (c *Call) Bus() *Bus { return c.bus }

// Remember keeps what a finder resolved, so that the handler works on exactly
// what was authorized. Use an unexported key type.
func (c *Call) Remember(key, value any) {
	if c.resolved == nil {
		c.resolved = map[any]any{}
	}
	c.resolved[key] = value
}

// Recall gives what a finder remembered.
func (c *Call) Recall(key any) (any, bool) {
	v, ok := c.resolved[key]
	return v, ok
}

// BaseContext is the part of the request context common to all needs of the
// call; fill computes it at first use.
func (c *Call) BaseContext(fill func() *policy.Context) *policy.Context {
	if c.base == nil {
		c.base = fill()
	}
	return c.base
}

// As says for whom and in whose name Do makes a call.
type As struct {
	Caller caller.Caller
	Region string
	// RequestID is the new call's own id; empty draws one.
	RequestID string
	// Parent is the request id of the call that causes this one.
	Parent string
	// Context adds keys the calling service vouches for.
	Context func(*policy.Context)
}

type depthKey struct{}

func depth(ctx context.Context) int {
	n, _ := ctx.Value(depthKey{}).(int)
	return n
}

func deeper(ctx context.Context) context.Context {
	return context.WithValue(ctx, depthKey{}, depth(ctx)+1)
}
