package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
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
	// WorkDir is private to this server; objects are kept below it when the
	// store is in memory.
	WorkDir string
}

// Service implements op.Service.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	bug       *bug.Reporter
	log       *slog.Logger
	directory op.Directory
	files     *store.Files

	buckets *store.Table[bucket]
	// objects are the latest versions, delete markers among them; noncurrent are
	// those before.
	objects    *store.Table[version]
	noncurrent *store.Table[version]
	uploads    *store.Table[upload]
	parts      *store.Table[part]
	owed       *outbox.Outbox[notice]

	guards *guards
	pins   *pins
	// last is the highest order given to a version so far.
	last atomic.Int64

	bus     *op.Bus
	stop    context.CancelFunc
	running sync.WaitGroup
}

var (
	_ op.Service  = (*Service)(nil)
	_ op.Guardian = (*Service)(nil)
)

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil || d.WorkDir == "" && d.Store.Dir() == "" {
		return nil, fmt.Errorf("s3: no directory, or nowhere to keep objects")
	}
	s := &Service{
		store: d.Store, clock: d.Clock, bug: d.Bug, log: d.Log, directory: d.Directory,
		files: d.Store.Files("objects", d.WorkDir), guards: newGuards(d.Bug), pins: newPins(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, s.open(ctx)
}

func (s *Service) open(ctx context.Context) error {
	var errs [6]error
	s.buckets, errs[0] = store.OpenWatched(ctx, s.store, "s3.buckets", s.guards.shown)
	s.objects, errs[1] = store.OpenWatched(ctx, s.store, "s3.objects", s.ordered)
	s.noncurrent, errs[2] = store.OpenWatched(ctx, s.store, "s3.noncurrent", s.ordered)
	s.uploads, errs[3] = store.OpenTable[upload](ctx, s.store, "s3.uploads")
	s.parts, errs[4] = store.OpenTable[part](ctx, s.store, "s3.parts")
	s.owed, errs[5] = outbox.Open[notice](ctx, outbox.Config{Store: s.store, Clock: s.clock, Bug: s.bug, Log: s.log, Kind: "s3.notices", Workers: limits.Notices})
	return errors.Join(errs[:]...)
}

// API implements op.Service.
func (s *Service) API() *api.Service { return s3api.Service }

// Start implements op.Service: it sweeps what a crash left, and takes up the
// notifications that are owed.
func (s *Service) Start(ctx context.Context, bus *op.Bus) error {
	s.bus = bus
	if err := s.sweep(); err != nil {
		return err
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.running.Go(func() { s.owed.Run(ctx, s.deliver) })
	return nil
}

// Close implements op.Service. What was not delivered is owed by the next server.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.running.Wait()
	return nil
}

// Reset removes every bucket and all that is in it.
func (s *Service) Reset(ctx context.Context) error {
	return s.update(ctx, func(tx *change) error {
		for _, v := range s.objects.All("", "") {
			tx.discard(v.files()...)
		}
		for _, v := range s.noncurrent.All("", "") {
			tx.discard(v.files()...)
		}
		for _, p := range s.parts.All("", "") {
			tx.discard(p.File)
		}
		for key := range s.owed.All("") {
			if err := s.owed.Delete(tx.Tx, key); err != nil {
				return err
			}
		}
		return errors.Join(empty(tx.Tx, s.objects), empty(tx.Tx, s.noncurrent), empty(tx.Tx, s.parts), empty(tx.Tx, s.uploads), empty(tx.Tx, s.buckets))
	})
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error {
	for key := range t.All("", "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes the files that no record names.
func (s *Service) sweep() error {
	used := map[string]bool{}
	for _, t := range []*store.Table[version]{s.objects, s.noncurrent} {
		for _, v := range t.All("", "") {
			for _, name := range v.files() {
				used[name] = true
			}
		}
	}
	for _, p := range s.parts.All("", "") {
		used[p.File] = true
	}
	return s.files.Sweep(func(name string) bool { return used[name] })
}

// change is a transaction that knows which files nobody needs once it is durable.
type change struct {
	*store.Tx
	gone []string
}

func (c *change) discard(files ...string) { c.gone = append(c.gone, files...) }

// update is one transaction. The files it discards are removed once it is
// durable; one that cannot be removed is swept at the next start.
func (s *Service) update(ctx context.Context, fn func(tx *change) error) error {
	c := &change{}
	if err := s.store.Update(ctx, func(tx *store.Tx) error {
		c.Tx = tx
		return fn(c)
	}); err != nil {
		return err
	}
	s.remove(c.gone...)
	return nil
}

func (s *Service) remove(files ...string) { s.pins.remove(files, s.removeFile) }

func (s *Service) removeFile(name string) {
	if err := s.files.Remove(name); err != nil {
		s.log.Warn("a file that nobody needs was not removed", "error", err)
	}
}

// Guarded implements op.Guardian: the buckets that have a policy.
func (s *Service) Guarded() []string {
	s.guards.mu.RLock()
	defer s.guards.mu.RUnlock()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.guards.byName)) {
		if s.guards.byName[name].policy != nil {
			all = append(all, bucketARN(name))
		}
	}
	return all
}
