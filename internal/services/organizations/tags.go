package organizations

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// tag is one tag. Lists of tags are sorted by key; keys differ by letter case.
type tag struct{ Key, Value string }

// reservedTag begins the keys that AWS keeps for itself.
const reservedTag = "aws:"

// addTags gives a list with tags added or replaced.
func addTags(old []tag, in []orgapi.Tag) ([]tag, error) {
	tags := slices.Clone(old)
	var seen []string
	for i := range in {
		t := tag{in[i].GetKey(), in[i].GetValue()}
		if strings.HasPrefix(strings.ToLower(t.Key), reservedTag) {
			return nil, invalid(systemTag, "You specified a tag key that is a system tag. You can't add, edit, or delete system tag keys because they're reserved for Amazon Web Services use.")
		}
		if slices.Contains(seen, t.Key) {
			return nil, invalid(duplicateTag, "Tag keys must be unique among the tags attached to the same entity.")
		}
		seen = append(seen, t.Key)
		at, found := slices.BinarySearchFunc(tags, t.Key, byKey)
		if found {
			tags[at] = t
			continue
		}
		tags = slices.Insert(tags, at, t)
	}
	if len(tags) > limits.TagsPerResource {
		return nil, constraint(tooManyTags, "You have exceeded the number of tags allowed on this resource.")
	}
	return tags, nil
}

func byKey(t tag, key string) int { return strings.Compare(t.Key, key) }

func tagMap(tags []tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// retag edits the tags of a root, unit, account or policy.
func (s *Service) retag(ctx context.Context, c *op.Call, id string, edit func(tags []tag) ([]tag, error)) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) (err error) {
		if strings.HasPrefix(id, "p-") {
			p, err := s.own(tx, o, id)
			if err != nil {
				return noTargetInstead(err)
			}
			next := *p
			if next.Tags, err = edit(p.Tags); err != nil {
				return err
			}
			return s.policies.Put(tx, next.key(), &next)
		}
		t := s.target(tx, o, id)
		if t == nil {
			return noTarget()
		}
		if *t.tags, err = edit(*t.tags); err != nil {
			return err
		}
		return t.save(tx)
	})
}

// noTargetInstead: tagging calls everything a target.
func noTargetInstead(err error) error {
	if e, ok := err.(*api.Error); ok && e.Code == noPolicy().Code {
		return noTarget()
	}
	return err
}

func (s *Service) tagResource(ctx context.Context, c *op.Call, in *orgapi.TagResourceRequest) (*api.Empty, error) {
	return s.retag(ctx, c, in.GetResourceId(), func(tags []tag) ([]tag, error) { return addTags(tags, in.Tags) })
}

func (s *Service) untagResource(ctx context.Context, c *op.Call, in *orgapi.UntagResourceRequest) (*api.Empty, error) {
	return s.retag(ctx, c, in.GetResourceId(), func(tags []tag) ([]tag, error) {
		return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) }), nil
	})
}

func (s *Service) listTagsForResource(_ context.Context, c *op.Call, in *orgapi.ListTagsForResourceRequest) (*orgapi.ListTagsForResourceResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	var tags []tag
	if p := s.policy(nil, o, in.GetResourceId()); p != nil {
		tags = p.Tags
	} else if t := s.target(nil, o, in.GetResourceId()); t != nil {
		tags = *t.tags
	} else {
		return nil, noTarget()
	}
	p, err := paginate(tagQuery{in}, tags, func(t tag) string { return t.Key })
	if err != nil {
		return nil, err
	}
	show := func(t tag) orgapi.Tag { return orgapi.Tag{Key: &t.Key, Value: &t.Value} }
	return &orgapi.ListTagsForResourceResponse{Tags: each(p.items, show), NextToken: p.next}, nil
}

// tagQuery is a listing without MaxResults: one page holds all tags there can be.
type tagQuery struct {
	*orgapi.ListTagsForResourceRequest
}

func (tagQuery) GetMaxResults() int32 { return limits.TagsPerResource }
