package logs

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store *store.Store
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
}

// Service implements op.Service.
type Service struct {
	store *store.Store
	clock clock.Clock
	log   *slog.Logger

	groups   *store.Table[group]
	streams  *store.Table[stream]
	events   *store.Log
	sequence *sequence
	stored   *storedBytes

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{store: d.Store, clock: d.Clock, log: d.Log, events: store.OpenLog(d.Store, "logs.events"), stored: &storedBytes{}}
	if s.log == nil {
		s.log = slog.Default()
	}
	var err error
	if s.groups, err = store.OpenTable[group](ctx, d.Store, "logs.groups"); err != nil {
		return nil, err
	}
	if s.streams, err = store.OpenWatched(ctx, d.Store, "logs.streams", s.stored.shown); err != nil {
		return nil, err
	}
	if s.sequence, err = openSequence(ctx, d.Store); err != nil {
		return nil, err
	}
	return s, nil
}

// API implements op.Service.
func (s *Service) API() *api.Service { return logsapi.Service }

// Start implements op.Service: it begins to remove events that outlived their
// group's retention.
func (s *Service) Start(ctx context.Context, _ *op.Bus) error {
	ctx, s.stop = context.WithCancel(ctx)
	s.stopped.Go(func() { s.sweep(ctx) })
	return nil
}

// Close implements op.Service.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.stopped.Wait()
	return nil
}

// Reset removes every group.
func (s *Service) Reset(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		for key := range s.groups.All("", "") {
			if err := s.groups.Delete(tx, key); err != nil {
				return err
			}
		}
		for key := range s.streams.All("", "") {
			if err := s.streams.Delete(tx, key); err != nil {
				return err
			}
		}
		return s.events.Trim(tx, store.Range{})
	})
}

// storedBytes sums the sizes of each group's streams.
type storedBytes struct {
	mu  sync.Mutex
	sum map[string]int64
}

// shown follows the streams table.
func (b *storedBytes) shown(key string, old, now *stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sum == nil {
		b.sum = map[string]int64{}
	}
	of := key[:strings.LastIndexByte(key, 0)]
	if old != nil {
		b.sum[of] -= old.Bytes
	}
	if now != nil {
		b.sum[of] += now.Bytes
	}
	if b.sum[of] == 0 {
		delete(b.sum, of)
	}
}

func (b *storedBytes) of(g groupRef) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum[g.key()]
}

func ptr[T any](v T) *T { return &v }
