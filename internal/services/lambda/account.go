package lambda

import (
	"context"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

func (s *Service) getAccountSettings(_ context.Context, c *op.Call, _ *lambdaapi.GetAccountSettingsRequest) (*lambdaapi.GetAccountSettingsResponse, error) {
	here := ref{account: c.Account, region: c.Region}
	sum := s.totals.of(here)
	claimed := s.claims.at(here)
	return &lambdaapi.GetAccountSettingsResponse{
		AccountLimit: &lambdaapi.AccountLimit{
			TotalCodeSize: ptr(int64(limits.CodeStorage)), CodeSizeUnzipped: ptr(int64(limits.Unzipped)), CodeSizeZipped: ptr(int64(limits.FunctionZip)),
			ConcurrentExecutions: ptr(int32(limits.ConcurrencyPerRegion)), UnreservedConcurrentExecutions: ptr(int32(limits.ConcurrencyPerRegion - claimed)),
		},
		AccountUsage: &lambdaapi.AccountUsage{TotalCodeSize: &sum.codeSize, FunctionCount: ptr(int64(sum.functions))},
	}, nil
}

// Defaults of settings. That of runtime updates is kept and changes nothing here.
const (
	defaultLoop          = "Terminate"
	defaultRuntimeUpdate = "Auto"
)

func (s *Service) getFunctionRecursionConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetFunctionRecursionConfigRequest) (*lambdaapi.GetFunctionRecursionConfigResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, noFunction(r.arn())
	}
	loop := f.Loop
	if loop == "" {
		loop = defaultLoop
	}
	return &lambdaapi.GetFunctionRecursionConfigResponse{RecursiveLoop: &loop}, nil
}

func (s *Service) putFunctionRecursionConfig(ctx context.Context, c *op.Call, in *lambdaapi.PutFunctionRecursionConfigRequest) (*lambdaapi.PutFunctionRecursionConfigResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.functions.GetIn(tx, r.key())
		if old == nil {
			return noFunction(r.arn())
		}
		f := *old
		f.Loop = in.GetRecursiveLoop()
		return s.functions.Put(tx, r.key(), &f)
	})
	return &lambdaapi.PutFunctionRecursionConfigResponse{RecursiveLoop: in.RecursiveLoop}, err
}

func (s *Service) getRuntimeManagementConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetRuntimeManagementConfigRequest) (*lambdaapi.GetRuntimeManagementConfigResponse, error) {
	r, v, err := s.found(c)
	if err != nil {
		return nil, err
	}
	update := v.RuntimeUpdate
	if update == "" {
		update = defaultRuntimeUpdate
	}
	return &lambdaapi.GetRuntimeManagementConfigResponse{
		UpdateRuntimeOn: &update, RuntimeVersionArn: optional(v.RuntimeVersion), FunctionArn: ptr(r.with(settingsName(r.qualifier)).arn()),
	}, nil
}

func (s *Service) putRuntimeManagementConfig(ctx context.Context, c *op.Call, in *lambdaapi.PutRuntimeManagementConfigRequest) (*lambdaapi.PutRuntimeManagementConfigResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	manual := in.GetUpdateRuntimeOn() == "Manual"
	if manual != (in.GetRuntimeVersionArn() != "") {
		return nil, invalid("RuntimeVersionArn must be given with UpdateRuntimeOn Manual, and only then.")
	}
	if isAlias(r.qualifier) {
		return nil, invalid("Runtime management is a setting of a function or a version, not of an alias.")
	}
	set := func(v config) config {
		v.RuntimeUpdate, v.RuntimeVersion = in.GetUpdateRuntimeOn(), in.GetRuntimeVersionArn()
		return v
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v := view{s, tx}
		old := v.code(r)
		if old == nil {
			return noFunction(r.arn())
		}
		if isVersion(r.qualifier) {
			now := set(*old)
			return s.versions.Put(tx, versionKey(r, r.qualifier), &now)
		}
		f := *v.function(r)
		f.Latest = set(f.Latest)
		return s.functions.Put(tx, r.key(), &f)
	})
	return &lambdaapi.PutRuntimeManagementConfigResponse{
		UpdateRuntimeOn: in.UpdateRuntimeOn, RuntimeVersionArn: in.RuntimeVersionArn, FunctionArn: ptr(r.with(settingsName(r.qualifier)).arn()),
	}, err
}
