package lambda

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
)

const (
	telling = "import os\ndef handler(e, c):\n    if e.get('fail'): raise Exception('no')\n    return os.environ['_X_AMZN_TRACE_ID']\n"
	header1 = "Root=1-65600000-0123456789abcdef01234567;Parent=0123456789abcdef"
)

// tracingRole may do what active tracing needs.
var tracingRole = may("xray:Put*", "*")

// traced makes a function with active tracing.
func (w *world) traced(name string) {
	w.Helper()
	in := newRequest(w, name, w.role(name+"-role", trustLambda, tracingRole), telling)
	in.TracingConfig = &lambdaapi.TracingConfig{Mode: ptr("Active")}
	must(w, lambdaapi.CreateFunction, in)
	w.settled(name)
}

// TestTracingNeedsItsPermissions, at create, at update, and with a new role.
func TestTracingNeedsItsPermissions(t *testing.T) {
	w := newWorld(t)
	active := &lambdaapi.TracingConfig{Mode: ptr("Active")}
	denied := func(err error, verb string) {
		t.Helper()
		refused(t, err, 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call "+verb+" on XRAY")
	}
	in := newRequest(t, "f", w.role("nothing", trustLambda), echo)
	in.TracingConfig = active
	_, err := call(w, root, lambdaapi.CreateFunction, in)
	denied(err, "PutTraceSegments")
	if w.exists("f") {
		t.Error("the function is there")
	}
	in.Role = ptr(w.role("half", trustLambda, may("xray:PutTraceSegments", "*")))
	_, err = call(w, root, lambdaapi.CreateFunction, in)
	denied(err, "PutTelemetryRecords")
	// A Deny for the function's own calls is not about Lambda's trial.
	in.Role = ptr(w.role("all", trustLambda, tracingRole, statementOf("Deny", "xray:*", "*", `{"ArnLike":{"lambda:SourceFunctionArn":"*"}}`)))
	if out := must(w, lambdaapi.CreateFunction, in); out.TracingConfig.GetMode() != "Active" {
		t.Errorf("got %+v", out.TracingConfig)
	}
	w.settled("f")
	_, err = call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Role: ptr(w.role("nothing", trustLambda))})
	denied(err, "PutTraceSegments")
	out := must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{
		FunctionName: ptr("f"), Role: ptr(w.role("nothing", trustLambda)), TracingConfig: &lambdaapi.TracingConfig{Mode: ptr("PassThrough")},
	})
	if out.TracingConfig.GetMode() != "PassThrough" {
		t.Errorf("got %+v", out.TracingConfig)
	}
	w.settled("f")
	_, err = call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), TracingConfig: active})
	denied(err, "PutTraceSegments")
}

// seen invokes a function with a tracing header and gives the one that it saw.
func (w *world) seen(name, header string) traceHeader {
	w.Helper()
	c := &op.Call{
		Caller: root, Operation: lambdaapi.Invoke.Operation, Region: region, Input: &lambdaapi.InvocationRequest{FunctionName: &name, Payload: []byte(`{}`)},
		Origin: op.Origin{TraceID: header},
	}
	out, err := w.bus.Serve(context.Background(), c)
	if err != nil {
		w.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(out.(*lambdaapi.InvocationResponse).Payload, &text); err != nil {
		w.Fatal(err)
	}
	return readTrace(text)
}

// TestTracingHeaders: a decision of the caller's is kept; a function whose mode is
// PassThrough hands on what it got.
func TestTracingHeaders(t *testing.T) {
	w := newWorld(t)
	w.function("passive", telling)
	w.traced("active")
	given := readTrace(header1)
	for name, c := range map[string]struct {
		function, header string
		// kept says that the function sees the caller's segment as its parent.
		root, sampled string
		kept          bool
	}{
		"passive, sampled":     {"passive", header1 + ";Sampled=1", given.root, "1", true},
		"passive, not sampled": {"passive", header1 + ";Sampled=0", given.root, "0", true},
		"passive, undecided":   {"passive", header1, given.root, "0", true},
		"passive, nothing":     {"passive", "", "", "0", false},
		"passive, nonsense":    {"passive", "Root=1-x;Parent=y;Sampled=2", "", "0", false},
		"active, sampled":      {"active", header1 + ";Sampled=1;Lineage=a:0", given.root, "1", false},
		"active, not sampled":  {"active", header1 + ";Sampled=0", given.root, "0", true},
	} {
		got := w.seen(c.function, c.header)
		if got.sampled != c.sampled || c.root != "" && got.root != c.root || got.root == "" || (got.parent == given.parent) != c.kept || got.parent == "" {
			t.Errorf("%s: the function saw %s", name, got)
		}
	}
	// The first one of a second is traced; the manual clock stands still.
	if first := w.seen("active", ""); first.sampled != "1" {
		t.Errorf("the function saw %s", first)
	}
}

// TestSamplingTakesTheFirstOfASecond, and one in twenty of the others.
func TestSamplingTakesTheFirstOfASecond(t *testing.T) {
	e, now := &running{}, time.Unix(1000, 0)
	for i, want := range []bool{true, false, false} {
		if got := e.sample("1-65600000-0123456789abcdef01234567", now); got != want {
			t.Errorf("request %d: %v", i, got)
		}
	}
	if !e.sample("1-65600000-0123456789abcdef00000014", now) {
		t.Error("no other one was traced")
	}
	if !e.sample("1-65600000-0123456789abcdef01234567", now.Add(time.Second)) {
		t.Error("the next second has no first one")
	}
}

// TestSegmentsAreSentAsTheRole: with lambda:SourceFunctionArn, whatever becomes of the
// function, and caused by the invoke. Refused, they are gone, and nobody is told.
func TestSegmentsAreSentAsTheRole(t *testing.T) {
	w := newWorld(t)
	w.traced("f")
	only := statementOf("Allow", "xray:PutTraceSegments", "*", `{"ArnEquals":{"lambda:SourceFunctionArn":"`+arnOf(here, "f")+`"}}`)
	w.iam.grant("arn:aws:iam::"+here+":role/f-role", only)
	root1 := "1-" + hex8(w.clock.Now()) + "-0123456789abcdef01234567"
	saw := w.seen("f", "Root="+root1+";Parent=0123456789abcdef;Sampled=1")
	var trace xrayapi.Trace
	w.eventually("the segments are there", func() bool {
		got := must(w, xrayapi.BatchGetTraces, &xrayapi.BatchGetTracesRequest{TraceIds: []string{root1}}).Traces
		if len(got) == 1 {
			trace = got[0]
		}
		return len(trace.Segments) == 2
	})
	var service, function segment
	if err := json.Unmarshal([]byte(trace.Segments[0].GetDocument()), &service); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(trace.Segments[1].GetDocument()), &function); err != nil {
		t.Fatal(err)
	}
	if service.Origin != "AWS::Lambda" || service.ParentID != "0123456789abcdef" || function.Origin != "AWS::Lambda::Function" || function.ParentID != service.ID || function.ID != saw.parent {
		t.Errorf("got\n%s\n%s", trace.Segments[0].GetDocument(), trace.Segments[1].GetDocument())
	}
	asked := w.trail.After(0, trail.Filter{Action: "xray:PutTraceSegments"}, math.MaxInt)
	last := asked[len(asked)-1]
	if !last.Allowed || last.Parent == "" || !strings.HasSuffix(last.Principal.ARN, "assumed-role/f-role/f@lambda_function") {
		t.Errorf("got %+v", last)
	}
	w.iam.grant("arn:aws:iam::" + here + ":role/f-role")
	if got := w.seen("f", header1+";Sampled=1"); got.sampled != "1" {
		t.Errorf("the function saw %s", got)
	}
	w.eventually("the refusal is in the record", func() bool {
		asked := w.trail.After(0, trail.Filter{Action: "xray:PutTraceSegments"}, math.MaxInt)
		return !asked[len(asked)-1].Allowed
	})
}

func hex8(t time.Time) string { return traceRoot("", t)[len("Root=1-"):][:8] }
