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
	if err := checkNew(c, w, in); err != nil {
		return nil, err
	}
	if s.functions.Get(r.key()) != nil {
		return nil, exists(r)
	}
	f := s.newFunction(c, w, in)
	asked := &change{call: c, ref: r, asked: w, after: &f.Latest}
	if err := s.check(ctx, asked); err != nil {
		return nil, err
	}
	u, err := s.newCode(ctx, c, f, in.Code)
	if err != nil {
		s.release(ctx, r, c.RequestID, f.Latest)
		return nil, err
	}
	f.Latest.Code = u.code
	made, err := s.storeNew(ctx, asked, f, u, in.GetPublish())
	u.done()
	if err != nil {
		s.tidyZips(ctx)
		s.release(ctx, r, c.RequestID, f.Latest)
		return nil, err
	}
	s.settleSoon(r, c.RequestID)
	return made, s.reveal(ctx, c, r, &f.Latest, made)
}

// newCode is the code of a new function, checked.
func (s *Service) newCode(ctx context.Context, c *op.Call, f *function, in *lambdaapi.FunctionCode) (*upload, error) {
	if f.Latest.Image != nil {
		return uploadImage(f.Latest.Image), nil
	}
	return s.upload(ctx, c, codeOf(in), f.Latest.Layers, "CreateFunction")
}

func codeOf(in *lambdaapi.FunctionCode) *codeSource {
	return &codeSource{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion}
}

func exists(r ref) *api.Error { return conflict("Function already exist: %s", r.name) }

// checkNew refuses a request by what it says alone.
func checkNew(c *op.Call, w *settings, in *lambdaapi.CreateFunctionRequest) error {
	if err := w.check(); err != nil {
		return err
	}
	if in.GetPackageType() == packageImage {
		if err := checkNewImage(in, c.Region); err != nil {
			return err
		}
		return checkTags(in.Tags)
	}
	// Seen in reports: without a package type, what a zip must have is asked for first.
	if in.Runtime == nil || in.GetHandler() == "" {
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if in.Code == nil {
		return invalid("Please provide a source for function code.")
	}
	if in.Code.GetSourceKMSKeyArn() != "" {
		return unavailable("SourceKMSKeyArn")
	}
	if err := codeOf(in.Code).check(); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

func (s *Service) newFunction(c *op.Call, w *settings, in *lambdaapi.CreateFunctionRequest) *function {
	f := &function{Tags: in.Tags, Signing: in.GetCodeSigningConfigArn(), Latest: config{
		Version: latest, Architecture: "x86_64", Memory: defaultMemory, Timeout: defaultTimeout, Storage: defaultStorage,
		Modified: c.Time, Revision: id.UUID(), Generation: id.UUID(), State: pending,
	}}
	if len(in.Architectures) > 0 {
		f.Latest.Architecture = in.Architectures[0]
	}
	if in.GetPackageType() == packageImage {
		f.Latest.Image = &image{URI: in.Code.GetImageUri()}
	}
	w.apply(&f.Latest)
	return f
}

func (s *Service) storeNew(ctx context.Context, asked *change, f *function, u *upload, publish bool) (*lambdaapi.FunctionConfiguration, error) {
	r := asked.ref
	if err := s.keepZip(ctx, u); err != nil {
		return nil, err
	}
	out := f.Latest.show(r)
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.functions.GetIn(tx, r.key()) != nil {
			return exists(r)
		}
		if err := asked.confirmed(tx); err != nil {
			return err
		}
		if err := (view{s, tx}).verified(r, f.Signing, r.name); err != nil {
			return err
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
