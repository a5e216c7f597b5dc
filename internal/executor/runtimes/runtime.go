package runtimes

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Runtime is what starts a function's code here.
type Runtime struct {
	// Asked is the name: "python3.12".
	Asked string
	// Language is "python", "nodejs", "provided" or "go".
	Language string
	// Interpreter is the program itself, an absolute path without links or
	// scripts before it; empty where the function's own code is the program.
	Interpreter string
	// Version is the interpreter's, "3.11.7"; without an interpreter it is what
	// the name says, "al2023".
	Version string
	// Exact says that it is the release that was asked for.
	Exact bool
	// Mounts are the folders of the host that must be visible, read-only and at
	// the same path, beside /usr, /lib, /lib64, /bin, /sbin and /etc.
	Mounts []string
	// libraries are the folders of modules of the host.
	libraries []string
}

// Command is what to execute for a handler: a program and its arguments, its
// own name not among them. runtimeDir is where the process will see what
// WriteLoops wrote, taskDir where it will see the function's code, and layerDir
// where its layers, empty without.
func (r Runtime) Command(handler, runtimeDir, taskDir, layerDir string) (path string, args []string, err error) {
	switch r.Language {
	case python:
		return r.Interpreter, append([]string{
			// No site module, no user's packages, no compiled files next to the code.
			"-S", "-s", "-B", "-X", "utf8", "-c", pythonStart, runtimeDir, taskDir, layerDir, handler,
		}, r.libraries...), nil
	case nodejs:
		return r.Interpreter, append([]string{filepath.Join(runtimeDir, nodeLoop), taskDir, handler}, r.libraries...), nil
	case provided:
		return filepath.Join(taskDir, "bootstrap"), nil, nil
	case golang:
		if handler == "" || filepath.IsAbs(handler) || strings.Contains(handler, "..") {
			return "", nil, fmt.Errorf("handler %q is not the name of a program in the zip", handler)
		}
		return filepath.Join(taskDir, handler), nil, nil
	}
	return "", nil, fmt.Errorf("a runtime of no language: %q", r.Asked)
}

// MissingError says that a runtime cannot run here, and what to do.
type MissingError struct {
	// Asked is the name of the runtime.
	Asked string
	// Installed are the releases of its language that are here: "Python 3.11".
	Installed []string
	text      string
}

func (e *MissingError) Error() string { return "runtime " + e.Asked + ": " + e.text }

// Substitution is a runtime that runs on another release than it asked for.
type Substitution struct {
	Runtime     string `json:"runtime"`
	Language    string `json:"language"`
	Version     string `json:"version"`
	Interpreter string `json:"interpreter"`
}

// String is one line for people.
func (s Substitution) String() string {
	return fmt.Sprintf("%s is not installed here: its functions run on %s %s (%s)", s.Runtime, languages[s.Language].title, s.Version, s.Interpreter)
}
