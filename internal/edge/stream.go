package edge

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// received takes the body of a request to S3, once its headers are proven: whole
// if it is small by its operation, else as a stream that is read while the
// handler runs, so never before the call was admitted. The client that waits for
// 100-continue hears of it at the first read.
func (h *Handler) received(e *exchange) error {
	if !e.headed {
		return nil
	}
	most := h.router.BodyLimit(e.r)
	if e.payload.Length > most {
		return objectTooLarge(e, most)
	}
	s := e.payload.Open(e.arrive())
	if e.route.Streams() {
		e.stream = s
		return lengthTold(e.given)
	}
	var b bytes.Buffer
	b.Grow(int(min(s.Length, limits.BodyAhead)) + bytes.MinRead)
	_, err := b.ReadFrom(s.Body)
	e.body = b.Bytes()
	return err
}

// objectTooLarge is S3's refusal of a body, of which nothing was read.
func objectTooLarge(e *exchange, most int64) error {
	failure := api.Newf(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.")
	failure.Members = map[string]any{"MaxMessageLengthBytes": most}
	if e.route.Streams() {
		failure = api.Newf(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
		failure.Members = map[string]any{"ProposedSize": e.payload.Length, "MaxSizeAllowed": most}
	}
	return failure
}

// lengthTold refuses an upload that does not say how long it is, be it zero.
func lengthTold(r *http.Request) error {
	if r.ContentLength == 0 && r.Header.Get("Content-Length") == "" {
		return api.Newf(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	return nil
}

// arriving is a body on its way in. Every read may take as long as a body may
// pause: progress keeps it alive, however long the whole takes.
type arriving struct {
	body     io.ReadCloser
	control  *http.ResponseController
	exchange *exchange
	// begun says that it was asked for, ended that all of it was read.
	begun, ended bool
}

// arrive begins the reading of the body.
func (e *exchange) arrive() *arriving {
	e.arriving = &arriving{body: e.given.Body, control: http.NewResponseController(e.w), exchange: e}
	return e.arriving
}

// Read implements io.Reader. What goes wrong with the connection is an error of
// the client's, in S3's words; an end that comes too early is told by net/http.
func (a *arriving) Read(p []byte) (int, error) {
	if !a.begun {
		a.begun = true
		a.exchange.goOn()
	}
	deadline(a.control.SetReadDeadline, limits.BodyIdle)
	n, err := a.body.Read(p)
	switch {
	case err == io.EOF:
		a.ended = true
		deadline(a.control.SetReadDeadline, 0)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		err = notRead(err)
	}
	return n, err
}

// Close implements io.Closer. The server closes the body itself.
func (a *arriving) Close() error { return nil }

// goOn tells a client that waits for 100-continue to go on, where net/http does
// not: before a body of no bytes. Without it, or the end of the connection,
// botocore 1.43 takes the next answer of the connection for this one's.
func (e *exchange) goOn() {
	if e.given.ContentLength == 0 && expectsContinue(e.given) {
		e.w.ResponseWriter.WriteHeader(http.StatusContinue)
	}
}

func expectsContinue(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Expect"), "100-continue")
}

// unfinished ends the connection after the answer when the body was not read to
// its end: nobody waits for the rest of it. What net/http still reads of it, it
// must not wait for either.
func (e *exchange) unfinished() {
	nothing := e.given.ContentLength == 0 && !expectsContinue(e.given)
	if !e.headed || nothing || e.arriving != nil && e.arriving.ended {
		return
	}
	e.w.Header().Set("Connection", "close")
	deadline(http.NewResponseController(e.w).SetReadDeadline, limits.BodyIdle)
}
