package sts

import (
	"maps"
	"slices"
	"strings"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// Session tags (IAM user guide, "Pass session tags in AWS STS"). Keys are
// compared without case and keep theirs.

// requested checks the Tags parameter.
func requested(tags []stsapi.Tag) (map[string]string, error) {
	if len(tags) > limits.TagsPerResource {
		return nil, validationError("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d", limits.TagsPerResource)
	}
	folded := map[string]bool{}
	all := make(map[string]string, len(tags))
	for i := range tags {
		key := tags[i].GetKey()
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, invalidParameter("aws: prefixed tag key names are not allowed for external use.")
		}
		if folded[strings.ToLower(key)] {
			return nil, invalidParameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		folded[strings.ToLower(key)] = true
		all[key] = tags[i].GetValue()
	}
	return all, nil
}

// roleTags are the tags of a new role session: those requested, and those the
// calling session passes on.
func roleTags(c *op.Call, in *stsapi.AssumeRoleRequest) (tags map[string]string, transitive []string, err error) {
	tags, err = requested(in.Tags)
	if err != nil {
		return nil, nil, err
	}
	session, _ := c.Caller.RoleSession()
	for _, key := range slices.Concat(slices.Sorted(maps.Keys(tags)), in.TransitiveTagKeys) {
		if containsFold(session.Transitive, key) {
			return nil, nil, invalidParameter("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	for _, key := range in.TransitiveTagKeys {
		named, ok := findFold(tags, key)
		if !ok {
			return nil, nil, invalidParameter("The specified transitive tag key must be included in the requested tags.")
		}
		if !slices.Contains(transitive, named) {
			transitive = append(transitive, named)
		}
	}
	for _, key := range session.Transitive {
		if value, ok := session.Tags[key]; ok {
			tags[key], transitive = value, append(transitive, key)
		}
	}
	return tags, transitive, nil
}

func containsFold(all []string, key string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, key) })
}

// findFold finds the spelling under which a key is there.
func findFold(tags map[string]string, key string) (string, bool) {
	for k := range tags {
		if strings.EqualFold(k, key) {
			return k, true
		}
	}
	return "", false
}
