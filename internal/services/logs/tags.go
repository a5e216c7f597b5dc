package logs

import (
	"context"
	"maps"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) tagLogGroup(ctx context.Context, c *op.Call, in *logsapi.TagLogGroupRequest) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	return s.addTags(ctx, g, in.Tags, invalidParameter("The resource can have at most 50 tags."))
}

func (s *Service) tagResource(ctx context.Context, c *op.Call, in *logsapi.TagResourceRequest) (*api.Empty, error) {
	g, err := taggedGroup(c)
	if err != nil {
		return nil, err
	}
	tooMany := api.Newf(400, "TooManyTagsException", "The resource can have at most 50 tags.")
	tooMany.Members = map[string]any{"resourceName": in.GetResourceArn()}
	return s.addTags(ctx, g, in.Tags, tooMany)
}

func (s *Service) addTags(ctx context.Context, g groupRef, tags map[string]string, tooMany error) (*api.Empty, error) {
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	return s.change(ctx, g, func(record *group) error {
		all := map[string]string{}
		maps.Copy(all, record.Tags)
		maps.Copy(all, tags)
		if len(all) > limits.TagsPerResource {
			return tooMany
		}
		record.Tags = all
		return nil
	})
}

func checkTags(tags map[string]string) error {
	for key := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalidParameter("aws: prefixed tag key names are not allowed for external use.")
		}
	}
	return nil
}

func (s *Service) untagLogGroup(ctx context.Context, c *op.Call, in *logsapi.UntagLogGroupRequest) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	return s.removeTags(ctx, g, in.Tags)
}

func (s *Service) untagResource(ctx context.Context, c *op.Call, in *logsapi.UntagResourceRequest) (*api.Empty, error) {
	g, err := taggedGroup(c)
	if err != nil {
		return nil, err
	}
	return s.removeTags(ctx, g, in.TagKeys)
}

func (s *Service) removeTags(ctx context.Context, g groupRef, names []string) (*api.Empty, error) {
	return s.change(ctx, g, func(record *group) error {
		left := maps.Clone(record.Tags)
		for _, name := range names {
			delete(left, name)
		}
		record.Tags = left
		return nil
	})
}

func (s *Service) listTagsLogGroup(_ context.Context, c *op.Call, _ *logsapi.ListTagsLogGroupRequest) (*logsapi.ListTagsLogGroupResponse, error) {
	_, found, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	return &logsapi.ListTagsLogGroupResponse{Tags: shownTags(found)}, nil
}

func (s *Service) listTagsForResource(_ context.Context, c *op.Call, _ *logsapi.ListTagsForResourceRequest) (*logsapi.ListTagsForResourceResponse, error) {
	g, err := taggedGroup(c)
	if err != nil {
		return nil, err
	}
	found := s.groups.Get(g.key())
	if found == nil {
		return nil, noGroup()
	}
	return &logsapi.ListTagsForResourceResponse{Tags: shownTags(found)}, nil
}

// shownTags is an empty map, not null, for a group without tags.
func shownTags(g *group) map[string]string {
	if g.Tags == nil {
		return map[string]string{}
	}
	return g.Tags
}
