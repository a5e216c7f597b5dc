package iam

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
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
	// Accounts are made if they do not exist; those of the store stay.
	Accounts []string
	// DefaultAccount is made when there would be none at all.
	DefaultAccount string
	// RootKeys are root keys the operator chose. They are not stored.
	RootKeys []RootKey
	// AccountAdded, if set, is told when accounts come or go later on.
	AccountAdded func()
}

// RootKey is an access key of the root user of an account; an empty Account is
// the first one asked for, or else the first there is.
type RootKey struct{ Account, AccessKeyID, Secret string }

// Service implements op.Service, op.Directory, op.Credentials, op.Refuser and
// op.Accounts.
// It is safe for concurrent use.
type Service struct {
	store *store.Store
	clock clock.Clock
	bug   *bug.Reporter
	log   *slog.Logger

	accounts *store.Table[account]
	users    *store.Table[user]
	groups   *store.Table[group]
	roles    *store.Table[role]
	policies *store.Table[managed]
	profiles *store.Table[instanceProfile]
	keys     *store.Table[accessKey]
	uses     *store.Table[keyUse]
	tasks    *store.Table[deletion]

	// changes fires when a principal or a policy changed.
	changes op.Signal
	// index is what is derived from the tables.
	index *index
	// aws are the AWS managed policies.
	aws *awsPolicies
	// given are the operator's root keys by key id.
	given  map[string]RootKey
	recent recentUses
	// accountAdded may be nil.
	accountAdded func()

	stop    context.CancelFunc
	running sync.WaitGroup
}

var (
	_ op.Service     = (*Service)(nil)
	_ op.Directory   = (*Service)(nil)
	_ op.Credentials = (*Service)(nil)
	_ op.Refuser     = (*Service)(nil)
	_ op.Accounts    = (*Service)(nil)
)

// New loads the state and makes the accounts that are missing.
func New(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{store: d.Store, clock: d.Clock, bug: d.Bug, log: d.Log, accountAdded: d.AccountAdded}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.aws = newAWSPolicies()
	s.index = newIndex(s.bug, s.aws)
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	if len(d.Accounts) == 0 && s.accounts.Len() == 0 {
		d.Accounts = []string{d.DefaultAccount}
	}
	if err := s.makeAccounts(ctx, d.Accounts); err != nil {
		return nil, err
	}
	return s, s.takeGivenKeys(d.RootKeys, append(d.Accounts, s.Accounts()...)[0])
}

// open loads the tables. Policies come before what they are attached to.
func (s *Service) open(ctx context.Context) error {
	var err error
	open := func(kind string, load func() error) {
		if err != nil {
			return
		}
		if e := load(); e != nil {
			err = fmt.Errorf("%s: %w", kind, e)
		}
	}
	open("accounts", func() (e error) {
		s.accounts, e = store.OpenWatched(ctx, s.store, "iam.account", watched(s, s.index.account))
		return e
	})
	open("policies", func() (e error) {
		s.policies, e = store.OpenWatched(ctx, s.store, "iam.policy", watched(s, s.index.managed))
		return e
	})
	open("groups", func() (e error) {
		s.groups, e = store.OpenWatched(ctx, s.store, "iam.group", watched(s, s.index.group))
		return e
	})
	open("users", func() (e error) {
		s.users, e = store.OpenWatched(ctx, s.store, "iam.user", watched(s, s.index.user))
		return e
	})
	open("roles", func() (e error) {
		s.roles, e = store.OpenWatched(ctx, s.store, "iam.role", watched(s, s.index.role))
		return e
	})
	open("instance profiles", func() (e error) {
		s.profiles, e = store.OpenTable[instanceProfile](ctx, s.store, "iam.profile")
		return e
	})
	open("access keys", func() (e error) {
		s.keys, e = store.OpenWatched(ctx, s.store, "iam.key", watched(s, s.index.key))
		return e
	})
	open("uses of access keys", func() (e error) {
		s.uses, e = store.OpenTable[keyUse](ctx, s.store, "iam.use")
		return e
	})
	open("deletions", func() (e error) {
		s.tasks, e = store.OpenTable[deletion](ctx, s.store, "iam.deletion")
		return e
	})
	return err
}

// API implements op.Service.
func (s *Service) API() *api.Service { return iamapi.Service }

// Start begins to write down the last use of access keys.
func (s *Service) Start(ctx context.Context, _ *op.Bus) error {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.running.Go(func() { s.recordUses(ctx) })
	return nil
}

// Close writes down what is still in memory only.
func (s *Service) Close() error {
	if s.stop == nil {
		return nil
	}
	s.stop()
	s.running.Wait()
	s.stop = nil
	return s.flushUses(context.Background())
}

// Refuse implements op.Refuser: IAM takes no credentials of GetSessionToken
// without MFA and none of GetFederationToken (AWS STS, "Compare credentials").
func (s *Service) Refuse(c *op.Call) error {
	key := c.Caller.Key()
	switch c.Caller.Kind() {
	case caller.Nobody, caller.AnonymousKind:
		return api.Newf(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	if c.Caller.Kind() == caller.FederatedKind || key.SessionToken && !key.MFA {
		return api.Newf(403, "InvalidClientTokenId", "The security token included in the request is invalid")
	}
	return nil
}

// Reset deletes everything but the accounts the server was started with and the
// root keys it made for them, so that whoever asked for it can go on.
func (s *Service) Reset(ctx context.Context) error {
	if s.accountAdded != nil {
		defer s.accountAdded()
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		// Principals go before the policies that restrict them.
		return errors.Join(
			s.resetKeys(tx), empty(tx, s.users), empty(tx, s.profiles), empty(tx, s.roles), empty(tx, s.groups),
			empty(tx, s.policies), empty(tx, s.uses), empty(tx, s.tasks), s.resetAccounts(tx),
		)
	})
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error {
	for k := range t.All("", "") {
		if err := t.Delete(tx, k); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) resetKeys(tx *store.Tx) error {
	for k, stored := range s.keys.All("", "") {
		if a := s.accounts.GetIn(tx, stored.Account); a != nil && !a.Made && a.RootKey == stored.ID {
			continue
		}
		if err := s.keys.Delete(tx, k); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) resetAccounts(tx *store.Tx) error {
	for k, a := range s.accounts.All("", "") {
		if a.Made {
			if err := s.accounts.Delete(tx, k); err != nil {
				return err
			}
			continue
		}
		next := *a
		next.Alias, next.Closed = "", false
		if err := s.accounts.Put(tx, k, &next); err != nil {
			return err
		}
	}
	tx.After(s.recent.reset)
	return nil
}
