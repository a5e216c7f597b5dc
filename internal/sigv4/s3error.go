package sigv4

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// S3's refusals. Texts, codes and members are those that public reports and
// OpenStack Swift's tests against AWS (test/s3api/test_input_errors.py) show;
// where neither does, the comment says so.

// s3Error makes an error of S3; members are names and values in turn.
func s3Error(status int, code, text string, members ...any) *api.Error {
	e := &api.Error{Code: code, Status: status, Fault: api.Client, Message: text}
	for i := 0; i+1 < len(members); i += 2 {
		if e.Members == nil {
			e.Members = map[string]any{}
		}
		e.Members[members[i].(string)] = members[i+1]
	}
	return e
}

// inS3Words is the failure as S3 says it.
func (f *Failure) inS3Words() *api.Error {
	if f.s3 != nil {
		return f.s3
	}
	switch f.reason {
	case malformed:
		return errHeader("the authorization header requires three components: Credential, SignedHeaders, and Signature.")
	case badKey:
		return s3Error(403, "InvalidAccessKeyId", textNoKey)
	case badSignature:
		return s3Error(403, "SignatureDoesNotMatch", textNoMatch)
	case expired:
		return s3Error(400, "ExpiredToken", "The provided token has expired.")
	}
	return errDenied("Access Denied")
}

const (
	textNoKey      = "The AWS Access Key Id you provided does not exist in our records."
	textNoMatch    = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
	textQueryParts = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)

func errDenied(text string, members ...any) *api.Error {
	return s3Error(403, "AccessDenied", text, members...)
}

func errHeader(text string) *api.Error {
	return s3Error(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; "+text)
}

func errQuery(text string) *api.Error {
	return s3Error(400, "AuthorizationQueryParametersError", text)
}

func errArgument(text, name, value string) *api.Error {
	return s3Error(400, "InvalidArgument", text, "ArgumentName", name, "ArgumentValue", value)
}

func errDate() *api.Error {
	return errDenied("AWS authentication requires a valid Date or x-amz-date header")
}

func errNotSigned(names string) *api.Error {
	return errDenied("There were headers present in the request which were not signed", "HeadersNotSigned", names)
}

// errAuthorization is what is wrong with a header whose parts cannot be told.
// The header itself is not repeated: it may carry a password.
func errAuthorization(algorithmName, header string) *api.Error {
	switch algorithmName {
	case algorithm:
		if !strings.Contains(header, "Credential=") || !strings.Contains(header, "Signature=") {
			return errHeader("the authorization header requires three components: Credential, SignedHeaders, and Signature.")
		}
		return errHeader("the authorization component is malformed.") // AWS names the component
	case "AWS": // Signature Version 2
		return s3Error(400, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
	}
	return s3Error(400, "InvalidArgument", "Unsupported Authorization Type", "ArgumentName", "Authorization")
}

// errAlgorithm is the refusal of an algorithm whose parts are all there.
func (a *authorization) errAlgorithm() *api.Error {
	if a.presigned {
		return errQuery(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"`)
	}
	return errAuthorization(a.algorithm, "")
}

// errCredential says what is wrong with the credential, where it stood.
func (a *authorization) errCredential(text string) *api.Error {
	if a.presigned {
		return errQuery("Error parsing the X-Amz-Credential parameter; " + text)
	}
	return errHeader(text)
}

// errScope names the first thing that is wrong with a scope. Whether its region
// is the bucket's is for S3 to say.
func (a *authorization) errScope(s scope, end string) *api.Error {
	switch day := a.time.Format("20060102"); {
	case s.date != day && a.presigned:
		return errQuery(fmt.Sprintf("Invalid credential date %q. This date is not the same as X-Amz-Date: %q.", s.date, day))
	case s.date != day:
		return errHeader(fmt.Sprintf("Invalid credential date %q. This date is not the same as X-Amz-Date: %q.", s.date, day))
	case s.service != signingS3:
		return a.errCredential(fmt.Sprintf("incorrect service %q. This endpoint belongs to %q.", s.service, signingS3))
	case end != terminator:
		return a.errCredential(fmt.Sprintf("incorrect terminal %q. This endpoint uses %q.", end, terminator))
	}
	e := a.errCredential(fmt.Sprintf("the region '%s' is wrong; expecting '%s'", s.region, globalRegion))
	e.Members = map[string]any{"Region": globalRegion}
	return e
}

// errKey is the refusal of a key that may not sign.
func errKey(k Kind, accessKeyID string) *api.Error {
	switch k {
	case Expired:
		return nil // told by the reason
	case TokenInvalid:
		return s3Error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	}
	return s3Error(403, "InvalidAccessKeyId", textNoKey, "AWSAccessKeyId", accessKeyID)
}

// errMismatch shows what was signed here, as S3 does: it is made of the
// request alone.
func errMismatch(accessKeyID, given, canonical string, toSign []byte) *api.Error {
	return s3Error(403, "SignatureDoesNotMatch", textNoMatch,
		"AWSAccessKeyId", accessKeyID, "SignatureProvided", given,
		"StringToSign", string(toSign), "StringToSignBytes", fmt.Sprintf("% x", toSign),
		"CanonicalRequest", canonical, "CanonicalRequestBytes", fmt.Sprintf("% x", canonical))
}
