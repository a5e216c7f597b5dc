package sns

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
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
	// deliveries are on their way to functions and queues; posts to web
	// endpoints, which may take long, so that those hold up nothing else. waiting
	// are deliveries of a FIFO topic behind another one of their group.
	deliveries *outbox.Outbox[delivery]
	posts      *outbox.Outbox[delivery]
	waiting    *store.Table[delivery]
	// sequences are the numbers of the last messages of FIFO topics, recent their
	// deduplication ids, aging which of those end.
	sequences *store.Table[sequence]
	recent    *store.Table[published]
	aging     *aging

	compiled *compiled
	filters  *filters
	signer   *signer
	web      *web

	bus     *op.Bus
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

var (
	_ op.Service   = (*Service)(nil)
	_ op.Guardian  = (*Service)(nil)
	_ op.Publisher = (*Service)(nil)
)

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil {
		return nil, errors.New("sns: no directory")
	}
	s := &Service{
		store: d.Store, clock: d.Clock, bug: d.Bug, log: d.Log, directory: d.Directory,
		compiled: newCompiled(d.Bug), filters: &filters{parsed: map[string]*filter{}}, aging: &aging{}, web: newWeb(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	return s, s.open(ctx)
}

func (s *Service) open(ctx context.Context) error {
	var errs [8]error
	s.topics, errs[0] = store.OpenWatched(ctx, s.store, "sns.topics", s.compiled.shown)
	s.subscriptions, errs[1] = store.OpenWatched(ctx, s.store, "sns.subscriptions", s.filters.shown)
	s.waiting, errs[2] = store.OpenTable[delivery](ctx, s.store, "sns.waiting")
	s.recent, errs[3] = store.OpenWatched(ctx, s.store, "sns.recent", s.aging.shown)
	s.signer, errs[4] = openSigner(ctx, s.store, s.clock)
	s.deliveries, errs[5] = s.openOutbox(ctx, "sns.deliveries")
	s.posts, errs[6] = s.openOutbox(ctx, "sns.posts")
	s.sequences, errs[7] = store.OpenTable[sequence](ctx, s.store, "sns.sequences")
	s.aging.sort()
	return errors.Join(errs[:]...)
}

func (s *Service) openOutbox(ctx context.Context, kind string) (*outbox.Outbox[delivery], error) {
	return outbox.Open[delivery](ctx, outbox.Config{
		Store: s.store, Clock: s.clock, Bug: s.bug, Log: s.log, Kind: kind, Workers: limits.DeliveryWorkers,
	})
}

// API implements op.Service.
func (s *Service) API() *api.Service { return snsapi.Service }

// Start implements op.Service: it begins to deliver what is owed.
func (s *Service) Start(_ context.Context, bus *op.Bus) error {
	s.bus = bus
	s.running.Go(func() { s.deliveries.Run(s.ctx, s.deliver) })
	s.running.Go(func() { s.posts.Run(s.ctx, s.deliver) })
	return nil
}

// Close implements op.Service. What is not delivered yet is, by the next server.
func (s *Service) Close() error {
	s.stop()
	s.running.Wait()
	s.web.close()
	return nil
}

// Reset removes every topic and all that belongs to topics. The key that signs
// messages stays: it is the server's.
func (s *Service) Reset(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return joined(s.forget(tx, ""), emptyBelow(tx, s.subscriptions, ""), emptyBelow(tx, s.recent, ""), emptyBelow(tx, s.sequences, ""), emptyBelow(tx, s.topics, ""))
	})
}

// forget removes every delivery that is owed below a prefix of keys. One that is
// being made ends, and changes nothing.
func (s *Service) forget(tx *store.Tx, prefix string) error {
	for _, owed := range []*outbox.Outbox[delivery]{s.deliveries, s.posts} {
		for key := range owed.All(prefix) {
			if err := owed.Delete(tx, key); err != nil {
				return err
			}
		}
	}
	return emptyBelow(tx, s.waiting, prefix)
}

// emptyBelow deletes every record whose key starts with prefix.
func emptyBelow[T any](tx *store.Tx, t *store.Table[T], prefix string) error {
	for key := range t.All(prefix, "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}
