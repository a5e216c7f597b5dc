package executor

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/limits"
)

func TestResponsesOfAnySizeAndForm(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("sizes", `
def chunks(n):
    while n > 0:
        yield b"x" * min(n, 50000)
        n -= 50000
while True:
    id, body = next()
    form, n = body.split()
    n = int(n)
    if form == "big":
        status = respond(id, b"x" * n)
    else:
        status = respond(id, chunks(n), {} if form == "chunked" else {"Content-Length": str(n), "Expect": "100-continue"})
    print("told", form, n, status)
`)
		told := func(form, n, status string) {
			t.Helper()
			w.eventually("the runtime is told "+status, func() bool { return strings.Contains(w.log(), "told "+form+" "+n+" "+status+"\n") })
		}
		for _, form := range []string{"big", "chunked", "expect"} {
			for _, n := range []string{"0", "1", "100000", "6291556"} {
				r := w.must(f, form+" "+n)
				if r.FunctionError != "" || strings.Trim(string(r.Payload), "x") != "" || len(r.Payload) != size(n) {
					t.Errorf("%s %s: %q, %d bytes\n%s", form, n, r.FunctionError, len(r.Payload), r.Tail)
				}
				told(form, n, "202")
			}
			w.fails(f, form+" 6291557", `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`)
			told(form, "6291557", "413")
		}
	})
}

func size(text string) (n int) {
	for _, c := range text {
		n = 10*n + int(c-'0')
	}
	return n
}

func TestRequestsThatDoNotFit(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("strange", `
wanted = [
    ("POST", "invocation/other-id/response", 400), ("POST", "invocation/other-id/error", 400), ("GET", "invocation/next", 403),
    ("POST", "invocation/", 404), ("GET", "nothing", 404), ("PUT", "invocation/next", 404), ("POST", "init/error", 403),
    ("POST", "../2020-01-01/extension/register", 404),
]
while True:
    id, body = next()
    for method, path, want in wanted:
        got, text, _ = call(method, path, "{}" if method == "POST" else None)
        if got != want:
            print("BAD:", method, path, got, text)
    print("answers", respond(id, body), respond(id, body), call("POST", "invocation/" + id + "/error", "{}")[0])
`)
		for range 2 {
			w.answers(f, `"x"`, `"x"`)
		}
		w.eventually("second answers were refused", func() bool { return strings.Count(w.log(), "answers 202 400 400\n") == 2 })
		if strings.Contains(w.log(), "BAD") {
			t.Error(w.log())
		}
	})
}

// TestRawHTTP sends what no client library would.
func TestRawHTTP(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("raw", `
import socket
def raw(*parts):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    s = socket.create_connection((host, int(port)))
    try:
        for p in parts:
            s.sendall(p)
            time.sleep(0.01)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    data = b""
    while True:
        try:
            got = s.recv(65536)
        except ConnectionError:
            got = b""
        if not got:
            return data.decode()
        data += got
while True:
    id, body = next()
    path = ("/2018-06-01/runtime/invocation/" + id + "/response").encode()
    print("garbage:", repr(raw(b"hello\r\n\r\n")))
    print("header:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nno colon\r\n\r\n")))
    print("two lengths:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x")))
    print("both:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}")))
    print("cut:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}")))
    print("cut chunk:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")))
    print("bad chunk:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nab")))
    print("long header:", repr(raw(b"POST " + path + b" HTTP/1.1\r\nX: " + b"x" * 3000000 + b"\r\n\r\n")))
    print("slow:", raw(b"post"[0:0] + b"POST ", path, b" HTTP/1.1\r\nlambda-runtime-function-XRAY-error-cause: " + b"x" * 100000 + b"\r\nTRANSFER-encoding: CHUNKED\r\n", b"\r\n1;ext=1\r\n", b"4\r\n", b"2\r\n2!\r\n0\r\nTrailer: x\r\n\r\n").split("\r\n")[0])
`)
		r := w.answers(f, "1", "42!")
		w.eventually("it has tried everything", func() bool { return strings.Contains(w.log(), "slow:") })
		for _, want := range []string{"garbage: 'HTTP/1.1 400 Bad Request", "header: 'HTTP/1.1 400 Bad Request", "two lengths: 'HTTP/1.1 400 Bad Request", "both: 'HTTP/1.1 400 Bad Request", "cut: ''", "cut chunk: ''", "bad chunk: 'HTTP/1.1 400 Bad Request", "long header: ", "slow: HTTP/1.1 202 Accepted"} {
			if !strings.Contains(w.log(), want) {
				t.Errorf("want %q in\n%s\n%s", want, w.log(), r.Tail)
			}
		}
	})
}

func TestErrorsWithoutABodyAreMadeOfTheHeader(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("bodiless", `
while True:
    id, body = next()
    call("POST", "invocation/" + id + "/error", b"", {"Lambda-Runtime-Function-Error-Type": "My.Error"})
`)
		w.fails(f, "1", `{"errorType":"My.Error","errorMessage":""}`)
	})
}

func TestAStreamedResponseIsCollected(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("streams", `
import socket
def stream(id, trailers):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    s = socket.create_connection((host, int(port)))
    s.sendall(("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n").encode())
    for part in [b"one ", b"two"]:
        s.sendall(b"%x\r\n%s\r\n" % (len(part), part))
    s.sendall(b"0\r\n" + trailers + b"\r\n")
    s.recv(1000)
while True:
    id, body = next()
    stream(id, b"Lambda-Runtime-Function-Error-Type: Mine\r\nLambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJNaW5lIn0=\r\n" if body == "fail" else b"")
`)
		w.answers(f, "go", "one two")
		w.fails(f, "fail", `{"errorType":"Mine"}`)
	})
}

// TestARuntimeThatDoesNotReadHoldsUpNobody takes no byte of a large event.
func TestARuntimeThatDoesNotReadHoldsUpNobody(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.script("deaf", `
import socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
s = socket.create_connection((host, int(port)))
s.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
time.sleep(60)
`)
		f.Timeout = 1e9
		w.fails(f, `"`+strings.Repeat("x", limits.SyncPayload-2)+`"`, "Task timed out after 1.00 seconds")
	})
}

// TestARuntimeThatEndsBetweenInvokesIsNotSeen: its end is known at once, and the
// next invoke starts another one.
func TestARuntimeThatEndsBetweenInvokesIsNotSeen(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("ends", "import os, threading\ndef handler(event, context):\n    threading.Timer(0.02, lambda: os._exit(1)).start()\n    return os.getpid()\n")
		for range 4 {
			r := w.must(f, "1")
			if r.FunctionError != "" {
				t.Errorf("%s\n%s", r.Payload, r.Tail)
			}
			w.eventually("the runtime has ended", func() bool {
				w.x.mu.Lock()
				defer w.x.mu.Unlock()
				e := w.x.pools[f.Key].idle[0]
				return e.process == nil || e.process.ended()
			})
		}
	})
}
