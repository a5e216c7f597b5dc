package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
)

func TestWhatTheSDKSignsVerifies(t *testing.T) {
	with := func(change func(*message)) message {
		m := aMessage()
		change(&m)
		return m
	}
	for _, c := range []struct {
		name    string
		service *api.Service
		m       message
	}{
		{"invoke", lambdaAPI, aMessage()},
		{"no body", lambdaAPI, with(func(m *message) { m.method, m.body = "GET", "" })},
		{"no path", stsAPI, with(func(m *message) { m.service, m.target = "sts", "http://127.0.0.1:4566" })},
		{"form", iamAPI, with(func(m *message) {
			m.service, m.region, m.target, m.body = "iam", "us-east-1", "http://127.0.0.1:4566/", "Action=ListUsers&Version=2010-05-08"
			m.header = http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
		})},
		{"json", logsAPI, with(func(m *message) {
			m.service, m.target, m.body = "logs", "http://localhost/", `{"logGroupName":"g"}`
			m.header = http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Logs_20140328.CreateLogGroup"}}
		})},
		{"session token", lambdaAPI, with(func(m *message) { m.key, m.secret, m.token = sessionKey, sessionSecret, sessionToken })},
		{"ARN in the path, colons encoded", lambdaAPI, with(func(m *message) {
			m.target = "http://127.0.0.1:4566/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af"
		})},
		{"slash and percent sign in a label", lambdaAPI, with(func(m *message) { m.target = "http://127.0.0.1:4566/a/b%2Fc%25d/e" })},
		{"space and non-ASCII in the path", lambdaAPI, with(func(m *message) { m.target = "http://127.0.0.1:4566/a%20b/%C3%A9" })},
		{"slash at the end", lambdaAPI, with(func(m *message) { m.target = "http://127.0.0.1:4566/2015-03-31/functions/" })},
		{"query: order, repeats, emptiness, encoding", lambdaAPI, with(func(m *message) {
			m.target = "http://127.0.0.1:4566/x?b=2&a=1&k=a%3Ab&k=a-b&k=a%2Fb&empty=&%C3%A9=1&sp=a%20b&plus=a%2Bb&star=*&tilde=~"
		})},
		{"spaces in a header value", lambdaAPI, with(func(m *message) { m.header.Set("X-Amz-Client-Context", "  a   b    c ") })},
		{"header given twice", lambdaAPI, with(func(m *message) { m.header["X-Amz-Meta"] = []string{"b", "a  x"} })},
		{"host without port", lambdaAPI, with(func(m *message) { m.target = "http://lambda.eu-west-1.amazonaws.com/x" })},
		{"host with the default port", lambdaAPI, with(func(m *message) { m.target = "http://127.0.0.1:80/x" })},
		{"IPv6 host", lambdaAPI, with(func(m *message) { m.target = "http://[::1]:4566/x" })},
		{"body hash given", lambdaAPI, with(func(m *message) { m.header.Set("X-Amz-Content-Sha256", hexHash([]byte(m.body))) })},
		{"a Date header beside X-Amz-Date", lambdaAPI, with(func(m *message) { m.header.Set("Date", "Mon, 09 Sep 2011 23:36:00 GMT") })},
		{"session token in the query", lambdaAPI, with(func(m *message) {
			m.key, m.secret = sessionKey, sessionSecret
			m.target = "http://127.0.0.1:4566/x?X-Amz-Security-Token=" + url.QueryEscape(sessionToken)
		})},
		{"other region of a global service", iamAPI, with(func(m *message) { m.service = "iam" })},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := verifierAt(signingTime)
			region := c.m.region
			if c.service.Global {
				region = "us-east-1"
			}
			owner := "alice"
			if c.m.key == sessionKey {
				owner = "session"
			}
			for form, sign := range map[string]func() *http.Request{
				"header":           func() *http.Request { return c.m.signed(t) },
				"query":            func() *http.Request { return c.m.presigned(t, "60") },
				"query, unlimited": func() *http.Request { return c.m.presigned(t, "") },
			} {
				r, body := received(t, sign())
				who, failure := v.Verify(r, body, Expect{Service: c.service})
				if failure != nil {
					t.Fatalf("%s: %s", form, failure.text)
				}
				want := Identity{Owner: owner, AccessKeyID: c.m.key, Service: c.m.service, Region: region, Presigned: form != "header", Time: signingTime, Version: Version4}
				if *who != want {
					t.Errorf("%s: got %+v, want %+v", form, *who, want)
				}
			}
		})
	}
}

func TestUnsignedIsNobody(t *testing.T) {
	for name, target := range map[string]string{
		"plain":                            "http://127.0.0.1:4566/2015-03-31/functions/",
		"a date and a token only":          "http://127.0.0.1:4566/?X-Amz-Date=20150830T123600Z&X-Amz-Security-Token=x",
		"signature version 2":              "http://127.0.0.1:4566/?AWSAccessKeyId=AKIDEXAMPLE&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x",
		"names in other than its own case": "http://127.0.0.1:4566/?x-amz-signature=x",
	} {
		m := aMessage()
		m.target = target
		r, body := received(t, m.unsigned(t))
		if who, failure := verifierAt(signingTime).Verify(r, body, Expect{Service: lambdaAPI}); who != nil || failure != nil {
			t.Errorf("%s: got %v, %v", name, who, failure)
		}
	}
}

// TestSpoiled changes one thing of a good request, after it was signed.
func TestSpoiled(t *testing.T) {
	token := func(m *message) { m.key, m.secret, m.token = sessionKey, sessionSecret, sessionToken }
	authorization := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			h := r.Header.Get("Authorization")
			if !strings.Contains(h, old) {
				panic("nothing to replace: " + h)
			}
			r.Header.Set("Authorization", strings.Replace(h, old, new, 1))
		}
	}
	const (
		invalidKey = "The security token included in the request is invalid."
		wrongScope = "Credential should be scoped to "
	)
	for _, c := range []struct {
		name   string
		before func(*message)
		after  func(*http.Request)
		body   string
		want   reason
		text   string // a part of it
	}{
		{"other body", nil, nil, `{"a":2}`, badSignature, textMismatch},
		{"body added", func(m *message) { m.body = "" }, nil, "x", badSignature, textMismatch},
		{"body that does not match its hash", func(m *message) { m.header.Set("X-Amz-Content-Sha256", hexHash([]byte("other"))) }, nil, "", badSignature, textMismatch},
		{"hash of the body in upper case", func(m *message) {
			m.header.Set("X-Amz-Content-Sha256", strings.ToUpper(hexHash([]byte(m.body))))
		}, nil, "", badSignature, textMismatch},
		{"chunked payload of S3", func(m *message) { m.header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") }, nil, "", badSignature, textMismatch},
		{"unsigned payload", func(m *message) { m.header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, nil, "", badSignature, textMismatch},
		{"other method", nil, func(r *http.Request) { r.Method = "PUT" }, "", badSignature, textMismatch},
		{"other path", nil, func(r *http.Request) { r.RequestURI = "/2015-03-31/functions/g/invocations?Qualifier=live" }, "", badSignature, textMismatch},
		{"other query", nil, func(r *http.Request) { r.URL.RawQuery = "Qualifier=prod" }, "", badSignature, textMismatch},
		{"query added", nil, func(r *http.Request) { r.URL.RawQuery += "&x=1" }, "", badSignature, textMismatch},
		{"other host", nil, func(r *http.Request) { r.Host = "127.0.0.1:4567" }, "", badSignature, textMismatch},
		{"other signed header", nil, func(r *http.Request) { r.Header.Set("X-Amz-Invocation-Type", "DryRun") }, "", badSignature, textMismatch},
		{"signed header gone", nil, func(r *http.Request) { r.Header.Del("X-Amz-Invocation-Type") }, "", badSignature, textMismatch},
		{"second value of a signed header", nil, func(r *http.Request) { r.Header.Add("X-Amz-Invocation-Type", "Event") }, "", badSignature, textMismatch},
		{"header added that changes the meaning", nil, func(r *http.Request) { r.Header.Set("X-Amz-Log-Type", "Tail") }, "", badSignature, "'X-Amz-Log-Type' must be a 'SignedHeader'"},
		{"token added to a long-term key", nil, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", sessionToken) }, "", badSignature, "'X-Amz-Security-Token' must be a 'SignedHeader'"},
		{"host not signed", nil, authorization("host;", ""), "", badSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"header struck from the list", nil, authorization("content-type;", ""), "", badSignature, textMismatch},
		{"list out of order", nil, authorization("content-length;content-type", "content-type;content-length"), "", badSignature, textMismatch},
		{"header listed twice", nil, authorization("host;", "host;host;"), "", badSignature, textMismatch},
		{"signature in upper case", nil, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			i := strings.Index(h, "Signature=") + len("Signature=")
			r.Header.Set("Authorization", h[:i]+strings.ToUpper(h[i:]))
		}, "", badSignature, textMismatch},
		{"signature cut short", nil, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-1])
		}, "", badSignature, textMismatch},
		{"later date", nil, func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123601Z") }, "", badSignature, textMismatch},
		{"other secret", func(m *message) { m.secret = sessionSecret }, nil, "", badSignature, textMismatch},
		{"key of nobody", func(m *message) { m.key = "AKIDNOBODY" }, nil, "", badKey, invalidKey},
		{"no key", func(m *message) { m.key = "" }, nil, "", badKey, invalidKey},
		{"key switched off", func(m *message) { m.key = "AKIDINACTIVE" }, nil, "", badKey, invalidKey},
		{"key without a secret", func(m *message) { m.key, m.secret = "AKIDEMPTY", "" }, nil, "", badSignature, textMismatch},
		{"wrong signature by a dead key is a dead key", func(m *message) { m.key = "AKIDINACTIVE" }, func(r *http.Request) { r.Method = "PUT" }, "", badKey, invalidKey},
		{"session ended", func(m *message) { m.key = "ASIDEXPIRED" }, nil, "", expired, "The security token included in the request is expired"},
		{"temporary key without its token", func(m *message) { token(m); m.token = "" }, nil, "", badKey, invalidKey},
		{"token tampered with", func(m *message) { token(m); m.token = "x" + m.token }, nil, "", badKey, invalidKey},
		{"token changed after signing", token, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") }, "", badKey, invalidKey},
		{"scope of another service", func(m *message) { m.service = "iam" }, nil, "", badSignature, wrongScope + "correct service: 'lambda'. "},
		{"scope of no region", func(m *message) { m.region = "local" }, nil, "", badSignature, wrongScope + "a valid region, not 'local'. "},
		{"scope of another partition's region", func(m *message) { m.region = "cn-north-1" }, nil, "", badSignature, wrongScope + "a valid region, not 'cn-north-1'. "},
		{"scope is told before the key", func(m *message) { m.key, m.region = "AKIDNOBODY", "" }, nil, "", badSignature, wrongScope + "a valid region, not ''. "},
		{"two signatures", nil, func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Signature=x" }, "", malformed, "Only one auth mechanism allowed"},
		{"two Authorization headers", nil, func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, "", malformed, "Only one auth mechanism allowed"},
		{"SigV4a", nil, authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "", malformed, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := aMessage()
			if c.before != nil {
				c.before(&m)
			}
			r, body := received(t, m.signed(t))
			if c.after != nil {
				c.after(r)
			}
			if c.body != "" {
				body = []byte(c.body)
			}
			who, failure := verifierAt(signingTime).Verify(r, body, Expect{Service: lambdaAPI})
			if who != nil || failure == nil {
				t.Fatalf("verified: %+v", who)
			}
			if failure.reason != c.want || !strings.Contains(failure.text, c.text) {
				t.Errorf("got %d %q, want %d %q", failure.reason, failure.text, c.want, c.text)
			}
		})
	}
}

func TestRegionOfTheDoor(t *testing.T) {
	r, body := received(t, aMessage().signed(t))
	if _, failure := verifierAt(signingTime).Verify(r, body, Expect{Service: lambdaAPI, Region: "us-east-1"}); failure == nil ||
		failure.text != "Credential should be scoped to a valid region, not 'eu-west-1'. " {
		t.Errorf("got %v", failure)
	}
	if _, failure := verifierAt(signingTime).Verify(r, body, Expect{Service: lambdaAPI, Region: "eu-west-1"}); failure != nil {
		t.Errorf("got %v", failure.text)
	}
}

func TestUnsignedPayload(t *testing.T) {
	m := aMessage()
	m.header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	r, _ := received(t, m.signed(t))
	v := verifierAt(signingTime)
	if who, _ := v.Verify(r, []byte("anything"), Expect{Service: lambdaAPI}); who != nil {
		t.Error("a body nobody signed was accepted")
	}
	if _, failure := v.Verify(r, nil, Expect{Service: lambdaAPI}); failure != nil {
		t.Errorf("without a body nothing is unsigned: %s", failure.text)
	}
}

func TestDateHeaderStandsIn(t *testing.T) {
	sign := func(header, scope string) *http.Request {
		r, err := http.NewRequest("GET", "http://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Date", header)
		names, signature := reference(exampleSecret, "GET", "/", "", map[string]string{"host": "h", "date": header}, emptyHash, scope, "us-east-1", "sts")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+exampleKey+"/"+scope[:8]+"/us-east-1/sts/aws4_request,SignedHeaders="+names+",Signature="+signature)
		return r
	}
	for _, date := range []string{"20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT"} {
		if _, failure := verifierAt(signingTime).Verify(sign(date, "20150830T123600Z"), nil, Expect{Service: stsAPI}); failure != nil {
			t.Errorf("%s: %s", date, failure.text)
		}
	}
}

func TestClockSkew(t *testing.T) {
	const (
		minute = time.Minute
		early  = "Signature not yet current: 20150830T123600Z is still later than "
		late   = "Signature expired: 20150830T123600Z is now earlier than "
	)
	for _, c := range []struct {
		service *api.Service
		expires string // of a presigned URL; "header" for a header
		now     time.Duration
		want    string
	}{
		{stsAPI, "header", 15 * minute, ""},
		{stsAPI, "header", 15*minute + time.Second, late + "20150830T123601Z (20150830T125101Z - 15 min.)"},
		{stsAPI, "header", -15 * minute, ""},
		{stsAPI, "header", -15*minute - time.Second, early + "20150830T123559Z (20150830T122059Z + 15 min.)"},
		{lambdaAPI, "header", 5 * minute, ""},
		{lambdaAPI, "header", 5*minute + time.Second, late + "20150830T123601Z (20150830T124101Z - 5 min.)"},
		{lambdaAPI, "header", -5*minute - time.Second, early + "20150830T123559Z (20150830T123059Z + 5 min.)"},
		{logsAPI, "header", 6 * minute, late + "20150830T123700Z (20150830T124200Z - 5 min.)"},
		{lambdaAPI, "3600", 60 * minute, ""},
		{lambdaAPI, "3600", 60*minute + time.Second, late + "20150830T123601Z (20150830T133601Z - 60 min.)"},
		{lambdaAPI, "30", 31 * time.Second, late + "20150830T123601Z (20150830T123631Z - 30 sec.)"},
		{lambdaAPI, "604800", 7 * 24 * 60 * minute, ""},
		{lambdaAPI, "604800", -6 * minute, early + "20150830T123500Z (20150830T123000Z + 5 min.)"},
		{lambdaAPI, "", 5*minute + time.Second, late + "20150830T123601Z (20150830T124101Z - 5 min.)"},
		{stsAPI, "60", 2 * minute, late + "20150830T123700Z (20150830T123800Z - 1 min.)"},
		{stsAPI, "604800", 15 * minute, ""},
		{stsAPI, "604800", 16 * minute, late + "20150830T123700Z (20150830T125200Z - 15 min.)"},
		{lambdaAPI, "604801", 0, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"},
		{lambdaAPI, "0", 0, "X-Amz-Expires must be at least 1 second"},
		{lambdaAPI, "-1", 0, "X-Amz-Expires must be a number"},
		{lambdaAPI, "1e3", 0, "X-Amz-Expires must be a number"},
		{lambdaAPI, "99999999999999999999", 0, "X-Amz-Expires must be a number"},
	} {
		m := aMessage()
		m.service = c.service.SigningName
		r := m.signed(t)
		if c.expires != "header" {
			r = m.presigned(t, c.expires)
		}
		got, body := received(t, r)
		_, failure := verifierAt(signingTime.Add(c.now)).Verify(got, body, Expect{Service: c.service})
		text := ""
		if failure != nil {
			text = failure.text
		}
		if text != c.want {
			t.Errorf("%s, expires %q, %v later: got %q, want %q", c.service.ID, c.expires, c.now, text, c.want)
		}
	}
}

func TestValidRegions(t *testing.T) {
	for region, want := range map[string]bool{
		"us-east-1": true, "ap-southeast-2": true, "eu-central-1": true, "il-central-1": true, "mx-central-1": true, "us-west-12": true,
		"": false, "us": false, "us-east": false, "us-east-": false, "us--1": false, "us-east-1a": false, "US-EAST-1": false, "us-east-1 ": false,
		"us-gov-west-1": false, "cn-north-1": false, "us-iso-east-1": false, "eusc-de-east-1": false, "xx-east-1": false, "us-east-1/x": false,
		"us-éast-1": false, "us-east-11111111111111111111": false,
	} {
		if got := validRegion(region); got != want {
			t.Errorf("%q: %v", region, got)
		}
	}
}
