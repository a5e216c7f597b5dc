package s3

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// upload is a multipart upload that is not finished. Its bytes belong to nobody
// but its parts.
type upload struct {
	Bucket, Key, ID string
	Initiated       time.Time
	// Initiator is the principal that began it.
	Initiator string
	headers
	Tags []tag `json:",omitempty"`
	ACL  *acl  `json:",omitempty"`
	// Algorithm is empty if the parts need bring no checksums; Composite says
	// that the object's is made of theirs.
	Algorithm string `json:",omitempty"`
	Composite bool   `json:",omitempty"`
}

// part is an uploaded part.
type part struct {
	Number   int
	File     string
	Size     int64
	ETag     string
	Sum      checksum
	Modified time.Time
}

func (u *upload) recordKey() string { return uploadKey(u.Bucket, u.Key, u.ID) }

func uploadKey(bucket, key, uploadID string) string {
	return recordKey(bucket, key) + "\x00" + uploadID
}

// partPrefix begins the keys of an upload's parts; ids are unique.
func partPrefix(uploadID string) string { return uploadID + "\x00" }

func partKey(uploadID string, number int) string {
	return partPrefix(uploadID) + fmt.Sprintf("%05d", number)
}

func (s *Service) createMultipartUpload(ctx context.Context, c *op.Call, in *s3api.CreateMultipartUploadRequest) (*s3api.CreateMultipartUploadOutput, error) {
	b, err := s.writable(c, in.GetKey())
	if err != nil {
		return nil, err
	}
	v, err := newVersion(c, b, in.GetKey(), headersOfUpload(in), in.GetTagging())
	if err != nil {
		return nil, err
	}
	if err := v.applyACL(b, in.GetACL(), grantsIn(in), nil); err != nil {
		return nil, err
	}
	u := &upload{
		Bucket: b.Name, Key: v.Key, ID: id.Hex(32), Initiated: v.Modified, Initiator: c.Caller.ARN(), headers: v.headers, Tags: v.Tags, ACL: v.ACL,
	}
	if err := u.choose(in.GetChecksumAlgorithm(), in.GetChecksumType()); err != nil {
		return nil, err
	}
	err = s.update(ctx, func(tx *change) error {
		if !b.same(s.buckets.GetIn(tx.Tx, b.Name)) {
			return noSuchBucket(b.Name)
		}
		if s.uploads.Len() >= limits.Uploads {
			return api.Newf(503, "SlowDown", "Please reduce your request rate.")
		}
		return s.uploads.Put(tx.Tx, u.recordKey(), u)
	})
	out := &s3api.CreateMultipartUploadOutput{
		Bucket: &b.Name, Key: &u.Key, UploadId: &u.ID, ServerSideEncryption: optional(u.SSE), SSEKMSKeyId: optional(u.KMSKey), BucketKeyEnabled: optional(u.BucketKey),
	}
	if u.Algorithm != "" {
		out.ChecksumAlgorithm, out.ChecksumType = &u.Algorithm, ptr(u.sumType())
	}
	return out, err
}

func headersOfUpload(in *s3api.CreateMultipartUploadRequest) headers {
	return headers{
		ContentType: in.GetContentType(), CacheControl: in.GetCacheControl(), Disposition: in.GetContentDisposition(), Encoding: in.GetContentEncoding(),
		Language: in.GetContentLanguage(), Expires: in.GetExpires(), Website: in.GetWebsiteRedirectLocation(), Metadata: in.Metadata,
		StorageClass: in.GetStorageClass(), SSE: in.GetServerSideEncryption(), KMSKey: in.GetSSEKMSKeyId(), BucketKey: in.GetBucketKeyEnabled(),
	}
}

// choose settles which checksum the object will have ("Checking object
// integrity", full object and composite checksum types).
func (u *upload) choose(algorithm, kind string) error {
	algorithm, err := algorithmOf(algorithm)
	if err != nil {
		return err
	}
	switch {
	case kind != "" && kind != fullObject && kind != composite:
		return invalidRequest("Value for x-amz-checksum-type header is invalid.")
	case algorithm == "" && kind != "":
		return invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case algorithm == sumCRC64NVME && kind == composite, (algorithm == sumSHA1 || algorithm == sumSHA256) && kind == fullObject:
		return invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", kind, strings.ToLower(algorithm))
	}
	u.Algorithm = algorithm
	u.Composite = algorithm != "" && algorithm != sumCRC64NVME && kind != fullObject
	return nil
}

func (u *upload) sumType() string {
	if u.Composite {
		return composite
	}
	return fullObject
}

// partAlgorithm is what parts are summed with.
func (u *upload) partAlgorithm() string {
	if u.Algorithm == "" {
		return defaultSum
	}
	return u.Algorithm
}

// uploading is a request on an upload.
type uploading interface {
	keyed
	GetUploadId() string
}

// upload finds the upload of a request.
func (s *Service) upload(c *op.Call) (*bucket, *upload, error) {
	in := c.Input.(uploading)
	b, err := s.writable(c, in.GetKey())
	if err != nil {
		return nil, nil, err
	}
	u := s.uploads.Get(uploadKey(b.Name, in.GetKey(), in.GetUploadId()))
	if u == nil {
		return nil, nil, noSuchUpload(in.GetUploadId())
	}
	return b, u, nil
}

func checkPartNumber(n int32) error {
	if n < 1 || n > limits.UploadParts {
		return invalidArgument("partNumber", number(n), "Part number must be an integer between 1 and %d, inclusive", limits.UploadParts)
	}
	return nil
}

func (s *Service) uploadPart(ctx context.Context, c *op.Call, in *s3api.UploadPartRequest) (*s3api.UploadPartOutput, error) {
	if in.Body != nil && in.Body.Body != nil {
		defer in.Body.Body.Close()
	}
	_, u, err := s.upload(c)
	if err != nil {
		return nil, err
	}
	if err := checkPartNumber(in.GetPartNumber()); err != nil {
		return nil, err
	}
	sum, err := givenSum(in)
	if err != nil {
		return nil, err
	}
	algorithm, err := u.algorithmOfPart(sum, in.GetChecksumAlgorithm())
	if err != nil {
		return nil, err
	}
	made, err := s.stage(ctx, in.Body, claims{md5: in.GetContentMD5(), sum: sum, algorithm: algorithm})
	if err != nil {
		return nil, err
	}
	if made.sum, err = s.partSum(made, u); err != nil {
		s.remove(made.file)
		return nil, err
	}
	p, err := s.keepPart(ctx, c, u, int(in.GetPartNumber()), made)
	if err != nil {
		return nil, err
	}
	shown := p.Sum.sums()
	return &s3api.UploadPartOutput{
		ETag: quoted(p.ETag), ServerSideEncryption: optional(u.SSE), SSEKMSKeyId: optional(u.KMSKey), BucketKeyEnabled: optional(u.BucketKey),
		ChecksumCRC32: shown.crc32, ChecksumCRC32C: shown.crc32c, ChecksumCRC64NVME: shown.crc64, ChecksumSHA1: shown.sha1, ChecksumSHA256: shown.sha256,
	}, nil
}

// algorithmOfPart refuses parts of another algorithm than the upload's. An
// upload without one takes any, to check the part alone.
func (u *upload) algorithmOfPart(sum checksum, asked string) (string, error) {
	asked, err := algorithmOf(asked)
	if err != nil {
		return "", err
	}
	if sum.Algorithm != "" {
		asked = sum.Algorithm
	}
	if asked != "" && u.Algorithm != "" && asked != u.Algorithm {
		return "", invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", strings.ToLower(u.Algorithm), strings.ToLower(asked))
	}
	if asked == "" {
		asked = u.partAlgorithm()
	}
	return asked, nil
}

// partSum is the sum to keep of a part: that of the upload's algorithm, which an
// upload without one takes from the bytes again where the part brought another.
func (s *Service) partSum(made *staged, u *upload) (checksum, error) {
	if made.sum.Algorithm == u.partAlgorithm() {
		return made.sum, nil
	}
	return s.sumOf(made.file, u.partAlgorithm())
}

// keepPart stores a part in the place of an earlier one of the same number.
func (s *Service) keepPart(ctx context.Context, c *op.Call, u *upload, n int, made *staged) (*part, error) {
	p := &part{Number: n, File: made.file, Size: made.size, ETag: made.md5, Sum: made.sum, Modified: c.Time.Truncate(time.Second)}
	err := s.update(ctx, func(tx *change) error {
		if s.uploads.GetIn(tx.Tx, u.recordKey()) == nil {
			return noSuchUpload(u.ID)
		}
		if old := s.parts.GetIn(tx.Tx, partKey(u.ID, n)); old != nil {
			tx.discard(old.File)
		}
		return s.parts.Put(tx.Tx, partKey(u.ID, n), p)
	})
	if err != nil {
		s.remove(made.file)
		return nil, err
	}
	return p, nil
}

func (s *Service) uploadPartCopy(ctx context.Context, c *op.Call, in *s3api.UploadPartCopyRequest) (*s3api.UploadPartCopyOutput, error) {
	_, u, err := s.upload(c)
	if err != nil {
		return nil, err
	}
	if err := checkPartNumber(in.GetPartNumber()); err != nil {
		return nil, err
	}
	from, err := s.original(ctx, c)
	if err != nil {
		return nil, err
	}
	old := from.found
	conditions := readConditions{in.GetCopySourceIfMatch(), in.GetCopySourceIfNoneMatch(), in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince}
	if err := conditions.checkCopy(old); err != nil {
		return nil, err
	}
	at, err := copyRange(old, in.GetCopySourceRange())
	if err != nil {
		return nil, err
	}
	body, err := s.read(old, at)
	if err != nil {
		return nil, err
	}
	defer body.Body.Close()
	made, err := s.stage(ctx, &api.Stream{Body: io.NopCloser(io.LimitReader(body.Body, at.size)), Length: at.size}, claims{algorithm: u.partAlgorithm()})
	if err != nil {
		return nil, err
	}
	p, err := s.keepPart(ctx, c, u, int(in.GetPartNumber()), made)
	if err != nil {
		return nil, err
	}
	shown := p.Sum.sums()
	return &s3api.UploadPartCopyOutput{
		CopyPartResult: &s3api.CopyPartResult{
			ETag: quoted(p.ETag), LastModified: &p.Modified,
			ChecksumCRC32: shown.crc32, ChecksumCRC32C: shown.crc32c, ChecksumCRC64NVME: shown.crc64, ChecksumSHA1: shown.sha1, ChecksumSHA256: shown.sha256,
		},
		CopySourceVersionId: old.shownID(from.in), ServerSideEncryption: optional(u.SSE), SSEKMSKeyId: optional(u.KMSKey), BucketKeyEnabled: optional(u.BucketKey),
	}, nil
}

// copyRange reads x-amz-copy-source-range: first and last byte, both there.
func copyRange(v *version, header string) (span, error) {
	if header == "" {
		return span{size: v.Size}, nil
	}
	spec, is := strings.CutPrefix(header, "bytes=")
	a, b, cut := strings.Cut(spec, "-")
	from, err := strconv.ParseInt(a, 10, 64)
	to, err2 := strconv.ParseInt(b, 10, 64)
	if !is || !cut || err != nil || err2 != nil || from < 0 || from > to {
		return span{}, invalidArgument("x-amz-copy-source-range", header, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	if to >= v.Size {
		return span{}, invalidArgument("x-amz-copy-source-range", header, "Range specified is not valid for source object of size: %d", v.Size)
	}
	return span{from: from, size: to - from + 1}, nil
}

func (s *Service) abortMultipartUpload(ctx context.Context, c *op.Call, in *s3api.AbortMultipartUploadRequest) (*s3api.AbortMultipartUploadOutput, error) {
	_, u, err := s.upload(c)
	if err != nil {
		return nil, err
	}
	if t := in.IfMatchInitiatedTime; t != nil && !t.Equal(u.Initiated) {
		return nil, preconditionFailed("x-amz-if-match-initiated-time")
	}
	return &s3api.AbortMultipartUploadOutput{}, s.update(ctx, func(tx *change) error {
		if s.uploads.GetIn(tx.Tx, u.recordKey()) == nil {
			return noSuchUpload(u.ID)
		}
		return s.dropUpload(tx, u.recordKey(), u)
	})
}

// dropUpload removes an upload, its parts and their bytes.
func (s *Service) dropUpload(tx *change, key string, u *upload) error {
	for k, p := range s.parts.All(partPrefix(u.ID), "") {
		tx.discard(p.File)
		if err := s.parts.Delete(tx.Tx, k); err != nil {
			return err
		}
	}
	return s.uploads.Delete(tx.Tx, key)
}

// initiator is who began an upload: the principal's ARN for users and roles, the
// canonical id for a root user.
func (u *upload) initiator(b *bucket) *s3api.Initiator {
	if u.Initiator == "arn:"+op.Partition+":iam::"+b.Account+":root" {
		return &s3api.Initiator{ID: ptr(canonicalID(b.Account))}
	}
	return &s3api.Initiator{ID: ptr(u.Initiator), DisplayName: ptr(u.Initiator[strings.LastIndexAny(u.Initiator, ":/")+1:])}
}
