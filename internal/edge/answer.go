package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// answer is a response that knows whether it has begun: after that it is too
// late to say that something went wrong.
type answer struct {
	http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func newAnswer(w http.ResponseWriter) *answer {
	return &answer{ResponseWriter: w, control: http.NewResponseController(w)}
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. Each may take AnswerTime.
func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	deadline(a.control.SetWriteDeadline, limits.AnswerTime)
	return a.ResponseWriter.Write(b)
}

// ReadFrom implements io.ReaderFrom, so that files go out by way of the kernel:
// in pieces, each of which may take AnswerTime.
func (a *answer) ReadFrom(src io.Reader) (n int64, err error) {
	a.begun = true
	from, bounded := src.(*io.LimitedReader)
	if !bounded {
		from = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	for from.N > 0 && err == nil {
		deadline(a.control.SetWriteDeadline, limits.AnswerTime)
		piece := &io.LimitedReader{R: from.R, N: min(from.N, limits.AnswerPiece)}
		var sent int64
		sent, err = io.Copy(a.ResponseWriter, piece)
		n, from.N = n+sent, from.N-sent
		if piece.N > 0 {
			break // the source has ended
		}
	}
	return n, err
}

// Unwrap lets http.ResponseController find what is behind.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// encode writes what the handler gave.
func (h *Handler) encode(e *exchange) {
	e.unfinished()
	defer deadline(e.w.control.SetWriteDeadline, 0)
	if err := h.codec(e).Encode(e.w, e.route.Operation, e.requestID, e.out); err != nil {
		h.refuse(e, fmt.Errorf("encoding the answer of %s: %w", e.route.Operation.Name, err))
	}
}

// refuse answers with an error in the service's own shape. What is not an AWS
// error is a bug of ours: logged, and shown as nothing but that.
func (h *Handler) refuse(e *exchange, err error) {
	var known *api.Error
	switch {
	case errors.As(err, &known):
	case errors.Is(err, context.Canceled) && e.r.Context().Err() != nil:
		return // nobody is listening any more
	default:
		h.bug.Report(e.r.Context(), "request %s: %v", e.requestID, err)
		known = op.InternalFailure()
	}
	h.note(e, known)
	e.unfinished()
	defer deadline(e.w.control.SetWriteDeadline, 0)
	h.codec(e).EncodeError(e.w, e.route.Service, e.route.Operation, e.requestID, known)
}

// note logs a refusal: its code, and the cause nobody else is told. Texts stay
// out of the log, as they repeat what clients sent.
func (h *Handler) note(e *exchange, known *api.Error) {
	level := slog.LevelDebug
	if known.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	h.log.Log(e.r.Context(), level, "refused", "request", e.requestID, "operation", e.route.Name, "code", known.Code, "cause", known.Cause)
}

// recovered turns a panic anywhere on the way into an internal failure. An
// answer that had begun is cut off, so that no client takes it for whole.
func (h *Handler) recovered(e *exchange) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		h.bug.Report(e.r.Context(), "panic in %s, request %s: %v", e.route.Name, e.requestID, p)
	}
	if e.w.begun {
		panic(http.ErrAbortHandler)
	}
	h.refuse(e, op.InternalFailure())
}
