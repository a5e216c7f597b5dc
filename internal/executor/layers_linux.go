package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// showLayers shows the layers' folder at a place.
func showLayers(from, at string, mounts []string) error {
	pieces, err := layerPieces(from, at, mounts)
	if err != nil {
		return fmt.Errorf("layers: %w", err)
	}
	for _, p := range pieces {
		if err := mountPoint(p.at, p.folder); err != nil {
			return fmt.Errorf("layers: %w", err)
		}
		if err := bind(p.from, p.at, unix.MOUNT_ATTR_NODEV); err != nil {
			return err
		}
	}
	return nil
}

// piece is a folder or file to be bound.
type piece struct {
	from, at string
	folder   bool
}

// layerPieces is what to bind so that a folder is seen at a place: the folder.
// Only where an interpreter of the host is installed below that place, as some are
// in /opt, and must be seen too, it is shown piece by piece, and the interpreter's
// own place is left to it: without it nothing runs.
func layerPieces(from, at string, mounts []string) ([]piece, error) {
	if slices.Contains(mounts, at) {
		return nil, nil
	}
	info, err := os.Stat(from)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(mounts, func(path string) bool { return strings.HasPrefix(path, at+"/") }) {
		return []piece{{from, at, info.IsDir()}}, nil
	}
	if !info.IsDir() {
		return nil, nil
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return nil, err
	}
	var all []piece
	for _, e := range entries {
		pieces, err := layerPieces(filepath.Join(from, e.Name()), filepath.Join(at, e.Name()), mounts)
		if err != nil {
			return nil, err
		}
		all = append(all, pieces...)
	}
	return all, nil
}
