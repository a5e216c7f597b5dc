package runtimes

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// pythonQuestion makes Python print an answer. It must be understood by every
// Python there ever was, since any may stand behind the name. A virtual
// environment names the Python it was made from, and its own modules.
const pythonQuestion = `
import json, os, site, sys
libraries = list(getattr(site, "getsitepackages", list)())
if site.ENABLE_USER_SITE or sys.flags.no_site and site.check_enableusersite():
    libraries.append(site.getusersitepackages())
if sys.version_info >= (3, 8) and len(sys.argv) > 1:
    try:
        import py_compile
        for loop in sys.argv[1:]:
            py_compile.compile(loop, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except Exception:
        pass
prefix = getattr(sys, "base_prefix", sys.prefix)
exec_prefix = getattr(sys, "base_exec_prefix", sys.exec_prefix)
print("` + mark + `" + json.dumps({
    "Executable": getattr(sys, "_base_executable", None) or sys.executable,
    "Prefix": prefix,
    "Version": list(sys.version_info[:3]),
    "Folders": [os.path.dirname(os.__file__), os.path.join(prefix, "lib"), os.path.join(exec_prefix, "lib")],
    "Libraries": [l for l in libraries if os.path.isdir(l)],
}))
`

// oldestPython is the first minor of Python 3 the loop runs on.
const oldestPython = 8

var errOldPython = errors.New("the loop needs Python 3.8 or later")

// askPython asks what is behind a program's name: a script, a link, a virtual
// environment. The modules are those the name would see.
func askPython(h host, path, loops string) (interpreter, error) {
	args := []string{"-c", pythonQuestion}
	if loops != "" {
		for _, file := range pythonFiles() {
			args = append(args, filepath.Join(loops, file))
		}
	}
	if plainPython(path) {
		// What runs at a start is of no use for the answer, and may take long.
		args = append([]string{"-S"}, args...)
	}
	a, err := ask(h, path, args...)
	if err != nil {
		return interpreter{}, err
	}
	if a.Version[0] != 3 || a.Version[1] < oldestPython {
		return interpreter{}, errOldPython
	}
	libraries := a.Libraries
	if a.Linked {
		// What it will see of itself when it is started by its own path.
		real, err := ask(h, a.Executable, "-S", "-c", pythonQuestion)
		if err != nil {
			return interpreter{}, err
		}
		if real.Version != a.Version {
			return interpreter{}, errors.New("another version answers for " + path)
		}
		a = real
	}
	return interpreter{
		path: a.Executable, version: a.Version, libraries: libraries,
		mounts: h.mounts(a, slices.Concat(a.Folders, libraries)),
	}, nil
}

// plainPython says that a path is a program, and not a script, nor in a virtual
// environment.
func plainPython(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var start [2]byte
	if _, err := io.ReadFull(f, start[:]); err != nil || string(start[:]) == "#!" {
		return false
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if _, err := os.Stat(filepath.Join(dir, "pyvenv.cfg")); err == nil {
			return false
		}
	}
	return true
}
