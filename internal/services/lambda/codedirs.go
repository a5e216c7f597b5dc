package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// codeDirs are the unpacked zips, one folder for all versions that share one, and
// what several layers are merged into, one folder for all that have the same ones.
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

// codeDir is one folder.
type codeDir struct {
	path string
	// size is how many bytes its files have, where it is one zip.
	size  int64
	users int
	// ready is closed when path is unpacked, or err says why not.
	ready chan struct{}
	err   error
}

// acquire makes a folder, or shares it. fill makes it at its path, and tells its
// size. The folder stays at least until everyone released it.
func (d *codeDirs) acquire(digest string, fill func(path string) (int64, error)) (dir *codeDir, release func(), err error) {
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
		c.size, c.err = fill(c.path)
		close(c.ready)
	}
	if c.err != nil {
		release()
		return nil, nil, c.err
	}
	return c, release, nil
}

// unzip fills a folder with a zip, which read gives.
func unzip(read func() ([]byte, error)) func(path string) (int64, error) {
	return func(path string) (int64, error) {
		zip, err := read()
		if err != nil {
			return 0, err
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return 0, fmt.Errorf("function code: %w", err)
		}
		return executor.Unpack(zip, path)
	}
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
func (d *codeDirs) stored(ctx context.Context, digest string) (dir *codeDir, release func(), err error) {
	return d.acquire(digest, unzip(func() ([]byte, error) {
		blob, err := d.blobs.Open(ctx, digest)
		if err != nil {
			return nil, fmt.Errorf("function code: %w", err)
		}
		defer blob.Close()
		return io.ReadAll(blob)
	}))
}

// merged gives one folder for several stored zips, the later over the earlier; of
// one it is that zip's own.
func (d *codeDirs) merged(ctx context.Context, digests []string) (dir *codeDir, release func(), err error) {
	if len(digests) == 1 {
		return d.stored(ctx, digests[0])
	}
	list := sha256.Sum256([]byte("layers\x00" + strings.Join(digests, "\x00")))
	return d.acquire(hex.EncodeToString(list[:]), func(path string) (int64, error) {
		var layers []string
		for _, digest := range digests {
			layer, release, err := d.stored(ctx, digest)
			if err != nil {
				return 0, err
			}
			defer release()
			layers = append(layers, layer.path)
		}
		return 0, executor.Merge(layers, path)
	})
}

func (d *codeDirs) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open, d.idle = map[string]*codeDir{}, nil
	return os.RemoveAll(d.dir)
}
