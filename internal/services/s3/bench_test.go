package s3

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

// BenchmarkObjects measures objects beside plain files, of the same bytes and in
// the same folder: a put beside a file that is copied, a get beside one that is
// read. Compare the lines of one run with each other only.
func BenchmarkObjects(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 20} {
		body := make([]byte, size)
		rand.Read(body)
		dir := b.TempDir()
		from := filepath.Join(dir, "from")
		if err := os.WriteFile(from, body, 0o600); err != nil {
			b.Fatal(err)
		}
		w := openWorld(b, filepath.Join(dir, "data"))
		w.bucket("bucket-a")
		for name, once := range map[string]func(i int){
			"file-copy": func(i int) { copyFile(b, from, filepath.Join(dir, fmt.Sprint("to", i%8))) },
			"file-read": func(int) { readFile(b, from) },
			"put": func(i int) {
				in := &s3api.PutObjectRequest{Bucket: ptr("bucket-a"), Key: ptr(fmt.Sprint("k", i%8)), Body: &api.Stream{Body: io.NopCloser(bytes.NewReader(body)), Length: int64(size)}}
				must(w, s3api.PutObject, in)
			},
			"get": func(int) {
				out := must(w, s3api.GetObject, get("bucket-a", "k0"))
				if _, err := io.Copy(io.Discard, out.Body.Body); err != nil {
					b.Fatal(err)
				}
				out.Body.Body.Close()
			},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				w.put("bucket-a", "k0", string(body))
				b.SetBytes(int64(size))
				b.ResetTimer()
				for i := range b.N {
					once(i)
				}
			})
		}
		w.stop()
	}
}

func copyFile(b *testing.B, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		b.Fatal(err)
	}
	// The bytes go through this process, as they do for an object.
	if _, err := io.Copy(struct{ io.Writer }{out}, struct{ io.Reader }{in}); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
}

func readFile(b *testing.B, name string) {
	in, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	if _, err := io.Copy(io.Discard, in); err != nil {
		b.Fatal(err)
	}
}
