package s3

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) putObject(ctx context.Context, c *op.Call, in *s3api.PutObjectRequest) (*s3api.PutObjectOutput, error) {
	if in.Body != nil && in.Body.Body != nil {
		defer in.Body.Body.Close()
	}
	b, err := s.writable(c, in.GetKey())
	if err != nil {
		return nil, err
	}
	v, err := newVersion(c, b, in.GetKey(), headersOfPut(in), in.GetTagging())
	if err != nil {
		return nil, err
	}
	if in.WriteOffsetBytes != nil {
		return nil, notImplemented("x-amz-write-offset-bytes") // appending is for directory buckets
	}
	if err := first(checkWriteHeaders(in.GetIfMatch(), in.GetIfNoneMatch()), v.applyACL(b, in.GetACL(), grantsIn(in), nil)); err != nil {
		return nil, err
	}
	// What cannot be written anyhow is not received.
	if err := checkWrite(s.latest(b.Name, v.Key), v.Key, in.GetIfMatch(), in.GetIfNoneMatch()); err != nil {
		return nil, err
	}
	body, err := s.stagePut(ctx, in)
	if err != nil {
		return nil, err
	}
	v.Size, v.ETag, v.Sum = body.size, body.md5, body.sum
	if body.size > 0 {
		v.Segments = []segment{{File: body.file, Size: body.size}}
	} else {
		s.remove(body.file)
	}
	err = s.commit(ctx, c, b, v, "ObjectCreated:Put", func(old *version) error {
		return checkWrite(old, v.Key, in.GetIfMatch(), in.GetIfNoneMatch())
	})
	if err != nil {
		return nil, err
	}
	sum := v.Sum.sums()
	return &s3api.PutObjectOutput{
		ETag: quoted(v.ETag), VersionId: v.shownID(b), ChecksumType: ptr(fullObject),
		ChecksumCRC32: sum.crc32, ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64, ChecksumSHA1: sum.sha1, ChecksumSHA256: sum.sha256,
		ServerSideEncryption: optional(v.SSE), SSEKMSKeyId: optional(v.KMSKey), BucketKeyEnabled: optional(v.BucketKey),
	}, nil
}

func (s *Service) stagePut(ctx context.Context, in *s3api.PutObjectRequest) (*staged, error) {
	sum, err := givenSum(in)
	if err != nil {
		return nil, err
	}
	algorithm, err := algorithmOf(in.GetChecksumAlgorithm())
	if err != nil {
		return nil, err
	}
	return s.stage(ctx, in.Body, claims{md5: in.GetContentMD5(), sum: sum, algorithm: algorithm})
}

// writable is the bucket a key is to be written to.
func (s *Service) writable(c *op.Call, key string) (*bucket, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return b, first(checkKey(key), checkAvailable(c.Input))
}

// checkAvailable refuses what a written object could have, and has not here.
func checkAvailable(in any) error {
	if v, ok := in.(interface{ GetSSECustomerAlgorithm() string }); ok && v.GetSSECustomerAlgorithm() != "" {
		return notImplemented("x-amz-server-side-encryption-customer-algorithm")
	}
	if v, ok := in.(interface {
		GetObjectLockMode() string
		GetObjectLockLegalHoldStatus() string
	}); ok && (v.GetObjectLockMode() != "" || v.GetObjectLockLegalHoldStatus() != "") {
		return invalidRequest("Bucket is missing Object Lock Configuration")
	}
	return nil
}

// commit stores a staged version, if the condition still holds, and what is
// owed to those who want to know. When it fails the version's files are gone.
func (s *Service) commit(ctx context.Context, c *op.Call, b *bucket, v *version, event string, condition func(old *version) error) error {
	err := s.update(ctx, func(tx *change) error {
		now := s.buckets.GetIn(tx.Tx, b.Name)
		if !b.same(now) {
			return noSuchBucket(b.Name)
		}
		if condition != nil {
			if err := condition(s.objects.GetIn(tx.Tx, recordKey(b.Name, v.Key))); err != nil {
				return err
			}
		}
		if err := s.putVersion(tx, now, v); err != nil {
			return err
		}
		return s.notify(tx, c, now, v, event)
	})
	if err != nil {
		s.remove(v.files()...)
	}
	return err
}

// newVersion is a version before its bytes are known.
func newVersion(c *op.Call, b *bucket, key string, h headers, tagging string) (*version, error) {
	if err := h.complete(b); err != nil {
		return nil, err
	}
	tags, err := tagsOfHeader(tagging)
	if err != nil {
		return nil, err
	}
	return &version{Bucket: b.Name, Key: key, Modified: c.Time.Truncate(time.Second), headers: h, Tags: tags}, nil
}

func headersOfPut(in *s3api.PutObjectRequest) headers {
	return headers{
		ContentType: in.GetContentType(), CacheControl: in.GetCacheControl(), Disposition: in.GetContentDisposition(), Encoding: in.GetContentEncoding(),
		Language: in.GetContentLanguage(), Expires: in.GetExpires(), Website: in.GetWebsiteRedirectLocation(), Metadata: in.Metadata,
		StorageClass: in.GetStorageClass(), SSE: in.GetServerSideEncryption(), KMSKey: in.GetSSEKMSKeyId(), BucketKey: in.GetBucketKeyEnabled(),
	}
}

// storageClasses are those an object can be put in.
var storageClasses = []string{"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"}

const (
	standardClass = "STANDARD"
	sseS3         = "AES256"
	sseKMS        = "aws:kms"
	sseDSSE       = "aws:kms:dsse"
	fullObject    = "FULL_OBJECT"
	composite     = "COMPOSITE"
)

// complete checks headers, and adds what the bucket adds.
func (h *headers) complete(b *bucket) error {
	size := 0
	for name, text := range h.Metadata {
		size += len(name) + len(text)
	}
	if size > limits.ObjectMetadata {
		return with(api.Newf(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size"), "Size", number(size), "MaxSizeAllowed", number(limits.ObjectMetadata))
	}
	h.Encoding = withoutChunks(h.Encoding)
	if h.ContentType == "" {
		h.ContentType = "binary/octet-stream"
	}
	if h.StorageClass == "" {
		h.StorageClass = standardClass
	}
	if !isOneOf(h.StorageClass, storageClasses) {
		return with(api.Newf(400, "InvalidStorageClass", "The storage class you specified is not valid"), "StorageClassRequested", h.StorageClass)
	}
	switch h.StorageClass {
	case "GLACIER", "DEEP_ARCHIVE":
		return notImplemented("x-amz-storage-class") // what is archived cannot be read, and restoring is not bound
	}
	return h.encrypt(b)
}

// encrypt settles how an object is said to be encrypted: as asked, or as its
// bucket says, or with S3's own keys.
func (h *headers) encrypt(b *bucket) error {
	switch h.SSE {
	case "":
		h.SSE = sseS3
		if by := b.encryption(); by != nil {
			h.SSE, h.KMSKey = by.GetSSEAlgorithm(), by.GetKMSMasterKeyID()
			h.BucketKey = h.BucketKey || value(b.Encryption.Rules[0].BucketKeyEnabled)
		}
	case sseS3, sseKMS, sseDSSE:
	default:
		return invalidArgument("x-amz-server-side-encryption", h.SSE, "The encryption method specified is not supported")
	}
	if h.SSE == sseS3 {
		if h.KMSKey != "" {
			return invalidArgument("x-amz-server-side-encryption", sseS3, "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
		}
		h.BucketKey = false
		return nil
	}
	h.KMSKey = keyARN(b, h.KMSKey)
	return nil
}

// keyARN is how S3 names a key in answers.
func keyARN(b *bucket, key string) string {
	switch {
	case strings.HasPrefix(key, "arn:"):
		return key
	case key == "":
		key = "alias/aws/s3"
	case !strings.HasPrefix(key, "alias/"):
		key = "key/" + key
	}
	return "arn:" + op.Partition + ":kms:" + b.Region + ":" + b.Account + ":" + key
}

// withoutChunks takes aws-chunked from a Content-Encoding: it is about the way
// here, and not about the object.
func withoutChunks(encoding string) string {
	var kept []string
	for one := range strings.SplitSeq(encoding, ",") {
		if one = strings.TrimSpace(one); one != "" && one != "aws-chunked" {
			kept = append(kept, one)
		}
	}
	return strings.Join(kept, ",")
}

func isOneOf(s string, all []string) bool {
	for _, one := range all {
		if s == one {
			return true
		}
	}
	return false
}
