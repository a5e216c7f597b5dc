package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/outbox"
	"github.com/sallyport/sallyport/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store *store.Store
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
	// Directory says which principals exist; policies store their unique ids.
	Directory op.Directory
	// Changes tells when principals or policies change, so that polls begin anew.
	Changes  op.Changes
	Executor *executor.Executor
	// WorkDir is private to this server; code is unpacked below it.
	WorkDir string
	// Networks tells of the subnets that functions can be in.
	Networks Networks
	// CodeURL gives the address of a function's code, for GetFunction; nil
	// leaves the address out.
	CodeURL func(account, region, digest string) string
	// ServicePrincipals are accepted in function policies beside the documented ones.
	ServicePrincipals []string
}

// Service implements op.Service.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	bug       *bug.Reporter
	log       *slog.Logger
	directory op.Directory
	executor  *executor.Executor
	codeURL   func(account, region, digest string) string
	extra     []string

	functions   *store.Table[function]
	versions    *store.Table[config]
	aliases     *store.Table[alias]
	policies    *store.Table[functionPolicy]
	settings    *store.Table[asyncSettings]
	payloads    *store.Log
	zips        *store.Table[zipFile]
	mappings    *store.Table[mapping]
	provisioned *store.Table[provisioned]
	signing     *store.Table[signingConfig]
	urlConfigs  *store.Table[functionURL]
	layers      layerTables
	attachments *store.Table[attachment]

	// events are accepted asynchronous invokes; deliveries what they left to send.
	events     *outbox.Outbox[event]
	deliveries *outbox.Outbox[delivery]

	compiled *compiledPolicies
	urls     *urlIndex
	totals   *totals
	claims   *claims
	warm     *warmth
	running  *concurrency
	code     *codeDirs
	live     *runtimes
	logs     *logWriter
	traces   *traceWriter
	sessions *roleSessions
	lineages *lineages
	pollers  *pollers
	changes  op.Changes
	networks Networks
	// vault seals the variables of functions without a KMS key.
	vault *store.Sealer
	// wiring is held while network interfaces are made or removed.
	wiring sync.Mutex

	bus *op.Bus
	// stop ends background work and running invokes by ending ctx. background
	// counts the work; spawning guards the moment between the two.
	ctx        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup
	spawning   sync.Mutex
}

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil || d.Changes == nil || d.Executor == nil || d.Networks == nil || d.WorkDir == "" {
		return nil, fmt.Errorf("lambda: no directory, changes, executor, networks or working directory")
	}
	s := &Service{
		store: d.Store, clock: d.Clock, bug: d.Bug, log: d.Log, directory: d.Directory, executor: d.Executor,
		codeURL: d.CodeURL, extra: d.ServicePrincipals,
		payloads: store.OpenLog(d.Store, "lambda.payloads"),
		totals:   newTotals(), claims: newClaims(), running: newConcurrency(), urls: newURLIndex(),
		code: &codeDirs{dir: filepath.Join(d.WorkDir, "code"), blobs: d.Store.Blobs(), open: map[string]*codeDir{}},
		live: &runtimes{open: map[string]*running{}}, sessions: &roleSessions{made: map[[2]string]roleSession{}}, lineages: &lineages{}, changes: d.Changes, networks: d.Networks,
	}
	s.pollers = &pollers{s: s, lanes: map[string]*lane{}}
	s.warm = &warmth{s: s, trying: map[ref]bool{}}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.compiled = newCompiledPolicies(func(arn string, err error) {
		s.bug.Report(ctx, "the policy of %s does not compile: %v", arn, err)
	})
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.logs = newLogWriter(s)
	s.traces = &traceWriter{s: s}
	return s, s.openTables(ctx)
}

func (s *Service) openTables(ctx context.Context) error {
	var errs [13]error
	s.functions, errs[0] = store.OpenWatched(ctx, s.store, "lambda.functions", func(key string, old, now *function) {
		s.totals.functionShown(key, old, now)
		s.claims.functionShown(key, old, now)
	})
	s.versions, errs[1] = store.OpenWatched(ctx, s.store, "lambda.versions", s.totals.versionShown)
	s.aliases, errs[2] = store.OpenTable[alias](ctx, s.store, "lambda.aliases")
	s.policies, errs[3] = store.OpenWatched(ctx, s.store, "lambda.policies", s.compiled.shown)
	s.settings, errs[4] = store.OpenTable[asyncSettings](ctx, s.store, "lambda.async-settings")
	// An event that finds no room rests: no worker waits, so each may have one.
	s.events, errs[5] = outbox.Open[event](ctx, s.outbox("lambda.queue", limits.AsyncQueue))
	s.zips, errs[6] = store.OpenTable[zipFile](ctx, s.store, "lambda.zips")
	s.mappings, errs[7] = store.OpenWatched(ctx, s.store, "lambda.mappings", s.pollers.shown)
	s.deliveries, errs[8] = outbox.Open[delivery](ctx, s.outbox("lambda.deliveries", limits.DeliveryWorkers))
	s.urlConfigs, errs[9] = store.OpenWatched(ctx, s.store, "lambda.urls", s.urls.shown)
	s.provisioned, errs[10] = store.OpenWatched(ctx, s.store, "lambda.provisioned", s.claims.provisionedShown)
	s.attachments, errs[11] = store.OpenTable[attachment](ctx, s.store, "lambda.attachments")
	s.signing, errs[12] = store.OpenTable[signingConfig](ctx, s.store, "lambda.signing")
	var err error
	s.vault, err = s.store.OpenSealer("lambda")
	return errors.Join(append(errs[:], s.openLayers(ctx), err)...)
}

func (s *Service) outbox(kind string, workers int) outbox.Config {
	return outbox.Config{Store: s.store, Clock: s.clock, Bug: s.bug, Log: s.log, Kind: kind, Workers: workers}
}

// API implements op.Service.
func (s *Service) API() *api.Service { return lambdaapi.Service }

// Start implements op.Service: it ends what a crash left half done, and takes
// up the queue of asynchronous invokes.
func (s *Service) Start(ctx context.Context, bus *op.Bus) error {
	s.bus = bus
	if err := s.sweepZips(ctx); err != nil {
		return err
	}
	if err := s.settleAll(ctx); err != nil {
		return err
	}
	s.detachAll(ctx)
	s.spawn(func() { s.events.Run(s.ctx, s.attempt) })
	s.spawn(func() { s.deliveries.Run(s.ctx, s.deliver) })
	s.pollers.start()
	s.warmAll()
	return nil
}

// Close implements op.Service. Running invokes end, the events among them stay
// queued, and what was logged is written.
func (s *Service) Close() error {
	s.spawning.Lock()
	s.stop()
	s.spawning.Unlock()
	s.background.Wait()
	s.warm.close()
	s.logs.close()
	s.traces.close()
	return s.code.close()
}

// Reset removes every function and all that belongs to functions.
func (s *Service) Reset(ctx context.Context) error {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(
			empty(tx, s.functions), empty(tx, s.versions), empty(tx, s.aliases), empty(tx, s.policies),
			s.layers.empty(tx), empty(tx, s.settings), empty(tx, s.mappings), empty(tx, s.provisioned), empty(tx, s.signing), empty(tx, s.urlConfigs), empty(tx, s.attachments),
			drop(tx, s.events, ""), drop(tx, s.deliveries, ""), s.payloads.Trim(tx, store.Range{}),
		)
	})
	if err != nil {
		return err
	}
	s.retireStale()
	s.warm.cool()
	s.logs.forget()
	s.traces.forget()
	return s.sweepZips(ctx)
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error {
	for key := range t.All("", "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}
