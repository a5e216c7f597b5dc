package s3_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sallyport/sallyport"
)

// crashDir tells the test binary that it is the server that is to be killed.
const crashDir = "SALLYPORT_S3_CRASH_DIR"

// TestServerToKill is no test of its own: it serves until it is killed.
func TestServerToKill(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		return
	}
	server, err := sallyport.New(sallyport.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	root, _ := server.RootCredentials(sallyport.DefaultAccount)
	fmt.Println("serving", server.Endpoint(), root.AccessKeyID, root.SecretAccessKey)
	select {}
}

// victim is a server in a process of its own.
func victim(t *testing.T, dir string) (c *s3.Client, kill func()) {
	t.Helper()
	p := exec.Command(os.Args[0], "-test.run=^TestServerToKill$")
	p.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) == 4 && f[0] == "serving" {
			c = s3.NewFromConfig(aws.Config{
				Region: "us-east-1", BaseEndpoint: &f[1], Credentials: credentials.NewStaticCredentialsProvider(f[2], f[3], ""), RetryMaxAttempts: 1,
			}, func(o *s3.Options) { o.UsePathStyle = true })
			break
		}
	}
	if c == nil {
		t.Fatal("the server did not start")
	}
	return c, func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// TestAcknowledgedObjectsSurviveAKill kills a server while objects arrive: every
// one it answered for is there whole, and nothing is left of the others.
func TestAcknowledgedObjectsSurviveAKill(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	bucket := aws.String("bucket-a")
	var mu sync.Mutex
	acknowledged := map[string]int{}
	for round := range 4 {
		c, kill := victim(t, dir)
		if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
			t.Fatal(err)
		}
		enough := make(chan struct{})
		var once sync.Once
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := 0; ; i++ {
					// Objects of one block and of many, under new keys and old ones.
					key, size := fmt.Sprintf("r%d-w%d-%d", round, w, i), []int{10, 100_000, 3_000_000}[i%3]
					if i%4 == 3 {
						key = fmt.Sprintf("again-%d", w)
					}
					_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(bytes.Repeat([]byte(key[:1]), size))})
					mu.Lock()
					if err == nil && i%4 != 3 {
						acknowledged[key] = size
					}
					mu.Unlock()
					if err != nil {
						return
					}
					if i == 5+round {
						once.Do(func() { close(enough) })
					}
				}
			})
		}
		<-enough
		kill()
		writers.Wait()
	}
	c, _ := client(t, sallyport.Config{DataDir: dir})
	for key, size := range acknowledged {
		out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key})
		if err != nil {
			t.Errorf("%s is lost: %v", key, err)
			continue
		}
		if got, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(got, bytes.Repeat([]byte(key[:1]), size)) {
			t.Errorf("%s has %d bytes of %d: %v", key, len(got), size, err)
		}
	}
	objects := 0
	for pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: bucket}); pages.HasMorePages(); {
		objects += len(must[*s3.ListObjectsV2Output](t)(pages.NextPage(ctx)).Contents)
	}
	files, err := filepath.Glob(filepath.Join(dir, "objects", "*", "*"))
	if err != nil || len(files) != objects || objects < len(acknowledged) {
		t.Errorf("%d files hold %d objects, %d of them acknowledged: %v", len(files), objects, len(acknowledged), err)
	}
	t.Logf("%d objects were acknowledged before 4 kills", len(acknowledged))
}
