package organizations

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// member is an account of an organization, its management account included, as
// it is stored, under the account's id.
type member struct {
	Organization, Account, Name, Email string
	// Parent is the id of the root or of a unit.
	Parent string
	Joined time.Time
	// Method is "CREATED", or "INVITED" for the management account.
	Method string
	State  string
	attachments
	Tags []tag `json:",omitempty"`
}

// States of an account.
const (
	statePending   = "PENDING_ACTIVATION"
	stateActive    = "ACTIVE"
	stateSuspended = "SUSPENDED"
)

func (s *Service) showAccount(o *organization, m *member) orgapi.Account {
	out := orgapi.Account{
		Id: &m.Account, Arn: ptr(arnOf(o, kindAccount, m.Account)), Name: &m.Name, Email: &m.Email, JoinedMethod: &m.Method,
		JoinedTimestamp: &m.Joined, State: &m.State, Status: &m.State,
		Paths: []string{s.path(nil, o, m.Parent) + m.Account + "/"},
	}
	if m.State == statePending {
		out.Status = nil // it is older than that state
	}
	return out
}

// account is the member of an id, nil if the organization has none.
func (s *Service) account(tx *store.Tx, o *organization, id string) *member {
	if m := get(tx, s.members, id); m != nil && m.Organization == o.ID {
		return m
	}
	return nil
}

func (s *Service) describeAccount(_ context.Context, c *op.Call, in *orgapi.DescribeAccountRequest) (*orgapi.DescribeAccountResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	m := s.account(nil, o, in.GetAccountId())
	if m == nil {
		return nil, noAccount()
	}
	return &orgapi.DescribeAccountResponse{Account: ptr(s.showAccount(o, m))}, nil
}

// membersBelow are the accounts directly below a root or unit; of the whole
// organization when parent is empty.
func (s *Service) membersBelow(o *organization, parent string) []*member {
	var all []*member
	for _, m := range s.members.All("", "") {
		if m.Organization == o.ID && (parent == "" || m.Parent == parent) {
			all = append(all, m)
		}
	}
	return all
}

func (s *Service) listAccounts(_ context.Context, c *op.Call, in *orgapi.ListAccountsRequest) (*orgapi.ListAccountsResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	accounts, next, err := s.page(in, o, "")
	return &orgapi.ListAccountsResponse{Accounts: accounts, NextToken: next}, err
}

func (s *Service) listAccountsForParent(_ context.Context, c *op.Call, in *orgapi.ListAccountsForParentRequest) (*orgapi.ListAccountsForParentResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	if _, ok := s.parents(nil, o, in.GetParentId()); !ok {
		return nil, noParent()
	}
	accounts, next, err := s.page(in, o, in.GetParentId())
	return &orgapi.ListAccountsForParentResponse{Accounts: accounts, NextToken: next}, err
}

func (s *Service) page(in pageQuery, o *organization, parent string) ([]orgapi.Account, *string, error) {
	p, err := paginate(in, s.membersBelow(o, parent), func(m *member) string { return m.Account })
	if err != nil {
		return nil, nil, err
	}
	return each(p.items, func(m *member) orgapi.Account { return s.showAccount(o, m) }), p.next, nil
}

func (s *Service) moveAccount(ctx context.Context, c *op.Call, in *orgapi.MoveAccountRequest) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		m := s.account(tx, o, in.GetAccountId())
		if m == nil {
			return noAccount()
		}
		if in.GetSourceParentId() != m.Parent {
			return orgapi.NewSourceParentNotFoundException("You specified a source parent that doesn't exist.")
		}
		if _, ok := s.parents(tx, o, in.GetDestinationParentId()); !ok {
			return orgapi.NewDestinationParentNotFoundException("You specified a destination parent that doesn't exist.")
		}
		if in.GetDestinationParentId() == m.Parent {
			return orgapi.NewDuplicateAccountException("The specified account is already present in the specified destination.")
		}
		next := *m
		next.Parent = in.GetDestinationParentId()
		return s.members.Put(tx, next.Account, &next)
	})
}

// removeAccount lets an account go on alone. Its own policies stay as they are.
func (s *Service) removeAccount(ctx context.Context, c *op.Call, in *orgapi.RemoveAccountFromOrganizationRequest) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		m := s.account(tx, o, in.GetAccountId())
		switch {
		case m == nil, m.State == statePending:
			return noAccount()
		case m.Account == o.Management:
			return orgapi.NewMasterCannotLeaveOrganizationException("You can't remove a management account from an organization. If you want the management account to become a member account in another organization, you must first delete the current organization of the management account.")
		}
		return s.members.Delete(tx, m.Account)
	})
}

// closeAccount first takes every right from the account's principals: that an
// account is shown as closed while it can still be used must not happen.
func (s *Service) closeAccount(ctx context.Context, c *op.Call, in *orgapi.CloseAccountRequest) (*api.Empty, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	if err := s.mayClose(nil, o, in.GetAccountId()); err != nil {
		return nil, err
	}
	if err := s.accounts.CloseAccount(ctx, in.GetAccountId()); err != nil {
		return nil, err
	}
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		if err := s.mayClose(tx, o, in.GetAccountId()); err != nil {
			return err
		}
		next := *s.members.GetIn(tx, in.GetAccountId())
		next.State = stateSuspended
		return s.members.Put(tx, next.Account, &next)
	})
}

func (s *Service) mayClose(tx *store.Tx, o *organization, id string) error {
	m := s.account(tx, o, id)
	switch {
	case m == nil:
		return noAccount()
	case m.Account == o.Management:
		return constraint(closesManagement, "You attempted to close the management account. You can close the management account only after the organization has no other accounts and was deleted.")
	case m.State == statePending:
		return orgapi.NewConflictException("The request failed because it conflicts with the current state of the specified resource.")
	case m.State == stateSuspended:
		return orgapi.NewAccountAlreadyClosedException("You attempted to close an account that is already closed.")
	}
	return nil
}
