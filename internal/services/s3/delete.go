package s3

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// removal is one object to delete.
type removal struct {
	key, version, ifMatch string
	modified              *time.Time
	size                  *int64
}

// removed is what became of it.
type removed struct {
	// id is the version that is gone, or the marker that was made.
	id     string
	marker bool
}

func (s *Service) deleteObject(ctx context.Context, c *op.Call, in *s3api.DeleteObjectRequest) (*s3api.DeleteObjectOutput, error) {
	b, err := s.writable(c, in.GetKey())
	if err != nil {
		return nil, err
	}
	done, err := s.deleteOne(ctx, c, b, removal{in.GetKey(), in.GetVersionId(), in.GetIfMatch(), in.IfMatchLastModifiedTime, in.IfMatchSize})
	if err != nil {
		return nil, err
	}
	return &s3api.DeleteObjectOutput{VersionId: optional(done.id), DeleteMarker: optional(done.marker)}, nil
}

// deleteOne deletes a version for good, or hides a key behind a delete marker
// ("Deleting object versions from a versioning-enabled bucket"). What is not
// there is deleted already.
func (s *Service) deleteOne(ctx context.Context, c *op.Call, b *bucket, r removal) (done removed, err error) {
	if r.version != "" && r.version != nullVersion && !isVersionID(r.version) {
		return done, invalidArgument("versionId", r.version, "Invalid version id specified")
	}
	err = s.update(ctx, func(tx *change) error {
		now := s.buckets.GetIn(tx.Tx, b.Name)
		if !b.same(now) {
			return noSuchBucket(b.Name)
		}
		v := s.find(tx, b.Name, r.key, r.version)
		if err := r.check(v); err != nil {
			return err
		}
		if r.version == "" && now.Versioning != "" {
			done, err = s.mark(tx, c, now, r.key)
			return err
		}
		done = removed{id: r.version}
		if v == nil {
			return nil
		}
		done.marker = v.Marker
		if err := s.deleteVersion(tx, v); err != nil {
			return err
		}
		return s.notify(tx, c, now, v, "ObjectRemoved:Delete")
	})
	return done, err
}

// check is the conditions of a delete.
func (r *removal) check(v *version) error {
	if v != nil && v.Marker && r.version == "" {
		v = nil
	}
	switch {
	case r.ifMatch == "" && r.modified == nil && r.size == nil:
		return nil
	case v == nil && r.ifMatch != "":
		return noSuchKey(r.key)
	case v == nil:
		return nil
	case r.ifMatch != "" && !matches(r.ifMatch, v.ETag):
		return preconditionFailed("If-Match")
	case r.modified != nil && !r.modified.Equal(v.Modified):
		return preconditionFailed("x-amz-if-match-last-modified-time")
	case r.size != nil && *r.size != v.Size:
		return preconditionFailed("x-amz-if-match-size")
	}
	return nil
}

// mark puts a delete marker on top of a key.
func (s *Service) mark(tx *change, c *op.Call, b *bucket, key string) (removed, error) {
	v := &version{Bucket: b.Name, Key: key, Marker: true, Modified: c.Time.Truncate(time.Second)}
	if err := s.putVersion(tx, b, v); err != nil {
		return removed{}, err
	}
	return removed{v.ID, true}, s.notify(tx, c, b, v, "ObjectRemoved:DeleteMarkerCreated")
}

// deleteObjects judges and deletes each key by itself.
func (s *Service) deleteObjects(ctx context.Context, c *op.Call, in *s3api.DeleteObjectsRequest) (*s3api.DeleteObjectsOutput, error) {
	s.rememberBucket(c, in.GetBucket())
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > limits.DeleteObjects {
		return nil, malformedXML()
	}
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	out := &s3api.DeleteObjectsOutput{}
	for _, o := range in.Delete.Objects {
		done, err := s.deleteListed(ctx, c, b, &o)
		var known *api.Error
		switch {
		case err == nil && in.Delete.GetQuiet():
		case err == nil:
			out.Deleted = append(out.Deleted, shownDeletion(&o, done))
		case errors.As(err, &known):
			out.Errors = append(out.Errors, s3api.Error{Key: o.Key, VersionId: o.VersionId, Code: &known.Code, Message: &known.Message})
		default:
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) deleteListed(ctx context.Context, c *op.Call, b *bucket, o *s3api.ObjectIdentifier) (removed, error) {
	if err := checkKey(o.GetKey()); err != nil {
		return removed{}, err
	}
	if !c.Allowed(ctx, s.mayDelete(b, o.GetKey(), o.GetVersionId())) {
		return removed{}, accessDenied()
	}
	return s.deleteOne(ctx, c, b, removal{o.GetKey(), o.GetVersionId(), o.GetETag(), o.LastModifiedTime, o.Size})
}

func shownDeletion(o *s3api.ObjectIdentifier, done removed) s3api.DeletedObject {
	d := s3api.DeletedObject{Key: o.Key, VersionId: o.VersionId}
	if done.marker {
		d.DeleteMarker, d.DeleteMarkerVersionId = ptr(true), &done.id
	}
	return d
}
