package runtimes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeHost is a machine made of scripts that say they are interpreters.
type fakeHost struct {
	t    *testing.T
	root string
	host
}

func newFakeHost(t *testing.T, path ...string) *fakeHost {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeHost{t: t, root: root, host: host{home: filepath.Join(root, "home"), environ: os.Environ, patience: time.Minute}}
	for _, dir := range path {
		f.path = append(f.path, filepath.Join(root, dir))
	}
	return f
}

// script writes a program; it notes that it was run.
func (f *fakeHost) script(path, text string) string {
	f.t.Helper()
	full := filepath.Join(f.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		f.t.Fatal(err)
	}
	text = "#!/bin/sh\necho " + path + " >> " + f.root + "/ran\n" + text
	// Written beside and moved: a program that is still open for writing cannot be run.
	if err := os.WriteFile(full+".new", []byte(text), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(full+".new", full); err != nil {
		f.t.Fatal(err)
	}
	return full
}

// interpreter writes a program that answers as a version.
func (f *fakeHost) interpreter(path string, v ...int) string {
	f.t.Helper()
	return f.shim(path, filepath.Join(f.root, path), v...)
}

// shim writes a program behind which another one is.
func (f *fakeHost) shim(path, real string, v ...int) string {
	f.t.Helper()
	answer := fmt.Sprintf(`{"Executable": %q, "Prefix": %q, "Version": [%d, %d, %d], "Folders": [], "Libraries": []}`, real, filepath.Dir(filepath.Dir(real)), v[0], v[1], v[2])
	return f.script(path, "echo noise of a .pth file\necho '"+mark+answer+"'\necho more\n")
}

// ran lists the programs that were run.
func (f *fakeHost) ran() []string {
	text, err := os.ReadFile(f.root + "/ran")
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

func (f *fakeHost) expect(s *Set, name, interpreter, version string, exact bool) Runtime {
	f.t.Helper()
	r, err := s.Resolve(name)
	if err != nil {
		f.t.Errorf("%s: %v", name, err)
		return r
	}
	if want := filepath.Join(f.root, interpreter); r.Asked != name || r.Interpreter != want || r.Version != version || r.Exact != exact {
		f.t.Errorf("%+v; want %s, %s, exact: %v", r, want, version, exact)
	}
	return r
}

func (f *fakeHost) missing(s *Set, name, text string, installed ...string) {
	f.t.Helper()
	r, err := s.Resolve(name)
	var missing *MissingError
	if !errors.As(err, &missing) {
		f.t.Errorf("%s: %+v, %v; want a MissingError", name, r, err)
		return
	}
	if missing.Asked != name || !slices.Equal(missing.Installed, installed) || missing.Error() != "runtime "+name+": "+text {
		f.t.Errorf("%v (installed %q)\nwant %s (%q)", missing, missing.Installed, text, installed)
	}
}

func TestResolveTakesTheExactReleaseElseTheNearestNewer(t *testing.T) {
	f := newFakeHost(t, "a", "b")
	f.interpreter("b/python3.9", 3, 9, 1)
	f.interpreter("a/python3.11", 3, 11, 2)
	f.interpreter("b/python3.11", 3, 11, 9)
	f.interpreter("b/python3.13", 3, 13, 0)
	f.interpreter("a/node", 20, 1, 0)
	s := newSet(false, f.host)
	f.expect(s, "python3.11", "a/python3.11", "3.11.2", true)
	f.expect(s, "python3.9", "b/python3.9", "3.9.1", true)
	f.expect(s, "python3.10", "a/python3.11", "3.11.2", false)
	f.expect(s, "python3.8", "b/python3.9", "3.9.1", false)
	f.expect(s, "python3.6", "b/python3.9", "3.9.1", false)
	f.expect(s, "python3.12", "b/python3.13", "3.13.0", false)
	f.missing(s, "python3.14", "neither Python 3.14 nor a newer Python is installed here. Installed: Python 3.9, Python 3.11, Python 3.13", "Python 3.9", "Python 3.11", "Python 3.13")
	f.expect(s, "nodejs20.x", "a/node", "20.1.0", true)
	f.expect(s, "nodejs16.x", "a/node", "20.1.0", false)
	f.missing(s, "nodejs22.x", "neither Node.js 22 nor a newer Node.js is installed here. Installed: Node.js 20", "Node.js 20")
	var report []string
	for _, r := range s.Report() {
		report = append(report, r.String())
	}
	want := []string{
		"nodejs16.x is not installed here: its functions run on Node.js 20.1.0 (" + f.root + "/a/node)",
		"python3.10 is not installed here: its functions run on Python 3.11.2 (" + f.root + "/a/python3.11)",
		"python3.12 is not installed here: its functions run on Python 3.13.0 (" + f.root + "/b/python3.13)",
		"python3.6 is not installed here: its functions run on Python 3.9.1 (" + f.root + "/b/python3.9)",
		"python3.8 is not installed here: its functions run on Python 3.9.1 (" + f.root + "/b/python3.9)",
	}
	if !slices.Equal(report, want) {
		t.Errorf("report\n%s\nwant\n%s", strings.Join(report, "\n"), strings.Join(want, "\n"))
	}
	if ran := f.ran(); len(ran) != 4 {
		t.Errorf("%q were run; four programs are needed, each once", ran)
	}
}

func TestStrictTakesTheExactReleaseOnly(t *testing.T) {
	f := newFakeHost(t, "a")
	f.interpreter("a/python3.13", 3, 13, 0)
	s := newSet(true, f.host)
	f.expect(s, "python3.13", "a/python3.13", "3.13.0", true)
	f.missing(s, "python3.12", "Python 3.12 is not installed here, and strict runtimes let no other version stand in. Installed: Python 3.13", "Python 3.13")
	if r := s.Report(); len(r) != 0 {
		t.Errorf("%v", r)
	}
}

func TestResolveWithoutAnyInterpreter(t *testing.T) {
	f := newFakeHost(t, "a", "not/there")
	f.script("a/python3.12", "exit 1\n")
	f.interpreter("a/python3", 2, 7, 18)
	f.script("a/node", "echo '"+mark+"{'\n")
	if err := os.WriteFile(filepath.Join(f.root, "a", "python3.11"), []byte("not executable"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newSet(false, f.host)
	f.missing(s, "python3.11", "no Python is installed here that can run it. Install Python 3.11, or bring a bootstrap with provided.al2023. Not usable: "+f.root+"/a/python3.12: exit status 1")
	f.missing(s, "nodejs20.x", "no Node.js is installed here that can run it. Install Node.js 20, or bring a bootstrap with provided.al2023")
}

func TestResolveAsksWhatNamesDoNotTell(t *testing.T) {
	f := newFakeHost(t, "a", "b")
	f.interpreter("a/python3", 3, 12, 4)
	f.interpreter("b/python3.12", 3, 11, 0) // its name is wrong
	s := newSet(false, f.host)
	f.expect(s, "python3.12", "a/python3", "3.12.4", true)
	f.expect(s, "python3.10", "a/python3", "3.12.4", false)
}

// Behind the folder of a version manager's scripts are the interpreters it
// chooses from: its scripts are never run.
func TestResolveLooksBehindShims(t *testing.T) {
	f := newFakeHost(t, "pyenv/shims", "asdf/shims", "usr")
	f.script("pyenv/shims/python3.11", "sleep 60\n")
	f.script("asdf/shims/node", "sleep 60\n")
	f.interpreter("pyenv/versions/3.11.9/bin/python3.11", 3, 11, 9)
	f.interpreter("pyenv/versions/3.11.10/bin/python3.11", 3, 11, 10)
	f.interpreter("pyenv/versions/3.9.1/bin/python3.9", 3, 9, 1)
	f.interpreter("usr/python3.11", 3, 11, 2)
	f.interpreter("asdf/installs/nodejs/18.2.0/bin/node", 18, 2, 0)
	f.interpreter("asdf/installs/nodejs/20.2.0/bin/node", 20, 2, 0)
	s := newSet(false, f.host)
	f.expect(s, "python3.11", "pyenv/versions/3.11.10/bin/python3.11", "3.11.10", true)
	f.expect(s, "nodejs18.x", "asdf/installs/nodejs/18.2.0/bin/node", "18.2.0", true)
	f.expect(s, "nodejs19.x", "asdf/installs/nodejs/20.2.0/bin/node", "20.2.0", false)
	if ran := f.ran(); len(ran) != 3 {
		t.Errorf("%q were run", ran)
	}
}

// A script that is in the way is asked which program it runs.
func TestResolveSeesThroughScriptsAndLinks(t *testing.T) {
	f := newFakeHost(t, "a", "b")
	real := f.interpreter("opt/python/bin/python3.12", 3, 12, 1)
	f.shim("a/python3.12", real, 3, 12, 1)
	f.interpreter("opt/node/bin/node", 22, 1, 0)
	if err := os.MkdirAll(filepath.Join(f.root, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../opt/node/bin/node", filepath.Join(f.root, "b", "node")); err != nil {
		t.Fatal(err)
	}
	s := newSet(false, f.host)
	f.expect(s, "python3.12", "opt/python/bin/python3.12", "3.12.1", true)
	f.expect(s, "nodejs22.x", "opt/node/bin/node", "22.1.0", true)
}

func TestResolveAsksOnceForAll(t *testing.T) {
	f := newFakeHost(t, "a")
	f.interpreter("a/python3.12", 3, 12, 1)
	s := newSet(false, f.host)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			f.expect(s, []string{"python3.12", "python3.11"}[i%2], "a/python3.12", "3.12.1", i%2 == 0)
			s.Report()
		})
	}
	wait.Wait()
	if ran := f.ran(); len(ran) != 1 {
		t.Errorf("%q were run", ran)
	}
}

func TestResolveNoticesWhatIsInstalledAndRemoved(t *testing.T) {
	f := newFakeHost(t, "a")
	s := newSet(false, f.host)
	f.missing(s, "python3.12", "no Python is installed here that can run it. Install Python 3.12, or bring a bootstrap with provided.al2023")
	f.interpreter("a/python3.12", 3, 12, 1)
	f.expect(s, "python3.12", "a/python3.12", "3.12.1", true)
	if err := os.Remove(filepath.Join(f.root, "a/python3.12")); err != nil {
		t.Fatal(err)
	}
	f.interpreter("a/python3.13", 3, 13, 1)
	f.expect(s, "python3.12", "a/python3.13", "3.13.1", false)
}

func TestResolveDoesNotWaitForever(t *testing.T) {
	f := newFakeHost(t, "a")
	f.patience = 200 * time.Millisecond
	f.script("a/python3.12", "sleep 60\n")
	s := newSet(false, f.host)
	f.missing(s, "python3.12", "no Python is installed here that can run it. Install Python 3.12, or bring a bootstrap with provided.al2023. Not usable: "+f.root+"/a/python3.12: it did not answer in time")
	s.host.patience = time.Minute
	f.interpreter("a/python3.12", 3, 12, 1)
	f.expect(s, "python3.12", "a/python3.12", "3.12.1", true)
}

func TestResolveNames(t *testing.T) {
	f := newFakeHost(t)
	s := newSet(false, f.host)
	for name, want := range map[string]Runtime{
		"provided":        {Language: "provided"},
		"provided.al2":    {Language: "provided", Version: "al2"},
		"provided.al2023": {Language: "provided", Version: "al2023"},
		"go1.x":           {Language: "go", Version: "1.x"},
	} {
		r, err := s.Resolve(name)
		if err != nil || r.Language != want.Language || r.Version != want.Version || !r.Exact || r.Interpreter != "" || len(r.Mounts) != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for _, name := range []string{"java8", "java8.al2", "java21", "dotnet8", "dotnetcore3.1", "ruby3.4", "python2.7"} {
		r, err := s.Resolve(name)
		if missing := (*MissingError)(nil); !errors.As(err, &missing) || !strings.Contains(err.Error(), `an executable named "bootstrap"`) || !strings.Contains(err.Error(), "provided.al2023") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for _, name := range []string{"", "python", "python3", "python3.", "python3.x", "python3.123", "python3.12.1", "Python3.12", "nodejs20", "nodejs20.x\n", "javascript", "rubygems", "provided.al3", "../python3.12"} {
		r, err := s.Resolve(name)
		if missing := (*MissingError)(nil); !errors.As(err, &missing) || !strings.Contains(err.Error(), "that is no runtime of Lambda's") {
			t.Errorf("%q: %+v, %v", name, r, err)
		}
	}
}

func TestCommand(t *testing.T) {
	py := Runtime{Asked: "python3.12", Language: python, Interpreter: "/py", libraries: []string{"/lib1", "/lib2"}}
	js := Runtime{Asked: "nodejs20.x", Language: nodejs, Interpreter: "/node", libraries: []string{"/mods"}}
	own := Runtime{Asked: "provided.al2", Language: provided}
	gone := Runtime{Asked: "go1.x", Language: golang}
	for _, c := range []struct {
		r       Runtime
		handler string
		want    string
	}{
		{py, "a/b.c", "/py -S -s -B -X utf8 -c " + pythonStart + " /var/runtime /var/task /opt a/b.c /lib1 /lib2"},
		{js, "a/b.c", "/node /var/runtime/sallyport_loop.cjs /var/task a/b.c /mods"},
		{own, "anything", "/var/task/bootstrap"},
		{gone, "main", "/var/task/main"},
		{gone, "bin/main", "/var/task/bin/main"},
		{gone, "../main", "error"},
		{gone, "/bin/sh", "error"},
		{gone, "", "error"},
		{Runtime{}, "main", "error"},
	} {
		path, args, err := c.r.Command(c.handler, "/var/runtime", "/var/task", "/opt")
		got := strings.Join(append([]string{path}, args...), " ")
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%s %s: %s, %v; want %s", c.r.Asked, c.handler, got, err, c.want)
		}
	}
}

func TestMountsShowAnInterpreterAndNoHome(t *testing.T) {
	f := newFakeHost(t)
	dir := func(name string) string {
		full := filepath.Join(f.root, name)
		if err := os.MkdirAll(full, 0o755); err != nil {
			t.Fatal(err)
		}
		return full
	}
	home := dir("home")
	f.home = home
	for _, name := range []string{"home/.pyenv/versions/3.12/bin", "home/.pyenv/versions/3.12/lib", "home/bin", "home/lib/python3.12", "home/.local/bin", "home/.local/lib/python3.12", "home/project/.venv/lib/python3.12/site-packages"} {
		dir(name)
	}
	cases := map[string]struct {
		executable, prefix string
		named              []string
		want               []string
	}{
		"the system's":          {"/usr/bin/python3", "/usr", []string{"/usr/lib", "/usr/lib/python3/dist-packages"}, nil},
		"a version's own":       {"home/.pyenv/versions/3.12/bin/python3.12", "home/.pyenv/versions/3.12", []string{"home/.pyenv/versions/3.12/lib"}, []string{"home/.pyenv/versions/3.12"}},
		"installed in the home": {"home/bin/python3.12", "home", []string{"home/lib/python3.12", "home/not/there"}, []string{"home/bin", "home/lib/python3.12"}},
		"installed in .local":   {"home/.local/bin/python3.12", "home/.local", []string{"home/.local/lib/python3.12"}, []string{"home/.local/bin", "home/.local/lib/python3.12"}},
		"modules of a venv":     {"/usr/bin/python3", "/usr", []string{"home/project/.venv/lib/python3.12/site-packages"}, []string{"home/project/.venv/lib/python3.12/site-packages"}},
		"a home as a library":   {"/usr/bin/python3", "/usr", []string{"home", "", "/"}, nil},
	}
	full := func(name string) string {
		if name == "" || name[0] == '/' {
			return name
		}
		return filepath.Join(f.root, name)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var named, want []string
			for _, n := range c.named {
				named = append(named, full(n))
			}
			for _, w := range c.want {
				want = append(want, full(w))
			}
			got := f.mounts(answer{Executable: full(c.executable), Prefix: full(c.prefix)}, named)
			if !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestLoopsAreWrittenReadOnlyAndCompiled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runtime")
	s := New(false)
	for range 2 { // the second time over what is there
		if err := s.WriteLoops(dir); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 4 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode() != 0o444 {
			t.Errorf("%s is %v, %v", f.Name(), info.Mode(), err)
		}
	}
	real(t, "python3.8")
	if _, err := s.Resolve("python3.8"); err != nil {
		t.Fatal(err)
	}
	compiled, err := filepath.Glob(dir + "/__pycache__/*.pyc")
	if err != nil || len(compiled) != len(pythonFiles()) {
		t.Errorf("compiled: %q, %v", compiled, err)
	}
	for _, path := range compiled {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o044 != 0o044 {
			t.Errorf("%s: %v, %v: functions run as another user", path, info.Mode(), err)
		}
	}
}

// The machine's own interpreters are what they say, and their own folders are
// mounted, not the home they are in.
func TestResolveOnThisMachine(t *testing.T) {
	home, _ := os.UserHomeDir()
	for _, name := range []string{"python3.8", "nodejs18.x"} {
		r := real(t, name)
		target, err := filepath.EvalSymlinks(r.Interpreter)
		if err != nil || target != r.Interpreter {
			t.Errorf("%s is a link to %s, %v", r.Interpreter, target, err)
		}
		if start, err := os.ReadFile(r.Interpreter); err != nil || strings.HasPrefix(string(start), "#!") {
			t.Errorf("%s is a script, %v", r.Interpreter, err)
		}
		for _, m := range r.Mounts {
			if home != "" && within(home, m) {
				t.Errorf("%s is mounted: it holds the home %s", m, home)
			}
		}
	}
}

// A virtual environment gives its modules; what runs is the Python it was made from.
func TestResolveSeesThroughAVirtualEnvironment(t *testing.T) {
	r := real(t, "python3.8")
	f := newFakeHost(t, "venv/bin")
	venv := filepath.Join(f.root, "venv")
	if out, err := exec.Command(r.Interpreter, "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	modules, err := filepath.Glob(venv + "/lib/python3.*/site-packages")
	if err != nil || len(modules) != 1 {
		t.Fatalf("%q, %v", modules, err)
	}
	if err := os.WriteFile(filepath.Join(modules[0], "only_in_venv.py"), []byte("answer = 42\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	minor := strings.Split(r.Version, ".")[1]
	got, err := newSet(true, f.host).Resolve("python3." + minor)
	if err != nil || got.Interpreter != r.Interpreter || got.Version != r.Version || !slices.Contains(got.Mounts, modules[0]) || slices.Contains(got.Mounts, venv) {
		t.Fatalf("%+v, %v; want %s with %s", got, err, r.Interpreter, modules[0])
	}
	source := "import only_in_venv\ndef handler(event, context):\n    return only_in_venv.answer\n"
	play{runtime: got, files: map[string]string{"main.py": source}, events: jsonEvents("{}")}.run(t).same(t, response(0, "42"))
}
