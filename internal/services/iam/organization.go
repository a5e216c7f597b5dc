package iam

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/managedpolicy"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// AddAccount implements op.Accounts. AWS gives a new account no root access
// key; here every account has one, since nobody could sign in to make it.
func (s *Service) AddAccount(ctx context.Context, a op.NewAccount) error {
	if !id.IsAccount(a.ID) || !id.IsAccount(a.Management) || a.Role == "" {
		return fmt.Errorf("iam: a new account %q, managed by %q with role %q", a.ID, a.Management, a.Role)
	}
	added := false
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.accounts.GetIn(tx, a.ID) != nil {
			return nil
		}
		added = true
		if err := s.makeRootKey(tx, &account{ID: a.ID, Created: s.now(), Made: true}); err != nil {
			return err
		}
		r := &role{
			Account: a.ID, Name: a.Role, Path: "/", ID: id.Unique(id.Role), Created: s.now(),
			Trust: trustOf(managementTrust(a.Management)),
		}
		r.Attached = []string{managedpolicy.Prefix + "/AdministratorAccess"}
		return s.roles.Put(tx, key(r.Account, r.Name), r)
	})
	if err == nil && added && s.accountAdded != nil {
		s.accountAdded()
	}
	return err
}

// managementTrust is the trust policy of the role that AWS Organizations makes
// in a new account: the management account delegates to its own administrators.
func managementTrust(management string) string {
	return trusting("AWS", rootARN(management))
}

// CloseAccount implements op.Accounts. What the account holds stays, and none
// of its principals may do anything any more.
func (s *Service) CloseAccount(ctx context.Context, accountID string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		a := s.accounts.GetIn(tx, accountID)
		if a == nil {
			return fmt.Errorf("iam: account %s is to be closed, but does not exist", accountID)
		}
		next := *a
		next.Closed = true
		return s.accounts.Put(tx, a.ID, &next)
	})
}
