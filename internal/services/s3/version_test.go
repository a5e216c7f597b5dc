package s3

import (
	"slices"
	"testing"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

func (w *world) versioning(bucket, status string) {
	w.Helper()
	must(w, s3api.PutBucketVersioning, &s3api.PutBucketVersioningRequest{Bucket: &bucket, VersioningConfiguration: &s3api.VersioningConfiguration{Status: &status}})
}

func getVersion(bucket, key, id string) *s3api.GetObjectRequest {
	in := get(bucket, key)
	in.VersionId = &id
	return in
}

// history lists the versions of a bucket, newest first of each key; markers as "-".
func (w *world) history(bucket string, most int32) (all []string) {
	w.Helper()
	in := &s3api.ListObjectVersionsRequest{Bucket: &bucket, MaxKeys: &most}
	for {
		out := must(w, s3api.ListObjectVersions, in)
		type one struct {
			key    string
			id     string
			latest bool
			marker bool
		}
		var page []one
		for _, v := range out.Versions {
			page = append(page, one{*v.Key, *v.VersionId, *v.IsLatest, false})
		}
		for _, m := range out.DeleteMarkers {
			page = append(page, one{*m.Key, *m.VersionId, *m.IsLatest, true})
		}
		slices.SortStableFunc(page, func(a, b one) int {
			va, vb := w.s3.find(nil, bucket, a.key, a.id), w.s3.find(nil, bucket, b.key, b.id)
			if a.key != b.key {
				return map[bool]int{true: -1, false: 1}[a.key < b.key]
			}
			return int(vb.Order - va.Order)
		})
		for _, o := range page {
			text := o.key
			if o.marker {
				text += "-"
			}
			if o.latest {
				text += "!"
			}
			if o.id == nullVersion {
				text += "0"
			}
			all = append(all, text)
		}
		if !*out.IsTruncated {
			return all
		}
		in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
	}
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "unversioned")
	w.versioning("bucket-a", "Enabled")
	one := *w.put("bucket-a", "k", "one").VersionId
	two := *w.put("bucket-a", "k", "two").VersionId
	w.put("bucket-a", "l", "other")
	marker := must(w, s3api.DeleteObject, &s3api.DeleteObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("k")})
	if !*marker.DeleteMarker || *marker.VersionId == "" {
		t.Errorf("%+v", marker)
	}
	e := refuses(w, s3api.GetObject, get("bucket-a", "k"), 404, "NoSuchKey")
	if e.Headers["x-amz-delete-marker"] != "true" {
		t.Errorf("headers %v", e.Headers)
	}
	refuses(w, s3api.GetObject, getVersion("bucket-a", "k", *marker.VersionId), 405, "MethodNotAllowed")
	refuses(w, s3api.GetObject, getVersion("bucket-a", "k", "x"), 400, "InvalidArgument")
	refuses(w, s3api.GetObject, getVersion("bucket-a", "k", "00000000000000000000000000000000"), 404, "NoSuchVersion")
	for id, want := range map[string]string{nullVersion: "unversioned", one: "one", two: "two"} {
		if got := w.content(must(w, s3api.GetObject, getVersion("bucket-a", "k", id))); got != want {
			t.Errorf("version %s is %q", id, got)
		}
	}
	want := []string{"k-!", "k", "k", "k0", "l!"}
	for _, most := range []int32{1, 2, 3, 1000} {
		if got := w.history("bucket-a", most); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %q", most, got)
		}
	}
	if out := must(w, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: ptr("bucket-a")}); len(out.Contents) != 1 {
		t.Errorf("a hidden key is listed: %d", len(out.Contents))
	}
	refuses(w, s3api.DeleteBucket, &s3api.DeleteBucketRequest{Bucket: ptr("bucket-a")}, 409, "BucketNotEmpty")

	// Without its marker the key is back, without its latest version the one before.
	must(w, s3api.DeleteObject, &s3api.DeleteObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("k"), VersionId: marker.VersionId})
	if got := w.get("bucket-a", "k"); got != "two" {
		t.Errorf("the latest is %q", got)
	}
	must(w, s3api.DeleteObject, &s3api.DeleteObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("k"), VersionId: &two})
	if got := w.get("bucket-a", "k"); got != "one" {
		t.Errorf("the latest is %q", got)
	}

	// Suspended, there is one null version, and it is replaced.
	w.versioning("bucket-a", "Suspended")
	if id := *w.put("bucket-a", "k", "null again").VersionId; id != nullVersion {
		t.Errorf("version id %s", id)
	}
	if got := w.history("bucket-a", 1000); !slices.Equal(got, []string{"k!0", "k", "l!"}) {
		t.Errorf("%q", got)
	}
	must(w, s3api.DeleteObject, &s3api.DeleteObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("k")})
	if got := w.history("bucket-a", 1000); !slices.Equal(got, []string{"k-!0", "k", "l!"}) {
		t.Errorf("%q", got)
	}
	if w.files() != 2 {
		t.Errorf("%d files of two versions with bytes", w.files())
	}
}

// TestReadGoesOnThoughTheObjectGoes: an answer is of the version it began with.
func TestReadGoesOnThoughTheObjectGoes(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "whole")
	out := must(w, s3api.GetObject, get("bucket-a", "k"))
	w.put("bucket-a", "k", "other")
	must(w, s3api.DeleteObject, &s3api.DeleteObjectRequest{Bucket: ptr("bucket-a"), Key: ptr("k")})
	if got := w.content(out); got != "whole" {
		t.Errorf("read %q", got)
	}
	if w.files() != 0 {
		t.Errorf("%d files are left", w.files())
	}
}

func TestResetLeavesNothing(t *testing.T) {
	q := &queue{}
	w := openWorld(t, "", q)
	w.bucket("bucket-a")
	w.versioning("bucket-a", "Enabled")
	w.put("bucket-a", "k", "one")
	w.put("bucket-a", "k", "two")
	must(w, s3api.UploadPart, partOf("bucket-a", "k", w.begin("bucket-a", "k"), 1, "part"))
	w.ok(w.s3.Reset(t.Context()))
	if n := w.files(); n != 0 || len(w.s3.Guarded()) != 0 {
		t.Errorf("%d files are left", n)
	}
	refuses(w, s3api.HeadBucket, &s3api.HeadBucketRequest{Bucket: ptr("bucket-a")}, 404, "NoSuchBucket")
	w.bucket("bucket-a")
	if got := w.history("bucket-a", 1000); got != nil {
		t.Errorf("left: %q", got)
	}
}
