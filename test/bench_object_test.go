package test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// BenchmarkObjects puts and gets objects with the Go SDK over HTTP, in turns
// with a plain copy of a file of the same size on the same disk, and for small
// objects with moto's server. Goal: half the rate of the copy for 64 MiB.
func BenchmarkObjects(b *testing.B) {
	dir := b.TempDir()
	p := mustServe(b, filepath.Join(dir, "state"))
	ours := newBucket(b, p.clients(0).config)
	bare := &benchBucket{objectsOf(bareObjects(b, dir, p.clients(0).config))}
	var peer *benchBucket
	if c := moto(b); c != nil {
		peer = newBucket(b, *c)
	}
	for _, shape := range []struct {
		name       string
		size, n, m int
	}{{"4KiB", 4 << 10, 400, 60}, {"64MiB", 64 << 20, 6, 0}} {
		body := make([]byte, shape.size)
		for i := range body {
			body[i] = byte(rand.Uint32())
		}
		from := filepath.Join(dir, shape.name)
		if err := os.WriteFile(from, body, 0o600); err != nil {
			b.Fatal(err)
		}
		for name, do := range map[string]func(*benchBucket, int) error{
			"put": func(c *benchBucket, i int) error { return c.put(i, body) },
			"get": func(c *benchBucket, _ int) error { return c.get(len(body)) },
		} {
			b.Run(name+"/"+shape.name, func(b *testing.B) {
				run := func(c *benchBucket, n int) float64 {
					return together(1, n, func(i int) {
						if err := do(c, i); err != nil {
							b.Error(err)
						}
					})
				}
				prepared(b, ours, body)
				for range b.N {
					run(ours, 2)
					floor := together(1, shape.n, func(i int) { copyFile(b, from, filepath.Join(dir, "to"+itoa(i%4))) })
					rate := run(ours, shape.n)
					b.ReportMetric(floor*float64(shape.size)/1e6, "copy-MB/s")
					b.ReportMetric(rate*float64(shape.size)/1e6, "MB/s")
					b.ReportMetric(rate/floor, "x-copy")
					if name == "put" {
						// What the SDK does around the bytes is not the server's.
						prepared(b, bare, body)
						b.ReportMetric(rate/run(bare, shape.n), "x-sdk")
					}
					if peer != nil && shape.m > 0 {
						prepared(b, peer, body)
						theirs := run(peer, shape.m)
						b.ReportMetric(rate/theirs, "x-moto")
					}
				}
			})
		}
	}
}

// bareObjects is a server that writes every body to a file, and does nothing
// else: no checksum, no signature, no record.
func bareObjects(b *testing.B, dir string, c aws.Config) aws.Config {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		out, err := os.Create(filepath.Join(dir, "bare-"+filepath.Base(r.URL.Path)))
		if err != nil {
			b.Error(err)
			return
		}
		defer out.Close()
		if _, err := io.Copy(out, r.Body); err != nil {
			b.Error(err)
		}
	}))
	b.Cleanup(server.Close)
	c.BaseEndpoint = &server.URL
	return c
}

type benchBucket struct{ *s3.Client }

func newBucket(b *testing.B, c aws.Config) *benchBucket {
	bucket := &benchBucket{objectsOf(c)}
	if _, err := bucket.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("bench")}); err != nil {
		b.Fatal(err)
	}
	return bucket
}

func prepared(b *testing.B, c *benchBucket, body []byte) {
	if err := c.put(0, body); err != nil {
		b.Fatal(err)
	}
}

func (c *benchBucket) put(i int, body []byte) error {
	_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bench"), Key: aws.String("k" + itoa(i%4)), Body: bytes.NewReader(body)})
	return err
}

func (c *benchBucket) get(size int) error {
	out, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("bench"), Key: aws.String("k0")})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	n, err := io.Copy(io.Discard, out.Body)
	if err == nil && n != int64(size) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// copyFile copies as an object is: through the memory of a process.
func copyFile(b *testing.B, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		b.Error(err)
		return
	}
	defer in.Close()
	out, err := os.Create(to)
	if err == nil {
		_, err = io.Copy(struct{ io.Writer }{out}, struct{ io.Reader }{in})
		if closed := out.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		b.Error(err)
	}
}
