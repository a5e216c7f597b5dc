package lambda

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// Tracing modes of a function.
const (
	traceActive  = "Active"
	tracePassive = "PassThrough"
)

func (c *config) traceMode() string {
	if c.Tracing {
		return traceActive
	}
	return tracePassive
}

// checkTracing refuses active tracing for a role that may not send what is traced
// (facts, execution role, section 3). The refusal of PutTraceSegments is recorded; that
// of PutTelemetryRecords follows its pattern. The trials, like all of Lambda's own at
// configuration, lack lambda:SourceFunctionArn.
func (s *Service) checkTracing(ctx context.Context, w *change) error {
	if !w.after.Tracing || !w.newRole() && w.asked.tracing == nil {
		return nil
	}
	as, err := s.asRole(ctx, w.ref, w.after.Role, w.call.RequestID)
	if isRefusal(err) {
		return invalid(notAssumable)
	}
	if err != nil {
		return err
	}
	verb := "PutTraceSegments"
	err = op.Try(ctx, s.bus, as, xrayapi.PutTraceSegments, &xrayapi.PutTraceSegmentsRequest{TraceSegmentDocuments: []string{}})
	if err == nil {
		verb = "PutTelemetryRecords"
		err = op.Try(ctx, s.bus, as, xrayapi.PutTelemetryRecords, &xrayapi.PutTelemetryRecordsRequest{TelemetryRecords: []xrayapi.TelemetryRecord{}})
	}
	var denied *api.Error
	if errors.As(err, &denied) && isDenial(denied) {
		return invalid("The provided execution role does not have permissions to call %s on XRAY", verb)
	}
	return err
}

// traceRoot is the tracing header that a request came with or, without a good one, a
// new one that leaves the decision to the function's sampling.
func traceRoot(given string, now time.Time) string {
	if h := readTrace(given); h.root != "" {
		return h.String()
	}
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), id.Hex(12))
}

// traceHeader is an X-Amzn-Trace-Id (X-Ray developer guide, "Tracing header"). What
// does not look like it should is left out.
type traceHeader struct {
	root, parent string
	// sampled is "0", "1", or empty without a decision.
	sampled string
}

func readTrace(text string) traceHeader {
	var h traceHeader
	if len(text) > 512 {
		return h
	}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case strings.EqualFold(name, "Root") && isTraceID(value):
			h.root = value
		case strings.EqualFold(name, "Parent") && isHex(value, 16):
			h.parent = value
		case strings.EqualFold(name, "Sampled") && (value == "0" || value == "1"):
			h.sampled = value
		}
	}
	return h
}

func (h traceHeader) String() string {
	text := "Root=" + h.root
	if h.parent != "" {
		text += ";Parent=" + h.parent
	}
	if h.sampled != "" {
		text += ";Sampled=" + h.sampled
	}
	return text
}

func isTraceID(s string) bool {
	return len(s) == 35 && s[:2] == "1-" && s[10] == '-' && isHex(s[2:10], 8) && isHex(s[11:], 24)
}

func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// traced is an invoke that is traced.
type traced struct {
	function *executor.Function
	order    *executor.Invocation
	began    time.Time
	// root is the trace, parent who called, service and the order's Segment the
	// segments of Lambda and of the function.
	root, parent, service string
}

// trace decides whether an invoke is traced, and completes the header that the
// function sees. Nil is no: a function whose mode is PassThrough hands the header on
// and sends nothing itself.
func (s *Service) trace(e *running, order *executor.Invocation) *traced {
	h := readTrace(order.TraceID)
	sampled := h.sampled == "1"
	if e.function.Tracing && h.sampled == "" {
		sampled = e.sample(h.root, s.clock.Now())
	}
	parent := h.parent
	if !e.function.Tracing || !sampled {
		if h.parent == "" {
			h.parent = id.Hex(8)
		}
		if h.sampled == "" {
			h.sampled = "0"
		}
		order.TraceID = h.String()
		return nil
	}
	order.Segment = id.Hex(8)
	h.parent, h.sampled = order.Segment, "1"
	order.TraceID = h.String()
	return &traced{function: e.function, order: order, began: s.clock.Now(), root: h.root, parent: parent, service: id.Hex(8)}
}

// sampledOf is one in how many requests is traced, beside the first of each second
// (Lambda guide, "Visualize Lambda function invocations using AWS X-Ray": five percent).
const sampledOf = 20

// sample decides on a trace that nobody has decided on before. The second decision
// rests on the trace's id, which is random.
func (e *running) sample(root string, now time.Time) bool {
	last := e.sampled.Load()
	if second := now.Unix(); second != last && e.sampled.CompareAndSwap(last, second) {
		return true
	}
	n, err := strconv.ParseUint(root[len(root)-8:], 16, 32)
	return err == nil && n%sampledOf == 0
}
