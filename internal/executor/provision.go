package executor

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// Provision keeps environments of one function initialised ahead of invokes:
// provisioned concurrency. Whoever made it closes it.
//
// Its environments are a pool of their own: they are used by invocations that
// name it (Invocation.First), are not ended when they are idle, nor to make room
// for others, and are replaced when they die or when their credentials are about
// to end. They count against the bound on environments as all others do.
type Provision struct {
	x        *Executor
	ctx      context.Context
	function *Function
	// wake tells the maker to look again. It has room for one.
	wake chan struct{}

	// Guarded by Executor.mu.
	want, making int
	closed       bool
	// failure is why the last attempt failed, nil since one succeeded; none is
	// made before retry then.
	failure error
	retry   time.Time
}

// Provisioned says how far a Provision is.
type Provisioned struct {
	// Wanted is how many environments there should be; Allocated are those that
	// there are, Available those of them that are initialised, busy ones too.
	Wanted, Allocated, Available int
	// Failure is why there are not as many as wanted, nil while they are being
	// made: *InitError, *CredentialsError, *RuntimeMissingError,
	// ErrTooManyEnvironments, or the machine's.
	Failure error
}

// InitError says that a function failed to initialise. Its log tells why.
type InitError struct{ Type string }

func (e *InitError) Error() string { return "the function failed to initialise: " + e.Type }

// Provision begins to keep n environments of a function. Its key must be its
// own: no Invoke may be given the same one. The function's callbacks get ctx; once
// it ends no environment is made. After Close of the executor the provision stays
// empty.
func (x *Executor) Provision(ctx context.Context, f *Function, n int) *Provision {
	p := &Provision{x: x, ctx: ctx, function: f, wake: make(chan struct{}, 1), want: n}
	if x.enter() != nil {
		p.closed = true
		return p
	}
	defer x.running.Done()
	x.running.Go(p.keep)
	return p
}

// Resize changes how many environments are kept, and lets one be tried again at
// once that failed.
func (p *Provision) Resize(n int) {
	p.x.mu.Lock()
	p.want, p.failure = n, nil
	p.x.mu.Unlock()
	p.look()
}

// Close ends the environments: idle ones now, busy ones after their invoke.
func (p *Provision) Close() {
	p.x.mu.Lock()
	p.closed, p.want = true, 0
	p.x.mu.Unlock()
	p.x.Retire(p.function.Key)
	p.look()
}

// State says how far the provision is.
func (p *Provision) State() Provisioned {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	ready := p.ready(p.x.clock.Now())
	s := Provisioned{Wanted: p.want, Allocated: ready + p.making, Available: ready}
	if ready < p.want {
		s.Failure = p.failure
	}
	return s
}

// ready counts the initialised environments that will last.
func (p *Provision) ready(now time.Time) int {
	n := 0
	if pool := p.x.pools[p.function.Key]; pool != nil {
		for e := range pool.all {
			if e.kept != nil && !e.doomed && !e.aging(now) {
				n++
			}
		}
	}
	return n
}

// aging says that the credentials end soon enough for a successor to be made.
func (e *Environment) aging(now time.Time) bool {
	return e.expiring(now.Add(limits.ProvisionAhead))
}

func (p *Provision) look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// keep makes what is missing and ends what is too much, until the provision or
// the executor is closed.
func (p *Provision) keep() {
	<-p.x.chosen
	for {
		again, done := p.step()
		if done {
			return
		}
		var due <-chan time.Time
		if again > 0 {
			due = p.x.clock.After(again)
		}
		select {
		case <-p.wake:
		case <-due:
		case <-p.x.closing:
			return
		}
	}
}

// step starts what is missing. It says when to look again without being woken,
// 0 for never.
func (p *Provision) step() (again time.Duration, done bool) {
	x := p.x
	now := x.clock.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	if p.closed || x.closed {
		return 0, true
	}
	x.destroy(p.surplus(now)...)
	missing := p.want - p.ready(now) - p.making
	if wait := p.retry.Sub(now); p.failure != nil && wait > 0 {
		return wait, false
	}
	if p.failure != nil {
		missing = min(missing, 1-p.making)
	}
	for range min(missing, limits.ProvisionAtOnce-p.making) {
		p.making++
		x.running.Go(p.make)
	}
	// Credentials age without an event.
	return limits.ProvisionAhead / 2, false
}

// surplus takes out idle environments that have a successor, or are more than
// wanted. Called with Executor.mu.
func (p *Provision) surplus(now time.Time) []*Environment {
	pool := p.x.pools[p.function.Key]
	if pool == nil {
		return nil
	}
	var over []*Environment
	ready := p.ready(now)
	for _, e := range append([]*Environment(nil), pool.idle...) {
		switch {
		case !e.alive() || e.process != e.kept || e.process.ended() || e.expiring(now):
			if !e.aging(now) {
				ready--
			}
		case e.aging(now):
			if ready < p.want {
				continue // it serves until its successor does
			}
		case ready > p.want:
			ready--
		default:
			continue
		}
		p.x.forget(e)
		over = append(over, e)
	}
	return over
}

// make makes one environment and initialises it.
func (p *Provision) make() {
	x := p.x
	e, err := p.initialised()
	now := x.clock.Now()
	x.mu.Lock()
	p.making--
	p.failure = err
	if err != nil {
		p.retry = now.Add(limits.ProvisionRetry)
	} else {
		e.kept = e.process
	}
	x.mu.Unlock()
	switch {
	case err != nil:
	case x.giveBack(e):
		x.running.Go(func() { p.watch(e, now) })
	default:
		x.destroy(e)
	}
	x.shelf.fill()
	p.look()
}

// initialised is a new environment whose runtime asks for its first invoke.
func (p *Provision) initialised() (*Environment, error) {
	x := p.x
	x.mu.Lock()
	if p.closed || x.closed {
		x.mu.Unlock()
		return nil, ErrClosed
	}
	e, evicted, err := x.reserve(p.function)
	if err == nil {
		e.provision = p
	}
	x.mu.Unlock()
	if evicted != nil {
		x.destroy(evicted)
	}
	if err != nil {
		return nil, err
	}
	err = x.prepare(p.ctx, e)
	if err == nil {
		err = e.initAhead(p.ctx)
	}
	if err != nil {
		x.mu.Lock()
		x.forget(e)
		x.mu.Unlock()
		x.destroy(e)
		return nil, err
	}
	return e, nil
}

// initAhead is an environment's init without an invoke.
func (e *Environment) initAhead(ctx context.Context) error {
	e.begun = true
	e.journal.begin(false, initStartLine(e.function, e.runtime, e.x.bare()))
	defer e.journal.end()
	limit := max(limits.ProvisionedInit, e.function.Timeout)
	failed, err := e.init(ctx, e.x.clock.After(limit), "init", "")
	if err != nil {
		return err
	}
	if failed != nil {
		return &InitError{failed.errorType}
	}
	return nil
}

// watch sees to it that an environment is replaced whose runtime, or extension, ends
// while nobody uses it. One that ends soon after its init would end again.
func (p *Provision) watch(e *Environment, born time.Time) {
	x := p.x
	select {
	case <-e.kept.exited:
	case <-e.kept.api.broken():
	case <-e.sandbox.gone():
	case <-x.closing:
		return
	}
	now := x.clock.Now()
	x.mu.Lock()
	if !e.doomed && !p.closed && !e.used && now.Sub(born) < limits.ProvisionRetry {
		p.failure, p.retry = &InitError{errorExit}, born.Add(limits.ProvisionRetry)
	}
	x.mu.Unlock()
	p.look()
}
