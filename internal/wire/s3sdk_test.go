package wire

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

// at is a client of the SDK that reaches the world under another name.
func (w *world) at(endpoint string, pathStyle bool) *s3.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", w.server.Listener.Addr().String())
	}
	return s3.NewFromConfig(w.config(), func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle = aws.String(endpoint), pathStyle
		o.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	})
}

// TestKeysOfTheSDK: whatever the endpoint and the style, the SDK's bucket and key
// arrive as they were, also in a URL that it signed for somebody else.
func TestKeysOfTheSDK(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, endpoint := range []string{"http://s3.us-east-1.amazonaws.com", "http://localhost:4566", "http://s3.localhost:4566", "http://s3.eu-west-1.localhost", "http://127.0.0.1:4566", "http://sallyport:4566"} {
		for _, pathStyle := range []bool{true, false} {
			if !pathStyle && strings.Contains(endpoint, "sallyport") {
				continue // BUCKET.sallyport is a name of nobody's
			}
			client := w.at(endpoint, pathStyle)
			for _, key := range []string{"k", "a/b", "a//b", "/a", "a/", "a/../b", "./a", "a b+c", "100%25", "ü?acl&x=y#z", "a;b=c,d:e@f'!*()~$", strings.Repeat("a/", 500)} {
				in := &s3.GetObjectInput{Bucket: ptr("my-bucket"), Key: ptr(key), VersionId: ptr("v")}
				if _, err := client.GetObject(ctx, in); err != nil {
					t.Fatalf("%s %q: %v", endpoint, key, err)
				}
				w.arrived(t, endpoint, key)
				signed, err := s3.NewPresignClient(client).PresignGetObject(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				w.fetch(t, client, signed.URL)
				w.arrived(t, "presigned "+endpoint, key)
			}
		}
	}
}

// arrived checks what came in last.
func (w *world) arrived(t *testing.T, endpoint, key string) {
	t.Helper()
	got, ok := w.in.(*s3api.GetObjectRequest)
	if !ok || got.GetBucket() != "my-bucket" || got.GetKey() != key || got.GetVersionId() != "v" {
		t.Errorf("%s %q: got %s %+v", endpoint, key, w.operation.Name, w.in)
	}
	w.in = nil
}

// fetch gets a URL as a browser would, over the client's connections.
func (w *world) fetch(t *testing.T, client *s3.Client, url string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Options().HTTPClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); answer.StatusCode != 200 || err != nil {
		t.Fatalf("%s: %d %s %v", url, answer.StatusCode, text, err)
	}
}
