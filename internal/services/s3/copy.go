package s3

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// original is the version that a copy reads, as its finder saw it.
func (s *Service) original(ctx context.Context, c *op.Call) (*source, error) {
	from, ok := s.source(c)
	if !ok {
		return nil, badSource("")
	}
	if from.in == nil {
		return nil, noSuchBucket(from.bucket)
	}
	if e := c.Input.(interface{ GetExpectedSourceBucketOwner() string }).GetExpectedSourceBucketOwner(); e != "" && e != from.in.Account {
		return nil, accessDenied()
	}
	switch {
	case from.found == nil && !c.Allowed(ctx, s.mayListSource(from.bucket)):
		return nil, accessDenied()
	case from.found == nil && from.version != "":
		return nil, noSuchVersion(from.key, from.version)
	case from.found == nil, from.found.Marker && from.version == "":
		return nil, noSuchKey(from.key)
	case from.found.Marker:
		return nil, invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	return from, nil
}

func badSource(given string) *api.Error {
	return invalidArgument("x-amz-copy-source", given, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
}

// link gives the bytes of a version a second set of names.
func (s *Service) link(v *version) ([]segment, error) {
	files := v.files()
	s.pins.pin(files)
	defer s.pins.unpin(files, s.removeFile)
	var linked []segment
	for _, g := range v.Segments {
		name, err := s.files.Link(g.File)
		if err != nil {
			for _, made := range linked {
				s.remove(made.File)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil, overtaken()
			}
			return nil, err
		}
		g.File = name
		linked = append(linked, g)
	}
	return linked, nil
}

func (s *Service) copyObject(ctx context.Context, c *op.Call, in *s3api.CopyObjectRequest) (*s3api.CopyObjectOutput, error) {
	b, err := s.writable(c, in.GetKey())
	if err != nil {
		return nil, err
	}
	from, err := s.original(ctx, c)
	if err != nil {
		return nil, err
	}
	old := from.found
	conditions := readConditions{in.GetCopySourceIfMatch(), in.GetCopySourceIfNoneMatch(), in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince}
	if err := first(checkCopy(in), conditions.checkCopy(old)); err != nil {
		return nil, err
	}
	if old.Size > limits.ObjectBody {
		return nil, invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(limits.ObjectBody))
	}
	v, err := copyOf(c, b, old, in)
	if err != nil {
		return nil, err
	}
	if err := s.copyBytes(v, old, in); err != nil {
		return nil, err
	}
	err = s.commit(ctx, c, b, v, "ObjectCreated:Copy", func(latest *version) error {
		return checkWrite(latest, v.Key, in.GetIfMatch(), in.GetIfNoneMatch())
	})
	if err != nil {
		return nil, err
	}
	sum := v.Sum.sums()
	out := &s3api.CopyObjectOutput{
		CopyObjectResult: &s3api.CopyObjectResult{
			ETag: quoted(v.ETag), LastModified: &v.Modified, ChecksumType: v.sumType(),
			ChecksumCRC32: sum.crc32, ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64, ChecksumSHA1: sum.sha1, ChecksumSHA256: sum.sha256,
		},
		VersionId: v.shownID(b), CopySourceVersionId: old.shownID(from.in),
		ServerSideEncryption: optional(v.SSE), SSEKMSKeyId: optional(v.KMSKey), BucketKeyEnabled: optional(v.BucketKey),
	}
	return out, nil
}

func checkCopy(in *s3api.CopyObjectRequest) error {
	for _, d := range [][2]string{{"x-amz-metadata-directive", in.GetMetadataDirective()}, {"x-amz-tagging-directive", in.GetTaggingDirective()}} {
		if d[1] != "" && d[1] != "COPY" && d[1] != "REPLACE" {
			return invalidArgument(d[0], d[1], "Unknown %s directive.", map[string]string{"x-amz-metadata-directive": "metadata", "x-amz-tagging-directive": "tagging"}[d[0]])
		}
	}
	if in.CopySourceSSECustomerAlgorithm != nil {
		return notImplemented("x-amz-copy-source-server-side-encryption-customer-algorithm")
	}
	return checkWriteHeaders(in.GetIfMatch(), in.GetIfNoneMatch())
}

// copyOf is the record of a copy before it has bytes: headers and tags are the
// source's, or the request's where it says REPLACE.
func copyOf(c *op.Call, b *bucket, old *version, in *s3api.CopyObjectRequest) (*version, error) {
	h, replaced := old.headers, in.GetMetadataDirective() == "REPLACE"
	if replaced {
		h = headers{
			ContentType: in.GetContentType(), CacheControl: in.GetCacheControl(), Disposition: in.GetContentDisposition(), Encoding: in.GetContentEncoding(),
			Language: in.GetContentLanguage(), Expires: in.GetExpires(), Metadata: in.Metadata,
		}
	}
	h.StorageClass, h.Website = in.GetStorageClass(), in.GetWebsiteRedirectLocation()
	h.SSE, h.KMSKey, h.BucketKey = in.GetServerSideEncryption(), in.GetSSEKMSKeyId(), in.GetBucketKeyEnabled()
	same := old.Bucket == b.Name && old.Key == in.GetKey() && in.GetCopySource() != "" && !replaced
	if same && h.StorageClass == "" && h.Website == "" && h.SSE == "" && in.ChecksumAlgorithm == nil && in.GetTaggingDirective() != "REPLACE" && isLatest(c) {
		return nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	tagging := ""
	if in.GetTaggingDirective() == "REPLACE" {
		tagging = in.GetTagging()
	}
	v, err := newVersion(c, b, in.GetKey(), h, tagging)
	if err != nil {
		return nil, err
	}
	if in.GetTaggingDirective() != "REPLACE" {
		v.Tags = old.Tags
	}
	return v, v.applyACL(b, in.GetACL(), grantsIn(in), nil)
}

func isLatest(c *op.Call) bool {
	from, _ := c.Recall(sourceKey{})
	return from.(*source).version == ""
}

// copyBytes gives a copy its bytes and sums. The copy of a multipart upload is
// an object in one piece, with an ETag of its own.
func (s *Service) copyBytes(v, old *version, in *s3api.CopyObjectRequest) error {
	algorithm, err := algorithmOf(in.GetChecksumAlgorithm())
	if err != nil {
		return err
	}
	if algorithm == "" && old.Sum.Algorithm != "" {
		algorithm = old.Sum.Algorithm
	}
	if old.Parts == 0 && (algorithm == old.Sum.Algorithm || algorithm == "") {
		v.Size, v.ETag, v.Sum = old.Size, old.ETag, old.Sum
		v.Segments, err = s.link(old)
		return err
	}
	if algorithm == "" {
		algorithm = defaultSum
	}
	body, err := s.read(old, span{size: old.Size})
	if err != nil {
		return err
	}
	defer body.Body.Close()
	made, err := s.stage(context.Background(), &api.Stream{Body: io.NopCloser(io.LimitReader(body.Body, old.Size)), Length: old.Size}, claims{algorithm: algorithm})
	if err != nil {
		return err
	}
	v.Size, v.ETag, v.Sum = made.size, made.md5, made.sum
	v.Segments = []segment{{File: made.file, Size: made.size}}
	return nil
}
