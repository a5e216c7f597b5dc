package lambda

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/executor"
)

// environmentKey tells apart what may share an execution environment: one
// version in one state of code, role and configuration.
func environmentKey(r ref, v *config) string {
	return r.unqualified() + ":" + v.Version + ":" + v.Generation
}

// runtimes are the versions that have been run and not been replaced.
type runtimes struct {
	mu   sync.Mutex
	open map[string]*running
}

// running is one version ready to run: its code unpacked, its description for
// the executor made.
type running struct {
	key        string
	ref        ref // qualified with the version
	generation string
	// ready is closed when function is set, or err says why not.
	ready    chan struct{}
	err      error
	function *executor.Function
	release  func()
	// session is that of its environments; sampled is the last second in which a
	// request was traced for being the first of it.
	session *session
	sampled atomic.Int64
	// users and stale are guarded by runtimes.mu: a stale one ends with its last user.
	users int
	stale bool
}

// session holds the credentials made last for environments of one version. Any
// of them writes the logs of all: they are sessions of one role and name.
type session struct {
	mu   sync.Mutex
	last executor.Credentials
}

func (s *session) put(c executor.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = c
}

func (s *session) get() executor.Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// use makes a version ready to run, or joins those who use it. Whoever got one
// gives it back with unuse.
func (s *Service) use(ctx context.Context, r ref, v *config) (*running, error) {
	key, l := environmentKey(r, v), s.live
	l.mu.Lock()
	e, shared := l.open[key]
	if !shared {
		e = &running{key: key, ref: r.with(v.Version), generation: v.Generation, ready: make(chan struct{})}
		l.open[key] = e
	}
	e.users++
	l.mu.Unlock()
	if shared {
		<-e.ready
	} else {
		s.prepare(ctx, e, r, v)
		close(e.ready)
		// The version may have been replaced before it stood in the list.
		if e.err != nil || !s.current(e) {
			s.retire(key)
		}
	}
	if e.err != nil {
		s.unuse(e)
		return nil, e.err
	}
	return e, nil
}

func (s *Service) prepare(ctx context.Context, e *running, r ref, v *config) {
	if v.Image != nil {
		e.err = &imageError{v.Image.URI}
		return
	}
	code, layers, release, err := s.folders(context.WithoutCancel(ctx), v)
	if err != nil {
		e.err = err
		return
	}
	variables, err := map[string]string(nil), error(nil)
	if v.Key == "" {
		variables, err = s.ownVariables(r, v)
	}
	if e.release = release; err != nil {
		e.err = err
		return
	}
	keep := &session{}
	e.session = keep
	group := v.logGroup(r.name)
	e.function = &executor.Function{
		Key: e.key, Name: r.name, Version: v.Version, Account: r.account, Region: r.region, ARN: r.unqualified(),
		Runtime: v.Runtime, Handler: v.Handler, Architecture: v.Architecture,
		MemoryMB: int(v.Memory), EphemeralMB: int(v.Storage), Timeout: time.Duration(v.Timeout) * time.Second,
		Variables: variables, Secrets: s.secretsOf(r, v), CodeDir: code, LayerDir: layers, LogGroup: group,
		Credentials: s.environmentCredentials(r, v.Role, keep),
		Logs: func(env *executor.Environment, events []executor.LogEvent) {
			s.logs.add(r, group, env.LogStream, keep, events)
		},
		Tracing: v.Tracing,
		Traces: func(env *executor.Environment, documents [][]byte) {
			for _, d := range documents {
				s.traces.add(e, env.Invocation(), string(d))
			}
		},
	}
}

func (s *Service) unuse(e *running) {
	s.live.mu.Lock()
	e.users--
	last := e.users == 0 && e.stale
	s.live.mu.Unlock()
	if last {
		s.end(e)
	}
}

// retire ends a version's environments: idle ones now, busy ones after their invoke.
func (s *Service) retire(key string) {
	s.live.mu.Lock()
	e := s.live.open[key]
	if e == nil {
		s.live.mu.Unlock()
		return
	}
	e.stale = true
	last := e.users == 0
	s.live.mu.Unlock()
	s.executor.Retire(key)
	if last {
		s.end(e)
	}
}

// end forgets a version that nobody uses any more. Retiring it once more
// reaches an environment that a last invoke has started since.
func (s *Service) end(e *running) {
	s.live.mu.Lock()
	mine := s.live.open[e.key] == e && e.users == 0
	if mine {
		delete(s.live.open, e.key)
	}
	s.live.mu.Unlock()
	if !mine {
		return
	}
	s.executor.Retire(e.key)
	if e.release != nil {
		e.release()
	}
}

// current says whether requests still mean this very version.
func (s *Service) current(e *running) bool {
	v := s.now().code(e.ref)
	return v != nil && v.Generation == e.generation
}

// retireStale retires whatever is not current: after deletes.
func (s *Service) retireStale() {
	s.live.mu.Lock()
	var all []*running
	for _, e := range s.live.open {
		all = append(all, e)
	}
	s.live.mu.Unlock()
	for _, e := range all {
		if !s.current(e) {
			s.retire(e.key)
		}
	}
}
