package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

const algorithm = "AWS4-HMAC-SHA256"

// authorization is what a request says of its own signature, unproven.
type authorization struct {
	presigned  bool
	algorithm  string
	credential string
	// signedHeaders is the list as given: the signature covers its spelling.
	signedHeaders string
	signature     string
	// token is the session token, empty for none.
	token string
	// date is the text of the date; time is what it says, once parsed.
	date string
	time time.Time
	// expires is X-Amz-Expires of a presigned URL, empty when not given.
	expires string
}

// authorizationOf reads the signature's parts from header or query. Both
// results are nil when the request has neither.
func authorizationOf(r *http.Request, query []parameter) (*authorization, *Failure) {
	headers := r.Header.Values("Authorization")
	presigned := has(query, "X-Amz-Algorithm") || has(query, "X-Amz-Credential") || has(query, "X-Amz-Signature")
	switch {
	case len(headers) == 0 && !presigned:
		return nil, nil
	case len(headers) > 1 || len(headers) == 1 && presigned:
		// S3's text; which of two signatures the others would take is not known.
		return nil, incomplete(textTwoSignatures).inS3(errArgument(textTwoSignatures, "Authorization", headers[0]))
	case presigned:
		return fromQuery(query)
	default:
		return fromHeader(r, headers[0], query)
	}
}

const textTwoSignatures = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"

// fromHeader reads "ALGORITHM Credential=..., SignedHeaders=..., Signature=...".
// The session token is a header, or else a query parameter.
func fromHeader(r *http.Request, header string, query []parameter) (*authorization, *Failure) {
	a := &authorization{token: r.Header.Get("X-Amz-Security-Token")}
	if a.token == "" {
		a.token, _ = find(query, "X-Amz-Security-Token")
	}
	name, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	inS3 := errAuthorization(name, header)
	if strings.Contains(name, "=") {
		return nil, incomplete("Authorization header must begin with the algorithm name, which cannot include an equal-sign").inS3(inS3)
	}
	a.algorithm = name
	for rest = trimSeparators(rest); rest != ""; {
		end := strings.IndexAny(rest, separators)
		if end < 0 {
			end = len(rest)
		}
		key, value, pair := strings.Cut(rest[:end], "=")
		if !pair {
			return nil, incomplete("Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '%s'.", hashed(header)).inS3(inS3)
		}
		if !a.set(key, value) {
			// AWS's own text for a part given twice is not known.
			return nil, incomplete("Authorization header has more than one '%s' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=%s", key, hashed(header)).inS3(inS3)
		}
		rest = trimSeparators(rest[end:])
	}
	if a.date = r.Header.Get("X-Amz-Date"); a.date == "" {
		a.date = r.Header.Get("Date")
	}
	if missing := a.missingInHeader(); missing != "" {
		if a.credential != "" && a.signature != "" && a.signedHeaders != "" {
			inS3 = errDate()
		}
		return nil, incomplete("%s(Hashed with SHA-256 and encoded with Base64) Authorization=%s", missing, hashed(header)).inS3(inS3)
	}
	return a, nil
}

const separators = ", \t"

func trimSeparators(s string) string { return strings.TrimLeft(s, separators) }

// set takes one part; false when it was given before. Parts of other names say nothing.
func (a *authorization) set(key, value string) bool {
	var part *string
	switch key {
	case "Credential":
		part = &a.credential
	case "SignedHeaders":
		part = &a.signedHeaders
	case "Signature":
		part = &a.signature
	default:
		return true
	}
	if *part != "" {
		return false
	}
	*part = value
	return true
}

func (a *authorization) missingInHeader() string {
	var missing strings.Builder
	for _, part := range []struct{ name, value string }{
		{"Credential", a.credential}, {"Signature", a.signature}, {"SignedHeaders", a.signedHeaders},
	} {
		if part.value == "" {
			missing.WriteString("Authorization header requires '" + part.name + "' parameter. ")
		}
	}
	if a.date == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	return missing.String()
}

// fromQuery reads the parameters of a presigned URL. The session token of a
// presigned URL stands in its query, where it is signed; one appended
// afterwards changes what was signed and so never verifies.
func fromQuery(query []parameter) (*authorization, *Failure) {
	a := &authorization{presigned: true}
	parts := []struct {
		name     string
		part     *string
		required bool
	}{
		{"X-Amz-Algorithm", &a.algorithm, true},
		{"X-Amz-Credential", &a.credential, true},
		{"X-Amz-Signature", &a.signature, true},
		{"X-Amz-SignedHeaders", &a.signedHeaders, true},
		{"X-Amz-Date", &a.date, true},
		{"X-Amz-Expires", &a.expires, false},
		{"X-Amz-Security-Token", &a.token, false},
	}
	var missing strings.Builder
	for _, p := range parts {
		value, times := find(query, p.name)
		if times > 1 {
			// AWS's own text for a part given twice is not known.
			return nil, incomplete("AWS query-string parameters must include '%s' only once. Re-examine the query-string parameters.", p.name).inS3(errQuery(textQueryParts))
		}
		if *p.part = value; value == "" && p.required {
			missing.WriteString("AWS query-string parameters must include '" + p.name + "'. ")
		}
	}
	if missing.Len() > 0 {
		return nil, incomplete("%sRe-examine the query-string parameters.", missing.String()).inS3(errQuery(textQueryParts))
	}
	return a, nil
}

// hashed stands in for a header in a text, as seen of AWS since 2025 (it printed
// the header itself before): an Authorization header may carry a password.
func hashed(header string) string {
	sum := sha256.Sum256([]byte(header))
	return base64.StdEncoding.EncodeToString(sum[:])
}
