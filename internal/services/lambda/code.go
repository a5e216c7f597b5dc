package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// zipFile notes a blob that belongs to Lambda. It is written before the blob,
// so that a blob no function or layer came to use is found again after a crash.
type zipFile struct{ Size int64 }

// upload is a zip that was checked and is kept for the length of a request.
type upload struct {
	code code
	raw  []byte
	// unzipped is its size unpacked.
	unzipped int64
	// beside are the layers it was checked with.
	beside []layerUse
	// done ends the keeping: afterwards only what a function uses stays.
	done func()
}

// checkZip refuses what cannot be a function's code, or a layer. The zip is unpacked where
// functions will run it. One from a bucket is not bound as one in a request is.
func (s *Service) checkZip(zip []byte, fromBucket bool, operation string) (*upload, error) {
	if len(zip) == 0 {
		return nil, invalid("Uploaded file must be a non-empty zip")
	}
	if len(zip) > limits.FunctionZip && !fromBucket {
		e := api.Newf(413, "RequestEntityTooLargeException", "Request must be smaller than %d bytes for the %s operation", base64.StdEncoding.EncodedLen(limits.FunctionZip), operation)
		e.MessageMember, e.Typed = "message", true
		return nil, e
	}
	sum := sha256.Sum256(zip)
	u := &upload{raw: zip, code: code{Digest: hex.EncodeToString(sum[:]), SHA256: base64.StdEncoding.EncodeToString(sum[:]), Size: int64(len(zip))}}
	dir, release, err := s.code.acquire(u.code.Digest, unzip(func() ([]byte, error) { return zip, nil }))
	if err != nil {
		return nil, badZip(err)
	}
	u.unzipped = dir.size
	s.code.keep.RLock()
	u.done = func() {
		s.code.keep.RUnlock()
		release()
	}
	return u, nil
}

// badZip words what is wrong with a zip, as AWS does where it has words.
func badZip(err error) error {
	var bad *executor.UnpackError
	switch {
	case errors.As(err, &bad) && bad.TooLarge:
		return tooLargeUnzipped()
	case bad != nil:
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	return err
}

// tooLargeUnzipped is seen in many reports.
func tooLargeUnzipped() error {
	return invalid("Unzipped size must be smaller than %d bytes", limits.Unzipped)
}

// keepZip stores a checked zip; the function or layer that uses it must be stored
// before the upload is done.
func (s *Service) keepZip(ctx context.Context, u *upload) error {
	if u.code.Digest == "" {
		return nil // an image: there is nothing to keep
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		return s.zips.Put(tx, u.code.Digest, &zipFile{u.code.Size})
	})
	if err != nil {
		return err
	}
	digest, _, err := s.store.Blobs().Put(ctx, bytes.NewReader(u.raw))
	if err == nil && digest != u.code.Digest {
		return fmt.Errorf("lambda: the zip %s was stored as %s", u.code.Digest, digest)
	}
	return err
}

// sweepZips removes every zip that no version of a function or layer uses.
func (s *Service) sweepZips(ctx context.Context) error {
	s.code.keep.Lock()
	defer s.code.keep.Unlock()
	for digest := range s.zips.All("", "") {
		if s.totals.uses(digest) {
			continue
		}
		if err := s.store.Blobs().Delete(ctx, digest); err != nil {
			return err
		}
		s.code.forget(digest)
		err := s.store.Update(ctx, func(tx *store.Tx) error { return s.zips.Delete(tx, digest) })
		if err != nil {
			return err
		}
	}
	return nil
}

// tidyZips is sweepZips after a change that was acknowledged: what fails is
// done by a later sweep.
func (s *Service) tidyZips(ctx context.Context) {
	if err := s.sweepZips(context.WithoutCancel(ctx)); err != nil {
		s.log.WarnContext(ctx, "unused function code was not removed", "error", err)
	}
}
