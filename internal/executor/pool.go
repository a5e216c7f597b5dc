package executor

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// pool are the environments of one function key. Guarded by Executor.mu.
type pool struct {
	all map[*Environment]struct{}
	// idle is in the order of use: the last one used is used next, so that the
	// others can become old.
	idle []*Environment
}

// takeIdle takes an environment that can run an invoke now. It gives back those
// that cannot, for the caller to destroy without the lock.
func (x *Executor) takeIdle(f *Function, now time.Time) (e *Environment, bad []*Environment) {
	p := x.pools[f.Key]
	if p == nil {
		return nil, nil
	}
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		e, p.idle[last] = p.idle[last], nil
		p.idle = p.idle[:last]
		if e.alive() && !e.expiring(now) {
			e.busy, e.used = true, true
			return e, bad
		}
		x.forget(e)
		bad = append(bad, e)
	}
	return nil, bad
}

// alive says that the sandbox still exists.
func (e *Environment) alive() bool {
	select {
	case <-e.sandbox.gone():
		return false
	default:
		return !e.lost
	}
}

// expiring says that the credentials may end before an invoke does.
func (e *Environment) expiring(now time.Time) bool {
	end := e.credentials.Expires
	return !end.IsZero() && end.Before(now.Add(e.function.Timeout))
}

// reserve makes room for one more environment, of a function. What has to go for
// it is given back for the caller to destroy.
func (x *Executor) reserve(f *Function) (e *Environment, evicted *Environment, err error) {
	if x.total >= x.max {
		if evicted = x.oldest(); evicted == nil {
			return nil, nil, ErrTooManyEnvironments
		}
		x.forget(evicted)
	}
	p := x.pools[f.Key]
	if p == nil {
		p = &pool{all: map[*Environment]struct{}{}}
		x.pools[f.Key] = p
	}
	e = newEnvironment(x, f)
	p.all[e] = struct{}{}
	x.total++
	return e, evicted, nil
}

// oldest is the environment that is idle for the longest time.
func (x *Executor) oldest() *Environment {
	var found *Environment
	for _, p := range x.pools {
		if len(p.idle) > 0 && p.idle[0].provision == nil && (found == nil || p.idle[0].idleSince.Before(found.idleSince)) {
			found = p.idle[0]
		}
	}
	return found
}

// forget takes an environment out of its pool.
func (x *Executor) forget(e *Environment) {
	p := x.pools[e.function.Key]
	if p == nil {
		return
	}
	if _, ok := p.all[e]; !ok {
		return
	}
	delete(p.all, e)
	x.total--
	if e.provision != nil {
		e.provision.look()
	}
	if i := slices.Index(p.idle, e); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	if len(p.all) == 0 {
		delete(x.pools, e.function.Key)
	}
}

// giveBack ends an invoke's use of an environment. It says whether the
// environment can be used again; else it must be destroyed.
func (x *Executor) giveBack(e *Environment) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e.busy = false
	if e.doomed || x.closed || !e.alive() || e.kept != nil && (e.process != e.kept || e.process.ended()) {
		x.forget(e)
		return false
	}
	e.idleSince = x.clock.Now()
	p := x.pools[e.function.Key]
	p.idle = append(p.idle, e)
	if !x.keeping {
		x.keeping = true
		x.wakeKeeper()
	}
	return true
}

// Retire ends a key's environments: idle ones now, busy ones after their
// invoke. A later invoke starts afresh.
func (x *Executor) Retire(key string) {
	if x.enter() != nil {
		return
	}
	defer x.running.Done()
	x.mu.Lock()
	var now []*Environment
	if p := x.pools[key]; p != nil {
		for e := range p.all {
			e.doomed = true
		}
		now = slices.Clone(p.idle)
		for _, e := range now {
			x.forget(e)
		}
	}
	x.mu.Unlock()
	x.destroy(now...)
}

// keep freezes environments that have become idle, and ends those that are idle
// for too long or whose credentials end.
func (x *Executor) keep() {
	for {
		next := x.tend()
		var due <-chan time.Time
		if next > 0 {
			due = x.clock.After(next)
		}
		select {
		case <-x.closing:
			return
		case <-x.wake:
		case <-due:
		}
	}
}

func (x *Executor) wakeKeeper() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// tend does what is due and says when to look again; 0 means when something
// has become idle.
func (x *Executor) tend() time.Duration {
	now := x.clock.Now()
	next := limits.EnvironmentIdle
	var old, tired []*Environment
	x.mu.Lock()
	idle := 0
	for _, p := range x.pools {
		for _, e := range slices.Clone(p.idle) {
			idle++
			age := now.Sub(e.idleSince)
			switch {
			case age >= limits.EnvironmentIdle && e.provision == nil || e.expiring(now) || !e.alive():
				x.forget(e)
				old = append(old, e)
			case age >= limits.FreezeAfter:
				tired = append(tired, e)
				if e.provision == nil {
					next = min(next, limits.EnvironmentIdle-age)
				}
			default:
				next = min(next, limits.FreezeAfter-age)
			}
		}
	}
	// Whoever becomes idle while nothing is about to be frozen wakes the keeper.
	x.keeping = next <= limits.FreezeAfter
	x.mu.Unlock()
	x.destroy(old...)
	for _, e := range tired {
		e.rest(func() bool { return x.idle(e, now) })
	}
	if idle == 0 {
		return 0
	}
	return max(next, time.Millisecond)
}

// idle says whether an environment has been idle since before some time.
func (x *Executor) idle(e *Environment, before time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !e.busy && !e.doomed && e.idleSince.Before(before)
}
