package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) completeMultipartUpload(ctx context.Context, c *op.Call, in *s3api.CompleteMultipartUploadRequest) (*s3api.CompleteMultipartUploadOutput, error) {
	b, u, err := s.upload(c)
	if err != nil {
		return nil, err
	}
	if err := checkWriteHeaders(in.GetIfMatch(), in.GetIfNoneMatch()); err != nil {
		return nil, err
	}
	given, err := givenSum(in)
	if err != nil {
		return nil, err
	}
	var v *version
	err = s.update(ctx, func(tx *change) error {
		v, err = s.join(tx, c, b, u, in, given)
		if err != nil {
			return err
		}
		now := s.buckets.GetIn(tx.Tx, b.Name)
		if !b.same(now) {
			return noSuchBucket(b.Name)
		}
		if err := checkWrite(s.objects.GetIn(tx.Tx, recordKey(b.Name, u.Key)), u.Key, in.GetIfMatch(), in.GetIfNoneMatch()); err != nil {
			return err
		}
		if err := s.putVersion(tx, now, v); err != nil {
			return err
		}
		return s.notify(tx, c, now, v, "ObjectCreated:CompleteMultipartUpload")
	})
	if err != nil {
		return nil, err
	}
	sum := v.Sum.sums()
	return &s3api.CompleteMultipartUploadOutput{
		Bucket: &b.Name, Key: &v.Key, ETag: quoted(v.ETag), VersionId: v.shownID(b), Location: ptr(locationOf(c, b, v.Key)), ChecksumType: v.sumType(),
		ChecksumCRC32: sum.crc32, ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64, ChecksumSHA1: sum.sha1, ChecksumSHA256: sum.sha256,
		ServerSideEncryption: optional(v.SSE), SSEKMSKeyId: optional(v.KMSKey), BucketKeyEnabled: optional(v.BucketKey),
	}, nil
}

// locationOf is the address of an object, where the client asked.
func locationOf(c *op.Call, b *bucket, key string) string {
	host, scheme := c.Origin.Host, "http"
	if host == "" {
		host = "s3." + b.Region + ".amazonaws.com"
	}
	if c.Origin.Secure {
		scheme = "https"
	}
	return scheme + "://" + host + "/" + b.Name + "/" + strings.ReplaceAll(url.PathEscape(key), "%2F", "/")
}

// join makes a version of the parts that the request lists, and removes the
// upload. Parts it does not list are gone.
func (s *Service) join(tx *change, c *op.Call, b *bucket, u *upload, in *s3api.CompleteMultipartUploadRequest, given checksum) (*version, error) {
	if s.uploads.GetIn(tx.Tx, u.recordKey()) == nil {
		return nil, noSuchUpload(u.ID)
	}
	chosen, err := s.chosenParts(tx, u, in.MultipartUpload)
	if err != nil {
		return nil, err
	}
	v := &version{Bucket: b.Name, Key: u.Key, Modified: u.Initiated, headers: u.headers, Tags: u.Tags, ACL: u.ACL, Parts: len(chosen), Composite: u.Composite}
	kept := map[string]bool{}
	etags := md5.New()
	for _, p := range chosen {
		raw, err := hex.DecodeString(p.ETag)
		if err != nil {
			return nil, fmt.Errorf("s3: part %d of upload %s has the ETag %q", p.Number, u.ID, p.ETag)
		}
		etags.Write(raw)
		v.Size += p.Size
		v.Segments = append(v.Segments, segment{p.File, p.Size, p.Number, p.Sum})
		kept[p.File] = true
	}
	v.ETag = fmt.Sprintf("%x-%d", etags.Sum(nil), len(chosen))
	if v.Size > limits.Object {
		return nil, with(api.Newf(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"), "ProposedSize", number(v.Size), "MaxSizeAllowed", number(int64(limits.Object)))
	}
	if n := in.MpuObjectSize; n != nil && *n != v.Size {
		return nil, invalidRequest("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *n, v.Size)
	}
	if v.Sum, err = u.sum(chosen); err != nil {
		return nil, err
	}
	if err := checkSum(given, v.Sum); err != nil {
		return nil, err
	}
	for key, p := range s.parts.All(partPrefix(u.ID), "") {
		if !kept[p.File] {
			tx.discard(p.File)
		}
		if err := s.parts.Delete(tx.Tx, key); err != nil {
			return nil, err
		}
	}
	return v, s.uploads.Delete(tx.Tx, u.recordKey())
}

// chosenParts are the parts of the request's list, each as it is named there.
func (s *Service) chosenParts(tx *change, u *upload, list *s3api.CompletedMultipartUpload) ([]*part, error) {
	if list == nil || len(list.Parts) == 0 || len(list.Parts) > limits.UploadParts {
		return nil, malformedXML()
	}
	var chosen []*part
	for i, named := range list.Parts {
		if i > 0 && named.GetPartNumber() <= list.Parts[i-1].GetPartNumber() {
			return nil, with(api.Newf(400, "InvalidPartOrder", "The list of parts was not in ascending order. The parts list must be specified in order by part number."), "UploadId", u.ID)
		}
		p := s.parts.GetIn(tx.Tx, partKey(u.ID, int(named.GetPartNumber())))
		if p == nil || strings.Trim(named.GetETag(), `"`) != p.ETag || !sameSum(&named, p.Sum, u) {
			return nil, with(api.Newf(400, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."),
				"UploadId", u.ID, "PartNumber", number(named.GetPartNumber()), "ETag", strings.Trim(named.GetETag(), `"`))
		}
		if i > 0 && chosen[i-1].Size < limits.SmallestPart {
			return nil, tooSmall(chosen[i-1])
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

func tooSmall(p *part) error {
	return with(api.Newf(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"),
		"ProposedSize", number(p.Size), "MinSizeAllowed", number(limits.SmallestPart), "PartNumber", number(p.Number), "ETag", p.ETag)
}

// sameSum compares the checksum that the list names with the part's. An upload
// whose algorithm makes a composite one wants them named.
func sameSum(named *s3api.CompletedPart, is checksum, u *upload) bool {
	given, err := givenSum(named)
	if err != nil {
		return false
	}
	if given.Value == "" || given.Algorithm != is.Algorithm {
		return true
	}
	return given == is
}

// sum is the checksum of an object made of parts.
func (u *upload) sum(parts []*part) (checksum, error) {
	algorithm := u.partAlgorithm()
	if u.Composite {
		h := newSum(algorithm)
		for _, p := range parts {
			raw, err := base64.StdEncoding.DecodeString(p.Sum.Value)
			if err != nil {
				return checksum{}, err
			}
			h.Write(raw)
		}
		return checksum{algorithm, fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(parts))}, nil
	}
	var all crcSum
	for _, p := range parts {
		raw, err := base64.StdEncoding.DecodeString(p.Sum.Value)
		if err != nil {
			return checksum{}, err
		}
		all.add(polynomials[algorithm], raw, p.Size)
	}
	return checksum{algorithm, base64.StdEncoding.EncodeToString(all.raw)}, nil
}

// checkSum compares the checksum of the whole object that a request claims; of
// a composite one the number of parts may be left out.
func checkSum(given, is checksum) error {
	if given.Value == "" {
		return nil
	}
	bare, _, _ := strings.Cut(is.Value, "-")
	if given.Algorithm != is.Algorithm || given.Value != is.Value && given.Value != bare {
		return badDigest(given.Algorithm)
	}
	return nil
}
