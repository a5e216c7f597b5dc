package executor

import (
	"os"
	"path/filepath"
)

// command is what to start for the function: a program and its arguments.
func (e *Environment) command(at places) (path string, args []string, err error) {
	layers := ""
	if e.function.LayerDir != "" {
		layers = at.opt
	}
	path, args, err = e.runtime.Command(e.function.Handler, at.runtime, at.task, layers)
	if err == nil && path == filepath.Join(at.task, "bootstrap") {
		path, err = e.bootstrap(at)
	}
	return path, args, err
}

// noBootstrap is the want of a bootstrap, in Lambda's words.
type noBootstrap struct{}

func (noBootstrap) Error() string {
	return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
}

// bootstrap looks for the program of a custom runtime: in the function's code, then
// in its layers. What cannot be looked at is left to the start, which says why.
func (e *Environment) bootstrap(at places) (string, error) {
	if _, err := os.Stat(filepath.Join(e.function.CodeDir, "bootstrap")); !os.IsNotExist(err) {
		return filepath.Join(at.task, "bootstrap"), nil
	}
	if e.function.LayerDir != "" {
		if _, err := os.Stat(filepath.Join(e.function.LayerDir, "bootstrap")); err == nil {
			return filepath.Join(at.opt, "bootstrap"), nil
		}
	}
	return "", noBootstrap{}
}
