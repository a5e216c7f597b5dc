package edge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// endless is a body that counts how far it was read.
type endless struct{ read int64 }

func (b *endless) Read(p []byte) (int, error) {
	clear(p)
	b.read += int64(len(p))
	return len(p), nil
}

// TestBodiesAreBounded in each protocol: one that says how large it is is not
// read at all, one that does not is read to the bound and at most one buffer on.
func TestBodiesAreBounded(t *testing.T) {
	w := newWorld(t, clock.System{})
	for _, c := range []struct {
		service string
		path    string
		most    int64
		want    told
	}{
		{"iam", "", limits.QueryBody, told{413, "RequestEntityTooLarge", "Request must be smaller than 10000000 bytes"}},
		{"logs", "", limits.RequestBody, told{413, "RequestEntityTooLargeException", "Request must be smaller than 8388608 bytes for the DescribeLogGroups operation"}},
		{"lambda", "/2015-03-31/functions/f/invocations", limits.SyncPayload, told{413, "RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}},
		{"lambda", "/2015-03-31/functions", limits.CodeRequestBody, told{413, "RequestEntityTooLargeException", "Request must be smaller than 73400320 bytes for the CreateFunction operation"}},
	} {
		for _, length := range []int64{c.most + 1, -1} {
			q := asking(c.service)
			if c.path != "" {
				q.path = c.path
			}
			q.key = "" // the size comes before the signature
			body := &endless{}
			r := w.build(q)
			r.Body, r.ContentLength = io.NopCloser(body), length
			answer := httptest.NewRecorder()
			w.handler.ServeHTTP(answer, r)
			if got := tell(t, c.service, answer.Code, answer.Header(), answer.Body.String()); got != c.want {
				t.Errorf("%s: got %+v, want %+v", c.service, got, c.want)
			}
			if length > 0 && body.read > 0 || body.read > 2*c.most {
				t.Errorf("%s, length %d: %d bytes were read", c.service, length, body.read)
			}
			if answer.Header().Get("Connection") != "close" {
				t.Errorf("%s: the connection stays open for the rest", c.service)
			}
		}
	}
}

func TestBodyAtTheBoundIsRead(t *testing.T) {
	w := newWorld(t, clock.System{})
	q := asking("lambda")
	q.body = strings.Repeat("x", limits.SyncPayload)
	if status, _, body := w.send(q); status != 200 || len(body) != limits.SyncPayload {
		t.Errorf("got %d and %d bytes", status, len(body))
	}
	q = asking("lambda")
	if status, _, _ := w.send(q); status != 200 {
		t.Errorf("got %d", status)
	}
	r := w.build(q)
	r.ContentLength = -1 // chunked; the length was signed, and cannot be told any more
	if status, _, _ := w.do(r); status != 403 {
		t.Errorf("a signed length that is not there: %d", status)
	}
}

// TestBodiesThatNeverCome end as an error of the client, not as a bug.
func TestBodiesThatNeverCome(t *testing.T) {
	w := newWorld(t, clock.System{})
	for _, c := range []struct {
		err  error
		want string
	}{
		{os.ErrDeadlineExceeded, "RequestTimeout"}, {io.ErrUnexpectedEOF, "IncompleteBody"}, {errors.New("malformed chunked encoding"), "IncompleteBody"},
	} {
		r := w.build(asking("lambda"))
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), failing{c.err}))
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code != 400 || answer.Header().Get("x-amzn-ErrorType") != c.want {
			t.Errorf("%v: got %d %s", c.err, answer.Code, answer.Body)
		}
	}
	if n := w.bug.Count(); n != 0 {
		t.Errorf("%d bugs", n)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestExpectContinue over a raw connection: a body that will be read is asked
// for, one that will not is not.
func TestExpectContinue(t *testing.T) {
	w := newWorld(t, clock.System{})
	ask := func(r *http.Request, length int64) (*bufio.Reader, net.Conn) {
		conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		var head bytes.Buffer
		fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", r.Method, r.URL.RequestURI(), r.URL.Host, length)
		if err := r.Header.Write(&head); err != nil {
			t.Fatal(err)
		}
		head.WriteString("\r\n")
		if _, err := conn.Write(head.Bytes()); err != nil {
			t.Fatal(err)
		}
		return bufio.NewReader(conn), conn
	}
	q := asking("lambda")
	r := w.build(q)
	from, conn := ask(r, int64(len(q.body)))
	line, err := from.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := from.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, q.body); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(from, r)
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("got %v, %v", answer, err)
	}

	from, _ = ask(w.build(q), limits.RequestBody+1)
	answer, err = http.ReadResponse(from, r)
	if err != nil || answer.StatusCode != 413 {
		t.Errorf("got %v, %v", answer, err)
	}
}

// TestClientThatLeft gets no answer, and is nobody's bug.
func TestClientThatLeft(t *testing.T) {
	w := newWorld(t, clock.System{})
	ctx, cancel := context.WithCancel(context.Background())
	r := w.build(asking("lambda")).WithContext(ctx)
	cancel()
	e := &exchange{w: newAnswer(httptest.NewRecorder()), r: r}
	w.handler.refuse(e, fmt.Errorf("asking the store: %w", context.Canceled))
	if e.w.begun || w.bug.Count() != 0 {
		t.Errorf("answered %v, %d bugs", e.w.begun, w.bug.Count())
	}
}

// TestBrokenAnswersAreCutOff: a client must not take half an answer for whole.
func TestBrokenAnswersAreCutOff(t *testing.T) {
	w := newWorld(t, clock.System{})
	e := &exchange{w: newAnswer(httptest.NewRecorder()), r: w.build(asking("lambda"))}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler || w.bug.Count() != 1 {
			t.Errorf("recovered %v, %d bugs", p, w.bug.Count())
		}
	}()
	defer w.handler.recovered(e)
	_, _ = e.w.Write([]byte("half an answ"))
	panic("broken")
}

func TestServerBoundsSlowClients(t *testing.T) {
	s := Server(http.NotFoundHandler(), newWorld(t, clock.System{}).handler.log)
	if s.ReadHeaderTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes != limits.HeaderBytes {
		t.Errorf("got %v, %v, %d", s.ReadHeaderTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
	if s.ReadTimeout != 0 || s.WriteTimeout != 0 {
		t.Error("a bound on whole requests ends long invokes")
	}
}

// TestSlowBodyIsCutOff: a deadline set by bound reaches the connection.
func TestSlowBodyIsCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(newAnswer(rw))
		deadline(control.SetReadDeadline, 20*time.Millisecond)
		if _, err := io.ReadAll(r.Body); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading gives %v", err)
		}
		rw.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	if a, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || a.StatusCode != http.StatusTeapot {
		t.Errorf("got %v, %v", a, err)
	}
}

func FuzzServeHTTP(f *testing.F) {
	w := newWorld(f, clock.NewManual(time.Date(2026, 11, 24, 17, 36, 40, 0, time.UTC)))
	for _, service := range []string{"iam", "logs", "lambda"} {
		var wire bytes.Buffer
		if err := w.build(asking(service)).Write(&wire); err != nil {
			f.Fatal(err)
		}
		f.Add(wire.Bytes())
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
		if err != nil {
			return
		}
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if n := w.bug.Count(); n != 0 || answer.Code >= 500 && answer.Code != http.StatusNotImplemented {
			t.Fatalf("%d bugs, %d %s", n, answer.Code, answer.Body)
		}
	})
}
