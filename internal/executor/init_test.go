package executor

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

func TestAnInitThatFailsIsTriedAgainInTheInvoke(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("broken", "print('starting')\nimport no_such_module\n")
		r := w.fails(f, "{}", "no_such_module", "Runtime.ImportModuleError")
		kind := `Error Type: Runtime\.ImportModuleError`
		want := regexp.MustCompile(`(?s)^starting\n.*INIT_REPORT Init Duration: [0-9.]+ ms\tPhase: init\tStatus: error\t` + kind +
			`\nstarting\n.*INIT_REPORT Init Duration: [0-9.]+ ms\tPhase: invoke\tStatus: error\t` + kind +
			`\nSTART RequestId: .*\nEND .*\nREPORT .*\tStatus: error\t` + kind + `\n$`)
		if !want.Match(r.Tail) {
			t.Errorf("got\n%s", r.Tail)
		}
		// And again in the next one, in the same environment.
		if again := w.fails(f, "{}", "no_such_module"); again.EnvironmentID != r.EnvironmentID || strings.Count(string(again.Tail), "starting") != 1 {
			t.Errorf("the next invoke: %s", again.Tail)
		}
	})
}

func TestAProcessThatEndsInInit(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("ends", "os._exit(7)\n")
		r := w.fails(f, "{}", `"errorType":"Runtime.ExitError"`, `Error: Runtime exited with error: exit status 7"}`)
		if strings.Count(string(r.Tail), "INIT_REPORT") != 2 || !strings.Contains(string(r.Tail), "Phase: init\tStatus: error\tError Type: Runtime.ExitError\n") {
			t.Errorf("got\n%s", r.Tail)
		}
	})
}

// TestAnInitErrorNeedsNoExit: a runtime that reports an init error and stays is
// ended.
func TestAnInitErrorNeedsNoExit(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("reports", `
status, body, _ = call("POST", "init/error", '{"errorMessage":"mine","errorType":"X"}', {"Lambda-Runtime-Function-Error-Type": "Runtime.Mine"})
print(status, body)
time.sleep(60)
`)
		r := w.fails(f, "{}", `{"errorMessage":"mine","errorType":"X"}`)
		if !strings.Contains(string(r.Tail), "202 {\"status\":\"OK\"}") || !strings.Contains(string(r.Tail), "Error Type: Runtime.Mine\n") {
			t.Errorf("got\n%s", r.Tail)
		}
	})
}

func TestAnInitAboveItsTimeRunsAgainUnderTheFunctionsTimeout(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		if w.x.initTime != limits.InitTime || limits.InitTime != 10*time.Second {
			t.Errorf("the init phase is %v", w.x.initTime)
		}
		w.x.initTime = time.Second
		f := w.script("slow", `
print("starting")
time.sleep(2)
while True:
    id, body = next()
    respond(id, body)
`)
		f.Timeout = 30 * time.Second
		start := time.Now()
		r := w.answers(f, "1", "1")
		if took := time.Since(start); took < 3*time.Second {
			t.Errorf("it took %v", took)
		}
		tail := string(r.Tail)
		if strings.Count(tail, "starting\n") != 2 || !regexp.MustCompile(`INIT_REPORT Init Duration: 1\d{3}\.\d\d ms\tPhase: init\tStatus: timeout\n`).MatchString(tail) || strings.Contains(tail, "\tInit Duration") {
			t.Errorf("got\n%s", tail)
		}
	})
}

func TestAnInitAboveTheTimeoutIsATimeout(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("never", `
path = os.environ.get("TMPDIR", "/tmp") + "/seen"
if not os.path.exists(path):
    open(path, "w").close()
    os._exit(1)
time.sleep(60)
`)
		f.Timeout = time.Second
		r := w.fails(f, "1", `"errorType":"Sandbox.Timedout"`, `Error: Task timed out after 1.00 seconds"}`)
		if tail := string(r.Tail); !strings.Contains(tail, "Phase: invoke\tStatus: timeout\nSTART ") || !strings.HasSuffix(tail, "\tStatus: timeout\n") {
			t.Errorf("got\n%s", tail)
		}
	})
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		missing := w.function("missing", w.codeDir())
		w.fails(missing, "{}", `"errorType":"Runtime.InvalidEntrypoint"`, `Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}`)
		garbage := w.function("garbage", w.codeDir())
		w.write(garbage.CodeDir, "bootstrap", "\x00\x01 not a program")
		w.fails(garbage, "{}", `"errorType":"Runtime.InvalidEntrypoint"`, "bootstrap: exec format error")
	})
}
