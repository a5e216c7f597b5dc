package sts

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// The first byte of a token says how it is packed, and is authenticated too.
const (
	plainToken    = 1
	deflatedToken = 2
)

const (
	// deflateFrom is the size of a record, in bytes, from which it is deflated:
	// the largest must fit into a request's headers.
	deflateFrom = 2 << 10
	// largestRecord bounds what a token inflates to. We made it, so it is a
	// guard against our own mistakes only.
	largestRecord = 1 << 20
)

// sealed is what a session token says. Members that do not apply are empty.
type sealed struct {
	Kind      tokenKind `json:"k"`
	AccessKey string    `json:"a"`
	Secret    string    `json:"s"`
	Account   string    `json:"c"`
	// PrincipalARN and PrincipalID are the role, or the user behind a user's
	// or federated user's session; the account's root user has its account id.
	PrincipalARN string `json:"p"`
	PrincipalID  string `json:"i"`
	// Name is the session name of a role, or the federated user's name.
	Name           string            `json:"n,omitempty"`
	SourceIdentity string            `json:"si,omitempty"`
	Tags           map[string]string `json:"t,omitempty"`
	Transitive     []string          `json:"tt,omitempty"`
	Policy         string            `json:"pd,omitempty"`
	PolicyARNs     []string          `json:"pa,omitempty"`
	SourceFunction string            `json:"f,omitempty"`
	// Issued and Expires are Unix seconds.
	Issued  int64 `json:"ia"`
	Expires int64 `json:"ea"`
	MFA     bool  `json:"m,omitempty"`
}

// tokenKind says what kind of caller a token stands for. The values are kept in
// tokens: never renumber them.
type tokenKind uint8

const (
	roleToken      tokenKind = 1
	userToken      tokenKind = 2
	rootToken      tokenKind = 3
	federatedToken tokenKind = 4
)

func (t *sealed) issued() time.Time  { return time.Unix(t.Issued, 0).UTC() }
func (t *sealed) expires() time.Time { return time.Unix(t.Expires, 0).UTC() }

// sealer makes and opens tokens, or messages, with one key.
type sealer struct{ aead cipher.AEAD }

// errToken is given for every token we did not make, or not with this key.
var errToken = errors.New("not a session token of this server")

func newSealer(key []byte) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("session token key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("session token key: %w", err)
	}
	return &sealer{aead}, nil
}

// box seals what a token or message says: its first byte, which says how it is
// packed and is authenticated too, a nonce, and the sealed text.
func (s *sealer) box(packing byte, plain []byte) []byte {
	head := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	head[0] = packing
	rand.Read(head[1:])
	return s.aead.Seal(head, head[1:], plain, head[:1])
}

// unbox opens a box of this key; errToken for any other.
func (s *sealer) unbox(box []byte) (packing byte, plain []byte, err error) {
	if len(box) < 1+s.aead.NonceSize()+s.aead.Overhead() {
		return 0, nil, errToken
	}
	nonce, sealed := box[1:1+s.aead.NonceSize()], box[1+s.aead.NonceSize():]
	if plain, err = s.aead.Open(nil, nonce, sealed, box[:1]); err != nil {
		return 0, nil, errToken
	}
	return box[0], plain, nil
}

// seal makes a token: a box of JSON, in base64.
func (s *sealer) seal(t *sealed) (string, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("session token: %w", err)
	}
	packing := byte(plainToken)
	if len(plain) >= deflateFrom {
		packing = deflatedToken
		if plain, err = deflate(plain); err != nil {
			return "", fmt.Errorf("session token: %w", err)
		}
	}
	return base64.StdEncoding.EncodeToString(s.box(packing, plain)), nil
}

// open gives back what was sealed. Only the canonical encoding of a token is
// accepted, so that one session has one token (the decoder skips line breaks).
func (s *sealer) open(token string) (*sealed, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(token)
	if strings.ContainsAny(token, "\r\n") || err != nil {
		return nil, errToken
	}
	packing, plain, err := s.unbox(raw)
	if err != nil {
		return nil, err
	}
	switch packing {
	case plainToken:
	case deflatedToken:
		if plain, err = inflate(plain); err != nil {
			return nil, fmt.Errorf("session token: %w", err)
		}
	default:
		return nil, fmt.Errorf("session token: packing %d is unknown", packing)
	}
	t := new(sealed)
	if err := json.Unmarshal(plain, t); err != nil {
		return nil, fmt.Errorf("session token: %w", err)
	}
	return t, nil
}

func deflate(data ...[]byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, d := range data {
		if _, err := w.Write(d); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// inflate undoes deflate, up to largestRecord.
func inflate(packed []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), largestRecord))
}
