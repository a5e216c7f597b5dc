package executor

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// extensions are the extensions of one runtime process (Extensions API 2020-01-01):
// external ones, which are processes of their own, and internal ones, which the
// runtime process registers.
type extensions struct {
	// registered is closed when every external extension has registered, broken when
	// one of them failed, gone when every external one has ended.
	registered, broken, gone chan struct{}
	// telemetry is what they can subscribe to.
	telemetry *telemetry

	mu  sync.Mutex
	all []*extension
	// external counts those that run, unregistered those that have not registered.
	external, unregistered int
	// closed says that the time to register is over, ending that they are being ended.
	closed, ending bool
	// settled, if set, is closed when all of them wait for an event.
	settled chan struct{}
	// deadline is the end of the invoke that they were told of.
	deadline time.Time
	failure  func(requestID string) outcome
}

// extension is one of them.
type extension struct {
	name, id string
	external bool
	events   []string
	// state is what the log says of it, kind the type of its error.
	state, kind string
	// waiting is the connection of its next, event what it is to get; gone says that
	// its process has ended.
	waiting *conn
	event   []byte
	gone    bool
}

// States of an extension, as the log has them.
const (
	extensionStarted    = "Started"
	extensionRegistered = "Registered"
	extensionReady      = "Ready"
	extensionLaunch     = "LaunchError"
	extensionInit       = "InitError"
	extensionExit       = "ExitError"
)

// Error types of functions whose extensions fail, and how their texts are: those of a
// crash and of a failed launch are as seen in public logs, the others inferred.
const (
	errorCrash         = "Extension.Crash"
	errorLaunch        = "Extension.LaunchError"
	errorExtensionInit = "Extension.InitError"
	errorExtensionExit = "Extension.ExitError"
)

// newExtensions expects the external extensions of these names.
func newExtensions(names []string) *extensions {
	x := &extensions{registered: make(chan struct{}), broken: make(chan struct{}), gone: make(chan struct{})}
	for _, name := range names {
		x.all = append(x.all, &extension{name: name, external: true, state: extensionStarted})
	}
	x.external, x.unregistered = len(names), len(names)
	if len(names) == 0 {
		close(x.registered)
		close(x.gone)
	}
	return x
}

func (x *extensions) named(name string) *extension {
	for _, one := range x.all {
		if one.name == name {
			return one
		}
	}
	return nil
}

func (x *extensions) known(id string) *extension {
	for _, one := range x.all {
		if one.id == id && id != "" {
			return one
		}
	}
	return nil
}

// fail notes the first failure.
func (x *extensions) fail(kind, text string) {
	if x.note(kind, text) {
		close(x.broken)
	}
}

// note is fail before it is told. It says whether it is the first one.
func (x *extensions) note(kind, text string) bool {
	if x.failure != nil || x.ending {
		return false
	}
	x.failure = func(requestID string) outcome { return failure(kind, requestID, text) }
	return true
}

// exited takes the end of an external extension's process: a failure, unless it was
// asked for.
func (x *extensions) exited(name string, e exit) {
	x.mu.Lock()
	defer x.mu.Unlock()
	one := x.named(name)
	if one == nil || one.gone {
		return
	}
	one.gone, one.waiting = true, nil
	if e.failed != nil {
		one.state, one.kind = extensionLaunch, "UnknownError"
		x.fail(errorLaunch, e.failed.Error())
	} else {
		x.fail(errorCrash, exitCode(e.status))
	}
	if x.external--; x.external == 0 {
		close(x.gone)
	}
}

// exitCode is how Lambda words the end of an extension.
func exitCode(status string) string {
	if status == "" {
		return "exit code 0"
	}
	return strings.Replace(status, "exit status", "exit code", 1)
}

// failed is what became of an invoke, or an init, while an extension failed.
func (x *extensions) failed(requestID string) outcome {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failure(requestID)
}

// idle gives a channel that is closed when all of them wait for an event; nil when
// they do.
func (x *extensions) idle() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.quiet() {
		return nil
	}
	if x.settled == nil {
		x.settled = make(chan struct{})
	}
	return x.settled
}

func (x *extensions) quiet() bool {
	return !slices.ContainsFunc(x.all, func(one *extension) bool { return !one.gone && one.waiting == nil })
}

// settle tells whoever waits for all of them.
func (x *extensions) settle() {
	if x.settled != nil && x.quiet() {
		close(x.settled)
		x.settled = nil
	}
}

// lines are what the log says of them.
func (x *extensions) lines() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	var all []string
	for _, one := range x.all {
		line := "EXTENSION\tName: " + one.name + "\tState: " + one.state + "\tEvents: [" + strings.Join(one.events, ", ") + "]"
		if one.kind != "" {
			line += "\tError Type: " + one.kind
		}
		all = append(all, line+"\n")
	}
	return all
}

// extensionEvent is what an extension gets of next.
type extensionEvent struct {
	Type       string `json:"eventType"`
	DeadlineMS int64  `json:"deadlineMs"`
	RequestID  string `json:"requestId,omitempty"`
	ARN        string `json:"invokedFunctionArn,omitempty"`
	Reason     string `json:"shutdownReason,omitempty"`
	Tracing    *struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"tracing,omitempty"`
}

// invoke tells those who asked for it of an invoke.
func (x *extensions) invoke(c *call) {
	e := extensionEvent{Type: "INVOKE", DeadlineMS: c.deadline.UnixMilli(), RequestID: c.RequestID, ARN: c.InvokedARN}
	if c.TraceID != "" {
		e.Tracing = &struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		}{"X-Amzn-Trace-Id", c.TraceID}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.deadline = c.deadline
	x.tell(e)
}

// end tells those who asked for it that all ends, and why: "spindown", "timeout" or
// "failure". It says whether there is anybody to wait for.
func (x *extensions) end(reason string, deadline time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tell(extensionEvent{Type: "SHUTDOWN", Reason: reason, DeadlineMS: deadline.UnixMilli()})
	return x.external > 0
}

// tell hands an event to all who want one of its type: now, or at their next next.
func (x *extensions) tell(e extensionEvent) {
	body, err := json.Marshal(e)
	if err != nil { // it always marshals
		return
	}
	for _, one := range x.all {
		if one.gone || !slices.Contains(one.events, e.Type) {
			continue
		}
		one.event = body
		one.take()
	}
}

// take hands the extension its event, if it has one and waits for one.
func (one *extension) take() {
	if one.event == nil || one.waiting == nil {
		return
	}
	k, body := one.waiting, one.event
	one.waiting, one.event = nil, nil
	if k.event(string(body)) != nil {
		k.Close() // it is ending; its exit tells the rest
	}
}
