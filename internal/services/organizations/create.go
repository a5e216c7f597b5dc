package organizations

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// request is what CreateAccount was asked for and what became of it, stored
// under its organization and id.
type request struct {
	Organization, ID  string
	Name, Email, Role string
	Tags              []tag `json:",omitempty"`
	State             string
	// Account is the new account's id, once it is drawn.
	Account string
	// Reason is why the request failed.
	Reason           string
	Requested, Ended time.Time
}

// States of a request.
const (
	inProgress = "IN_PROGRESS"
	succeeded  = "SUCCEEDED"
	failed     = "FAILED"
)

// emailExists is the reason of a request whose address is taken.
const emailExists = "EMAIL_ALREADY_EXISTS"

// defaultRole is the role in a new account when none is named.
const defaultRole = "OrganizationAccountAccessRole"

func (r *request) key() string { return store.Key(r.Organization, r.ID) }

func (r *request) show() orgapi.CreateAccountStatus {
	out := orgapi.CreateAccountStatus{Id: &r.ID, AccountName: &r.Name, State: &r.State, RequestedTimestamp: &r.Requested}
	switch r.State {
	case succeeded:
		out.AccountId, out.CompletedTimestamp = &r.Account, &r.Ended
	case failed:
		out.FailureReason, out.CompletedTimestamp = &r.Reason, &r.Ended
	}
	return out
}

// createAccount notes what is asked for; the account is made in the background.
func (s *Service) createAccount(ctx context.Context, c *op.Call, in *orgapi.CreateAccountRequest) (*orgapi.CreateAccountResponse, error) {
	r := &request{ID: "car-" + id.Hex(16), Name: in.GetAccountName(), Email: in.GetEmail(), Role: in.GetRoleName(), State: inProgress, Requested: c.Time}
	if r.Role == "" {
		r.Role = defaultRole
	}
	_, err := s.change(ctx, c, func(tx *store.Tx, o *organization) (err error) {
		r.Organization = o.ID
		if r.Tags, err = addTags(nil, in.Tags); err != nil {
			return err
		}
		pending := 0
		for _, other := range s.requests.All(store.Prefix(o.ID), "") {
			if other.State == inProgress && other.Account == "" {
				pending++
			}
		}
		if len(s.membersBelow(o, ""))+pending >= limits.AccountsPerOrganization {
			return constraint(tooManyAccounts, constraintExceeded, "accounts")
		}
		if err := s.forgetOldest(tx, o); err != nil {
			return err
		}
		return s.requests.Put(tx, r.key(), r)
	})
	if err != nil {
		return nil, err
	}
	s.wakeMaker() // not before the request can be seen
	return &orgapi.CreateAccountResponse{CreateAccountStatus: ptr(r.show())}, nil
}

// forgetOldest makes room for one more request, if there are too many.
func (s *Service) forgetOldest(tx *store.Tx, o *organization) error {
	var oldest *request
	n := 0
	for _, r := range s.requests.All(store.Prefix(o.ID), "") {
		n++
		if r.State != inProgress && (oldest == nil || r.Requested.Before(oldest.Requested)) {
			oldest = r
		}
	}
	if n < limits.AccountRequests || oldest == nil {
		return nil
	}
	return s.requests.Delete(tx, oldest.key())
}

func (s *Service) describeCreateAccountStatus(_ context.Context, c *op.Call, in *orgapi.DescribeCreateAccountStatusRequest) (*orgapi.DescribeCreateAccountStatusResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	r := s.requests.Get(store.Key(o.ID, in.GetCreateAccountRequestId()))
	if r == nil {
		return nil, orgapi.NewCreateAccountStatusNotFoundException("You specified a create account request that doesn't exist.")
	}
	return &orgapi.DescribeCreateAccountStatusResponse{CreateAccountStatus: ptr(r.show())}, nil
}

func (s *Service) listCreateAccountStatus(_ context.Context, c *op.Call, in *orgapi.ListCreateAccountStatusRequest) (*orgapi.ListCreateAccountStatusResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	var all []*request
	for _, r := range s.requests.All(store.Prefix(o.ID), "") {
		if len(in.States) == 0 || slices.Contains(in.States, r.State) {
			all = append(all, r)
		}
	}
	p, err := paginate(in, all, func(r *request) string { return r.ID })
	if err != nil {
		return nil, err
	}
	return &orgapi.ListCreateAccountStatusResponse{CreateAccountStatuses: each(p.items, (*request).show), NextToken: p.next}, nil
}

func (s *Service) wakeMaker() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// again is how long the maker of accounts waits after something failed.
const again = time.Second

// makeAccounts makes the accounts that were asked for, one after the other.
func (s *Service) makeAccounts(ctx context.Context) {
	s.wakeMaker() // for those that a stopped server left
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		for _, r := range s.requests.All("", "") {
			if r.State != inProgress || ctx.Err() != nil {
				continue
			}
			if err := s.makeAccount(ctx, r.key()); err != nil {
				s.log.Error("organizations: an account could not be made, will try again", "request", r.ID, "error", err)
				s.running.Go(func() { s.wakeLater(ctx) })
				break
			}
		}
	}
}

// wakeLater lets the maker try again after a while.
func (s *Service) wakeLater(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.clock.After(again):
		s.wakeMaker()
	}
}

// makeAccount makes one account in three steps, each of which may be repeated:
// the organization takes it in, so that it is never without its control
// policies; IAM makes it; the request ends.
func (s *Service) makeAccount(ctx context.Context, key string) error {
	var r *request
	var management string
	err := s.update(ctx, func(tx *store.Tx) (err error) {
		r, management, err = s.takeIn(tx, key)
		return err
	})
	if err != nil || r == nil || r.State != inProgress {
		return err
	}
	if err := s.accounts.AddAccount(ctx, op.NewAccount{ID: r.Account, Management: management, Role: r.Role}); err != nil {
		return err
	}
	return s.update(ctx, func(tx *store.Tx) error {
		m, found := s.members.GetIn(tx, r.Account), s.requests.GetIn(tx, key)
		if m == nil || found == nil {
			return nil
		}
		active, done := *m, *found
		active.State = stateActive
		done.State, done.Ended = succeeded, s.clock.Now()
		if err := s.members.Put(tx, active.Account, &active); err != nil {
			return err
		}
		return s.requests.Put(tx, key, &done)
	})
}

// takeIn draws an account id and makes it a member. It gives the request as it
// is then: failed, if the address is taken; nil, if its organization is gone.
func (s *Service) takeIn(tx *store.Tx, key string) (r *request, management string, err error) {
	found := s.requests.GetIn(tx, key)
	if found == nil {
		return nil, "", nil
	}
	o := s.organizations.GetIn(tx, found.Organization)
	if o == nil {
		return nil, "", nil
	}
	next := *found
	if next.State != inProgress || next.Account != "" {
		return &next, o.Management, nil
	}
	for _, m := range s.members.All("", "") {
		if strings.EqualFold(m.Email, next.Email) {
			next.State, next.Reason, next.Ended = failed, emailExists, s.clock.Now()
			return &next, o.Management, s.requests.Put(tx, key, &next)
		}
	}
	if next.Account, err = s.newAccountID(tx); err != nil {
		return nil, "", err
	}
	m := &member{
		Organization: o.ID, Account: next.Account, Parent: o.Root, Name: next.Name, Email: next.Email, Joined: s.clock.Now(),
		Method: "CREATED", State: statePending, attachments: initial(o), Tags: next.Tags,
	}
	if err := s.members.Put(tx, m.Account, m); err != nil {
		return nil, "", err
	}
	return &next, o.Management, s.requests.Put(tx, key, &next)
}

// newAccountID draws an id that no account has. It does not begin with a zero,
// which spreadsheets and careless programs lose.
func (s *Service) newAccountID(tx *store.Tx) (string, error) {
	const lowest, span = 100_000_000_000, 900_000_000_000
	for range 100 {
		n, err := strconv.ParseUint(id.Hex(8), 16, 64)
		if err != nil {
			return "", err
		}
		account := strconv.FormatUint(lowest+n%span, 10)
		if !s.directory.HasAccount(account) && s.members.GetIn(tx, account) == nil {
			return account, nil
		}
	}
	return "", fmt.Errorf("organizations: no account id is free")
}
