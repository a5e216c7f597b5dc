package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Files are large data beside the store, each under a name of its own that is
// never used again: unlike blobs, two files of the same content have nothing to
// do with each other, so that removing one needs no counting. A record names its
// files; what no record names is swept at the next start (Sweep).
type Files struct{ dir string }

// Files opens a folder of files in the data directory. A store in memory keeps
// them under scratch, a folder that goes with the server: large data does not
// belong in memory.
func (s *Store) Files(name, scratch string) *Files {
	if s.dir == "" {
		return &Files{filepath.Join(scratch, name)}
	}
	return &Files{filepath.Join(s.dir, name)}
}

// New makes a file to write. Whoever gave its name to no record removes it.
func (f *Files) New() (name string, file *os.File, err error) {
	name = newFileName()
	file, err = os.OpenFile(f.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(f.path(name)), 0o700); err == nil {
			file, err = os.OpenFile(f.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("file: %w", err)
	}
	return name, file, nil
}

// Open reads a file; the error of one that is gone is fs.ErrNotExist.
func (f *Files) Open(name string) (*os.File, error) {
	if !isFileName(name) {
		return nil, fs.ErrNotExist
	}
	return os.Open(f.path(name))
}

// Link gives a file a second name. Each is removed by itself.
func (f *Files) Link(name string) (string, error) {
	if !isFileName(name) {
		return "", fs.ErrNotExist
	}
	to := newFileName()
	if err := os.MkdirAll(filepath.Dir(f.path(to)), 0o700); err != nil {
		return "", fmt.Errorf("file: %w", err)
	}
	if err := os.Link(f.path(name), f.path(to)); err != nil {
		return "", fmt.Errorf("file: %w", err)
	}
	return to, nil
}

// Remove removes a file, if it is there. Who has it open reads on.
func (f *Files) Remove(name string) error {
	if !isFileName(name) {
		return nil
	}
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("file: %w", err)
	}
	return nil
}

// Sweep removes the files that nobody uses.
func (f *Files) Sweep(used func(name string) bool) error {
	found, err := fs.Glob(os.DirFS(f.dir), "??/*")
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	var errs []error
	for _, p := range found {
		if name := path.Base(p); !used(name) {
			errs = append(errs, f.Remove(name))
		}
	}
	return errors.Join(errs...)
}

func (f *Files) path(name string) string { return filepath.Join(f.dir, name[:2], name) }

func newFileName() string {
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

func isFileName(name string) bool {
	return len(name) == 32 && strings.Trim(name, "0123456789abcdef") == ""
}
