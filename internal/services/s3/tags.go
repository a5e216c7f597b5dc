package s3

import (
	"context"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// tag is a tag of a bucket or object.
type tag struct{ Key, Value string }

func invalidTag(text string) *api.Error { return api.Newf(400, "InvalidTag", "%s", text) }

func plainTags(given []s3api.Tag) []tag {
	var tags []tag
	for _, t := range given {
		tags = append(tags, tag{t.GetKey(), t.GetValue()})
	}
	return tags
}

// tagsOf checks the tags of a request.
func tagsOf(given []s3api.Tag, most int) ([]tag, error) {
	tags := plainTags(given)
	return tags, checkTags(tags, most)
}

// checkTags: lengths and characters of "Object tagging restrictions".
func checkTags(tags []tag, most int) error {
	if len(tags) > most {
		if most == limits.ObjectTags {
			return api.Newf(400, "BadRequest", "Object tags cannot be greater than %d", most)
		}
		return api.Newf(400, "BadRequest", "Bucket tag count cannot be greater than %d", most)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > limits.TagKey:
			return invalidTag("The TagKey you have provided is invalid")
		case utf8.RuneCountInString(t.Value) > limits.TagValue:
			return invalidTag("The TagValue you have provided is invalid")
		case strings.HasPrefix(t.Key, "aws:"):
			return invalidTag("System tags cannot be added/updated by requester")
		case seen[t.Key]:
			return invalidTag("Cannot provide multiple Tags with the same key")
		}
		seen[t.Key] = true
	}
	return nil
}

// tagsOfHeader reads x-amz-tagging, which is written like a URL's query.
func tagsOfHeader(given string) ([]tag, error) {
	if given == "" {
		return nil, nil
	}
	var tags []tag
	for pair := range strings.SplitSeq(given, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err != nil || err2 != nil || key == "" {
			return nil, invalidArgument("x-amz-tagging", given, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		tags = append(tags, tag{key, value})
	}
	return tags, checkTags(tags, limits.ObjectTags)
}

func shownTags(tags []tag) []s3api.Tag {
	shown := []s3api.Tag{}
	for _, t := range tags {
		shown = append(shown, s3api.Tag{Key: ptr(t.Key), Value: ptr(t.Value)})
	}
	return shown
}

func (s *Service) getBucketTagging(_ context.Context, c *op.Call, _ *s3api.GetBucketTaggingRequest) (*s3api.GetBucketTaggingOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if len(b.Tags) == 0 {
		return nil, unset("NoSuchTagSet", "The TagSet does not exist", b.Name)
	}
	return &s3api.GetBucketTaggingOutput{TagSet: shownTags(b.Tags)}, nil
}

func (s *Service) putBucketTagging(ctx context.Context, c *op.Call, in *s3api.PutBucketTaggingRequest) (*api.Empty, error) {
	if in.Tagging == nil {
		return nil, malformedXML()
	}
	tags, err := tagsOf(in.Tagging.TagSet, limits.BucketTags)
	if err != nil {
		return nil, err
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Tags = tags
		return nil
	})
}

func (s *Service) deleteBucketTagging(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketTaggingRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Tags = nil
		return nil
	})
}

func (s *Service) getObjectTagging(ctx context.Context, c *op.Call, in *s3api.GetObjectTaggingRequest) (*s3api.GetObjectTaggingOutput, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	return &s3api.GetObjectTaggingOutput{TagSet: shownTags(v.Tags), VersionId: v.shownID(b)}, nil
}

func (s *Service) putObjectTagging(ctx context.Context, c *op.Call, in *s3api.PutObjectTaggingRequest) (*s3api.PutObjectTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, malformedXML()
	}
	tags, err := tagsOf(in.Tagging.TagSet, limits.ObjectTags)
	if err != nil {
		return nil, err
	}
	id, err := s.retag(ctx, c, in, tags, "ObjectTagging:Put")
	return &s3api.PutObjectTaggingOutput{VersionId: id}, err
}

func (s *Service) deleteObjectTagging(ctx context.Context, c *op.Call, in *s3api.DeleteObjectTaggingRequest) (*s3api.DeleteObjectTaggingOutput, error) {
	id, err := s.retag(ctx, c, in, nil, "ObjectTagging:Delete")
	return &s3api.DeleteObjectTaggingOutput{VersionId: id}, err
}

func (s *Service) retag(ctx context.Context, c *op.Call, in versioned, tags []tag, event string) (*string, error) {
	b, v, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId())
	if err != nil {
		return nil, err
	}
	return v.shownID(b), s.replace(ctx, c, v, event, func(v *version) { v.Tags = tags })
}
