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
	// Bucket and Key are what a request to S3 names, decoded.
	Bucket, Key string
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
	// Time is when the request was signed; zero in Version 2, which does not say.
	Time time.Time
	// Version is Version4 or Version2.
	Version string
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
// request that carries no signature at all. Requests to S3 go to VerifyHead.
func (v *Verifier) Verify(r *http.Request, body []byte, e Expect) (*Identity, *Failure) {
	if IsS3(e.Service) {
		return nil, mismatch(textMismatch) // never: its body is described in its headers
	}
	query := parseQuery(rawQuery(r))
	a, failure := authorizationOf(r, query)
	if a == nil || failure != nil {
		return nil, failure
	}
	p, failure := v.prove(r, query, a, e, func() (string, bool) {
		return payloadHash(r.Header.Get("X-Amz-Content-Sha256"), body)
	})
	if failure != nil {
		return nil, failure
	}
	return &p.Identity, nil
}

// VerifyHead says who signed r, a request to S3 whose body is not read yet, and
// gives what its headers say of the body. The identity is nil for a request
// that carries no signature at all.
func (v *Verifier) VerifyHead(r *http.Request, e Expect) (*Identity, *Payload, *Failure) {
	query := parseQuery(rawQuery(r))
	a, failure := authorizationOf(r, query)
	if failure != nil {
		return nil, nil, failure
	}
	if presignedV2(query) {
		return v.headV2(r, query, a, e)
	}
	payload, failure := payloadOf(r, query, a)
	if a == nil || failure != nil {
		return nil, payload, failure
	}
	p, failure := v.prove(r, query, a, e, func() (string, bool) { return payload.Declared, true })
	if failure != nil {
		return nil, nil, failure
	}
	if payload.signed {
		payload.chain = p.chain(a)
	}
	return &p.Identity, payload, nil
}

// headV2 is VerifyHead for presigned URLs of Version 2.
func (v *Verifier) headV2(r *http.Request, query []parameter, a *authorization, e Expect) (*Identity, *Payload, *Failure) {
	if a != nil {
		return nil, nil, refused(errArgument(textTwoSignatures, "Authorization", ""))
	}
	payload, failure := payloadOf(r, query, &authorization{presigned: true})
	if failure != nil {
		return nil, nil, failure
	}
	who, failure := v.verifyV2(r, query, e)
	if failure != nil {
		return nil, nil, failure
	}
	return who, payload, nil
}

// proof is a signature that verified, with what signs the rest of the body.
type proof struct {
	Identity
	key   signingKey
	scope scope
	// canonical is the canonical request; of S3 only.
	canonical string
}

// prove checks all that the headers can tell, in AWS's order. payload gives the
// last line of the canonical request; false when the body is not what it says.
func (v *Verifier) prove(r *http.Request, query []parameter, a *authorization, e Expect, payload func() (string, bool)) (_ *proof, failure *Failure) {
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
		return nil, incomplete("Unsupported AWS 'algorithm': '%s' (only AWS4-HMAC-SHA256 for now). ", a.algorithm).inS3(a.errAlgorithm())
	}
	s, failure := a.scope(e)
	if failure != nil {
		return nil, failure
	}
	credential, kind := v.lookup(r.Context(), s.accessKeyID, a.token)
	if failure := refuseKind(kind); failure != nil {
		return nil, failure.inS3(errKey(kind, s.accessKeyID))
	}
	p := &proof{scope: s, Identity: Identity{
		Owner: credential.Owner, AccessKeyID: s.accessKeyID,
		Service: s.service, Region: s.callRegion(e.Service), Presigned: a.presigned, Time: a.time, Version: Version4,
	}}
	line, ok := payload()
	if credential.Secret == "" || !ok {
		return nil, mismatch(textMismatch)
	}
	if failure := v.compare(p, r, query, a, e, credential.Secret, line); failure != nil {
		return nil, failure
	}
	return p, nil
}

// compare computes the signature and compares it in constant time.
func (v *Verifier) compare(p *proof, r *http.Request, query []parameter, a *authorization, e Expect, secret, payload string) *Failure {
	buffer, _ := v.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	canonical, ok := appendCanonical((*buffer)[:0], r, pathRuleOf(e.Service), query, a.signedHeaders, payload)
	if !ok {
		return mismatch(textMismatch)
	}
	id := keyIDOf(secret, p.scope)
	key, cached := v.keys.get(id)
	if !cached {
		key = derive(secret, p.scope)
	}
	want := sign(key, a.time, p.scope, canonical)
	equal := hmac.Equal(want[:], []byte(a.signature))
	// Only a key that verified is kept, so that nobody can push others out.
	if equal && !cached {
		v.keys.put(id, key)
	}
	p.key = key
	if IsS3(e.Service) {
		p.canonical = string(canonical)
	}
	if cap(canonical) <= largestKeptBuffer {
		*buffer = canonical
		v.buffers.Put(buffer)
	}
	if !equal {
		return p.mismatch(a, e)
	}
	return nil
}

// mismatch is the refusal of a signature that is not the one computed.
func (p *proof) mismatch(a *authorization, e Expect) *Failure {
	f := mismatch(textMismatch)
	if !IsS3(e.Service) {
		return f
	}
	return f.inS3(errMismatch(p.scope.accessKeyID, a.signature, p.canonical, stringToSign(nil, a.time, p.scope, []byte(p.canonical))))
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
		return &Failure{reason: expired, text: "The security token included in the request is expired"}
	default:
		return &Failure{reason: badKey, text: "The security token included in the request is invalid."}
	}
}

// amzTime is the form of dates in signatures.
const amzTime = "20060102T150405Z"

func format(t time.Time) string { return t.UTC().Format(amzTime) }
