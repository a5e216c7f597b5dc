package sns

import (
	"context"
	"maps"
	"slices"
	"strings"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// createdWithTags finds the topic that a request gives tags to at creation.
func (s *Service) createdWithTags(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if in, ok := c.Input.(*snsapi.CreateTopicInput); !ok || len(in.Tags) == 0 {
		return nil, nil
	}
	return s.created(ctx, c)
}

// requestTags puts the request's tags into the context.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var names []string
	var tags []snsapi.Tag
	switch in := c.Input.(type) {
	case *snsapi.CreateTopicInput:
		tags = in.Tags
	case *snsapi.TagResourceRequest:
		tags = in.Tags
	case *snsapi.UntagResourceRequest:
		names = slices.Clone(in.TagKeys)
	}
	for i := range tags {
		keys.Add("aws:RequestTag/"+tags[i].GetKey(), tags[i].GetValue())
		names = append(names, tags[i].GetKey())
	}
	if len(names) > 0 {
		slices.Sort(names)
		keys.SetList("aws:TagKeys", names)
	}
}

// addTags adds tags to those of a topic.
func addTags(to map[string]string, tags []snsapi.Tag) error {
	seen := map[string]bool{}
	for i := range tags {
		key := tags[i].GetKey()
		switch {
		case seen[key]:
			return invalid("Duplicated keys are not allowed.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalid("Tag keys that start with aws: are reserved for system use.")
		}
		seen[key] = true
		to[key] = tags[i].GetValue()
	}
	if len(to) > limits.TagsPerResource {
		return snsapi.NewTagLimitExceededException("Could not complete request: tag quota of per resource exceeded")
	}
	return nil
}

// retag changes the tags of a topic. AWS has its own words for one that is not
// there.
func (s *Service) retag(ctx context.Context, c *op.Call, arn string, change func(map[string]string) error) error {
	if _, _, err := s.here(nil, c, arn); err != nil {
		return noResource()
	}
	_, err := s.changeTopic(ctx, c, arn, func(t *topic) error { return change(t.Tags) })
	return err
}

func (s *Service) tagResource(ctx context.Context, c *op.Call, in *snsapi.TagResourceRequest) (*snsapi.TagResourceResponse, error) {
	err := s.retag(ctx, c, in.GetResourceArn(), func(tags map[string]string) error { return addTags(tags, in.Tags) })
	return &snsapi.TagResourceResponse{}, err
}

func (s *Service) untagResource(ctx context.Context, c *op.Call, in *snsapi.UntagResourceRequest) (*snsapi.UntagResourceResponse, error) {
	err := s.retag(ctx, c, in.GetResourceArn(), func(tags map[string]string) error {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
		return nil
	})
	return &snsapi.UntagResourceResponse{}, err
}

func (s *Service) listTagsForResource(_ context.Context, c *op.Call, in *snsapi.ListTagsForResourceRequest) (*snsapi.ListTagsForResourceResponse, error) {
	_, t, err := s.here(nil, c, in.GetResourceArn())
	if err != nil {
		return nil, noResource()
	}
	out := &snsapi.ListTagsForResourceResponse{Tags: []snsapi.Tag{}}
	for _, key := range slices.Sorted(maps.Keys(t.Tags)) {
		out.Tags = append(out.Tags, snsapi.Tag{Key: &key, Value: ptr(t.Tags[key])})
	}
	return out, nil
}
