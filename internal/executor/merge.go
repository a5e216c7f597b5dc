package executor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Merge makes the folder dir of unpacked layers, in their order: of two entries of
// one path the later layer's is there, as if each had been unpacked over the ones
// before it. What is a folder in both holds the files of both.
//
// Files are shared with the layers, by hard links where the file system has them:
// neither side may be written to. The layers may be removed afterwards.
func Merge(layers []string, dir string) (err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("layers: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("layers: %w", err), os.RemoveAll(dir))
		}
	}()
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	// The last one first: what is there already stays.
	for i := len(layers) - 1; i >= 0; i-- {
		if err := mergeBelow(layers[i], dir); err != nil {
			return err
		}
	}
	return nil
}

// mergeBelow adds to a folder what a layer has and it has not.
func mergeBelow(layer, dir string) error {
	return filepath.WalkDir(layer, func(from string, e fs.DirEntry, err error) error {
		if err != nil || from == layer {
			return err
		}
		to := filepath.Join(dir, from[len(layer):])
		there, err := os.Lstat(to)
		switch {
		case err == nil && e.IsDir() && !there.IsDir():
			return fs.SkipDir // a later layer has a file of that name
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return err
		case !e.IsDir():
			return share(from, to)
		}
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
		return os.Chmod(to, 0o755) // the umask took its part
	})
}

// share makes a file that is the same as another one.
func share(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(info.Mode().Perm()), out.Close()); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}
