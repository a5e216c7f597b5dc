package executor

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/executor/runtimes"
	"github.com/sallyport/sallyport/internal/limits"
)

// Config is what an Executor is made of.
type Config struct {
	// Dir is for the executor alone: what is in it is removed, at the start and by Close.
	Dir   string
	Clock clock.Clock
	// Log receives diagnostics; nil discards them.
	Log *slog.Logger
	Bug *bug.Reporter
	// StrictRuntimes refuses a function whose exact runtime is not installed.
	StrictRuntimes bool
	// EndpointPort is the port at which functions find the AWS API on their own
	// 127.0.0.1. Endpoint serves it to one environment until l is closed, which
	// the executor does. Without Endpoint, functions get no AWS_ENDPOINT_URL.
	EndpointPort int
	Endpoint     func(env *Environment, l net.Listener)
	// MaxEnvironments bounds the environments of all functions; 0 is limits.Environments.
	MaxEnvironments int
	// Bare runs functions without a sandbox even where one could be had. For
	// tests: it keeps nothing apart.
	Bare bool
}

// Executor runs functions. Its methods may be called concurrently.
type Executor struct {
	clock    clock.Clock
	log      *slog.Logger
	bug      *bug.Reporter
	endpoint func(*Environment, net.Listener)
	dir      string
	max      int
	// initTime is limits.InitTime; tests have less time.
	initTime time.Duration
	runtimes *runtimes.Set
	// driver and shelf are set when chosen is closed: trying whether sandboxes
	// can be made takes as long as the rest of a server's start.
	driver driver
	shelf  *shelf
	chosen chan struct{}

	// closing is closed by Close; running are all goroutines.
	closing chan struct{}
	running sync.WaitGroup
	wake    chan struct{}

	mu     sync.Mutex
	closed bool
	pools  map[string]*pool
	total  int
	// keeping says that the keeper will look within limits.FreezeAfter.
	keeping bool
	once    sync.Once
	err     error
}

// New makes an executor. Beside the caller, it finds out how functions can be
// run here by making a sandbox, and removes what a killed server left behind;
// Status and Invoke wait for that.
func New(c Config) (*Executor, error) {
	x := &Executor{
		clock: c.Clock, log: c.Log, bug: c.Bug, endpoint: c.Endpoint, dir: c.Dir, max: c.MaxEnvironments, initTime: limits.InitTime,
		runtimes: runtimes.New(c.StrictRuntimes), pools: map[string]*pool{},
		chosen: make(chan struct{}), closing: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if x.max == 0 {
		x.max = limits.Environments
	}
	var err error
	if x.dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, fmt.Errorf("executor: %w", err)
	}
	if err := x.makeDir(); err != nil {
		return nil, err
	}
	if c.Endpoint == nil {
		c.EndpointPort = 0
	}
	x.running.Go(func() {
		d, first := chooseDriver(driverConfig{
			dir: x.dir, runtimeDir: x.runtimeDir(), clock: c.Clock, log: x.log, withEndpoint: c.Endpoint != nil, endpointPort: c.EndpointPort, bare: c.Bare,
		})
		x.driver, x.shelf = d, newShelf(d, first)
		close(x.chosen)
	})
	x.running.Go(x.keep)
	return x, nil
}

// driverConfig is what drivers need to know.
type driverConfig struct {
	dir, runtimeDir string
	clock           clock.Clock
	log             *slog.Logger
	withEndpoint    bool
	endpointPort    int
	bare            bool
}

func (x *Executor) runtimeDir() string { return filepath.Join(x.dir, "runtime") }

// makeDir makes the working directory anew, with the language loops in it and an
// empty folder for drivers to build on.
func (x *Executor) makeDir() error {
	if err := os.RemoveAll(x.dir); err != nil {
		return fmt.Errorf("executor: %w", err)
	}
	for _, dir := range []string{x.dir, x.runtimeDir(), filepath.Join(x.dir, "root")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("executor: %w", err)
		}
	}
	if err := x.runtimes.WriteLoops(x.runtimeDir()); err != nil {
		return fmt.Errorf("executor: %w", err)
	}
	return nil
}

// Invoke runs one invocation and waits for its end. A failure of the function
// is a Result; errors are *RuntimeMissingError, *CredentialsError,
// ErrTooManyEnvironments, ErrClosed, ctx's, or the machine's.
func (x *Executor) Invoke(ctx context.Context, f *Function, inv *Invocation) (*Result, error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.running.Done()
	<-x.chosen
	e, err := x.environment(ctx, f, inv.First)
	if err != nil {
		return nil, err
	}
	cold := !e.begun
	result, err := e.run(ctx, inv)
	if e.lingers() {
		x.running.Go(func() {
			e.linger()
			x.leave(e)
		})
	} else {
		x.leave(e)
	}
	if cold {
		// Not sooner: making sandboxes would slow down the start just made.
		x.running.Go(x.shelf.fill)
	}
	return result, err
}

// leave ends an invoke's use of an environment.
func (x *Executor) leave(e *Environment) {
	if !x.giveBack(e) {
		x.destroy(e)
	}
}

// enter lets Close wait for the caller, who calls running.Done.
func (x *Executor) enter() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ErrClosed
	}
	x.running.Add(1)
	return nil
}

// environment takes an idle environment, one that was provisioned first of all, or
// makes one.
func (x *Executor) environment(ctx context.Context, f *Function, first *Provision) (*Environment, error) {
	x.mu.Lock()
	if first != nil {
		if e, bad := x.takeIdle(first.function, x.clock.Now()); e != nil || bad != nil {
			x.mu.Unlock()
			x.destroy(bad...)
			if e != nil {
				return e, nil
			}
			x.mu.Lock()
		}
	}
	e, bad := x.takeIdle(f, x.clock.Now())
	if e != nil {
		x.mu.Unlock()
		x.destroy(bad...)
		return e, nil
	}
	e, evicted, err := x.reserve(f)
	x.mu.Unlock()
	x.destroy(bad...)
	if evicted != nil {
		x.destroy(evicted)
	}
	if err != nil {
		return nil, err
	}
	if err := x.prepare(ctx, e); err != nil {
		x.mu.Lock()
		x.forget(e)
		x.mu.Unlock()
		x.destroy(e)
		return nil, err
	}
	return e, nil
}

// prepare gives a new environment what it needs.
func (x *Executor) prepare(ctx context.Context, e *Environment) error {
	var err error
	if e.runtime, err = x.runtimes.Resolve(e.function.Runtime); err != nil {
		return &RuntimeMissingError{Err: err}
	}
	if e.function.Credentials != nil {
		if e.credentials, err = e.function.Credentials(ctx); err != nil {
			return &CredentialsError{Err: err}
		}
	}
	if e.function.Secrets != nil {
		if e.secrets, err = e.function.Secrets(ctx); err != nil {
			return err
		}
	}
	s, err := x.shelf.take(ctx)
	if err != nil {
		return err
	}
	return e.settle(s)
}

// destroy ends environments, beside the caller, whom Close must wait for.
func (x *Executor) destroy(all ...*Environment) {
	for _, e := range all {
		if e.sandbox != nil {
			x.running.Go(e.destroy)
		}
	}
}

// bare is why nothing keeps functions apart; empty when they run in sandboxes.
func (x *Executor) bare() string {
	<-x.chosen
	var s Status
	x.driver.describe(&s)
	return s.Reason
}

// Close ends every environment and removes every trace. Running invokes end
// with an error.
func (x *Executor) Close() error {
	x.once.Do(func() { x.err = x.close() })
	return x.err
}

func (x *Executor) close() error {
	x.mu.Lock()
	x.closed = true
	close(x.closing)
	var all []*Environment
	for _, p := range x.pools {
		for e := range p.all {
			e.doomed = true
			if !e.busy {
				all = append(all, e)
			}
		}
	}
	for _, e := range all {
		x.forget(e)
	}
	x.mu.Unlock()
	x.destroy(all...)
	<-x.chosen
	x.shelf.close()
	x.running.Wait()
	err := x.driver.close()
	if e := os.RemoveAll(x.dir); err == nil && e != nil {
		err = fmt.Errorf("executor: %w", e)
	}
	return err
}
