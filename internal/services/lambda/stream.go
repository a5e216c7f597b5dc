package lambda

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/op"
)

// streamed is a response that can be read while the function still writes it.
type streamed struct {
	// contentType is what the runtime gave the response, empty for none.
	contentType string
	// body gives the response, and io.EOF where it ends, also where it ends
	// because the function failed: result tells. Closing it says that nobody reads
	// on, which does not end the function.
	body io.ReadCloser
	// failed says that the function failed before it began a response: body is
	// empty, and end's Payload describes the failure.
	failed bool
	// done is closed when result and err are set.
	done   chan struct{}
	result *executor.Result
	err    error
}

// end waits for the end of the function, which comes after the body's. The error is
// one for the wire.
func (s *streamed) end() (*executor.Result, error) {
	<-s.done
	return s.result, s.err
}

// stream starts a version as invoke does, and returns as soon as its response has
// begun or the function is done without one. Errors, which are for the wire, are
// those of a function that could not be run. Of what the function sends whole, the
// body is that whole.
//
// The function runs on when ctx ends; the service closing ends it.
func (s *Service) stream(ctx context.Context, c *op.Call, r ref, v *config, order *executor.Invocation) (*streamed, error) {
	if err := s.chained(c, r, order); err != nil {
		return nil, err
	}
	t, p := &streamed{done: make(chan struct{})}, newPipe()
	order.Sink = p
	ctx = context.WithoutCancel(ctx)
	if !s.spawn(func() {
		defer close(t.done)
		defer p.Cut()
		if t.result, t.err = s.run(ctx, r, v, order); t.err != nil {
			t.err = invokeError(t.err)
			if known := (*api.Error)(nil); !errors.As(t.err, &known) {
				s.log.ErrorContext(ctx, "a function could not be run", "function", r.arn(), "error", t.err)
			}
		}
	}) {
		return nil, stopping()
	}
	select {
	case <-p.begun:
	case <-t.done:
	}
	return t.begin(p)
}

// begin gives a response that has begun, or is over.
func (t *streamed) begin(p *pipe) (*streamed, error) {
	select {
	case <-p.begun:
		t.contentType, t.body = p.contentType, p
		return t, nil
	default:
	}
	if t.err != nil {
		return nil, t.err
	}
	var whole []byte
	if t.failed = t.result.FunctionError != ""; !t.failed {
		t.contentType, whole = t.result.ContentType, t.result.Payload
	}
	t.body = io.NopCloser(bytes.NewReader(whole))
	return t, nil
}

// pipe is a response on its way from the function to whoever reads it: what one
// writes the other has read, so that a slow reader makes the function wait.
type pipe struct {
	*io.PipeReader
	to          *io.PipeWriter
	begun       chan struct{}
	contentType string
}

func newPipe() *pipe {
	p := &pipe{begun: make(chan struct{})}
	p.PipeReader, p.to = io.Pipe()
	return p
}

// Begin implements executor.Sink.
func (p *pipe) Begin(contentType string) {
	p.contentType = contentType
	close(p.begun)
}

// Write implements executor.Sink.
func (p *pipe) Write(b []byte) (int, error) { return p.to.Write(b) }

// Cut implements executor.Sink: whoever reads finds the end.
func (p *pipe) Cut() { _ = p.to.Close() }
