package s3

import (
	"context"
	"strings"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) listMultipartUploads(_ context.Context, c *op.Call, in *s3api.ListMultipartUploadsRequest) (*s3api.ListMultipartUploadsOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	most, err := pageOf("max-uploads", in.MaxUploads)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	out := &s3api.ListMultipartUploadsOutput{
		Bucket: &b.Name, Prefix: optional(encode(in.GetPrefix())), Delimiter: encoded(encode, optional(in.GetDelimiter())), EncodingType: in.EncodingType,
		KeyMarker: ptr(encode(in.GetKeyMarker())), UploadIdMarker: ptr(in.GetUploadIdMarker()), MaxUploads: ptr(int32(most)), IsTruncated: ptr(false),
	}
	q := query{bucket: b.Name, prefix: in.GetPrefix(), delimiter: in.GetDelimiter()}
	after := ""
	if in.GetKeyMarker() != "" {
		// Without an upload's id all uploads of the key are left out.
		after = uploadKey(b.Name, in.GetKeyMarker(), in.GetUploadIdMarker())
		if in.GetUploadIdMarker() == "" {
			after += "\xff"
		}
	}
	last := ""
	for _, u := range s.uploads.All(prefix(b.Name)+in.GetPrefix(), after) {
		group := q.group(u.Key)
		if group != "" && (group == last || group == in.GetKeyMarker()) {
			continue
		}
		if len(out.Uploads)+len(out.CommonPrefixes) == most {
			out.IsTruncated = ptr(most > 0)
			break
		}
		if group != "" {
			last = group
			out.CommonPrefixes = append(out.CommonPrefixes, s3api.CommonPrefix{Prefix: ptr(encode(group))})
			out.NextKeyMarker, out.NextUploadIdMarker = ptr(encode(group)), ptr("")
			continue
		}
		out.Uploads = append(out.Uploads, u.show(b, encode))
		out.NextKeyMarker, out.NextUploadIdMarker = ptr(encode(u.Key)), &u.ID
	}
	if !*out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIdMarker = nil, nil
	}
	return out, nil
}

func (u *upload) show(b *bucket, encode func(string) string) s3api.MultipartUpload {
	shown := s3api.MultipartUpload{
		Key: ptr(encode(u.Key)), UploadId: &u.ID, Initiated: &u.Initiated, StorageClass: &u.StorageClass, Owner: owner(b.Account), Initiator: u.initiator(b),
	}
	if u.Algorithm != "" {
		shown.ChecksumAlgorithm, shown.ChecksumType = &u.Algorithm, ptr(u.sumType())
	}
	return shown
}

func (s *Service) listParts(_ context.Context, c *op.Call, in *s3api.ListPartsRequest) (*s3api.ListPartsOutput, error) {
	b, u, err := s.upload(c)
	if err != nil {
		return nil, err
	}
	most, err := pageOf("max-parts", in.MaxParts)
	if err != nil {
		return nil, err
	}
	out := &s3api.ListPartsOutput{
		Bucket: &b.Name, Key: &u.Key, UploadId: &u.ID, StorageClass: &u.StorageClass, Owner: owner(b.Account), Initiator: u.initiator(b),
		MaxParts: ptr(int32(most)), PartNumberMarker: ptr(in.GetPartNumberMarker()), NextPartNumberMarker: ptr(int32(0)), IsTruncated: ptr(false),
	}
	if u.Algorithm != "" {
		out.ChecksumAlgorithm, out.ChecksumType = &u.Algorithm, ptr(u.sumType())
	}
	for _, p := range s.parts.All(partPrefix(u.ID), partKey(u.ID, int(in.GetPartNumberMarker()))) {
		if len(out.Parts) == most {
			out.IsTruncated = ptr(most > 0)
			break
		}
		shown := s3api.Part{PartNumber: ptr(int32(p.Number)), Size: &p.Size, ETag: quoted(p.ETag), LastModified: &p.Modified}
		if u.Algorithm != "" {
			sum := p.Sum.sums()
			shown.ChecksumCRC32, shown.ChecksumCRC32C, shown.ChecksumCRC64NVME, shown.ChecksumSHA1, shown.ChecksumSHA256 = sum.crc32, sum.crc32c, sum.crc64, sum.sha1, sum.sha256
		}
		out.Parts = append(out.Parts, shown)
		out.NextPartNumberMarker = shown.PartNumber
	}
	return out, nil
}

func (s *Service) getObjectAttributes(ctx context.Context, c *op.Call, in *s3api.GetObjectAttributesRequest) (*s3api.GetObjectAttributesOutput, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	wanted, err := attributes(in.ObjectAttributes)
	if err != nil {
		return nil, err
	}
	out := &s3api.GetObjectAttributesOutput{LastModified: &v.Modified, VersionId: v.shownID(b)}
	if wanted["ETag"] {
		out.ETag = &v.ETag
	}
	if wanted["StorageClass"] {
		out.StorageClass = &v.StorageClass
	}
	if wanted["ObjectSize"] {
		out.ObjectSize = &v.Size
	}
	if wanted["Checksum"] && v.Sum.Value != "" {
		bare, _, _ := strings.Cut(v.Sum.Value, "-")
		sum := checksum{v.Sum.Algorithm, bare}.sums()
		out.Checksum = &s3api.Checksum{ChecksumCRC32: sum.crc32, ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64, ChecksumSHA1: sum.sha1, ChecksumSHA256: sum.sha256, ChecksumType: v.sumType()}
	}
	if wanted["ObjectParts"] && v.Parts > 0 {
		if out.ObjectParts, err = v.shownParts(in.MaxParts, int(in.GetPartNumberMarker())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func attributes(given []string) (map[string]bool, error) {
	wanted := map[string]bool{}
	for _, list := range given {
		for one := range strings.SplitSeq(list, ",") {
			one = strings.TrimSpace(one)
			if !isOneOf(one, []string{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}) {
				return nil, invalidArgument("x-amz-object-attributes", one, "Invalid attribute name specified.")
			}
			wanted[one] = true
		}
	}
	if len(wanted) == 0 {
		return nil, invalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	return wanted, nil
}

// shownParts are an object's parts; S3 lists them only where they have composite
// checksums.
func (v *version) shownParts(maxParts *int32, after int) (*s3api.GetObjectAttributesParts, error) {
	most, err := pageOf("max-parts", maxParts)
	if err != nil {
		return nil, err
	}
	out := &s3api.GetObjectAttributesParts{TotalPartsCount: ptr(int32(v.Parts))}
	if !v.Composite {
		return out, nil
	}
	out.MaxParts, out.PartNumberMarker, out.NextPartNumberMarker, out.IsTruncated = ptr(int32(min(most, limits.ObjectsPage))), ptr(int32(after)), ptr(int32(0)), ptr(false)
	for _, g := range v.Segments {
		if g.Number <= after {
			continue
		}
		if len(out.Parts) == most {
			out.IsTruncated = ptr(true)
			break
		}
		sum := g.Sum.sums()
		out.Parts = append(out.Parts, s3api.ObjectPart{
			PartNumber: ptr(int32(g.Number)), Size: ptr(g.Size),
			ChecksumCRC32: sum.crc32, ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64, ChecksumSHA1: sum.sha1, ChecksumSHA256: sum.sha256,
		})
		out.NextPartNumberMarker = ptr(int32(g.Number))
	}
	return out, nil
}
