package edge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
)

// probe is an S3 that reads what it is sent and notes what came of it.
type probe struct {
	service
	// sink, if set, is where bodies go, unhashed; source what GetObject answers.
	sink   io.Writer
	source func() *api.Stream
	// read is how the last body ended: its bytes, its digest and its error.
	read   int64
	digest string
	err    error
	// asked are the preflights, answered by cors.
	asked []op.Preflight
	cors  func(op.Preflight) (map[string]string, error)
	// admitted is closed, if set, when the handler begins.
	admitted chan struct{}
}

// s3World is a world with an S3 beside the others.
func s3World(t testing.TB) (*world, *probe) {
	t.Helper()
	p := &probe{}
	w := newWorld(t, clock.System{}, func(w *world) op.Service {
		p.service = service{api: s3api.Service, world: w, rows: []op.Row{
			op.Bind(s3api.PutObject, p.put, needed),
			op.Bind(s3api.GetObject, p.get, needed),
			noting(w, s3api.PutBucketPolicy, api.Empty{}),
			noting(w, s3api.ListBuckets, s3api.ListBucketsOutput{}),
			noting(w, s3api.CopyObject, s3api.CopyObjectOutput{}),
		}}
		return p
	})
	return w, p
}

func (p *probe) put(_ context.Context, c *op.Call, in *s3api.PutObjectRequest) (*s3api.PutObjectOutput, error) {
	p.world.note(c)
	if p.admitted != nil {
		close(p.admitted)
	}
	h := sha256.New()
	to := io.Writer(h)
	if p.sink != nil {
		to = p.sink
	}
	p.read, p.err = io.Copy(to, in.Body.Body)
	p.digest = hex.EncodeToString(h.Sum(nil))
	if p.err != nil {
		return nil, p.err
	}
	return &s3api.PutObjectOutput{ETag: aws.String(`"` + p.digest + `"`)}, nil
}

func (p *probe) get(_ context.Context, c *op.Call, _ *s3api.GetObjectRequest) (*s3api.GetObjectOutput, error) {
	p.world.note(c)
	return &s3api.GetObjectOutput{Body: p.source()}, nil
}

// Preflight implements op.CrossOrigin.
func (p *probe) Preflight(asked op.Preflight) (map[string]string, error) {
	p.asked = append(p.asked, asked)
	if p.cors == nil {
		return nil, api.Newf(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
	}
	return p.cors(asked)
}

// putting is a PUT of an object, signed for S3; declared is the body hash.
func (w *world) putting(key, secret, declared string, body io.Reader, length int64, header map[string]string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest("PUT", w.server.URL+"/bucket/key", body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.ContentLength = length
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w.signS3(r, key, secret, declared)
	return r
}

func (w *world) signS3(r *http.Request, key, secret, declared string) {
	w.t.Helper()
	r.Header.Set("X-Amz-Content-Sha256", declared)
	who := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}
	err := v4.NewSigner().SignHTTP(context.Background(), who, r, declared, "s3", "us-east-1", w.handler.clock.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil {
		w.t.Fatal(err)
	}
}

// s3Failed is the code of an answer in XML.
func s3Failed(body string) string {
	_, rest, _ := strings.Cut(body, "<Code>")
	code, _, _ := strings.Cut(rest, "</Code>")
	return code
}

// signedChunks frames src in signed chunks of one size while it is read, as the
// signature of r begins the chain. It knows none of the code under test.
func signedChunks(r *http.Request, secret string, src io.Reader, size int) io.Reader {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, rest, _ := strings.Cut(rest, ",")
	_, last, _ := strings.Cut(rest, "Signature=")
	_, scope, _ := strings.Cut(credential, "/")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = sum(key, part)
	}
	pr, pw := io.Pipe()
	go func() {
		chunk := make([]byte, size)
		for {
			n, err := io.ReadFull(src, chunk)
			hash, none := sha256.Sum256(chunk[:n]), sha256.Sum256(nil)
			last = hex.EncodeToString(sum(key, fmt.Sprintf("AWS4-HMAC-SHA256-PAYLOAD\n%s\n%s\n%s\n%x\n%x", r.Header.Get("X-Amz-Date"), scope, last, none, hash)))
			for _, piece := range [][]byte{fmt.Appendf(nil, "%x;chunk-signature=%s\r\n", n, last), chunk[:n], []byte("\r\n")} {
				if _, gone := pw.Write(piece); gone != nil {
					return
				}
			}
			if n == 0 {
				pw.CloseWithError(err)
				return
			}
		}
	}()
	return pr
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// chunkedLength is how long such a body is.
func chunkedLength(length, size int64) int64 {
	total := int64(0)
	for ; length > 0; length -= size {
		n := min(length, size)
		total += int64(len(fmt.Sprintf("%x;chunk-signature=", n))) + 64 + 2 + n + 2
	}
	return total + int64(len("0;chunk-signature=")) + 64 + 4
}

// presign gives a URL that lives for a minute.
func (w *world) presign(method, target string, header http.Header) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+target, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header
	q := r.URL.Query()
	q.Set("X-Amz-Expires", fmt.Sprint(int(time.Minute/time.Second)))
	r.URL.RawQuery = q.Encode()
	who := aws.Credentials{AccessKeyID: aliceKey, SecretAccessKey: aliceSecret}
	signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), who, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", w.handler.clock.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Request{Method: method, URL: u, Header: http.Header{}, Host: u.Host}
}
