package edge

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// bound reads the body. One that says it is too large is not read at all (a
// client that waits for 100-continue never sends it); one that does not say so
// is read to the bound and no further. What is for S3 is read later (received).
func (h *Handler) bound(e *exchange) error {
	if e.headed {
		return nil
	}
	most := h.router.BodyLimit(e.r)
	if err := e.read(most); !errors.Is(err, errTooLarge) {
		return err
	}
	return h.tooLarge(e, most)
}

// errTooLarge is of a body beyond its bound. The rest of it is not waited for.
var errTooLarge = errors.New("the body is too large")

// read reads the body, up to a bound.
func (e *exchange) read(most int64) error {
	if e.r.ContentLength == 0 {
		return nil
	}
	// The deadline stays on after a failure: net/http reads some of what is left
	// before it answers, and must not wait for it for ever.
	control := http.NewResponseController(e.w)
	deadline(control.SetReadDeadline, limits.BodyTime)
	if e.r.ContentLength > most {
		return errTooLarge
	}
	var b bytes.Buffer
	// A length is only a promise: what is not there yet takes up little room.
	b.Grow(int(min(max(e.r.ContentLength, 0), limits.BodyAhead)) + bytes.MinRead)
	_, err := b.ReadFrom(http.MaxBytesReader(e.w.ResponseWriter, e.r.Body, most))
	switch large := (*http.MaxBytesError)(nil); {
	case errors.As(err, &large):
		return errTooLarge
	case err != nil:
		return unread(e, err)
	}
	deadline(control.SetReadDeadline, 0)
	e.body = b.Bytes()
	return nil
}

// deadline bounds how long a connection may take from now on; zero removes the
// bound. The machine's clock is asked, whatever clock the server lives by:
// connections know no other. A writer without deadlines goes without.
func deadline(set func(time.Time) error, d time.Duration) {
	var at time.Time
	if d > 0 {
		at = clock.System{}.Now().Add(d)
	}
	_ = set(at)
}

// tooLarge words the refusal as Lambda does. AWS's query services answer 413
// too (recorded); their code and text, and those of JSON services, are not
// known. The rest of the body is not waited for.
func (h *Handler) tooLarge(e *exchange, most int64) error {
	e.route, _ = h.router.Route(e.r, nil)
	e.w.Header().Set("Connection", "close")
	if s := e.route.Service; s != nil && (s.Protocol == api.Query || s.Protocol == api.EC2Query) {
		return api.Newf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request must be smaller than %d bytes", most)
	}
	what := ""
	if e.route.Operation != nil {
		what = " for the " + ownName(e.route.Operation.Name) + " operation"
	}
	return api.Newf(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request must be smaller than %d bytes%s", most, what)
}

// ownName is what Lambda calls an operation in this text, where that was recorded to
// be another name than the API's.
func ownName(operation string) string {
	if operation == "Invoke" {
		return "InvokeFunction"
	}
	return operation
}

// unread is the answer to a body that never came, if anybody still listens.
func unread(e *exchange, err error) error {
	e.w.Header().Set("Connection", "close")
	return notRead(err)
}

// notRead words what went wrong with a connection. The codes are S3's; what
// other services say is not known.
func notRead(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return api.Newf(http.StatusBadRequest, "RequestTimeout", "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.")
	}
	return api.Newf(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
}
