package s3

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

// names are what a page shows, prefixes and keys in one order.
func names(keys []s3api.Object, prefixes []s3api.CommonPrefix) []string {
	var all []string
	for _, k := range keys {
		all = append(all, *k.Key)
	}
	for _, p := range prefixes {
		all = append(all, *p.Prefix)
	}
	slices.Sort(all)
	return all
}

// pages lists all of a bucket in pages of some size.
func (w *world) pages(in s3api.ListObjectsV2Request, most int32) (all []string) {
	w.Helper()
	in.MaxKeys = &most
	for {
		out := must(w, s3api.ListObjectsV2, &in)
		if n := len(out.Contents) + len(out.CommonPrefixes); n > int(most) || int(*out.KeyCount) != n {
			w.Fatalf("a page of %d has %d, and says %d", most, n, *out.KeyCount)
		}
		all = append(all, names(out.Contents, out.CommonPrefixes)...)
		if !*out.IsTruncated {
			return all
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func TestListing(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.bucket("bucket-b")
	w.put("bucket-b", "other", "x")
	for _, k := range []string{"a", "a/1", "a/2", "a/b/3", "b", "c/1", "c/2", "d!", "é"} {
		w.put("bucket-a", k, "x")
	}
	for _, c := range []struct {
		prefix, delimiter, after string
		want                     []string
	}{
		{"", "", "", []string{"a", "a/1", "a/2", "a/b/3", "b", "c/1", "c/2", "d!", "é"}},
		{"", "/", "", []string{"a", "a/", "b", "c/", "d!", "é"}},
		{"a", "/", "", []string{"a", "a/"}},
		{"a/", "/", "", []string{"a/1", "a/2", "a/b/"}},
		{"a/", "", "a/1", []string{"a/2", "a/b/3"}},
		{"", "", "b", []string{"c/1", "c/2", "d!", "é"}},
		{"", "1", "", []string{"a", "a/1", "a/2", "a/b/3", "b", "c/1", "c/2", "d!", "é"}},
		{"x", "", "", nil},
		{"", "", "zzz", []string{"é"}},
	} {
		for _, most := range []int32{1, 2, 1000} {
			in := s3api.ListObjectsV2Request{Bucket: ptr("bucket-a"), Prefix: &c.prefix, Delimiter: &c.delimiter, StartAfter: &c.after}
			if got := w.pages(in, most); !slices.Equal(got, c.want) {
				t.Errorf("prefix %q, delimiter %q, after %q, pages of %d: %q", c.prefix, c.delimiter, c.after, most, got)
			}
		}
	}
	refuses(w, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: ptr("bucket-a"), ContinuationToken: ptr("x")}, 400, "InvalidArgument")
	refuses(w, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: ptr("bucket-a"), MaxKeys: ptr(int32(-1))}, 400, "InvalidArgument")
	if out := must(w, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: ptr("bucket-a"), MaxKeys: ptr(int32(0))}); *out.IsTruncated || *out.KeyCount != 0 {
		t.Errorf("a page of none: %v", out)
	}
}

// TestListingIsThatOfAPlainList: pages, prefixes and delimiters of any keys give
// what sorting and grouping all of them gives.
func TestListingIsThatOfAPlainList(t *testing.T) {
	w := newWorld(t)
	part := rapid.StringOfN(rapid.SampledFrom([]rune("ab/é-")), 0, 5, -1)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		bucket := fmt.Sprint("bucket-", n)
		w.bucket(bucket)
		keys := map[string]bool{}
		for _, k := range rapid.SliceOfN(part, 0, 12).Draw(rt, "keys") {
			if k != "" {
				keys[k] = true
				w.put(bucket, k, "")
			}
		}
		prefix, delimiter := part.Draw(rt, "prefix"), rapid.SampledFrom([]string{"", "/", "-", "ab", "é"}).Draw(rt, "delimiter")
		shown := map[string]bool{}
		for k := range keys {
			if !strings.HasPrefix(k, prefix) {
				continue
			}
			if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
				k = k[:len(prefix)+i+len(delimiter)]
			}
			shown[k] = true
		}
		var want []string
		for k := range shown {
			want = append(want, k)
		}
		slices.Sort(want)
		got := w.pages(s3api.ListObjectsV2Request{Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter}, rapid.Int32Range(1, 5).Draw(rt, "page"))
		if !slices.Equal(got, want) {
			rt.Errorf("listed %q, want %q", got, want)
		}
	})
}

func TestFirstListHasMarkers(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	for _, k := range []string{"a b", "c/1", "d"} {
		w.put("bucket-a", k, "x")
	}
	out := must(w, s3api.ListObjects, &s3api.ListObjectsRequest{Bucket: ptr("bucket-a"), MaxKeys: ptr(int32(1)), EncodingType: ptr("url")})
	if *out.Contents[0].Key != "a+b" || !*out.IsTruncated || out.NextMarker != nil || out.Contents[0].Owner == nil {
		t.Errorf("%+v", out)
	}
	out = must(w, s3api.ListObjects, &s3api.ListObjectsRequest{Bucket: ptr("bucket-a"), MaxKeys: ptr(int32(1)), Delimiter: ptr("/"), Marker: ptr("a b")})
	if len(out.CommonPrefixes) != 1 || *out.NextMarker != "c/" {
		t.Errorf("%+v", out)
	}
	out = must(w, s3api.ListObjects, &s3api.ListObjectsRequest{Bucket: ptr("bucket-a"), Delimiter: ptr("/"), Marker: ptr("c/")})
	if len(out.CommonPrefixes) != 0 || *out.Contents[0].Key != "d" || *out.IsTruncated {
		t.Errorf("%+v", out)
	}
}
