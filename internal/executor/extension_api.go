package executor

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// The Extensions API is served where the Runtime API is. Error types are those of
// AWS's own implementation, texts ours.

const extensionPrefix = "/2020-01-01/extension/"

// beside answers requests that are not of the Runtime API.
func (a *runtimeAPI) beside(k *conn, r *request) error {
	if rest, ok := strings.CutPrefix(r.path, extensionPrefix); ok && a.function != nil {
		switch {
		case rest == "register" && r.method == "POST":
			return a.register(k, r)
		case rest == "event/next" && r.method == "GET":
			return a.nextEvent(k, r)
		case rest == "init/error" && r.method == "POST":
			return a.extensionFailed(k, r, extensionInit, errorExtensionInit)
		case rest == "exit/error" && r.method == "POST":
			return a.extensionFailed(k, r, extensionExit, errorExtensionExit)
		}
	}
	if (r.path == telemetryPath || r.path == logsPath) && r.method == "PUT" && a.function != nil {
		return a.subscribe(k, r)
	}
	return k.answer("404 Not Found", notFound)
}

func refusal(kind, text string) string {
	body, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": text})
	if err != nil { // strings always marshal
		return "{}"
	}
	return string(body) + "\n"
}

// extended are the extensions; made at the first registration when none is external.
func (a *runtimeAPI) extended() *extensions {
	if x := a.extensions.Load(); x != nil {
		return x
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.extensions.Load() == nil {
		a.extensions.Store(a.extend(nil))
	}
	return a.extensions.Load()
}

// register takes an extension in. One that is not among the external ones is internal.
func (a *runtimeAPI) register(k *conn, r *request) error {
	var asked struct {
		Events []string `json:"events"`
	}
	name := r.extension
	if name == "" || len(name) > 128 || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' }) {
		return k.answer("400 Bad Request", refusal("Extension.InvalidExtensionName", "Invalid extension name"))
	}
	if len(r.body) > 0 && json.Unmarshal(r.body, &asked) != nil {
		return k.answer("400 Bad Request", refusal("InvalidRequestFormat", "Could not parse the request body"))
	}
	for _, e := range asked.Events {
		if e != "INVOKE" && e != "SHUTDOWN" {
			return k.answer("400 Bad Request", refusal("Extension.InvalidEventType", "Invalid event type: "+e))
		}
	}
	x := a.extended()
	x.mu.Lock()
	one := x.named(name)
	kind, text := x.mayRegister(one, asked.Events)
	if kind != "" {
		x.mu.Unlock()
		status := "403 Forbidden"
		if kind == shutdownOfInternal {
			status = "400 Bad Request"
		}
		return k.answer(status, refusal(kind, text))
	}
	if one == nil {
		one = &extension{name: name}
		x.all = append(x.all, one)
	}
	slices.Sort(asked.Events)
	one.id, one.events, one.state = eventID(), slices.Compact(asked.Events), extensionRegistered
	if one.external {
		if x.unregistered--; x.unregistered == 0 {
			close(x.registered)
		}
	}
	id := one.id
	x.mu.Unlock()
	return k.answerWith("200 OK", a.describe(r), "Lambda-Extension-Identifier", id)
}

const shutdownOfInternal = "ShutdownEventNotSupportedForInternalExtension"

// mayRegister refuses what comes twice, too late, or too often.
func (x *extensions) mayRegister(one *extension, events []string) (kind, text string) {
	switch {
	case x.closed:
		return "Extension.RegistrationClosed", "Extension registration closed already"
	case one != nil && one.id != "":
		return "Extension.AlreadyRegistered", "Extension already registered: " + one.name
	case one == nil && len(x.all) >= limits.Extensions:
		return "Extension.TooManyExtensions", "Extension limit reached"
	case one == nil && slices.Contains(events, "SHUTDOWN"):
		return shutdownOfInternal, "An internal extension cannot register for SHUTDOWN"
	}
	return "", ""
}

// describe says for whom the extension runs.
func (a *runtimeAPI) describe(r *request) string {
	f := a.function
	about := map[string]string{"functionName": f.Name, "functionVersion": f.Version, "handler": f.Handler}
	for feature := range strings.SplitSeq(r.features, ",") {
		if strings.TrimSpace(feature) == "accountId" {
			about["accountId"] = f.Account
		}
	}
	body, err := json.Marshal(about)
	if err != nil { // strings always marshal
		return "{}"
	}
	return string(body)
}

// identified finds the extension that asks; problem is what to answer if there is none.
func (a *runtimeAPI) identified(r *request) (x *extensions, one *extension, problem string) {
	if r.identifier == "" {
		return nil, nil, refusal("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
	}
	if x = a.extensions.Load(); x != nil {
		x.mu.Lock()
		one = x.known(r.identifier)
		x.mu.Unlock()
	}
	if one == nil {
		return nil, nil, refusal("Extension.UnknownExtensionIdentifier", "Unknown extension "+r.identifier)
	}
	return x, one, ""
}

// nextEvent lets an extension wait for its next event.
func (a *runtimeAPI) nextEvent(k *conn, r *request) error {
	x, one, problem := a.identified(r)
	if problem != "" {
		return k.answer("403 Forbidden", problem)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if one.waiting != nil || one.state != extensionRegistered && one.state != extensionReady {
		return k.answer("403 Forbidden", invalidState)
	}
	// As of the runtime's: the answer comes later, the client closes.
	k.req.close = false
	one.waiting, one.state = k, extensionReady
	one.take()
	x.settle()
	return nil
}

// extensionFailed takes an extension's report that it failed.
func (a *runtimeAPI) extensionFailed(k *conn, r *request, state, kind string) error {
	x, one, problem := a.identified(r)
	if problem != "" {
		return k.answer("403 Forbidden", problem)
	}
	if r.errorType == "" {
		return k.answer("400 Bad Request", refusal("Extension.MissingHeader", "Missing Lambda-Extension-Function-Error-Type header"))
	}
	x.mu.Lock()
	one.state, one.kind = state, r.errorType
	first := x.note(kind, r.errorType)
	x.mu.Unlock()
	// The answer first: what learns of the failure ends the process.
	err := k.answer("202 Accepted", accepted)
	if first {
		close(x.broken)
	}
	return err
}

// left forgets the next of a connection that ended.
func (x *extensions) left(k *conn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, one := range x.all {
		if one.waiting == k {
			one.waiting = nil
		}
	}
}

// broken is closed when an extension failed; nil without extensions.
func (a *runtimeAPI) broken() <-chan struct{} {
	if x := a.extensions.Load(); x != nil {
		return x.broken
	}
	return nil
}

// unsettled is closed when all extensions wait for an event; nil when there is nobody
// to wait for.
func (a *runtimeAPI) unsettled() <-chan struct{} {
	if x := a.extensions.Load(); x != nil {
		return x.idle()
	}
	return nil
}
