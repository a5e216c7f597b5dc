package executor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// spout is a sink that tells what it took, and lets a test hold it.
type spout struct {
	contentType string
	begun       int
	took        chan string
	// hold, if set, is received from before each Write returns; fail is what it returns.
	hold chan struct{}
	fail error
	cut  chan struct{}
	once sync.Once
}

func newSpout() *spout { return &spout{took: make(chan string, 1<<16), cut: make(chan struct{})} }

func (s *spout) Begin(contentType string) {
	s.begun++
	s.contentType = contentType
}

func (s *spout) Write(p []byte) (int, error) {
	s.took <- string(p)
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-s.cut:
			return 0, errors.New("cut")
		}
	}
	return len(p), s.fail
}

func (s *spout) Cut() { s.once.Do(func() { close(s.cut) }) }

// all is everything it took until now.
func (s *spout) all() string {
	var b strings.Builder
	for {
		select {
		case p := <-s.took:
			b.WriteString(p)
		default:
			return b.String()
		}
	}
}

// streaming is a custom runtime that streams: open(id), put(piece), close(trailers);
// wait(name) blocks until the test lets it go on.
const streaming = `
import socket, base64, urllib.request, threading
def wait(name):
    urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/" + name).read()
class Stream:
    def __init__(self, id, kind="text/plain"):
        host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
        self.s = socket.create_connection((host, int(port)))
        self.s.sendall(("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\r\nHost: x\r\nContent-Type: " + kind + "\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n").encode())
    def put(self, piece):
        self.s.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    def close(self, kind=None, body=None):
        trailers = b""
        if kind:
            trailers = b"Lambda-Runtime-Function-Error-Type: " + kind + b"\r\nLambda-Runtime-Function-Error-Body: " + base64.b64encode(body) + b"\r\n"
        self.s.sendall(b"0\r\n" + trailers + b"\r\n")
        return self.s.recv(1000).split(b"\r\n")[0].decode()
`

// gates let functions wait for a test: whoever asks for a name is answered when the
// test opens it.
type gates struct {
	mu   sync.Mutex
	made map[string]chan struct{}
}

func (g *gates) of(name string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.made == nil {
		g.made = map[string]chan struct{}{}
	}
	if g.made[name] == nil {
		g.made[name] = make(chan struct{})
	}
	return g.made[name]
}

func (g *gates) open(name string) { close(g.of(name)) }

func (g *gates) serve(_ *Environment, l net.Listener) {
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-g.of(strings.TrimPrefix(r.URL.Path, "/")):
		case <-r.Context().Done():
		}
	}))
}

// streamModes is modes of a world whose functions can wait.
func streamModes(t *testing.T, test func(t *testing.T, w *world, g *gates)) {
	for _, bare := range []bool{false, true} {
		t.Run(map[bool]string{false: Sandboxed, true: Bare}[bare], func(t *testing.T) {
			t.Parallel()
			g := &gates{}
			w := newWorld(t, Config{Bare: bare, EndpointPort: 4566, Endpoint: g.serve})
			if s := w.x.Status(); bare != (s.Mode == Bare) {
				t.Skipf("no sandbox on this machine: %s", s.Reason)
			}
			test(t, w, g)
		})
	}
}

// into invokes with a sink.
func (w *world) into(f *Function, payload string, s Sink) (*Result, error) {
	return w.x.Invoke(context.Background(), f, &Invocation{RequestID: fmt.Sprint("request-", w.made.Add(1)), Payload: []byte(payload), InvokedARN: f.ARN, Tail: true, Sink: s})
}

// run is into beside the test.
func (w *world) run(f *Function, payload string, s Sink) <-chan *Result {
	done := make(chan *Result, 1)
	go func() {
		r, err := w.into(f, payload, s)
		if err != nil {
			w.Errorf("%s: %v", f.Name, err)
			r = &Result{}
		}
		done <- r
	}()
	return done
}

func (s *spout) next(t testing.TB) string {
	t.Helper()
	select {
	case p := <-s.took:
		return p
	case <-time.After(20 * time.Second):
		t.Fatal("the sink got nothing")
		return ""
	}
}

// TestAStreamedResponseArrivesWhileItIsWritten: the function writes its second piece
// only after the test has seen the first.
func TestAStreamedResponseArrivesWhileItIsWritten(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, g *gates) {
		f := w.script("streams", streaming+`
while True:
    id, body = next()
    s = Stream(id)
    s.put(b"one")
    wait("seen")
    s.put(b"two")
    print("told", s.close())
`)
		s := newSpout()
		done := w.run(f, "{}", s)
		if got := s.next(t); got != "one" || s.contentType != "text/plain" || s.begun != 1 {
			t.Errorf("first %q of type %q", got, s.contentType)
		}
		g.open("seen")
		r := <-done
		if got := s.all(); got != "two" || r.Payload != nil || r.FunctionError != "" || r.ErrorType != "" {
			t.Errorf("then %q, result %+v", got, r)
		}
		w.eventually("the runtime is told", func() bool { return strings.Contains(w.log(), "told HTTP/1.1 202 Accepted") })
		if !strings.Contains(string(r.Tail), "REPORT RequestId: ") {
			t.Errorf("tail %q", r.Tail)
		}
		// The next invoke is warm, and streams again.
		s = newSpout()
		if r := <-w.run(f, "{}", s); r.Cold || s.all() != "onetwo" {
			t.Errorf("again: %+v", r)
		}
	})
}

// TestANodeHandlerStreams, with a prelude, and goes on once the test has seen its start.
func TestANodeHandlerStreams(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, g *gates) {
		f := w.node("node", "main.js", `
const wait = (name) => new Promise((r) => require("http").get(process.env.AWS_ENDPOINT_URL + "/" + name, (a) => a.resume().on("end", r)));
exports.handler = awslambda.streamifyResponse(async (event, out) => {
  const body = awslambda.HttpResponseStream.from(out, { statusCode: 201 });
  body.write("one");
  await wait("seen");
  body.write("two");
  body.end();
});
`)
		s := newSpout()
		done := w.run(f, "{}", s)
		first := ""
		for !strings.HasSuffix(first, "one") {
			first += s.next(t)
		}
		if first != "{\"statusCode\":201}\x00\x00\x00\x00\x00\x00\x00\x00one" || s.contentType != "application/vnd.awslambda.http-integration-response" {
			t.Errorf("first %q of type %q", first, s.contentType)
		}
		g.open("seen")
		if r := <-done; s.all() != "two" || r.FunctionError != "" {
			t.Errorf("then %+v", r)
		}
		// Without a sink the same response is gathered.
		w.answers(f, "{}", first+"two")
	})
}

// TestASinkThatBlocksHoldsUpTheFunction: what is written and not read is bounded.
func TestASinkThatBlocksHoldsUpTheFunction(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, _ *gates) {
		f := w.script("floods", streaming+`
id, body = next()
s = Stream(id)
for i in range(200):
    s.put(b"x" * (1 << 20))
    os.write(1, b"wrote %d\n" % i)
print("told", s.close())
next()
`)
		f.Timeout = time.Minute
		s := newSpout()
		s.hold = make(chan struct{})
		done := w.run(f, "{}", s)
		total := len(s.next(t))
		if got := strings.Count(w.log(), "wrote "); got > 32 {
			t.Errorf("the function is %d MB ahead of its reader", got)
		}
		close(s.hold)
		r := <-done
		if total += len(s.all()); total != 200<<20 || r.FunctionError != "" {
			t.Errorf("%d bytes, %+v", total, r)
		}
	})
}

func TestAStreamHasABound(t *testing.T) {
	w := newWorld(t, Config{})
	f := w.script("endless", streaming+`
while True:
    id, body = next()
    s = Stream(id)
    for i in range(200):
        s.put(b"x" * (1 << 20))
    s.put(b"x" * int(body))
    s.close()
`)
	f.Timeout = time.Minute
	for over, want := range map[string]string{"0": "", "1": "Function.ResponseSizeTooLarge"} {
		s := &counter{}
		r, err := w.into(f, over, s)
		if err != nil || r.ErrorType != want || s.n != limits.StreamedResponse {
			t.Errorf("%s bytes more: %d bytes, %+v, %v", over, s.n, r, err)
		}
	}
}

type counter struct{ n int }

func (c *counter) Begin(string)                {}
func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }
func (c *counter) Cut()                        {}

// TestWhatIsSentWholeIsInTheResult: a sink is for what is streamed.
func TestWhatIsSentWholeIsInTheResult(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		for _, f := range []*Function{w.python("python", echo), w.binary("go", "bootstrap")} {
			s := newSpout()
			r, err := w.into(f, `{"a": 1}`, s)
			if err != nil || string(r.Payload) != `{"a": 1}` || r.ContentType != "application/json" || s.begun != 0 {
				t.Errorf("%s: %+v, %v", f.Name, r, err)
			}
		}
		f := w.python("raises", "def handler(event, context):\n    raise ValueError('no luck')\n")
		s := newSpout()
		if r, err := w.into(f, `{}`, s); err != nil || r.FunctionError != "Unhandled" || r.ErrorType != "ValueError" || s.begun != 0 {
			t.Errorf("a failure: %+v, %v", r, err)
		}
	})
}

// TestHowAStreamFails: whatever was written before has arrived.
func TestHowAStreamFails(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, g *gates) {
		f := w.script("fails", streaming+`
while True:
    id, body = next()
    s = Stream(id)
    s.put(b"before")
    if body == "trailers":
        s.close(b"Mine.Broke", b'{"errorType":"Mine.Broke","errorMessage":"in the middle"}')
    elif body == "exit":
        os._exit(3)
    elif body == "hang up":
        s.s.close()
        time.sleep(60)
    elif body == "malformed":
        s.s.sendall(b"zz\r\n")
        time.sleep(60)
    elif body == "error":
        wait("begun")
        print("error too:", call("POST", "invocation/" + id + "/error", "{}")[0], call("GET", "invocation/next")[0])
        s.close()
    else:
        time.sleep(60)
`)
		f.Timeout = 3 * time.Second
		for _, c := range []struct{ payload, kind, details, log string }{
			{"trailers", "Mine.Broke", `{"errorType":"Mine.Broke","errorMessage":"in the middle"}`, "REPORT"},
			{"exit", "Runtime.TruncatedResponse", "", "Error: Runtime exited with error: exit status 3\nRuntime.ExitError\n"},
			{"hang up", "Runtime.TruncatedResponse", "", "Runtime.TruncatedResponse\n"},
			{"malformed", "Runtime.TruncatedResponse", "", "Runtime.TruncatedResponse\n"},
			{"timeout", "Sandbox.Timedout", "Task timed out after 3.00 seconds", "Task timed out after 3.00 seconds"},
		} {
			s := newSpout()
			r, err := w.into(f, c.payload, s)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.all(); got != "before" || r.FunctionError != "Unhandled" || r.ErrorType != c.kind || !strings.Contains(string(r.Payload), c.details) || c.details == "" && r.Payload != nil {
				t.Errorf("%s: wrote %q, result %q %s %s", c.payload, got, r.FunctionError, r.ErrorType, r.Payload)
			}
			if !strings.Contains(string(r.Tail), c.log) {
				t.Errorf("%s: tail %s", c.payload, r.Tail)
			}
		}
		// No other answer counts while the response is under way.
		s := newSpout()
		done := w.run(f, "error", s)
		s.next(t)
		g.open("begun")
		if r := <-done; r.FunctionError != "" || !strings.Contains(string(r.Tail), "error too: 400 403\n") {
			t.Errorf("an error beside the stream: %q, %s", r.FunctionError, r.Tail)
		}
	})
}

// TestALastStreamIsTakenAtTheSinksPace: the runtime writes all and ends, and none of
// it is lost though the reader is slow.
func TestALastStreamIsTakenAtTheSinksPace(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, _ *gates) {
		f := w.script("last", streaming+`
id, body = next()
s = Stream(id)
s.put(b"one")
s.put(b"x" * 100000)
s.s.sendall(b"0\r\n\r\n")
print("ends")
os._exit(0)
`)
		s := newSpout()
		s.hold = make(chan struct{})
		done := w.run(f, "{}", s)
		total := len(s.next(t))
		w.eventually("the runtime is gone", func() bool {
			w.x.mu.Lock()
			defer w.x.mu.Unlock()
			for e := range w.x.pools[f.Key].all {
				return e.process == nil || e.process.ended()
			}
			return false
		})
		close(s.hold)
		r := <-done
		if total += len(s.all()); total != 100003 || r.FunctionError != "" {
			t.Errorf("%d bytes, %+v", total, r)
		}
	})
}

// TestAReaderWhoDoesNotReadKeepsNoFunction: the function's own time ends it, and so
// does the end of the executor or of the context.
func TestAReaderWhoDoesNotReadKeepsNoFunction(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, _ *gates) {
		const source = streaming + "while True:\n    id, body = next()\n    s = Stream(id)\n    s.put(b'x')\n    s.close()\n"
		f := w.script("stuck", source)
		f.Timeout = time.Second
		s := newSpout()
		s.hold = make(chan struct{})
		if r := <-w.run(f, "{}", s); r.ErrorType != "Sandbox.Timedout" {
			t.Errorf("got %+v", r)
		}
		f = w.script("stuck for long", source)
		f.Timeout = 15 * time.Minute
		s = newSpout()
		s.hold = make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		failed := make(chan error, 1)
		go func() {
			_, err := w.x.Invoke(ctx, f, &Invocation{RequestID: "cancelled", Payload: []byte("{}"), Sink: s})
			failed <- err
		}()
		s.next(t)
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		s = newSpout()
		s.hold = make(chan struct{})
		go func() {
			_, err := w.into(f, "{}", s)
			failed <- err
		}()
		s.next(t)
		if err := w.x.Close(); err != nil {
			t.Error(err)
		}
		if err := <-failed; !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// TestAReaderWhoIsGoneDoesNotEndTheFunction: it writes on, and nobody takes it.
func TestAReaderWhoIsGoneDoesNotEndTheFunction(t *testing.T) {
	streamModes(t, func(t *testing.T, w *world, _ *gates) {
		f := w.script("alone", streaming+"while True:\n    id, body = next()\n    s = Stream(id)\n    for i in range(20):\n        s.put(b'x' * 100000)\n    print('told', s.close())\n")
		s := newSpout()
		s.fail = io.ErrClosedPipe
		r, err := w.into(f, "{}", s)
		if err != nil || r.FunctionError != "" {
			t.Errorf("got %+v, %v", r, err)
		}
		if got := len(s.took); got != 1 {
			t.Errorf("the sink was written to %d times, once after its error", got)
		}
		w.eventually("the runtime is told", func() bool { return strings.Contains(w.log(), "told HTTP/1.1 202 Accepted") })
	})
}

// TestCopyBodyTakesAnyFraming cuts requests where a network would.
func TestCopyBodyTakesAnyFraming(t *testing.T) {
	for name, c := range map[string]struct {
		length int64
		sent   string
		want   string
		failed bool
	}{
		"chunks":                {-1, "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "abcde", false},
		"a length":              {5, "abcde", "abcde", false},
		"nothing":               {-1, "0\r\n\r\n", "", false},
		"cut in a chunk":        {-1, "5\r\nab", "ab", true},
		"cut between chunks":    {-1, "2\r\nab\r\n", "ab", true},
		"cut before the end":    {5, "ab", "ab", true},
		"a chunk without end":   {-1, "2\r\nabc\r\n", "ab", true},
		"a length of its own":   {-1, "-2\r\nab\r\n", "", true},
		"cut in the trailers":   {-1, "0\r\nA: b\r\n", "", true},
		"trailers that go on":   {-1, "0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 3000), "", true},
		"a chunk that is large": {-1, "ffffffff\r\n", "", true},
	} {
		var got bytes.Buffer
		r := &request{length: c.length}
		in := bufio.NewReader(iotest.OneByteReader(strings.NewReader(c.sent)))
		if err := r.copyBody(in, &got); (err != nil) != c.failed || got.String() != c.want {
			t.Errorf("%s: %q, %v", name, got.String(), err)
		}
	}
}
