package sqs

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// requestTags puts the request's tags into the context.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags map[string]string
	var names []string
	switch in := c.Input.(type) {
	case *sqsapi.CreateQueueRequest:
		tags = in.Tags
	case *sqsapi.TagQueueRequest:
		tags = in.Tags
	case *sqsapi.UntagQueueRequest:
		names = slices.Clone(in.TagKeys)
	}
	for k, v := range tags {
		keys.Add("aws:RequestTag/"+k, v)
		names = append(names, k)
	}
	if len(names) > 0 {
		slices.Sort(names)
		keys.SetList("aws:TagKeys", names)
	}
}

// Bounds of a tag (Developer Guide, "Amazon SQS queue tags").
const (
	tagKeyLength   = 128
	tagValueLength = 256
)

func checkTags(tags map[string]string) error {
	if len(tags) > limits.TagsPerResource {
		return invalid("Too many tags added for queue. Maximum number of tags allowed is %d.", limits.TagsPerResource)
	}
	for k, v := range tags {
		switch {
		case k == "" || len([]rune(k)) > tagKeyLength:
			return invalid("Tag keys must be between 1 and %d characters in length.", tagKeyLength)
		case len([]rune(v)) > tagValueLength:
			return invalid("Tag values must be between 0 and %d characters in length.", tagValueLength)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("Tag keys that start with aws: are reserved.")
		}
	}
	return nil
}

func (s *Service) tagQueue(ctx context.Context, c *op.Call, in *sqsapi.TagQueueRequest) (*api.Empty, error) {
	if len(in.Tags) == 0 {
		return nil, missing("Tags")
	}
	err := s.change(ctx, c, func(_ *store.Tx, _ *line, q *queue) error {
		tags := map[string]string{}
		maps.Copy(tags, q.Tags)
		maps.Copy(tags, in.Tags)
		q.Tags = tags
		return checkTags(tags)
	})
	return &api.Empty{}, err
}

func (s *Service) untagQueue(ctx context.Context, c *op.Call, in *sqsapi.UntagQueueRequest) (*api.Empty, error) {
	if len(in.TagKeys) == 0 {
		return nil, invalid("Tag keys must be between 1 and %d characters in length.", tagKeyLength)
	}
	err := s.change(ctx, c, func(_ *store.Tx, _ *line, q *queue) error {
		q.Tags = maps.Clone(q.Tags)
		for _, k := range in.TagKeys {
			delete(q.Tags, k)
		}
		return nil
	})
	return &api.Empty{}, err
}

func (s *Service) listQueueTags(_ context.Context, c *op.Call, _ *sqsapi.ListQueueTagsRequest) (*sqsapi.ListQueueTagsResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	return &sqsapi.ListQueueTagsResult{Tags: l.record().Tags}, nil
}
