package executor

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// Error types in the words of Lambda.
const (
	errorTimeout    = "Sandbox.Timedout"
	errorExit       = "Runtime.ExitError"
	errorMemory     = "Runtime.OutOfMemory"
	errorEntrypoint = "Runtime.InvalidEntrypoint"
	errorTooLarge   = "Function.ResponseSizeTooLarge"
	errorTruncated  = "Runtime.TruncatedResponse"
	errorUnknown    = "Runtime.Unknown"
)

// call is one invocation on its way through a runtime process.
type call struct {
	*Invocation
	deadline time.Time
	// done receives the outcome, once. It has room for it.
	done chan outcome
}

// cut ends a response that is under way to a sink.
func (c *call) cut() {
	if c.Sink != nil {
		c.Sink.Cut()
	}
}

// outcome is what a runtime answered, or what became of it instead.
type outcome struct {
	payload []byte
	// contentType is of a payload that is a response.
	contentType string
	// truncated says that a streamed response broke off, for a reason that is still
	// to be found.
	truncated bool
	// failed says that payload describes a failure of the function.
	failed bool
	// kind names the failure to the caller, as far as it has a name.
	kind string
	// errorType names it in the log; empty when the runtime handled it itself.
	errorType string
	// status is "", "timeout" or "error", as REPORT shows it.
	status string
	// text is what happened, for the log; empty when the runtime said it itself.
	text string
}

// failure is an outcome of our own making: AWS's text for what happened.
func failure(kind, requestID, text string) outcome {
	plain := text
	if requestID != "" {
		text = "RequestId: " + requestID + " Error: " + text
	}
	status := "error"
	if kind == errorTimeout {
		status = "timeout"
	}
	payload, err := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, text})
	if err != nil { // strings always marshal
		payload = []byte("{}")
	}
	return outcome{payload: payload, failed: true, kind: kind, errorType: kind, status: status, text: plain}
}

func timedOut(requestID string, after time.Duration) outcome {
	return failure(errorTimeout, requestID, fmt.Sprintf("Task timed out after %.2f seconds", after.Seconds()))
}

func tooLarge() outcome { return oversized(limits.SyncResponse) }

// oversized is a response above its bound. For one that is streamed AWS publishes the
// bound and not the text: it is that of a response sent whole.
func oversized(most int) outcome {
	o := failure(errorTooLarge, "", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", most))
	o.text = ""
	return o
}

// ended is the outcome of an invoke whose runtime process ended.
func ended(requestID string, e exit) outcome {
	kind, text := e.describe()
	o := failure(kind, requestID, text)
	if e.outOfMemory {
		// The caller is told of the exit; only REPORT names the reason.
		o = failure(errorExit, requestID, text)
		o.errorType = errorMemory
	}
	return o
}

// describe says in Lambda's words how a process ended.
func (e exit) describe() (kind, text string) {
	switch {
	case e.failed != nil:
		return errorEntrypoint, e.failed.Error()
	case e.outOfMemory:
		return errorMemory, "Runtime exited with error: signal: killed"
	case e.status == "":
		return errorExit, "Runtime exited without providing a reason"
	}
	return errorExit, "Runtime exited with error: " + e.status
}
