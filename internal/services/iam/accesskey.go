package iam

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// accessKey is a long-term key as it is stored, under keyKey.
type accessKey struct {
	Account string
	// Owner is the unique id of the user; the account id for the root user.
	Owner      string
	ID, Secret string
	Inactive   bool
	Created    time.Time
}

func keyKey(account, owner, keyID string) string { return store.Key(account, owner, keyID) }

func (k *accessKey) key() string { return keyKey(k.Account, k.Owner, k.ID) }

// Status of access keys.
const (
	statusActive   = "Active"
	statusInactive = "Inactive"
)

func (k *accessKey) status() string {
	if k.Inactive {
		return statusInactive
	}
	return statusActive
}

func (s *Service) newKey(account, owner string) (*accessKey, error) {
	keyID, secret, err := id.AccessKey(id.LongTermKey, account)
	if err != nil {
		return nil, err
	}
	return &accessKey{Account: account, Owner: owner, ID: keyID, Secret: secret, Created: s.now()}, nil
}

// keysOf are the keys of a user or root user, by id.
func (s *Service) keysOf(account, owner string) []*accessKey {
	var all []*accessKey
	for _, k := range s.keys.All(store.Prefix(account, owner), "") {
		all = append(all, k)
	}
	return all
}

// keyOwner is whose keys an operation is about: the named user's, or else the caller's.
type keyOwner struct{ id, name string }

// keyOwner finds the owner; the root user's name is empty.
func (s *Service) keyOwner(c *op.Call, name string) (keyOwner, error) {
	if name == "" && c.Caller.IsRoot() {
		return keyOwner{id: c.Account}, nil
	}
	u, err := s.target(c, name)
	if err != nil {
		return keyOwner{}, err
	}
	return keyOwner{u.ID, u.Name}, nil
}

func (s *Service) createAccessKey(ctx context.Context, c *op.Call, in *iamapi.CreateAccessKeyRequest) (*iamapi.CreateAccessKeyResponse, error) {
	var owner keyOwner
	var k *accessKey
	err := s.store.Update(ctx, func(tx *store.Tx) (err error) {
		if owner, err = s.keyOwner(c, in.GetUserName()); err != nil {
			return err
		}
		if len(s.keysOf(c.Account, owner.id)) >= limits.AccessKeysPerUser {
			return overQuota("AccessKeysPerUser", limits.AccessKeysPerUser)
		}
		if k, err = s.newKey(c.Account, owner.id); err != nil {
			return err
		}
		return s.keys.Put(tx, k.key(), k)
	})
	if err != nil {
		return nil, err
	}
	return &iamapi.CreateAccessKeyResponse{AccessKey: &iamapi.AccessKey{
		UserName: ptr(owner.name), AccessKeyId: ptr(k.ID), Status: ptr(k.status()), SecretAccessKey: ptr(k.Secret), CreateDate: ptr(k.Created),
	}}, nil
}

// ownKey is a key of the owner an input names.
func (s *Service) ownKey(tx *store.Tx, c *op.Call, userName, keyID string) (*accessKey, error) {
	owner, err := s.keyOwner(c, userName)
	if err != nil {
		return nil, err
	}
	k := s.keys.GetIn(tx, keyKey(c.Account, owner.id, keyID))
	if k == nil {
		return nil, noSuchKey(keyID)
	}
	return k, nil
}

func (s *Service) deleteAccessKey(ctx context.Context, c *op.Call, in *iamapi.DeleteAccessKeyRequest) (*api.Empty, error) {
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		k, err := s.ownKey(tx, c, in.GetUserName(), in.GetAccessKeyId())
		if err != nil {
			return err
		}
		tx.After(func() { s.recent.forget(k.ID) })
		if err := s.uses.Delete(tx, k.ID); err != nil {
			return err
		}
		return s.keys.Delete(tx, k.key())
	}))
}

func (s *Service) updateAccessKey(ctx context.Context, c *op.Call, in *iamapi.UpdateAccessKeyRequest) (*api.Empty, error) {
	switch in.GetStatus() {
	case statusActive, statusInactive:
	default:
		// Expired is in the model, but no caller can set it (inferred).
		return nil, iamapi.NewInvalidInputException("Status %s cannot be set.", in.GetStatus())
	}
	return done(s.store.Update(ctx, func(tx *store.Tx) error {
		k, err := s.ownKey(tx, c, in.GetUserName(), in.GetAccessKeyId())
		if err != nil {
			return err
		}
		next := *k
		next.Inactive = in.GetStatus() == statusInactive
		return s.keys.Put(tx, k.key(), &next)
	}))
}

func (s *Service) listAccessKeys(_ context.Context, c *op.Call, in *iamapi.ListAccessKeysRequest) (*iamapi.ListAccessKeysResponse, error) {
	owner, err := s.keyOwner(c, in.GetUserName())
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, s.keysOf(c.Account, owner.id), func(k *accessKey) string { return k.ID })
	if err != nil {
		return nil, err
	}
	show := func(k *accessKey) iamapi.AccessKeyMetadata {
		return iamapi.AccessKeyMetadata{UserName: ptr(owner.name), AccessKeyId: ptr(k.ID), Status: ptr(k.status()), CreateDate: ptr(k.Created)}
	}
	return &iamapi.ListAccessKeysResponse{AccessKeyMetadata: each(p.items, show), IsTruncated: p.truncated, Marker: p.marker}, nil
}
