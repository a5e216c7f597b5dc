package executor

import (
	"bufio"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// runtimeAPI serves the Runtime API to one runtime process. It outlives
// neither the process nor its listener, so that nothing of a former process can
// speak for a later one.
type runtimeAPI struct {
	listener net.Listener
	// function is for extensions to be told of, nil where there are none; extensions
	// is nil until there is one.
	function   *Function
	extensions atomic.Pointer[extensions]
	extend     func(names []string) *extensions
	// ready is closed at the first next, failed when the runtime reported an
	// init error, which then stands in initError.
	ready, failed chan struct{}
	serving       sync.WaitGroup

	mu    sync.Mutex
	conns map[*conn]struct{}
	// closed says that no further connection is taken.
	closed bool
	// polled says that ready is closed.
	polled bool
	// waiting is the connection whose next is not answered yet.
	waiting *conn
	// current is the call to hand out, or handed out and not answered.
	current *call
	handed  bool
	// streaming says that the current call's response is under way to its sink;
	// settled that no response begins so any more.
	streaming, settled bool
	initError          *outcome
}

// conn is one connection of a runtime.
type conn struct {
	net.Conn
	api *runtimeAPI
	in  *bufio.Reader
	req request
	// writing guards out: the answer to next is written by whoever invokes.
	writing sync.Mutex
	out     []byte
}

// maxConns is how many connections a runtime has at most, with its extensions; each
// needs one or two.
const maxConns = 64

const apiPrefix = "/2018-06-01/runtime/"

// Answers of the Runtime API, in the words of AWS's own implementation.
const (
	accepted        = `{"status":"OK"}` + "\n"
	invalidRequest  = `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}` + "\n"
	invalidState    = `{"errorMessage":"State transition is not allowed","errorType":"InvalidStateTransition"}` + "\n"
	responseTooLong = `{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}` + "\n"
	notFound        = "404 page not found\n"
)

// serveRuntime serves on l until close. A process that could not be started
// has no listener.
func serveRuntime(l net.Listener) *runtimeAPI { return serveExtended(l, nil, nil, nil) }

// serveExtended serves the Extensions API too; x is nil without external extensions,
// and made when an internal one registers.
func serveExtended(l net.Listener, f *Function, x *extensions, extend func([]string) *extensions) *runtimeAPI {
	a := &runtimeAPI{listener: l, function: f, extend: extend, ready: make(chan struct{}), failed: make(chan struct{}), conns: map[*conn]struct{}{}}
	a.extensions.Store(x)
	if l != nil {
		a.serving.Go(a.accept)
	}
	return a
}

func (a *runtimeAPI) accept() {
	for {
		c, err := a.listener.Accept()
		if err != nil {
			return // closed
		}
		k := &conn{Conn: c, api: a, in: bufio.NewReader(c)}
		a.mu.Lock()
		if a.closed || len(a.conns) == maxConns {
			a.mu.Unlock()
			c.Close()
			continue
		}
		a.conns[k] = struct{}{}
		a.serving.Go(k.serve)
		a.mu.Unlock()
	}
}

// close ends the API after its process. What the process had sent before it
// ended is served first; until cuts off whoever else holds a connection.
func (a *runtimeAPI) close(until time.Time) {
	if a.listener != nil {
		a.listener.Close()
	}
	a.mu.Lock()
	a.closed = true
	for k := range a.conns {
		_ = k.SetDeadline(until)
	}
	a.mu.Unlock()
	a.serving.Wait()
}

// serve reads requests until the connection ends. While a next waits for its
// answer, it reads on: that is how the end of the connection is noticed.
func (k *conn) serve() {
	defer k.api.drop(k)
	defer k.Close()
	for {
		if err := k.req.readHead(k.in); err != nil {
			k.refuse(err)
			return
		}
		if k.req.expect && k.req.length != 0 {
			if _, err := k.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
				return
			}
		}
		if c := k.api.relayed(&k.req); c != nil {
			if err := k.api.relay(k, c); err != nil || k.req.close {
				return
			}
			continue
		}
		if err := k.req.readBody(k.in); err != nil {
			k.refuse(err)
			return
		}
		if err := k.api.handle(k, &k.req); err != nil || k.req.close {
			return
		}
	}
}

// drop forgets a connection that ended.
func (a *runtimeAPI) drop(k *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.conns, k)
	if a.waiting == k {
		a.waiting = nil
	}
	if x := a.extensions.Load(); x != nil {
		x.left(k)
	}
}

// handle answers one request, except a next for which there is no call yet.
func (a *runtimeAPI) handle(k *conn, r *request) error {
	rest, ok := strings.CutPrefix(r.path, apiPrefix)
	if !ok {
		return a.beside(k, r)
	}
	if rest == "invocation/next" && r.method == "GET" {
		return a.next(k)
	}
	if r.method != "POST" {
		return k.answer("404 Not Found", notFound)
	}
	if rest == "init/error" {
		return a.initFailed(k, r)
	}
	path, ok := strings.CutPrefix(rest, "invocation/")
	id, what, _ := strings.Cut(path, "/")
	switch {
	case ok && what == "response":
		return a.answered(k, id, a.response(r))
	case ok && what == "error":
		return a.answered(k, id, reported(r))
	}
	return k.answer("404 Not Found", notFound)
}

// next hands out the current call, or lets the runtime wait for one.
func (a *runtimeAPI) next(k *conn) error {
	a.mu.Lock()
	if a.closed || a.waiting != nil || a.current != nil && a.handed || a.initError != nil {
		a.mu.Unlock()
		return k.answer("403 Forbidden", invalidState)
	}
	c := a.current
	if c == nil {
		a.waiting = k
	} else {
		a.handed = true
	}
	if !a.polled {
		a.polled = true
		close(a.ready)
	}
	a.mu.Unlock()
	if c == nil {
		// The request asked for its connection to end after the answer. The
		// answer comes later: the client closes.
		k.req.close = false
		return nil
	}
	return k.hand(c)
}

// hand gives the runtime its next call: at once if it waits for one. The
// outcome comes on c.done.
func (a *runtimeAPI) hand(c *call) {
	a.mu.Lock()
	k := a.waiting
	a.current, a.handed, a.waiting = c, k != nil, nil
	a.mu.Unlock()
	if k != nil && k.hand(c) != nil {
		k.Close() // the runtime is ending; its exit tells the rest
	}
}

// settle is for a runtime that has ended. It says whether the current call's
// response is on its way to a sink, at the sink's pace; if not, whatever response is
// still found will be read whole, at once.
func (a *runtimeAPI) settle() (streaming bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settled = true
	return a.streaming
}

// withdraw takes back a call whose runtime is being ended. It says whether the
// runtime had got it.
func (a *runtimeAPI) withdraw() (handed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	handed = a.current != nil && a.handed
	a.current = nil
	return handed
}

// idle says whether the runtime waits for a call.
func (a *runtimeAPI) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting != nil
}

// response is the outcome a response stands for.
func (a *runtimeAPI) response(r *request) outcome {
	if r.tooLarge {
		return tooLarge()
	}
	if r.streamed && r.errorType != "" {
		return trailed(r)
	}
	return outcome{payload: r.body, contentType: r.contentType}
}

// answered ends the current call, if id is its id.
func (a *runtimeAPI) answered(k *conn, id string, o outcome) error {
	a.mu.Lock()
	c := a.current
	if c == nil || !a.handed || a.streaming || c.RequestID != id {
		a.mu.Unlock()
		return k.answer("400 Bad Request", invalidRequest)
	}
	a.current = nil
	a.mu.Unlock()
	if k.req.tooLarge {
		o = tooLarge()
	}
	c.done <- o
	if k.req.tooLarge {
		return k.answer("413 Request Entity Too Large", responseTooLong)
	}
	return k.answer("202 Accepted", accepted)
}

// initFailed takes the runtime's report that it could not start.
func (a *runtimeAPI) initFailed(k *conn, r *request) error {
	kind := r.errorType
	if kind == "" {
		kind = errorUnknown
	}
	o := reported(r)
	if r.tooLarge {
		o = tooLarge()
	}
	o.errorType, o.status = kind, "error"
	a.mu.Lock()
	if a.polled || a.initError != nil {
		a.mu.Unlock()
		return k.answer("403 Forbidden", invalidState)
	}
	a.initError = &o
	a.mu.Unlock()
	// The answer first: what learns of the failure ends the process.
	err := k.answer("202 Accepted", accepted)
	close(a.failed)
	return err
}

// reported is the outcome an error report stands for. Without a body, Lambda
// makes one from the header (its OpenAPI description of the Runtime API).
func reported(r *request) outcome {
	if len(r.body) > 0 {
		return outcome{payload: r.body, failed: true, kind: r.errorType}
	}
	kind := r.errorType
	if kind == "" {
		kind = errorUnknown
	}
	o := failure(kind, "", "")
	o.errorType, o.status, o.text = "", "", ""
	return o
}

// refuse tells a client what its last request was.
func (k *conn) refuse(err error) {
	if errors.Is(err, errMalformed) || errors.Is(err, errHeaders) {
		k.req.close = true
		_ = k.answer("400 Bad Request", err.Error()+"\n")
	}
}

func (k *conn) answer(status, body string) error { return k.answerWith(status, body) }

func (k *conn) answerWith(status, body string, headers ...string) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	k.out = appendResponse(k.out[:0], status, body, k.req.close, headers...)
	_, err := k.Write(k.out)
	return err
}

// event writes an event as the answer to an extension's next. The request itself must
// not be looked at any more: the connection reads on.
func (k *conn) event(body string) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	k.out = appendResponse(k.out[:0], "200 OK", body, false, "Lambda-Extension-Event-Identifier", eventID())
	_, err := k.Write(k.out)
	return err
}

// hand writes a call as the answer to next. A runtime that does not read it
// holds it up until the call's deadline.
func (k *conn) hand(c *call) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	if err := k.SetWriteDeadline(c.deadline); err != nil {
		return err
	}
	b := append(k.out[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "...)
	b = append(b, c.RequestID...)
	b = append(b, "\r\nLambda-Runtime-Deadline-Ms: "...)
	b = strconv.AppendInt(b, c.deadline.UnixMilli(), 10)
	b = appendHeader(b, "Lambda-Runtime-Invoked-Function-Arn", c.InvokedARN)
	b = appendHeader(b, "Lambda-Runtime-Trace-Id", c.TraceID)
	b = appendHeader(b, "Lambda-Runtime-Client-Context", c.ClientContext)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(c.Payload)), 10)
	b = append(b, "\r\n\r\n"...)
	k.out = b
	if len(c.Payload) <= 16<<10 {
		k.out = append(b, c.Payload...)
		_, err := k.Write(k.out)
		return err
	}
	buffers := net.Buffers{b, c.Payload}
	_, err := buffers.WriteTo(k.Conn)
	return err
}

// appendHeader leaves out what is empty. Line ends, which JSON may hold between
// its tokens, would end the header: they become spaces.
func appendHeader(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, "\r\n"...)
	b = append(b, name...)
	b = append(b, ": "...)
	for _, c := range []byte(value) {
		if c < ' ' {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}
