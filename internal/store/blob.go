package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
)

// Blobs keep large data under the SHA-256 of its content, in hexadecimal.
type Blobs interface {
	// Put stores what r holds; storing it again changes nothing.
	Put(ctx context.Context, r io.Reader) (digest string, size int64, err error)
	// Open reads a blob; the error of one that is not there is fs.ErrNotExist.
	Open(ctx context.Context, digest string) (io.ReadSeekCloser, error)
	// Delete removes a blob, if it is there.
	Delete(ctx context.Context, digest string) error
	// List names all blobs.
	List(ctx context.Context) ([]string, error)
}

// fileBlobs are files, two levels deep, each made whole before it gets its name.
type fileBlobs struct{ dir string }

// unfinished is how the name of a blob begins while it is written.
const unfinished = "new-"

// sweep removes what a killed server was writing.
func (b fileBlobs) sweep() error {
	left, err := fs.Glob(os.DirFS(b.dir), unfinished+"*")
	for _, name := range left {
		err = errors.Join(err, os.Remove(filepath.Join(b.dir, name)))
	}
	return err
}

func (b fileBlobs) path(digest string) string { return filepath.Join(b.dir, digest[:2], digest) }

func (b fileBlobs) Put(_ context.Context, r io.Reader) (string, int64, error) {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return "", 0, fmt.Errorf("blob: %w", err)
	}
	tmp, err := os.CreateTemp(b.dir, unfinished)
	if err != nil {
		return "", 0, fmt.Errorf("blob: %w", err)
	}
	defer os.Remove(tmp.Name())
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(tmp, hash), r)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", 0, fmt.Errorf("blob: %w", err)
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	to := b.path(digest)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", 0, fmt.Errorf("blob: %w", err)
	}
	if err := os.Rename(tmp.Name(), to); err != nil {
		return "", 0, fmt.Errorf("blob: %w", err)
	}
	return digest, size, nil
}

func (b fileBlobs) Open(_ context.Context, digest string) (io.ReadSeekCloser, error) {
	if !isDigest(digest) {
		return nil, fs.ErrNotExist
	}
	return os.Open(b.path(digest))
}

func (b fileBlobs) Delete(_ context.Context, digest string) error {
	if !isDigest(digest) {
		return nil
	}
	if err := os.Remove(b.path(digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob: %w", err)
	}
	return nil
}

func (b fileBlobs) List(context.Context) ([]string, error) {
	paths, err := fs.Glob(os.DirFS(b.dir), "??/*")
	for i, p := range paths {
		paths[i] = path.Base(p)
	}
	return paths, err
}

func isDigest(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size
}

type memoryBlobs struct {
	mu   sync.RWMutex
	data map[string][]byte
}

func (b *memoryBlobs) Put(_ context.Context, r io.Reader) (string, int64, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return "", 0, fmt.Errorf("blob: %w", err)
	}
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.data == nil {
		b.data = map[string][]byte{}
	}
	b.data[digest] = raw
	return digest, int64(len(raw)), nil
}

func (b *memoryBlobs) Open(_ context.Context, digest string) (io.ReadSeekCloser, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	raw, ok := b.data[digest]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(raw), io.NopCloser(nil)}, nil
}

func (b *memoryBlobs) Delete(_ context.Context, digest string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.data, digest)
	return nil
}

func (b *memoryBlobs) List(context.Context) ([]string, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var all []string
	for d := range b.data {
		all = append(all, d)
	}
	return all, nil
}
