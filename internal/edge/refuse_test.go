package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
)

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// told is what an error says, read from the shape its protocol has.
type told struct {
	status     int
	code, text string
}

func tell(t *testing.T, service string, status int, h http.Header, body string) told {
	t.Helper()
	if h.Get("x-amzn-RequestId") == "" {
		t.Error("an answer without request id")
	}
	if service == "iam" {
		var x struct {
			Error struct{ Type, Code, Message string }
		}
		if err := xml.Unmarshal([]byte(body), &x); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return told{status, x.Error.Code, x.Error.Message}
	}
	var j struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(body), &j); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if service == "lambda" {
		if j.Type != "" {
			t.Errorf("Lambda says no __type: %s", body)
		}
		j.Type = h.Get("x-amzn-ErrorType")
	}
	return told{status, j.Type, j.Message}
}

// TestWhoCannotBeIdentified asks each protocol with every kind of broken
// signature (facts/sts.md section 6).
func TestWhoCannotBeIdentified(t *testing.T) {
	const (
		differs = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
		invalid = "The security token included in the request is invalid."
	)
	now := time.Date(2026, 11, 24, 17, 36, 40, 0, time.UTC)
	type row struct {
		name              string
		change            func(*request)
		iam, logs, lambda told
	}
	same := func(name, text string, change func(*request), iam, json string) row {
		return row{name, change, told{403, iam, text}, told{400, json, text}, told{403, json, text}}
	}
	rows := []row{
		{"no signature", func(r *request) { r.key = "" },
			told{403, "MissingAuthenticationToken", "Request is missing Authentication Token"},
			told{400, "MissingAuthenticationTokenException", "Request is missing Authentication Token"},
			told{403, "MissingAuthenticationTokenException", "Missing Authentication Token"}},
		{"header that cannot be read", func(r *request) { r.spoil = authorization("Bearer abc") },
			told{400, "IncompleteSignature", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."},
			told{400, "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."},
			told{403, "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."}},
		same("unknown key", invalid, func(r *request) { r.key = "AKIANOBODY1234567890" }, "InvalidClientTokenId", "UnrecognizedClientException"),
		same("inactive key", invalid, func(r *request) { r.key = inactiveKey }, "InvalidClientTokenId", "UnrecognizedClientException"),
		same("temporary key without its token", invalid, func(r *request) { r.key, r.secret = sessionKey, sessionSecret }, "InvalidClientTokenId", "UnrecognizedClientException"),
		same("tampered token", invalid, func(r *request) { r.key, r.secret, r.token = sessionKey, sessionSecret, "b"+sessionToken[1:] }, "InvalidClientTokenId", "UnrecognizedClientException"),
		same("long-term key with a token", invalid, func(r *request) { r.token = sessionToken }, "InvalidClientTokenId", "UnrecognizedClientException"),
		same("session that ended", "The security token included in the request is expired", func(r *request) { r.key = expiredKey }, "ExpiredToken", "ExpiredTokenException"),
		same("wrong secret", differs, func(r *request) { r.secret = bobSecret }, "SignatureDoesNotMatch", "InvalidSignatureException"),
		same("body that was not signed", differs, func(r *request) {
			r.spoil = func(h *http.Request) { h.Header.Set("X-Amz-Content-Sha256", hash("another body")) }
		}, "SignatureDoesNotMatch", "InvalidSignatureException"),
		same("header that was not signed", "'X-Amz-Added' must be a 'SignedHeader' in the AWS Authorization.", func(r *request) {
			r.spoil = func(h *http.Request) { h.Header.Set("X-Amz-Added", "1") }
		}, "SignatureDoesNotMatch", "InvalidSignatureException"),
		{"long ago", func(r *request) { r.at = now.Add(-20 * time.Minute) },
			told{403, "SignatureDoesNotMatch", "Signature expired: 20261124T171640Z is now earlier than 20261124T172140Z (20261124T173640Z - 15 min.)"},
			told{400, "InvalidSignatureException", "Signature expired: 20261124T171640Z is now earlier than 20261124T173140Z (20261124T173640Z - 5 min.)"},
			told{403, "InvalidSignatureException", "Signature expired: 20261124T171640Z is now earlier than 20261124T173140Z (20261124T173640Z - 5 min.)"}},
		{"from the future", func(r *request) { r.at = now.Add(20 * time.Minute) },
			told{403, "SignatureDoesNotMatch", "Signature not yet current: 20261124T175640Z is still later than 20261124T175140Z (20261124T173640Z + 15 min.)"},
			told{400, "InvalidSignatureException", "Signature not yet current: 20261124T175640Z is still later than 20261124T174140Z (20261124T173640Z + 5 min.)"},
			told{403, "InvalidSignatureException", "Signature not yet current: 20261124T175640Z is still later than 20261124T174140Z (20261124T173640Z + 5 min.)"}},
	}
	w := newWorld(t, clock.NewManual(now))
	for _, row := range rows {
		for service, want := range map[string]told{"iam": row.iam, "logs": row.logs, "lambda": row.lambda} {
			t.Run(row.name+"/"+service, func(t *testing.T) {
				q := asking(service)
				row.change(&q)
				status, h, body := w.send(q)
				if got := tell(t, service, status, h, body); got != want {
					t.Errorf("got  %+v\nwant %+v", got, want)
				}
				if call := w.noted(); call != nil {
					t.Errorf("%s ran", call.Operation.Name)
				}
			})
		}
	}
	if len(w.used) > 0 {
		t.Errorf("keys that did not verify count as used: %v", w.used)
	}
	if n := w.bug.Count(); n != 0 {
		t.Errorf("%d bugs", n)
	}
}

func authorization(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", value) }
}

// TestOrderOfRefusals: the signature comes before the operation, the operation
// before the input, the input before the gate.
func TestOrderOfRefusals(t *testing.T) {
	w := newWorld(t, clock.System{})
	unknown := func(q *request) {
		switch q.service {
		case "iam":
			q.body = "Action=ListUnicorns&Version=2010-05-08"
		case "logs":
			q.header["X-Amz-Target"] = "Logs_20140328.ListUnicorns"
		case "lambda":
			q.path = "/2015-03-31/unicorns"
		}
	}
	malformed := func(q *request) {
		switch q.service {
		case "iam":
			q.body += "&MaxItems=many"
		case "logs":
			q.body = "{"
		case "lambda":
			q.header = map[string]string{"X-Amz-Invocation-Type": "Sometimes"}
		}
	}
	bob := func(q *request) { q.key, q.secret = bobKey, bobSecret }
	stranger := func(q *request) { q.key = "" }
	for _, c := range []struct {
		name              string
		change            []func(*request)
		iam, logs, lambda string
	}{
		// A path without signature that no service has belongs to no service.
		{"nobody asks for what is not there", []func(*request){stranger, unknown}, "403 MissingAuthenticationToken", "400 MissingAuthenticationTokenException", "404 UnknownOperationException"},
		{"nobody sends what cannot be read", []func(*request){stranger, malformed}, "403 MissingAuthenticationToken", "400 MissingAuthenticationTokenException", "403 MissingAuthenticationTokenException"},
		{"Bob asks for what is not there", []func(*request){bob, unknown}, "400 InvalidAction", "400 UnknownOperationException", "404 UnknownOperationException"},
		{"Bob sends what cannot be read", []func(*request){bob, malformed}, "400 MalformedInput", "400 SerializationException", "400 ValidationException"},
		{"Bob asks for what he may not", []func(*request){bob}, "403 AccessDeniedException", "403 AccessDeniedException", "403 AccessDeniedException"},
	} {
		for service, want := range map[string]string{"iam": c.iam, "logs": c.logs, "lambda": c.lambda} {
			q := asking(service)
			for _, change := range c.change {
				change(&q)
			}
			status, h, body := w.send(q)
			got := tell(t, service, status, h, body)
			if fmt.Sprintf("%d %s", got.status, got.code) != want {
				t.Errorf("%s, %s: got %d %s (%s), want %s", c.name, service, got.status, got.code, got.text, want)
			}
			if w.noted() != nil {
				t.Errorf("%s, %s: it ran", c.name, service)
			}
		}
	}
}

// TestUnboundAndRowlessOperations are known and yet nobody's to call.
func TestUnboundAndRowlessOperations(t *testing.T) {
	w := newWorld(t, clock.System{})
	for name, q := range map[string]request{
		"not bound":            {method: "GET", path: "/2018-10-31/layers", service: "lambda", key: aliceKey, secret: aliceSecret},
		"bound, without a row": {method: "GET", path: "/2015-03-31/functions/f", service: "lambda", key: aliceKey, secret: aliceSecret},
		"of no service":        {method: "GET", path: "/bucket/key", service: "s3", key: aliceKey, secret: aliceSecret},
		"of nobody":            {method: "GET", path: "/bucket/key"},
	} {
		status, h, body := w.send(q)
		if status < 400 || !strings.Contains(h.Get("x-amzn-ErrorType")+body, "Exception") || w.noted() != nil {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
}
