package runtimes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPythonAnswersEvents(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		beyond := `"ü"`
		if map[string]bool{"python3.8": true, "python3.9": true, "python3.10": true, "python3.11": true}[r.Asked] {
			beyond = `"\u00fc"`
		}
		s := play{
			runtime: r, files: map[string]string{"main.py": "def handler(event, context):\n    return event\n"},
			events: jsonEvents(`{"a": [1, 2.5, null, true, "x"], "b": {}, "c": -1e3}`, ` "spaces" `, `null`, `"ü"`, `12345678901234567890123`),
		}.run(t)
		s.same(t, response(0, `{"a": [1, 2.5, null, true, "x"], "b": {}, "c": -1000.0}`), response(1, `"spaces"`), response(2, `null`), response(3, beyond), response(4, `12345678901234567890123`))
	})
}

// pythonError is the JSON of an error.
type pythonError struct {
	ErrorMessage string   `json:"errorMessage"`
	ErrorType    string   `json:"errorType"`
	RequestID    *string  `json:"requestId"`
	StackTrace   []string `json:"stackTrace"`
}

// failed checks a post that tells of an error.
func failed(t *testing.T, s story, i int, what, id, kind, message string) pythonError {
	t.Helper()
	if i >= len(s.said) {
		t.Fatalf("the function said only\n%s\nits log:\n%s", lines(s.said), s.log)
	}
	got := s.said[i]
	var e pythonError
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Fatalf("%s: %v", got.body, err)
	}
	if got.what != what || got.id != id || got.kind != kind || e.ErrorType != kind || e.ErrorMessage != message {
		t.Errorf("said\n%s\nwant %s of %s: %s: %s\nlog:\n%s", lines(s.said[i:i+1]), what, id, kind, message, s.log)
	}
	if e.RequestID == nil || *e.RequestID != id || e.StackTrace == nil {
		t.Errorf("%s: want the request id %q and a stack trace, if an empty one", got.body, id)
	}
	return e
}

func TestPythonSaysWhyItCannotStart(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		cases := map[string]struct {
			source, handler, kind, message string
			// trace must be in the stack trace, which has no line of ours.
			trace string
		}{
			"no dot":                  {"", "main", "Runtime.MalformedHandlerName", "Bad handler 'main': not enough values to unpack (expected 2, got 1)", ""},
			"no module":               {"", "nope.handler", "Runtime.ImportModuleError", "Unable to import module 'nope': No module named 'nope'", ""},
			"no module in a folder":   {"", "src/nope.handler", "Runtime.ImportModuleError", "Unable to import module 'src/nope': No module named 'src'", ""},
			"no module that it needs": {"import requests_of_nobody\n", "", "Runtime.ImportModuleError", "Unable to import module 'main': No module named 'requests_of_nobody'", ""},
			"no handler":              {"x = 1\n", "", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'", ""},
			"built-in":                {"", "sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module", ""},
			"module fails":            {"def f():\n    return 1 / 0\nf()\n", "", "ZeroDivisionError", "division by zero", "main.py\", line 2, in f\n    return 1 / 0"},
		}
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				s := play{runtime: r, files: map[string]string{"main.py": c.source}, handler: c.handler, events: jsonEvents("{}")}.run(t)
				e := failed(t, s, 0, "init", "", c.kind, c.message)
				if s.exit != 1 || len(s.said) != 1 {
					t.Errorf("exit status %d, posts:\n%s", s.exit, lines(s.said))
				}
				trace := strings.Join(e.StackTrace, "")
				if !strings.Contains(trace, c.trace) || c.trace == "" && trace != "" || strings.Contains(trace, "sallyport") {
					t.Errorf("stack trace %q", e.StackTrace)
				}
				if want := "[ERROR] " + c.kind + ": " + c.message + "\nTraceback (most recent call last):\n"; !strings.HasPrefix(s.log, want) || strings.Contains(s.log, "sallyport") {
					t.Errorf("log\n%s\nwant\n%s", s.log, want)
				}
			})
		}
	})
}

func TestPythonShowsASyntaxError(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		s := play{runtime: r, files: map[string]string{"main.py": "def handler(event, context):\n    return 1 +\n"}}.run(t)
		var e pythonError
		if len(s.said) == 0 || json.Unmarshal([]byte(s.said[0].body), &e) != nil {
			t.Fatalf("%+v", s)
		}
		if e.ErrorType != "Runtime.UserCodeSyntaxError" || !strings.HasPrefix(e.ErrorMessage, "Syntax error in module 'main': ") || !strings.Contains(e.ErrorMessage, "(main.py, line 2)") {
			t.Errorf("%+v", e)
		}
		if len(e.StackTrace) != 1 || !regexp.MustCompile(`^  File ".*/main\.py" Line 2\n        return 1 \+\n$`).MatchString(e.StackTrace[0]) {
			t.Errorf("%q", e.StackTrace)
		}
	})
}

func TestPythonSaysWhyAnInvokeFailed(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		s := play{runtime: r, files: map[string]string{"main.py": `
import datetime, decimal
class Broken(Exception):
    def __str__(self):
        raise ValueError("no text")
loop = []
loop.append(loop)
def deep(n):
    return [deep(n - 1)] if n else []
def fail(event):
    raise KeyError(event["key"])
def handler(event, context):
    kind = event["kind"]
    if kind == "raise":
        fail(event)
    if kind == "broken":
        raise Broken()
    if kind == "line end":
        raise type("Odd\r\nName", (Exception,), {})("odd")
    return {
        "set": {1}, "date": datetime.datetime(2020, 1, 1), "loop": loop, "decimal": [decimal.Decimal("1.5")], "bytes": b"x",
        "key": {(1, 2): 3}, "nan": float("nan"), "surrogate": "\ud800", "keys": {2: 2, None: 3, True: 4}, "tuple": (1, "a"), "text": "x", "float": 0.1,
    }[kind]
`}, events: jsonEvents(
			`{"kind": "raise", "key": "k"}`, `{"kind": "broken"}`, `{"kind": "line end"}`, `{"kind": "set"}`, `{"kind": "date"}`, `{"kind": "loop"}`,
			`{"kind": "bytes"}`, `{"kind": "key"}`, `{broken`,
			`{"kind": "decimal"}`, `{"kind": "nan"}`, `{"kind": "surrogate"}`, `{"kind": "keys"}`, `{"kind": "tuple"}`, `{"kind": "text"}`, `{"kind": "float"}`)}.run(t)
		e := failed(t, s, 0, "error", requestID(0), "KeyError", "'k'")
		if len(e.StackTrace) != 2 || !strings.HasPrefix(e.StackTrace[0], `  File "`) || !strings.Contains(e.StackTrace[0], "/main.py\", line 15, in handler\n    fail(event)\n") ||
			!strings.Contains(e.StackTrace[1], "line 11, in fail\n    raise KeyError(event[\"key\"])\n") {
			t.Errorf("stack trace %q", e.StackTrace)
		}
		if !strings.Contains(s.log, "[ERROR] KeyError: 'k'\nTraceback (most recent call last):\n  File \"") {
			t.Errorf("log\n%s", s.log)
		}
		failed(t, s, 1, "error", requestID(1), "Broken", "<the error's text failed: ValueError>")
		if s.said[2].kind != "Odd??Name" {
			t.Errorf("error type in the header: %q", s.said[2].kind)
		}
		const marshal = "Unable to marshal response: "
		failed(t, s, 3, "error", requestID(3), "Runtime.MarshalError", marshal+"Object of type set is not JSON serializable")
		failed(t, s, 4, "error", requestID(4), "Runtime.MarshalError", marshal+"Object of type datetime is not JSON serializable")
		failed(t, s, 5, "error", requestID(5), "Runtime.MarshalError", marshal+"Circular reference detected")
		failed(t, s, 6, "error", requestID(6), "Runtime.MarshalError", marshal+"Object of type bytes is not JSON serializable")
		failed(t, s, 7, "error", requestID(7), "Runtime.MarshalError", marshal+"keys must be str, int, float, bool or None, not tuple")
		if s.said[8].kind != "Runtime.UnmarshalError" || !strings.Contains(s.said[8].body, "Unable to unmarshal input: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)") {
			t.Errorf("%+v", s.said[8])
		}
		story{said: s.said[9:], log: s.log}.same(t, response(9, "[1.5]"), response(10, "NaN"), response(11, `"\ud800"`), response(12, `{"2": 2, "null": 3, "true": 4}`), response(13, `[1, "a"]`), response(14, `"x"`), response(15, `0.1`))
	})
}

func TestPythonContext(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		s := play{runtime: r, files: map[string]string{"main.py": `
import time
def handler(event, c):
    first = c.get_remaining_time_in_millis()
    time.sleep(0.02)
    left = c.get_remaining_time_in_millis()
    client = c.client_context
    c.log("logged\n")
    return [
        c.aws_request_id, c.function_name, c.function_version, c.invoked_function_arn, c.memory_limit_in_mb, c.log_group_name, c.log_stream_name,
        c.identity.cognito_identity_id, c.identity.cognito_identity_pool_id,
        client and [client.custom, client.env, client.client.app_title, client.client.installation_id],
        left > 0, first > left or left == 0, type(left).__name__, "aws_request_id=" in repr(c),
    ]
`}, events: []event{
			{body: "{}"},
			{body: "{}", deadline: -time.Second, headers: map[string]string{
				"Lambda-Runtime-Client-Context":   `{"client": {"app_title": "tïtle"}, "custom": {"a": "b"}, "env": {"locale": "de"}}`,
				"Lambda-Runtime-Cognito-Identity": `{"cognitoIdentityId": "me", "cognitoIdentityPoolId": "pool"}`,
			}},
			{body: "{}", headers: map[string]string{"Lambda-Runtime-Client-Context": `{"client": 1}`, "Lambda-Runtime-Cognito-Identity": `[]`}},
			{body: "{}", headers: map[string]string{"Lambda-Runtime-Client-Context": `{`}},
		}}.run(t)
		common := func(i int) string {
			return `["` + requestID(i) + `", "f", "7", "arn:aws:lambda:eu-west-1:123456789012:function:f:live", "128", "/aws/lambda/f", "2026/01/02/[7]abc", `
		}
		if len(s.said) != 4 {
			t.Fatalf("said\n%s\nlog\n%s", lines(s.said), s.log)
		}
		title := `"t\u00eftle"`
		if !strings.Contains(s.said[1].body, title) {
			title = `"tïtle"`
		}
		story{said: s.said[:2], log: s.log}.same(t,
			response(0, common(0)+`null, null, null, true, true, "int", true]`),
			response(1, common(1)+`"me", "pool", [{"a": "b"}, {"locale": "de"}, `+title+`, null], false, true, "int", true]`))
		failed(t, s, 2, "error", requestID(2), "AttributeError", "'NoneType' object has no attribute 'app_title'")
		if s.said[3].kind != "Runtime.LambdaContextUnmarshalError" {
			t.Errorf("%+v", s.said[3])
		}
		if strings.Count(s.log, "logged\n") != 3 {
			t.Errorf("log\n%s", s.log)
		}
	})
}

func TestPythonEnvironment(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		s := play{runtime: r, files: map[string]string{"main.py": `
import os, sys
exit, quit
def handler(event, context):
    return [os.environ.get("_X_AMZN_TRACE_ID"), os.popen("echo $_X_AMZN_TRACE_ID").read(), sys.path[0] == os.environ["LAMBDA_TASK_ROOT"],
        sys.stdout.encoding, sys.getfilesystemencoding(), sys.executable, "%d.%d.%d" % sys.version_info[:3], sys.argv[1:]]
`}, events: []event{
			{body: "{}", headers: map[string]string{"Lambda-Runtime-Trace-Id": "Root=1;Sampled=1"}},
			{body: "{}"},
		}}.run(t)
		rest := `true, "utf-8", "utf-8", "` + r.Interpreter + `", "` + r.Version + `", ["main.handler"]]`
		s.same(t, response(0, `["Root=1;Sampled=1", "Root=1;Sampled=1\n", `+rest), response(1, `[null, "\n", `+rest))
	})
}

func TestPythonFindsModules(t *testing.T) {
	r := real(t, "python3.8")
	handler := "def handler(event, context):\n    return __name__\n"
	cases := map[string]struct {
		files         map[string]string
		handler, want string
		env           []string
	}{
		"dots":                  {map[string]string{"src/app/main.py": handler}, "src.app.main.handler", `"src.app.main"`, nil},
		"slashes":               {map[string]string{"src/app/main.py": handler}, "src/app/main.handler", `"src.app.main"`, nil},
		"package":               {map[string]string{"app/__init__.py": handler}, "app.handler", `"app"`, nil},
		"beside it":             {map[string]string{"main.py": "from other import handler\n", "other.py": handler}, "", `"other"`, nil},
		"PYTHONPATH":            {map[string]string{"main.py": "from other import handler\n", "lib/other.py": handler}, "", `"other"`, []string{"PYTHONPATH=lib"}},
		".pth of the zip":       {map[string]string{"main.py": "from other import handler\n", "x.pth": "lib\n", "lib/other.py": handler}, "", `"other"`, nil},
		"the zip before others": {map[string]string{"main.py": "import colorsys\nhandler = colorsys.handler\n", "colorsys.py": handler}, "", `"colorsys"`, nil},
		"a class":               {map[string]string{"main.py": "class C:\n    def __call__(self, e, c):\n        return 1\nhandler = C()\n"}, "", `1`, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play{runtime: r, files: c.files, handler: c.handler, env: c.env, events: jsonEvents("{}")}.run(t).same(t, response(0, c.want))
		})
	}
}

// A library of the host is importable, though the site module is not loaded.
func TestPythonImportsLibrariesOfTheHost(t *testing.T) {
	r := real(t, "python3.8")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "library_of_the_host.py"), []byte("answer = 42\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.libraries = append([]string{dir}, r.libraries...)
	source := "import library_of_the_host as l, sys\ndef handler(event, context):\n    return [l.answer, 'site' in sys.modules]\n"
	play{runtime: r, files: map[string]string{"main.py": source}, events: jsonEvents("{}")}.run(t).same(t, response(0, `[42, false]`))
}

func TestPythonImportsBoto3OfTheHost(t *testing.T) {
	some := false
	everyPython(t, func(t *testing.T, r Runtime) {
		found := false
		for _, dir := range r.libraries {
			_, err := os.Stat(filepath.Join(dir, "boto3"))
			found = found || err == nil
		}
		if !found {
			t.Skip("this Python has no boto3")
		}
		some = true
		source := "import boto3\nclient = boto3.client('sts', region_name='eu-west-1')\ndef handler(event, context):\n    return client.meta.service_model.service_name\n"
		play{runtime: r, files: map[string]string{"main.py": source}, events: jsonEvents("{}")}.run(t).same(t, response(0, `"sts"`))
	})
	if !some && os.Getenv("SALLYPORT_REQUIRE_CLIENTS") != "" {
		t.Error("SALLYPORT_REQUIRE_CLIENTS is set, and no Python here has boto3")
	}
}

func TestPythonLogs(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		s := play{runtime: r, files: map[string]string{"main.py": `
import logging, sys
logging.basicConfig(level=logging.DEBUG, format="never used")
logger = logging.getLogger()
logger.setLevel(logging.INFO)
logger.info("in the init")
def handler(event, context):
    print("printed", flush=False)
    sys.stdout.write("no line end")
    sys.stdout.flush()
    print()
    print("to stderr", file=sys.stderr)
    logger.debug("not shown")
    logger.info("hello %s", "you")
    logging.getLogger("child").warning("two\nlines")
    try:
        1 / 0
    except Exception:
        logger.exception("caught")
`}, events: jsonEvents("{}", "{}")}.run(t)
		s.same(t, response(0, "null"), response(1, "null"))
		at := `\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z\t`
		want := "\\[INFO\\]" + at + "\tin the init\n"
		for i := range 2 {
			want += "printed\nno line end\nto stderr\n\\[INFO\\]" + at + requestID(i) + "\thello you\n\\[WARNING\\]" + at + requestID(i) + "\ttwo\nlines\n" +
				"\\[ERROR\\]" + at + requestID(i) + "\tcaught\nTraceback \\(most recent call last\\):\n  File \".*main.py\", line \\d+, in handler\n    1 / 0\n(    ~~\\^~~\n)?ZeroDivisionError: division by zero\n"
		}
		if !regexp.MustCompile("^" + want + "$").MatchString(s.log) {
			t.Errorf("log\n%q\nwant\n%q", s.log, want)
		}
	})
}

func TestPythonImportsLoggingOnce(t *testing.T) {
	source := `
def handler(event, context):
    import logging, logging.handlers
    logging.warning("late")
    import sys
    return [len(logging.root.handlers), sys.modules["logging"] is logging, "sallyport_rare" in sys.modules]
`
	s := play{runtime: real(t, "python3.8"), files: map[string]string{"main.py": source}, events: jsonEvents("{}", "{}")}.run(t)
	s.same(t, response(0, `[1, true, false]`), response(1, `[1, true, false]`))
	if strings.Count(s.log, "late\n") != 2 {
		t.Errorf("log %q", s.log)
	}
}

func TestPythonExits(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		cases := map[string]struct {
			source string
			exit   int
			log    string
			ready  bool
		}{
			"sys.exit in the handler":   {"import sys\ndef handler(event, context):\n    print('bye', end='')\n    sys.exit(3)\n", 3, "bye", true},
			"exit in the handler":       {"def handler(event, context):\n    exit('reason')\n", 1, "reason\n", true},
			"sys.exit(0)":               {"import sys\ndef handler(event, context):\n    sys.exit(0)\n", 0, "", true},
			"os._exit":                  {"import os\ndef handler(event, context):\n    print('seen')\n    os._exit(7)\n", 7, "seen\n", true},
			"sys.exit while it starts":  {"import sys\nsys.exit(4)\n", 4, "", false},
			"the end while it starts":   {"import os\nos._exit(5)\n", 5, "", false},
			"a signal while it answers": {"import os, signal\ndef handler(event, context):\n    os.kill(os.getpid(), signal.SIGKILL)\n", -1, "", true},
		}
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				s := play{runtime: r, files: map[string]string{"main.py": c.source}, events: jsonEvents("{}", "{}")}.run(t)
				if s.exit != c.exit || len(s.said) != 0 || s.log != c.log {
					t.Errorf("exit %d, want %d; posts %s; log %q, want %q", s.exit, c.exit, lines(s.said), s.log, c.log)
				}
			})
		}
	})
}

func TestPythonCarriesLargePayloads(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		large := `"` + strings.Repeat("0123456789abcdef", 6<<20/16-1) + `"`
		s := play{runtime: r, files: map[string]string{"main.py": "def handler(event, context):\n    return event\n"}, events: jsonEvents(large, `"small"`, large)}.run(t)
		if len(s.said) != 3 || s.said[0].body != large || s.said[1].body != `"small"` || s.said[2].body != large {
			t.Errorf("%d posts came back, or were changed; log\n%s", len(s.said), s.log)
		}
	})
}

func TestPythonOutlivesARefusedAnswer(t *testing.T) {
	for _, status := range []int{400, 413} {
		s := play{runtime: real(t, "python3.8"), files: map[string]string{"main.py": "def handler(event, context):\n    return event\n"}, events: jsonEvents(`1`, `2`), status: status}.run(t)
		s.same(t, response(0, `1`), response(1, `2`))
	}
}

func TestPythonThreadsAndStateStay(t *testing.T) {
	source := `
import threading
count = 0
def handler(event, context):
    global count
    t = threading.Thread(target=lambda: globals().__setitem__("count", count + 1))
    t.start(); t.join()
    return count
`
	s := play{runtime: real(t, "python3.8"), files: map[string]string{"main.py": source}, events: jsonEvents("0", "0", "0")}.run(t)
	s.same(t, response(0, "1"), response(1, "2"), response(2, "3"))
}
