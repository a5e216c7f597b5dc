package kms

import (
	"context"
	"slices"
	"strconv"

	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// contextPrefix begins the condition keys of the encryption context.
const contextPrefix = "kms:EncryptionContext:"

func callerAccount(_ context.Context, c *op.Call, keys *policy.Context) {
	if account := c.Caller.Account(); account != "" {
		keys.Set(keyCallerAccount, account)
	}
}

// ofKey adds what the key is.
func (s *Service) ofKey(ctx context.Context, c *op.Call, keys *policy.Context) {
	callerAccount(ctx, c, keys)
	t := targetOf(c)
	if t.by != "" {
		keys.Set(keyRequestAlias, t.by)
	}
	keys.SetList(keyAliases, s.index.names(t.ref))
	symmetricKey(keys)
}

// symmetricKey is the same for every key here.
func symmetricKey(keys *policy.Context) {
	keys.Set(keySpec, symmetric)
	keys.Set(keyOldSpec, symmetric)
	keys.Set(keyUsage, encryptUsage)
	keys.Set(keyOldUsage, encryptUsage)
	keys.Set(keyOrigin, ownOrigin)
	keys.Set(keyMultiRegion, "false")
}

// ofNewKey adds what a key is to be, as the request says it.
func ofNewKey(ctx context.Context, c *op.Call, keys *policy.Context) {
	callerAccount(ctx, c, keys)
	symmetricKey(keys)
	in := c.Input.(*kmsapi.CreateKeyRequest)
	for key, given := range map[string]string{keySpec: in.GetKeySpec(), keyOldSpec: in.GetCustomerMasterKeySpec(), keyUsage: in.GetKeyUsage(), keyOrigin: in.GetOrigin()} {
		if given != "" {
			keys.Set(key, given)
		}
	}
	keys.Set(keyMultiRegion, strconv.FormatBool(in.GetMultiRegion()))
}

// contextOf is the encryption context of a request about one key; that of a new
// grant is its constraints'.
func contextOf(c *op.Call) map[string]string {
	switch in := c.Input.(type) {
	case *kmsapi.EncryptRequest:
		return in.EncryptionContext
	case *kmsapi.DecryptRequest:
		return in.EncryptionContext
	case *kmsapi.GenerateDataKeyRequest:
		return in.EncryptionContext
	case *kmsapi.GenerateDataKeyWithoutPlaintextRequest:
		return in.EncryptionContext
	case *kmsapi.ReEncryptRequest:
		return in.SourceEncryptionContext
	case *kmsapi.CreateGrantRequest:
		return constrained(in.Constraints)
	}
	return nil
}

func encryptionContext(_ context.Context, c *op.Call, keys *policy.Context) {
	setContext(keys, contextOf(c))
}

func destinationContext(_ context.Context, c *op.Call, keys *policy.Context) {
	setContext(keys, c.Input.(*kmsapi.ReEncryptRequest).DestinationEncryptionContext)
}

// setContext adds the pairs of an encryption context. Names that differ in letter
// case only are one condition key.
func setContext(keys *policy.Context, pairs map[string]string) {
	names := make([]string, 0, len(pairs))
	for k := range pairs {
		names = append(names, k)
	}
	slices.Sort(names)
	keys.SetList(keyContextKeys, names)
	for _, k := range names {
		keys.Add(contextPrefix+k, pairs[k])
	}
}

func algorithm(_ context.Context, _ *op.Call, keys *policy.Context) {
	keys.Set(keyAlgorithm, symmetric)
}

// onSameKey says whether ReEncrypt reads and writes with the same key.
func (s *Service) onSameKey(_ context.Context, c *op.Call, keys *policy.Context) {
	to, err := s.destination(c)
	v, _ := c.Recall(sourceKey{})
	from, _ := v.(target)
	keys.Set(keySameKey, strconv.FormatBool(err == nil && to.ref == from.ref))
}

// notForService says that no service of AWS's asks for somebody; one that does
// says otherwise when it calls (op.As.Context).
func notForService(_ context.Context, _ *op.Call, keys *policy.Context) {
	keys.Set(keyForResource, "false")
}

func ofGrant(ctx context.Context, c *op.Call, keys *policy.Context) {
	notForService(ctx, c, keys)
	in := c.Input.(*kmsapi.CreateGrantRequest)
	keys.SetList(keyOperations, in.Operations)
	keys.Set(keyGrantee, in.GetGranteePrincipal())
	if in.RetiringPrincipal != nil {
		keys.Set(keyRetiring, *in.RetiringPrincipal)
	}
	var types []string
	if in.Constraints != nil && len(in.Constraints.EncryptionContextEquals) > 0 {
		types = append(types, constraintEquals)
	}
	if in.Constraints != nil && len(in.Constraints.EncryptionContextSubset) > 0 {
		types = append(types, constraintSubset)
	}
	if len(types) == 1 {
		keys.Set(keyConstraintType, types[0])
	} else {
		keys.SetList(keyConstraintType, types)
	}
}

func bypassesLockout(_ context.Context, c *op.Call, keys *policy.Context) {
	in, ok := c.Input.(interface{ GetBypassPolicyLockoutSafetyCheck() bool })
	keys.Set(keyBypass, strconv.FormatBool(ok && in.GetBypassPolicyLockoutSafetyCheck()))
}

func pendingWindow(_ context.Context, c *op.Call, keys *policy.Context) {
	keys.Set(keyPendingWindow, strconv.Itoa(int(window(c.Input.(*kmsapi.ScheduleKeyDeletionRequest)))))
}

func rotationPeriod(_ context.Context, c *op.Call, keys *policy.Context) {
	if days := c.Input.(*kmsapi.EnableKeyRotationRequest).RotationPeriodInDays; days != nil {
		keys.Set(keyRotation, strconv.Itoa(int(*days)))
	}
}

// requestTags adds the tags of a request.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags []kmsapi.Tag
	var names []string
	switch in := c.Input.(type) {
	case *kmsapi.CreateKeyRequest:
		tags = in.Tags
	case *kmsapi.TagResourceRequest:
		tags = in.Tags
	case *kmsapi.UntagResourceRequest:
		names = slices.Clone(in.TagKeys)
	}
	for i := range tags {
		keys.Add("aws:RequestTag/"+tags[i].GetTagKey(), tags[i].GetTagValue())
		names = append(names, tags[i].GetTagKey())
	}
	keys.SetList("aws:TagKeys", names)
}
