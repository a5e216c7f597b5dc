package organizations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
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
	// Directory says which accounts exist; Accounts makes and closes them.
	Directory op.Directory
	Accounts  op.Accounts
}

// Service implements op.Service and op.Organizations.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	bug       *bug.Reporter
	log       *slog.Logger
	directory op.Directory
	accounts  op.Accounts

	organizations *store.Table[organization]
	units         *store.Table[unit]
	members       *store.Table[member]
	policies      *store.Table[controlPolicy]
	requests      *store.Table[request]
	// aws are the policies AWS manages, by id.
	aws map[string]*controlPolicy

	// memberships is what the gate reads, by account; see rebuild.
	memberships atomic.Pointer[map[string]*op.Membership]

	// wake tells the maker of accounts that there is a request.
	wake    chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup
}

var (
	_ op.Service       = (*Service)(nil)
	_ op.Organizations = (*Service)(nil)
)

// New loads the state.
func New(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{
		store: d.Store, clock: d.Clock, bug: d.Bug, log: d.Log, directory: d.Directory, accounts: d.Accounts,
		aws: awsPolicies(), wake: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	s.rebuild()
	return s, nil
}

func (s *Service) open(ctx context.Context) (err error) {
	if s.organizations, err = store.OpenTable[organization](ctx, s.store, "organizations.organization"); err != nil {
		return fmt.Errorf("organizations: %w", err)
	}
	if s.units, err = store.OpenTable[unit](ctx, s.store, "organizations.unit"); err != nil {
		return fmt.Errorf("organizational units: %w", err)
	}
	if s.members, err = store.OpenTable[member](ctx, s.store, "organizations.account"); err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	if s.policies, err = store.OpenWatched(ctx, s.store, "organizations.policy", s.compiled); err != nil {
		return fmt.Errorf("policies: %w", err)
	}
	if s.requests, err = store.OpenTable[request](ctx, s.store, "organizations.request"); err != nil {
		return fmt.Errorf("requests for accounts: %w", err)
	}
	return nil
}

// API implements op.Service.
func (s *Service) API() *api.Service { return orgapi.Service }

// Start implements op.Service: it begins to make the accounts that were asked for.
func (s *Service) Start(ctx context.Context, _ *op.Bus) error {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.running.Go(func() { s.makeAccounts(ctx) })
	return nil
}

// Close implements op.Service. What was asked for and not made yet is made
// after the next start.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.running.Wait()
	return nil
}

// Reset removes every organization. The accounts it made are IAM's to remove.
func (s *Service) Reset(ctx context.Context) error {
	return s.update(ctx, func(tx *store.Tx) error {
		return errors.Join(empty(tx, s.requests), empty(tx, s.policies), empty(tx, s.members), empty(tx, s.units), empty(tx, s.organizations))
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

// update is one transaction, after which, before it is acknowledged, the gate
// reads what it left.
func (s *Service) update(ctx context.Context, fn func(tx *store.Tx) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		tx.After(s.rebuild)
		return nil
	})
}

// get reads a record as the transaction sees it; outside of one, tx is nil.
func get[T any](tx *store.Tx, t *store.Table[T], key string) *T {
	if tx == nil {
		return t.Get(key)
	}
	return t.GetIn(tx, key)
}

func ptr[T any](v T) *T { return &v }
