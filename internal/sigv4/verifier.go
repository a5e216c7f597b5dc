package sigv4

import (
	"context"
	"crypto/hmac"
	"net/http"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
)

// Config is what a Verifier is made of.
type Config struct {
	Clock clock.Clock
	// Lookup finds the secret of an access key. token is what the request
	// carried, empty for none; Lookup says whether it is the key's.
	Lookup func(ctx context.Context, accessKeyID, token string) (Credential, Kind)
}

// Credential is a key's secret and whom it belongs to. Owner is the business of
// whoever made it; the verifier only hands it on.
type Credential struct {
	AccessKeyID string
	Secret      string
	Owner       any
}

// Kind says whether a key may sign.
type Kind uint8

// The kinds. Unknown is the zero value; only Active lets a request go on.
const (
	Unknown Kind = iota
	Active
	Inactive
	Expired
	TokenInvalid
)

// Expect is what the request was routed to: the scope must agree with it.
type Expect struct {
	Service *api.Service
	// Region is the one region the door serves; empty for all of them.
	Region string
	// UnsignedPayload lets a body go unsigned that the signer declared so.
	UnsignedPayload bool
}

// Identity is who signed a request, and for what.
type Identity struct {
	Owner       any
	AccessKeyID string
	Service     string
	// Region is where the call happens: the scope's, or us-east-1 for a global service.
	Region string
	// Presigned says the signature stood in the query string.
	Presigned bool
}

// Verifier checks signatures. It is safe for concurrent use.
type Verifier struct {
	clock   clock.Clock
	lookup  func(ctx context.Context, accessKeyID, token string) (Credential, Kind)
	keys    keyCache
	buffers sync.Pool // of *[]byte
}

// New makes a verifier.
func New(c Config) *Verifier {
	return &Verifier{clock: c.Clock, lookup: c.Lookup, keys: newKeyCache()}
}

// Verify says who signed r, whose whole body is body. Both results are nil for a
// request that carries no signature at all.
func (v *Verifier) Verify(r *http.Request, body []byte, e Expect) (*Identity, *Failure) {
	query := parseQuery(rawQuery(r))
	a, failure := authorizationOf(r, query)
	if a == nil || failure != nil {
		return nil, failure
	}
	if a.time, failure = a.parseDate(); failure != nil {
		return nil, failure
	}
	if failure := a.fresh(v.clock.Now(), e.Service); failure != nil {
		return nil, failure
	}
	if failure := a.coversMeaning(r.Header); failure != nil {
		return nil, failure
	}
	if a.algorithm != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '%s' (only AWS4-HMAC-SHA256 for now). ", a.algorithm)
	}
	s, failure := a.scope(e)
	if failure != nil {
		return nil, failure
	}
	credential, kind := v.lookup(r.Context(), s.accessKeyID, a.token)
	if failure := refuseKind(kind); failure != nil {
		return nil, failure
	}
	if credential.Secret == "" || !v.matches(r, body, query, a, s, credential.Secret, e) {
		return nil, mismatch(textMismatch)
	}
	return &Identity{
		Owner: credential.Owner, AccessKeyID: s.accessKeyID,
		Service: s.service, Region: s.callRegion(e.Service), Presigned: a.presigned,
	}, nil
}

// matches computes the signature and compares it in constant time.
func (v *Verifier) matches(r *http.Request, body []byte, query []parameter, a *authorization, s scope, secret string, e Expect) bool {
	payload, ok := payloadHash(r.Header.Get("X-Amz-Content-Sha256"), body, e.UnsignedPayload)
	if !ok {
		return false
	}
	buffer, _ := v.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	canonical, ok := appendCanonical((*buffer)[:0], r, query, a.signedHeaders, payload)
	if !ok {
		return false
	}
	id := keyIDOf(secret, s)
	key, cached := v.keys.get(id)
	if !cached {
		key = derive(secret, s)
	}
	want := sign(key, a.time, s, canonical)
	equal := hmac.Equal(want[:], []byte(a.signature))
	// Only a key that verified is kept, so that nobody can push others out.
	if equal && !cached {
		v.keys.put(id, key)
	}
	if cap(canonical) <= largestKeptBuffer {
		*buffer = canonical
		v.buffers.Put(buffer)
	}
	return equal
}

// largestKeptBuffer bounds what one large request leaves behind in the pool.
const largestKeptBuffer = 16 << 10

// refuseKind is the failure of a key that may not sign, nil for one that may.
// What is not known to be good is treated as a key nobody has.
func refuseKind(k Kind) *Failure {
	switch k {
	case Active:
		return nil
	case Expired:
		return &Failure{expired, "The security token included in the request is expired"}
	default:
		return &Failure{badKey, "The security token included in the request is invalid."}
	}
}

// amzTime is the form of dates in signatures.
const amzTime = "20060102T150405Z"

func format(t time.Time) string { return t.UTC().Format(amzTime) }
