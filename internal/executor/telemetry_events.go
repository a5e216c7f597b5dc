package executor

import (
	"math"
	"time"
)

// Records of platform events (Lambda guide, "Telemetry API Event schema reference").

// watched is the telemetry of the process, nil where nobody could have subscribed.
func (e *Environment) watched() *telemetry {
	if e.process == nil {
		return nil
	}
	if x := e.process.api.extensions.Load(); x != nil {
		return x.telemetry
	}
	return nil
}

// initStarted tells of the begin of an init.
func (e *Environment) initStarted(t *telemetry) {
	f := e.function
	t.emit(telemetryPlatform, "platform.initStart", map[string]any{
		"initializationType": e.initialization(), "phase": "init", "functionName": f.Name, "functionVersion": f.Version, "runtimeVersion": f.Runtime,
	})
}

// initDone tells of the runtime's part of an init, initReported of all of it.
func (e *Environment) initDone(status string) {
	if t := e.watched(); t != nil {
		t.emit(telemetryPlatform, "platform.initRuntimeDone", map[string]any{"initializationType": e.initialization(), "phase": "init", "status": status})
	}
}

func (e *Environment) initReported(took time.Duration) {
	if t := e.watched(); t != nil {
		t.emit(telemetryPlatform, "platform.initReport", map[string]any{
			"initializationType": e.initialization(), "phase": "init", "status": "success", "metrics": map[string]any{"durationMs": inMilliseconds(took)},
		})
		t.settled()
	}
}

func inMilliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e3 }

// invokeStarted tells of the begin of an invoke.
func (e *Environment) invokeStarted(inv *Invocation) {
	t := e.watched()
	if t == nil {
		return
	}
	record := map[string]any{"requestId": inv.RequestID, "version": e.function.Version}
	if tracing := inv.tracing(); tracing != nil {
		record["tracing"] = tracing
	}
	t.emit(telemetryPlatform, "platform.start", record)
}

func (inv *Invocation) tracing() map[string]any {
	if inv.TraceID == "" {
		return nil
	}
	tracing := map[string]any{"type": "X-Amzn-Trace-Id", "value": inv.TraceID}
	if inv.Segment != "" {
		tracing["spanId"] = inv.Segment
	}
	return tracing
}

// invokeEnded tells of the end of an invoke. Of one that took the process with it,
// nobody is left to be told.
func (e *Environment) invokeEnded(inv *Invocation, u usage, o outcome) {
	t := e.watched()
	if t == nil {
		return
	}
	status := "success"
	if o.failed {
		status = "error"
	}
	metrics := map[string]any{"durationMs": inMilliseconds(u.duration), "producedBytes": len(o.payload)}
	t.emit(telemetryPlatform, "platform.runtimeDone", map[string]any{"requestId": inv.RequestID, "status": status, "metrics": metrics})
	report := map[string]any{
		"durationMs": inMilliseconds(u.duration), "billedDurationMs": max(1, int64(math.Ceil((u.duration+u.init).Seconds()*1e3))),
		"memorySizeMB": e.function.MemoryMB, "maxMemoryUsedMB": (e.sandbox.peak() + 1<<20 - 1) >> 20,
	}
	if u.init > 0 {
		report["initDurationMs"] = inMilliseconds(u.init)
	}
	record := map[string]any{"requestId": inv.RequestID, "status": status, "metrics": report}
	if tracing := inv.tracing(); tracing != nil {
		record["tracing"] = tracing
	}
	t.emit(telemetryPlatform, "platform.report", record)
}

// newExtensions are the extensions of a new process, with what they can be told.
func (e *Environment) newExtensions(names []string) *extensions {
	x := newExtensions(names)
	x.telemetry = newTelemetry(e.x.clock, e.sendTelemetry, func(f func()) { e.x.running.Go(f) })
	e.journal.watch.Store(x.telemetry)
	return x
}

// unwatch ends what its extensions are told.
func (e *Environment) unwatch(p *process) {
	if x := p.api.extensions.Load(); x != nil {
		x.telemetry.end()
		e.journal.watch.Store(nil)
	}
}
