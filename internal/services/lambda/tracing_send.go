package lambda

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// segment is a segment document as Lambda writes it (X-Ray developer guide, "X-Ray
// segment documents", and "Tracing" of the Lambda guide).
type segment struct {
	Name     string         `json:"name"`
	ID       string         `json:"id"`
	TraceID  string         `json:"trace_id,omitempty"`
	ParentID string         `json:"parent_id,omitempty"`
	Start    float64        `json:"start_time"`
	End      float64        `json:"end_time"`
	Origin   string         `json:"origin,omitempty"`
	Resource string         `json:"resource_arn,omitempty"`
	Fault    bool           `json:"fault,omitempty"`
	HTTP     map[string]any `json:"http,omitempty"`
	AWS      map[string]any `json:"aws,omitempty"`
	Parts    []segment      `json:"subsegments,omitempty"`
}

// segments are the two of Lambda: of the service, and of the function, whose parts are
// the init, if there was one, and the invocation.
func (t *traced) segments(result *executor.Result) []string {
	f, failed := t.function, result.FunctionError != ""
	ended := result.Ended
	invoked := ended.Add(-result.Duration)
	service := segment{
		Name: f.Name, ID: t.service, TraceID: t.root, ParentID: t.parent, Start: unix(t.began), End: unix(ended),
		Origin: "AWS::Lambda", Resource: t.order.InvokedARN,
		HTTP: map[string]any{"response": map[string]any{"status": 200}}, AWS: map[string]any{"request_id": t.order.RequestID},
	}
	own := map[string]any{"function_arn": f.ARN}
	function := segment{
		Name: f.Name, ID: t.order.Segment, TraceID: t.root, ParentID: t.service, Start: unix(invoked), End: unix(ended),
		Origin: "AWS::Lambda::Function", Resource: f.ARN, Fault: failed,
		AWS: map[string]any{"account_id": f.Account, "function_arn": f.ARN, "resource_names": []string{f.Name}},
	}
	if result.Init > 0 {
		begun := invoked.Add(-result.Init)
		function.Start = unix(begun)
		function.Parts = append(function.Parts, segment{Name: "Initialization", ID: id.Hex(8), Start: unix(begun), End: unix(invoked), AWS: own})
	}
	function.Parts = append(function.Parts, segment{Name: "Invocation", ID: id.Hex(8), Start: unix(invoked), End: unix(ended), Fault: failed, AWS: own})
	return []string{service.document(), function.document()}
}

func (s segment) document() string {
	text, err := json.Marshal(s)
	if err != nil { // such a segment always marshals
		return ""
	}
	return string(text)
}

// unix is a time as X-Ray writes it: in seconds.
func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// traceWriter brings segments to X-Ray, as the session of the execution role and
// through the gate, with lambda:SourceFunctionArn (facts, execution role, section 6).
// A function never waits for it and never learns of a refusal.
type traceWriter struct {
	s *Service

	mu      sync.Mutex
	pending []traceBatch
	bytes   int
	// busy says that somebody writes.
	busy, closed bool
	writing      sync.WaitGroup
}

type traceBatch struct {
	of        *running
	parent    string
	documents []string
}

// add takes documents to be sent soon, caused by the request parent. What comes beyond
// limits.TraceBacklog is lost, as what a busy daemon gets is.
func (w *traceWriter) add(of *running, parent string, documents ...string) {
	size := 0
	for _, d := range documents {
		size += len(d)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.bytes+size > limits.TraceBacklog {
		return
	}
	w.pending = append(w.pending, traceBatch{of, parent, documents})
	w.bytes += size
	if !w.busy {
		w.busy = true
		w.writing.Go(w.drain)
	}
}

func (w *traceWriter) drain() {
	for {
		w.mu.Lock()
		all := w.pending
		w.pending, w.bytes = nil, 0
		w.busy = len(all) > 0
		w.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for _, b := range all {
			if err := w.put(b); err != nil {
				w.s.log.Debug("segments of a function were not taken", "function", b.of.ref.name, "error", err)
			}
		}
	}
}

func (w *traceWriter) put(b traceBatch) error {
	c := b.of.session.get()
	who, ok := w.s.bus.CallerOf(c.AccessKeyID, c.SessionToken)
	if !ok {
		return errNoSession
	}
	as := op.As{Caller: who, Region: b.of.ref.region, Parent: b.parent}
	// Not the invoke's context: the invoke is over, and Close waits for this.
	_, err := op.Do(context.WithoutCancel(w.s.ctx), w.s.bus, as, xrayapi.PutTraceSegments, &xrayapi.PutTraceSegmentsRequest{TraceSegmentDocuments: b.documents})
	return err
}

// forget drops what is not sent yet: a reset removes the functions that sent it.
func (w *traceWriter) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending, w.bytes = nil, 0
}

// close sends what is left and takes nothing more.
func (w *traceWriter) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.writing.Wait()
}
