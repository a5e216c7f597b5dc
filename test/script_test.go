package test

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txtar: each gets a server of its own with
// two accounts, and the clients of this machine, unchanged.
//
// Beside testscript's own commands: `zip OUT FILE...` packs a function, `as N`
// switches to the root user of the N-th account, `as KEY SECRET TOKEN` to
// anyone, `save VAR` puts the last standard output into a variable,
// `waitfor TEXT COMMAND...` repeats a command until it prints the text. The
// condition [client:NAME] says whether a client is installed; where clients
// are required (SALLYPORT_REQUIRE_CLIENTS=1) a missing one fails the script. Scripts
// that take long run only there ([long]), so that go test ./... stays short.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:       filepath.Join("testdata", "script"),
		Setup:     startServer,
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"zip":     zipFiles,
			"as":      switchCaller,
			"save":    saveOutput,
			"waitfor": waitFor,
		},
	})
}

type serverKey struct{}

func startServer(e *testscript.Env) error {
	p, err := serve(filepath.Join(e.WorkDir, "state"), "--account", "111111111111", "--account", "222222222222")
	if err != nil {
		return err
	}
	e.Defer(p.stop)
	e.Values[serverKey{}] = p
	for _, v := range p.environ(0) {
		name, value, _ := strings.Cut(v, "=")
		e.Setenv(name, value)
	}
	e.Setenv("SALLYPORT_DATA", p.data)
	e.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{"PYENV_ROOT", "PYENV_VERSION"} {
		if v := os.Getenv(name); v != "" {
			e.Setenv(name, v)
		}
	}
	return os.WriteFile(filepath.Join(e.WorkDir, "terraform.rc"), fmt.Appendf(nil,
		"provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", terraformPlugins()), 0o600)
}

func condition(cond string) (bool, error) {
	if cond == "long" {
		return clientsRequired(), nil
	}
	name, ok := strings.CutPrefix(cond, "client:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	if hasClient(name) {
		return true, nil
	}
	if clientsRequired() {
		return false, errors.New(name + " is not installed, and clients are required (SALLYPORT_REQUIRE_CLIENTS=1)")
	}
	return false, nil
}

// clientsRequired says that every client has to be here, and that time does not
// matter.
func clientsRequired() bool { return os.Getenv("SALLYPORT_REQUIRE_CLIENTS") == "1" }

// skipLong skips a test that takes long where time matters.
func skipLong(t *testing.T) {
	t.Helper()
	if !clientsRequired() {
		t.Skip("takes long: SALLYPORT_REQUIRE_CLIENTS=1 runs it")
	}
}

func hasClient(name string) bool {
	switch name {
	case "boto3":
		return exec.Command("python3", "-c", "import boto3").Run() == nil
	case "terraform":
		return installed(name) && terraformPlugins() != ""
	}
	return installed(name)
}

func zipFiles(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	w := zip.NewWriter(f)
	for _, name := range args[1:] {
		part, err := w.Create(filepath.ToSlash(name))
		ts.Check(err)
		_, err = part.Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
	}
	ts.Check(w.Close())
}

func switchCaller(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 3 {
		ts.Setenv("AWS_ACCESS_KEY_ID", args[0])
		ts.Setenv("AWS_SECRET_ACCESS_KEY", args[1])
		ts.Setenv("AWS_SESSION_TOKEN", args[2])
		return
	}
	p := ts.Value(serverKey{}).(*process)
	i := map[string]int{"1": 0, "2": 1}[args[0]]
	for _, v := range p.environ(i) {
		name, value, _ := strings.Cut(v, "=")
		ts.Setenv(name, value)
	}
}

// waitFor is for what happens beside the requests: log writes.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q was never printed by %v: %v", args[0], args[1:], err)
		}
	}
}

func saveOutput(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// terraformPlugins is a filesystem mirror of Terraform providers: a folder
// named tf-plugins near the root of the file system or of the home, or as
// SALLYPORT_TF_PLUGINS says. Empty without one.
func terraformPlugins() string {
	if dir := os.Getenv("SALLYPORT_TF_PLUGINS"); dir != "" {
		return dir
	}
	home, _ := os.UserHomeDir()
	for _, pattern := range []string{"/*/tf-plugins", "/*/*/tf-plugins", filepath.Join(home, "tf-plugins")} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}
