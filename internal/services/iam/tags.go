package iam

import (
	"cmp"
	"slices"
	"strings"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
)

// tag is one tag of a resource. Lists of tags are sorted by key.
type tag struct{ Key, Value string }

// tagRules tells apart how resources treat the keys of their tags: those of
// users and roles are equal without regard to case, those of all others with
// regard to it (IAM user guide, "Tags for IAM resources"; recorded from AWS).
type tagRules struct {
	folded bool
	// quota is the name of the limit on the number of tags.
	quota string
}

var (
	userTags    = tagRules{folded: true, quota: "TagsPerUser"}
	roleTags    = tagRules{folded: true, quota: "TagsPerRole"}
	policyTags  = tagRules{quota: "TagsPerManagedPolicy"}
	profileTags = tagRules{quota: "TagsPerInstanceProfile"}
)

func (r tagRules) same(a, b string) bool {
	return a == b || r.folded && strings.EqualFold(a, b)
}

func (r tagRules) find(tags []tag, key string) int {
	return slices.IndexFunc(tags, func(t tag) bool { return r.same(t.Key, key) })
}

// reservedTag begins the keys that AWS keeps for itself. That IAM words the
// refusal as STS does is inferred.
const reservedTag = "aws:"

// put gives a list with the tags of in added or replaced.
func (r tagRules) put(old []tag, in []iamapi.Tag) ([]tag, error) {
	var seen []tag
	tags := slices.Clone(old)
	for i := range in {
		t := tag{in[i].GetKey(), in[i].GetValue()}
		if len(t.Key) >= len(reservedTag) && strings.EqualFold(t.Key[:len(reservedTag)], reservedTag) {
			return nil, iamapi.NewInvalidInputException("%s prefixed tag key names are not allowed for external use.", reservedTag)
		}
		if r.find(seen, t.Key) >= 0 {
			if r.folded {
				return nil, iamapi.NewInvalidInputException("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
			}
			return nil, iamapi.NewInvalidInputException("Duplicate tag keys found.")
		}
		seen = append(seen, t)
		if j := r.find(tags, t.Key); j >= 0 {
			tags[j] = t
			continue
		}
		tags = append(tags, t)
	}
	if len(tags) > limits.TagsPerResource {
		return nil, overQuota(r.quota, limits.TagsPerResource)
	}
	slices.SortFunc(tags, func(a, b tag) int { return cmp.Compare(a.Key, b.Key) })
	return tags, nil
}

// remove gives a list without the tags of these keys.
func (r tagRules) remove(old []tag, keys []string) []tag {
	return slices.DeleteFunc(slices.Clone(old), func(t tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return r.same(t.Key, k) })
	})
}

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

func showTag(t tag) iamapi.Tag { return iamapi.Tag{Key: ptr(t.Key), Value: ptr(t.Value)} }

// showTags is never nil: some answers print the empty list.
func showTags(tags []tag) []iamapi.Tag { return each(tags, showTag) }

// showAnyTags is nil without tags: the other answers leave the list out.
func showAnyTags(tags []tag) []iamapi.Tag {
	if len(tags) == 0 {
		return nil
	}
	return showTags(tags)
}

func tagID(t tag) string { return t.Key }
