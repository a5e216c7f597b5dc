package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport"
)

// client is the SDK of the root user of a new server, as SDKs are used: with
// its own checksums and retries.
func client(t testing.TB, c sallyport.Config) (*s3.Client, *sallyport.Server) {
	t.Helper()
	server, err := sallyport.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if n := server.Bugs(); n > 0 {
			t.Errorf("%d bugs were reported", n)
		}
	})
	root, _ := server.RootCredentials(sallyport.DefaultAccount)
	return s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	}, func(o *s3.Options) { o.UsePathStyle = true }), server
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestObjectsThroughTheSDK(t *testing.T) {
	ctx := context.Background()
	c, _ := client(t, sallyport.Config{})
	bucket := aws.String("bucket-a")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	for _, key := range []string{"plain", "dir/with space+plus&amp;", "ümlaut/日本", "a//b", "dot/../dot", "?x=y#z", "100%25"} {
		body := strings.Repeat(key, 1000)
		must[*s3.PutObjectOutput](t)(c.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: &key, Body: strings.NewReader(body), ContentType: aws.String("text/x"), Metadata: map[string]string{"who": "me"}, Tagging: aws.String("a=b&c=d"),
		}))
		out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		got := must[[]byte](t)(io.ReadAll(out.Body))
		if string(got) != body || *out.ContentType != "text/x" || out.Metadata["who"] != "me" || *out.TagCount != 2 || out.ChecksumType != types.ChecksumTypeFullObject {
			t.Errorf("%q: %d bytes, type %v, metadata %v", key, len(got), *out.ContentType, out.Metadata)
		}
		head := must[*s3.HeadObjectOutput](t)(c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key}))
		if *head.ContentLength != int64(len(body)) || *head.ETag != *out.ETag {
			t.Errorf("%q: %+v", key, head)
		}
	}
	part := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("plain"), Range: aws.String("bytes=1-3")}))
	if got := must[[]byte](t)(io.ReadAll(part.Body)); string(got) != "lai" || *part.ContentRange != "bytes 1-3/5000" {
		t.Errorf("a range: %q %v", got, *part.ContentRange)
	}
	if _, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")}); code(err) != "NoSuchKey" {
		t.Errorf("a key that is not there: %v", err)
	}
	if _, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("none")}); code(err) != "NotFound" {
		t.Errorf("the head of a key that is not there: %v", err)
	}
	list := must[*s3.ListObjectsV2Output](t)(c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Delimiter: aws.String("/")}))
	if len(list.Contents) != 3 || len(list.CommonPrefixes) != 4 {
		t.Errorf("listed %d keys and %d prefixes", len(list.Contents), len(list.CommonPrefixes))
	}
	gone := must[*s3.DeleteObjectsOutput](t)(c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("plain")}, {Key: aws.String("none")}}}}))
	if len(gone.Deleted) != 2 || len(gone.Errors) != 0 {
		t.Errorf("deleted %+v", gone)
	}
	if _, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}); code(err) != "BucketNotEmpty" {
		t.Errorf("a bucket with objects: %v", err)
	}
}

func TestMultipartThroughTheSDK(t *testing.T) {
	ctx := context.Background()
	c, _ := client(t, sallyport.Config{DataDir: t.TempDir()})
	bucket, key := aws.String("bucket-a"), aws.String("big")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	for _, algorithm := range []types.ChecksumAlgorithm{"", types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmCrc64nvme} {
		up := must[*s3.CreateMultipartUploadOutput](t)(c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: algorithm}))
		var parts []types.CompletedPart
		var whole []byte
		for n := int32(1); n <= 3; n++ {
			body := bytes.Repeat([]byte{byte(n)}, 5<<20)
			if n == 3 {
				body = []byte("tail")
			}
			whole = append(whole, body...)
			p := must[*s3.UploadPartOutput](t)(c.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: &n, Body: bytes.NewReader(body), ChecksumAlgorithm: algorithm}))
			parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(n), ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32, ChecksumSHA256: p.ChecksumSHA256, ChecksumCRC64NVME: p.ChecksumCRC64NVME})
		}
		listed := must[*s3.ListPartsOutput](t)(c.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: up.UploadId}))
		if len(listed.Parts) != 3 {
			t.Errorf("%s: %d parts", algorithm, len(listed.Parts))
		}
		done := must[*s3.CompleteMultipartUploadOutput](t)(c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		}))
		if !strings.HasSuffix(*done.ETag, `-3"`) {
			t.Errorf("%s: ETag %s", algorithm, *done.ETag)
		}
		out := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, ChecksumMode: types.ChecksumModeEnabled}))
		if got := must[[]byte](t)(io.ReadAll(out.Body)); !bytes.Equal(got, whole) {
			t.Errorf("%s: %d other bytes", algorithm, len(got))
		}
		across := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String(fmt.Sprintf("bytes=%d-%d", 5<<20-2, 10<<20+1))}))
		if got := must[[]byte](t)(io.ReadAll(across.Body)); !bytes.Equal(got, whole[5<<20-2:10<<20+2]) {
			t.Errorf("%s: a range over parts has %d other bytes", algorithm, len(got))
		}
		if one := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, PartNumber: aws.Int32(3)})); *one.PartsCount != 3 || *one.ContentLength != 4 {
			t.Errorf("%s: part 3 of %d has %d bytes", algorithm, *one.PartsCount, *one.ContentLength)
		}
	}
	copied := must[*s3.CopyObjectOutput](t)(c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("bucket-a/big")}))
	if strings.Contains(*copied.CopyObjectResult.ETag, "-") {
		t.Errorf("a copy is one piece, and has the ETag %s", *copied.CopyObjectResult.ETag)
	}
}

func TestPresignedURLs(t *testing.T) {
	ctx := context.Background()
	c, _ := client(t, sallyport.Config{})
	bucket := aws.String("bucket-a")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	signer := s3.NewPresignClient(c)
	up, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	r := must[*http.Request](t)(http.NewRequest(up.Method, up.URL, strings.NewReader("hello")))
	if answer := must[*http.Response](t)(http.DefaultClient.Do(r)); answer.StatusCode != 200 {
		t.Fatalf("put: %s", answer.Status)
	}
	down, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	answer := must[*http.Response](t)(http.Get(down.URL))
	if got := must[[]byte](t)(io.ReadAll(answer.Body)); string(got) != "hello" {
		t.Errorf("got %q", got)
	}
	answer = must[*http.Response](t)(http.Get(strings.Replace(down.URL, "/k?", "/other?", 1)))
	if answer.StatusCode != 403 {
		t.Errorf("a URL signed for another key: %s", answer.Status)
	}
}

// TestClientThatGoesAway in the middle of a body leaves no object, no file and
// no bug.
func TestClientThatGoesAway(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	c, server := client(t, sallyport.Config{DataDir: dir})
	bucket := aws.String("bucket-a")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	up, err := s3.NewPresignClient(c).PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	body := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), failing{gone})
	r := must[*http.Request](t)(http.NewRequest(up.Method, up.URL, body))
	r.ContentLength = 10 << 20
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, gone) {
		t.Fatalf("the client did not give up: %v", err)
	}
	// Closing waits for the request to end.
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "objects", "*", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
