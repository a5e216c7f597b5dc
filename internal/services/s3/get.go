package s3

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

type versionKey struct{}

// readable is the version a call is about, as its finder saw it. Who may not
// list the bucket does not learn that a key is missing ("GetObject").
func (s *Service) readable(ctx context.Context, c *op.Call, key, versionID string) (*bucket, *version, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, nil, err
	}
	found, _ := c.Recall(versionKey{})
	v, _ := found.(*version)
	if v == nil {
		return b, nil, s.missing(ctx, c, key, versionID)
	}
	if v.Marker {
		return b, nil, s.marked(ctx, c, v, versionID)
	}
	return b, v, nil
}

func (s *Service) missing(ctx context.Context, c *op.Call, key, versionID string) error {
	if versionID == "" {
		if !c.Allowed(ctx, s.mayList()) {
			return accessDenied()
		}
		return noSuchKey(key)
	}
	if !c.Allowed(ctx, s.mayListVersions()) {
		return accessDenied()
	}
	if versionID != nullVersion && !isVersionID(versionID) {
		return invalidArgument("versionId", versionID, "Invalid version id specified")
	}
	return noSuchVersion(key, versionID)
}

// marked is the answer to a read of a delete marker: as if the key were missing,
// unless the marker itself was named.
func (s *Service) marked(ctx context.Context, c *op.Call, v *version, versionID string) error {
	var e *api.Error
	switch {
	case versionID != "":
		e = methodNotAllowed(c.Operation.Method, "DeleteMarker")
		e.Headers = map[string]string{"Last-Modified": httpTime(v.Modified), "Allow": "DELETE"}
	case !c.Allowed(ctx, s.mayList()):
		return accessDenied()
	default:
		e = noSuchKey(v.Key)
		e.Headers = map[string]string{}
	}
	e.Headers["x-amz-delete-marker"], e.Headers["x-amz-version-id"] = "true", v.ID
	return e
}

func isVersionID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// span is the bytes that an answer has, and how it names them.
type span struct {
	from, size int64
	// header is Content-Range, empty for the whole object.
	header string
	// part is the number of the part that was asked for.
	part int
}

// spanOf reads Range and partNumber; a range that makes no sense is ignored
// (RFC 9110), one beyond the end is refused.
func spanOf(v *version, header string, part *int32) (span, error) {
	whole := span{size: v.Size}
	if part != nil {
		if header != "" {
			return span{}, invalidRequest("Cannot specify both Range header and partNumber query parameter")
		}
		return spanOfPart(v, int(*part))
	}
	from, to, ok := parseRange(header, v.Size)
	if !ok {
		return whole, nil
	}
	if from >= v.Size || from > to {
		e := with(api.Newf(416, "InvalidRange", "The requested range is not satisfiable"), "RangeRequested", header, "ActualObjectSize", number(v.Size))
		e.Headers = map[string]string{"Content-Range": fmt.Sprintf("bytes */%d", v.Size)}
		return span{}, e
	}
	to = min(to, v.Size-1)
	return span{from: from, size: to - from + 1, header: fmt.Sprintf("bytes %d-%d/%d", from, to, v.Size)}, nil
}

// parseRange reads one byte range; several at once are not served by S3.
func parseRange(header string, size int64) (from, to int64, ok bool) {
	spec, is := strings.CutPrefix(strings.TrimSpace(header), "bytes=")
	a, b, cut := strings.Cut(spec, "-")
	if !is || !cut || strings.Contains(spec, ",") {
		return 0, 0, false
	}
	if a == "" {
		last, err := strconv.ParseInt(b, 10, 64)
		if err != nil || last < 0 {
			return 0, 0, false
		}
		if last == 0 {
			return size, size, true // nothing: not satisfiable
		}
		return max(size-last, 0), size - 1, true
	}
	from, err := strconv.ParseInt(a, 10, 64)
	if err != nil || from < 0 {
		return 0, 0, false
	}
	if b == "" {
		return from, max(size-1, from), true
	}
	to, err = strconv.ParseInt(b, 10, 64)
	return from, to, err == nil && to >= from
}

func spanOfPart(v *version, n int) (span, error) {
	if n < 1 || n > 10_000 {
		return span{}, invalidArgument("partNumber", number(n), "Part number must be an integer between 1 and 10000, inclusive")
	}
	if v.Parts == 0 && n == 1 {
		// An object that was not made of parts is its own only part.
		if v.Size == 0 {
			return span{part: n}, nil
		}
		return span{size: v.Size, header: fmt.Sprintf("bytes 0-%d/%d", v.Size-1, v.Size), part: n}, nil
	}
	from := int64(0)
	for _, g := range v.Segments {
		if v.Parts > 0 && g.Number == n {
			return span{from: from, size: g.Size, header: fmt.Sprintf("bytes %d-%d/%d", from, from+g.Size-1, v.Size), part: n}, nil
		}
		from += g.Size
	}
	return span{}, with(api.Newf(416, "InvalidPartNumber", "The requested partnumber is not satisfiable"), "ActualPartCount", number(max(v.Parts, 1)), "PartNumberRequested", number(n))
}

func (s *Service) getObject(ctx context.Context, c *op.Call, in *s3api.GetObjectRequest) (*s3api.GetObjectOutput, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	if in.SSECustomerAlgorithm != nil {
		return nil, invalidRequest("The encryption parameters are not applicable to this object.")
	}
	conditions := readConditions{in.GetIfMatch(), in.GetIfNoneMatch(), in.IfModifiedSince, in.IfUnmodifiedSince}
	if err := conditions.check(v); err != nil {
		return nil, err
	}
	at, err := spanOf(v, in.GetRange(), in.PartNumber)
	if err != nil {
		return nil, err
	}
	if err := checkOverrides(c, in); err != nil {
		return nil, err
	}
	body, err := s.read(v, at)
	if err != nil {
		return nil, err
	}
	out := &s3api.GetObjectOutput{
		AcceptRanges: ptr("bytes"), Body: body, ContentLength: &at.size, ContentRange: optional(at.header), ETag: quoted(v.ETag), LastModified: &v.Modified,
		CacheControl: or(in.ResponseCacheControl, v.CacheControl), ContentDisposition: or(in.ResponseContentDisposition, v.Disposition),
		ContentEncoding: or(in.ResponseContentEncoding, v.Encoding), ContentLanguage: or(in.ResponseContentLanguage, v.Language),
		ContentType: or(in.ResponseContentType, v.ContentType), Expires: or(responseExpires(in), v.Expires), Metadata: v.Metadata,
		ServerSideEncryption: optional(v.SSE), SSEKMSKeyId: optional(v.KMSKey), BucketKeyEnabled: optional(v.BucketKey), StorageClass: v.shownClass(),
		VersionId: v.shownID(b), WebsiteRedirectLocation: optional(v.Website), TagCount: optional(int32(len(v.Tags))), PartsCount: partsCount(v, in.PartNumber),
	}
	if in.GetChecksumMode() == "ENABLED" && at.header == "" {
		sum := v.Sum.sums()
		out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME, out.ChecksumSHA1, out.ChecksumSHA256 = sum.crc32, sum.crc32c, sum.crc64, sum.sha1, sum.sha256
		out.ChecksumType = v.sumType()
	}
	return out, nil
}

func (s *Service) headObject(ctx context.Context, c *op.Call, in *s3api.HeadObjectRequest) (*s3api.HeadObjectOutput, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	if in.SSECustomerAlgorithm != nil {
		return nil, invalidRequest("The encryption parameters are not applicable to this object.")
	}
	conditions := readConditions{in.GetIfMatch(), in.GetIfNoneMatch(), in.IfModifiedSince, in.IfUnmodifiedSince}
	if err := conditions.check(v); err != nil {
		return nil, err
	}
	at, err := spanOf(v, in.GetRange(), in.PartNumber)
	if err != nil {
		return nil, err
	}
	out := &s3api.HeadObjectOutput{
		AcceptRanges: ptr("bytes"), ContentLength: &at.size, ContentRange: optional(at.header), ETag: quoted(v.ETag), LastModified: &v.Modified,
		CacheControl: or(in.ResponseCacheControl, v.CacheControl), ContentDisposition: or(in.ResponseContentDisposition, v.Disposition),
		ContentEncoding: or(in.ResponseContentEncoding, v.Encoding), ContentLanguage: or(in.ResponseContentLanguage, v.Language),
		ContentType: or(in.ResponseContentType, v.ContentType), Expires: optional(v.Expires), Metadata: v.Metadata,
		ServerSideEncryption: optional(v.SSE), SSEKMSKeyId: optional(v.KMSKey), BucketKeyEnabled: optional(v.BucketKey), StorageClass: v.shownClass(),
		VersionId: v.shownID(b), WebsiteRedirectLocation: optional(v.Website), TagCount: optional(int32(len(v.Tags))), PartsCount: partsCount(v, in.PartNumber),
	}
	if in.GetChecksumMode() == "ENABLED" && at.header == "" {
		sum := v.Sum.sums()
		out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME, out.ChecksumSHA1, out.ChecksumSHA256 = sum.crc32, sum.crc32c, sum.crc64, sum.sha1, sum.sha256
		out.ChecksumType = v.sumType()
	}
	return out, nil
}

// or is what the request wants in the place of what is stored.
func or(asked *string, stored string) *string {
	if asked != nil {
		return asked
	}
	return optional(stored)
}

func responseExpires(in *s3api.GetObjectRequest) *string {
	if in.ResponseExpires == nil {
		return nil
	}
	return ptr(httpTime(*in.ResponseExpires))
}

// checkOverrides: only signed requests may change the headers of an answer.
func checkOverrides(c *op.Call, in *s3api.GetObjectRequest) error {
	asked := in.ResponseCacheControl != nil || in.ResponseContentDisposition != nil || in.ResponseContentEncoding != nil ||
		in.ResponseContentLanguage != nil || in.ResponseContentType != nil || in.ResponseExpires != nil
	if asked && isAnonymous(c) {
		return invalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
	}
	return nil
}

func (v *version) sumType() *string {
	switch {
	case v.Sum.Value == "":
		return nil
	case v.Composite:
		return ptr(composite)
	}
	return ptr(fullObject)
}

// shownClass: S3 leaves out the class that is the default.
func (v *version) shownClass() *string {
	if v.StorageClass == standardClass {
		return nil
	}
	return optional(v.StorageClass)
}

func partsCount(v *version, asked *int32) *int32 {
	if asked == nil || v.Parts == 0 {
		return nil
	}
	return ptr(int32(v.Parts))
}
