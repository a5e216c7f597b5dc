package iam

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// keyUse is the last use of an access key, stored under the key's id.
type keyUse struct {
	Time            time.Time
	Service, Region string
}

// recentUses are the last uses that are not stored yet, by key id.
type recentUses struct {
	mu  sync.Mutex
	all map[string]keyUse
}

func (r *recentUses) note(keyID string, u keyUse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[string]keyUse{}
	}
	r.all[keyID] = u
}

func (r *recentUses) get(keyID string) (keyUse, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u, ok := r.all[keyID]
	return u, ok
}

func (r *recentUses) forget(keyID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, keyID)
}

func (r *recentUses) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = nil
}

// copy gives what is there; it stays until stored takes it away.
func (r *recentUses) copy() map[string]keyUse {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.all)
}

// stored forgets uses that have been stored and were not followed by another.
func (r *recentUses) stored(uses map[string]keyUse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for keyID, u := range uses {
		if r.all[keyID] == u {
			delete(r.all, keyID)
		}
	}
}

// recordUses writes last uses down until ctx ends.
func (s *Service) recordUses(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.clock.After(limits.KeyUses):
		}
		if err := s.flushUses(ctx); err != nil {
			s.log.WarnContext(ctx, "the last uses of access keys were not stored", "error", err)
		}
	}
}

// flushUses writes down the uses since the last time. Those of keys that are
// gone are dropped.
func (s *Service) flushUses(ctx context.Context) error {
	uses := s.recent.copy()
	if len(uses) == 0 {
		return nil
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		for keyID, u := range uses {
			if s.index.accessKey(keyID) == nil {
				continue
			}
			if err := s.uses.Put(tx, keyID, &u); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.recent.stored(uses)
	}
	return err
}

// lastUse is the last use of a key.
func (s *Service) lastUse(keyID string) (keyUse, bool) {
	if u, ok := s.recent.get(keyID); ok {
		return u, true
	}
	if u := s.uses.Get(keyID); u != nil {
		return *u, true
	}
	return keyUse{}, false
}

// usedKey finds the user a key belongs to. A key that does not exist, or is of
// another account, is refused as AWS refuses it (recorded from AWS).
func (s *Service) usedKey(_ context.Context, c *op.Call) ([]op.Resource, error) {
	keyID := c.Input.(*iamapi.GetAccessKeyLastUsedRequest).GetAccessKeyId()
	k := s.index.accessKey(keyID)
	if k == nil || k.Account != c.Account {
		return nil, unknownKey(c, keyID)
	}
	if p := s.index.find(k.Owner); p != nil && p.user != nil {
		return one(p.user.arn()), nil
	}
	return one(rootARN(k.Account)), nil
}

func unknownKey(c *op.Call, keyID string) error {
	return api.Newf(403, "AccessDenied", "User: %s is not authorized to perform iam:%s on resource: access key %s", c.Caller.ARN(), c.Operation.Name, keyID)
}

func (s *Service) getAccessKeyLastUsed(_ context.Context, c *op.Call, in *iamapi.GetAccessKeyLastUsedRequest) (*iamapi.GetAccessKeyLastUsedResponse, error) {
	k := s.index.accessKey(in.GetAccessKeyId())
	if k == nil {
		return nil, unknownKey(c, in.GetAccessKeyId())
	}
	out := &iamapi.GetAccessKeyLastUsedResponse{AccessKeyLastUsed: &iamapi.AccessKeyLastUsed{Region: ptr("N/A"), ServiceName: ptr("N/A")}}
	if p := s.index.find(k.Owner); p != nil && p.user != nil {
		out.UserName = ptr(p.user.Name)
	}
	if u, ok := s.lastUse(k.ID); ok {
		out.AccessKeyLastUsed = &iamapi.AccessKeyLastUsed{LastUsedDate: ptr(u.Time), Region: ptr(u.Region), ServiceName: ptr(u.Service)}
	}
	return out, nil
}
