package executor

import (
	"bufio"
	"encoding/base64"
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// A runtime that streams posts its response with a header that says so, in chunks
// while the function writes, and what went wrong in trailers (AWS Lambda guide,
// "Building a custom runtime", "Response streaming"). With a Sink, the goroutine of
// the runtime's connection hands the bytes on as they come: it reads no faster than
// the sink takes them.

// relayed is the call that a request streams the response of to a sink; nil for
// every other request, which is read whole.
func (a *runtimeAPI) relayed(r *request) *call {
	if !r.streamed || r.method != "POST" {
		return nil
	}
	rest, ok := strings.CutPrefix(r.path, apiPrefix+"invocation/")
	id, ok2 := strings.CutSuffix(rest, "/response")
	if !ok || !ok2 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.current
	if c == nil || c.Sink == nil || !a.handed || a.streaming || a.settled || c.RequestID != id {
		return nil
	}
	a.streaming = true
	return c
}

// relay takes a streamed response to its end, which is the call's.
func (a *runtimeAPI) relay(k *conn, c *call) error {
	c.Sink.Begin(k.req.contentType)
	to := &sinkWriter{sink: c.Sink}
	failed := k.req.copyBody(k.in, to)
	var o outcome
	switch {
	case failed != nil:
		o.truncated = true
	case to.over():
		o = oversized(limits.StreamedResponse)
	case k.req.errorType != "":
		o = trailed(&k.req)
	}
	a.mu.Lock()
	mine := a.current == c
	if mine {
		a.current, a.streaming = nil, false
	}
	a.mu.Unlock()
	if mine {
		c.done <- o
	}
	if failed != nil {
		return failed
	}
	return k.answer("202 Accepted", accepted)
}

// trailed is the outcome that the trailers of a streamed response stand for.
func trailed(r *request) outcome {
	o := failure(r.errorType, "", "The function's response stream ended with an error.")
	o.errorType, o.status, o.text = "", "", ""
	if body, err := base64.StdEncoding.DecodeString(r.errorBody); err == nil && len(body) > 0 {
		o.payload = body
	}
	return o
}

// sinkWriter hands a response on within its bound. What nobody takes is dropped:
// the function is not to notice.
type sinkWriter struct {
	sink  Sink
	total int64
	gone  bool
}

// Write implements io.Writer, without errors.
func (s *sinkWriter) Write(p []byte) (int, error) {
	s.total += int64(len(p))
	if !s.gone && !s.over() {
		_, err := s.sink.Write(p)
		s.gone = err != nil
	}
	return len(p), nil
}

func (s *sinkWriter) over() bool { return s.total > limits.StreamedResponse }

// streamPiece is how much of a response is handed on at once.
const streamPiece = 32 << 10

// copyBody hands the body on while it comes: what has been sent of it never waits
// for the rest.
func (r *request) copyBody(in *bufio.Reader, to io.Writer) error {
	buffer := make([]byte, streamPiece)
	if r.length >= 0 {
		return copyN(to, in, r.length, buffer)
	}
	for {
		n, err := chunkLength(in)
		if err != nil {
			return err
		}
		if n == 0 {
			return r.readTrailers(in)
		}
		if err := copyN(to, in, n, buffer); err != nil {
			return err
		}
		if err := chunkEnd(in); err != nil {
			return err
		}
	}
}

func copyN(to io.Writer, in *bufio.Reader, n int64, buffer []byte) error {
	for n > 0 {
		got, err := in.Read(buffer[:min(n, int64(len(buffer)))])
		if got > 0 {
			n -= int64(got)
			if _, err := to.Write(buffer[:got]); err != nil {
				return err
			}
		}
		if err != nil {
			return endless(err)
		}
	}
	return nil
}

// broken is what became of a call whose response broke off in its middle. A runtime
// that has ended is known as soon as what it had sent was read.
func (e *Environment) broken(c *call, p *process) outcome {
	select {
	case <-p.exited:
	case <-e.sandbox.gone():
		e.lost = true
	case <-e.x.clock.After(lastWords):
	}
	byItself := p.ended()
	e.reset()
	if byItself {
		return brokenOff(ended(c.RequestID, p.exit))
	}
	return brokenOff(outcome{failed: true, status: "error", errorType: errorTruncated, text: "The response stream ended before it was complete"})
}

// brokenOff is what the caller of a stream that broke off is told, whatever the log
// says: seen of AWS is this type without details.
func brokenOff(o outcome) outcome {
	o.kind, o.payload = errorTruncated, nil
	return o
}
