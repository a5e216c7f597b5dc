package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
)

const unsignedPayload = "UNSIGNED-PAYLOAD"

// payloadHash is the last line of the canonical request: the hash of the body,
// in hexadecimal. header is X-Amz-Content-Sha256, empty when not given; ok is
// false when it does not describe the body. Chunked (STREAMING-...) payloads
// are S3's alone and describe no body here.
//
// An unsigned payload is accepted where the operation is made for it, and where
// there is no body that could have been changed.
func payloadHash(header string, body []byte, unsignedAllowed bool) (hash string, ok bool) {
	if header == unsignedPayload {
		return header, unsignedAllowed || len(body) == 0
	}
	if header == "" && len(body) == 0 {
		return emptyHash, true
	}
	sum := sha256.Sum256(body)
	hash = hex.EncodeToString(sum[:])
	return hash, header == "" || header == hash
}

// emptyHash is the hash of no body at all.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
