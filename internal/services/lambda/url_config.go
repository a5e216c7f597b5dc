package lambda

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// noURLOwner is what AWS says where the function or alias of a URL is missing
// (recorded); noURL, where there is no URL to get or to delete.
func noURLOwner() error { return notFound("Function does not exist") }
func noURL() error      { return notFound("The resource you requested does not exist.") }

// urlTarget is the function or alias whose URL a request is about. Versions and
// $LATEST have none; AWS refuses them in the words of its request validation.
func urlTarget(c *op.Call) (ref, error) {
	r, err := target(c)
	if err == nil && r.qualifier != "" && !isAlias(r.qualifier) {
		err = validation(r.qualifier, "qualifier", `Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)`)
	}
	return r, err
}

// ownURL finds the function, qualified as addressed, of an operation on its URL.
func (s *Service) ownURL(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if _, err := urlTarget(c); err != nil {
		return nil, err
	}
	return s.own(ctx, c)
}

// urlConfigKeys say which function's URL a request is about and of which type it
// is: as a create or update leaves it, and else as it is stored. What AWS has for an
// update that does not name the type is not known; the type it leaves is what a
// policy that is about types means.
func (s *Service) urlConfigKeys(functionKey, typeKey string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		r, err := target(c)
		if err != nil {
			return
		}
		if functionKey != "" {
			keys.Set(functionKey, r.arn())
		}
		var given *string
		switch in := c.Input.(type) {
		case *lambdaapi.CreateFunctionUrlConfigRequest:
			given = in.AuthType
		case *lambdaapi.UpdateFunctionUrlConfigRequest:
			given = in.AuthType
		case *lambdaapi.ListFunctionUrlConfigsRequest:
			setKey(keys, typeKey, s.typeOfURLs(r))
			return
		}
		setKey(keys, typeKey, typeOfURL(given, s.urlConfigs.Get(urlKey(r))))
	}
}

// typeOfURLs is the one type for a list: that of a function's URLs, NONE if they
// differ (AWS's choice is not known; NONE is what policies guard against).
func (s *Service) typeOfURLs(r ref) (authType string) {
	for _, u := range s.urlConfigs.All(r.prefix(), "") {
		if authType = u.AuthType; u.isPublic() {
			break
		}
	}
	return authType
}

func (s *Service) createFunctionURLConfig(ctx context.Context, c *op.Call, in *lambdaapi.CreateFunctionUrlConfigRequest) (*lambdaapi.CreateFunctionUrlConfigResponse, error) {
	r, err := urlTarget(c)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now().UTC()
	u := &functionURL{ID: newURLID(), AuthType: in.GetAuthType(), Mode: in.GetInvokeMode(), Cors: givenCORS(in.Cors), Created: now, Modified: now}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v, key := view{s, tx}, urlKey(r)
		if v.code(r) == nil {
			return noURLOwner()
		}
		if s.urlConfigs.GetIn(tx, key) != nil {
			return conflict("Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", r.arn())
		}
		return s.urlConfigs.Put(tx, key, u)
	})
	if err != nil {
		return nil, err
	}
	all := u.show(c, r)
	return &lambdaapi.CreateFunctionUrlConfigResponse{
		AuthType: all.AuthType, Cors: all.Cors, CreationTime: all.CreationTime, FunctionArn: all.FunctionArn, FunctionUrl: all.FunctionUrl, InvokeMode: all.InvokeMode,
	}, nil
}

func (s *Service) updateFunctionURLConfig(ctx context.Context, c *op.Call, in *lambdaapi.UpdateFunctionUrlConfigRequest) (*lambdaapi.UpdateFunctionUrlConfigResponse, error) {
	r, err := urlTarget(c)
	if err != nil {
		return nil, err
	}
	var u functionURL
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v, key := view{s, tx}, urlKey(r)
		if v.code(r) == nil {
			return noURLOwner()
		}
		old := s.urlConfigs.GetIn(tx, key)
		if old == nil {
			return noURL()
		}
		u = *old
		u.AuthType = typeOfURL(in.AuthType, old)
		set(&u.Mode, in.InvokeMode)
		if in.Cors != nil {
			u.Cors = givenCORS(in.Cors)
		}
		u.Modified = s.clock.Now().UTC()
		return s.urlConfigs.Put(tx, key, &u)
	})
	if err != nil {
		return nil, err
	}
	all := u.show(c, r)
	return &lambdaapi.UpdateFunctionUrlConfigResponse{
		AuthType: all.AuthType, Cors: all.Cors, CreationTime: all.CreationTime, FunctionArn: all.FunctionArn, FunctionUrl: all.FunctionUrl, InvokeMode: all.InvokeMode,
		LastModifiedTime: all.LastModifiedTime,
	}, nil
}

func (s *Service) getFunctionURLConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetFunctionUrlConfigRequest) (*lambdaapi.GetFunctionUrlConfigResponse, error) {
	r, err := urlTarget(c)
	if err != nil {
		return nil, err
	}
	u := s.urlConfigs.Get(urlKey(r))
	if u == nil {
		return nil, noURL()
	}
	all := u.show(c, r)
	return &lambdaapi.GetFunctionUrlConfigResponse{
		AuthType: all.AuthType, Cors: all.Cors, CreationTime: all.CreationTime, FunctionArn: all.FunctionArn, FunctionUrl: all.FunctionUrl, InvokeMode: all.InvokeMode,
		LastModifiedTime: all.LastModifiedTime,
	}, nil
}

// deleteFunctionURLConfig leaves the statements that were about the URL, as AWS does.
func (s *Service) deleteFunctionURLConfig(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteFunctionUrlConfigRequest) (*api.Empty, error) {
	r, err := urlTarget(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		key := urlKey(r)
		if s.urlConfigs.GetIn(tx, key) == nil {
			return noURL()
		}
		return s.urlConfigs.Delete(tx, key)
	})
	return &api.Empty{}, err
}

// listFunctionURLConfigs lists the URL of a function and those of its aliases.
func (s *Service) listFunctionURLConfigs(_ context.Context, c *op.Call, in *lambdaapi.ListFunctionUrlConfigsRequest) (*lambdaapi.ListFunctionUrlConfigsResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if s.now().function(r) == nil {
		return nil, noURLOwner()
	}
	p, err := newPage(urlPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListFunctionUrlConfigsResponse{FunctionUrlConfigs: []lambdaapi.FunctionUrlConfig{}}
	for key, u := range s.urlConfigs.All(r.prefix(), p.after(r.prefix())) {
		if !p.take(key[len(r.prefix()):]) {
			break
		}
		out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, *u.show(c, urlOwner(key)))
	}
	out.NextMarker = p.next()
	return out, nil
}

// show is the URL as AWS lists it.
func (u *functionURL) show(c *op.Call, r ref) *lambdaapi.FunctionUrlConfig {
	return &lambdaapi.FunctionUrlConfig{
		AuthType: &u.AuthType, Cors: u.Cors, CreationTime: ptr(u.Created.Format(time.RFC3339Nano)), LastModifiedTime: ptr(u.Modified.Format(time.RFC3339Nano)),
		FunctionArn: ptr(r.arn()), FunctionUrl: ptr(urlAddress(c.Origin, u.ID, r.region)), InvokeMode: optional(u.Mode),
	}
}
