package lambda

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// verified refuses code that a function's code signing configuration does not let
// in: no code is signed here, so that Enforce lets in none, and Warn all of it. AWS
// names the function as a request to create it does, and by its ARN afterwards
// (both seen in reports).
func (v view) verified(r ref, signing, function string) error {
	if signing == "" {
		return nil
	}
	g := v.signing(r, signing)
	switch {
	case g == nil:
		return noSigningFor(signing)
	case g.Policy == enforce:
		return lambdaapi.NewCodeVerificationFailedException("Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for %s.", function)
	}
	return nil
}

// checkSigning refuses the layers of a function that takes signed code only, and a
// new function that would be one: what it is made of is not signed.
func (s *Service) checkSigning(_ context.Context, w *change) error {
	if w.before == nil {
		in, ok := w.call.Input.(*lambdaapi.CreateFunctionRequest)
		if !ok {
			return nil
		}
		return s.now().verified(w.ref, in.GetCodeSigningConfigArn(), w.ref.name)
	}
	if len(w.asked.layers) == 0 {
		return nil
	}
	verify := func(v view) error {
		f := v.function(w.ref)
		if f == nil {
			return nil
		}
		return v.verified(w.ref, f.Signing, w.ref.unqualified())
	}
	w.confirm = append(w.confirm, func(tx *store.Tx) error { return verify(view{s, tx}) })
	return verify(s.now())
}

// unsignable refuses code signing where there is an image.
func (f *function) unsignable() error {
	if f.Latest.Image != nil {
		return unsignableImage()
	}
	return nil
}

// unsignableImage is seen in reports.
func unsignableImage() *api.Error {
	return invalid("Code signing is not supported for functions created with container images.")
}

// setSigning gives a function a code signing configuration, or none.
func (s *Service) setSigning(ctx context.Context, r ref, arn string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		v := view{s, tx}
		if arn != "" && v.signing(r, arn) == nil {
			return noSigningFor(arn)
		}
		old := v.function(r)
		if old == nil {
			return noFunction(r.unqualified())
		}
		if err := old.unsignable(); err != nil {
			return err
		}
		f := *old
		f.Signing = arn
		return s.functions.Put(tx, r.key(), &f)
	})
}

func (s *Service) putFunctionCodeSigningConfig(ctx context.Context, c *op.Call, in *lambdaapi.PutFunctionCodeSigningConfigRequest) (*lambdaapi.PutFunctionCodeSigningConfigResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if err := s.setSigning(ctx, r, in.GetCodeSigningConfigArn()); err != nil {
		return nil, err
	}
	return &lambdaapi.PutFunctionCodeSigningConfigResponse{CodeSigningConfigArn: in.CodeSigningConfigArn, FunctionName: &r.name}, nil
}

// getFunctionCodeSigningConfig answers nothing at all of a function that has none
// (recorded from AWS).
func (s *Service) getFunctionCodeSigningConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetFunctionCodeSigningConfigRequest) (*lambdaapi.GetFunctionCodeSigningConfigResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, noFunction(r.unqualified())
	}
	if err := f.unsignable(); err != nil {
		return nil, err
	}
	if f.Signing == "" {
		return &lambdaapi.GetFunctionCodeSigningConfigResponse{}, nil
	}
	return &lambdaapi.GetFunctionCodeSigningConfigResponse{CodeSigningConfigArn: &f.Signing, FunctionName: &r.name}, nil
}

func (s *Service) deleteFunctionCodeSigningConfig(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteFunctionCodeSigningConfigRequest) (*api.Empty, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	return &api.Empty{}, s.setSigning(ctx, r, "")
}

func (s *Service) listFunctionsByCodeSigningConfig(_ context.Context, c *op.Call, in *lambdaapi.ListFunctionsByCodeSigningConfigRequest) (*lambdaapi.ListFunctionsByCodeSigningConfigResponse, error) {
	p, err := ownSigning(c)
	if err != nil {
		return nil, err
	}
	if s.signing.Get(p.key()) == nil {
		return nil, noSigning(p.arn())
	}
	page, err := newPage(signedPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListFunctionsByCodeSigningConfigResponse{FunctionArns: []string{}}
	place := ref{account: p.account, region: p.region}.place()
	for key, f := range s.functions.All(place, page.after(place)) {
		if f.Signing != p.arn() {
			continue
		}
		r := keyRef(key)
		if !page.take(r.name) {
			break
		}
		out.FunctionArns = append(out.FunctionArns, r.unqualified())
	}
	out.NextMarker = page.next()
	return out, nil
}

// putSigning finds both that a configuration is given to and the configuration:
// AWS asks for each of the two.
func (s *Service) putSigning(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	function, err := s.ownWhole(ctx, c)
	if err != nil {
		return nil, err
	}
	signing, err := s.aSigning(ctx, c)
	if err != nil {
		return nil, err
	}
	return append(signing, function...), nil
}
