package edge

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
)

// BenchmarkObjects moves 64 MiB each way, in every mode, without a store: what
// the door and the checks of the body cost.
func BenchmarkObjects(b *testing.B) {
	const length, chunk = 64 << 20, 64 << 10
	w, p := s3World(b)
	p.sink = io.Discard
	put := func(declared string, body func(r *http.Request) io.Reader, size int64) func(b *testing.B) {
		return func(b *testing.B) {
			b.SetBytes(length)
			for b.Loop() {
				r := w.putting(aliceKey, aliceSecret, declared, nil, size, map[string]string{"X-Amz-Decoded-Content-Length": fmt.Sprint(length)})
				r.Body = io.NopCloser(body(r))
				if status, _, text := w.do(r); status != 200 {
					b.Fatal(text)
				}
			}
		}
	}
	zero := func() io.Reader { return &zeros{length: length} }
	b.Run("put/unsigned", put("UNSIGNED-PAYLOAD", func(*http.Request) io.Reader { return zero() }, length))
	b.Run("put/chunks-signed-and-verified", put("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", func(r *http.Request) io.Reader { return signedChunks(r, aliceSecret, zero(), chunk) }, chunkedLength(length, chunk)))
	b.Run("get/file", func(b *testing.B) {
		name := b.TempDir() + "/object"
		if err := os.WriteFile(name, make([]byte, length), 0o600); err != nil {
			b.Fatal(err)
		}
		p.source = func() *api.Stream {
			f, err := os.Open(name)
			if err != nil {
				b.Fatal(err)
			}
			return &api.Stream{Body: f, Length: length}
		}
		b.SetBytes(length)
		for b.Loop() {
			r, err := http.NewRequest("GET", w.server.URL+"/bucket/key", nil)
			if err != nil {
				b.Fatal(err)
			}
			w.signS3(r, aliceKey, aliceSecret, hash(""))
			answer, err := w.server.Client().Do(r)
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, answer.Body); n != length || err != nil {
				b.Fatal(n, err)
			}
			answer.Body.Close()
		}
	})
}
