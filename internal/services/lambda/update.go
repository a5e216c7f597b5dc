package lambda

import (
	"context"
	"errors"
	"slices"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// edit puts a changed copy of a function, if it is still the revision the
// caller knows (nil for any).
func (s *Service) edit(ctx context.Context, r ref, revision *string, change func(tx *store.Tx, f *function) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		f, err := s.editable(view{s, tx}, r, revision)
		if err != nil {
			return err
		}
		if err := change(tx, f); err != nil {
			return err
		}
		return s.functions.Put(tx, r.key(), f)
	})
}

// editable is a copy of a function that may be changed now.
func (s *Service) editable(v view, r ref, revision *string) (*function, error) {
	old := v.function(r)
	if old == nil {
		return nil, noFunction(r.unqualified())
	}
	if revision != nil && *revision != old.Latest.Revision {
		return nil, staleRevision()
	}
	if err := old.Latest.busy(r); err != nil {
		return nil, err
	}
	f := *old
	return &f, nil
}

// replaced ends the environments of the version a change replaced, and settles
// the change.
func (s *Service) replaced(r ref, old *config, parent string) {
	s.retire(environmentKey(r, old))
	s.settleSoon(r, parent)
}

func (s *Service) updateFunctionCode(ctx context.Context, c *op.Call, in *lambdaapi.UpdateFunctionCodeRequest) (*lambdaapi.FunctionConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if in.PublishTo != nil {
		return nil, unavailable("PublishTo")
	}
	if in.GetSourceKMSKeyArn() != "" {
		return nil, unavailable("SourceKMSKeyArn")
	}
	u, err := s.updatedCode(ctx, c, r, in)
	if err != nil {
		return nil, err
	}
	change := func(f *function) {
		f.Latest.Code = u.code
		if in.ImageUri != nil {
			f.Latest.Image = f.Latest.Image.at(*in.ImageUri)
		}
		if len(in.Architectures) > 0 {
			f.Latest.Architecture = in.Architectures[0]
		}
		f.Latest.changed(c.Time)
	}
	if in.GetDryRun() {
		u.done()
		f, err := s.editable(s.now(), r, in.RevisionId)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(checkCodeOf(f, in, r.region), s.now().verified(r, f.Signing, r.unqualified())); err != nil {
			return nil, err
		}
		change(f)
		out := f.Latest.show(r)
		return out, s.reveal(ctx, c, r, &f.Latest, out)
	}
	var now config
	out, err := s.storeCode(ctx, r, c.RequestID, in, u, func(f *function) { change(f); now = f.Latest })
	u.done()
	s.tidyZips(ctx)
	if err != nil {
		return nil, err
	}
	return out, s.reveal(ctx, c, r, &now, out)
}

// updatedCode is the code that a request gives a function, checked.
func (s *Service) updatedCode(ctx context.Context, c *op.Call, r ref, in *lambdaapi.UpdateFunctionCodeRequest) (*upload, error) {
	from := &codeSource{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion}
	if in.ImageUri == nil {
		if err := from.check(); err != nil {
			return nil, err
		}
	}
	f, err := s.editable(s.now(), r, in.RevisionId)
	if err != nil {
		return nil, err
	}
	if err := checkCodeOf(f, in, c.Region); err != nil {
		return nil, err
	}
	if in.ImageUri != nil {
		return uploadImage(f.Latest.Image.at(*in.ImageUri)), nil
	}
	return s.upload(ctx, c, from, f.Latest.Layers, "UpdateFunctionCode")
}

func (s *Service) storeCode(ctx context.Context, r ref, parent string, in *lambdaapi.UpdateFunctionCodeRequest, u *upload, change func(*function)) (*lambdaapi.FunctionConfiguration, error) {
	if err := s.keepZip(ctx, u); err != nil {
		return nil, err
	}
	var out *lambdaapi.FunctionConfiguration
	var old config
	err := s.edit(ctx, r, in.RevisionId, func(tx *store.Tx, f *function) error {
		// It may be another function of the name by now; a code signing
		// configuration takes effect with the next code that is deployed.
		if err := errors.Join(checkCodeOf(f, in, r.region), (view{s, tx}).verified(r, f.Signing, r.unqualified())); err != nil {
			return err
		}
		if !slices.Equal(f.Latest.Layers, u.beside) {
			return updating(r)
		}
		old = f.Latest
		change(f)
		out = f.Latest.show(r)
		if !in.GetPublish() {
			return nil
		}
		v, err := s.publish(tx, r, f, nil)
		if err != nil {
			return err
		}
		out = v.show(r.with(v.Version))
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.replaced(r, &old, parent)
	return out, nil
}

func (s *Service) updateFunctionConfiguration(ctx context.Context, c *op.Call, in *lambdaapi.UpdateFunctionConfigurationRequest) (*lambdaapi.FunctionConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	w := settingsOfUpdate(in)
	if err := w.check(); err != nil {
		return nil, err
	}
	f, err := s.editable(s.now(), r, in.RevisionId)
	if err != nil {
		return nil, err
	}
	was := f.Latest
	w.apply(&f.Latest)
	asked := &change{call: c, ref: r, asked: w, before: &was, after: &f.Latest}
	if err := s.check(ctx, asked); err != nil {
		return nil, err
	}
	var out *lambdaapi.FunctionConfiguration
	var old, now config
	err = s.edit(ctx, r, in.RevisionId, func(tx *store.Tx, f *function) error {
		old = f.Latest
		if old.Generation != was.Generation {
			return updating(r) // by somebody else, since the checks
		}
		if err := asked.confirmed(tx); err != nil {
			return err
		}
		w.apply(&f.Latest)
		for _, set := range asked.finish {
			set(&f.Latest)
		}
		f.Latest.changed(c.Time)
		out, now = f.Latest.show(r), f.Latest
		return nil
	})
	if err != nil {
		s.release(ctx, r, c.RequestID, *asked.after)
		return nil, err
	}
	s.replaced(r, &old, c.RequestID)
	s.release(ctx, r, c.RequestID, old)
	if len(old.Layers) > 0 {
		s.tidyZips(ctx) // of layers that are deleted
	}
	return out, s.reveal(ctx, c, r, &now, out)
}

func (s *Service) publishVersion(ctx context.Context, c *op.Call, in *lambdaapi.PublishVersionRequest) (*lambdaapi.FunctionConfiguration, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if in.PublishTo != nil {
		return nil, unavailable("PublishTo")
	}
	var v *config
	err = s.edit(ctx, r, in.RevisionId, func(tx *store.Tx, f *function) (err error) {
		if want := in.GetCodeSha256(); want != "" && want != f.Latest.Code.SHA256 {
			return invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", want, f.Latest.Code.SHA256)
		}
		before := f.Versions
		v, err = s.publish(tx, r, f, in.Description)
		if f.Versions != before {
			f.Latest.Revision = id.UUID()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := v.show(r.with(v.Version))
	return out, s.reveal(ctx, c, r, v, out)
}
