package sigv4

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// signingS3 is the service of S3's credential scopes.
const signingS3 = "s3"

// IsS3 says whether requests of a service are signed by S3's rules: the path is
// encoded once and never normalised, the body is described by a header, and a
// request may be unsigned.
func IsS3(s *api.Service) bool { return s != nil && s.SigningName == signingS3 }

// isoTime is the form of times in S3's errors.
const isoTime = "2006-01-02T15:04:05Z"

// freshInS3 refuses a header signed more than 15 minutes away, and a presigned
// URL that has expired or is not valid yet.
func (a *authorization) freshInS3(now time.Time) *Failure {
	if a.presigned {
		return a.unexpired(now)
	}
	if d := now.Sub(a.time); d > limits.ClockSkew || d < -limits.ClockSkew {
		return mismatch("").inS3(s3Error(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
			"RequestTime", a.date, "ServerTime", now.UTC().Format(isoTime), "MaxAllowedSkewMilliseconds", limits.ClockSkew.Milliseconds()))
	}
	return nil
}

// unexpired holds a presigned URL to X-Amz-Expires: seconds, 0 to a week.
func (a *authorization) unexpired(now time.Time) *Failure {
	seconds, err := strconv.ParseInt(a.expires, 10, 64)
	switch {
	case a.expires == "":
		return incomplete("").inS3(errQuery(textQueryParts))
	case err != nil:
		return incomplete("").inS3(errQuery("X-Amz-Expires should be a number"))
	case seconds < 0:
		return incomplete("").inS3(errQuery("X-Amz-Expires must be non-negative"))
	case seconds > limits.PresignedExpires:
		return incomplete("").inS3(errQuery("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"))
	}
	ends := a.time.Add(time.Duration(seconds) * time.Second)
	if now.After(ends) {
		return mismatch("").inS3(errDenied("Request has expired",
			"X-Amz-Expires", seconds, "Expires", ends.Format(isoTime), "ServerTime", now.UTC().Format(isoTime)))
	}
	if a.time.After(now.Add(limits.ClockSkew)) {
		return mismatch("").inS3(errDenied("Request is not yet valid",
			"X-Amz-Date", a.time.UnixMilli(), "Expires", ends.Format(isoTime), "ServerTime", now.UTC().Format(isoTime)))
	}
	return nil
}

// ScopeService is the service that a request says it was signed for; signed is
// false when it carries no signature. Nothing of it is proven.
func ScopeService(r *http.Request) (service string, signed bool) {
	query := parseQuery(rawQuery(r))
	a, failure := authorizationOf(r, query)
	if a == nil {
		return "", failure != nil
	}
	if parts := strings.Split(a.credential, "/"); len(parts) == 5 {
		service = parts[3]
	}
	return service, true
}

// Meant is a request to S3 as its signer meant it: presigners move x-amz-*
// headers to the query, where S3 reads them as if they were headers. A header
// that is there as well stays: it had to be signed too. The result is for those
// who act on the request; verify r itself.
func Meant(r *http.Request) *http.Request {
	query := parseQuery(rawQuery(r))
	old := presignedV2(query)
	if !old && !has(query, "X-Amz-Signature") {
		return r
	}
	meant := r
	for _, p := range query {
		name := strings.ToLower(p.name)
		header := strings.HasPrefix(name, "x-amz-") || old && (name == "content-type" || name == "content-md5")
		if !header || ofSignature(name) || r.Header.Get(name) != "" {
			continue
		}
		if meant == r {
			meant = r.WithContext(r.Context())
			meant.Header = r.Header.Clone()
		}
		value, _ := find([]parameter{p}, p.name)
		meant.Header.Add(name, value)
	}
	return meant
}

// ofSignature are the parameters that are about the signature itself.
func ofSignature(name string) bool {
	switch name {
	case "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders",
		"x-amz-signature", "x-amz-security-token", "x-amz-content-sha256":
		return true
	}
	return false
}
