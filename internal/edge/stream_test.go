package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// dial sends the head of a request and gives the connection.
func (w *world) dial(r *http.Request, length int64, expect bool) (*bufio.Reader, net.Conn) {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.URL.RequestURI(), r.URL.Host, length)
	if expect {
		head.WriteString("Expect: 100-continue\r\n")
	}
	if err := r.Header.Write(&head); err != nil {
		w.t.Fatal(err)
	}
	head.WriteString("\r\n")
	if _, err := conn.Write(head.Bytes()); err != nil {
		w.t.Fatal(err)
	}
	return bufio.NewReader(conn), conn
}

// TestDeniedBodiesAreNotRead: who may not put an object hears so at once, though
// not a byte of it was sent, and no 100-continue asks for any. Whoever may is
// asked only when the handler reads.
func TestDeniedBodiesAreNotRead(t *testing.T) {
	w, p := s3World(t)
	for _, length := range []int64{0, 5, limits.ObjectBody} {
		for _, expect := range []bool{true, false} {
			for who, r := range map[string]*http.Request{
				"AccessDeniedException": w.putting(bobKey, bobSecret, "UNSIGNED-PAYLOAD", nil, length, nil),
				"SignatureDoesNotMatch": w.putting(aliceKey, bobSecret, "UNSIGNED-PAYLOAD", nil, length, nil),
			} {
				from, _ := w.dial(r, length, expect)
				answer, err := http.ReadResponse(from, r)
				if err != nil {
					t.Fatalf("%s, %d bytes, expecting %v: %v", who, length, expect, err)
				}
				body, _ := io.ReadAll(answer.Body)
				if answer.StatusCode != 403 || s3Failed(string(body)) != who || answer.Close != (length > 0 || expect) || w.noted() != nil {
					t.Errorf("%s, %d bytes, expecting %v: got %d %s, close %v", who, length, expect, answer.StatusCode, body, answer.Close)
				}
			}
		}
	}
	for _, body := range []string{"hello", ""} {
		p.admitted = make(chan struct{})
		r := w.putting(aliceKey, aliceSecret, "UNSIGNED-PAYLOAD", nil, int64(len(body)), nil)
		from, conn := w.dial(r, int64(len(body)), true)
		line, err := from.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
			t.Fatalf("got %q, %v", line, err)
		}
		select {
		case <-p.admitted:
		default:
			t.Error("the body was asked for before the call was admitted")
		}
		if line, err := from.ReadString('\n'); err != nil || line != "\r\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		if _, err := io.WriteString(conn, body); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(from, r)
		if err != nil || answer.StatusCode != 200 || answer.Close {
			t.Errorf("got %v, %v", answer, err)
		}
		w.noted()
	}
}

// zeros is a body of length bytes that takes no memory.
type zeros struct{ at, length int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.at == z.length {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), z.length-z.at))
	clear(b[:n])
	z.at += int64(n)
	return n, nil
}

// heap notes the largest heap while bytes pass.
type heap struct {
	passed, largest uint64
}

func (h *heap) Write(b []byte) (int, error) {
	if before := h.passed >> 24; (h.passed+uint64(len(b)))>>24 != before { // every 16 MiB
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.largest = max(h.largest, m.HeapAlloc)
	}
	h.passed += uint64(len(b))
	return len(b), nil
}

// TestMemoryIsBounded: 200 MB each way, in every mode, leave the heap where it
// was but for buffers; all of them together are less than one body.
func TestMemoryIsBounded(t *testing.T) {
	const length, chunk, room = 200_000_000, 64 << 10, 24 << 20
	w, p := s3World(t)
	whole := func() io.Reader { return &zeros{length: length} }
	framed := map[string]string{"X-Amz-Decoded-Content-Length": fmt.Sprint(length)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for name, r := range map[string]func() *http.Request{
		"unsigned": func() *http.Request {
			return w.putting(aliceKey, aliceSecret, "UNSIGNED-PAYLOAD", whole(), length, nil)
		},
		"signed chunks": func() *http.Request {
			r := w.putting(aliceKey, aliceSecret, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", nil, chunkedLength(length, chunk), framed)
			r.Body = io.NopCloser(signedChunks(r, aliceSecret, whole(), chunk))
			return r
		},
		"one unsigned chunk": func() *http.Request {
			head, tail := fmt.Sprintf("%x\r\n", length), "\r\n0\r\n\r\n"
			body := io.MultiReader(strings.NewReader(head), whole(), strings.NewReader(tail))
			return w.putting(aliceKey, aliceSecret, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, length+int64(len(head+tail)), framed)
		},
	} {
		seen := &heap{}
		p.sink = seen
		if status, _, body := w.do(r()); status != 200 || p.read != length {
			t.Fatalf("%s: got %d %s after %d bytes", name, status, body, p.read)
		}
		if seen.largest > before.HeapAlloc+room || seen.largest == 0 {
			t.Errorf("%s: the heap grew from %d to %d bytes", name, before.HeapAlloc, seen.largest)
		}
		w.noted()
	}
	p.source = func() *api.Stream { return &api.Stream{Body: io.NopCloser(whole()), Length: length} }
	r, err := http.NewRequest("GET", w.server.URL+"/bucket/key", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.signS3(r, aliceKey, aliceSecret, hash(""))
	answer, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	seen := &heap{}
	if n, err := io.Copy(seen, answer.Body); n != length || err != nil || seen.largest > before.HeapAlloc+room {
		t.Errorf("%d bytes, %v; the heap grew from %d to %d bytes", n, err, before.HeapAlloc, seen.largest)
	}
	runtime.ReadMemStats(&after)
	if all := after.TotalAlloc - before.TotalAlloc; all > length {
		t.Errorf("%d bytes were allocated in all", all)
	}
}

// TestAnswersThatStream go out of files by way of the kernel, and no further than
// they are long.
func TestAnswersThatStream(t *testing.T) {
	w, p := s3World(t)
	name := t.TempDir() + "/object"
	if err := os.WriteFile(name, []byte(strings.Repeat("x", 3*limits.AnswerPiece)+"tail"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, length := range []int64{0, 5, limits.AnswerPiece, limits.AnswerPiece + 1, 3*limits.AnswerPiece + 4} {
		p.source = func() *api.Stream {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
			}
			return &api.Stream{Body: f, Length: length}
		}
		r, err := http.NewRequest("GET", w.server.URL+"/bucket/key", nil)
		if err != nil {
			t.Fatal(err)
		}
		w.signS3(r, aliceKey, aliceSecret, hash(""))
		if status, _, body := w.do(r); status != 200 || int64(len(body)) != length || length > 3*limits.AnswerPiece && !strings.HasSuffix(body, "xtail") {
			t.Errorf("%d bytes of %d", len(body), length)
		}
		w.noted()
	}
	// A body that is shorter than it said must not look whole.
	p.source = func() *api.Stream { return &api.Stream{Body: io.NopCloser(strings.NewReader("short")), Length: 50} }
	r, err := http.NewRequest("GET", w.server.URL+"/bucket/key", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.signS3(r, aliceKey, aliceSecret, hash(""))
	answer, err := w.server.Client().Do(r)
	if err == nil {
		defer answer.Body.Close()
		_, err = io.ReadAll(answer.Body)
	}
	if err == nil {
		t.Error("half an object was taken for whole")
	}
}

// paced is a writer that notes the deadlines it is given.
type paced struct {
	*httptest.ResponseRecorder
	reads, writes []time.Time
}

func (p *paced) SetReadDeadline(at time.Time) error  { p.reads = append(p.reads, at); return nil }
func (p *paced) SetWriteDeadline(at time.Time) error { p.writes = append(p.writes, at); return nil }

// TestProgressKeepsAlive: every read and every piece written has a deadline of
// its own, and none stays when all is over.
func TestProgressKeepsAlive(t *testing.T) {
	w, p := s3World(t)
	answer := &paced{ResponseRecorder: httptest.NewRecorder()}
	body := strings.Repeat("x", 3*limits.ChunkBuffer)
	w.handler.ServeHTTP(answer, w.putting(aliceKey, aliceSecret, "UNSIGNED-PAYLOAD", strings.NewReader(body), int64(len(body)), nil))
	if answer.Code != 200 || len(answer.reads) < 4 || !answer.reads[len(answer.reads)-1].IsZero() || answer.reads[0].IsZero() {
		t.Errorf("got %d, deadlines %v", answer.Code, answer.reads)
	}
	if n := len(answer.writes); n == 0 || !answer.writes[n-1].IsZero() {
		t.Errorf("deadlines of the answer %v", answer.writes)
	}
	answer = &paced{ResponseRecorder: httptest.NewRecorder()}
	p.source = func() *api.Stream {
		return &api.Stream{Body: io.NopCloser(&zeros{length: 3*limits.AnswerPiece + 1}), Length: 3*limits.AnswerPiece + 1}
	}
	r, err := http.NewRequest("GET", w.server.URL+"/bucket/key", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.signS3(r, aliceKey, aliceSecret, hash(""))
	r.Body = http.NoBody
	w.handler.ServeHTTP(answer, r)
	if answer.Body.Len() != 3*limits.AnswerPiece+1 || len(answer.writes) != 5 {
		t.Errorf("%d bytes, %d deadlines", answer.Body.Len(), len(answer.writes))
	}
}

// TestConnectionsThatBreak are the client's errors, in S3's words.
func TestConnectionsThatBreak(t *testing.T) {
	w, p := s3World(t)
	for _, c := range []struct {
		err  error
		code string
	}{
		{os.ErrDeadlineExceeded, "RequestTimeout"}, {io.ErrUnexpectedEOF, "IncompleteBody"}, {net.ErrClosed, "IncompleteBody"},
	} {
		r := w.putting(aliceKey, aliceSecret, hash("hello"), nil, 5, nil)
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("hel"), failing{c.err}))
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code != 400 || s3Failed(answer.Body.String()) != c.code || answer.Header().Get("Connection") != "close" || p.err == nil {
			t.Errorf("%v: got %d %s", c.err, answer.Code, answer.Body)
		}
	}
	if n := w.bug.Count(); n != 0 {
		t.Errorf("%d bugs", n)
	}
}
