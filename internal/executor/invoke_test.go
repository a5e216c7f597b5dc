package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

const echo = "def handler(event, context):\n    return event\n"

func TestFunctionsAnswer(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		for _, f := range []*Function{w.python("python", echo), w.binary("go", "bootstrap")} {
			if r := w.answers(f, `{"a": 1}`, `{"a": 1}`); !r.Cold {
				t.Errorf("%s: the first invoke is a cold start", f.Name)
			}
			if r := w.answers(f, `[]`, `[]`); r.Cold {
				t.Errorf("%s: the second invoke is warm", f.Name)
			}
		}
		w.answers(w.binary("go-chunked", "bootstrap"), `"chunked"`, `"chunked"`)
	})
}

func TestNodeRunsInItsSmallestMemory(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.node("node", "main.mjs", "export const handler = async (event, context) => { console.log('ran', context.awsRequestId); return event }\n")
		r := w.answers(f, `{"a":1}`, `{"a":1}`)
		if !strings.Contains(string(r.Tail), "ran") {
			t.Errorf("tail %s", r.Tail)
		}
		w.answers(f, `2`, `2`)
	})
}

func TestTheRuntimeIsToldWhatAWSTells(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("told", `
import json
while True:
    status, body, headers = call("GET", "invocation/next")
    names = ["Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Trace-Id", "Lambda-Runtime-Client-Context"]
    respond(headers["Lambda-Runtime-Aws-Request-Id"], json.dumps([body, headers["Lambda-Runtime-Aws-Request-Id"]] + [headers[n] for n in names]))
`)
		before := time.Now()
		r, err := w.x.Invoke(context.Background(), f, &Invocation{
			RequestID: "the-id", Payload: []byte(`{}`), InvokedARN: f.ARN + ":live", TraceID: "Root=1-5;Sampled=0", ClientContext: "{\n\"custom\":{}}",
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := json.Unmarshal(r.Payload, &got); err != nil || len(got) != 6 {
			t.Fatalf("%s: %v", r.Payload, err)
		}
		var deadline int64
		fmt.Sscan(got[2], &deadline)
		if left := time.UnixMilli(deadline).Sub(before); left < f.Timeout || left > f.Timeout+20*time.Second {
			t.Errorf("the deadline is %v after the invoke", left)
		}
		got[2] = ""
		want := []string{"{}", "the-id", "", f.ARN + ":live", "Root=1-5;Sampled=0", `{ "custom":{}}`}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	})
}

func TestTheEnvironmentIsLambdas(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("variables", `
import json
while True:
    id, body = next()
    respond(id, json.dumps(dict(os.environ)))
`)
		f.Variables = map[string]string{"MINE": "yes", "TZ": "Europe/Paris", "AWS_REGION": "no"}
		r := w.must(f, "{}")
		var got map[string]string
		if err := json.Unmarshal(r.Payload, &got); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"MINE": "yes", "TZ": "Europe/Paris", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "_HANDLER": "main.handler",
			"AWS_LAMBDA_FUNCTION_NAME": "variables", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
			"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/variables", "AWS_ACCESS_KEY_ID": "ASIAvariables", "AWS_SECRET_ACCESS_KEY": "secret-of-variables",
			"AWS_SESSION_TOKEN": "token-of-variables", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "LANG": "en_US.UTF-8",
			"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
		} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
		stream := regexp.MustCompile(`^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`)
		if !stream.MatchString(got["AWS_LAMBDA_LOG_STREAM_NAME"]) {
			t.Errorf("log stream %q", got["AWS_LAMBDA_LOG_STREAM_NAME"])
		}
		if _, set := got["AWS_EXECUTION_ENV"]; set {
			t.Error("custom runtimes get no AWS_EXECUTION_ENV")
		}
		if _, set := got["HOME"]; set {
			t.Error("the server's environment reached the function")
		}
	})
}

func TestLogsAreAWSs(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("logs", "import os\nprint('at init')\ndef handler(event, context):\n    print('one\\ntwo')\n    os.write(2, b'no line end')\n    return 1\n")
		w.answers(f, "{}", "1")
		w.answers(f, "{}", "1")
		ms := `\d+\.\d\d ms`
		run := func(init string) string {
			return `START RequestId: request-\d Version: \$LATEST\none\ntwo\nno line end` + `END RequestId: request-\d\n` +
				`REPORT RequestId: request-\d\tDuration: ` + ms + `\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t` + init + `\n`
		}
		want := regexp.MustCompile(`^INIT_START Runtime Version: python:3\.[0-9.]+[^\t]*\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}[^\n]*\nat init\n` +
			run(`Init Duration: `+ms+`\t`) + run("") + `$`)
		w.eventually("the log is complete", func() bool { return strings.Count(w.log(), "REPORT") == 2 })
		if got := w.log(); !want.MatchString(got) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestTailIsTheEndOfTheInvokesLog(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("tail", "def handler(n, context):\n    for i in range(n):\n        print('line', i)\n")
		tail := string(w.answers(f, "1", "null").Tail)
		if !strings.HasPrefix(tail, "START RequestId: ") || !strings.Contains(tail, "\nline 0\nEND ") || !strings.Contains(tail, "\nREPORT ") || !strings.HasSuffix(tail, "\n") {
			t.Errorf("tail %q", tail)
		}
		tail = string(w.answers(f, "5000", "null").Tail)
		if len(tail) != limits.LogTail || !strings.Contains(tail, "\nline 4999\nEND ") {
			t.Errorf("a tail of %d bytes: %q", len(tail), tail)
		}
		r, err := w.x.Invoke(context.Background(), f, &Invocation{RequestID: "untailed", Payload: []byte("1")})
		if err != nil || r.Tail != nil {
			t.Errorf("without LogType=Tail: %q, %v", r.Tail, err)
		}
	})
}

// TestAFloodOfOutputIsTakenInOrder prints more than fits in any buffer here,
// with a line that never ends.
func TestAFloodOfOutputIsTakenInOrder(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("flood", "import sys\ndef handler(n, context):\n    for i in range(n):\n        sys.stdout.write('%06d %s\\n' % (i, 'x' * 1000))\n    sys.stdout.write('y' * 1000000)\n    sys.stdout.flush()\n    return n\n")
		w.answers(f, "3000", "3000")
		got := w.log()
		at := 0
		for i := range 3000 {
			next := strings.Index(got[at:], fmt.Sprintf("%06d x", i))
			if next < 0 {
				t.Fatalf("line %d is missing or out of order", i)
			}
			at += next
		}
		if n := strings.Count(got, "y"); n < 1_000_000 {
			t.Errorf("%d of the long line's 1000000 characters", n)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, l := range w.lines {
			if len(l) > limits.LogLine+16<<10 {
				t.Errorf("an event of %d bytes", len(l))
			}
		}
	})
}

func TestErrorsOfTheFunctionAreResults(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("raises", "def handler(event, context):\n    raise ValueError('no luck')\n")
		r := w.fails(f, "{}", "no luck", "ValueError")
		if strings.Contains(string(r.Tail), "Status:") {
			t.Errorf("an error that the runtime reported is not the platform's: %s", r.Tail)
		}
		if r = w.must(f, "{}"); r.Cold {
			t.Error("an environment whose function raised stays")
		}
	})
}

func TestTimeout(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("slow", "import time\nstarts = open('/tmp/%d-starts' % __import__('os').getppid(), 'a') if False else None\ncalls = 0\ndef handler(event, context):\n    global calls\n    calls += 1\n    if event == 'sleep':\n        time.sleep(60)\n    return calls\n")
		f.Timeout = time.Second
		w.answers(f, "1", "1")
		w.answers(f, "1", "2")
		start := time.Now()
		r := w.must(f, `"sleep"`)
		if took := time.Since(start); took < f.Timeout || took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		id := strings.TrimSuffix(strings.SplitN(string(r.Payload), "RequestId: ", 2)[1], ` Error: Task timed out after 1.00 seconds"}`)
		if want := `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + id + ` Error: Task timed out after 1.00 seconds"}`; string(r.Payload) != want || r.FunctionError != "Unhandled" {
			t.Errorf("got %q %s", r.FunctionError, r.Payload)
		}
		if !regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z `+id+` Task timed out after 1\.00 seconds\n\nEND`).Match(r.Tail) ||
			!strings.Contains(string(r.Tail), "\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\t") || !strings.HasSuffix(string(r.Tail), "\tStatus: timeout\n") {
			t.Errorf("tail %q", r.Tail)
		}
		// The environment was reset: memory is gone.
		if r := w.answers(f, "1", "1"); r.Cold || strings.Contains(string(r.Tail), "Init Duration") {
			t.Errorf("after a timeout init runs inside the invoke: cold %v, %s", r.Cold, r.Tail)
		}
	})
}

func TestTempSurvivesAResetAndMemoryDoesNot(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("reset", `
import os, tempfile
memory = []
path = os.path.join(tempfile.gettempdir(), "kept")
def handler(event, context):
    if event == "exit":
        open(path, "a").write("x")
        memory.append(1)
        os._exit(3)
    return [len(memory), os.path.exists(path) and open(path).read()]
`)
		w.answers(f, "1", "[0, false]")
		r := w.fails(f, `"exit"`, `"errorType":"Runtime.ExitError"`, `Error: Runtime exited with error: exit status 3"}`)
		if !strings.Contains(string(r.Tail), "Error: Runtime exited with error: exit status 3\nRuntime.ExitError\nEND ") || !strings.HasSuffix(string(r.Tail), "\tStatus: error\tError Type: Runtime.ExitError\n") {
			t.Errorf("tail %q", r.Tail)
		}
		w.answers(f, "1", `[0, "x"]`)
		w.fails(f, `"exit"`, "exit status 3")
		w.answers(f, "1", `[0, "xx"]`)
	})
}

func TestHowARuntimeEndsIsTold(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("ends", "import os, sys, signal\ndef handler(event, context):\n    if event == 'zero':\n        os._exit(0)\n    os.kill(os.getpid(), getattr(signal, event))\n")
		w.fails(f, `"zero"`, `Error: Runtime exited without providing a reason"}`)
		w.fails(f, `"SIGKILL"`, `"errorType":"Runtime.ExitError"`, `Error: Runtime exited with error: signal: killed"}`)
		w.fails(f, `"SIGSEGV"`, `Error: Runtime exited with error: signal: segmentation fault`)
		w.fails(f, `"SIGTERM"`, `Error: Runtime exited with error: signal: terminated`)
	})
}

// TestAnAnswerBeforeTheExitCounts: the process answers and ends at once.
func TestAnAnswerBeforeTheExitCounts(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("last-words", "id, body = next()\nrespond(id, body)\nos._exit(1)\n")
		for i := range 5 {
			r := w.must(f, fmt.Sprint(i))
			if string(r.Payload) != fmt.Sprint(i) {
				t.Errorf("invoke %d: %s\n%s", i, r.Payload, r.Tail)
			}
		}
	})
}

func TestConcurrentInvokesGetEnvironmentsOfTheirOwn(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("busy", "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return event\n")
		ids := make([]string, 4)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				r, err := w.invoke(f, fmt.Sprint(i))
				if err != nil || string(r.Payload) != fmt.Sprint(i) {
					t.Errorf("invoke %d: %v %+v", i, err, r)
					return
				}
				ids[i] = r.EnvironmentID
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for _, id := range ids {
			seen[id] = true
		}
		if len(seen) != len(ids) {
			t.Errorf("%d invokes at once in %d environments", len(ids), len(seen))
		}
		if r := w.must(f, "1"); !seen[r.EnvironmentID] {
			t.Error("an idle environment is used again")
		}
	})
}

func TestRetireEndsEnvironments(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("retired", "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n")
		first := w.answers(f, "0", "0").EnvironmentID
		w.x.Retire(f.Key)
		second := w.answers(f, "0", "0").EnvironmentID
		if first == second {
			t.Error("an idle environment was used after Retire")
		}
		done := make(chan *Result)
		go func() { done <- w.must(f, "1") }()
		w.eventually("the invoke runs", func() bool { return w.x.Status().Idle == 0 })
		w.x.Retire(f.Key)
		if r := <-done; string(r.Payload) != "1" {
			t.Errorf("Retire ended a running invoke: %s", r.Payload)
		}
		w.eventually("the environment is gone", func() bool { return w.x.Status().Environments == 0 })
	})
}

func TestEnvironmentsAreBounded(t *testing.T) {
	w := newWorld(t, Config{MaxEnvironments: 2})
	slow := w.python("slow", "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n")
	other := w.python("other", echo)
	w.answers(slow, "0", "0")
	w.answers(other, "1", "1")
	third := w.python("third", echo)
	w.answers(third, "3", "3") // an idle one made room
	if n := w.x.Status().Environments; n != 2 {
		t.Errorf("%d environments, want 2", n)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { w.must(slow, "2") })
	}
	w.eventually("both are busy", func() bool { s := w.x.Status(); return s.Environments == 2 && s.Idle == 0 })
	if _, err := w.invoke(other, "1"); !errors.Is(err, ErrTooManyEnvironments) {
		t.Errorf("a third one at once: %v", err)
	}
	wg.Wait()
	w.answers(other, "1", "1")
}

func TestCredentials(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("creds", "import os\ndef handler(event, context):\n    return os.environ['AWS_ACCESS_KEY_ID']\n")
		refusal := errors.New("the role cannot be assumed")
		f.Credentials = func(context.Context) (Credentials, error) { return Credentials{}, refusal }
		_, err := w.invoke(f, "{}")
		var e *CredentialsError
		if !errors.As(err, &e) || !errors.Is(err, refusal) {
			t.Errorf("got %v", err)
		}
		if n := w.x.Status().Environments; n != 0 {
			t.Errorf("%d environments after a refusal", n)
		}
		made := 0
		f.Credentials = func(context.Context) (Credentials, error) {
			made++
			return Credentials{AccessKeyID: fmt.Sprint("key-", made), Expires: time.Now().Add(f.Timeout - time.Second)}, nil
		}
		w.answers(f, "{}", `"key-1"`)
		// They would end before a long invoke does: a new environment is made.
		w.answers(f, "{}", `"key-2"`)
	})
}

func TestARuntimeThatIsMissingIsNamed(t *testing.T) {
	w := newWorld(t, Config{})
	f := w.function("old", w.codeDir())
	f.Runtime = "dotnetcore1.0"
	_, err := w.invoke(f, "{}")
	var missing *RuntimeMissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "dotnetcore1.0") {
		t.Errorf("got %v", err)
	}
}

func TestCancelEndsTheFunction(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("forever", "import time\ndef handler(event, context):\n    time.sleep(60)\n")
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(500*time.Millisecond, cancel)
		_, err := w.x.Invoke(ctx, f, &Invocation{RequestID: "r", Payload: []byte("{}")})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCloseEndsRunningInvokes(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("forever", "import time\ndef handler(event, context):\n    time.sleep(60)\n")
		time.AfterFunc(500*time.Millisecond, func() { w.x.Close() })
		if _, err := w.invoke(f, "{}"); !errors.Is(err, ErrClosed) {
			t.Errorf("a running invoke: %v", err)
		}
		if _, err := w.invoke(f, "{}"); !errors.Is(err, ErrClosed) {
			t.Errorf("a later invoke: %v", err)
		}
		if err := w.x.Close(); err != nil {
			t.Errorf("Close twice: %v", err)
		}
	})
}

// TestCloseDoesNotWaitForWhatEscaped: a bare process can leave its group and
// keep its output open.
func TestCloseDoesNotWaitForWhatEscaped(t *testing.T) {
	w := newWorld(t, Config{Bare: true})
	f := w.python("escapes", "import os, time\ndef handler(event, context):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(8)\n        os._exit(0)\n    return 1\n")
	w.answers(f, "1", "1")
	start := time.Now()
	if err := w.x.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestTheCodeMayBeGone(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("gone", echo)
		if err := os.RemoveAll(f.CodeDir); err != nil {
			t.Fatal(err)
		}
		r, err := w.invoke(f, "{}")
		if err == nil && r.FunctionError == "" {
			t.Errorf("it ran: %s", r.Payload)
		}
	})
}
