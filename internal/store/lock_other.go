//go:build !unix

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// lockDir relies on a file that only one process may hold open for writing
// where flock does not exist; the file is removed on a clean stop, and a stale
// one is taken over because removing it succeeds once its holder is gone.
func lockDir(_ context.Context, dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, &LockedError{Dir: dir}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return f, nil
}
