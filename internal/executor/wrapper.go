package executor

import (
	"os"
	"path/filepath"
	"strings"
)

// wrapperVariable names a program that a managed runtime is started through: it gets
// the runtime's command as arguments, and executes it (Lambda guide, "Modifying the
// runtime environment", "Wrapper scripts"). OS-only runtimes do not look at it.
const wrapperVariable = "AWS_LAMBDA_EXEC_WRAPPER"

// wrapped is the command with its wrapper. problem is what Lambda's runtimes print of
// one that cannot be used, status how they end then.
func (e *Environment) wrapped(c command, at places) (_ command, problem, status string) {
	wrapper := e.function.Variables[wrapperVariable]
	if secret, ok := e.secrets[wrapperVariable]; ok {
		wrapper = secret
	}
	if wrapper == "" || strings.HasPrefix(e.function.Runtime, "provided") {
		return c, "", ""
	}
	host, inside := e.located(wrapper, at)
	info, err := os.Stat(host)
	switch {
	case err != nil || !info.Mode().IsRegular():
		return c, wrapper + ": does not exist\n", "exit status 127"
	case info.Mode()&0o111 == 0:
		return c, wrapper + ": is not an executable\n", "exit status 126"
	}
	c.path, c.args = inside, append([]string{c.path}, c.args...)
	return c, "", ""
}

// located is a path that the function names: on the host, and as its processes see it.
func (e *Environment) located(path string, at places) (host, inside string) {
	path = filepath.Clean(path)
	if !filepath.IsAbs(path) {
		path = filepath.Join("/var/task", path)
	}
	if rest, ok := strings.CutPrefix(path, "/var/task/"); ok {
		return filepath.Join(e.function.CodeDir, rest), filepath.Join(at.task, rest)
	}
	if rest, ok := strings.CutPrefix(path, "/opt/"); ok {
		if e.function.LayerDir == "" {
			return "", path
		}
		return filepath.Join(e.function.LayerDir, rest), filepath.Join(at.opt, rest)
	}
	return "", path // what else a sandbox has is not the function's, and the host's is none of its business
}
