package s3

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

func TestWhatIsPutIsRead(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	for _, size := range []int{0, 1, smallBlock - 1, smallBlock, smallBlock + 1, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 7, 20*blockSize + 1} {
		body := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		out := w.put("bucket-a", "k", body)
		sum := md5.Sum([]byte(body))
		if want := `"` + hex.EncodeToString(sum[:]) + `"`; *out.ETag != want || out.VersionId != nil || out.ChecksumCRC64NVME == nil || *out.ServerSideEncryption != "AES256" {
			t.Errorf("%d bytes: ETag %s, want %s, %+v", size, *out.ETag, want, out)
		}
		if got := w.get("bucket-a", "k"); got != body {
			t.Errorf("%d bytes: read %d others", size, len(got))
		}
	}
	if w.files() != 1 {
		t.Errorf("%d files hold one object", w.files())
	}
}

func TestRanges(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "0123456789")
	for header, want := range map[string]string{
		"bytes=0-0": "0 bytes 0-0/10", "bytes=2-4": "234 bytes 2-4/10", "bytes=8-": "89 bytes 8-9/10", "bytes=-3": "789 bytes 7-9/10",
		"bytes=5-100": "56789 bytes 5-9/10", "bytes=-100": "0123456789 bytes 0-9/10",
		"": "0123456789 ", "nonsense": "0123456789 ", "bytes=4-2": "0123456789 ", "bytes=0-1,3-4": "0123456789 ",
	} {
		in := get("bucket-a", "k")
		in.Range = &header
		out := must(w, s3api.GetObject, in)
		if got := w.content(out) + " " + out.GetContentRange(); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	for _, header := range []string{"bytes=10-", "bytes=10-20", "bytes=-0"} {
		in := get("bucket-a", "k")
		in.Range = &header
		e := refuses(w, s3api.GetObject, in, 416, "InvalidRange")
		if e.Members["ActualObjectSize"] != "10" {
			t.Errorf("%q: %v", header, e.Members)
		}
	}
}

func TestConditionalReads(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	etag := *w.put("bucket-a", "k", "x").ETag
	now := w.clock.Now()
	before, after := now.Add(-time.Hour), now.Add(time.Hour)
	for _, c := range []struct {
		name string
		set  func(in *s3api.GetObjectRequest)
		want int
	}{
		{"the ETag matches", func(in *s3api.GetObjectRequest) { in.IfMatch = &etag }, 200},
		{"another ETag", func(in *s3api.GetObjectRequest) { in.IfMatch = ptr(`"x"`) }, 412},
		{"any ETag", func(in *s3api.GetObjectRequest) { in.IfMatch = ptr("*") }, 200},
		{"none of these, and it is", func(in *s3api.GetObjectRequest) { in.IfNoneMatch = ptr(`"x", ` + etag) }, 304},
		{"none of these, and it is not", func(in *s3api.GetObjectRequest) { in.IfNoneMatch = ptr(`"x"`) }, 200},
		{"changed since before", func(in *s3api.GetObjectRequest) { in.IfModifiedSince = &before }, 200},
		{"not changed since", func(in *s3api.GetObjectRequest) { in.IfModifiedSince = &now }, 304},
		{"unchanged since later", func(in *s3api.GetObjectRequest) { in.IfUnmodifiedSince = &after }, 200},
		{"not unchanged", func(in *s3api.GetObjectRequest) { in.IfUnmodifiedSince = &before }, 412},
		{"If-Match outweighs If-Unmodified-Since", func(in *s3api.GetObjectRequest) { in.IfMatch, in.IfUnmodifiedSince = &etag, &before }, 200},
		{"If-None-Match outweighs If-Modified-Since", func(in *s3api.GetObjectRequest) { in.IfNoneMatch, in.IfModifiedSince = &etag, &before }, 304},
	} {
		in := get("bucket-a", "k")
		c.set(in)
		switch c.want {
		case 200:
			w.content(must(w, s3api.GetObject, in))
		case 304:
			refuses(w, s3api.GetObject, in, 304, "NotModified")
		default:
			refuses(w, s3api.GetObject, in, 412, "PreconditionFailed")
		}
		if t.Failed() {
			t.Fatal(c.name)
		}
	}
}

func TestConditionalWrites(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	first := put("bucket-a", "k", "1")
	first.IfNoneMatch = ptr("*")
	etag := must(w, s3api.PutObject, first).ETag
	again := put("bucket-a", "k", "2")
	again.IfNoneMatch = ptr("*")
	refuses(w, s3api.PutObject, again, 412, "PreconditionFailed")
	wrong := put("bucket-a", "k", "2")
	wrong.IfMatch = ptr(`"x"`)
	refuses(w, s3api.PutObject, wrong, 412, "PreconditionFailed")
	absent := put("bucket-a", "other", "2")
	absent.IfMatch = etag
	refuses(w, s3api.PutObject, absent, 404, "NoSuchKey")
	right := put("bucket-a", "k", "2")
	right.IfMatch = etag
	must(w, s3api.PutObject, right)
	odd := put("bucket-a", "k", "3")
	odd.IfNoneMatch = ptr(`"x"`)
	refuses(w, s3api.PutObject, odd, 501, "NotImplemented")
	if got := w.get("bucket-a", "k"); got != "2" {
		t.Errorf("the object is %q", got)
	}
	if w.files() != 1 {
		t.Errorf("%d files: refused bodies stayed", w.files())
	}
}

// TestBodyThatIsNotWhatWasClaimed leaves the object as it was.
func TestBodyThatIsNotWhatWasClaimed(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "before")
	broken := api.Newf(403, "SignatureDoesNotMatch", "no")
	for _, c := range []struct {
		name, code string
		set        func(in *s3api.PutObjectRequest)
	}{
		{"another MD5", "BadDigest", func(in *s3api.PutObjectRequest) { in.ContentMD5 = ptr("1B2M2Y8AsgTpgAmY7PhCfg==") }},
		{"no MD5 at all", "InvalidDigest", func(in *s3api.PutObjectRequest) { in.ContentMD5 = ptr("x") }},
		{"another CRC32", "BadDigest", func(in *s3api.PutObjectRequest) { in.ChecksumCRC32 = ptr("AAAAAA==") }},
		{"no CRC32 at all", "InvalidRequest", func(in *s3api.PutObjectRequest) { in.ChecksumCRC32 = ptr("AA==") }},
		{"two checksums", "InvalidRequest", func(in *s3api.PutObjectRequest) {
			in.ChecksumCRC32, in.ChecksumSHA1 = ptr("AAAAAA=="), ptr("2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
		}},
		{"another sum in the trailer", "BadDigest", func(in *s3api.PutObjectRequest) {
			in.ChecksumAlgorithm, in.Body.Trailers = ptr("SHA1"), map[string]string{"x-amz-checksum-sha1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}
		}},
		{"a trailer nobody announced", "BadDigest", func(in *s3api.PutObjectRequest) {
			in.Body.Trailers = map[string]string{"x-amz-checksum-sha1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}
		}},
		{"shorter than it says", "IncompleteBody", func(in *s3api.PutObjectRequest) { in.Body.Length = 100 }},
		{"a signature that does not match", "SignatureDoesNotMatch", func(in *s3api.PutObjectRequest) { in.Body.Body = failing{broken} }},
	} {
		in := put("bucket-a", "k", "after")
		c.set(in)
		_, err := call(w, root(here), s3api.PutObject, in)
		if e, ok := err.(*api.Error); !ok || e.Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if got := w.get("bucket-a", "k"); got != "before" || w.files() != 1 {
		t.Errorf("the object is %q, in %d files", got, w.files())
	}
}

// failing is a body that gives some bytes, and an error in the place of io.EOF.
type failing struct{ err error }

func (f failing) Read(p []byte) (int, error) { return copy(p, "after"), f.err }
func (failing) Close() error                 { return nil }

func TestChecksumsAreKept(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	// The sums of "123456789" are the check values of the algorithms.
	for algorithm, want := range map[string]string{
		sumCRC32: "y/Q5Jg==", sumCRC32C: "4waSgw==", sumCRC64NVME: "rosUhgp5mIg=", sumSHA1: "98O8HYCOBHMq32eZZczDTKeuNEE=", sumSHA256: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	} {
		in := put("bucket-a", "k", "123456789")
		in.ChecksumAlgorithm = &algorithm
		must(w, s3api.PutObject, in)
		read := get("bucket-a", "k")
		read.ChecksumMode = ptr("ENABLED")
		out := must(w, s3api.GetObject, read)
		w.content(out)
		got := map[string]*string{sumCRC32: out.ChecksumCRC32, sumCRC32C: out.ChecksumCRC32C, sumCRC64NVME: out.ChecksumCRC64NVME, sumSHA1: out.ChecksumSHA1, sumSHA256: out.ChecksumSHA256}[algorithm]
		if got == nil || *got != want || *out.ChecksumType != fullObject {
			t.Errorf("%s: %v, want %s", algorithm, value(got), want)
		}
	}
}

func TestMissingKeyIsToldToWhoMayList(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	lister := w.user(here, "lister", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::bucket-a","arn:aws:s3:::bucket-a/*"]}]}`)
	reader := w.user(here, "reader", allow("s3:GetObject", "arn:aws:s3:::bucket-a/*", ""))
	refusesAs(w, lister, s3api.GetObject, get("bucket-a", "none"), 404, "NoSuchKey")
	refusesAs(w, reader, s3api.GetObject, get("bucket-a", "none"), 403, "AccessDenied")
	w.put("bucket-a", "some", "x")
	w.content(mustAs(w, reader, s3api.GetObject, get("bucket-a", "some")))
}

func TestObjectsSurviveTheServer(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir)
	w.bucket("bucket-a")
	for i := range 20 {
		w.put("bucket-a", fmt.Sprint("k", i), fmt.Sprint("body ", i))
	}
	// What a crash leaves of a body that nobody was told of.
	if _, file, err := w.s3.files.New(); err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	w.stop()
	w = openWorld(t, dir)
	for i := range 20 {
		if got := w.get("bucket-a", fmt.Sprint("k", i)); got != fmt.Sprint("body ", i) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if w.files() != 20 {
		t.Errorf("%d files of 20 objects", w.files())
	}
}
