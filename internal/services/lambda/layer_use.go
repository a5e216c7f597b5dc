package lambda

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// layerUse is a layer version in a version of a function. It holds on to the zip:
// neither deleting the layer version nor taking the right to it away changes a
// function that has it.
type layerUse struct {
	ARN    string
	Digest string
	// Size is the zip's.
	Size int64
}

func showLayers(layers []layerUse) []lambdaapi.Layer {
	var all []lambdaapi.Layer
	for i := range layers {
		all = append(all, lambdaapi.Layer{Arn: &layers[i].ARN, CodeSize: &layers[i].Size})
	}
	return all
}

// layersOf are the layer versions that a request gives a function; nil if it says
// nothing of layers.
func layersOf(in any) []string {
	switch in := in.(type) {
	case *lambdaapi.CreateFunctionRequest:
		return in.Layers
	case *lambdaapi.UpdateFunctionConfigurationRequest:
		return in.Layers
	}
	return nil
}

// layersAsked finds the layer versions that a request gives a function. Whoever asks
// for the function must be allowed to get each of them, and nobody else is asked;
// for one of another account its policy must let them in too. This is judged before
// anything tells whether a layer is there (facts/execution-role.md section 4).
func (s *Service) layersAsked(_ context.Context, c *op.Call) ([]op.Resource, error) {
	asked := layersOf(c.Input)
	if len(asked) > limits.LayersPerFunction {
		return nil, invalid("Cannot reference more than %d layers.", limits.LayersPerFunction)
	}
	var all []op.Resource
	for _, arn := range asked {
		l, ok := parseLayerVersion(arn)
		if !ok {
			return nil, absentLayer(arn)
		}
		all = append(all, op.Resource{ARN: l.arn(), Account: l.account})
	}
	return all, nil
}

// absentLayer is how a function misses a layer version (recorded from AWS).
func absentLayer(arn string) *api.Error { return invalid("Layer version %s does not exist.", arn) }

// checkLayers finds the layer versions that a request names.
func (s *Service) checkLayers(ctx context.Context, w *change) error {
	if w.asked.layers == nil {
		return nil
	}
	uses, err := s.resolveLayers(s.now(), w.call, w.asked.layers)
	if err != nil {
		return err
	}
	if w.before != nil && len(uses) > 0 {
		if err := s.checkBeside(ctx, w.before, uses); err != nil {
			return err
		}
	}
	w.complete(func(c *config) { c.Layers = uses })
	w.confirm = append(w.confirm, func(tx *store.Tx) error {
		_, err := s.resolveLayers(view{s, tx}, w.call, w.asked.layers)
		return err
	})
	return nil
}

// resolveLayers finds layer versions, in AWS's words and order (recorded; for what
// belongs to another account, as AWS words the want of a right to it).
func (s *Service) resolveLayers(v view, c *op.Call, asked []string) ([]layerUse, error) {
	named := map[layerRef]string{}
	var uses []layerUse
	for _, arn := range asked {
		l, ok := parseLayerVersion(arn)
		if !ok {
			return nil, absentLayer(arn)
		}
		found := v.layerVersion(c, l)
		switch {
		case found != nil:
		case l.account != c.Account:
			return nil, accessDenied("User: " + c.Caller.ARN() + " is not authorized to perform: " + getLayerVersion + " on resource: " + arn +
				" because no resource-based policy allows the " + getLayerVersion + " action")
		case l.region != c.Region:
			return nil, invalid("Layers are not in the same region as the function. Layers are expected to be in region %s.", c.Region)
		default:
			return nil, absentLayer(arn)
		}
		if other := named[l.with(0)]; other != "" {
			return nil, invalid("Two different versions of the same layer are not allowed to be referenced in the same function. %s and %s are versions of the same layer.", other, arn)
		}
		named[l.with(0)] = arn
		uses = append(uses, layerUse{ARN: arn, Digest: found.Code.Digest, Size: found.Code.Size})
	}
	return uses, nil
}

// errGone says that a zip was let go by whoever used it, since it was looked up.
var errGone = errors.New("lambda: a zip is not used any more")

// unzipped is the size of a zip that is used, once unpacked. It is called with
// keep held: what is used then stays until keep is released.
func (s *Service) unzipped(ctx context.Context, digest string) (int64, error) {
	if !s.totals.uses(digest) {
		return 0, errGone
	}
	dir, release, err := s.code.stored(ctx, digest)
	if err != nil {
		return 0, err
	}
	defer release()
	return dir.size, nil
}

// checkBeside bounds the layers that are to be added to a version.
func (s *Service) checkBeside(ctx context.Context, c *config, layers []layerUse) error {
	s.code.keep.RLock()
	defer s.code.keep.RUnlock()
	size, err := s.unzipped(ctx, c.Code.Digest)
	if err != nil {
		return err
	}
	return s.checkTogether(ctx, layers, size)
}

// checkTogether bounds code of a size with layers, unpacked (the sentence is seen in
// many reports). It is called with keep held, as an upload holds it.
func (s *Service) checkTogether(ctx context.Context, layers []layerUse, total int64) error {
	for _, l := range layers {
		size, err := s.unzipped(ctx, l.Digest)
		if errors.Is(err, errGone) {
			return absentLayer(l.ARN)
		}
		if err != nil {
			return err
		}
		total += size
	}
	if len(layers) > 0 && total > limits.Unzipped {
		return invalid("Function code combined with layers exceeds the maximum allowed size of %d bytes. The actual size is %d bytes.", limits.Unzipped, total)
	}
	return nil
}

// folders are where a version's code and its merged layers are unpacked; layers is
// empty without. They stay until release.
func (s *Service) folders(ctx context.Context, v *config) (code, layers string, release func(), err error) {
	own, releaseOwn, err := s.code.stored(ctx, v.Code.Digest)
	if err != nil {
		return "", "", nil, err
	}
	if len(v.Layers) == 0 {
		return own.path, "", releaseOwn, nil
	}
	var digests []string
	for _, l := range v.Layers {
		digests = append(digests, l.Digest)
	}
	merged, releaseLayers, err := s.code.merged(ctx, digests)
	if err != nil {
		releaseOwn()
		return "", "", nil, err
	}
	return own.path, merged.path, func() { releaseOwn(); releaseLayers() }, nil
}
