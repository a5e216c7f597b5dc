package kms

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"time"

	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
)

// key is a stored key.
type key struct {
	Account, Region, ID string
	Created             time.Time
	Description         string
	Disabled            bool
	// Deletion is when the key goes, zero while nobody scheduled it.
	Deletion time.Time
	Policy   resourcepolicy.Policy
	Tags     map[string]string
	// Rotation is how many days apart rotations would be, 0 for none, and Rotating
	// when it was set.
	Rotation int32
	Rotating time.Time
	// Material is sealed with the master key; MaterialID says which it is.
	Material   []byte
	MaterialID string
	// Managed is the service whose AWS managed key it is, empty for a customer's.
	Managed string
}

func (k *key) ref() ref { return ref{k.Account, k.Region, k.ID} }

func (k *key) clone() *key {
	c := *k
	c.Tags = maps.Clone(k.Tags)
	if c.Tags == nil {
		c.Tags = map[string]string{}
	}
	return &c
}

// gone says whether the key's deletion is due.
func (k *key) gone(now time.Time) bool { return !k.Deletion.IsZero() && !now.Before(k.Deletion) }

// usable is nil for a key that can be used to encrypt and the like ("Key states
// of AWS KMS keys").
func (k *key) usable() error {
	if err := k.present(); err != nil {
		return err
	}
	if k.Disabled {
		return disabled(k.ref())
	}
	return nil
}

// present is nil for a key that is not waiting to be deleted.
func (k *key) present() error {
	if !k.Deletion.IsZero() {
		return pendingDeletion(k.ref())
	}
	return nil
}

// Words of keys.
const (
	symmetric     = "SYMMETRIC_DEFAULT"
	encryptUsage  = "ENCRYPT_DECRYPT"
	ownOrigin     = "AWS_KMS"
	stateEnabled  = "Enabled"
	stateDisabled = "Disabled"
	statePending  = "PendingDeletion"
)

func (k *key) state() string {
	switch {
	case !k.Deletion.IsZero():
		return statePending
	case k.Disabled:
		return stateDisabled
	}
	return stateEnabled
}

func (k *key) metadata() *kmsapi.KeyMetadata {
	m := &kmsapi.KeyMetadata{
		AWSAccountId: &k.Account, Arn: ptr(k.ref().arn()), KeyId: &k.ID, CreationDate: &k.Created, Description: &k.Description,
		Enabled: ptr(k.state() == stateEnabled), KeyState: ptr(k.state()), KeyManager: ptr("CUSTOMER"), KeySpec: ptr(symmetric), CustomerMasterKeySpec: ptr(symmetric),
		KeyUsage: ptr(encryptUsage), Origin: ptr(ownOrigin), EncryptionAlgorithms: []string{symmetric}, MultiRegion: ptr(false), CurrentKeyMaterialId: &k.MaterialID,
	}
	if k.Managed != "" {
		m.KeyManager = ptr("AWS")
	}
	if !k.Deletion.IsZero() {
		m.DeletionDate = &k.Deletion
	}
	return m
}

// newKey makes a key with material of its own, which is not stored yet.
func (s *Service) newKey(r ref, now time.Time) *key {
	material := make([]byte, 32)
	rand.Read(material)
	k := &key{Account: r.account, Region: r.region, ID: r.id, Created: now.UTC().Truncate(time.Millisecond), MaterialID: id.Hex(32)}
	k.Material = s.master.Seal(material, []byte(r.arn()))
	return k
}

// checkNewKey refuses what is not made here.
func checkNewKey(in *kmsapi.CreateKeyRequest) error {
	spec, usage := in.GetKeySpec(), in.GetKeyUsage()
	switch {
	case spec != "" && in.GetCustomerMasterKeySpec() != "":
		return invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.")
	case spec == "":
		spec = in.GetCustomerMasterKeySpec()
	}
	symmetricSpec := spec == "" || spec == symmetric
	switch {
	case !symmetricSpec && usage == "":
		return invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	case !symmetricSpec:
		return unsupported("Sallyport makes symmetric encryption keys only: a key of KeySpec %s is not supported.", spec)
	case usage != "" && usage != encryptUsage:
		return invalid("KeyUsage %s is not compatible with KeySpec %s", usage, symmetric)
	case in.GetOrigin() != "" && in.GetOrigin() != ownOrigin:
		return unsupported("Sallyport makes the material of its keys itself: a key of Origin %s is not supported.", in.GetOrigin())
	case in.GetCustomKeyStoreId() != "" || in.GetXksKeyId() != "":
		return unsupported("Sallyport has no custom key stores.")
	case in.GetMultiRegion():
		return unsupported("Sallyport has no multi-Region keys.")
	}
	return nil
}

func (s *Service) createKey(ctx context.Context, c *op.Call, in *kmsapi.CreateKeyRequest) (*kmsapi.CreateKeyResponse, error) {
	if err := checkNewKey(in); err != nil {
		return nil, err
	}
	k := s.newKey(ref{c.Account, c.Region, id.UUID()}, c.Time)
	k.Description = in.GetDescription()
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	k.Tags = tags
	text := in.GetPolicy()
	if in.Policy == nil {
		text = defaultPolicy(c.Account)
	}
	if k.Policy, err = s.newPolicy(text); err != nil {
		return nil, err
	}
	if err := s.checkLockout(ctx, c, k, in.GetBypassPolicyLockoutSafetyCheck()); err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.index.count(c.Account, c.Region) >= limits.Keys {
			return kmsapi.NewLimitExceededException("You have reached the limit of %d keys.", limits.Keys)
		}
		return s.keys.Put(tx, k.ref().key(), k)
	})
	if err != nil {
		return nil, err
	}
	return &kmsapi.CreateKeyResponse{KeyMetadata: k.metadata()}, nil
}

// find is the key a call was authorized for.
func (s *Service) find(c *op.Call) (*key, error) { return s.findIn(nil, targetOf(c)) }

// findIn is the key of a target as the transaction, if there is one, sees it.
func (s *Service) findIn(tx *store.Tx, t target) (*key, error) {
	if t.unknown.name != "" {
		return nil, noAlias(t.unknown.arn())
	}
	var k *key
	if tx == nil {
		k = s.keys.Get(t.ref.key())
	} else {
		k = s.keys.GetIn(tx, t.ref.key())
	}
	if k == nil || k.gone(s.clock.Now()) {
		return nil, noKey(t.ref)
	}
	return k, nil
}

// change changes the key a call was authorized for.
func (s *Service) change(ctx context.Context, c *op.Call, change func(*key) error) (*key, error) {
	var changed *key
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		k, err := s.findIn(tx, targetOf(c))
		if err != nil {
			return err
		}
		changed = k.clone()
		if err := change(changed); err != nil {
			return err
		}
		return s.keys.Put(tx, changed.ref().key(), changed)
	})
	return changed, err
}

func (s *Service) describeKey(ctx context.Context, c *op.Call, in *kmsapi.DescribeKeyRequest) (*kmsapi.DescribeKeyResponse, error) {
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	k, err := s.find(c)
	if made, ok := s.makesManaged(c); err != nil && ok {
		k, err = s.makeManaged(ctx, c, made)
	}
	if err != nil {
		return nil, err
	}
	return &kmsapi.DescribeKeyResponse{KeyMetadata: k.metadata()}, nil
}

func (s *Service) listKeys(_ context.Context, c *op.Call, in *kmsapi.ListKeysRequest) (*kmsapi.ListKeysResponse, error) {
	p, err := newPage(in.Limit, in.Marker, limits.KeyPage, store.Prefix(c.Account, c.Region))
	if err != nil {
		return nil, err
	}
	out := &kmsapi.ListKeysResponse{Keys: []kmsapi.KeyListEntry{}}
	now := s.clock.Now()
	for at, k := range s.keys.All(p.prefix, p.after) {
		if k.gone(now) {
			continue
		}
		if !p.take(at) {
			break
		}
		out.Keys = append(out.Keys, kmsapi.KeyListEntry{KeyId: &k.ID, KeyArn: ptr(k.ref().arn())})
	}
	out.Truncated, out.NextMarker = p.end()
	return out, nil
}

// erase removes keys whose deletion is due, with their grants and aliases.
func (s *Service) erase(tx *store.Tx, k *key) error {
	var errs []error
	for _, a := range s.index.aliases(k.ref()) {
		errs = append(errs, s.aliases.Delete(tx, a.key()))
	}
	for at := range s.grants.All(k.ref().key()+"\x00", "") {
		errs = append(errs, s.grants.Delete(tx, at))
	}
	return errors.Join(append(errs, s.keys.Delete(tx, k.ref().key()))...)
}
