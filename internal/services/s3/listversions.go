package s3

import (
	"context"
	"iter"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

// versionsOf gives the versions of a key, newest first, after a version id;
// empty gives all.
func (s *Service) versionsOf(latest *version, after string) iter.Seq2[*version, bool] {
	return func(yield func(v *version, isLatest bool) bool) {
		skip := after != ""
		if !skip && !yield(latest, true) {
			return
		}
		skip = skip && latest.ID != after
		for _, v := range s.noncurrent.All(olderPrefix(latest.Bucket, latest.Key), "") {
			if skip {
				skip = v.ID != after
				continue
			}
			if !yield(v, false) {
				return
			}
		}
	}
}

// versionPage is a page of versions and delete markers.
type versionPage struct {
	versions []s3api.ObjectVersion
	markers  []s3api.DeleteMarkerEntry
	prefixes []string
	more     bool
	// lastKey and lastID are where the page ends.
	lastKey, lastID string
}

func (p *versionPage) len() int { return len(p.versions) + len(p.markers) + len(p.prefixes) }

func (p *versionPage) add(v *version, latest bool, encode func(string) string, who *s3api.Owner) {
	p.lastKey, p.lastID = v.Key, v.ID
	if v.Marker {
		p.markers = append(p.markers, s3api.DeleteMarkerEntry{Key: ptr(encode(v.Key)), VersionId: &v.ID, IsLatest: &latest, LastModified: &v.Modified, Owner: who})
		return
	}
	p.versions = append(p.versions, s3api.ObjectVersion{
		Key: ptr(encode(v.Key)), VersionId: &v.ID, IsLatest: &latest, LastModified: &v.Modified, Owner: who, ETag: quoted(v.ETag), Size: &v.Size,
		StorageClass: &v.StorageClass, ChecksumAlgorithm: v.sumAlgorithms(), ChecksumType: v.sumType(),
	})
}

// walkVersions lists the versions of keys; q.after is the key to begin at, after
// the version afterID, or, without one, after all of its versions.
func (s *Service) walkVersions(q query, afterID string, encode func(string) string, who *s3api.Owner) versionPage {
	var p versionPage
	start := prefix(q.bucket)
	after := ""
	if q.after != "" {
		after = start + q.after
		if group := q.group(q.after); group == q.after {
			after += "\xff"
		}
	}
	if afterID != "" {
		if latest := s.latest(q.bucket, q.after); latest != nil {
			for v, isLatest := range s.versionsOf(latest, afterID) {
				if p.len() == q.most {
					p.more = q.most > 0
					return p
				}
				p.add(v, isLatest, encode, who)
			}
		}
	}
	for {
		leap := ""
		for key, latest := range s.objects.All(start+q.prefix, after) {
			group := q.group(key[len(start):])
			if group != "" {
				if p.len() == q.most {
					p.more = q.most > 0
					return p
				}
				p.prefixes, p.lastKey, p.lastID, leap = append(p.prefixes, group), group, "", group
				break
			}
			for v, isLatest := range s.versionsOf(latest, "") {
				if p.len() == q.most {
					p.more = q.most > 0
					return p
				}
				p.add(v, isLatest, encode, who)
			}
		}
		if leap == "" {
			return p
		}
		after = start + leap + "\xff"
	}
}

func (s *Service) listObjectVersions(_ context.Context, c *op.Call, in *s3api.ListObjectVersionsRequest) (*s3api.ListObjectVersionsOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	most, err := pageOf("max-keys", in.MaxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	if in.VersionIdMarker != nil && in.KeyMarker == nil {
		return nil, invalidArgument("version-id-marker", *in.VersionIdMarker, "A version-id marker cannot be specified without a key marker.")
	}
	if id := in.GetVersionIdMarker(); id != "" && id != nullVersion && !isVersionID(id) {
		return nil, invalidArgument("version-id-marker", id, "Invalid version id specified")
	}
	p := s.walkVersions(query{b.Name, in.GetPrefix(), in.GetDelimiter(), in.GetKeyMarker(), most}, in.GetVersionIdMarker(), encode, owner(b.Account))
	out := &s3api.ListObjectVersionsOutput{
		Name: &b.Name, Prefix: ptr(encode(in.GetPrefix())), KeyMarker: ptr(encode(in.GetKeyMarker())), VersionIdMarker: ptr(in.GetVersionIdMarker()),
		MaxKeys: ptr(int32(most)), Delimiter: encoded(encode, optional(in.GetDelimiter())), EncodingType: in.EncodingType, IsTruncated: &p.more,
		Versions: p.versions, DeleteMarkers: p.markers, CommonPrefixes: commonPrefixes(p.prefixes, encode),
	}
	if p.more {
		out.NextKeyMarker, out.NextVersionIdMarker = ptr(encode(p.lastKey)), optional(p.lastID)
	}
	return out, nil
}
