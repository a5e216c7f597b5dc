package executor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/executor/runtimes"
	"github.com/sallyport/sallyport/internal/limits"
)

// Environment is one execution environment: a sandbox, the role session it was
// given, and at most one runtime process. Whoever took it from its pool owns it.
type Environment struct {
	// ID is 32 hexadecimal digits; LogStream is where its log goes.
	ID, LogStream string

	x           *Executor
	function    *Function
	runtime     runtimes.Runtime
	credentials Credentials
	// secrets are what Function.Secrets gave.
	secrets map[string]string
	sandbox sandbox
	journal *journal
	// process is nil before the first init and after a reset.
	process *process
	// begun says that the init phase is over, or was tried.
	begun bool
	// lost says that the sandbox is not usable any more.
	lost bool
	// running is the request id of the invoke that runs, nil for none.
	running atomic.Pointer[string]

	// provision is what keeps the environment ready, nil for none; kept is the
	// process that it initialised.
	provision *Provision
	kept      *process

	// Guarded by Executor.mu. used says that an invoke has taken it.
	used      bool
	doomed    bool
	busy      bool
	idleSince time.Time

	// freezing guards frozen. The owner thaws; the keeper freezes what is idle.
	freezing sync.Mutex
	frozen   bool
}

// Invocation is the request id of the invoke that runs in the environment, empty
// for none. It is safe for concurrent use.
func (e *Environment) Invocation() string {
	if id := e.running.Load(); id != nil {
		return *id
	}
	return ""
}

// process is one run of the runtime in an environment.
type process struct {
	api *runtimeAPI
	// exited is closed when exit is set.
	exited chan struct{}
	exit   exit
	// registered is closed when external extensions have registered; then launch
	// starts the runtime. Nil without external extensions, or when it has started.
	registered <-chan struct{}
	launch     func() error
}

// ends takes the runtime's end.
func (p *process) ends(x exit) {
	p.exit = x
	close(p.exited)
}

// newEnvironment names an environment. Log streams have the form of AWS's
// (facts/execution-role.md section 8).
func newEnvironment(x *Executor, f *Function) *Environment {
	var b [16]byte
	_, _ = rand.Read(b[:]) // since Go 1.24 it ends the process instead of failing
	e := &Environment{ID: hex.EncodeToString(b[:]), x: x, function: f, busy: true}
	day := x.clock.Now().Format("2006/01/02/")
	if f.LogGroup == "" || f.LogGroup == "/aws/lambda/"+f.Name {
		e.LogStream = day + "[" + f.Version + "]" + e.ID
	} else {
		e.LogStream = day + f.Name + "[" + f.Version + "][" + e.ID + "]"
	}
	return e
}

// settle gives the environment its sandbox. From here on destroy must be called.
func (e *Environment) settle(s sandbox) error {
	e.sandbox = s
	f := e.function
	err := s.assign(assignment{codeDir: f.CodeDir, layerDir: f.LayerDir, mounts: e.runtime.Mounts, memoryMB: f.MemoryMB, ephemeralMB: max(f.EphemeralMB, 512), daemon: e.tracesTo(), beside: e.takeBeside})
	if err != nil {
		return err
	}
	e.journal, err = newJournal(e.x.clock, s.output(), func(events []LogEvent) {
		if f.Logs != nil {
			f.Logs(e, events)
		}
	})
	if err != nil {
		return err
	}
	e.x.running.Go(e.journal.follow)
	if l := s.endpoint(); l != nil && e.x.endpoint != nil {
		e.x.running.Go(func() { e.x.endpoint(e, l) })
	}
	return nil
}

// run takes one invocation through the environment.
func (e *Environment) run(ctx context.Context, inv *Invocation) (*Result, error) {
	e.wake()
	cold := !e.begun
	var u usage
	before := ""
	if cold {
		e.begun = true
		before = initStartLine(e.function, e.runtime, e.x.bare())
	}
	e.journal.begin(inv.Tail, before)
	if cold {
		start := e.x.clock.Now()
		failed, err := e.init(ctx, e.x.clock.After(e.x.initTime), "init", "")
		if err != nil {
			e.journal.end()
			return nil, err
		}
		if failed == nil {
			u.init = e.x.clock.Now().Sub(start)
		}
	}
	o, err := e.invoke(ctx, inv, &u)
	if err != nil {
		e.journal.end()
		return nil, err
	}
	result := &Result{Payload: o.payload, ContentType: o.contentType, EnvironmentID: e.ID, Cold: cold, Ended: e.x.clock.Now(), Duration: u.duration, Init: u.init}
	if o.failed {
		result.FunctionError, result.ErrorType = "Unhandled", o.kind
	}
	e.invokeEnded(inv, u, o)
	result.Tail = e.report(inv, u, o)
	return result, nil
}

// invoke hands the invocation to the runtime and waits for what comes of it.
func (e *Environment) invoke(ctx context.Context, inv *Invocation, u *usage) (outcome, error) {
	f, clock := e.function, e.x.clock
	e.running.Store(&inv.RequestID)
	defer e.running.Store(nil)
	start, timeout := clock.Now(), clock.After(f.Timeout)
	c := &call{Invocation: inv, deadline: start.Add(f.Timeout), done: make(chan outcome, 1)}
	o, started, err := e.serve(ctx, c, timeout)
	if err != nil {
		return o, err
	}
	u.duration = clock.Now().Sub(start)
	if o.status == "timeout" {
		u.duration = f.Timeout
	}
	if !started {
		e.journal.platform(startLine(inv.RequestID, f.Version))
	}
	return o, nil
}

// serve is invoke without the bookkeeping. started says that the log has the
// invocation's START, which AWS writes when the runtime is ready for it.
func (e *Environment) serve(ctx context.Context, c *call, timeout <-chan time.Time) (o outcome, started bool, err error) {
	for {
		if e.process != nil && e.process.ended() {
			e.reset()
		}
		if e.process == nil {
			failed, err := e.init(ctx, timeout, "invoke", c.RequestID)
			if failed != nil || err != nil {
				if failed != nil {
					o = *failed
				}
				return o, started, err
			}
		}
		if !started {
			started = true
			e.journal.platform(startLine(c.RequestID, e.function.Version))
			e.invokeStarted(c.Invocation)
		}
		if x := e.process.api.extensions.Load(); x != nil {
			x.invoke(c)
		}
		e.process.api.hand(c)
		o, again, err := e.await(ctx, c, timeout)
		if !again {
			return o, started, err
		}
	}
}

// await waits for the outcome of a call that was handed to the runtime. again
// says that the runtime ended before it took the call.
func (e *Environment) await(ctx context.Context, c *call, timeout <-chan time.Time) (o outcome, again bool, err error) {
	p := e.process
	tick, exited := e.x.clock.After(limits.LogDelay), p.exited
	var settled <-chan time.Time
	broken := p.api.broken()
	for {
		select {
		case o := <-c.done:
			if o.truncated {
				o = e.broken(c, p)
			}
			return o, false, nil
		case <-tick:
			e.journal.tick()
			tick = e.x.clock.After(limits.LogDelay)
		case <-broken:
			c.cut()
			return e.crashed(c, p), false, nil
		case <-timeout:
			c.cut()
			e.end("timeout")
			return timedOut(c.RequestID, e.function.Timeout), false, nil
		case <-ctx.Done():
			c.cut()
			e.reset()
			return o, false, ctx.Err()
		case <-e.x.closing:
			c.cut()
			e.reset()
			return o, false, ErrClosed
		case <-exited:
			if c.Sink == nil {
				return e.exited(c, p)
			}
			// What it had sent may still be on its way, at the sink's pace.
			exited, settled = nil, e.x.clock.After(servedOut)
		case <-settled:
			if !p.api.settle() {
				return e.exited(c, p)
			}
		case <-e.sandbox.gone():
			c.cut()
			e.lost = true
			return e.exited(c, p)
		}
	}
}

// exited tells what became of a call whose runtime ended: it may have been
// answered just before.
func (e *Environment) exited(c *call, p *process) (o outcome, again bool, err error) {
	e.reset()
	handed := p.api.withdraw()
	select {
	case o := <-c.done:
		if o.truncated {
			o = brokenOff(ended(c.RequestID, p.exit))
		}
		return o, false, nil
	default:
	}
	if !handed && !e.lost {
		return o, true, nil
	}
	return ended(c.RequestID, p.exit), false, nil
}

// report writes the end of the invocation to the log and gives the tail.
func (e *Environment) report(inv *Invocation, u usage, o outcome) []byte {
	text := ""
	if o.text != "" {
		text = failureLines(inv.RequestID, o, e.x.clock.Now())
	}
	u.memoryMB, u.peak = int64(e.function.MemoryMB), e.sandbox.peak()
	if o.errorType == errorMemory {
		u.peak = u.memoryMB << 20
	}
	return e.journal.end(text, endLine(inv.RequestID), reportLine(inv, u, o))
}

// init starts the runtime and waits until it asks for its first invocation.
// What went wrong in it is an outcome; err says that there was no time for one.
func (e *Environment) init(ctx context.Context, limit <-chan time.Time, phase, requestID string) (failed *outcome, err error) {
	start := e.x.clock.Now()
	if err := e.start(); err != nil {
		return nil, err
	}
	p := e.process
	var o outcome
	tick := e.x.clock.After(limits.LogDelay)
	ready, done := (<-chan struct{})(p.api.ready), false
wait:
	for {
		select {
		case <-ready:
			if !done {
				done = true
				e.initDone("success")
			}
			if ready = p.api.unsettled(); ready != nil {
				continue // the runtime is ready, its extensions are not
			}
			e.tellExtensions(p)
			e.initReported(e.x.clock.Now().Sub(start))
			return nil, nil
		case <-p.registered:
			p.registered = nil
			if err := p.launch(); err != nil {
				e.lost = true
				e.reset()
				return nil, err
			}
			continue
		case <-p.api.broken():
			e.reset()
			e.tellExtensions(p)
			o = p.api.extensions.Load().failed(requestID)
		case <-tick:
			e.journal.tick()
			tick = e.x.clock.After(limits.LogDelay)
			continue
		case <-p.api.failed:
			// It is about to end by itself, and may have more to say.
			select {
			case <-p.exited:
			case <-e.x.clock.After(lastWords):
			}
			e.reset()
			o = *p.api.initError
		case <-p.exited:
			e.reset()
			o = p.initExit(requestID)
		case <-e.sandbox.gone():
			e.lost = true
			e.reset()
			o = p.initExit(requestID)
		case <-limit:
			e.end("timeout")
			o = timedOut(requestID, e.function.Timeout)
		case <-ctx.Done():
			e.reset()
			return nil, ctx.Err()
		case <-e.x.closing:
			e.reset()
			return nil, ErrClosed
		}
		break wait
	}
	e.journal.platform(initReportLine(e.x.clock.Now().Sub(start), phase, o))
	return &o, nil
}

// initExit is the outcome of an init in which the process ended: its own
// report, if it made one, or how it ended.
func (p *process) initExit(requestID string) outcome {
	select {
	case <-p.api.failed:
		return *p.api.initError
	default:
		return ended(requestID, p.exit)
	}
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	case <-p.api.broken():
		return true
	default:
		return false
	}
}

// start starts the runtime process.
func (e *Environment) start() error {
	at := e.sandbox.places()
	path, args, err := e.command(at)
	p := &process{exited: make(chan struct{})}
	if err != nil {
		// Told like a program that cannot be started: it is the function's fault.
		e.still(p, exit{failed: err})
		return nil
	}
	c, problem, status := e.wrapped(command{path: path, args: args, env: e.variables(at)}, at)
	if problem != "" {
		e.journal.platform(problem)
		e.still(p, exit{status: status})
		return nil
	}
	if names := e.externals(); len(names) > 0 {
		err = e.startExtended(p, names, c, at)
	} else if l, failed := e.sandbox.start(c, p.ends); failed == nil {
		p.api = serveExtended(l, e.function, nil, e.newExtensions)
	} else {
		err = failed
	}
	if err != nil {
		e.lost = true
		return err
	}
	e.process = p
	return nil
}

// still makes it a process that has ended before it began.
func (e *Environment) still(p *process, x exit) {
	p.api = serveRuntime(nil)
	p.ends(x)
	e.process = p
}

// servedOut is how long what a dead process has sent is still read. It is all
// there: only a process that escaped can hold a connection longer.
const servedOut = 250 * time.Millisecond

// lastWords is how long a runtime may go on after it has reported an init error.
const lastWords = 100 * time.Millisecond

// reset ends the runtime; the next invoke starts it again. /tmp stays.
func (e *Environment) reset() { e.end("failure") }

// end is reset for a reason, which extensions are told.
func (e *Environment) end(reason string) {
	p := e.process
	if p == nil {
		return
	}
	e.shutdown(p, reason)
	e.unwatch(p)
	if err := e.sandbox.stop(); err != nil {
		e.lost = true
		e.sandbox.destroy()
		e.x.log.Warn("a function's sandbox was lost", "function", e.function.Name, "error", err)
	}
	p.api.close(e.x.clock.Now().Add(servedOut))
	e.process = nil
}

// wake thaws a frozen environment.
func (e *Environment) wake() {
	e.freezing.Lock()
	defer e.freezing.Unlock()
	if !e.frozen {
		return
	}
	e.frozen = false
	if err := e.sandbox.thaw(); err != nil {
		e.lost = true
		e.x.log.Warn("a function's environment could not be thawed", "function", e.function.Name, "error", err)
	}
}

// rest freezes an environment that has nothing to do.
func (e *Environment) rest(idle func() bool) {
	e.freezing.Lock()
	defer e.freezing.Unlock()
	if e.frozen || !idle() || e.process == nil || !e.process.api.idle() {
		return
	}
	// What cannot be frozen runs on: Status says how environments are frozen.
	e.frozen = e.sandbox.freeze() == nil
}

// destroy ends the environment and everything in it.
func (e *Environment) destroy() {
	if e.sandbox == nil {
		return
	}
	if e.process != nil && e.process.api.extensions.Load() != nil {
		e.wake()
		e.shutdown(e.process, "spindown")
		e.unwatch(e.process)
	}
	e.sandbox.destroy()
	if e.process != nil {
		e.process.api.close(e.x.clock.Now().Add(servedOut))
	}
}
