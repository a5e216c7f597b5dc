package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/sallyport/sallyport/internal/api"
)

// chain are the signatures of a body sent in pieces: each covers the one before
// it, the first one the signature of the request ("Signature Calculations for
// the Authorization Header: Transferring Payload in Multiple Chunks").
type chain struct {
	key       signingKey
	time      time.Time
	scope     scope
	last      string
	canonical string // of the request, to be shown
	toSign    []byte
}

func (p *proof) chain(a *authorization) *chain {
	return &chain{key: p.key, time: a.time, scope: p.scope, last: a.signature, canonical: p.canonical}
}

const (
	whatChunk   = "AWS4-HMAC-SHA256-PAYLOAD"
	whatTrailer = "AWS4-HMAC-SHA256-TRAILER"
)

// chunk verifies the next chunk: data signed by given.
func (c *chain) chunk(data []byte, given string) *api.Error {
	hash := sha256.Sum256(data)
	c.begin(whatChunk)
	c.toSign = append(c.toSign, emptyHash+"\n"...)
	c.toSign = hex.AppendEncode(c.toSign, hash[:])
	return c.verify(given)
}

// trailer verifies the trailers, in canonical form.
func (c *chain) trailer(canonical, given string) *api.Error {
	hash := sha256.Sum256([]byte(canonical))
	c.begin(whatTrailer)
	c.toSign = hex.AppendEncode(c.toSign, hash[:])
	return c.verify(given)
}

func (c *chain) begin(what string) {
	c.toSign = appendSigned(c.toSign[:0], what, c.time, c.scope)
	c.toSign = append(c.toSign, c.last...)
	c.toSign = append(c.toSign, '\n')
}

// verify compares in constant time; what was given is the next link.
func (c *chain) verify(given string) *api.Error {
	want := signature(c.key, c.toSign)
	if !hmac.Equal(want[:], []byte(given)) {
		return errMismatch(c.scope.accessKeyID, given, c.canonical, c.toSign)
	}
	c.last = given
	return nil
}
