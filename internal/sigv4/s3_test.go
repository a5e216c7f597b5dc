package sigv4

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
)

var s3API = &api.Service{ID: "s3", SigningName: "s3", Protocol: api.RESTXML}

// The key and date of the examples in S3's API reference.
const (
	s3Key    = "AKIAIOSFODNN7EXAMPLE"
	s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var s3Time = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func s3Verifier(at time.Time) *Verifier {
	return New(Config{Clock: clock.NewManual(at), Lookup: func(_ context.Context, key, token string) (Credential, Kind) {
		if key == s3Key && token == "" {
			return Credential{AccessKeyID: key, Secret: s3Secret, Owner: "bucket owner"}, Active
		}
		return lookup(context.Background(), key, token)
	}})
}

// s3Message is a request to S3 that verifies, for tests to spoil.
func s3Message(body string) message {
	return message{
		method: "PUT", target: "http://s3.us-east-1.amazonaws.com/bucket/a/b.txt", body: body,
		header: http.Header{"X-Amz-Content-Sha256": {hexHash([]byte(body))}},
		key:    s3Key, secret: s3Secret, service: "s3", region: "us-east-1", at: s3Time,
	}
}

// signedInS3 signs by S3's rules and without any of the code under test: path
// and query are in canonical form already.
func (m message) signedInS3(t testing.TB, path, query string) *http.Request {
	t.Helper()
	r := m.unsigned(t)
	r.Header.Del("User-Agent")
	r.Header.Set("X-Amz-Date", m.at.Format("20060102T150405Z"))
	headers := map[string]string{"host": r.Host}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") {
			headers[strings.ToLower(name)] = r.Header.Get(name)
		}
	}
	names, signature := reference(m.secret, m.method, path, query, headers, r.Header.Get("X-Amz-Content-Sha256"), r.Header.Get("X-Amz-Date"), m.region, m.service)
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request,SignedHeaders=%s,Signature=%s",
		m.key, m.at.Format("20060102"), m.region, m.service, names, signature))
	return r
}

// open verifies a request and reads its body.
func open(v *Verifier, r *http.Request) (who *Identity, body []byte, stream *api.Stream, failure *api.Error) {
	who, p, f := v.VerifyHead(r, Expect{Service: s3API})
	if f != nil {
		return nil, nil, nil, f.Error(s3API, api.RESTXML)
	}
	stream = p.Open(r.Body)
	body, err := io.ReadAll(stream.Body)
	if err != nil && !errors.As(err, &failure) {
		panic(fmt.Sprintf("the body gives %v, which is no API error", err))
	}
	return who, body, stream, failure
}

// wire is a request as it comes over the wire.
func fromWire(t testing.TB, wire string) *http.Request {
	t.Helper()
	r, body, err := read([]byte(wire))
	if err != nil {
		t.Fatalf("%v: %q", err, wire)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// TestPublishedS3Vectors are the examples of S3's API reference, "Signature
// Calculations for the Authorization Header" and "Using Query Parameters".
func TestPublishedS3Vectors(t *testing.T) {
	const (
		host = "Host: examplebucket.s3.amazonaws.com\r\n"
		date = "X-Amz-Date: 20130524T000000Z\r\n"
		none = "X-Amz-Content-Sha256: " + emptyHash + "\r\n"
		auth = "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
	)
	for name, wire := range map[string]string{
		"GET Object": "GET /test.txt HTTP/1.1\r\n" + host + "Range: bytes=0-9\r\n" + none + date +
			auth + "host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n\r\n",
		"PUT Object": "PUT /test$file.text HTTP/1.1\r\n" + host + "Date: Fri, 24 May 2013 00:00:00 GMT\r\n" + date + "X-Amz-Storage-Class: REDUCED_REDUNDANCY\r\n" +
			"X-Amz-Content-Sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\r\nContent-Length: 21\r\n" +
			auth + "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd\r\n\r\nWelcome to Amazon S3.",
		"GET Bucket Lifecycle": "GET /?lifecycle HTTP/1.1\r\n" + host + none + date +
			auth + "host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\r\n\r\n",
		"GET Bucket": "GET /?max-keys=2&prefix=J HTTP/1.1\r\n" + host + none + date +
			auth + "host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7\r\n\r\n",
		"presigned URL": "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
			"&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1\r\n" + host + "\r\n",
	} {
		who, _, _, failure := open(s3Verifier(s3Time), fromWire(t, wire))
		if failure != nil {
			t.Errorf("%s: %v", name, failure)
		} else if who.Owner != "bucket owner" || who.Region != "us-east-1" {
			t.Errorf("%s: %+v", name, who)
		}
		spoiled := strings.Replace(wire, ".txt", "_txt", 1)
		spoiled = strings.Replace(spoiled, "Welcome", "welcome", 1)
		spoiled = strings.Replace(spoiled, "/?", "/x?", 1)
		if _, _, _, failure := open(s3Verifier(s3Time), fromWire(t, spoiled)); failure == nil {
			t.Errorf("%s: another one verifies", name)
		}
	}
}

// TestS3Paths: encoded once, never normalised. What a client encodes on the wire
// beyond what it signed does not matter, but an encoded slash.
func TestS3Paths(t *testing.T) {
	for _, c := range []struct {
		wire, canonical string
		verifies        bool
	}{
		{"/bucket/a/b.txt", "/bucket/a/b.txt", true},
		{"/bucket//a/../b/./", "/bucket//a/../b/./", true},
		{"/bucket//a/../b/./", "/bucket/b/", false},
		{"/bucket/a%20b", "/bucket/a%20b", true},
		{"/bucket/a%20b", "/bucket/a%2520b", false},
		{"/bucket/a+b", "/bucket/a%2Bb", true},
		{"/bucket/a+b", "/bucket/a%20b", false},
		{"/bucket/caf%c3%a9:*", "/bucket/caf%C3%A9%3A%2A", true},
		{"/bucket/a%2Fb", "/bucket/a/b", false},
		{"/bucket%2Fa", "/bucket/a", false},
		{"/bucket/a%2fb", "/bucket/a%2Fb", true},
		{"/bucket/%2e%2e/x", "/bucket/../x", true},
		{"/bucket/%", "/bucket/%25", true},
	} {
		m := s3Message("x")
		m.target = "http://h/"
		r := m.signedInS3(t, c.canonical, "")
		r.RequestURI = c.wire
		_, _, _, failure := open(s3Verifier(s3Time), r)
		if (failure == nil) != c.verifies {
			t.Errorf("%s signed as %s: %v", c.wire, c.canonical, failure)
		}
	}
}

// TestS3Refusals in S3's own words.
func TestS3Refusals(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	replace := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, with, 1))
		}
	}
	const malformedHeader = "400 AuthorizationHeaderMalformed: The authorization header is malformed; "
	for _, c := range []struct {
		name   string
		before func(*message)
		after  func(*http.Request)
		want   string // status, code and text, or how it begins
		member string
	}{
		{"nothing wrong", nil, nil, "", ""},
		{"no body hash", func(m *message) { m.header.Del("X-Amz-Content-Sha256") }, nil, "400 InvalidRequest: Missing required header for this request: x-amz-content-sha256", ""},
		{"a body hash that is none", func(m *message) { m.header.Set("X-Amz-Content-Sha256", "unsigned-payload") }, nil, "400 InvalidArgument: x-amz-content-sha256 must be UNSIGNED-PAYLOAD", "ArgumentValue=unsigned-payload"},
		{"a stream nobody knows", func(m *message) { m.header.Set("X-Amz-Content-Sha256", "STREAMING-X") }, nil, "400 InvalidArgument: x-amz-content-sha256 must be", "ArgumentValue=STREAMING-X"},
		{"SigV4a", func(m *message) { m.header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD") }, nil, "501 NotImplemented", ""},
		{"another body", func(m *message) { m.header.Set("X-Amz-Content-Sha256", emptyHash) }, nil, "400 XAmzContentSHA256Mismatch: The provided 'x-amz-content-sha256' header does not match what was computed.", "ClientComputedContentSHA256=" + emptyHash},
		{"hash of the body in upper case", func(m *message) { m.header.Set("X-Amz-Content-Sha256", strings.ToUpper(hexHash([]byte(m.body)))) }, nil, "", ""},
		{"unsigned body", func(m *message) { m.header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, nil, "", ""},
		{"body declared unsigned afterwards", nil, header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.", "AWSAccessKeyId=" + s3Key},
		{"length not told", nil, func(r *http.Request) { r.ContentLength = -1 }, "501 NotImplemented: A header you provided implies functionality that is not implemented", "Header=Transfer-Encoding"},
		{"other method", nil, func(r *http.Request) { r.Method = "POST" }, "403 SignatureDoesNotMatch", "StringToSignBytes=41 57 53 34"},
		{"two headers added", nil, func(r *http.Request) { header("X-Amz-Tagging", "a=b")(r); header("X-Amz-Acl", "public-read")(r) }, "403 AccessDenied: There were headers present in the request which were not signed", "HeadersNotSigned=x-amz-acl, x-amz-tagging"},
		{"host not signed", nil, replace("host;", ""), "403 AccessDenied: There were headers", "HeadersNotSigned=host"},
		{"key of nobody", func(m *message) { m.key = "AKIDNOBODY" }, nil, "403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.", "AWSAccessKeyId=AKIDNOBODY"},
		{"key switched off", func(m *message) { m.key = "AKIDINACTIVE" }, nil, "403 InvalidAccessKeyId", ""},
		{"session ended", func(m *message) { m.key = "ASIDEXPIRED" }, nil, "400 ExpiredToken: The provided token has expired.", ""},
		{"token of another key", func(m *message) { m.key = sessionKey }, nil, "400 InvalidToken: The provided token is malformed or otherwise invalid.", ""},
		{"secret of another key", func(m *message) { m.secret = exampleSecret }, nil, "403 SignatureDoesNotMatch", "CanonicalRequest=PUT\n/bucket/a/b.txt\n"},
		{"16 minutes ago", func(m *message) { m.at = m.at.Add(-16 * time.Minute) }, nil, "403 RequestTimeTooSkewed: The difference between the request time and the current time is too large.", "RequestTime=20130523T234400Z"},
		{"in 16 minutes", func(m *message) { m.at = m.at.Add(16 * time.Minute) }, nil, "403 RequestTimeTooSkewed", "MaxAllowedSkewMilliseconds=900000"},
		{"15 minutes ago", func(m *message) { m.at = m.at.Add(-15 * time.Minute) }, nil, "", ""},
		{"no date", nil, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "403 AccessDenied: AWS authentication requires a valid Date or x-amz-date header", ""},
		{"no date that can be read", nil, header("X-Amz-Date", "yesterday"), "403 AccessDenied: AWS authentication requires a valid Date", ""},
		{"signed for another service", func(m *message) { m.service = "sts" }, nil, malformedHeader + `incorrect service "sts". This endpoint belongs to "s3".`, ""},
		{"signed for no region", func(m *message) { m.region = "moon" }, nil, malformedHeader + "the region 'moon' is wrong; expecting 'us-east-1'", "Region=us-east-1"},
		{"another terminator", nil, replace("aws4_request", "aws5_request"), malformedHeader + `incorrect terminal "aws5_request". This endpoint uses "aws4_request".`, ""},
		{"another day", nil, replace("20130524/", "20130523/"), malformedHeader + `Invalid credential date "20130523". This date is not the same as X-Amz-Date: "20130524".`, ""},
		{"half a credential", nil, replace("/s3/aws4_request", ""), malformedHeader + `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`, ""},
		{"no signature", nil, replace("Signature=", "Sig="), malformedHeader + "the authorization header requires three components: Credential, SignedHeaders, and Signature.", ""},
		{"SigV2", nil, header("Authorization", "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="), "400 InvalidRequest: The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.", ""},
		{"a password", nil, header("Authorization", "Basic aHVudGVyMg=="), "400 InvalidArgument: Unsupported Authorization Type", "ArgumentName=Authorization"},
		{"two signatures", nil, func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=x" }, "400 InvalidArgument: Only one auth mechanism allowed", "ArgumentName=Authorization"},
	} {
		m := s3Message("hello")
		if c.before != nil {
			c.before(&m)
		}
		r := m.signedInS3(t, "/bucket/a/b.txt", "")
		if c.after != nil {
			c.after(r)
		}
		who, _, _, failure := open(s3Verifier(s3Time), r)
		check(t, c.name, failure, c.want, c.member)
		if c.want == "" && (who == nil || who.AccessKeyID != s3Key) {
			t.Errorf("%s: signed by %+v", c.name, who)
		}
	}
}

// check compares an error: status, code and how its text begins, and one member.
func check(t *testing.T, name string, failure *api.Error, want, member string) {
	t.Helper()
	got, members := "", ""
	if failure != nil {
		got = fmt.Sprintf("%d %v", failure.Status, failure)
		for name, value := range failure.Members {
			members += fmt.Sprintf("\n%s=%v", name, value)
		}
	}
	if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
	if member != "" && !strings.Contains(members, "\n"+member) {
		t.Errorf("%s: members %s, want %s", name, members, member)
	}
}

// TestUnsignedRequestsToS3 are nobody's, and their bodies are still held to what
// their headers say.
func TestUnsignedRequestsToS3(t *testing.T) {
	for _, c := range []struct{ declared, want string }{
		{"", ""},
		{"UNSIGNED-PAYLOAD", ""},
		{hexHash([]byte("hello")), ""},
		{emptyHash, "400 XAmzContentSHA256Mismatch"},
		{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "400 InvalidRequest: Anonymous requests"},
	} {
		m := s3Message("hello")
		m.header.Set("X-Amz-Content-Sha256", c.declared)
		if c.declared == "" {
			m.header.Del("X-Amz-Content-Sha256")
		}
		who, _, _, failure := open(s3Verifier(s3Time), m.unsigned(t))
		check(t, c.declared, failure, c.want, "")
		if who != nil {
			t.Errorf("%s: signed by %+v", c.declared, who)
		}
	}
}

// presignedInS3 signs by the specification's prose; query is in canonical form,
// and its names sort behind "X-Amz-SignedHeaders".
func presignedInS3(t testing.TB, expires, query string, headers map[string]string, payload string) *http.Request {
	t.Helper()
	if headers == nil {
		headers = map[string]string{}
	}
	headers["host"] = "h"
	names := "host"
	for name := range headers {
		if name != "host" {
			names += ";" + name
		}
	}
	full := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + s3Key + "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
		expires + "&X-Amz-SignedHeaders=" + url.QueryEscape(names) + query
	_, signature := reference(s3Secret, "PUT", "/bucket/k", full, headers, payload, "20130524T000000Z", "us-east-1", "s3")
	r, err := http.NewRequest("PUT", "http://h/bucket/k?"+full+"&X-Amz-Signature="+signature, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name != "host" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func TestPresignedInS3(t *testing.T) {
	const wrong = "400 AuthorizationQueryParametersError: "
	for _, c := range []struct {
		name    string
		expires string
		after   time.Duration
		change  func(*http.Request)
		want    string
		member  string
	}{
		{"good", "&X-Amz-Expires=60", 0, nil, "", ""},
		{"good to the last second", "&X-Amz-Expires=60", time.Minute, nil, "", ""},
		{"expired", "&X-Amz-Expires=60", 61 * time.Second, nil, "403 AccessDenied: Request has expired", "Expires=2013-05-24T00:01:00Z"},
		{"expired at once", "&X-Amz-Expires=0", time.Second, nil, "403 AccessDenied: Request has expired", "ServerTime=2013-05-24T00:00:01Z"},
		{"a week", "&X-Amz-Expires=604800", 7 * 24 * time.Hour, nil, "", ""},
		{"longer than a week", "&X-Amz-Expires=604801", 0, nil, wrong + "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds", ""},
		{"negative", "&X-Amz-Expires=-1", 0, nil, wrong + "X-Amz-Expires must be non-negative", ""},
		{"no number", "&X-Amz-Expires=1e3", 0, nil, wrong + "X-Amz-Expires should be a number", ""},
		{"without an end", "", 0, nil, wrong + "Query-string authentication version 4 requires the X-Amz-Algorithm", ""},
		{"not yet", "&X-Amz-Expires=60", -16 * time.Minute, nil, "403 AccessDenied: Request is not yet valid", "X-Amz-Date=1369353600000"},
		{"for another key", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.URL.Path = "/bucket/l" }, "403 SignatureDoesNotMatch", ""},
		{"with a header that was not signed", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }, "403 AccessDenied: There were headers present", "HeadersNotSigned=x-amz-acl"},
		{"with a parameter that was not signed", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.URL.RawQuery += "&x-amz-acl=public-read" }, "403 SignatureDoesNotMatch", ""},
		{"of another algorithm", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "SHA256", "SHA1", 1) }, wrong + "X-Amz-Algorithm only supports", ""},
		{"of a bad date", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "T000000Z", "", 1) }, wrong + "X-Amz-Date must be in the ISO8601 Long Format", ""},
		{"of half a credential", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "%2Faws4_request", "", 1) }, wrong + "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed", ""},
		{"of another service", "&X-Amz-Expires=60", 0, func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "%2Fs3%2F", "%2Fsts%2F", 1) }, wrong + `Error parsing the X-Amz-Credential parameter; incorrect service "sts".`, ""},
	} {
		r := presignedInS3(t, c.expires, "", nil, "UNSIGNED-PAYLOAD")
		if c.change != nil {
			c.change(r)
		}
		who, body, _, failure := open(s3Verifier(s3Time.Add(c.after)), r)
		check(t, c.name, failure, c.want, c.member)
		if c.want == "" && (who == nil || !who.Presigned || string(body) != "hello") {
			t.Errorf("%s: %+v, %q", c.name, who, body)
		}
	}
}

// TestPresignedBodies: a presigned URL may name the body's hash, in the query or
// as a signed header; chunks it cannot describe.
func TestPresignedBodies(t *testing.T) {
	hello := hexHash([]byte("hello"))
	for _, c := range []struct {
		name, query string
		headers     map[string]string
		payload     string
		want        string
	}{
		{"hash as a header", "", map[string]string{"x-amz-content-sha256": hello}, hello, ""},
		{"another hash as a header", "", map[string]string{"x-amz-content-sha256": emptyHash}, emptyHash, "400 XAmzContentSHA256Mismatch"},
		{"chunks", "", map[string]string{"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "400 XAmzContentSHA256Mismatch"},
	} {
		_, _, _, failure := open(s3Verifier(s3Time), presignedInS3(t, "&X-Amz-Expires=60", c.query, c.headers, c.payload))
		check(t, c.name, failure, c.want, "")
	}
}

// TestHeadersInTheQuery: presigners move headers there; nobody else can.
func TestHeadersInTheQuery(t *testing.T) {
	r := presignedInS3(t, "&X-Amz-Expires=60", "&x-amz-acl=public-read&x-amz-meta-a=b%20c%2Bd", map[string]string{"x-amz-meta-z": "z"}, "UNSIGNED-PAYLOAD")
	if _, _, _, failure := open(s3Verifier(s3Time), r); failure != nil {
		t.Fatal(failure)
	}
	meant := Meant(r)
	for name, want := range map[string]string{"X-Amz-Acl": "public-read", "X-Amz-Meta-A": "b c+d", "X-Amz-Meta-Z": "z", "X-Amz-Date": "", "X-Amz-Signature": "", "X-Amz-Expires": ""} {
		if got := meant.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.Header.Get("X-Amz-Acl") != "" {
		t.Error("the request itself was changed")
	}
	r.Header.Set("X-Amz-Acl", "private")
	if got := Meant(r).Header.Values("X-Amz-Acl"); len(got) != 1 || got[0] != "private" {
		t.Errorf("header and parameter became %q", got)
	}
	plain := httpGet(t, "http://h/bucket/k?x-amz-acl=public-read")
	if Meant(plain) != plain {
		t.Error("a parameter of a request that is not presigned became a header")
	}
}

func httpGet(t *testing.T, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequest("GET", target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestScopeService(t *testing.T) {
	for _, c := range []struct {
		r       *http.Request
		service string
		signed  bool
	}{
		{s3Message("x").signedInS3(t, "/", ""), "s3", true},
		{presignedInS3(t, "", "", nil, "UNSIGNED-PAYLOAD"), "s3", true},
		{aMessage().signed(t), "lambda", true},
		{httpGet(t, "http://h/"), "", false},
		{httpGet(t, "http://h/?X-Amz-Signature=x"), "", true},
	} {
		if service, signed := ScopeService(c.r); service != c.service || signed != c.signed {
			t.Errorf("%s: %q, %v", c.r.URL, service, signed)
		}
	}
}

// TestWhatVerifiesInS3IsWhatWasSigned flips every bit of requests to S3 on the
// wire, as TestWhatVerifiesIsWhatWasSigned does for the others: what still
// verifies names the same object and means the same.
func TestWhatVerifiesInS3IsWhatWasSigned(t *testing.T) {
	m := s3Message("hello")
	m.header.Set("X-Amz-Meta-A", "b c")
	m.target = "http://h/bucket/a%20b//..%2Fc?versionId=v%2F1"
	header := m.signedInS3(t, "/bucket/a%20b//..%2Fc", "versionId=v%2F1")
	for name, r := range map[string]*http.Request{"header": header, "presigned": presignedInS3(t, "&X-Amz-Expires=60", "&x-amz-acl=private", nil, "UNSIGNED-PAYLOAD")} {
		r.Header["User-Agent"] = []string{""}
		var buffer bytes.Buffer
		if err := r.Write(&buffer); err != nil {
			t.Fatal(err)
		}
		wire := buffer.Bytes()
		// The URL does not sign the body, nor how long it is.
		signed := bytes.Index(wire, []byte("Content-Length"))
		v := s3Verifier(s3Time)
		means := func(r *http.Request, body []byte) string {
			var key []string
			for segment := range strings.SplitSeq(wirePath(r), "/") {
				plain, err := url.PathUnescape(segment)
				if err != nil {
					plain = segment
				}
				key = append(key, fmt.Sprintf("%q", plain))
			}
			h := Meant(r).Header.Clone()
			h.Del("Content-Length") // "05" says the same
			return fmt.Sprint(r.Method, key, r.URL.Query().Encode(), r.Host, h, r.ContentLength, string(body))
		}
		verify := func() (meaning string, ok bool) {
			r, body, err := read(wire)
			if err != nil {
				return "", false
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			who, got, _, failure := open(v, r)
			return means(r, got), who != nil && failure == nil
		}
		want, ok := verify()
		if !ok {
			t.Fatalf("%s does not verify", name)
		}
		for i := range wire {
			for bit := range 8 {
				wire[i] ^= 1 << bit
				if got, ok := verify(); ok && got != want && (name == "header" || i < signed) {
					t.Errorf("%s: byte %d, bit %d: %q verifies", name, i, bit, wire[max(0, i-20):min(len(wire), i+20)])
				}
				wire[i] ^= 1 << bit
			}
		}
	}
}

// hmacHex is HMAC-SHA256 in hexadecimal, without the code under test.
func hmacHex(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}
