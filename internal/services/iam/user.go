package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// user is an IAM user as it is stored, under key(Account, Name).
type user struct {
	Account, Name, Path, ID string
	Created                 time.Time
	Tags                    []tag
	// Boundary is the ARN of the permissions boundary, empty without one.
	Boundary string
	// Groups are the unique ids of the user's groups.
	Groups []string
	permissions
}

func (u *user) arn() string { return arnOf(u.Account, typeUser, u.Path, u.Name) }

type userInput interface{ GetUserName() string }

// user finds the user an input names.
func (s *Service) user(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(s.userARN(c.Account, c.Input.(userInput).GetUserName())), nil
}

// userARN is the ARN of a user; of one that does not exist, the ARN it would
// have without a path.
func (s *Service) userARN(account, name string) string {
	if u := s.users.Get(key(account, name)); u != nil {
		return u.arn()
	}
	return arnOf(account, typeUser, "/", name)
}

// one is a single resource.
func one(arn string) []op.Resource { return []op.Resource{{ARN: arn}} }

// userOrCaller finds the user an input names, or else the one who asks.
func (s *Service) userOrCaller(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if c.Input.(userInput).GetUserName() != "" {
		return s.user(ctx, c)
	}
	switch c.Caller.Kind() {
	case caller.UserKind:
		u, _ := c.Caller.User()
		return one(u.ARN), nil
	case caller.RootKind:
		return one(rootARN(c.Account)), nil
	}
	return nil, validationError("Must specify userName when calling with non-User credentials")
}

// newUser finds the user an input would make.
func (s *Service) newUser(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.CreateUserRequest)
	return one(arnOf(c.Account, typeUser, pathOr(in.GetPath()), in.GetUserName())), nil
}

// taggedNewUser is newUser when the input has tags: then tagging is asked for too.
func (s *Service) taggedNewUser(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if len(c.Input.(*iamapi.CreateUserRequest).Tags) == 0 {
		return nil, nil
	}
	return s.newUser(ctx, c)
}

// movedUser is what a user will be after UpdateUser, which asks for both.
func (s *Service) movedUser(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*iamapi.UpdateUserRequest)
	u := s.users.Get(key(c.Account, in.GetUserName()))
	if u == nil || in.NewUserName == nil && in.NewPath == nil {
		return nil, nil
	}
	next := *u
	next.move(in.GetNewPath(), in.GetNewUserName())
	return one(next.arn()), nil
}

func (u *user) move(path, name string) {
	if path != "" {
		u.Path = path
	}
	if name != "" {
		u.Name = name
	}
}

// anyUser is the pattern a list of users is judged on.
func (s *Service) anyUser(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(pattern(c, typeUser)), nil
}

type prefixInput interface{ GetPathPrefix() string }

// pattern is every resource of a kind below the prefix the input gives.
func pattern(c *op.Call, kind string) string {
	return arnOf(c.Account, kind, pathOr(c.Input.(prefixInput).GetPathPrefix()), "*")
}

// pathOr is the path, "/" when none was given.
func pathOr(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

func (s *Service) createUser(ctx context.Context, c *op.Call, in *iamapi.CreateUserRequest) (*iamapi.CreateUserResponse, error) {
	u := &user{
		Account: c.Account, Name: in.GetUserName(), Path: pathOr(in.GetPath()), ID: id.Unique(id.User),
		Created: s.now(), Boundary: in.GetPermissionsBoundary(),
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.users.GetIn(tx, key(u.Account, u.Name)) != nil {
			return iamapi.NewEntityAlreadyExistsException("User with name %s already exists.", u.Name)
		}
		if count(s.users, u.Account) >= limits.UsersPerAccount {
			return overQuota("UsersPerAccount", limits.UsersPerAccount)
		}
		if err := s.checkBoundary(u.Account, u.Boundary); err != nil {
			return err
		}
		var err error
		if u.Tags, err = userTags.put(nil, in.Tags); err != nil {
			return err
		}
		return s.users.Put(tx, key(u.Account, u.Name), u)
	})
	if err != nil {
		return nil, err
	}
	out := showUser(u)
	out.Tags, out.PermissionsBoundary = in.Tags, showBoundary(u.Boundary)
	return &iamapi.CreateUserResponse{User: &out}, nil
}

// showUser is the user as lists print it: without tags and boundary.
func showUser(u *user) iamapi.User {
	return iamapi.User{Path: ptr(u.Path), UserName: ptr(u.Name), UserId: ptr(u.ID), Arn: ptr(u.arn()), CreateDate: ptr(u.Created)}
}

func (s *Service) getUser(_ context.Context, c *op.Call, in *iamapi.GetUserRequest) (*iamapi.GetUserResponse, error) {
	if in.GetUserName() == "" && c.Caller.IsRoot() {
		a := s.accounts.Get(c.Account)
		if a == nil {
			return nil, noSuchUser("root")
		}
		return &iamapi.GetUserResponse{User: &iamapi.User{UserId: ptr(a.ID), Arn: ptr(rootARN(a.ID)), CreateDate: ptr(a.Created)}}, nil
	}
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	out := showUser(u)
	out.Tags, out.PermissionsBoundary = showAnyTags(u.Tags), showBoundary(u.Boundary)
	return &iamapi.GetUserResponse{User: &out}, nil
}

// target is the user of that name, or the caller when the name is empty.
func (s *Service) target(c *op.Call, name string) (*user, error) {
	if name == "" {
		self, _ := c.Caller.User()
		name = self.Name
	}
	u := s.users.Get(key(c.Account, name))
	if u == nil {
		return nil, noSuchUser(name)
	}
	return u, nil
}

func (s *Service) updateUser(ctx context.Context, c *op.Call, in *iamapi.UpdateUserRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		from := key(c.Account, in.GetUserName())
		old := s.users.GetIn(tx, from)
		if old == nil {
			return noSuchUser(in.GetUserName())
		}
		next := *old
		next.move(in.GetNewPath(), in.GetNewUserName())
		to := key(c.Account, next.Name)
		if to != from && s.users.GetIn(tx, to) != nil {
			return iamapi.NewEntityAlreadyExistsException("User with name %s already exists.", next.Name)
		}
		return move(tx, s.users, from, to, &next)
	}))
}

// move puts a record under another key. The new one comes first, so that at no
// moment the index knows nobody of its unique id, which stays the same.
func move[T any](tx *store.Tx, t *store.Table[T], from, to string, v *T) error {
	if err := t.Put(tx, to, v); err != nil || from == to {
		return err
	}
	return t.Delete(tx, from)
}

func (s *Service) deleteUser(ctx context.Context, c *op.Call, in *iamapi.DeleteUserRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		u := s.users.GetIn(tx, key(c.Account, in.GetUserName()))
		if u == nil {
			return noSuchUser(in.GetUserName())
		}
		if err := u.mustBeBare(); err != nil {
			return err
		}
		if len(u.Groups) > 0 {
			return deleteConflict("remove users from group")
		}
		if len(s.keysOf(u.Account, u.ID)) > 0 {
			return deleteConflict("delete access keys")
		}
		return s.users.Delete(tx, key(u.Account, u.Name))
	}))
}

func (s *Service) listUsers(_ context.Context, c *op.Call, in *iamapi.ListUsersRequest) (*iamapi.ListUsersResponse, error) {
	users := list(s.users, c.Account, func(u *user) bool { return strings.HasPrefix(u.Path, in.GetPathPrefix()) })
	p, err := paginate(in, users, func(u *user) string { return strings.ToLower(u.Name) })
	if err != nil {
		return nil, err
	}
	return &iamapi.ListUsersResponse{Users: each(p.items, showUser), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) tagUser(ctx context.Context, c *op.Call, in *iamapi.TagUserRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) (err error) {
		u.Tags, err = userTags.put(u.Tags, in.Tags)
		return err
	}))
}

func (s *Service) untagUser(ctx context.Context, c *op.Call, in *iamapi.UntagUserRequest) (*api.Empty, error) {
	return done(s.changeUser(ctx, c, in.GetUserName(), func(_ *store.Tx, u *user) error {
		u.Tags = userTags.remove(u.Tags, in.TagKeys)
		return nil
	}))
}

func (s *Service) listUserTags(_ context.Context, c *op.Call, in *iamapi.ListUserTagsRequest) (*iamapi.ListUserTagsResponse, error) {
	u, err := s.target(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, u.Tags, tagID)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListUserTagsResponse{Tags: showTags(p.items), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func (s *Service) changeUser(ctx context.Context, c *op.Call, name string, edit func(tx *store.Tx, u *user) error) error {
	return change(ctx, s, s.users, key(c.Account, name), noSuchUser(name), edit)
}

// change edits a copy of a record and stores it. Slices of the record are
// shared with readers: edit replaces them.
func change[T any](ctx context.Context, s *Service, t *store.Table[T], key string, missing *api.Error, edit func(tx *store.Tx, v *T) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		old := t.GetIn(tx, key)
		if old == nil {
			return missing
		}
		next := *old
		if err := edit(tx, &next); err != nil {
			return err
		}
		return t.Put(tx, key, &next)
	})
}

// done is the answer of an operation that answers nothing.
func done(err error) (*api.Empty, error) {
	if err != nil {
		return nil, err
	}
	return &api.Empty{}, nil
}

// list gives the records of an account that keep says to keep, in key order.
func list[T any](t *store.Table[T], account string, keep func(*T) bool) []*T {
	var all []*T
	for _, v := range t.All(store.Prefix(account), "") {
		if keep == nil || keep(v) {
			all = append(all, v)
		}
	}
	return all
}

// count is the number of records of an account.
func count[T any](t *store.Table[T], account string) int { return len(list(t, account, nil)) }

// now is the time of a creation: AWS keeps whole seconds.
func (s *Service) now() time.Time { return s.clock.Now().UTC().Truncate(time.Second) }

// without is the list without one value; the list itself stays as it is.
func without(list []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == value })
}
