package iam

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// account is an AWS account as it is stored, under its id.
type account struct {
	ID      string
	Created time.Time
	// Alias is the account's only alias, empty without one.
	Alias string
	// RootKey is the id of the root access key this server made.
	RootKey string
	// Made says that AWS Organizations made the account; it goes with Reset.
	Made bool `json:",omitempty"`
	// Closed accounts may do nothing.
	Closed bool `json:",omitempty"`
}

// makeAccounts makes the accounts that are missing, and a root key for every
// account that has none of ours.
func (s *Service) makeAccounts(ctx context.Context, ids []string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		for _, accountID := range ids {
			if !id.IsAccount(accountID) {
				return fmt.Errorf("account %q: an account id is 12 digits", accountID)
			}
			if s.accounts.GetIn(tx, accountID) != nil {
				continue
			}
			if err := s.makeRootKey(tx, &account{ID: accountID, Created: s.now()}); err != nil {
				return err
			}
		}
		for _, a := range s.accounts.All("", "") {
			if s.keys.GetIn(tx, keyKey(a.ID, a.ID, a.RootKey)) != nil {
				continue
			}
			next := *a
			if err := s.makeRootKey(tx, &next); err != nil {
				return err
			}
		}
		return nil
	})
}

// makeRootKey gives the root user of an account a key and stores both.
func (s *Service) makeRootKey(tx *store.Tx, a *account) error {
	k, err := s.newKey(a.ID, a.ID)
	if err != nil {
		return err
	}
	a.RootKey = k.ID
	if err := s.keys.Put(tx, k.key(), k); err != nil {
		return err
	}
	return s.accounts.Put(tx, a.ID, a)
}

// takeGivenKeys checks the root keys the operator chose. first is whose a key
// without an account is.
func (s *Service) takeGivenKeys(keys []RootKey, first string) error {
	s.given = make(map[string]RootKey, len(keys))
	for _, k := range keys {
		if k.Account == "" {
			k.Account = first
		}
		switch {
		case !s.HasAccount(k.Account):
			return fmt.Errorf("root key %s: there is no account %s", k.AccessKeyID, k.Account)
		case len(k.AccessKeyID) < 16 || len(k.AccessKeyID) > 128 || k.Secret == "":
			return fmt.Errorf("root key %s: an access key id has 16 to 128 characters, and there must be a secret", k.AccessKeyID)
		case s.index.accessKey(k.AccessKeyID) != nil || s.given[k.AccessKeyID].Account != "":
			return fmt.Errorf("root key %s: the id belongs to another access key", k.AccessKeyID)
		}
		s.given[k.AccessKeyID] = k
	}
	return nil
}

// Accounts are all accounts: those the server was started with, then those
// that AWS Organizations made, each in order.
func (s *Service) Accounts() []string {
	var all, made []string
	for accountID, a := range s.accounts.All("", "") {
		if a.Made {
			made = append(made, accountID)
			continue
		}
		all = append(all, accountID)
	}
	return append(all, made...)
}

// RootKey is the root access key this server made for an account; empty for an
// account it does not have, and once the key was deleted.
func (s *Service) RootKey(account string) (accessKeyID, secret string) {
	a := s.accounts.Get(account)
	if a == nil {
		return "", ""
	}
	k := s.index.accessKey(a.RootKey)
	if k == nil {
		return "", ""
	}
	return k.ID, k.Secret
}

func (s *Service) createAccountAlias(ctx context.Context, c *op.Call, in *iamapi.CreateAccountAliasRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		for _, other := range s.accounts.All("", "") {
			if other.Alias == in.GetAccountAlias() && other.ID != c.Account {
				return iamapi.NewEntityAlreadyExistsException("The account alias %s already exists.", in.GetAccountAlias())
			}
		}
		return s.setAlias(tx, c.Account, in.GetAccountAlias())
	}))
}

func (s *Service) deleteAccountAlias(ctx context.Context, c *op.Call, in *iamapi.DeleteAccountAliasRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		a := s.accounts.GetIn(tx, c.Account)
		if a == nil || a.Alias != in.GetAccountAlias() {
			return iamapi.NewNoSuchEntityException("The account alias with name %s cannot be found.", in.GetAccountAlias())
		}
		return s.setAlias(tx, c.Account, "")
	}))
}

func (s *Service) setAlias(tx *store.Tx, accountID, alias string) error {
	a := s.accounts.GetIn(tx, accountID)
	if a == nil {
		return fmt.Errorf("iam: a caller of account %s, which does not exist", accountID)
	}
	next := *a
	next.Alias = alias
	return s.accounts.Put(tx, a.ID, &next)
}

func (s *Service) listAccountAliases(_ context.Context, c *op.Call, in *iamapi.ListAccountAliasesRequest) (*iamapi.ListAccountAliasesResponse, error) {
	var aliases []string
	if a := s.accounts.Get(c.Account); a != nil && a.Alias != "" {
		aliases = []string{a.Alias}
	}
	p, err := paginate(in, aliases, func(alias string) string { return alias })
	if err != nil {
		return nil, err
	}
	return &iamapi.ListAccountAliasesResponse{AccountAliases: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
