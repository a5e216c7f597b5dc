package executor

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// External extensions are the programs in /opt/extensions. They are started before the
// runtime, with the function's environment and credentials; the runtime starts when all
// have registered; the init is over when all have asked for an event; and an environment
// is free when all ask again after an invoke (Lambda guide, "Lambda Extensions API").

// extensionsDir is where layers bring extensions, below /opt.
const extensionsDir = "extensions"

// externals are the names of the function's external extensions.
func (e *Environment) externals() []string {
	if e.function.LayerDir == "" {
		return nil
	}
	found, err := os.ReadDir(filepath.Join(e.function.LayerDir, extensionsDir))
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range found {
		if !f.IsDir() && len(names) < limits.Extensions {
			names = append(names, f.Name())
		}
	}
	return names
}

// startExtended starts the extensions; the runtime is started once they have registered
// (process.launch).
func (e *Environment) startExtended(p *process, names []string, c command, at places) error {
	l, err := e.sandbox.prepare()
	if err != nil {
		return err
	}
	x := e.newExtensions(names)
	e.initStarted(x.telemetry)
	p.registered = x.registered
	p.launch = func() error { return e.sandbox.launch("", c, p.ends) }
	// Served before they start: what they ask first is what they find.
	p.api = serveExtended(l, e.function, x, e.newExtensions)
	env := slices.DeleteFunc(slices.Clone(c.env), ofRuntime)
	for _, name := range names {
		own := command{path: filepath.Join(at.opt, extensionsDir, name), env: env}
		if err := e.sandbox.launch(name, own, func(end exit) { x.exited(name, end) }); err != nil {
			p.api.close(e.x.clock.Now())
			return err
		}
	}
	return nil
}

// ofRuntime says whether a variable is the runtime's alone (Lambda guide, "Extensions
// API", "Function configuration").
func ofRuntime(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	switch name {
	case "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
		"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT", "_HANDLER", "AWS_LAMBDA_EXEC_WRAPPER":
		return true
	}
	return false
}

// tellExtensions writes to the log how they are.
func (e *Environment) tellExtensions(p *process) {
	if x := p.api.extensions.Load(); x != nil {
		for _, line := range x.lines() {
			e.journal.platform(line)
		}
	}
}

// crashed tells what became of a call whose extension failed: it may have been answered
// just before.
func (e *Environment) crashed(c *call, p *process) outcome {
	e.reset()
	select {
	case o := <-c.done:
		return o
	default:
	}
	e.tellExtensions(p)
	return p.api.extensions.Load().failed(c.RequestID)
}

// lingers says that extensions are still at work after an invoke.
func (e *Environment) lingers() bool {
	return e.process != nil && e.process.api.unsettled() != nil
}

// linger waits until extensions are done with an invoke that has been answered: the
// function's time is theirs too.
func (e *Environment) linger() {
	p := e.process
	x := p.api.extensions.Load()
	x.mu.Lock()
	deadline := x.deadline
	x.mu.Unlock()
	select {
	case <-p.api.unsettledOrDone():
	case <-e.x.clock.After(deadline.Sub(e.x.clock.Now())):
		e.end("timeout")
	case <-x.broken:
		e.tellExtensions(p)
		e.reset()
	case <-p.exited:
		e.reset()
	case <-e.sandbox.gone():
		e.lost = true
		e.reset()
	case <-e.x.closing:
	}
}

// unsettledOrDone is unsettled with a channel in any case.
func (a *runtimeAPI) unsettledOrDone() <-chan struct{} {
	if c := a.unsettled(); c != nil {
		return c
	}
	done := make(chan struct{})
	close(done)
	return done
}

// Times for the end of an environment with extensions (Lambda guide, "Shutdown phase").
const (
	shutdownInternal = 500 * time.Millisecond
	shutdownExternal = 2 * time.Second
	// shutdownRuntime is the part of the runtime when there are external ones.
	shutdownRuntime = 300 * time.Millisecond
)

// shutdown lets a runtime and its extensions end by themselves. Without extensions
// there is no time for that.
func (e *Environment) shutdown(p *process, reason string) {
	x := p.api.extensions.Load()
	if x == nil || !e.alive() {
		return
	}
	x.mu.Lock()
	first := !x.ending
	x.ending = true
	external := x.external > 0
	x.mu.Unlock()
	if !first {
		return
	}
	deadline, ofRuntime := e.x.clock.Now().Add(shutdownExternal), shutdownRuntime
	if !external {
		ofRuntime = shutdownInternal
	}
	if p.launch == nil || p.registered == nil {
		e.sandbox.terminate()
		select {
		case <-p.exited:
		case <-e.sandbox.gone():
		case <-e.x.clock.After(ofRuntime):
		}
	}
	x.telemetry.hurry()
	if !external || !x.end(reason, deadline) {
		return
	}
	select {
	case <-x.gone:
	case <-e.sandbox.gone():
	case <-e.x.clock.After(deadline.Sub(e.x.clock.Now())):
	}
}

// eventID is a new identifier, in the form of a UUID.
func eventID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // since Go 1.24 it ends the process instead of failing
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// takeBeside follows what extensions print: into the function's log, and to whoever
// has subscribed to it.
func (e *Environment) takeBeside(out *os.File) {
	j, err := newJournal(e.x.clock, out, e.journal.besides)
	if err != nil {
		out.Close()
		return
	}
	e.journal.beside.Store(j)
	e.x.running.Go(j.follow)
}
