package sns

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/outbox"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// Deps is what the service is made of.
type Deps struct {
	Store *store.Store
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
	// Directory says which principals exist; policies store their unique ids.
	Directory op.Directory
}

// Service implements op.Service.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	bug       *bug.Reporter
	log       *slog.Logger
	directory op.Directory

	topics        *store.Table[topic]
	subscriptions *store.Table[subscription]
	// deliveries are on their way; waiting are those of a FIFO topic behind
	// another one of their group.
	deliveries *outbox.Outbox[delivery]
	waiting    *store.Table[delivery]
	// recent are the deduplication ids of FIFO topics.
	recent *store.Table[published]

	compiled *compiled
	filters  *filters
	web      *web

	bus     *op.Bus
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

var (
	_ op.Service  = (*Service)(nil)
	_ op.Guardian = (*Service)(nil)
)

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil {
		return nil, errors.New("sns: no directory")
	}
	s := &Service{
		store: d.Store, clock: d.Clock, bug: d.Bug, log: d.Log, directory: d.Directory,
		compiled: newCompiled(d.Bug), filters: &filters{parsed: map[string]*filter{}}, web: newWeb(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	return s, s.open(ctx)
}

func (s *Service) open(ctx context.Context) error {
	var errs [5]error
	s.topics, errs[0] = store.OpenWatched(ctx, s.store, "sns.topics", s.compiled.shown)
	s.subscriptions, errs[1] = store.OpenWatched(ctx, s.store, "sns.subscriptions", s.filters.shown)
	s.waiting, errs[2] = store.OpenTable[delivery](ctx, s.store, "sns.waiting")
	s.recent, errs[3] = store.OpenTable[published](ctx, s.store, "sns.recent")
	s.deliveries, errs[4] = outbox.Open[delivery](ctx, outbox.Config{
		Store: s.store, Clock: s.clock, Bug: s.bug, Log: s.log, Kind: "sns.deliveries", Workers: limits.DeliveryWorkers,
	})
	return errors.Join(errs[:]...)
}

// API implements op.Service.
func (s *Service) API() *api.Service { return snsapi.Service }

// Start implements op.Service: it begins to deliver what is owed.
func (s *Service) Start(_ context.Context, bus *op.Bus) error {
	s.bus = bus
	s.running.Go(func() { s.deliveries.Run(s.ctx, s.deliver) })
	return nil
}

// Close implements op.Service. What is not delivered yet is, by the next server.
func (s *Service) Close() error {
	s.stop()
	s.running.Wait()
	s.web.close()
	return nil
}

// Reset removes every topic and all that belongs to topics.
func (s *Service) Reset(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		for key := range s.deliveries.All("") {
			if err := s.deliveries.Delete(tx, key); err != nil {
				return err
			}
		}
		return errors.Join(empty(tx, s.topics), empty(tx, s.subscriptions), empty(tx, s.waiting), empty(tx, s.recent))
	})
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error { return emptyBelow(tx, t, "") }

// emptyBelow deletes every record whose key starts with prefix.
func emptyBelow[T any](tx *store.Tx, t *store.Table[T], prefix string) error {
	for key := range t.All(prefix, "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// Resource implements op.Service.
func (s *Service) Resource(_, arn string) op.Facts {
	n, ok := parseTopic(arn)
	if !ok {
		return op.Facts{}
	}
	facts := op.Facts{Account: n.account, Policy: s.compiled.of(arn)}
	if t := s.topics.Get(n.key()); t != nil {
		facts.Tags = t.Tags
	}
	return facts
}

// Guarded implements op.Guardian: every topic has a policy.
func (s *Service) Guarded() []string {
	s.compiled.mu.RLock()
	defer s.compiled.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.compiled.byARN))
}

// compiled are the policies of topics as the gate reads them.
type compiled struct {
	bug   *bug.Reporter
	mu    sync.RWMutex
	byARN map[string]*policy.Attached
}

func newCompiled(b *bug.Reporter) *compiled {
	return &compiled{bug: b, byARN: map[string]*policy.Attached{}}
}

// shown follows the topics' table.
func (p *compiled) shown(_ string, old, now *topic) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now == nil {
		delete(p.byARN, old.name().arn())
		return
	}
	arn := now.name().arn()
	loaded, err := policy.Load([]byte(now.stored()))
	if err != nil {
		// What does not compile lets nobody in, and what it denies is not known:
		// an empty policy grants nothing beyond what identities have.
		p.bug.Report(context.Background(), "the policy of %s does not compile: %v", arn, err)
	}
	p.byARN[arn] = &policy.Attached{Policy: loaded, Name: "topic policy", Source: "topic " + now.Name}
}

func (p *compiled) of(arn string) *policy.Attached {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byARN[arn]
}
