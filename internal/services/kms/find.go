package kms

import (
	"context"
	"strings"

	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/op"
)

// target is the key that a need is about: the finder's answer, for the adders of
// its need and, if it was the last, for the handler.
type target struct {
	ref ref
	// by is the alias that the request names the key by, if it does.
	by string
	// unknown is an alias that names no key; ref is zero then.
	unknown aliasRef
}

type (
	targetKey struct{}
	sourceKey struct{}
	// destinationKey is that of ReEncrypt.
	destinationKey struct{}
)

func targetOf(c *op.Call) target {
	v, _ := c.Recall(targetKey{})
	t, _ := v.(target)
	return t
}

// resolve reads a KeyId: a key id, an alias name, or the ARN of either.
func (s *Service) resolve(c *op.Call, given string) (target, error) {
	switch {
	case strings.HasPrefix(given, "arn:"):
		return s.resolveARN(c, given)
	case strings.HasPrefix(given, aliasPrefix):
		return s.resolveAlias(aliasRef{c.Account, c.Region, given}), nil
	case isKeyID(given):
		return target{ref: ref{c.Account, c.Region, given}}, nil
	}
	return target{}, badKeyID(given)
}

func (s *Service) resolveARN(c *op.Call, given string) (target, error) {
	r, a, ok := parseARN(given)
	switch {
	case !ok:
		return target{}, badARN(given)
	case a.name == "" && r.region != c.Region:
		return target{}, badARN(r.region)
	case a.name == "":
		return target{ref: r}, nil
	case a.region != c.Region:
		return target{}, badARN(a.region)
	}
	return s.resolveAlias(a), nil
}

func (s *Service) resolveAlias(a aliasRef) target {
	found := s.aliases.Get(a.key())
	if found == nil {
		return target{unknown: a}
	}
	return target{ref: ref{a.account, a.region, found.Target}, by: a.name}
}

// judged is the resource of a target, with what is said of it to this caller.
func (s *Service) judged(c *op.Call, t target, context map[string]string) []op.Resource {
	c.Remember(targetKey{}, t)
	if t.unknown.name != "" {
		return []op.Resource{{ARN: t.unknown.arn(), Account: t.unknown.account}}
	}
	return []op.Resource{{ARN: t.ref.arn(), Account: t.ref.account, Facts: s.factsFor(t.ref, c.Caller, context)}}
}

// keyID is what the request calls its key.
func keyID(c *op.Call) string {
	in, ok := c.Input.(interface{ GetKeyId() string })
	if !ok {
		return ""
	}
	return in.GetKeyId()
}

// used is the finder of operations that take an alias too.
func (s *Service) used(_ context.Context, c *op.Call) ([]op.Resource, error) {
	t, err := s.resolve(c, keyID(c))
	if err != nil {
		return nil, err
	}
	return s.judged(c, t, contextOf(c)), nil
}

// shared is the finder of operations that take a key, of any account.
func (s *Service) shared(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if _, a, _ := parseARN(keyID(c)); a.name != "" || strings.HasPrefix(keyID(c), aliasPrefix) {
		return nil, badKeyID(keyID(c))
	}
	return s.used(ctx, c)
}

// own is the finder of operations that only the key's account has. A key of
// another one is judged as one whose policy lets nobody in.
func (s *Service) own(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	found, err := s.shared(ctx, c)
	if err != nil {
		return nil, err
	}
	return ownOnly(c, found), nil
}

func ownOnly(c *op.Call, found []op.Resource) []op.Resource {
	if found[0].Account != c.Account {
		found[0].Facts = &op.Facts{Account: found[0].Account, MustAllow: true}
	}
	return found
}

// encrypted is the key that Decrypt needs: the one it names, else the one its
// ciphertext does.
func (s *Service) encrypted(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*kmsapi.DecryptRequest)
	return s.ofCiphertext(c, in.CiphertextBlob, in.KeyId, in.EncryptionContext)
}

// reEncrypted is the key that ReEncrypt decrypts with.
func (s *Service) reEncrypted(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*kmsapi.ReEncryptRequest)
	found, err := s.ofCiphertext(c, in.CiphertextBlob, in.SourceKeyId, in.SourceEncryptionContext)
	c.Remember(sourceKey{}, targetOf(c))
	return found, err
}

// reEncryptedTo is the key that ReEncrypt encrypts with.
func (s *Service) reEncryptedTo(_ context.Context, c *op.Call) ([]op.Resource, error) {
	t, err := s.destination(c)
	if err != nil {
		return nil, err
	}
	return s.judged(c, t, c.Input.(*kmsapi.ReEncryptRequest).DestinationEncryptionContext), nil
}

// destination resolves the key that ReEncrypt encrypts with, once: an alias that
// moves meanwhile is the same for both needs.
func (s *Service) destination(c *op.Call) (target, error) {
	if known, ok := c.Recall(destinationKey{}); ok {
		return known.(target), nil
	}
	t, err := s.resolve(c, c.Input.(*kmsapi.ReEncryptRequest).GetDestinationKeyId())
	if err == nil {
		c.Remember(destinationKey{}, t)
	}
	return t, err
}

// ofCiphertext is the key to decrypt with. A ciphertext of a key that is not here
// is judged as one whose key lets nobody in: whoever asks is not told which.
func (s *Service) ofCiphertext(c *op.Call, blob []byte, named *string, context map[string]string) ([]op.Resource, error) {
	b, ok := readBlob(blob)
	if !ok {
		return nil, badCiphertext()
	}
	if named != nil {
		t, err := s.resolve(c, *named)
		if err != nil {
			return nil, err
		}
		return s.judged(c, t, context), nil
	}
	r, ok := s.index.byID(c.Region, b.id())
	if ok {
		return s.judged(c, target{ref: r}, context), nil
	}
	r = ref{c.Account, c.Region, b.id()}
	c.Remember(targetKey{}, target{ref: r})
	return []op.Resource{{ARN: r.arn(), Facts: &op.Facts{MustAllow: true}}}, nil
}

// newTags is what is tagged with a new key, which has no ARN yet.
func newTags(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if len(c.Input.(*kmsapi.CreateKeyRequest).Tags) == 0 {
		return nil, nil
	}
	return op.Any(ctx, c)
}
