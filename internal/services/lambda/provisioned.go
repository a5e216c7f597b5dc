package lambda

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// provisioned is the stored provisioned concurrency of one version or alias. How
// much of it is there now is nowhere but in the executor.
type provisioned struct {
	Requested int32
	Modified  time.Time
	// Request is the request that asked for it: the cause of each
	// sts:AssumeRole for its environments.
	Request string
}

// lastProvisioned is AWS's form of Modified (API reference).
func lastProvisioned(t time.Time) *string { return ptr(t.UTC().Format("2006-01-02T15:04:05-0700")) }

func unpublished() *api.Error {
	return invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
}

// provisionedTarget is the version or alias of a request to read or end
// provisioned concurrency (texts recorded from AWS).
func (s *Service) provisionedTarget(c *op.Call) (ref, error) {
	r, err := target(c)
	if err != nil {
		return r, err
	}
	if r.qualifier == "" || r.qualifier == latest {
		return r, invalid("The function resource provided must be an alias or a published version.")
	}
	return r, s.now().qualified(r)
}

// qualified refuses a version or an alias that is not there.
func (v view) qualified(r ref) error {
	switch {
	case isAlias(r.qualifier) && v.alias(r, r.qualifier) == nil:
		return noAlias(r.arn())
	case !isAlias(r.qualifier) && v.version(r, r.qualifier) == nil:
		return noFunction(r.arn())
	}
	return nil
}

// provisionable refuses provisioned concurrency where there can be none, or no
// more of it.
func (v view) provisionable(r ref, n int32) error {
	if err := v.qualified(r); err != nil {
		return err
	}
	if isAlias(r.qualifier) {
		a := v.alias(r, r.qualifier)
		// Seen in reports of 2020 and 2026: what is there may be weighted, what is
		// asked for may not.
		if len(a.Weights) > 0 {
			return invalid("Alias with weights can not be used with Provisioned Concurrency")
		}
		if err := a.checkProvisioned(v, r); err != nil {
			return err
		}
	} else if v.provisionedAlias(r) {
		return conflict("Version is pointed by a Provisioned Concurrency alias")
	}
	return v.s.affordable(v, r, n)
}

// checkProvisioned refuses a version for an alias with provisioned concurrency
// (for one that gets it: recorded from AWS; for one that has it and is moved: the
// same texts, UNCONFIRMED).
func (a *alias) checkProvisioned(v view, r ref) error {
	if a.Version == latest {
		return unpublished()
	}
	if get(v, v.s.provisioned, r.part(a.Version)) != nil {
		return conflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
	}
	return nil
}

// provisionedAlias says whether an alias with provisioned concurrency leads to a version.
func (v view) provisionedAlias(r ref) bool {
	for _, a := range v.s.aliases.All(r.prefix(), "") {
		if _, weighed := a.Weights[r.qualifier]; (weighed || a.Version == r.qualifier) && get(v, v.s.provisioned, r.part(a.Name)) != nil {
			return true
		}
	}
	return false
}

// affordable refuses more than the function's reserved concurrency, or the
// region's, leaves (texts recorded from AWS).
func (s *Service) affordable(v view, r ref, n int32) error {
	claimed, own := s.claims.at(r), s.claims.provisioned(r)
	old := 0
	if p := get(v, s.provisioned, r.part(r.qualifier)); p != nil {
		old = int(p.Requested)
	}
	if f := v.function(r); f.Reserved != nil {
		if own-old+int(n) > int(*f.Reserved) {
			return invalid("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
		}
		return nil
	}
	rest := limits.ConcurrencyPerRegion - claimed + old
	switch {
	case int(n) > rest:
		return invalid("Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [%d].", rest)
	case rest-int(n) < limits.UnreservedFloor:
		return invalid("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", limits.UnreservedFloor)
	}
	return nil
}

func (s *Service) putProvisionedConcurrencyConfig(ctx context.Context, c *op.Call, in *lambdaapi.PutProvisionedConcurrencyConfigRequest) (*lambdaapi.PutProvisionedConcurrencyConfigResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if r.qualifier == "" || r.qualifier == latest {
		return nil, unpublished()
	}
	p := &provisioned{Requested: in.GetProvisionedConcurrentExecutions(), Modified: c.Time, Request: c.RequestID}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if err := (view{s, tx}).provisionable(r, p.Requested); err != nil {
			return err
		}
		return s.provisioned.Put(tx, r.part(r.qualifier), p)
	})
	if err != nil {
		return nil, err
	}
	// As it was a moment ago: what was asked for now is only about to begin.
	was := s.warm.state(r, p)
	s.warmUp(r)
	s.room(r.key(), limits.AsyncQueue)
	return &lambdaapi.PutProvisionedConcurrencyConfigResponse{
		RequestedProvisionedConcurrentExecutions: &p.Requested, AllocatedProvisionedConcurrentExecutions: &was.allocated,
		AvailableProvisionedConcurrentExecutions: &was.available, Status: ptr(provisioning), LastModified: lastProvisioned(p.Modified),
	}, nil
}

func (s *Service) getProvisionedConcurrencyConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetProvisionedConcurrencyConfigRequest) (*lambdaapi.GetProvisionedConcurrencyConfigResponse, error) {
	r, err := s.provisionedTarget(c)
	if err != nil {
		return nil, err
	}
	p := s.provisioned.Get(r.part(r.qualifier))
	if p == nil {
		return nil, lambdaapi.NewProvisionedConcurrencyConfigNotFoundException("No Provisioned Concurrency Config found for this function")
	}
	is := s.warm.state(r, p)
	return &lambdaapi.GetProvisionedConcurrencyConfigResponse{
		RequestedProvisionedConcurrentExecutions: &p.Requested, AllocatedProvisionedConcurrentExecutions: &is.allocated,
		AvailableProvisionedConcurrentExecutions: &is.available, Status: &is.status, StatusReason: optional(is.reason), LastModified: lastProvisioned(p.Modified),
	}, nil
}

// deleteProvisionedConcurrencyConfig ends it; where there is none it has ended
// already (recorded from AWS).
func (s *Service) deleteProvisionedConcurrencyConfig(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteProvisionedConcurrencyConfigRequest) (*api.Empty, error) {
	r, err := s.provisionedTarget(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error { return s.provisioned.Delete(tx, r.part(r.qualifier)) })
	s.warmUp(r)
	s.room(r.key(), limits.AsyncQueue)
	return &api.Empty{}, err
}

func (s *Service) listProvisionedConcurrencyConfigs(_ context.Context, c *op.Call, in *lambdaapi.ListProvisionedConcurrencyConfigsRequest) (*lambdaapi.ListProvisionedConcurrencyConfigsResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if s.now().function(r) == nil {
		return nil, noFunction(r.unqualified())
	}
	page, err := newPage(provisionedPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListProvisionedConcurrencyConfigsResponse{ProvisionedConcurrencyConfigs: []lambdaapi.ProvisionedConcurrencyConfigListItem{}}
	for key, p := range s.provisioned.All(r.prefix(), page.after(r.prefix())) {
		own := r.with(key[len(r.prefix()):])
		if !page.take(own.qualifier) {
			break
		}
		is := s.warm.state(own, p)
		out.ProvisionedConcurrencyConfigs = append(out.ProvisionedConcurrencyConfigs, lambdaapi.ProvisionedConcurrencyConfigListItem{
			FunctionArn: ptr(own.arn()), RequestedProvisionedConcurrentExecutions: &p.Requested, AllocatedProvisionedConcurrentExecutions: &is.allocated,
			AvailableProvisionedConcurrentExecutions: &is.available, Status: &is.status, StatusReason: optional(is.reason), LastModified: lastProvisioned(p.Modified),
		})
	}
	out.NextMarker = page.next()
	return out, nil
}
