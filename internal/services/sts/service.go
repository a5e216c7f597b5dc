package sts

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/api"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store     *store.Store
	Clock     clock.Clock
	Bug       *bug.Reporter
	Log       *slog.Logger
	Directory op.Directory
}

// Service implements op.Service, op.Credentials, op.Refuser and op.Encoder.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	bug       *bug.Reporter
	directory op.Directory

	keys *store.Table[sealingKey]
	ring atomic.Pointer[ring]
}

// ring is the key in use with the tokens it opened, so that a new key forgets
// what the old one opened.
type ring struct {
	sealer *sealer
	opened *opened
	// messages seals the reasons of denials, with a key of their own that comes
	// of the same one: no message can pass for a token.
	messages *sealer
}

// sealingKey is the stored key of session tokens: 32 bytes.
type sealingKey struct{ Key []byte }

// currentKey is the table key of the key in use.
const currentKey = "current"

// New opens the service; the first start makes the key of session tokens.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil {
		return nil, fmt.Errorf("sts: no directory")
	}
	keys, err := store.OpenTable[sealingKey](ctx, d.Store, "sts.sealing-key")
	if err != nil {
		return nil, err
	}
	s := &Service{
		store: d.Store, clock: d.Clock, bug: d.Bug, directory: d.Directory,
		keys: keys,
	}
	if k := keys.Get(currentKey); k != nil {
		return s, s.use(k.Key)
	}
	return s, s.Reset(ctx)
}

// Reset draws a new key: every session made before is over, and no message
// encoded before can be decoded.
func (s *Service) Reset(ctx context.Context) error {
	key := make([]byte, 32)
	rand.Read(key)
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		return s.keys.Put(tx, currentKey, &sealingKey{key})
	})
	if err != nil {
		return err
	}
	return s.use(key)
}

func (s *Service) use(key []byte) error {
	sealer, err := newSealer(key)
	if err != nil {
		return err
	}
	messages, err := messageSealer(key)
	if err != nil {
		return err
	}
	s.ring.Store(&ring{sealer, newOpened(limits.OpenedTokens), messages})
	return nil
}

// API implements op.Service.
func (s *Service) API() *api.Service { return stsapi.Service }

// Resource implements op.Service: sessions have neither policy nor tags that
// the gate could ask for; roles belong to IAM.
func (s *Service) Resource(string, string) op.Facts { return op.Facts{} }

// Start implements op.Service; there is no background work.
func (s *Service) Start(context.Context, *op.Bus) error { return nil }

// Close implements op.Service.
func (s *Service) Close() error { return nil }

// Refuse implements op.Refuser. Temporary credentials of a user call only
// AssumeRole and GetCallerIdentity, those of a federated user only
// GetCallerIdentity, and no session exchanges itself for another session of the
// same kind (AWS STS API reference, GetSessionToken and GetFederationToken).
func (s *Service) Refuse(c *op.Call) error {
	operation := c.Operation
	switch c.Caller.Kind() {
	case caller.Nobody, caller.AnonymousKind:
		return api.Newf(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	case caller.FederatedKind:
		if operation != stsapi.GetCallerIdentity.Operation {
			return withSession(operation)
		}
	case caller.RootKind, caller.UserKind:
		if c.Caller.Key().SessionToken && operation != stsapi.GetCallerIdentity.Operation && operation != stsapi.AssumeRole.Operation {
			return withSession(operation)
		}
	case caller.RoleSessionKind, caller.ServiceKind:
		if operation == stsapi.GetSessionToken.Operation || operation == stsapi.GetFederationToken.Operation {
			return withSession(operation)
		}
	}
	return nil
}

func withSession(o *api.Operation) error {
	return accessDenied("Cannot call " + o.Name + " with session credentials")
}
