package sigv4

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
)

// TestCodes is the last table of facts/sts.md section 6.
func TestCodes(t *testing.T) {
	incompleteText := "Unsupported AWS 'algorithm': 'x' (only AWS4-HMAC-SHA256 for now). "
	for _, c := range []struct {
		failure             *Failure
		query, json, lambda string
	}{
		{Unsigned(),
			"403 MissingAuthenticationToken: Request is missing Authentication Token",
			"400 MissingAuthenticationTokenException: Request is missing Authentication Token",
			"403 MissingAuthenticationTokenException: Missing Authentication Token"},
		{incomplete("%s", incompleteText),
			"400 IncompleteSignature: " + incompleteText,
			"400 IncompleteSignatureException: " + incompleteText,
			"403 IncompleteSignatureException: " + incompleteText},
		{refuseKind(Unknown),
			"403 InvalidClientTokenId: The security token included in the request is invalid.",
			"400 UnrecognizedClientException: The security token included in the request is invalid.",
			"403 UnrecognizedClientException: The security token included in the request is invalid."},
		{mismatch(textMismatch),
			"403 SignatureDoesNotMatch: " + textMismatch,
			"400 InvalidSignatureException: " + textMismatch,
			"403 InvalidSignatureException: " + textMismatch},
		{refuseKind(Expired),
			"403 ExpiredToken: The security token included in the request is expired",
			"400 ExpiredTokenException: The security token included in the request is expired",
			"403 ExpiredTokenException: The security token included in the request is expired"},
	} {
		for _, s := range []struct {
			service *api.Service
			want    string
			member  string
		}{{stsAPI, c.query, ""}, {logsAPI, c.json, "message"}, {lambdaAPI, c.lambda, "message"}, {nil, c.lambda, "message"}} {
			protocol := api.RESTJSON
			if s.service != nil {
				protocol = s.service.Protocol
			}
			e := c.failure.Error(s.service, protocol)
			if got := fmt.Sprintf("%d %s", e.Status, e.Error()); got != s.want || e.Fault != api.Client || e.MessageMember != s.member {
				t.Errorf("got %s (%s), want %s", got, e.MessageMember, s.want)
			}
		}
	}
	sqs := &api.Service{ID: "sqs", SigningName: "sqs", Protocol: api.JSON10, Also: []api.Protocol{api.Query}}
	for protocol, want := range map[api.Protocol]string{api.JSON10: "403 UnrecognizedClientException InvalidClientTokenId", api.Query: "403 InvalidClientTokenId "} {
		if e := refuseKind(Unknown).Error(sqs, protocol); fmt.Sprintf("%d %s %s", e.Status, e.Code, e.QueryCode) != want {
			t.Errorf("SQS in %s: %d %s %s", protocol, e.Status, e.Code, e.QueryCode)
		}
	}
	for _, k := range []Kind{Inactive, TokenInvalid, 99} {
		if got := refuseKind(k); *got != *refuseKind(Unknown) {
			t.Errorf("kind %d tells more than that the key is no good: %v", k, got)
		}
	}
}

// TestCodesOfEC2: one for every key or signature that is no good.
func TestCodesOfEC2(t *testing.T) {
	ec2 := &api.Service{ID: "ec2", SigningName: "ec2", Protocol: api.EC2Query}
	for _, c := range []struct {
		failure *Failure
		want    string
	}{
		{Unsigned(), "403 MissingAuthenticationToken: Request is missing Authentication Token"},
		{refuseKind(Unknown), "401 AuthFailure: AWS was not able to validate the provided access credentials"},
		{mismatch(textMismatch), "401 AuthFailure: AWS was not able to validate the provided access credentials"},
		{refuseKind(Expired), "400 RequestExpired: Request has expired."},
	} {
		if e := c.failure.Error(ec2, ec2.Protocol); fmt.Sprintf("%d %s", e.Status, e.Error()) != c.want || e.Fault != api.Client {
			t.Errorf("got %d %s, want %s", e.Status, e.Error(), c.want)
		}
	}
}

// TestMalformed are headers and queries that cannot be read. The order of what
// is missing is AWS's.
func TestMalformed(t *testing.T) {
	const (
		credential = "Credential=AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request"
		rest       = ", SignedHeaders=host, Signature=0"
		needs      = "Authorization header requires "
		noDate     = needs + "existence of either a 'X-Amz-Date' or a 'Date' header. "
		include    = "AWS query-string parameters must include "
	)
	shown := func(header string) string {
		return "(Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(header)
	}
	for _, c := range []struct{ name, header, date, query, want string }{
		{"algorithm only", "AWS4-HMAC-SHA256", "", "", needs + "'Credential' parameter. " + needs + "'Signature' parameter. " + needs + "'SignedHeaders' parameter. " + noDate + shown("AWS4-HMAC-SHA256")},
		{"empty", "", "", "", needs + "'Credential' parameter. " + needs + "'Signature' parameter. " + needs + "'SignedHeaders' parameter. " + noDate + shown("")},
		{"no date", "AWS4-HMAC-SHA256 " + credential + rest, "", "", noDate + shown("AWS4-HMAC-SHA256 "+credential+rest)},
		{"empty signature", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=", "20150830T123600Z", "", needs + "'Signature' parameter. " + shown("AWS4-HMAC-SHA256 "+credential+", SignedHeaders=host, Signature=")},
		{"somebody's bearer token", "Bearer c2VjcmV0", "", "", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + hashed("Bearer c2VjcmV0") + "'."},
		{"key with a space before it", "AWS4-HMAC-SHA256 Credential= AKID/20150830/us-east-1/sts/aws4_request" + rest, "20150830T123600Z", "", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + hashed("AWS4-HMAC-SHA256 Credential= AKID/20150830/us-east-1/sts/aws4_request"+rest) + "'."},
		{"no algorithm", credential + rest, "20150830T123600Z", "", "Authorization header must begin with the algorithm name, which cannot include an equal-sign"},
		{"part given twice", "AWS4-HMAC-SHA256 " + credential + rest + ", Signature=1", "20150830T123600Z", "", "Authorization header has more than one 'Signature' parameter. " + shown("AWS4-HMAC-SHA256 "+credential+rest+", Signature=1")},
		{"date in words", "AWS4-HMAC-SHA256 " + credential + rest, "yesterday", "", "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"date in the extended format", "AWS4-HMAC-SHA256 " + credential + rest, "2015-08-30T12:36:00Z", "", "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"date with a fraction", "AWS4-HMAC-SHA256 " + credential + rest, "20150830T123600.5Z", "", "Date must be in ISO-8601 'basic format'. Got '20150830T123600.5Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"date without a second", "AWS4-HMAC-SHA256 " + credential + rest, "20150830T1236.1Z", "", "Date must be in ISO-8601 'basic format'. Got '20150830T1236.1Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"credential of four elements", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/sts/aws4_request" + rest, "20150830T123600Z", "", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20150830/sts/aws4_request'"},
		{"credential of six elements", "AWS4-HMAC-SHA256 " + credential + "/x" + rest, "20150830T123600Z", "", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request/x'"},
		{"region and service wrong, as recorded of STS", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/nowhere/s3/aws4_request" + rest, "20150830T123600Z", "", "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sts'. "},
		{"terminator and day wrong", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150829/us-east-1/sts/aws5" + rest, "20150830T123600Z", "", "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'. "},
		{"presigned with nothing else", "", "", "X-Amz-Signature=", include + "'X-Amz-Algorithm'. " + include + "'X-Amz-Credential'. " + include + "'X-Amz-Signature'. " + include + "'X-Amz-SignedHeaders'. " + include + "'X-Amz-Date'. Re-examine the query-string parameters."},
		{"presigned without a date", "", "20150830T123600Z", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=host", include + "'X-Amz-Date'. Re-examine the query-string parameters."},
		{"presigned with two keys", "", "", "X-Amz-Credential=a&X-Amz-Credential=b", include + "'X-Amz-Credential' only once. Re-examine the query-string parameters."},
		{"presigned with two keys, one spelled another way", "", "", "X-Amz-Credential=a&X%2DAmz-Credential=b", include + "'X-Amz-Credential' only once. Re-examine the query-string parameters."},
		{"presigned with SigV4a", "", "", "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=a%2Fb%2Fc%2Fd&X-Amz-Signature=b&X-Amz-SignedHeaders=host&X-Amz-Date=20150830T123600Z&X-Amz-Region-Set=us-east-1", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequest("GET", "http://h/?"+c.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.query == "" {
				r.Header["Authorization"] = []string{c.header}
			}
			if c.date != "" {
				r.Header.Set("X-Amz-Date", c.date)
			}
			who, failure := verifierAt(signingTime).Verify(r, nil, Expect{Service: stsAPI})
			if who != nil || failure == nil {
				t.Fatalf("verified: %v", who)
			}
			if failure.text != c.want {
				t.Errorf("got  %s\nwant %s", failure.text, c.want)
			}
			if strings.HasPrefix(failure.text, "Credential should") != (failure.reason == badSignature) {
				t.Errorf("reason %d", failure.reason)
			}
		})
	}
}
