package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
)

// The key of AWS's own examples.
const (
	exampleKey    = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	sessionKey    = "ASIDEXAMPLE"
	sessionSecret = "YXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEYwJal"
	sessionToken  = "FwoGZXIvYXdzEPT//////////wEaDH+token/with=signs=="
)

var (
	iamAPI    = &api.Service{ID: "iam", SigningName: "iam", Protocol: api.Query, Global: true}
	stsAPI    = &api.Service{ID: "sts", SigningName: "sts", Protocol: api.Query}
	logsAPI   = &api.Service{ID: "logs", SigningName: "logs", Protocol: api.JSON11}
	lambdaAPI = &api.Service{ID: "lambda", SigningName: "lambda", Protocol: api.RESTJSON}
)

// signingTime is the date of AWS's own examples.
var signingTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

// verifierAt is a verifier whose clock stands at t and which knows the keys of
// the examples, one of each kind.
func verifierAt(t time.Time) *Verifier {
	return New(Config{Clock: clock.NewManual(t), Lookup: lookup})
}

func lookup(_ context.Context, key, token string) (Credential, Kind) {
	switch key {
	case exampleKey:
		if token != "" {
			return Credential{}, TokenInvalid
		}
		return Credential{AccessKeyID: key, Secret: exampleSecret, Owner: "alice"}, Active
	case sessionKey:
		if token != sessionToken {
			return Credential{}, TokenInvalid
		}
		return Credential{AccessKeyID: key, Secret: sessionSecret, Owner: "session"}, Active
	case "AKIDINACTIVE":
		return Credential{AccessKeyID: key, Secret: exampleSecret}, Inactive
	case "ASIDEXPIRED":
		return Credential{AccessKeyID: key, Secret: exampleSecret}, Expired
	case "AKIDEMPTY":
		return Credential{AccessKeyID: key}, Active
	}
	return Credential{}, Unknown
}

// received is a request as the server sees it: written to a wire and read again.
func received(t testing.TB, r *http.Request) (*http.Request, []byte) {
	t.Helper()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, body, err := read(wire.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return got, body
}

func read(wire []byte) (*http.Request, []byte, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(r.Body)
	return r, body, err
}

// message is a request to sign, in the plainest words.
type message struct {
	method, target, body string
	header               http.Header
	key, secret, token   string
	service, region      string
	at                   time.Time
}

// aMessage is a request that verifies at lambdaAPI, for tests to spoil.
func aMessage() message {
	return message{
		method: "POST", target: "http://127.0.0.1:4566/2015-03-31/functions/f/invocations?Qualifier=live", body: `{"a":1}`,
		header: http.Header{"X-Amz-Invocation-Type": {"Event"}, "Content-Type": {"application/json"}},
		key:    exampleKey, secret: exampleSecret, service: "lambda", region: "eu-west-1", at: signingTime,
	}
}

// unsigned is the message as a request without a signature.
func (m message) unsigned(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequest(m.method, m.target, strings.NewReader(m.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = m.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("User-Agent", "test")
	return r
}

func (m message) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: m.key, SecretAccessKey: m.secret, SessionToken: m.token}
}

func (m message) payload() string {
	if given := m.header.Get("X-Amz-Content-Sha256"); given != "" {
		return given
	}
	return hexHash([]byte(m.body))
}

// signed signs with the real SDK's signer, in the header.
func (m message) signed(t testing.TB) *http.Request {
	t.Helper()
	r := m.unsigned(t)
	if err := v4.NewSigner().SignHTTP(context.Background(), m.credentials(), r, m.payload(), m.service, m.region, m.at); err != nil {
		t.Fatal(err)
	}
	return r
}

// presigned signs with the real SDK's signer, in the query.
func (m message) presigned(t testing.TB, expires string) *http.Request {
	t.Helper()
	r := m.unsigned(t)
	if expires != "" {
		q := r.URL.Query()
		q.Set("X-Amz-Expires", expires)
		r.URL.RawQuery = q.Encode()
	}
	target, header, err := v4.NewSigner().PresignHTTP(context.Background(), m.credentials(), r, m.payload(), m.service, m.region, m.at)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.Header, r.Host = u, header, header.Get("Host")
	return r
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// reference signs as the specification's prose says, word by word and without
// any of the code under test; headers maps lower-case names to canonical values.
func reference(secret, method, path, query string, headers map[string]string, payload, date, region, service string) (signedHeaders, signature string) {
	var names []string
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	lines := ""
	for _, name := range names {
		lines += name + ":" + headers[name] + "\n"
	}
	signedHeaders = strings.Join(names, ";")
	request := strings.Join([]string{method, path, query, lines, signedHeaders, payload}, "\n")
	day := date[:8]
	text := strings.Join([]string{"AWS4-HMAC-SHA256", date, day + "/" + region + "/" + service + "/aws4_request", hexHash([]byte(request))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, "aws4_request", text} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return signedHeaders, hex.EncodeToString(key)
}
