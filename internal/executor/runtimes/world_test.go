package runtimes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// event is what the fake Runtime API hands out.
type event struct {
	body    string
	headers map[string]string
	// deadline is how long the function has; 30 s when zero.
	deadline time.Duration
}

// said is what a loop posted.
type said struct {
	// what is "response", "error" or "init".
	what, id, kind, body string
	// streamed is the content type of a streamed response; failure what the trailer
	// says of its failure.
	streamed, failure string
}

// story is one process from its start to its end.
type story struct {
	said []said
	// log is all it printed.
	log string
	// exit is its status; -1 when a signal ended it, ours after the last event too.
	exit int
}

// fakeAPI serves the Runtime API to one process.
type fakeAPI struct {
	t      testing.TB
	events []event
	handed int
	said   chan said
	// asked is told each time the loop asks for an event.
	asked chan int
	// status is answered to posts; 202 when zero.
	status int
}

func requestID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("the loop's request: %v", err)
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/")
	if !ok {
		f.t.Errorf("the loop asked for %s", r.URL.Path)
	}
	if rest == "invocation/next" && r.Method == "GET" {
		f.next(w, r)
		return
	}
	s := said{kind: r.Header.Get("Lambda-Runtime-Function-Error-Type"), body: string(body)}
	if r.Header.Get("Lambda-Runtime-Function-Response-Mode") == "streaming" {
		// Trailers are there once the body was read.
		s.kind = r.Trailer.Get("Lambda-Runtime-Function-Error-Type")
		s.streamed, s.failure = r.Header.Get("Content-Type"), r.Trailer.Get("Lambda-Runtime-Function-Error-Body")
	}
	if rest == "init/error" {
		s.what = "init"
	} else {
		parts := strings.Split(rest, "/")
		if len(parts) != 3 || parts[0] != "invocation" || r.Method != "POST" {
			f.t.Errorf("the loop asked for %s %s", r.Method, r.URL.Path)
			return
		}
		s.id, s.what = parts[1], parts[2]
	}
	if f.status == 0 {
		f.status = http.StatusAccepted
	}
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
	f.said <- s
}

func (f *fakeAPI) next(w http.ResponseWriter, r *http.Request) {
	i := f.handed
	f.handed++
	f.asked <- i
	if i >= len(f.events) {
		<-r.Context().Done()
		return
	}
	e := f.events[i]
	if e.deadline == 0 {
		e.deadline = 30 * time.Second
	}
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", requestID(i))
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(e.deadline).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:f:live")
	for name, value := range e.headers {
		h.Set(name, value)
	}
	h.Set("Content-Length", strconv.Itoa(len(e.body)))
	_, _ = io.WriteString(w, e.body)
}

// play is one function to be run.
type play struct {
	runtime Runtime
	// files are the function's code; "handler" the default of handler.
	files   map[string]string
	handler string
	env     []string
	events  []event
	// status is what the Runtime API answers to posts; 202 when zero.
	status int
}

func jsonEvents(bodies ...string) []event {
	var all []event
	for _, b := range bodies {
		all = append(all, event{body: b})
	}
	return all
}

// run starts the function's process, feeds it the events and tells what came of it.
func (p play) run(t testing.TB) story {
	t.Helper()
	task := writeCode(t, p.files)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := &fakeAPI{t: t, events: p.events, said: make(chan said, 100), asked: make(chan int, 100), status: p.status}
	server := &http.Server{Handler: api}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var log bytes.Buffer
	cmd := p.command(t, ctx, task, l.Addr().String())
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	s := story{exit: -1}
	ended := false
	for done := false; !done; {
		select {
		case what := <-api.said:
			s.said = append(s.said, what)
		case i := <-api.asked:
			done = i == len(p.events)
		case <-exited:
			done, ended = true, true
			s.exit = cmd.ProcessState.ExitCode()
		}
	}
	if !ended {
		_ = cmd.Process.Kill()
		<-exited
	}
	for more := true; more; {
		select {
		case what := <-api.said:
			s.said = append(s.said, what)
		default:
			more = false
		}
	}
	if ctx.Err() != nil {
		t.Errorf("the process hung; it said %+v and printed\n%s", s.said, log.String())
	}
	s.log = log.String()
	return s
}

func (p play) command(t testing.TB, ctx context.Context, task, api string) *exec.Cmd {
	t.Helper()
	handler := p.handler
	if handler == "" {
		handler = "main.handler"
	}
	path, args, err := p.runtime.Command(handler, loopDir(t), task, "")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = task
	cmd.Env = append([]string{
		"PATH=/usr/bin:/bin", "LANG=en_US.UTF-8", "TZ=:UTC", "PYTHONPATH=" + loopDir(t), "NODE_PATH=" + loopDir(t) + "/node_modules",
		"AWS_LAMBDA_RUNTIME_API=" + api, "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_VERSION=7", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME=2026/01/02/[7]abc", "LAMBDA_TASK_ROOT=" + task,
		"AWS_EXECUTION_ENV=AWS_Lambda_" + p.runtime.Asked,
	}, p.env...)
	return cmd
}

func writeCode(t testing.TB, files map[string]string) string {
	t.Helper()
	task, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(task, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return task
}

// TestMain makes the machine's interpreters known once, with loops compiled.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "runtimes-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	machine.dir = filepath.Join(dir, "loops")
	machine.set = New(false)
	if err := machine.set.WriteLoops(machine.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// machine is what this machine has.
var machine struct {
	set *Set
	dir string
}

func loopDir(testing.TB) string { return machine.dir }

// real gives an interpreter of this machine.
func real(t testing.TB, name string) Runtime {
	t.Helper()
	r, err := machine.set.Resolve(name)
	if err != nil {
		if os.Getenv("SALLYPORT_REQUIRE_CLIENTS") != "" {
			t.Fatalf("SALLYPORT_REQUIRE_CLIENTS is set: %v", err)
		}
		t.Skipf("nothing to run: %v", err)
	}
	return r
}

// everyPython gives each release of Python that is here, under its own name.
func everyPython(t *testing.T, test func(t *testing.T, r Runtime)) {
	some := false
	for release := oldestPython; release < 20; release++ {
		r, err := machine.set.Resolve("python3." + strconv.Itoa(release))
		if err != nil || !r.Exact {
			continue
		}
		some = true
		t.Run(r.Asked, func(t *testing.T) { test(t, r) })
	}
	if !some {
		real(t, "python3.8")
	}
}

// same compares posts without their log.
func (s story) same(t testing.TB, want ...said) {
	t.Helper()
	if !slices.Equal(s.said, want) {
		t.Errorf("the function said\n%s\nwant\n%s\nits log:\n%s", lines(s.said), lines(want), s.log)
	}
}

func lines(all []said) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "  %s %s %s %s\n", s.what, s.id, s.kind, s.body)
	}
	return b.String()
}

func response(i int, body string) said { return said{what: "response", id: requestID(i), body: body} }
