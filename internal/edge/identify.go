package edge

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/sigv4"
)

// identified sets who is asking, from the signature or its absence.
func (h *Handler) identified(e *exchange) error {
	e.call = &op.Call{
		Caller: caller.Anonymous(), Operation: e.route.Operation, Region: defaultRegion, RequestID: e.requestID,
		Origin: origin(e.r), Parent: cause(e.r), Time: h.clock.Now(),
	}
	identity, failure := h.verified(e)
	if failure != nil {
		return failure.Error(e.route.Service, e.route.Protocol)
	}
	if identity == nil {
		if e.headed {
			return nil // S3 takes it, and lets policies speak of anonymous callers
		}
		if h.bus.TakesUnsigned(e.route.Operation) {
			return nil // op lets it in by a secret of its own, or not at all
		}
		return sigv4.Unsigned().Error(e.route.Service, e.route.Protocol)
	}
	h.signedBy(e.call, identity)
	if e.payload != nil {
		e.call.Origin.Signature.Payload = e.payload.Declared
	}
	return nil
}

// signedBy makes a call that of whoever signed the request.
func (h *Handler) signedBy(c *op.Call, identity *sigv4.Identity) {
	owner := identity.Owner.(op.Credential)
	c.Caller, c.Region = owner.Caller, identity.Region
	c.Origin.Signature = op.Signature{Presigned: identity.Presigned, Version: identity.Version, Time: identity.Time}
	if owner.Used != nil {
		owner.Used(identity.Service, identity.Region)
	}
}

// verified checks the signature: of S3 over the headers, which say how the body
// is to be checked, of others over the whole request.
func (h *Handler) verified(e *exchange) (identity *sigv4.Identity, failure *sigv4.Failure) {
	expect := sigv4.Expect{Service: e.route.Service, Bucket: e.route.Labels["Bucket"], Key: e.route.Labels["Key"]}
	if e.headed {
		identity, e.payload, failure = h.verifier.VerifyHead(e.given, expect)
		return identity, failure
	}
	return h.verifier.Verify(e.r, e.body, expect)
}

const defaultRegion = "us-east-1"

func (h *Handler) lookup(_ context.Context, accessKeyID, token string) (sigv4.Credential, sigv4.Kind) {
	c, state := h.bus.Credential(accessKeyID, token)
	return sigv4.Credential{AccessKeyID: accessKeyID, Secret: c.Secret, Owner: c}, kind(state)
}

// kind says the state of a credential in the verifier's words. A state it does
// not know is a key nobody has.
func kind(state op.CredentialState) sigv4.Kind {
	switch state {
	case op.CredentialActive:
		return sigv4.Active
	case op.CredentialInactive:
		return sigv4.Inactive
	case op.CredentialExpired:
		return sigv4.Expired
	case op.CredentialTokenInvalid:
		return sigv4.TokenInvalid
	}
	return sigv4.Unknown
}

// origin is where the request came from: the connection's address alone, as any
// header about it could be made up.
func origin(r *http.Request) op.Origin {
	o := op.Origin{UserAgent: r.UserAgent(), Referer: r.Referer(), Secure: r.TLS != nil, Host: r.Host, TraceID: r.Header.Get("X-Amzn-Trace-Id")}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		o.SourceIP = peer.Addr().Unmap().WithZone("").String()
	}
	if env, ok := r.Context().Value(environmentKey{}).(environment); ok {
		o.EnvironmentID = env.id
	}
	return o
}

type environmentKey struct{}

// environment is where a request came from, by the listener it came through.
type environment struct {
	id         string
	invocation func() string
}

// FromEnvironment marks the requests of a function environment's own listener.
// invocation gives the request id of the invoke that runs in it, empty for none:
// what the function asks for was caused by it.
func FromEnvironment(ctx context.Context, environmentID string, invocation func() string) context.Context {
	return context.WithValue(ctx, environmentKey{}, environment{environmentID, invocation})
}

// cause is the request that led to this one, where that is known.
func cause(r *http.Request) string {
	if env, ok := r.Context().Value(environmentKey{}).(environment); ok && env.invocation != nil {
		return env.invocation()
	}
	return ""
}
