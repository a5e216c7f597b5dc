package executor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
)

// world is an executor and the functions a test made.
type world struct {
	testing.TB
	x    *Executor
	made atomic.Int64

	mu    sync.Mutex
	lines []string
}

// modes are the ways functions can run on this machine. Every rule of Lambda
// holds in each of them.
func modes(t *testing.T, test func(t *testing.T, w *world)) {
	for _, bare := range []bool{false, true} {
		name := Sandboxed
		if bare {
			name = Bare
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Config{Bare: bare})
			if s := w.x.Status(); s.Mode != name {
				t.Skipf("no sandbox on this machine: %s", s.Reason)
			}
			test(t, w)
		})
	}
}

// newWorld starts an executor, and sees to it at the end that nothing is left.
func newWorld(t testing.TB, c Config) *world {
	t.Helper()
	return newWorldIn(t, filepath.Join(t.TempDir(), "environments"), c)
}

func newWorldIn(t testing.TB, dir string, c Config) *world {
	t.Helper()
	w := &world{TB: t}
	c.Dir = dir
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	c.Bug = &bug.Reporter{Panic: true}
	var err error
	if w.x, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.x.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if _, err := os.Stat(c.Dir); !os.IsNotExist(err) {
			t.Errorf("Close left %s: %v", c.Dir, err)
		}
	})
	return w
}

// sandboxed is newWorld for tests of the sandbox itself.
func sandboxed(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, Config{})
	if s := w.x.Status(); s.Mode != Sandboxed {
		t.Skipf("no sandbox on this machine: %s", s.Reason)
	}
	return w
}

// codeDir makes a directory that any user can read.
func (w *world) codeDir() string {
	w.Helper()
	dir := filepath.Join(w.TempDir(), fmt.Sprint("code-", w.made.Add(1)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.Fatal(err)
	}
	return dir
}

func (w *world) write(dir, name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		w.Fatal(err)
	}
}

// function describes a function whose code is in dir.
func (w *world) function(name, dir string) *Function {
	return &Function{
		Key: name, Name: name, Version: "$LATEST", Account: "111111111111", Region: "us-east-1",
		ARN:     "arn:aws:lambda:us-east-1:111111111111:function:" + name,
		Runtime: "provided.al2023", Handler: "main.handler", Architecture: "x86_64",
		MemoryMB: 128, EphemeralMB: 512, Timeout: 10 * time.Second, CodeDir: dir, LogGroup: "/aws/lambda/" + name,
		Credentials: func(context.Context) (Credentials, error) {
			return Credentials{AccessKeyID: "ASIA" + name, SecretAccessKey: "secret-of-" + name, SessionToken: "token-of-" + name, Expires: time.Now().Add(time.Hour)}, nil
		},
		Logs: func(_ *Environment, events []LogEvent) {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, e := range events {
				w.lines = append(w.lines, e.Message)
			}
		},
	}
}

// python makes a function of one file, main.py.
func (w *world) python(name, source string) *Function {
	w.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		w.Skip("python3 is not installed on this machine")
	}
	dir := w.codeDir()
	w.write(dir, "main.py", source)
	f := w.function(name, dir)
	f.Runtime = "python3.9" // any newer one stands in
	return f
}

// node makes a function of one file: main.js, or main.mjs.
func (w *world) node(name, file, source string) *Function {
	w.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("SALLYPORT_REQUIRE_CLIENTS") != "" {
			w.Fatalf("SALLYPORT_REQUIRE_CLIENTS is set: %v", err)
		}
		w.Skip("node is not installed on this machine")
	}
	dir := w.codeDir()
	w.write(dir, file, source)
	f := w.function(name, dir)
	f.Runtime = "nodejs18.x"
	return f
}

// script makes a function whose bootstrap is a Python program that speaks the
// Runtime API itself: call(method, path, body, headers) is given.
func (w *world) script(name, source string) *Function {
	w.Helper()
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		w.Skip("/usr/bin/python3 is not installed on this machine")
	}
	dir := w.codeDir()
	w.write(dir, "bootstrap", "#!"+python+" -u\n"+`
import http.client, os, sys, time
def call(method, path, body=None, headers={}):
    c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    c.request(method, "/2018-06-01/runtime/" + path, body, headers)
    r = c.getresponse()
    return r.status, r.read().decode(), r.headers
def next():
    status, body, headers = call("GET", "invocation/next")
    assert status == 200, status
    return headers["Lambda-Runtime-Aws-Request-Id"], body
def print(*words):
    # In one piece: the end of an invoke cuts an unfinished line.
    os.write(1, (" ".join(str(w) for w in words) + "\n").encode())
def respond(id, body, headers={}):
    return call("POST", "invocation/" + id + "/response", body, headers)[0]
`+source)
	return w.function(name, dir)
}

// builds are the test programs, each built once.
var builds sync.Map

// binary makes a function of a Go program in testdata.
func (w *world) binary(name, program string) *Function {
	w.Helper()
	dir := w.codeDir()
	w.write(dir, "bootstrap", w.build(program))
	return w.function(name, dir)
}

// build is a Go program in testdata.
func (w *world) build(program string) string {
	w.Helper()
	build, _ := builds.LoadOrStore(program, sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "sallyport-test-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "bootstrap"), "./testdata/"+program)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build: %w\n%s", err, out)
		}
		return os.ReadFile(filepath.Join(dir, "bootstrap"))
	}))
	raw, err := build.(func() ([]byte, error))()
	if err != nil {
		w.Fatal(err)
	}
	return string(raw)
}

func (w *world) invoke(f *Function, payload string) (*Result, error) {
	return w.x.Invoke(context.Background(), f, &Invocation{RequestID: fmt.Sprint("request-", w.made.Add(1)), Payload: []byte(payload), InvokedARN: f.ARN, Tail: true})
}

// must is invoke of what runs.
func (w *world) must(f *Function, payload string) *Result {
	w.Helper()
	r, err := w.invoke(f, payload)
	if err != nil {
		w.Fatalf("%s: %v", f.Name, err)
	}
	return r
}

// answers wants a result without an error.
func (w *world) answers(f *Function, payload, want string) *Result {
	w.Helper()
	r := w.must(f, payload)
	if r.FunctionError != "" || string(r.Payload) != want {
		w.Errorf("%s answered %q %s\n%s\nwant %s", f.Name, r.FunctionError, r.Payload, r.Tail, want)
	}
	return r
}

// fails wants a function error with these parts.
func (w *world) fails(f *Function, payload string, parts ...string) *Result {
	w.Helper()
	r := w.must(f, payload)
	for _, p := range parts {
		if r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), p) {
			w.Errorf("%s answered %q %s\n%s\nwant a failure with %s", f.Name, r.FunctionError, r.Payload, r.Tail, p)
		}
	}
	return r
}

// log is everything the functions logged until now.
func (w *world) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "")
}

// eventually waits for something that happens beside the test.
func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.Fatalf("it never came true that %s", what)
}
