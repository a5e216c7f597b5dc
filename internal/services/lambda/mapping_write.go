package lambda

import (
	"context"
	"maps"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) createEventSourceMapping(ctx context.Context, c *op.Call, in *lambdaapi.CreateEventSourceMappingRequest) (*lambdaapi.EventSourceMappingConfiguration, error) {
	r, err := resolveName(c, in.GetFunctionName())
	if err != nil {
		return nil, err
	}
	if r.account != c.Account {
		return nil, foreign()
	}
	m := &mapping{
		UUID: id.UUID(), Source: in.GetEventSourceArn(), Function: r.arn(), Enabled: in.Enabled == nil || *in.Enabled,
		Batch: defaultBatch, Tags: maps.Clone(in.Tags), Modified: c.Time,
	}
	if err := checkEventSource(in); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := m.apply(changesOf(in)); err != nil {
		return nil, err
	}
	if err := s.checkMapping(ctx, c, m); err != nil {
		return nil, err
	}
	p := mappingID{c.Account, c.Region, m.UUID}
	if _, err := s.putMapping(ctx, p, func(*mapping) (*mapping, error) { return m, nil }); err != nil {
		return nil, err
	}
	return m.show(p, mappingCreating, ""), nil
}

func (s *Service) updateEventSourceMapping(ctx context.Context, c *op.Call, in *lambdaapi.UpdateEventSourceMappingRequest) (*lambdaapi.EventSourceMappingConfiguration, error) {
	p, err := namedMapping(c)
	if err != nil {
		return nil, err
	}
	change := func(old *mapping) (*mapping, error) {
		if old == nil {
			return nil, noMapping()
		}
		now := *old
		now.Modified = c.Time
		if in.Enabled != nil {
			now.Enabled = *in.Enabled
		}
		if in.GetFunctionName() != "" {
			r, err := resolveName(c, in.GetFunctionName())
			if err != nil {
				return nil, err
			}
			if r.account != c.Account {
				return nil, foreign()
			}
			now.Function = r.arn()
		}
		return &now, now.apply(updatesOf(in))
	}
	old := s.mappings.Get(p.key())
	wanted, err := change(old)
	if err != nil {
		return nil, err
	}
	// Who stops a mapping needs no right of a role that has lost it: what will not
	// poll is not tried.
	if wanted.Enabled || wanted.Function != old.Function {
		if err := s.checkMapping(ctx, c, wanted); err != nil {
			return nil, err
		}
	}
	now, err := s.putMapping(ctx, p, change)
	if err != nil {
		return nil, err
	}
	return now.show(p, mappingUpdating, ""), nil
}
