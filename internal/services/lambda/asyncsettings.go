package lambda

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

func (s *Service) putFunctionEventInvokeConfig(ctx context.Context, c *op.Call, in *lambdaapi.PutFunctionEventInvokeConfigRequest) (*lambdaapi.FunctionEventInvokeConfig, error) {
	return s.setAsync(ctx, c, in.DestinationConfig, func(old *asyncSettings) (*asyncSettings, error) {
		now := &asyncSettings{Retries: in.MaximumRetryAttempts, Age: in.MaximumEventAgeInSeconds}
		now.send(in.DestinationConfig)
		return now, nil
	}, in.MaximumRetryAttempts, in.MaximumEventAgeInSeconds)
}

func (s *Service) updateFunctionEventInvokeConfig(ctx context.Context, c *op.Call, in *lambdaapi.UpdateFunctionEventInvokeConfigRequest) (*lambdaapi.FunctionEventInvokeConfig, error) {
	return s.setAsync(ctx, c, in.DestinationConfig, func(old *asyncSettings) (*asyncSettings, error) {
		if old == nil {
			return nil, nil
		}
		now := *old
		if in.MaximumRetryAttempts != nil {
			now.Retries = in.MaximumRetryAttempts
		}
		if in.MaximumEventAgeInSeconds != nil {
			now.Age = in.MaximumEventAgeInSeconds
		}
		now.send(in.DestinationConfig)
		return &now, nil
	}, in.MaximumRetryAttempts, in.MaximumEventAgeInSeconds)
}

// setAsync stores what change makes of the settings; nil from it means that
// there are none to change.
func (s *Service) setAsync(ctx context.Context, c *op.Call, to *lambdaapi.DestinationConfig, change func(*asyncSettings) (*asyncSettings, error), given ...*int32) (*lambdaapi.FunctionEventInvokeConfig, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if err := s.checkDestinations(ctx, c, r, to, given); err != nil {
		return nil, err
	}
	var now *asyncSettings
	err = s.store.Update(ctx, func(tx *store.Tx) (err error) {
		if (view{s, tx}).code(r) == nil {
			return notFound("The function doesn't exist.")
		}
		key := r.part(settingsName(r.qualifier))
		if now, err = change(s.settings.GetIn(tx, key)); err != nil {
			return err
		}
		if now == nil {
			return noSettings(r)
		}
		now.Modified = c.Time
		return s.settings.Put(tx, key, now)
	})
	if err != nil {
		return nil, err
	}
	return now.show(r), nil
}

func noSettings(r ref) *api.Error {
	return notFound("The function %s doesn't have an EventInvokeConfig", r.with(settingsName(r.qualifier)).arn())
}

func (s *Service) getFunctionEventInvokeConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetFunctionEventInvokeConfigRequest) (*lambdaapi.FunctionEventInvokeConfig, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	own := s.settings.Get(r.part(settingsName(r.qualifier)))
	if own == nil {
		return nil, noSettings(r)
	}
	return own.show(r), nil
}

func (s *Service) deleteFunctionEventInvokeConfig(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteFunctionEventInvokeConfigRequest) (*api.Empty, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	key := r.part(settingsName(r.qualifier))
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.settings.GetIn(tx, key) == nil {
			return noSettings(r)
		}
		return s.settings.Delete(tx, key)
	})
	return &api.Empty{}, err
}

func (s *Service) listFunctionEventInvokeConfigs(_ context.Context, c *op.Call, in *lambdaapi.ListFunctionEventInvokeConfigsRequest) (*lambdaapi.ListFunctionEventInvokeConfigsResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if s.now().function(r) == nil {
		return nil, notFound("The function doesn't exist.")
	}
	p, err := newPage(asyncPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListFunctionEventInvokeConfigsResponse{FunctionEventInvokeConfigs: []lambdaapi.FunctionEventInvokeConfig{}}
	for key, own := range s.settings.All(r.prefix(), p.after(r.prefix())) {
		name := key[len(r.prefix()):]
		if !p.take(name) {
			break
		}
		out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, *own.show(r.with(name)))
	}
	out.NextMarker = p.next()
	return out, nil
}
