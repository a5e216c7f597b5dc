package sallyport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/edge"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/services"
	"github.com/sallyport/sallyport/internal/services/iam"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

// DefaultAccount is the account of a server that was given none: the one AWS's
// documentation uses in its examples.
const DefaultAccount = "123456789012"

// Config says what kind of server to start. The zero value is an ephemeral
// server with one account on a free loopback port.
type Config struct {
	// Listen is host:port; empty is a free port on the loopback interface.
	Listen string
	// TLSPort is a further port, for HTTPS alone; 0 is none. Listen serves HTTP
	// and HTTPS in any case.
	TLSPort int
	// DataDir keeps state; empty keeps all of it in memory.
	DataDir string
	// Accounts are 12-digit account ids. Accounts that a data directory holds
	// already stay in it; when there would be none at all, DefaultAccount is made.
	Accounts []string
	// RootKeys are further root keys, for CI. Only on a loopback address.
	RootKeys []RootKey
	// StrictRuntimes refuses functions whose exact interpreter is missing.
	StrictRuntimes bool
	// Log receives diagnostics; nil discards them.
	Log *slog.Logger
}

// RootKey is a root access key the operator chose. An empty Account is the first one.
type RootKey struct{ Account, AccessKeyID, Secret string }

// Credentials are the root user's of one account.
type Credentials struct {
	Account         string `json:"account"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

// Server is a running server.
type Server struct {
	set      *services.Set
	executor *executor.Executor
	trail    *trail.Trail
	store    *store.Store
	http     *http.Server
	handler  http.Handler
	listener net.Listener
	secure   secure
	data     string
	work     string
	bug      *bug.Reporter
	clock    clock.Clock
	log      *slog.Logger
	served   sync.WaitGroup
	once     sync.Once
	closed   error

	// files guards the credentials file; noted says that it was written.
	files sync.Mutex
	noted bool
}

// New starts a server. It answers when New returns.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Server{data: c.DataDir, clock: clock.System{}, log: c.Log}
	if err := s.start(context.Background(), c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// check fills in defaults and refuses what cannot be served safely.
func (c *Config) check() error {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, a := range c.Accounts {
		if !id.IsAccount(a) {
			return fmt.Errorf("account %q: an account id is 12 digits", a)
		}
	}
	if len(c.RootKeys) > 0 && !loopback(c.Listen) {
		return fmt.Errorf("root keys may be chosen on a loopback address only, not on %s: use the key made at first start, in the data directory", c.Listen)
	}
	return nil
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// start builds the server from the bottom: state, trail, executor, services, door.
func (s *Server) start(ctx context.Context, c Config) error {
	var err error
	if s.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("listen: %w: another server may use the address; choose another one with --listen", err)
	}
	if err := s.secure.listen(c); err != nil {
		return err
	}
	if s.store, err = store.Open(ctx, store.Options{Dir: c.DataDir}); err != nil {
		return err
	}
	if s.trail, err = trail.Open(ctx, s.store, c.Log); err != nil {
		return err
	}
	if err := s.makeWorkDir(); err != nil {
		return err
	}
	s.bug = &bug.Reporter{Log: c.Log}
	if s.executor, err = executor.New(executor.Config{
		Dir: filepath.Join(s.work, "environments"), Clock: s.clock, Log: c.Log, Bug: s.bug,
		StrictRuntimes: c.StrictRuntimes, EndpointPort: s.port(), Endpoint: s.serveEnvironment,
	}); err != nil {
		return err
	}
	rootKeys := make([]iam.RootKey, len(c.RootKeys))
	for i, k := range c.RootKeys {
		rootKeys[i] = iam.RootKey(k)
	}
	if s.set, err = services.Start(ctx, services.Deps{
		Store: s.store, Trail: s.trail, Executor: s.executor, Clock: s.clock, Bug: s.bug, Log: c.Log,
		WorkDir: filepath.Join(s.work, "code"), DataDir: c.DataDir, Accounts: c.Accounts, DefaultAccount: DefaultAccount, RootKeys: rootKeys,
		AccountAdded: s.accountAdded,
	}); err != nil {
		return err
	}
	s.handler = edge.New(edge.Config{Bus: s.set.Bus, Clock: s.clock, Bug: s.bug, Log: c.Log})
	if err := s.openAuthority(); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	s.http = edge.Server(s.handler, c.Log)
	s.serve()
	return nil
}

func (s *Server) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// makeWorkDir makes the directory of unpacked code and sandboxes.
func (s *Server) makeWorkDir() error {
	if s.data == "" {
		dir, err := os.MkdirTemp("", "sallyport-")
		if err != nil {
			return fmt.Errorf("work directory: %w", err)
		}
		s.work = dir
		return nil
	}
	s.work = filepath.Join(s.data, "work")
	if err := sweepWork(s.work); err != nil {
		return err
	}
	if err := os.MkdirAll(s.work, 0o700); err != nil {
		return fmt.Errorf("work directory: %w", err)
	}
	return nil
}

// sweepWork removes what a killed server left there: it is of no use to this
// one. It gets another name first, since something that server started may still
// be writing there for a moment, and a folder that fills up cannot be removed.
func sweepWork(dir string) error {
	if left, err := filepath.Glob(dir + ".left-*"); err == nil {
		for _, path := range left {
			_ = os.RemoveAll(path) // what still cannot go is tried again at the next start
		}
	}
	left := dir + ".left-" + id.Hex(4)
	switch err := os.Rename(dir, left); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("work directory: %w", err)
	}
	_ = os.RemoveAll(left)
	return nil
}

// serveEnvironment answers a function environment's own door to the API.
func (s *Server) serveEnvironment(env *executor.Environment, l net.Listener) {
	server := edge.Server(s.handler, slog.New(slog.DiscardHandler))
	server.BaseContext = func(net.Listener) context.Context {
		return edge.FromEnvironment(context.Background(), env.ID, env.Invocation)
	}
	_ = server.Serve(l)
}

// Endpoint is the base address for AWS clients: "http://127.0.0.1:4566".
func (s *Server) Endpoint() string {
	return "http://" + reachable(s.listener)
}

// reachable is the host and port of a listener, as somebody on this machine connects to it.
func reachable(l net.Listener) string {
	host, port, _ := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Accounts are the accounts of the server.
func (s *Server) Accounts() []string { return s.set.IAM.Accounts() }

// RootCredentials are the root user's of an account; ok is false for an
// account the server does not have.
func (s *Server) RootCredentials(account string) (c Credentials, ok bool) {
	keyID, secret := s.set.IAM.RootKey(account)
	return Credentials{Account: account, AccessKeyID: keyID, SecretAccessKey: secret}, keyID != ""
}

// Handler is the server's HTTP handler, for use behind a listener of one's own.
func (s *Server) Handler() http.Handler { return s.handler }

// Functions says how functions run here.
func (s *Server) Functions() executor.Status { return s.executor.Status() }

// Bugs is how many faults of its own the server has noticed.
func (s *Server) Bugs() int64 { return s.bug.Count() }

// shutdownTime is how long running requests have to end on Close.
const shutdownTime = 3 * time.Second

// Close stops the server and everything it started. Running requests get a
// moment to end. It may be called more than once.
func (s *Server) Close() error {
	s.once.Do(func() { s.closed = s.close() })
	return s.closed
}

func (s *Server) close() error {
	var errs []error
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, s.http.Close())
		}
		cancel()
		s.served.Wait()
	} else {
		errs = append(errs, s.closeListeners())
	}
	if s.set != nil {
		errs = append(errs, s.set.Close())
	}
	if s.executor != nil {
		errs = append(errs, s.executor.Close())
	}
	if s.trail != nil {
		errs = append(errs, s.trail.Close())
	}
	if s.store != nil {
		errs = append(errs, s.removeFiles(), s.store.Close())
	}
	if s.work != "" {
		errs = append(errs, os.RemoveAll(s.work))
	}
	return errors.Join(errs...)
}
