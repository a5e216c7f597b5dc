package kms

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// addTags gives tags more of them. The texts are ours.
func addTags(to map[string]string, given []kmsapi.Tag) (map[string]string, error) {
	all := maps.Clone(to)
	if all == nil {
		all = map[string]string{}
	}
	seen := map[string]bool{}
	for i := range given {
		k := given[i].GetTagKey()
		switch {
		case seen[k]:
			return nil, kmsapi.NewTagException("Duplicate tag keys")
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return nil, kmsapi.NewTagException("Tag keys that start with aws: are reserved for AWS")
		}
		seen[k] = true
		all[k] = given[i].GetTagValue()
	}
	if len(all) > limits.TagsPerResource {
		return nil, kmsapi.NewTagException("Too many tags: a key can have no more than %d", limits.TagsPerResource)
	}
	return all, nil
}

func (s *Service) tagResource(ctx context.Context, c *op.Call, in *kmsapi.TagResourceRequest) (*api.Empty, error) {
	_, err := s.change(ctx, c, func(k *key) (err error) {
		if err := k.present(); err != nil {
			return err
		}
		k.Tags, err = addTags(k.Tags, in.Tags)
		return err
	})
	return &api.Empty{}, err
}

func (s *Service) untagResource(ctx context.Context, c *op.Call, in *kmsapi.UntagResourceRequest) (*api.Empty, error) {
	_, err := s.change(ctx, c, func(k *key) error {
		for _, name := range in.TagKeys {
			delete(k.Tags, name)
		}
		return k.present()
	})
	return &api.Empty{}, err
}

func (s *Service) listResourceTags(_ context.Context, c *op.Call, in *kmsapi.ListResourceTagsRequest) (*kmsapi.ListResourceTagsResponse, error) {
	k, err := s.find(c)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in.Limit, in.Marker, limits.KeyPage/2, "")
	if err != nil {
		return nil, err
	}
	out := &kmsapi.ListResourceTagsResponse{Tags: []kmsapi.Tag{}}
	for _, name := range slices.Sorted(maps.Keys(k.Tags)) {
		if name <= p.after && p.after != "" {
			continue
		}
		if !p.take(name) {
			break
		}
		out.Tags = append(out.Tags, kmsapi.Tag{TagKey: &name, TagValue: ptr(k.Tags[name])})
	}
	out.Truncated, out.NextMarker = p.end()
	return out, nil
}
