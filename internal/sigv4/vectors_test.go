package sigv4

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
)

// TestPublishedVectors are the numbers that AWS's documentation and its public
// test suite print for the example key.
func TestPublishedVectors(t *testing.T) {
	day := scope{date: "20150830", region: "us-east-1", service: "iam"}
	if key := derive(exampleSecret, day); hex.EncodeToString(key[:]) != "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9" {
		t.Errorf("signing key %x", key)
	}
	service := &api.Service{ID: "service", SigningName: "service", Protocol: api.Query}
	for _, c := range []struct {
		name    string
		service *api.Service
		wire    string
	}{
		{"IAM ListUsers, of the general reference", iamAPI, "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\nHost: iam.amazonaws.com\r\n" +
			"Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nX-Amz-Date: 20150830T123600Z\r\n" +
			"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\r\n\r\n"},
		{"get-vanilla, of the test suite", service, "GET / HTTP/1.1\r\nHost: example.amazonaws.com\r\nX-Amz-Date: 20150830T123600Z\r\n" +
			"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\r\n\r\n"},
	} {
		r, body, err := read([]byte(c.wire))
		if err != nil {
			t.Fatal(err)
		}
		if _, failure := verifierAt(signingTime).Verify(r, body, Expect{Service: c.service}); failure != nil {
			t.Errorf("%s: %s", c.name, failure.text)
		}
	}
}

// TestWhatBotocoreSignsVerifies reads requests that botocore 1.43.11 signed with
// the keys of these tests, its clock at signingTime, as it would send them.
func TestWhatBotocoreSignsVerifies(t *testing.T) {
	files, err := filepath.Glob("testdata/botocore/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	services := map[string]*api.Service{"iam": iamAPI, "sts": stsAPI, "logs": logsAPI, "lambda": lambdaAPI}
	for _, file := range files {
		wire, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		service, _, _ := strings.Cut(filepath.Base(file), "_")
		r, body, err := read(wire)
		if err != nil {
			t.Fatal(err)
		}
		v := verifierAt(signingTime)
		if _, failure := v.Verify(r, body, Expect{Service: services[service]}); failure != nil {
			t.Errorf("%s: %s", file, failure.text)
		}
		r.Header.Add("X-Amz-Added", "1")
		if who, _ := v.Verify(r, body, Expect{Service: services[service]}); who != nil {
			t.Errorf("%s verifies with another header", file)
		}
	}
}

// TestCanonicalRequest compares texts; the cases are those of AWS's test suite
// in words of our own, and more.
func TestCanonicalRequest(t *testing.T) {
	for _, c := range []struct {
		name, target, signed string
		header               http.Header
		path, query, lines   string
	}{
		{"nothing", "/", "host", nil, "/", "", "host:h\n"},
		{"empty query", "/?", "host", nil, "/", "", "host:h\n"},
		{"unreserved", "/-._~0aZ", "host", nil, "/-._~0aZ", "", "host:h\n"},
		{"encoded twice", "/a%20b/%E1%88%B4", "host", nil, "/a%2520b/%25E1%2588%25B4", "", "host:h\n"},
		{"wire form kept, even in an odd case", "/%c3%a9/%2f", "host", nil, "/%25c3%25a9/%252f", "", "host:h\n"},
		{"reserved signs", "/a:b@c+d,e;f=g", "host", nil, "/a%3Ab%40c%2Bd%2Ce%3Bf%3Dg", "", "host:h\n"},
		{"dot segments", "/./a/../b//c/.", "host", nil, "/b/c", "", "host:h\n"},
		{"above the root", "/../../a/", "host", nil, "/a/", "", "host:h\n"},
		{"names that begin with dots", "/.a/..b/...", "host", nil, "/.a/..b/...", "", "host:h\n"},
		{"slashes only", "///", "host", nil, "/", "", "host:h\n"},
		{"query sorted by name, then value", "/?b=2&a=2&a=1&A=3", "host", nil, "/", "A=3&a=1&a=2&b=2", "host:h\n"},
		{"query sorted encoded", "/?k=a-b&k=a%2Fb", "host", nil, "/", "k=a%2Fb&k=a-b", "host:h\n"},
		{"query encoded anew", "/?k=a+b&l=%7e%2d&m=*&n=%c3%a9", "host", nil, "/", "k=a%20b&l=~-&m=%2A&n=%C3%A9", "host:h\n"},
		{"query without values", "/?a&b=&=c&&", "host", nil, "/", "=c&a=&b=", "host:h\n"},
		{"query with equal signs and bad escapes", "/?a=b=c&d=%zz&e=%4", "host", nil, "/", "a=b%3Dc&d=%25zz&e=%254", "host:h\n"},
		{"query with a semicolon", "/?a=1;b=2", "host", nil, "/", "a=1%3Bb%3D2", "host:h\n"},
		{"the signature itself left out", "/?X-Amz-Signature=x&a=1", "host", nil, "/", "a=1", "host:h\n"},
		{"values trimmed, runs folded", "/", "host;my-header", http.Header{"My-Header": {"  a \t b   \"c   d\"  "}}, "/", "", "host:h\nmy-header:a b \"c d\"\n"},
		{"values joined in order", "/", "host;my-header", http.Header{"My-Header": {"z", " a ", ""}}, "/", "", "host:h\nmy-header:z,a,\n"},
		{"a header that is not there", "/", "absent;host", nil, "/", "", "absent:\nhost:h\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _, err := read([]byte("GET " + c.target + " HTTP/1.1\r\nHost: h\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range c.header {
				r.Header[name] = values
			}
			got, ok := appendCanonical(nil, r, appendPath, parseQuery(rawQuery(r)), c.signed, "HASH")
			want := "GET\n" + c.path + "\n" + c.query + "\n" + c.lines + "\n" + c.signed + "\nHASH"
			if !ok || string(got) != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestSignedContentLength(t *testing.T) {
	r, err := http.NewRequest("POST", "http://h/", bytes.NewReader([]byte("abc")))
	if err != nil {
		t.Fatal(err)
	}
	if got := headerValues(r, "content-length"); len(got) != 1 || got[0] != "3" {
		t.Errorf("got %v", got)
	}
	r.ContentLength = -1
	if got := headerValues(r, "content-length"); len(got) != 0 {
		t.Errorf("a chunked body has no length, got %v", got)
	}
}
