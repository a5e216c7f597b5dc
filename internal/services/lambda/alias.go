package lambda

import (
	"context"
	"maps"
	"slices"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// alias is a stored alias: a name for one version, or for two by weight.
type alias struct {
	Name, Version string
	Description   string `json:",omitempty"`
	// Weights is the share of invokes that go to another version, 0 to 1.
	Weights  map[string]float64 `json:",omitempty"`
	Revision string
}

// draw is the version for one invoke; at is a random number in [0,1).
func (a *alias) draw(at float64) string {
	for _, v := range slices.Sorted(maps.Keys(a.Weights)) {
		if at < a.Weights[v] {
			return v
		}
		at -= a.Weights[v]
	}
	return a.Version
}

func (a *alias) show(r ref) *lambdaapi.AliasConfiguration {
	out := &lambdaapi.AliasConfiguration{
		AliasArn: ptr(r.with(a.Name).arn()), Name: &a.Name, FunctionVersion: &a.Version, Description: &a.Description, RevisionId: &a.Revision,
	}
	if len(a.Weights) > 0 {
		out.RoutingConfig = &lambdaapi.AliasRoutingConfiguration{AdditionalVersionWeights: a.Weights}
	}
	return out
}

// check refuses an alias for versions it cannot name.
func (a *alias) check(v view, r ref) error {
	main := v.code(r.with(a.Version))
	if main == nil || !isVersion(a.Version) && a.Version != latest {
		return noFunction(r.with(a.Version).arn())
	}
	if len(a.Weights) > 1 {
		return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for other, weight := range a.Weights {
		switch {
		case a.Version == latest || other == latest:
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		case !isVersion(other):
			return validation("{"+other+"="+decimal(weight)+"}", "routingConfig.additionalVersionWeights", "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]+]")
		case weight < 0 || weight > 1:
			return validation("{"+other+"="+decimal(weight)+"}", "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]")
		case other == a.Version:
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", other, other)
		}
		second := v.version(r, other)
		if second == nil {
			return noFunction(r.with(other).arn())
		}
		// AWS: the versions of one alias have the same execution role (Lambda
		// guide, "Weighted aliases"). The sentence is ours.
		if second.Role != main.Role {
			return invalid("The versions of an alias must have the same execution role: %s has %s, %s has %s.", a.Version, main.Role, other, second.Role)
		}
	}
	return nil
}

func weights(in *lambdaapi.AliasRoutingConfiguration) map[string]float64 {
	if in == nil {
		return nil
	}
	return in.AdditionalVersionWeights
}

func (s *Service) createAlias(ctx context.Context, c *op.Call, in *lambdaapi.CreateAliasRequest) (*lambdaapi.AliasConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	a := &alias{Name: in.GetName(), Version: in.GetFunctionVersion(), Description: in.GetDescription(), Weights: weights(in.RoutingConfig), Revision: id.UUID()}
	if !isAlias(a.Name) {
		return nil, validation(a.Name, "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v := view{s, tx}
		if err := a.check(v, r); err != nil {
			return err
		}
		if v.alias(r, a.Name) != nil {
			return conflict("Alias already exists: %s", r.with(a.Name).arn())
		}
		return s.aliases.Put(tx, r.part(a.Name), a)
	})
	return a.show(r), err
}

func (s *Service) getAlias(_ context.Context, c *op.Call, in *lambdaapi.GetAliasRequest) (*lambdaapi.AliasConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	a := s.now().alias(r, in.GetName())
	if a == nil {
		return nil, noAlias(r.with(in.GetName()).arn())
	}
	return a.show(r), nil
}

func (s *Service) updateAlias(ctx context.Context, c *op.Call, in *lambdaapi.UpdateAliasRequest) (*lambdaapi.AliasConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	var now alias
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v := view{s, tx}
		old := v.alias(r, in.GetName())
		if old == nil {
			return noAlias(r.with(in.GetName()).arn())
		}
		if in.RevisionId != nil && *in.RevisionId != old.Revision {
			return staleRevision()
		}
		now = *old
		set(&now.Version, in.FunctionVersion)
		set(&now.Description, in.Description)
		if in.RoutingConfig != nil {
			now.Weights = weights(in.RoutingConfig)
		}
		now.Revision = id.UUID()
		if err := now.check(v, r); err != nil {
			return err
		}
		if get(v, s.provisioned, r.part(now.Name)) != nil {
			if err := now.checkProvisioned(v, r); err != nil {
				return err
			}
		}
		return s.aliases.Put(tx, r.part(now.Name), &now)
	})
	if err != nil {
		return nil, err
	}
	s.warmUp(r)
	return now.show(r), nil
}

// deleteAlias takes the alias's policy and asynchronous settings with it. An
// alias that is not there is deleted already.
func (s *Service) deleteAlias(ctx context.Context, c *op.Call, in *lambdaapi.DeleteAliasRequest) (*api.Empty, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	key := r.part(in.GetName())
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.aliases.GetIn(tx, key) == nil {
			return nil
		}
		return s.deletePart(tx, key, s.aliases.Delete)
	})
	s.warmUp(r)
	return &api.Empty{}, err
}

func (s *Service) listAliases(_ context.Context, c *op.Call, in *lambdaapi.ListAliasesRequest) (*lambdaapi.ListAliasesResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if s.now().function(r) == nil {
		return nil, noFunction(r.unqualified())
	}
	p, err := newPage(aliasPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListAliasesResponse{Aliases: []lambdaapi.AliasConfiguration{}}
	for key, a := range s.aliases.All(r.prefix(), p.after(r.prefix())) {
		if in.FunctionVersion != nil && *in.FunctionVersion != a.Version && a.Weights[*in.FunctionVersion] == 0 {
			continue
		}
		if !p.take(key[len(r.prefix()):]) {
			break
		}
		out.Aliases = append(out.Aliases, *a.show(r))
	}
	out.NextMarker = p.next()
	return out, nil
}
