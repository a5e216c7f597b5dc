package executor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// extended gives a function a layer with external extensions, all the same program.
func (w *world) extended(f *Function, names ...string) {
	w.Helper()
	layer := w.codeDir()
	if err := os.MkdirAll(filepath.Join(layer, "extensions"), 0o755); err != nil {
		w.Fatal(err)
	}
	for _, name := range names {
		w.write(filepath.Join(layer, "extensions"), name, w.build("extension"))
	}
	f.LayerDir = layer
	if f.Variables == nil {
		f.Variables = map[string]string{}
	}
}

// TestExtensionsSeeEveryInvoke, and the end: with the function's credentials, and without
// what is the runtime's alone.
func TestExtensionsSeeEveryInvoke(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.binary("extended", "bootstrap")
		w.extended(f, "one", "two")
		first := w.answers(f, `1`, `1`)
		for _, part := range []string{
			"EXTENSION\tName: one\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n", "EXTENSION\tName: two\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n",
			`registered one 200 {"accountId":"111111111111","functionName":"extended","functionVersion":"$LATEST","handler":"main.handler"} ASIAextended ` + "\n",
		} {
			if !strings.Contains(string(first.Tail), part) {
				t.Errorf("the log lacks %q:\n%s", part, first.Tail)
			}
		}
		if strings.Index(string(first.Tail), "EXTENSION") > strings.Index(string(first.Tail), "START") {
			t.Errorf("extensions come after the start:\n%s", first.Tail)
		}
		w.eventually("the environment is free", func() bool { return w.x.Status().Idle == 1 })
		if second := w.answers(f, `2`, `2`); second.Cold || second.EnvironmentID != first.EnvironmentID {
			t.Error("another environment was used")
		}
		w.eventually("the environment is free", func() bool { return w.x.Status().Idle == 1 })
		w.x.Retire(f.Key)
		w.eventually("the extensions were told of the end", func() bool { return strings.Count(w.log(), "SHUTDOWN  spindown  true") == 2 })
		if n := len(regexp.MustCompile(`(?m)^INVOKE request-\d+   true$`).FindAllString(w.log(), -1)); n != 4 {
			t.Errorf("%d invokes were seen:\n%s", n, w.log())
		}
	})
}

// TestExtensionKeepsTheEnvironmentNotTheAnswer: the response does not wait for it, the
// next invoke does not get its environment.
func TestExtensionKeepsTheEnvironmentNotTheAnswer(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, g *gates) {
		f := w.binary("busy", "bootstrap")
		w.extended(f, "busy")
		f.Variables["MODE"] = "wait:done"
		first := w.answers(f, `1`, `1`)
		if s := w.x.Status(); s.Idle != 0 {
			t.Errorf("%d environments are idle while the extension works", s.Idle)
		}
		if second := w.answers(f, `2`, `2`); second.EnvironmentID == first.EnvironmentID {
			t.Error("the environment was used while its extension worked")
		}
		g.open("done")
		w.eventually("both environments are free", func() bool { return w.x.Status().Idle == 2 })
	})
}

// TestExtensionsThatFail take the function with them.
func TestExtensionsThatFail(t *testing.T) {
	for mode, c := range map[string]struct{ kind, text, line string }{
		"exit":       {"Extension.Crash", "exit code 3", "EXTENSION\tName: bad\tState: Started\tEvents: []\n"},
		"init-error": {"Extension.InitError", "Extension.NoConfig", "EXTENSION\tName: bad\tState: InitError\tEvents: [INVOKE, SHUTDOWN]\tError Type: Extension.NoConfig\n"},
	} {
		t.Run(mode, func(t *testing.T) {
			modes(t, func(t *testing.T, w *world) {
				f := w.binary("failing", "bootstrap")
				w.extended(f, "bad")
				f.Variables["MODE"] = mode
				r := w.fails(f, `1`, `"errorType":"`+c.kind+`"`, ` Error: `+c.text)
				if !strings.Contains(string(r.Tail), c.line) || !strings.Contains(string(r.Tail), "Error Type: "+c.kind) {
					t.Errorf("the log lacks %q:\n%s", c.line, r.Tail)
				}
			})
		})
	}
}

// TestExtensionsThatFailInAnInvoke: the environment is made anew for the next one.
func TestExtensionsThatFailInAnInvoke(t *testing.T) {
	for mode, c := range map[string]struct{ kind, text string }{
		"crash":      {"Extension.Crash", "exit code 4"},
		"exit-error": {"Extension.ExitError", "Extension.Tired"},
	} {
		t.Run(mode, func(t *testing.T) {
			modes(t, func(t *testing.T, w *world) {
				// It never answers: the extension's failure ends the invoke.
				f := w.script("dying", "next()\ntime.sleep(60)")
				w.extended(f, "bad")
				f.Variables["MODE"] = mode
				for range 2 {
					w.fails(f, `1`, `"errorType":"`+c.kind+`"`, ` Error: `+c.text)
				}
			})
		})
	}
}

// TestExtensionThatIsNoProgram cannot be launched.
func TestExtensionThatIsNoProgram(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.binary("launch", "bootstrap")
		w.extended(f)
		if err := os.WriteFile(filepath.Join(f.LayerDir, "extensions", "notes.txt"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		r := w.fails(f, `1`, `"errorType":"Extension.LaunchError"`, "permission denied")
		if !strings.Contains(string(r.Tail), "State: LaunchError") {
			t.Errorf("got\n%s", r.Tail)
		}
	})
}

// TestExtensionsAreToldWhenTimeIsUp, though the runtime hangs.
func TestExtensionsAreToldWhenTimeIsUp(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("hanging", "next()\ntime.sleep(60)")
		w.extended(f, "told")
		f.Timeout = time.Second
		w.fails(f, `1`, "Task timed out after 1.00 seconds")
		if !strings.Contains(w.log(), "SHUTDOWN  timeout  true") {
			t.Errorf("got\n%s", w.log())
		}
	})
}

// TestInternalExtensions are registered by the runtime process, and cannot ask for the
// end.
func TestInternalExtensions(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("internal", `
import json, threading
def ext(method, path, body=None, headers={}):
    c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    c.request(method, "/2020-01-01/extension/" + path, body, headers)
    r = c.getresponse()
    return r.status, r.read().decode(), r.headers
print(ext("POST", "register", '{"events":["SHUTDOWN"]}', {"Lambda-Extension-Name": "mine"})[:2])
print(ext("GET", "event/next")[:2])
print(ext("GET", "event/next", None, {"Lambda-Extension-Identifier": "nobody"})[:2])
status, body, headers = ext("POST", "register", '{"events":["INVOKE"]}', {"Lambda-Extension-Name": "mine"})
id = headers["Lambda-Extension-Identifier"]
def loop():
    while True:
        print("saw", json.loads(ext("GET", "event/next", None, {"Lambda-Extension-Identifier": id})[1])["eventType"])
threading.Thread(target=loop, daemon=True).start()
while True:
    request, body = next()
    print("late", ext("POST", "register", '{"events":[]}', {"Lambda-Extension-Name": "late"})[:2])
    respond(request, body)
`)
		w.answers(f, `1`, `1`)
		w.eventually("the extension saw the invoke", func() bool { return strings.Contains(w.log(), "saw INVOKE") })
		for _, part := range []string{
			"(400, '{\"errorMessage\":\"An internal extension cannot register for SHUTDOWN\"", "Extension.MissingExtensionIdentifier", "Extension.UnknownExtensionIdentifier",
			"Extension.RegistrationClosed", "EXTENSION\tName: mine\tState: Ready\tEvents: [INVOKE]\n",
		} {
			if !strings.Contains(w.log(), part) {
				t.Errorf("the log lacks %q:\n%s", part, w.log())
			}
		}
	})
}

// TestWrapperStartsTheRuntime, from the function's code and from a layer.
func TestWrapperStartsTheRuntime(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		const script = "#!/bin/sh\necho wrapped \"$#\"\nexport WRAPPED=yes\nexec \"$@\"\n"
		for _, at := range []string{"/var/task/wrapper", "/opt/wrapper"} {
			f := w.python("wrapped"+filepath.Base(filepath.Dir(at)), "import os\ndef handler(event, context):\n    return os.environ.get('WRAPPED')\n")
			f.LayerDir = w.codeDir()
			w.write(f.CodeDir, "wrapper", script)
			w.write(f.LayerDir, "wrapper", script)
			f.Variables = map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": at}
			if r := w.answers(f, `1`, `"yes"`); !strings.Contains(string(r.Tail), "wrapped ") {
				t.Errorf("%s printed nothing:\n%s", at, r.Tail)
			}
		}
		f := w.python("unwrapped", "def handler(event, context):\n    pass\n")
		w.write(f.CodeDir, "dull", script)
		if err := os.Chmod(filepath.Join(f.CodeDir, "dull"), 0o644); err != nil {
			t.Fatal(err)
		}
		for wrapper, want := range map[string][2]string{"/opt/none": {"/opt/none: does not exist\n", "exit status 127"}, "/var/task/dull": {"/var/task/dull: is not an executable\n", "exit status 126"}} {
			g := *f
			g.Key, g.Variables = wrapper, map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": wrapper}
			r := w.fails(&g, `1`, "Runtime.ExitError", "Runtime exited with error: "+want[1])
			if !strings.Contains(string(r.Tail), want[0]) {
				t.Errorf("the log lacks %q:\n%s", want[0], r.Tail)
			}
		}
		own := w.binary("own", "bootstrap")
		own.Variables = map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}
		w.answers(own, `1`, `1`) // OS-only runtimes do not look at it
	})
}
