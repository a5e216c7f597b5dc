package lambda

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// tagged is the finder of the tag operations, which name a resource by ARN: a
// function, an event source mapping or a code signing configuration.
func (s *Service) tagged(_ context.Context, c *op.Call) ([]op.Resource, error) {
	if p, ok := taggedMapping(c); ok {
		return []op.Resource{{ARN: p.arn(), Account: p.account}}, nil
	}
	if p, ok := taggedSigning(c); ok {
		return []op.Resource{{ARN: p.arn(), Account: p.account}}, nil
	}
	r, err := taggedFunction(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: r.arn(), Account: r.account}}, nil
}

func taggedFunction(c *op.Call) (ref, error) {
	in, ok := c.Input.(interface{ GetResource() string })
	if !ok || !strings.HasPrefix(in.GetResource(), "arn:") {
		return ref{}, foreign()
	}
	arn := in.GetResource()
	if !strings.Contains(arn, ":function:") {
		// Nothing else that could have tags exists here.
		return ref{}, notFound("The resource you requested does not exist.")
	}
	r, err := resolveName(c, arn)
	if err == nil && r.qualifier != "" {
		err = invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return r, err
}

// taggedMapping is the mapping of the caller's account and region that a tag
// operation names.
func taggedMapping(c *op.Call) (mappingID, bool) {
	in, ok := c.Input.(interface{ GetResource() string })
	if !ok {
		return mappingID{}, false
	}
	p, ok := parseMapping(in.GetResource())
	return p, ok && p.account == c.Account && p.region == c.Region
}

// taggedSigning is the code signing configuration that a tag operation names.
func taggedSigning(c *op.Call) (signingID, bool) {
	in, ok := c.Input.(interface{ GetResource() string })
	if !ok {
		return signingID{}, false
	}
	p, ok := parseSigning(in.GetResource())
	return p, ok && p.own(c)
}

// mappingWithTags stands for the mapping a request gives tags to at creation:
// it has no id yet.
func (s *Service) mappingWithTags(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*lambdaapi.CreateEventSourceMappingRequest)
	if !ok || len(in.Tags) == 0 {
		return nil, nil
	}
	return []op.Resource{{ARN: mappingID{c.Account, c.Region, "*"}.arn(), Account: c.Account}}, nil
}

// functionWithTags finds the function a request gives tags to at creation.
func (s *Service) functionWithTags(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*lambdaapi.CreateFunctionRequest)
	if !ok || len(in.Tags) == 0 {
		return nil, nil
	}
	return s.ownWhole(ctx, c)
}

// requestTags puts the request's tags into the context.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags map[string]string
	var names []string
	switch in := c.Input.(type) {
	case *lambdaapi.CreateFunctionRequest:
		tags = in.Tags
	case *lambdaapi.CreateEventSourceMappingRequest:
		tags = in.Tags
	case *lambdaapi.CreateCodeSigningConfigRequest:
		tags = in.Tags
	case *lambdaapi.TagResourceRequest:
		tags = in.Tags
	case *lambdaapi.UntagResourceRequest:
		names = in.TagKeys
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

// Bounds of a tag (AWS General Reference, tagging).
const (
	tagKeyLength   = 128
	tagValueLength = 256
)

func checkTags(tags map[string]string) error {
	if len(tags) > limits.TagsPerResource {
		return tooManyTags()
	}
	for k, v := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("aws: prefixed tag key names are not allowed for external use.")
		case k == "" || len([]rune(k)) > tagKeyLength:
			return invalid("Tag key %q must have a length from 1 to %d.", k, tagKeyLength)
		case len([]rune(v)) > tagValueLength:
			return invalid("The value of tag %q must have a length of at most %d.", k, tagValueLength)
		}
	}
	return nil
}

func tooManyTags() error { return invalid("Number of tags exceeds resource tag limit.") }

// setTags changes the tags of a function, which changes no version and no
// revision, or of an event source mapping or a code signing configuration.
func (s *Service) setTags(ctx context.Context, c *op.Call, change func(map[string]string) error) (*api.Empty, error) {
	if p, ok := taggedMapping(c); ok {
		return &api.Empty{}, s.setMappingTags(ctx, p, change)
	}
	if p, ok := taggedSigning(c); ok {
		return &api.Empty{}, s.setSigningTags(ctx, p, change)
	}
	r, err := taggedFunction(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.functions.GetIn(tx, r.key())
		if old == nil {
			return noFunction(r.arn())
		}
		f := *old
		if f.Tags, err = changed(old.Tags, change); err != nil {
			return err
		}
		return s.functions.Put(tx, r.key(), &f)
	})
	return &api.Empty{}, err
}

func (s *Service) setMappingTags(ctx context.Context, p mappingID, change func(map[string]string) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) (err error) {
		old := s.mappings.GetIn(tx, p.key())
		if old == nil {
			return noMapping()
		}
		m := *old
		if m.Tags, err = changed(old.Tags, change); err != nil {
			return err
		}
		return s.mappings.Put(tx, p.key(), &m)
	})
}

func (s *Service) setSigningTags(ctx context.Context, p signingID, change func(map[string]string) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) (err error) {
		old := s.signing.GetIn(tx, p.key())
		if old == nil {
			return noSigning(p.arn())
		}
		g := *old
		if g.Tags, err = changed(old.Tags, change); err != nil {
			return err
		}
		return s.signing.Put(tx, p.key(), &g)
	})
}

// changed are tags after a change, in a map of their own.
func changed(tags map[string]string, change func(map[string]string) error) (map[string]string, error) {
	tags = maps.Clone(tags)
	if tags == nil {
		tags = map[string]string{}
	}
	return tags, change(tags)
}

func (s *Service) tagResource(ctx context.Context, c *op.Call, in *lambdaapi.TagResourceRequest) (*api.Empty, error) {
	if len(in.Tags) == 0 {
		return nil, invalid("An error occurred and the request cannot be processed.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return s.setTags(ctx, c, func(tags map[string]string) error {
		maps.Copy(tags, in.Tags)
		if len(tags) > limits.TagsPerResource {
			return tooManyTags()
		}
		return nil
	})
}

func (s *Service) untagResource(ctx context.Context, c *op.Call, in *lambdaapi.UntagResourceRequest) (*api.Empty, error) {
	return s.setTags(ctx, c, func(tags map[string]string) error {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return nil
	})
}

func (s *Service) listTags(_ context.Context, c *op.Call, _ *lambdaapi.ListTagsRequest) (*lambdaapi.ListTagsResponse, error) {
	out := &lambdaapi.ListTagsResponse{Tags: map[string]string{}}
	if p, ok := taggedMapping(c); ok {
		m := s.mappings.Get(p.key())
		if m == nil {
			return nil, noMapping()
		}
		maps.Copy(out.Tags, m.Tags)
		return out, nil
	}
	if p, ok := taggedSigning(c); ok {
		g := s.signing.Get(p.key())
		if g == nil {
			return nil, noSigning(p.arn())
		}
		maps.Copy(out.Tags, g.Tags)
		return out, nil
	}
	r, err := taggedFunction(c)
	if err != nil {
		return nil, err
	}
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, noFunction(r.arn())
	}
	maps.Copy(out.Tags, f.Tags)
	return out, nil
}
