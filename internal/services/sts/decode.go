package sts

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/api"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// deflatedMessage is the first byte of an encoded message: a sealedMessage as
// JSON, deflated. Another form gets another number.
const deflatedMessage = 1

// sealedMessage is what an encoded message holds.
type sealedMessage struct {
	// Account may have it decoded.
	Account string `json:"a"`
	Message string `json:"m"`
}

// encoding is that of messages: AWS's have - and _, and no padding.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

func messageSealer(key []byte) (*sealer, error) {
	own, err := hkdf.Key(sha256.New, key, nil, "sallyport authorization message", len(key))
	if err != nil {
		return nil, fmt.Errorf("message key: %w", err)
	}
	return newSealer(own)
}

// EncodeDenial implements op.Encoder. The message is never longer than
// DecodeAuthorizationMessage takes.
func (s *Service) EncodeDenial(account string, r *policy.Request, l *policy.Layers) (string, error) {
	for m := newMessage(r, l); ; {
		encoded, err := s.encode(account, m)
		if err != nil || len(encoded) <= limits.EncodedMessage {
			return encoded, err
		}
		if !m.shorten(len(encoded) - limits.EncodedMessage) {
			return "", fmt.Errorf("authorization message of %d characters", len(encoded))
		}
	}
}

func (s *Service) encode(account string, m *authorizationMessage) (string, error) {
	text, err := m.text()
	if err != nil {
		return "", fmt.Errorf("authorization message: %w", err)
	}
	plain, err := json.Marshal(sealedMessage{account, text})
	if err != nil {
		return "", fmt.Errorf("authorization message: %w", err)
	}
	if plain, err = deflate(plain); err != nil {
		return "", fmt.Errorf("authorization message: %w", err)
	}
	return encoding().EncodeToString(s.ring.Load().messages.box(deflatedMessage, plain)), nil
}

// notValid refuses whatever is no message of this server, made for the
// caller's account. AWS does not say which it is (text as reported).
func notValid() *api.Error {
	return stsapi.NewInvalidAuthorizationMessageException("Message is not valid.")
}

// decodeAuthorizationMessage opens what EncodeDenial sealed.
func (s *Service) decodeAuthorizationMessage(ctx context.Context, c *op.Call, in *stsapi.DecodeAuthorizationMessageRequest) (*stsapi.DecodeAuthorizationMessageResponse, error) {
	m, err := s.decode(in.GetEncodedMessage())
	if err != nil && !errors.Is(err, errToken) {
		s.bug.Report(ctx, "decoding an authorization message of our own: %v", err)
	}
	if err != nil || m.Account != c.Account {
		return nil, notValid()
	}
	return &stsapi.DecodeAuthorizationMessageResponse{DecodedMessage: &m.Message}, nil
}

// decode gives back what was sealed, errToken for what was not sealed here.
// Only the canonical encoding counts (the decoder skips line breaks).
func (s *Service) decode(encoded string) (*sealedMessage, error) {
	if len(encoded) > limits.EncodedMessage {
		return nil, errToken
	}
	raw, err := encoding().DecodeString(encoded)
	if err != nil || encoding().EncodedLen(len(raw)) != len(encoded) {
		return nil, errToken
	}
	packing, plain, err := s.ring.Load().messages.unbox(raw)
	if err != nil {
		return nil, err
	}
	if packing != deflatedMessage {
		return nil, fmt.Errorf("packing %d is unknown", packing)
	}
	if plain, err = inflate(plain); err != nil {
		return nil, err
	}
	m := new(sealedMessage)
	return m, json.Unmarshal(plain, m)
}
