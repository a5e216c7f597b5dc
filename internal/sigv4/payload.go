package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// What X-Amz-Content-Sha256 may say in place of a hash.
const (
	unsignedPayload  = "UNSIGNED-PAYLOAD"
	unsignedTrailers = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	signedChunks     = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedTrailers   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

// payloadHash is the last line of the canonical request: the hash of the body,
// in hexadecimal. header is X-Amz-Content-Sha256, empty when not given; ok is
// false when it does not describe the body. Chunked (STREAMING-...) payloads
// are S3's alone and describe no body here; neither does an unsigned one, but
// where there is no body that could have been changed.
func payloadHash(header string, body []byte) (hash string, ok bool) {
	if header == unsignedPayload {
		return header, len(body) == 0
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

// Payload is what the headers of a request to S3 say of its body.
type Payload struct {
	// Length is how long the body is once decoded, in bytes.
	Length int64

	// Declared is what the request says of its body: the last line of the
	// canonical request.
	Declared string
	// digest says that the body is hashed and must be what is declared; chunked
	// that it is in aws-chunked framing, signed that each chunk has a signature
	// by chain, and trailers that more may follow the last chunk.
	digest, chunked, signed, trailers bool
	// trailer is the name of the one trailer that has to come, empty for none.
	trailer string
	chain   *chain
}

const textPayloads = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value."

// payloadOf reads the headers that describe the body; a is nil for a request
// without a signature. Whoever signs a header must describe the body; others
// may leave it out.
func payloadOf(r *http.Request, query []parameter, a *authorization) (*Payload, *Failure) {
	p := &Payload{Length: r.ContentLength, Declared: r.Header.Get("X-Amz-Content-Sha256")}
	presigned := a != nil && a.presigned
	if p.Declared == "" && presigned {
		p.Declared, _ = find(query, "X-Amz-Content-Sha256")
	}
	switch {
	case p.Declared == "" && a != nil && !presigned:
		return nil, refused(s3Error(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"))
	case p.Declared == "":
		p.Declared = unsignedPayload
	case p.Declared == unsignedPayload:
	case isSHA256(p.Declared):
		p.digest = true
	case !strings.HasPrefix(p.Declared, "STREAMING-"):
		return nil, refused(errArgument(textPayloads, "x-amz-content-sha256", p.Declared))
	case presigned:
		p.digest = true // seen of AWS: taken for a hash, which no body has
	default:
		return p.framed(r, a)
	}
	if p.Length < 0 {
		return nil, refused(s3Error(501, "NotImplemented", "A header you provided implies functionality that is not implemented", "Header", "Transfer-Encoding"))
	}
	return p, nil
}

// framed reads what is said of a body in aws-chunked framing.
func (p *Payload) framed(r *http.Request, a *authorization) (*Payload, *Failure) {
	p.chunked = true
	switch p.Declared {
	case unsignedTrailers:
		p.trailers = true
	case signedChunks:
		p.signed = true
	case signedTrailers:
		p.signed, p.trailers = true, true
	case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER":
		return nil, refused(s3Error(501, "NotImplemented", "A header you provided implies functionality that is not implemented", "Header", "x-amz-content-sha256"))
	default:
		return nil, refused(errArgument(textPayloads, "x-amz-content-sha256", p.Declared))
	}
	if p.signed && a == nil { // the text is from memory of public reports
		return nil, refused(s3Error(400, "InvalidRequest", "Anonymous requests don't support this x-amz-content-sha256 format. Please use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER."))
	}
	length, err := strconv.ParseUint(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 63)
	if err != nil {
		return nil, refused(s3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header."))
	}
	p.Length = int64(length)
	var failure *api.Error
	if p.trailers {
		p.trailer, failure = trailerName(strings.Join(r.Header.Values("X-Amz-Trailer"), ","))
	}
	if failure != nil {
		return nil, refused(failure)
	}
	return p, nil
}

// refused is a failure that only S3 knows.
func refused(e *api.Error) *Failure { return mismatch("").inS3(e) }

// trailerName reads X-Amz-Trailer: one checksum, with commas after it at most.
func trailerName(header string) (string, *api.Error) {
	header = strings.ToLower(strings.TrimRight(strings.TrimSpace(header), ","))
	if header == "" {
		return "", nil
	}
	names := strings.Split(header, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if !isChecksum(names[i]) {
			return "", s3Error(400, "InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
		}
	}
	if len(names) > 1 {
		return "", s3Error(400, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
	}
	return names[0], nil
}

// isChecksum are the checksums of S3's model; the service compares them.
func isChecksum(name string) bool {
	kind, ok := strings.CutPrefix(name, "x-amz-checksum-")
	switch kind {
	case "crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512", "md5", "xxhash3", "xxhash64", "xxhash128":
		return ok
	}
	return false
}

// isSHA256 says whether text is a hash, in hexadecimal of either case.
func isSHA256(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == sha256.Size
}
