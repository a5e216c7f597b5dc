package sigv4

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// meaning is everything of a request that anybody acts on.
type meaning struct {
	Method, Path, Query, Host, Length string
	Header                            http.Header
	Body                              string
}

func meaningOf(r *http.Request, body []byte) meaning {
	return meaning{r.Method, wirePath(r), r.URL.Query().Encode(), r.Host, fmt.Sprint(r.ContentLength), r.Header, string(body)}
}

// TestWhatVerifiesIsWhatWasSigned flips every bit of signed requests on the
// wire, one at a time: each either is no request any more, is refused, or still
// means exactly the same (a header's name or an escape in another case).
func TestWhatVerifiesIsWhatWasSigned(t *testing.T) {
	plain := aMessage()
	plain.header["X-Amz-Client-Context"] = []string{"a  b"}
	plain.header.Set("X-Amz-Content-Sha256", hexHash([]byte(plain.body)))
	session := aMessage()
	session.key, session.secret, session.token = sessionKey, sessionSecret, sessionToken
	for name, r := range map[string]*http.Request{
		"header": plain.signed(t), "session": session.signed(t), "presigned": session.presigned(t, "60"),
	} {
		r.Header["User-Agent"] = []string{""} // the SDK does not sign it: do not send it
		var buffer bytes.Buffer
		if err := r.Write(&buffer); err != nil {
			t.Fatal(err)
		}
		wire, v := buffer.Bytes(), verifierAt(signingTime)
		good, body, err := read(wire)
		if err != nil {
			t.Fatal(err)
		}
		if _, failure := v.Verify(good, body, Expect{Service: lambdaAPI}); failure != nil {
			t.Fatalf("%s: %s", name, failure.text)
		}
		survived := 0
		for i := range wire {
			for bit := range 8 {
				wire[i] ^= 1 << bit
				if bad, body, err := read(wire); err == nil {
					if who, _ := v.Verify(bad, body, Expect{Service: lambdaAPI}); who != nil {
						survived++
						if want := meaningOf(good, []byte(aMessage().body)); !reflect.DeepEqual(meaningOf(bad, body), want) {
							t.Errorf("%s: byte %d, bit %d: %q verifies", name, i, bit, wire[max(0, i-20):min(len(wire), i+20)])
						}
					}
				}
				wire[i] ^= 1 << bit
			}
		}
		if survived == 0 || survived > len(wire) {
			t.Errorf("%s: %d of %d flips verified; letters in another case make some, and only some", name, survived, 8*len(wire))
		}
	}
}

// TestEverythingSignedBySpecificationVerifies draws requests and signs them with
// the reference implementation of these tests.
func TestEverythingSignedBySpecificationVerifies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segment := rapid.StringMatching(`[a-zA-Z0-9_~-]{1,6}(%[0-9A-F]{2})?`)
		path := "/" + strings.Join(rapid.SliceOfN(segment, 0, 4).Draw(t, "path"), "/")
		query := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), rapid.StringMatching(`[a-z0-9._~-]{0,5}`), 0, 4).Draw(t, "query")
		headers := rapid.MapOfN(rapid.StringMatching(`x-[b-z]{1,5}`), rapid.StringMatching(`[!-~]{0,5}`), 0, 4).Draw(t, "headers")
		body := []byte(rapid.String().Draw(t, "body"))
		method := rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE", "PATCH"}).Draw(t, "method")

		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(query)) {
			pairs = append(pairs, name+"="+query[name])
		}
		canonicalQuery := strings.Join(pairs, "&")
		canonicalHeaders := maps.Clone(headers)
		canonicalHeaders["host"], canonicalHeaders["x-amz-date"] = "h:1", "20150830T123600Z"
		names, signature := reference(exampleSecret, method, strings.ReplaceAll(path, "%", "%25"), canonicalQuery, canonicalHeaders, hexHash(body), "20150830T123600Z", "us-west-2", "lambda")

		for i, pair := range rapid.Permutation(pairs).Draw(t, "order of the query") {
			path += map[bool]string{true: "?", false: "&"}[i == 0] + pair
		}
		wire := method + " " + path + " HTTP/1.1\r\nHost: h:1\r\nX-Amz-Date: 20150830T123600Z\r\n"
		for name, value := range headers {
			wire += name + ": \t" + value + " \r\n"
		}
		wire += "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-west-2/lambda/aws4_request,SignedHeaders=" + names + ",Signature=" + signature + "\r\n" +
			fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
		r, got, err := read([]byte(wire))
		if err != nil {
			t.Fatalf("%v: %q", err, wire)
		}
		if _, failure := verifierAt(signingTime).Verify(r, got, Expect{Service: lambdaAPI}); failure != nil {
			t.Fatalf("%s: %q", failure.text, wire)
		}
	})
}

func TestKeyCache(t *testing.T) {
	secret := exampleSecret
	v := New(Config{Clock: clock.NewManual(signingTime), Lookup: func(context.Context, string, string) (Credential, Kind) {
		return Credential{Secret: secret}, Active
	}})
	r, body := received(t, aMessage().signed(t))
	spoiled := r.Clone(context.Background())
	spoiled.Method = "PUT"
	verify := func(r *http.Request) bool {
		who, _ := v.Verify(r, body, Expect{Service: lambdaAPI})
		return who != nil
	}
	if verify(spoiled) || len(v.keys.keys) != 0 {
		t.Error("a wrong signature leaves a key behind")
	}
	if first, second := verify(r), verify(r); !first || !second || len(v.keys.keys) != 1 {
		t.Error("a key that verified is not kept")
	}
	if verify(spoiled) {
		t.Error("a wrong signature verifies with a kept key")
	}
	if secret = "another"; verify(r) {
		t.Error("the old secret still signs after the key's secret changed")
	}
	for i := range limits.SigningKeys + 10 {
		v.keys.put(keyID{region: fmt.Sprint(i)}, signingKey{})
	}
	if n := len(v.keys.keys); n != limits.SigningKeys {
		t.Errorf("%d keys are kept", n)
	}
}

func FuzzVerify(f *testing.F) {
	for _, sign := range []func() *http.Request{
		func() *http.Request { return aMessage().signed(f) },
		func() *http.Request { return aMessage().presigned(f, "60") },
	} {
		var wire bytes.Buffer
		if err := sign().Write(&wire); err != nil {
			f.Fatal(err)
		}
		f.Add(wire.Bytes())
	}
	f.Add([]byte("GET /?X-Amz-Signature=%&X-Amz-Expires=9 HTTP/1.1\r\nHost: \r\nAuthorization: = , =,\r\n\r\n"))
	// A secret that no input was signed with: nothing may verify.
	v := New(Config{Clock: clock.NewManual(signingTime), Lookup: func(context.Context, string, string) (Credential, Kind) {
		return Credential{Secret: "nobody knows this one"}, Active
	}})
	f.Fuzz(func(t *testing.T, wire []byte) {
		r, body, err := read(wire)
		if err != nil {
			return
		}
		for _, service := range []Expect{{Service: lambdaAPI}, {Service: stsAPI}, {}} {
			who, failure := v.Verify(r, body, service)
			if who != nil {
				t.Errorf("verified without the secret: %q", wire)
			}
			if failure != nil && failure.Error(service.Service, api.RESTJSON).Message == "" {
				t.Error("a failure that says nothing")
			}
		}
		who, _, failure := v.VerifyHead(r, Expect{Service: s3API})
		if who != nil {
			t.Errorf("verified without the secret: %q", wire)
		}
		if failure != nil && failure.Error(s3API, api.RESTXML).Message == "" {
			t.Error("a failure that says nothing")
		}
	})
}

func FuzzCanonicalForms(f *testing.F) {
	for _, s := range []string{"", "/", "/a/../b//c/.", "a+b%20%zz%", "é", "/..", "..", "%2e%2E/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if path := NormalPath(s); NormalPath(path) != path || !strings.HasPrefix(path, "/") || strings.Contains(path, "//") {
			t.Errorf("%q becomes %q", s, path)
		}
		if c := canonical(s); canonical(c) != c {
			t.Errorf("%q becomes %q, which becomes %q", s, c, canonical(c))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	m := aMessage()
	m.key, m.secret, m.token = sessionKey, sessionSecret, sessionToken
	for name, sign := range map[string]func() *http.Request{
		"header":    func() *http.Request { return m.signed(b) },
		"presigned": func() *http.Request { return m.presigned(b, "60") },
	} {
		b.Run(name, func(b *testing.B) {
			r, body := received(b, sign())
			v := verifierAt(signingTime)
			b.ReportAllocs()
			for b.Loop() {
				if _, failure := v.Verify(r, body, Expect{Service: lambdaAPI}); failure != nil {
					b.Fatal(failure.text)
				}
			}
		})
	}
}
