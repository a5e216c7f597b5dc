package sigv4

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/api"
)

// Failure is why a request's signature was not accepted. It becomes an error
// once it is known in which service's words to say it.
type Failure struct {
	reason reason
	text   string
	// s3 is what S3 says of it, where that is not told by the reason alone.
	s3 *api.Error
}

// inS3 adds S3's own words for a failure: they share nothing with those of the
// other services.
func (f *Failure) inS3(e *api.Error) *Failure {
	f.s3 = e
	return f
}

type reason uint8

const (
	unsigned reason = iota
	malformed
	badKey
	badSignature
	expired
)

const textMismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Unsigned is the failure of a request that had to be signed and was not.
func Unsigned() *Failure {
	return &Failure{reason: unsigned, text: "Request is missing Authentication Token"}
}

func incomplete(text string, args ...any) *Failure {
	return &Failure{reason: malformed, text: fmt.Sprintf(text, args...)}
}

func mismatch(text string, args ...any) *Failure {
	return &Failure{reason: badSignature, text: fmt.Sprintf(text, args...)}
}

// code is what a protocol calls a failure, and its HTTP status.
type code struct {
	code   string
	status int
}

// queryCode is what IAM and STS say.
func queryCode(r reason) code {
	return [...]code{
		unsigned:     {"MissingAuthenticationToken", 403},
		malformed:    {"IncompleteSignature", 400},
		badKey:       {"InvalidClientTokenId", 403},
		badSignature: {"SignatureDoesNotMatch", 403},
		expired:      {"ExpiredToken", 403},
	}[r]
}

// jsonCode is what Logs says, always with status 400. Lambda says the same with
// 403 (that of IncompleteSignatureException was not seen there).
func jsonCode(r reason) code {
	return [...]code{
		unsigned:     {"MissingAuthenticationTokenException", 400},
		malformed:    {"IncompleteSignatureException", 400},
		badKey:       {"UnrecognizedClientException", 400},
		badSignature: {"InvalidSignatureException", 400},
		expired:      {"ExpiredTokenException", 400},
	}[r]
}

// Error is the failure as service says it in a protocol; a nil service is one
// that could not be told, answered like Lambda (facts/sts.md section 6, last
// table). A service that speaks JSON and query (SQS) has the codes of both, and
// the statuses of the query protocol.
func (f *Failure) Error(service *api.Service, protocol api.Protocol) *api.Error {
	if IsS3(service) {
		return f.inS3Words()
	}
	text := f.text
	c, member, other := jsonCode(f.reason), "message", ""
	if service == nil {
		protocol = api.RESTJSON
	} else if protocol == api.JSON10 && speaksQuery(service) {
		q := queryCode(f.reason)
		c.status, other = q.status, q.code
	}
	switch protocol {
	case api.EC2Query:
		return f.inEC2Words()
	case api.Query, api.RESTXML:
		c, member = queryCode(f.reason), ""
	case api.RESTJSON:
		c.status = 403
		if f.reason == unsigned {
			text = "Missing Authentication Token"
		}
	}
	return &api.Error{Code: c.code, QueryCode: other, Status: c.status, Fault: api.Client, Message: text, MessageMember: member}
}

// inEC2Words is the failure as EC2 says it ("Error codes for the Amazon EC2 API";
// AuthFailure stands for every key or signature that is wrong, seen in many
// public reports).
func (f *Failure) inEC2Words() *api.Error {
	c, text := queryCode(f.reason), f.text
	switch f.reason {
	case badKey, badSignature:
		c, text = code{"AuthFailure", 401}, "AWS was not able to validate the provided access credentials"
	case expired:
		c, text = code{"RequestExpired", 400}, "Request has expired."
	}
	return &api.Error{Code: c.code, Status: c.status, Fault: api.Client, Message: text}
}
