package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// zipFile notes a blob that belongs to Lambda. It is written before the blob,
// so that a blob no function came to use is found again after a crash.
type zipFile struct{ Size int64 }

// upload is a zip that was checked and is kept for the length of a request.
type upload struct {
	code code
	raw  []byte
	// done ends the keeping: afterwards only what a function uses stays.
	done func()
}

// checkZip refuses what cannot be a function's code. The zip is unpacked where
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
	_, release, err := s.code.acquire(u.code.Digest, func() ([]byte, error) { return zip, nil })
	if err != nil {
		return nil, badZip(err)
	}
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

// keepZip stores a checked zip; a function that uses it must be stored before
// the upload is done.
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

// sweepZips removes every zip that no version uses.
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

// codeDirs are the unpacked zips, one folder for all versions that share one.
type codeDirs struct {
	dir   string
	blobs store.Blobs
	// keep is held for reading while a stored zip may still find its function.
	keep sync.RWMutex

	mu   sync.Mutex
	open map[string]*codeDir
	// idle are the digests of folders that nobody uses, the longest unused first.
	idle []string
	made int
}

type codeDir struct {
	path  string
	users int
	// ready is closed when path is unpacked, or err says why not.
	ready chan struct{}
	err   error
}

// acquire unpacks a zip, or shares the folder. read gives the zip if it must be
// unpacked. The folder stays at least until everyone released it.
func (d *codeDirs) acquire(digest string, read func() ([]byte, error)) (path string, release func(), err error) {
	d.mu.Lock()
	c, shared := d.open[digest]
	if !shared {
		d.made++
		c = &codeDir{path: filepath.Join(d.dir, digest[:16]+"-"+strconv.Itoa(d.made)), ready: make(chan struct{})}
		d.open[digest] = c
	}
	if c.users++; c.users == 1 {
		d.idle = slices.DeleteFunc(d.idle, func(other string) bool { return other == digest })
	}
	d.mu.Unlock()
	release = sync.OnceFunc(func() { d.release(digest, c) })
	if shared {
		<-c.ready
	} else {
		c.err = unpack(c.path, read)
		close(c.ready)
	}
	if c.err != nil {
		release()
		return "", nil, c.err
	}
	return c.path, release, nil
}

func unpack(path string, read func() ([]byte, error)) error {
	zip, err := read()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("function code: %w", err)
	}
	return executor.Unpack(zip, path)
}

// release gives a folder back. The last ones used stay for a while: a function
// whose configuration changes has the same code afterwards.
func (d *codeDirs) release(digest string, c *codeDir) {
	d.mu.Lock()
	c.users--
	var gone []string
	switch {
	case c.users > 0:
	case c.err != nil || d.open[digest] != c:
		gone = append(gone, c.path)
		if d.open[digest] == c {
			delete(d.open, digest)
		}
	default:
		d.idle = append(d.idle, digest)
		for len(d.idle) > limits.IdleCode {
			gone = append(gone, d.drop(d.idle[0]))
		}
	}
	d.mu.Unlock()
	for _, path := range gone {
		// What cannot be removed now goes with the working directory.
		_ = os.RemoveAll(path)
	}
}

// drop forgets an idle folder, for the caller to remove.
func (d *codeDirs) drop(digest string) (path string) {
	path = d.open[digest].path
	delete(d.open, digest)
	d.idle = slices.DeleteFunc(d.idle, func(other string) bool { return other == digest })
	return path
}

// forget removes the folder of a zip that is gone, unless somebody still uses it.
func (d *codeDirs) forget(digest string) {
	d.mu.Lock()
	path := ""
	if slices.Contains(d.idle, digest) {
		path = d.drop(digest)
	}
	d.mu.Unlock()
	if path != "" {
		_ = os.RemoveAll(path)
	}
}

// stored gives the folder of a stored zip.
func (d *codeDirs) stored(ctx context.Context, digest string) (path string, release func(), err error) {
	return d.acquire(digest, func() ([]byte, error) {
		blob, err := d.blobs.Open(ctx, digest)
		if err != nil {
			return nil, fmt.Errorf("function code: %w", err)
		}
		defer blob.Close()
		return io.ReadAll(blob)
	})
}

func (d *codeDirs) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open, d.idle = map[string]*codeDir{}, nil
	return os.RemoveAll(d.dir)
}
