package ec2

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// newTags are the tags that a request gives to what it makes.
func newTags(specs []ec2api.TagSpecification, of noun) (map[string]string, error) {
	tags := map[string]string{}
	for _, spec := range specs {
		if spec.GetResourceType() != of.kind {
			return nil, invalid("'%s' is not a valid taggable resource type for this operation.", spec.GetResourceType())
		}
		for _, t := range spec.Tags {
			if _, twice := tags[t.GetKey()]; twice {
				return nil, invalid("Duplicate tag key '%s' specified.", t.GetKey())
			}
			tags[t.GetKey()] = t.GetValue()
		}
	}
	return tags, checkTags(tags)
}

// checkTags is the rule of "Tag restrictions" (EC2 user guide).
func checkTags(tags map[string]string) error {
	if len(tags) > limits.TagsPerResource {
		return refuse("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	for k, v := range tags {
		switch {
		case k == "" || len([]rune(k)) > limits.TagKey:
			return invalid("Tag key exceeds the maximum length of %d characters, or is empty.", limits.TagKey)
		case len([]rune(v)) > limits.TagValue:
			return invalid("Tag value exceeds the maximum length of %d characters", limits.TagValue)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("Tag keys starting with 'aws:' are reserved for internal use")
		}
	}
	return nil
}

func showTags(tags map[string]string) []ec2api.Tag {
	var all []ec2api.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, ec2api.Tag{Key: ptr(k), Value: ptr(tags[k])})
	}
	return all
}

// nounOf is the kind of resource that an id is of.
func nounOf(id string) (noun, bool) {
	for _, n := range nouns() {
		if strings.HasPrefix(id, n.prefix) {
			return n, true
		}
	}
	return noun{}, false
}

// taggedNow finds what CreateTags and DeleteTags are about.
func (s *Service) taggedNow(_ context.Context, c *op.Call) ([]op.Resource, error) {
	var ids []string
	switch in := c.Input.(type) {
	case *ec2api.CreateTagsRequest:
		ids = in.Resources
	case *ec2api.DeleteTagsRequest:
		ids = in.Resources
	}
	if len(ids) == 0 {
		return nil, missing("resourceIdSet")
	}
	if len(ids) > limits.TaggedAtOnce {
		return nil, invalid("No more than %d resources can be tagged at a time.", limits.TaggedAtOnce)
	}
	var found []op.Resource
	for _, id := range ids {
		n, ok := nounOf(id)
		if !ok {
			// Of no kind that is here: judged by what it calls itself, and not found.
			n.kind, _, _ = strings.Cut(id, "-")
		}
		found = append(found, op.Resource{ARN: placeOf(c).arn(n, id), Account: c.Account})
	}
	return found, nil
}

// specs are the tags that a request gives to what it makes.
func specs(in any) []ec2api.TagSpecification {
	switch in := in.(type) {
	case *ec2api.CreateVpcRequest:
		return in.TagSpecifications
	case *ec2api.CreateSubnetRequest:
		return in.TagSpecifications
	case *ec2api.CreateSecurityGroupRequest:
		return in.TagSpecifications
	case *ec2api.CreateNetworkInterfaceRequest:
		return in.TagSpecifications
	case *ec2api.AuthorizeSecurityGroupIngressRequest:
		return in.TagSpecifications
	case *ec2api.AuthorizeSecurityGroupEgressRequest:
		return in.TagSpecifications
	}
	return nil
}

// madeWithTags finds what a request makes, if it gives tags to it: the caller
// must be allowed to tag it too (EC2 user guide, "Grant permission to tag
// resources during creation").
func (s *Service) madeWithTags(_ context.Context, c *op.Call) ([]op.Resource, error) {
	var found []op.Resource
	for _, spec := range specs(c.Input) {
		if len(spec.Tags) > 0 {
			found = append(found, op.Resource{ARN: placeOf(c).arn(noun{kind: spec.GetResourceType()}, "*"), Account: c.Account})
		}
	}
	return found, nil
}

// requestTags puts the request's tags into the context.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags []ec2api.Tag
	for _, spec := range specs(c.Input) {
		tags = append(tags, spec.Tags...)
	}
	valued := true
	switch in := c.Input.(type) {
	case *ec2api.CreateTagsRequest:
		tags = in.Tags
	case *ec2api.DeleteTagsRequest:
		tags, valued = in.Tags, false
	}
	var names []string
	for _, t := range tags {
		names = append(names, t.GetKey())
		if valued || t.Value != nil {
			keys.Add("aws:RequestTag/"+t.GetKey(), t.GetValue())
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		keys.SetList("aws:TagKeys", slices.Compact(names))
	}
}

// retag changes the tags of every resource, or of none.
func (s *Service) retag(ctx context.Context, c *op.Call, ids []string, change func(tags map[string]string)) (*api.Empty, error) {
	p := placeOf(c)
	return &api.Empty{}, s.store.Update(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			if err := s.retagOne(tx, p, id, change); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) retagOne(tx *store.Tx, p place, id string, change func(map[string]string)) error {
	changed := func(old map[string]string) (map[string]string, error) {
		tags := maps.Clone(old)
		if tags == nil {
			tags = map[string]string{}
		}
		change(tags)
		return tags, checkTags(tags)
	}
	n, ok := nounOf(id)
	if !ok {
		return refuse("InvalidID", "The ID '%s' is not valid", id)
	}
	switch n.kind {
	case vpcs.kind:
		return edit(tx, s.vpcs, p.key(id), n.absent(id), func(v *vpc) (err error) { v.Tags, err = changed(v.Tags); return err })
	case subnets.kind:
		return edit(tx, s.subnets, p.key(id), n.absent(id), func(v *subnet) (err error) { v.Tags, err = changed(v.Tags); return err })
	case groups.kind:
		return edit(tx, s.groups, p.key(id), n.absent(id), func(v *group) (err error) { v.Tags, err = changed(v.Tags); return err })
	case interfaces.kind:
		return edit(tx, s.interfaces, p.key(id), n.absent(id), func(v *networkInterface) (err error) { v.Tags, err = changed(v.Tags); return err })
	}
	own, _ := s.ruleNamed(p, id)
	return edit(tx, s.groups, p.key(own), n.absent(id), func(g *group) (err error) {
		g.Rules = slices.Clone(g.Rules)
		for i := range g.Rules {
			if g.Rules[i].ID == id {
				g.Rules[i].Tags, err = changed(g.Rules[i].Tags)
			}
		}
		return err
	})
}

// edit puts a changed copy of a row, or answers with absent.
func edit[T any](tx *store.Tx, t *store.Table[T], key string, absent error, change func(*T) error) error {
	old := t.GetIn(tx, key)
	if old == nil {
		return absent
	}
	changed := *old
	if err := change(&changed); err != nil {
		return err
	}
	return t.Put(tx, key, &changed)
}

func (s *Service) createTags(ctx context.Context, c *op.Call, in *ec2api.CreateTagsRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, missing("tagSet")
	}
	return s.retag(ctx, c, in.Resources, func(tags map[string]string) {
		for _, t := range in.Tags {
			tags[t.GetKey()] = t.GetValue()
		}
	})
}

// deleteTags takes tags away: those of a key, or of a key with that value if one
// is given; all of them if none is named.
func (s *Service) deleteTags(ctx context.Context, c *op.Call, in *ec2api.DeleteTagsRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	return s.retag(ctx, c, in.Resources, func(tags map[string]string) {
		if len(in.Tags) == 0 {
			clear(tags)
		}
		for _, t := range in.Tags {
			if t.Value == nil || tags[t.GetKey()] == *t.Value {
				delete(tags, t.GetKey())
			}
		}
	})
}

// allTags calls f for everything in a place that can have tags.
func (s *Service) allTags(p place, f func(n noun, id string, tags map[string]string)) {
	for id, v := range each(s.vpcs, p) {
		f(vpcs, id, v.Tags)
	}
	for id, v := range each(s.subnets, p) {
		f(subnets, id, v.Tags)
	}
	for id, v := range each(s.groups, p) {
		f(groups, id, v.Tags)
		for _, r := range v.Rules {
			f(rules, r.ID, r.Tags)
		}
	}
	for id, v := range each(s.interfaces, p) {
		f(interfaces, id, v.Tags)
	}
}

func (s *Service) describeTags(ctx context.Context, c *op.Call, in *ec2api.DescribeTagsRequest) (*ec2api.DescribeTagsResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	var all []entry[ec2api.TagDescription]
	s.allTags(placeOf(c), func(n noun, id string, tags map[string]string) {
		for k, v := range tags {
			is := values{"resource-id": {id}, "resource-type": {n.kind}, "key": {k}, "value": {v}, "tag:" + k: {v}}
			all = append(all, entry[ec2api.TagDescription]{id + "\x00" + k, is, func() ec2api.TagDescription {
				return ec2api.TagDescription{ResourceId: &id, ResourceType: ptr(n.kind), Key: &k, Value: &v}
			}})
		}
	})
	slices.SortFunc(all, func(a, b entry[ec2api.TagDescription]) int { return strings.Compare(a.id, b.id) })
	known := values{"resource-id": nil, "resource-type": nil, "key": nil, "value": nil}
	found, next, err := among(search{nil, in.Filters, known, in.MaxResults, in.NextToken}, all, nil)
	return &ec2api.DescribeTagsResult{Tags: found, NextToken: next}, err
}
