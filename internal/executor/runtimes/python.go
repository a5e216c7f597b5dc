package runtimes

import (
	"errors"
	"path/filepath"
	"slices"
)

// pythonQuestion makes Python print an answer. It must be understood by every
// Python there ever was, since any may stand behind the name. A virtual
// environment names the Python it was made from, and its own modules.
const pythonQuestion = `
import json, os, site, sys
executable = getattr(sys, "_base_executable", None) or sys.executable
libraries = list(getattr(site, "getsitepackages", list)())
if site.ENABLE_USER_SITE:
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
    "Executable": executable,
    "Prefix": prefix,
    "Version": list(sys.version_info[:3]),
    "Folders": [os.path.dirname(os.__file__), os.path.join(prefix, "lib"), os.path.join(exec_prefix, "lib")],
    "Libraries": [l for l in libraries if os.path.isdir(l)],
    "Implementation": getattr(getattr(sys, "implementation", None), "name", ""),
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
	a, err := ask(h, path, args...)
	if err != nil {
		return interpreter{}, err
	}
	if a.Version[0] != 3 || a.Version[1] < oldestPython {
		return interpreter{}, errOldPython
	}
	i := interpreter{path: a.Executable, version: a.Version, libraries: a.Libraries}
	if a.Executable != path {
		// What it will see of itself when it is started by its own path.
		real, err := ask(h, a.Executable, args[:2]...)
		if err != nil {
			return interpreter{}, err
		}
		if real.Version != a.Version {
			return interpreter{}, errors.New("another version answers for " + path)
		}
		a.Prefix, a.Folders = real.Prefix, real.Folders
	}
	i.mounts = h.mounts(a, slices.Concat(a.Folders, i.libraries))
	return i, nil
}
