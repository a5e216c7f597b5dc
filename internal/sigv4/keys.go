package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// signingKey is a secret derived for one day, region and service.
type signingKey [sha256.Size]byte

// keyID names a signing key. The secret stands in it as a digest: a key whose
// secret changed is another one.
type keyID struct {
	secret                [sha256.Size]byte
	date, region, service string
}

// keyIDOf borrows the scope's strings; put copies them.
func keyIDOf(secret string, s scope) keyID {
	return keyID{sha256.Sum256([]byte(secret)), s.date, s.region, s.service}
}

// keyCache keeps derived keys, so that a warm request costs one HMAC in place of
// five. It is bounded; which key makes room for a new one is left to chance.
type keyCache struct {
	mu   sync.Mutex
	keys map[keyID]signingKey
}

func newKeyCache() keyCache { return keyCache{keys: map[keyID]signingKey{}} }

func (c *keyCache) get(id keyID) (signingKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok := c.keys[id]
	return key, ok
}

func (c *keyCache) put(id keyID, key signingKey) {
	// The strings are parts of a request, which must not live as long as the key.
	id.date, id.region, id.service = strings.Clone(id.date), strings.Clone(id.region), strings.Clone(id.service)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= limits.SigningKeys {
		for victim := range c.keys {
			delete(c.keys, victim)
			break
		}
	}
	c.keys[id] = key
}

// derive makes the signing key of a scope.
func derive(secret string, s scope) signingKey {
	key := mac([]byte("AWS4"+secret), []byte(s.date))
	key = mac(key[:], []byte(s.region))
	key = mac(key[:], []byte(s.service))
	return mac(key[:], []byte(terminator))
}

// sign gives the signature of a canonical request, in lower-case hexadecimal.
func sign(key signingKey, t time.Time, s scope, canonical []byte) [2 * sha256.Size]byte {
	var room [256]byte
	return signature(key, stringToSign(room[:0], t, s, canonical))
}

// stringToSign appends what is signed of a canonical request.
func stringToSign(b []byte, t time.Time, s scope, canonical []byte) []byte {
	hash := sha256.Sum256(canonical)
	b = appendSigned(b, algorithm, t, s)
	return hex.AppendEncode(b, hash[:])
}

// appendSigned appends how everything that is signed begins: what it is, when
// and for what it was signed.
func appendSigned(b []byte, what string, t time.Time, s scope) []byte {
	b = append(b, what...)
	b = append(b, '\n')
	b = t.AppendFormat(b, amzTime)
	for _, part := range []string{"\n", s.date, "/", s.region, "/", s.service, "/" + terminator + "\n"} {
		b = append(b, part...)
	}
	return b
}

func signature(key signingKey, toSign []byte) (text [2 * sha256.Size]byte) {
	sum := mac(key[:], toSign)
	hex.Encode(text[:], sum[:])
	return text
}

func mac(key, message []byte) (sum signingKey) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}
