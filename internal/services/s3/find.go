package s3

import (
	"context"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// onBucket finds the bucket of a request.
func (s *Service) onBucket(_ context.Context, c *op.Call) ([]op.Resource, error) {
	name := c.Input.(named).GetBucket()
	if name == "" {
		return nil, nil
	}
	s.rememberBucket(c, name)
	return []op.Resource{{ARN: bucketARN(name)}}, nil
}

func (s *Service) rememberBucket(c *op.Call, name string) {
	if _, done := c.Recall(bucketKey{}); !done {
		c.Remember(bucketKey{}, s.buckets.Get(name))
	}
}

// newBucketName finds a bucket that is to be made: the caller's own, whoever has
// the name now.
func (s *Service) newBucketName(_ context.Context, c *op.Call) ([]op.Resource, error) {
	name := c.Input.(named).GetBucket()
	if name == "" {
		return nil, nil
	}
	return []op.Resource{{ARN: bucketARN(name), Account: c.Account}}, nil
}

type keyed interface {
	named
	GetKey() string
}

type versioned interface {
	keyed
	GetVersionId() string
}

// onKey finds the object of a request, whatever its version.
func (s *Service) onKey(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(keyed)
	if in.GetBucket() == "" || in.GetKey() == "" {
		return nil, nil
	}
	s.rememberBucket(c, in.GetBucket())
	return []op.Resource{{ARN: objectARN(in.GetBucket(), in.GetKey())}}, nil
}

// onLatest finds the object of a request that names no version.
func (s *Service) onLatest(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if c.Input.(versioned).GetVersionId() != "" {
		return nil, nil
	}
	return s.onVersionOf(ctx, c)
}

// onVersion finds the object of a request that names one of its versions.
func (s *Service) onVersion(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if c.Input.(versioned).GetVersionId() == "" {
		return nil, nil
	}
	return s.onVersionOf(ctx, c)
}

// onVersionOf finds an object, and remembers the version that the call is about.
func (s *Service) onVersionOf(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(versioned)
	if _, done := c.Recall(versionKey{}); !done {
		c.Remember(versionKey{}, s.find(nil, in.GetBucket(), in.GetKey(), in.GetVersionId()))
	}
	return s.onKey(ctx, c)
}

// source is what a copy reads.
type source struct {
	bucket, key, version string
	// found is the version there was when the call was judged, of the bucket as it was.
	in    *bucket
	found *version
}

type sourceKey struct{}

// source reads x-amz-copy-source: "bucket/key?versionId=v", percent-encoded.
func (s *Service) source(c *op.Call) (*source, bool) {
	if known, ok := c.Recall(sourceKey{}); ok {
		return known.(*source), true
	}
	given := c.Input.(interface{ GetCopySource() string }).GetCopySource()
	path, query, _ := strings.Cut(given, "?")
	path, err := url.PathUnescape(path)
	if err != nil {
		return nil, false
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || bucket == "" || key == "" {
		return nil, false
	}
	from := &source{bucket: bucket, key: key}
	if query != "" {
		version, is := strings.CutPrefix(query, "versionId=")
		if version, err = url.QueryUnescape(version); !is || err != nil || version == "" {
			return nil, false
		}
		from.version = version
	}
	from.in, from.found = s.buckets.Get(bucket), s.find(nil, bucket, key, from.version)
	c.Remember(sourceKey{}, from)
	return from, true
}

// onSource finds the object that is copied when no version is named.
func (s *Service) onSource(_ context.Context, c *op.Call) ([]op.Resource, error) {
	from, ok := s.source(c)
	if !ok {
		return nil, badSource(c.Input.(interface{ GetCopySource() string }).GetCopySource())
	}
	if from.version != "" {
		return nil, nil
	}
	return from.resource(), nil
}

// onSourceVersion finds the object that is copied when a version is named.
func (s *Service) onSourceVersion(_ context.Context, c *op.Call) ([]op.Resource, error) {
	from, ok := s.source(c)
	if !ok || from.version == "" {
		return nil, nil
	}
	return from.resource(), nil
}

func (f *source) resource() []op.Resource { return []op.Resource{{ARN: objectARN(f.bucket, f.key)}} }

// taggedSource finds an object whose tags are copied with it.
func (s *Service) taggedSource(versionNamed bool) op.Finder {
	return func(_ context.Context, c *op.Call) ([]op.Resource, error) {
		from, ok := s.source(c)
		if !ok || (from.version != "") != versionNamed || from.found == nil || len(from.found.Tags) == 0 || !copiesTags(c) {
			return nil, nil
		}
		return from.resource(), nil
	}
}

func copiesTags(c *op.Call) bool {
	d, ok := c.Input.(interface{ GetTaggingDirective() string })
	return ok && d.GetTaggingDirective() != "REPLACE"
}

// onTagged finds an object that is written with tags.
func (s *Service) onTagged(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if t, ok := c.Input.(interface{ GetTagging() string }); ok && t.GetTagging() != "" {
		return s.onKey(ctx, c)
	}
	if _, copies := c.Input.(interface{ GetCopySource() string }); copies {
		if from, ok := s.source(c); ok && from.found != nil && len(from.found.Tags) > 0 && copiesTags(c) {
			return s.onKey(ctx, c)
		}
	}
	return nil, nil
}

// onGranted finds an object that is written with an access control list.
func (s *Service) onGranted(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if !namesACL(c.Input) {
		return nil, nil
	}
	return s.onKey(ctx, c)
}

// when finds a bucket that is to be made, if the request has what the need is about.
func (s *Service) when(has func(c *op.Call) bool) op.Finder {
	return func(ctx context.Context, c *op.Call) ([]op.Resource, error) {
		if !has(c) {
			return nil, nil
		}
		return s.newBucketName(ctx, c)
	}
}

// isAnonymous says that nobody signed a request.
func isAnonymous(c *op.Call) bool { return c.Caller.Kind() == caller.AnonymousKind }
