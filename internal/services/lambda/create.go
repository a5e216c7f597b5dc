package lambda

import (
	"context"
	"strconv"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// maxName bounds a function's name; the request's own bound allows for an ARN.
const maxName = 64

// createFunction stores a function once the last check has passed. What the
// caller may do was checked before, so that no check here tells of roles to
// somebody who may not pass them.
func (s *Service) createFunction(ctx context.Context, c *op.Call, in *lambdaapi.CreateFunctionRequest) (*lambdaapi.FunctionConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if len(r.name) > maxName {
		return nil, invalid("1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to %d", r.name, maxName)
	}
	w := settingsOfCreate(in)
	if err := checkNew(w, in); err != nil {
		return nil, err
	}
	if s.functions.Get(r.key()) != nil {
		return nil, exists(r)
	}
	f := s.newFunction(c, w, in)
	if err := s.check(ctx, &change{call: c, ref: r, asked: w, after: &f.Latest}); err != nil {
		return nil, err
	}
	zip, err := s.read(ctx, c, codeOf(in.Code))
	if err != nil {
		return nil, err
	}
	u, err := s.checkZip(zip, in.Code.S3Bucket != nil, "CreateFunction")
	if err != nil {
		return nil, err
	}
	f.Latest.Code = u.code
	made, err := s.storeNew(ctx, r, f, u, in.GetPublish())
	u.done()
	if err != nil {
		s.tidyZips(ctx)
		return nil, err
	}
	s.settleSoon(r, c.RequestID)
	return made, nil
}

func codeOf(in *lambdaapi.FunctionCode) *codeSource {
	return &codeSource{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion}
}

func exists(r ref) *api.Error { return conflict("Function already exist: %s", r.name) }

// checkNew refuses a request by what it says alone.
func checkNew(w *settings, in *lambdaapi.CreateFunctionRequest) error {
	if err := w.check(); err != nil {
		return err
	}
	if in.CodeSigningConfigArn != nil && *in.CodeSigningConfigArn != "" {
		return lambdaapi.NewCodeSigningConfigNotFoundException("The code signing configuration cannot be found. Check that the provided configuration is not deleted: %s.", *in.CodeSigningConfigArn)
	}
	if in.Code == nil {
		return invalid("Please provide a source for function code.")
	}
	if err := codeOf(in.Code).check(); err != nil {
		return err
	}
	if in.Runtime == nil || in.GetHandler() == "" {
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	return checkTags(in.Tags)
}

func (s *Service) newFunction(c *op.Call, w *settings, in *lambdaapi.CreateFunctionRequest) *function {
	f := &function{Tags: in.Tags, Latest: config{
		Version: latest, Architecture: "x86_64", Memory: defaultMemory, Timeout: defaultTimeout, Storage: defaultStorage,
		Modified: c.Time, Revision: id.UUID(), Generation: id.UUID(), State: pending,
	}}
	if len(in.Architectures) > 0 {
		f.Latest.Architecture = in.Architectures[0]
	}
	w.apply(&f.Latest)
	return f
}

func (s *Service) storeNew(ctx context.Context, r ref, f *function, u *upload, publish bool) (*lambdaapi.FunctionConfiguration, error) {
	if err := s.keepZip(ctx, u); err != nil {
		return nil, err
	}
	out := f.Latest.show(r)
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.functions.GetIn(tx, r.key()) != nil {
			return exists(r)
		}
		if publish {
			v, err := s.publish(tx, r, f, nil)
			if err != nil {
				return err
			}
			out = v.show(r.with(v.Version))
		}
		return s.functions.Put(tx, r.key(), f)
	})
	return out, err
}

// publish makes a version of what is unpublished, unless it would be the last
// version again; f is changed, and stored by whoever called.
func (s *Service) publish(tx *store.Tx, r ref, f *function, description *string) (*config, error) {
	print, err := f.Latest.fingerprint()
	if err != nil {
		return nil, err
	}
	if last := (view{s, tx}).version(r, strconv.Itoa(f.Versions)); last != nil && f.Published == print {
		return last, nil
	}
	f.Versions++
	f.Published = print
	v := f.Latest
	v.Version, v.Revision = strconv.Itoa(f.Versions), id.UUID()
	set(&v.Description, description)
	return &v, s.versions.Put(tx, versionKey(r, v.Version), &v)
}
