package lambda

import (
	"context"
	"strconv"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// The policy of a layer version lets other accounts get it, and put it into their
// functions. It is kept and read as those of functions are.

// noLayerVersion is how the operations on policies miss a version (recorded from
// AWS).
func noLayerVersion(l layerRef) *api.Error {
	return notFound("Layer version %s does not exist.", l.arn())
}

// layerPolicy is the policy of a version that must be there, nil when it has none.
func (v view) layerPolicy(c *op.Call, l layerRef) (*functionPolicy, error) {
	if v.layerVersion(c, l) == nil {
		return nil, noLayerVersion(l)
	}
	return get(v, v.s.layers.policies, l.versionKey()), nil
}

// checkLayerRevision compares the revision that the caller knows with the policy's
// own. Where there is no policy yet none fits (inferred).
func checkLayerRevision(p *functionPolicy, revision *string) error {
	if revision != nil && (p == nil || *revision != p.Revision) {
		return staleTo("GetLayerPolicy")
	}
	return nil
}

func (s *Service) addLayerVersionPermission(ctx context.Context, c *op.Call, in *lambdaapi.AddLayerVersionPermissionRequest) (*lambdaapi.AddLayerVersionPermissionResponse, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	who, err := s.principal(in.GetPrincipal())
	if err != nil {
		return nil, err
	}
	g := &grant{Sid: in.GetStatementId(), Principal: who, Action: in.GetAction(), OrgID: in.GetOrganizationId()}
	var now *functionPolicy
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old, err := view{s, tx}.layerPolicy(c, l)
		if err != nil {
			return err
		}
		if err := checkLayerRevision(old, in.RevisionId); err != nil {
			return err
		}
		if now, err = old.with(g, l.arn(), s.shownPrincipal); err != nil {
			return err
		}
		return s.layers.policies.Put(tx, l.versionKey(), now)
	})
	if err != nil {
		return nil, err
	}
	text, err := compact(g.print(l.arn(), s.shownPrincipal))
	return &lambdaapi.AddLayerVersionPermissionResponse{Statement: &text, RevisionId: &now.Revision}, err
}

func (s *Service) removeLayerVersionPermission(ctx context.Context, c *op.Call, in *lambdaapi.RemoveLayerVersionPermissionRequest) (*api.Empty, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old, err := view{s, tx}.layerPolicy(c, l)
		if err != nil {
			return err
		}
		now, err := old.without(in.GetStatementId())
		if err != nil {
			return err
		}
		if err := checkLayerRevision(old, in.RevisionId); err != nil {
			return err
		}
		if now == nil {
			return s.layers.policies.Delete(tx, l.versionKey())
		}
		return s.layers.policies.Put(tx, l.versionKey(), now)
	})
	return &api.Empty{}, err
}

func (s *Service) getLayerVersionPolicy(_ context.Context, c *op.Call, _ *lambdaapi.GetLayerVersionPolicyRequest) (*lambdaapi.GetLayerVersionPolicyResponse, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	p, err := s.now().layerPolicy(c, l)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, noPolicy()
	}
	text, err := p.text(l.arn(), s.shownPrincipal)
	return &lambdaapi.GetLayerVersionPolicyResponse{Policy: &text, RevisionId: &p.Revision}, err
}

// layerShown follows the policies of layer versions.
func (p *compiledPolicies) layerShown(key string, _, now *functionPolicy) {
	l := layerKey(key)
	p.put(l.arn(), now, "layer version policy", "layer "+l.name+":"+strconv.FormatInt(l.version, 10))
}
