package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
)

// streamOf is the member of a struct type that is a stream, -1 when there is none.
func streamOf(t reflect.Type) int {
	for i := range t.NumField() {
		if t.Field(i).Type == reflect.TypeFor[*api.Stream]() {
			return i
		}
	}
	return -1
}

// SetStream gives an input its body: whoever called Decode does so after it, for
// a route that Streams, and before the input goes on.
func SetStream(in any, s *api.Stream) error {
	v := reflect.ValueOf(in)
	if v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct {
		if i := streamOf(v.Elem().Type()); i >= 0 {
			v.Elem().Field(i).Set(reflect.ValueOf(s))
			return nil
		}
	}
	return fmt.Errorf("wire: a %T has no stream", in)
}

// SendStream sends headers, then the body, and closes it in any case. The length
// is what the client waits for: a body that ends before it, or fails, ends the
// connection, so that no client takes it for whole.
//
// A body that is a file goes out by way of the kernel (sendfile), from where it
// stands and no further than its length: a handler seeks and gives the length of
// a range.
func SendStream(w http.ResponseWriter, status int, s *api.Stream) {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h["Content-Type"] = nil // so that net/http does not guess one
	}
	if s == nil || s.Body == nil {
		send(w, status, "", nil)
		return
	}
	defer s.Body.Close()
	if s.Length < 0 {
		h.Del("Content-Length")
		w.WriteHeader(status)
		if err := relay(w, s.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	h.Set("Content-Length", fmt.Sprint(s.Length))
	w.WriteHeader(status)
	if n, err := io.Copy(w, io.LimitReader(s.Body, s.Length)); err != nil || n != s.Length {
		panic(http.ErrAbortHandler)
	}
}

// relayPiece is how much of a body that is still being made goes out at once.
const relayPiece = 64 << 10

// relay sends what there is of a body, and waits for more of it for as long as it
// takes: only the client's reading is bound, by the writer.
func relay(w http.ResponseWriter, body io.Reader) error {
	control := http.NewResponseController(w)
	buffer := make([]byte, relayPiece)
	for {
		if err := control.Flush(); err != nil {
			return err
		}
		n, ended := body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if errors.Is(ended, io.EOF) {
			return nil
		}
		if ended != nil {
			return ended
		}
	}
}
