package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store *store.Store
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
	// Directory says which principals exist; policies and grants store their
	// unique ids.
	Directory op.Directory
}

// Service implements op.Service.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	log       *slog.Logger
	directory op.Directory
	// master seals the material of keys.
	master *store.Sealer

	keys    *store.Table[key]
	aliases *store.Table[alias]
	grants  *store.Table[grant]
	index   *index

	ctx        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup
}

var (
	_ op.Service  = (*Service)(nil)
	_ op.Guardian = (*Service)(nil)
	_ op.Wording  = (*Service)(nil)
)

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil {
		return nil, errors.New("kms: no directory")
	}
	s := &Service{store: d.Store, clock: d.Clock, log: d.Log, directory: d.Directory, index: newIndex(d.Bug)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	var errs [4]error
	s.master, errs[0] = d.Store.OpenSealer("kms")
	s.keys, errs[1] = store.OpenWatched(ctx, d.Store, "kms.keys", s.index.keyShown)
	s.aliases, errs[2] = store.OpenWatched(ctx, d.Store, "kms.aliases", s.index.aliasShown)
	s.grants, errs[3] = store.OpenWatched(ctx, d.Store, "kms.grants", s.index.grantShown)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return s, s.checkMaster()
}

// checkMaster stops a start with another master key than the one that sealed what
// is stored: better than to fail at the first use, or to mix two.
func (s *Service) checkMaster() error {
	for _, k := range s.keys.All("", "") {
		if _, err := s.cipherOf(k); err != nil {
			return fmt.Errorf("%w (the file keys/kms of the data directory belongs to the database beside it)", err)
		}
		return nil
	}
	return nil
}

// API implements op.Service.
func (s *Service) API() *api.Service { return kmsapi.Service }

// Start implements op.Service: it begins to remove keys whose deletion is due.
func (s *Service) Start(context.Context, *op.Bus) error {
	s.background.Go(s.sweep)
	return nil
}

// Close implements op.Service.
func (s *Service) Close() error {
	s.stop()
	s.background.Wait()
	return nil
}

// sweep removes what was deleted. Calls never see it, so it does not matter when
// it runs.
func (s *Service) sweep() {
	for {
		if err := s.sweepOnce(s.ctx); err != nil && s.ctx.Err() == nil {
			s.log.ErrorContext(s.ctx, "removing deleted keys", "error", err)
		}
		select {
		case <-s.ctx.Done():
			return
		case <-s.clock.After(limits.KeySweep):
		}
	}
}

func (s *Service) sweepOnce(ctx context.Context) error {
	now := s.clock.Now()
	for at, k := range s.keys.All("", "") {
		if !k.gone(now) {
			continue
		}
		err := s.store.Update(ctx, func(tx *store.Tx) error {
			if k := s.keys.GetIn(tx, at); k != nil && k.gone(now) {
				return s.erase(tx, k)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Reset removes every key. The master key stays: it is the server's.
func (s *Service) Reset(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(empty(tx, s.grants), empty(tx, s.aliases), empty(tx, s.keys))
	})
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error {
	for at := range t.All("", "") {
		if err := t.Delete(tx, at); err != nil {
			return err
		}
	}
	return nil
}

// Guarded implements op.Guardian: every key has a policy.
func (s *Service) Guarded() []string {
	var arns []string
	for _, k := range s.keys.All("", "") {
		arns = append(arns, k.ref().arn())
	}
	slices.Sort(arns)
	return arns
}

// WordDenial implements op.Wording. Who decrypts and is not let in by the key is
// not told whether there is one: so AWS words it (seen since 2021).
func (s *Service) WordDenial(text, _ string, _ bool) string {
	who, because, ok := strings.Cut(text, " on resource: ")
	if !ok || !strings.HasSuffix(who, ":Decrypt") && !strings.HasSuffix(who, ":ReEncryptFrom") || !strings.Contains(because, "resource-based policy") {
		return text
	}
	return who + " on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
}
