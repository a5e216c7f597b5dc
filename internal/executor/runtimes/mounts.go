package runtimes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// systemFolders are visible to every function anyway.
var systemFolders = []string{"/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc"}

// packageStores are folders of programs that use each other's files.
var packageStores = []string{"/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew", "/opt/homebrew"}

// mounts lists what must be visible for an interpreter: the folder it is
// installed in, or, where that holds more than an interpreter, only what it
// named; and its modules.
func (h host) mounts(a answer, named []string) []string {
	wanted := append([]string{filepath.Dir(a.Executable)}, named...)
	if !h.personal(a.Prefix) {
		wanted = append(wanted, a.Prefix)
	}
	for _, store := range packageStores {
		if within(a.Executable, store) {
			wanted = append(wanted, store)
		}
	}
	var kept []string
	for _, dir := range wanted {
		if !filepath.IsAbs(dir) {
			continue
		}
		dir = filepath.Clean(dir)
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() && !h.broad(dir) && !slices.ContainsFunc(systemFolders, func(s string) bool { return within(dir, s) }) {
			kept = append(kept, dir)
		}
	}
	// The shortest first: what is in one that was kept needs no mount of its own.
	slices.SortFunc(kept, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	var all []string
	for _, dir := range kept {
		if !slices.ContainsFunc(all, func(k string) bool { return within(dir, k) }) {
			all = append(all, dir)
		}
	}
	return all
}

// personal says that a folder holds more than programs: a home, what is above
// one, or the folder in it that programs share with the user's data.
func (h host) personal(dir string) bool {
	return h.broad(dir) || h.home != "" && filepath.Clean(dir) == filepath.Join(h.home, ".local")
}

// broad says that a folder is never shown as a whole: the user's home, what is
// above it, and other roots of unrelated things.
func (h host) broad(dir string) bool {
	return dir == "/" || h.home != "" && within(h.home, dir) || dir == "/home" || dir == "/opt" || dir == "/var"
}

// within says that path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
