package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

// body is a stream's body that says whether it was closed.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

// answering is a server that answers GetObject with a stream.
func answering(t *testing.T, s *api.Stream) *httptest.Server {
	codec := NewRouter([]*api.Service{s3api.Service}).For(api.RESTXML)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := codec.Encode(w, s3api.GetObject.Operation, testRequestID, &s3api.GetObjectOutput{Body: s}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// TestStreamsAreWholeOrCutOff: a client never takes part of an object for all of it.
func TestStreamsAreWholeOrCutOff(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		from   io.Reader
		length int64
		want   string
		cut    bool
	}{
		"as long as it says":           {strings.NewReader("hello"), 5, "hello", false},
		"nothing":                      {strings.NewReader(""), 0, "", false},
		"longer: a range":              {strings.NewReader("hello"), 2, "he", false},
		"shorter":                      {strings.NewReader("hello"), 6, "hello", true},
		"of a length not known":        {strings.NewReader("hello"), -1, "hello", false},
		"failing":                      {io.MultiReader(strings.NewReader("he"), failing{broken}), 5, "he", true},
		"failing, of unknown length":   {io.MultiReader(strings.NewReader("he"), failing{broken}), -1, "he", true},
		"failing before the first one": {failing{broken}, 5, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &body{Reader: c.from}
			server := answering(t, &api.Stream{Body: b, Length: c.length})
			got, err := http.Get(server.URL)
			text := ""
			if err == nil {
				var read []byte
				read, err = io.ReadAll(got.Body)
				got.Body.Close()
				text = string(read)
			}
			server.Close() // waits for the handler
			if (err != nil) != c.cut || !strings.HasPrefix(c.want, text) || !c.cut && text != c.want {
				t.Errorf("read %q, %v", text, err)
			}
			if b.closed != 1 {
				t.Errorf("closed %d times", b.closed)
			}
		})
	}
}

// TestWhatIsStillBeingMadeGoesOutAtOnce: the status before the first byte, and each
// piece before the next is there.
func TestWhatIsStillBeingMadeGoesOutAtOnce(t *testing.T) {
	from, to := io.Pipe()
	codec := NewRouter([]*api.Service{lambdaapi.Service}).For(api.RESTJSON)
	kind, version := "application/vnd.amazon.eventstream", "7"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &lambdaapi.InvokeWithResponseStreamResponse{EventStream: &api.Stream{Body: from, Length: -1}, ResponseStreamContentType: &kind, ExecutedVersion: &version}
		if err := codec.Encode(w, lambdaapi.InvokeWithResponseStream.Operation, testRequestID, out); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	defer to.Close()
	got, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != kind || got.Header.Get("X-Amz-Executed-Version") != version || got.Header.Get(requestIDHeader) != testRequestID {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	for _, piece := range []string{"one", "two"} {
		if _, err := io.WriteString(to, piece); err != nil {
			t.Fatal(err)
		}
		read := make([]byte, len(piece))
		if _, err := io.ReadFull(got.Body, read); err != nil || string(read) != piece {
			t.Errorf("read %q, %v", read, err)
		}
	}
	to.Close()
	if rest, err := io.ReadAll(got.Body); err != nil || len(rest) > 0 {
		t.Errorf("then %q, %v", rest, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestNothingIsGuessed: an object without a type is not given one.
func TestNothingIsGuessed(t *testing.T) {
	server := answering(t, &api.Stream{Body: &body{Reader: strings.NewReader("<html>")}, Length: 6})
	got, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if v := got.Header.Values("Content-Type"); len(v) != 0 {
		t.Errorf("guessed %v", v)
	}
}

func TestNoStreamIsAnEmptyBody(t *testing.T) {
	got, err := http.Get(answering(t, nil).URL)
	if err != nil || got.ContentLength != 0 {
		t.Fatalf("%+v %v", got, err)
	}
	got.Body.Close()
}

// fileTaker is a response writer that sends files itself, as net/http's does.
type fileTaker struct {
	nowhere
	took io.Reader
}

func (f *fileTaker) ReadFrom(r io.Reader) (int64, error) {
	bounded, ok := r.(*io.LimitedReader)
	if !ok {
		return 0, errors.New("not bounded")
	}
	f.took = bounded.R
	return io.Copy(io.Discard, r)
}

// TestFilesReachTheKernel: what net/http is given is the file, which it can send
// without copying.
func TestFilesReachTheKernel(t *testing.T) {
	name := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(name, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	w := &fileTaker{nowhere: nowhere{http.Header{}}}
	codec := NewRouter([]*api.Service{s3api.Service}).For(api.RESTXML)
	if err := codec.Encode(w, s3api.GetObject.Operation, testRequestID, &s3api.GetObjectOutput{Body: &api.Stream{Body: file, Length: 5}}); err != nil {
		t.Fatal(err)
	}
	if w.took != io.Reader(file) {
		t.Errorf("took a %T", w.took)
	}
	if _, err := file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open: %v", err)
	}
}

func TestSetStream(t *testing.T) {
	s := &api.Stream{Length: 1}
	in := &s3api.PutObjectRequest{}
	if err := SetStream(in, s); err != nil || in.Body != s {
		t.Errorf("%v %v", in.Body, err)
	}
	for _, wrong := range []any{&s3api.GetObjectRequest{}, s3api.PutObjectRequest{}, (*s3api.PutObjectRequest)(nil), nil, 1} {
		if SetStream(wrong, s) == nil {
			t.Errorf("a %T has a stream", wrong)
		}
	}
}
