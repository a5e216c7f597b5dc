package edge

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
)

const oddKey = "a//b/../c d+é?.txt"

// TestSDKObjects with the real SDK: over HTTP it signs the body's hash, over TLS
// it sends unsigned chunks with a checksum behind them.
func TestSDKObjects(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w, p := s3World(t)
		if secure {
			tls := httptest.NewUnstartedServer(w.handler)
			tls.StartTLS()
			t.Cleanup(tls.Close)
			w.server = tls
		}
		config := w.config(aliceKey, aliceSecret, "", "eu-west-1")
		config.HTTPClient = w.server.Client()
		client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
		ctx := context.Background()
		body := strings.Repeat("0123456789", 50_000)
		for _, reader := range []io.Reader{strings.NewReader(body), io.LimitReader(strings.NewReader(body), 1<<30)} {
			if _, seekable := reader.(io.Seeker); !seekable && !secure {
				continue // the SDK sends no such body over HTTP
			}
			out, err := client.PutObject(ctx, &s3.PutObjectInput{
				Bucket: aws.String("bucket"), Key: aws.String(oddKey), Body: reader, ContentLength: aws.Int64(int64(len(body))),
				ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c, ContentEncoding: aws.String("gzip"), Metadata: map[string]string{"a": "b"},
			})
			if err != nil {
				t.Fatalf("TLS %v: %v", secure, err)
			}
			call := w.noted()
			in := call.Input.(*s3api.PutObjectRequest)
			if *in.Key != oddKey || *in.Bucket != "bucket" || in.Metadata["a"] != "b" || call.Region != "eu-west-1" || in.GetContentEncoding() != "gzip" {
				t.Errorf("%s of %s, %q, %v in %s", *in.Key, *in.Bucket, in.GetContentEncoding(), in.Metadata, call.Region)
			}
			if p.read != int64(len(body)) || p.digest != hash(body) || in.Body.Length != p.read || aws.ToString(out.ETag) != `"`+p.digest+`"` {
				t.Errorf("%d bytes of %d", p.read, in.Body.Length)
			}
			if came := in.Body.Trailers["x-amz-checksum-crc32c"] != ""; came != secure {
				t.Errorf("TLS %v: trailers %v", secure, in.Body.Trailers)
			}
			if call.Origin.Host != strings.TrimPrefix(strings.TrimPrefix(w.server.URL, "https://"), "http://") || call.Origin.Secure != secure {
				t.Errorf("origin %+v", call.Origin)
			}
		}
		p.source = func() *api.Stream {
			return &api.Stream{Body: io.NopCloser(strings.NewReader(body)), Length: int64(len(body))}
		}
		got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(oddKey)})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := io.ReadAll(got.Body); err != nil || string(all) != body {
			t.Errorf("%d bytes, %v", len(all), err)
		}
		w.noted()
		if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("bucket"), Policy: aws.String(`{"é":1}`)}); err != nil {
			t.Fatal(err)
		}
		if in := w.noted().Input.(*s3api.PutBucketPolicyRequest); in.GetPolicy() != `{"é":1}` {
			t.Errorf("policy %q", in.GetPolicy())
		}
		if n := w.bug.Count(); n != 0 {
			t.Errorf("%d bugs", n)
		}
	}
}

// TestSDKPresigned: what the SDK's presigner makes works with a plain client, and
// the headers it moved to the query reach the operation.
func TestSDKPresigned(t *testing.T) {
	w, p := s3World(t)
	presigner := s3.NewPresignClient(s3.NewFromConfig(w.config(aliceKey, aliceSecret, "", "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true }))
	ctx := context.Background()
	put, err := presigner.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String(oddKey), ACL: types.ObjectCannedACLPublicRead, StorageClass: types.StorageClassStandardIa,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("PUT", put.URL, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range put.SignedHeader {
		if name != "Host" {
			r.Header[name] = values
		}
	}
	if status, _, body := w.do(r); status != 200 || p.digest != hash("hello") {
		t.Fatalf("got %d %s", status, body)
	}
	call := w.noted()
	if o := call.Origin.Signature; !o.Presigned || o.Time.IsZero() || o.Payload != "UNSIGNED-PAYLOAD" {
		t.Errorf("signature %+v", o)
	}
	if in := call.Input.(*s3api.PutObjectRequest); in.GetACL() != "public-read" || in.GetStorageClass() != "STANDARD_IA" || *in.Key != oddKey {
		t.Errorf("%q %q %q", in.GetACL(), in.GetStorageClass(), *in.Key)
	}
	p.source = func() *api.Stream { return &api.Stream{Body: io.NopCloser(strings.NewReader("hello")), Length: 5} }
	// In Version 2, as the aws CLI makes it by default.
	old := "/bucket/key?AWSAccessKeyId=" + aliceKey + "&Expires=4102444800&Signature="
	h := hmac.New(sha1.New, []byte(aliceSecret))
	h.Write([]byte("GET\n\n\n4102444800\n/bucket/key"))
	r, err = http.NewRequest("GET", w.server.URL+old+url.QueryEscape(base64.StdEncoding.EncodeToString(h.Sum(nil))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := w.do(r); status != 200 || body != "hello" {
		t.Errorf("got %d %s", status, body)
	}
	if call := w.noted(); call.Origin.Signature.Version != "AWS" || call.Caller.Account() != "111111111111" {
		t.Errorf("signed %+v", call.Origin.Signature)
	}
	get, err := presigner.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(oddKey)})
	if err != nil {
		t.Fatal(err)
	}
	r, err = http.NewRequest("GET", get.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := w.do(r); status != 200 || body != "hello" {
		t.Errorf("got %d %s", status, body)
	}
	w.noted()
	r.URL.Path, r.URL.RawPath = "/bucket/another", ""
	if status, _, body := w.do(r); status != 403 || s3Failed(body) != "SignatureDoesNotMatch" || w.noted() != nil {
		t.Errorf("got %d %s", status, body)
	}
}

// TestHeadersInTheQueryRoute: a presigned copy is a copy.
func TestHeadersInTheQueryRoute(t *testing.T) {
	w, _ := s3World(t)
	if status, _, body := w.do(w.presign("PUT", "/bucket/key?x-amz-copy-source=bucket%2Fother", nil)); status != 200 {
		t.Fatalf("got %d %s", status, body)
	}
	call := w.noted()
	if in, ok := call.Input.(*s3api.CopyObjectRequest); !ok || in.GetCopySource() != "bucket/other" {
		t.Errorf("%s", call.Operation.Name)
	}
}

// TestBodiesAreCheckedOnTheWay: the handler learns from its reader, before it
// commits anything, that a body is not what was signed.
func TestBodiesAreCheckedOnTheWay(t *testing.T) {
	w, p := s3World(t)
	for name, c := range map[string]struct {
		declared, body string
		header         map[string]string
		code           string
	}{
		"hash":          {hash("hello"), "hello", nil, ""},
		"another hash":  {hash("other"), "hello", nil, "XAmzContentSHA256Mismatch"},
		"unsigned":      {"UNSIGNED-PAYLOAD", "hello", nil, ""},
		"chunks":        {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello\r\n0\r\n\r\n", map[string]string{"X-Amz-Decoded-Content-Length": "5"}, ""},
		"broken chunks": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello", map[string]string{"X-Amz-Decoded-Content-Length": "5"}, "IncompleteBody"},
		"junk after it": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello\r\n0\r\n\r\n" + strings.Repeat("x", 10_000), map[string]string{"X-Amz-Decoded-Content-Length": "5"}, ""},
		"no trailer":    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello\r\n0\r\n\r\n", map[string]string{"X-Amz-Decoded-Content-Length": "5", "X-Amz-Trailer": "x-amz-checksum-sha1"}, "MalformedTrailerError"},
	} {
		status, _, body := w.do(w.putting(aliceKey, aliceSecret, c.declared, strings.NewReader(c.body), int64(len(c.body)), c.header))
		if s3Failed(body) != c.code || (c.code == "") != (status == 200) || (c.code == "") != (p.err == nil) {
			t.Errorf("%s: got %d %s, the handler read %v", name, status, body, p.err)
		}
		if c.code == "" && p.digest != hash("hello") {
			t.Errorf("%s: read %d bytes", name, p.read)
		}
		w.noted()
	}
	// What is not streamed is checked before there is an input.
	r, err := http.NewRequest("PUT", w.server.URL+"/bucket?policy", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	w.signS3(r, aliceKey, aliceSecret, hash("other"))
	if status, _, body := w.do(r); status != 400 || s3Failed(body) != "XAmzContentSHA256Mismatch" || w.noted() != nil {
		t.Errorf("got %d %s", status, body)
	}
	if n := w.bug.Count(); n != 0 {
		t.Errorf("%d bugs", n)
	}
}

// TestSizesInS3 are told from the headers alone.
func TestSizesInS3(t *testing.T) {
	w, _ := s3World(t)
	for name, c := range map[string]struct {
		path   string
		length int64
		header map[string]string
		status int
		code   string
	}{
		"object of more than 5 GiB":      {"/bucket/key", limits.ObjectBody + 1, nil, 400, "EntityTooLarge"},
		"chunks of more than 5 GiB":      {"/bucket/key", 100, map[string]string{"X-Amz-Decoded-Content-Length": fmt.Sprint(limits.ObjectBody + 1)}, 400, "EntityTooLarge"},
		"a policy as large as an object": {"/bucket?policy", limits.RequestBody + 1, nil, 400, "MaxMessageLengthExceeded"},
		"object of unknown length":       {"/bucket/key", -1, nil, 501, "NotImplemented"},
		"object without a length":        {"/bucket/key", 0, nil, 411, "MissingContentLength"},
	} {
		body := &endless{}
		r := w.putting(aliceKey, aliceSecret, "UNSIGNED-PAYLOAD", nil, 0, c.header)
		declared := "UNSIGNED-PAYLOAD"
		if c.header != nil {
			declared = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
		}
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(c.path, "?")
		r.ContentLength = c.length
		r.Header.Del("Authorization")
		w.signS3(r, aliceKey, aliceSecret, declared)
		r.Body = io.NopCloser(body)
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code != c.status || s3Failed(answer.Body.String()) != c.code || body.read > 0 {
			t.Errorf("%s: got %d %s after %d bytes", name, answer.Code, answer.Body, body.read)
		}
		if c.length != 0 && answer.Header().Get("Connection") != "close" {
			t.Errorf("%s: the connection waits for the body", name)
		}
	}
}

// TestAnonymousInS3 is a caller like any other, for the gate to judge; nowhere
// else is there one.
func TestAnonymousInS3(t *testing.T) {
	w, _ := s3World(t)
	for path, code := range map[string]string{"/bucket/key": "AccessDeniedException", "/": "AccessDeniedException", "/2015-03-31/functions": "MissingAuthenticationTokenException"} {
		r, err := http.NewRequest("GET", w.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, h, body := w.do(r)
		if got := s3Failed(body) + h.Get("x-amzn-ErrorType"); status != 403 || got != code {
			t.Errorf("%s: got %d %s, want %s", path, status, got, code)
		}
	}
}

// TestPathsThatMeanTwoThings: what is signed for one service never reaches
// another, however its path is written.
func TestPathsThatMeanTwoThings(t *testing.T) {
	w, _ := s3World(t)
	for _, service := range []string{"lambda", "s3"} {
		for _, path := range []string{"/2015-03-31/functions/", "//2015-03-31/functions/", "/bucket/../2015-03-31/functions/", "/bucket/key"} {
			r, err := http.NewRequest("GET", w.server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.URL = &url.URL{Scheme: "http", Host: r.URL.Host, Path: path}
			r.Header.Set("X-Amz-Content-Sha256", hash(""))
			who := aws.Credentials{AccessKeyID: aliceKey, SecretAccessKey: aliceSecret}
			if err := v4.NewSigner().SignHTTP(context.Background(), who, r, hash(""), service, "us-east-1", w.handler.clock.Now()); err != nil {
				t.Fatal(err)
			}
			_, _, _ = w.do(r)
			if call := w.noted(); call != nil && call.Operation.Service.ID != service {
				t.Errorf("%s, signed for %s, reached %s", path, service, call.Operation.Service.ID)
			}
		}
	}
}

// TestPlainEncoding: how a body came is not what the object is.
func TestPlainEncoding(t *testing.T) {
	for given, want := range map[string]string{
		"aws-chunked": "", "aws-chunked, gzip": "gzip", "gzip,aws-chunked": "gzip", "foo, aws-chunked, bar": "foo, bar", "gzip": "gzip", "": "",
	} {
		r := httptest.NewRequest("PUT", "/bucket/key", nil)
		if given != "" {
			r.Header.Set("Content-Encoding", given)
		}
		if got := plainEncoding(r).Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
		if r.Header.Get("Content-Encoding") != given {
			t.Error("the request itself was changed")
		}
	}
}
