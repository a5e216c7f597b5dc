package s3

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
)

// begin makes an upload.
func (w *world) begin(bucket, key string) string {
	w.Helper()
	return *must(w, s3api.CreateMultipartUpload, &s3api.CreateMultipartUploadRequest{Bucket: &bucket, Key: &key}).UploadId
}

func partOf(bucket, key, id string, n int32, body string) *s3api.UploadPartRequest {
	return &s3api.UploadPartRequest{Bucket: &bucket, Key: &key, UploadId: &id, PartNumber: &n, Body: stream(body)}
}

func complete(bucket, key, id string, parts ...s3api.CompletedPart) *s3api.CompleteMultipartUploadRequest {
	return &s3api.CompleteMultipartUploadRequest{Bucket: &bucket, Key: &key, UploadId: &id, MultipartUpload: &s3api.CompletedMultipartUpload{Parts: parts}}
}

func TestUploadsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	id := w.begin("bucket-a", "k")
	big := strings.Repeat("x", limits.SmallestPart)
	one := s3api.CompletedPart{PartNumber: ptr(int32(1)), ETag: must(w, s3api.UploadPart, partOf("bucket-a", "k", id, 1, "small")).ETag}
	two := s3api.CompletedPart{PartNumber: ptr(int32(2)), ETag: must(w, s3api.UploadPart, partOf("bucket-a", "k", id, 2, big)).ETag}
	absent := s3api.CompletedPart{PartNumber: ptr(int32(3)), ETag: two.ETag}
	wrong := s3api.CompletedPart{PartNumber: ptr(int32(2)), ETag: one.ETag}
	for _, c := range []struct {
		name, code string
		in         *s3api.CompleteMultipartUploadRequest
	}{
		{"no parts", "MalformedXML", complete("bucket-a", "k", id)},
		{"in the wrong order", "InvalidPartOrder", complete("bucket-a", "k", id, two, one)},
		{"a part that is not there", "InvalidPart", complete("bucket-a", "k", id, two, absent)},
		{"another ETag", "InvalidPart", complete("bucket-a", "k", id, wrong)},
		{"a part but the last too small", "EntityTooSmall", complete("bucket-a", "k", id, one, two)},
	} {
		if e := refuses(w, s3api.CompleteMultipartUpload, c.in, 400, c.code); t.Failed() {
			t.Fatal(c.name, e)
		}
	}
	refuses(w, s3api.UploadPart, partOf("bucket-a", "k", id, 0, "x"), 400, "InvalidArgument")
	refuses(w, s3api.UploadPart, partOf("bucket-a", "k", id, 10_001, "x"), 400, "InvalidArgument")
	refuses(w, s3api.UploadPart, partOf("bucket-a", "k", "none", 1, "x"), 404, "NoSuchUpload")
	refuses(w, s3api.UploadPart, partOf("bucket-a", "other", id, 1, "x"), 404, "NoSuchUpload")
	refuses(w, s3api.GetObject, get("bucket-a", "k"), 404, "NoSuchKey")

	// What is chosen becomes the object, the rest goes.
	must(w, s3api.CompleteMultipartUpload, complete("bucket-a", "k", id, two))
	if w.get("bucket-a", "k") != big || w.files() != 1 {
		t.Errorf("%d files", w.files())
	}
	refuses(w, s3api.CompleteMultipartUpload, complete("bucket-a", "k", id, two), 404, "NoSuchUpload")
}

func TestUploadsAreListedAndAborted(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	for _, k := range []string{"a", "a", "d/1", "d/2", "e"} {
		id := w.begin("bucket-a", k)
		must(w, s3api.UploadPart, partOf("bucket-a", k, id, 7, "x"))
		must(w, s3api.UploadPart, partOf("bucket-a", k, id, 7, "again"))
	}
	in := &s3api.ListMultipartUploadsRequest{Bucket: ptr("bucket-a"), Delimiter: ptr("/"), MaxUploads: ptr(int32(1))}
	var keys []string
	for {
		out := must(w, s3api.ListMultipartUploads, in)
		for _, u := range out.Uploads {
			keys = append(keys, *u.Key)
		}
		for _, p := range out.CommonPrefixes {
			keys = append(keys, *p.Prefix)
		}
		if !*out.IsTruncated {
			break
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
	if got := strings.Join(keys, " "); got != "a a d/ e" {
		t.Errorf("listed %q", got)
	}
	if w.files() != 5 {
		t.Errorf("%d files of 5 parts", w.files())
	}
	for _, u := range must(w, s3api.ListMultipartUploads, &s3api.ListMultipartUploadsRequest{Bucket: ptr("bucket-a")}).Uploads {
		must(w, s3api.AbortMultipartUpload, &s3api.AbortMultipartUploadRequest{Bucket: ptr("bucket-a"), Key: u.Key, UploadId: u.UploadId})
	}
	if w.files() != 0 {
		t.Errorf("%d files of aborted uploads", w.files())
	}
	// An upload that nobody finishes does not keep a bucket.
	w.begin("bucket-a", "k")
	must(w, s3api.DeleteBucket, &s3api.DeleteBucketRequest{Bucket: ptr("bucket-a")})
}

// TestJoinedSums: the sum of parts is that of their bytes.
func TestJoinedSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for algorithm, p := range polynomials {
			whole := newSum(algorithm)
			var joined crcSum
			for _, part := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 300), 1, 5).Draw(t, algorithm) {
				one := newSum(algorithm)
				one.Write(part)
				whole.Write(part)
				joined.add(p, one.Sum(nil), int64(len(part)))
			}
			if got, want := base64.StdEncoding.EncodeToString(joined.raw), base64.StdEncoding.EncodeToString(whole.Sum(nil)); got != want {
				t.Errorf("%s: joined %s, want %s", algorithm, got, want)
			}
		}
	})
}
