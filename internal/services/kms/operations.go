package kms

import (
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, AWS KMS;
// developer guide, "AWS KMS permissions"). The finder used takes aliases and
// keys of other accounts, shared keys of other accounts, own neither: so the
// reference says of each operation ("Cross-account use").
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(kmsapi.CancelKeyDeletion, s.cancelKeyDeletion, op.On("kms:CancelKeyDeletion", s.own).With(s.ofKey)),
		op.Bind(kmsapi.CreateAlias, s.createAlias, op.On("kms:CreateAlias", s.alias).With(callerAccount),
			op.On("kms:CreateAlias", s.aliasTarget).With(s.ofKey)),
		op.Bind(kmsapi.CreateGrant, s.createGrant, op.On("kms:CreateGrant", s.shared).With(s.ofKey, encryptionContext, ofGrant)),
		op.Bind(kmsapi.CreateKey, s.createKey, op.On("kms:CreateKey", op.Any).With(ofNewKey, requestTags, bypassesLockout),
			op.Maybe(op.On("kms:TagResource", newTags).With(ofNewKey, requestTags))),
		op.Bind(kmsapi.Decrypt, s.decrypt, op.On("kms:Decrypt", s.encrypted).With(s.ofKey, encryptionContext, algorithm)),
		op.Bind(kmsapi.DeleteAlias, s.deleteAlias, op.On("kms:DeleteAlias", s.alias).With(callerAccount),
			op.Maybe(op.On("kms:DeleteAlias", s.aliased).With(s.ofKey))),
		op.Bind(kmsapi.DescribeKey, s.describeKey, op.On("kms:DescribeKey", s.used).With(s.ofKey)),
		op.Bind(kmsapi.DisableKey, s.disableKey, op.On("kms:DisableKey", s.own).With(s.ofKey)),
		op.Bind(kmsapi.DisableKeyRotation, s.disableKeyRotation, op.On("kms:DisableKeyRotation", s.own).With(s.ofKey)),
		op.Bind(kmsapi.EnableKey, s.enableKey, op.On("kms:EnableKey", s.own).With(s.ofKey)),
		op.Bind(kmsapi.EnableKeyRotation, s.enableKeyRotation, op.On("kms:EnableKeyRotation", s.own).With(s.ofKey, rotationPeriod)),
		op.Bind(kmsapi.Encrypt, s.encrypt, op.On("kms:Encrypt", s.used).With(s.ofKey, encryptionContext, algorithm)),
		op.Bind(kmsapi.GenerateDataKey, s.generateDataKey, op.On("kms:GenerateDataKey", s.used).With(s.ofKey, encryptionContext, algorithm)),
		op.Bind(kmsapi.GenerateDataKeyWithoutPlaintext, s.generateDataKeyWithoutPlaintext,
			op.On("kms:GenerateDataKeyWithoutPlaintext", s.used).With(s.ofKey, encryptionContext, algorithm)),
		op.Bind(kmsapi.GenerateRandom, s.generateRandom, op.On("kms:GenerateRandom", op.Any)),
		op.Bind(kmsapi.GetKeyPolicy, s.getKeyPolicy, op.On("kms:GetKeyPolicy", s.own).With(s.ofKey)),
		op.Bind(kmsapi.GetKeyRotationStatus, s.getKeyRotationStatus, op.On("kms:GetKeyRotationStatus", s.shared).With(s.ofKey)),
		op.Bind(kmsapi.ListAliases, s.listAliases, op.On("kms:ListAliases", op.Any)),
		op.Bind(kmsapi.ListGrants, s.listGrants, op.On("kms:ListGrants", s.shared).With(s.ofKey, notForService)),
		op.Bind(kmsapi.ListKeyPolicies, s.listKeyPolicies, op.On("kms:ListKeyPolicies", s.own).With(s.ofKey)),
		op.Bind(kmsapi.ListKeys, s.listKeys, op.On("kms:ListKeys", op.Any)),
		op.Bind(kmsapi.ListResourceTags, s.listResourceTags, op.On("kms:ListResourceTags", s.own).With(s.ofKey)),
		op.Bind(kmsapi.ListRetirableGrants, s.listRetirableGrants, op.On("kms:ListRetirableGrants", op.Any)),
		op.Bind(kmsapi.PutKeyPolicy, s.putKeyPolicy, op.On("kms:PutKeyPolicy", s.own).With(s.ofKey, bypassesLockout)),
		op.Bind(kmsapi.ReEncrypt, s.reEncrypt, op.On("kms:ReEncryptFrom", s.reEncrypted).With(s.ofKey, encryptionContext, algorithm, s.onSameKey),
			op.On("kms:ReEncryptTo", s.reEncryptedTo).With(s.ofKey, destinationContext, algorithm, s.onSameKey)),
		op.Bind(kmsapi.RetireGrant, s.retireGrant, op.On("kms:RetireGrant", s.retired).With(s.ofKey)),
		op.Bind(kmsapi.RevokeGrant, s.revokeGrant, op.On("kms:RevokeGrant", s.shared).With(s.ofKey, notForService)),
		op.Bind(kmsapi.ScheduleKeyDeletion, s.scheduleKeyDeletion, op.On("kms:ScheduleKeyDeletion", s.own).With(s.ofKey, pendingWindow)),
		op.Bind(kmsapi.TagResource, s.tagResource, op.On("kms:TagResource", s.own).With(s.ofKey, requestTags)),
		op.Bind(kmsapi.UntagResource, s.untagResource, op.On("kms:UntagResource", s.own).With(s.ofKey, requestTags)),
		op.Bind(kmsapi.UpdateAlias, s.updateAlias, op.On("kms:UpdateAlias", s.alias).With(callerAccount),
			op.Maybe(op.On("kms:UpdateAlias", s.aliased).With(s.ofKey)), op.On("kms:UpdateAlias", s.aliasTarget).With(s.ofKey)),
		op.Bind(kmsapi.UpdateKeyDescription, s.updateKeyDescription, op.On("kms:UpdateKeyDescription", s.own).With(s.ofKey)),
	}
}

// mayPutPolicy asks whether the caller could replace a policy that is about to be
// set: the safety check of CreateKey and PutKeyPolicy against being locked out.
func (s *Service) mayPutPolicy() op.Need {
	return op.On("kms:PutKeyPolicy", drafted).With(s.ofKey, bypassesLockout)
}

// retireAction is what the statements of a grant allow those who may retire it.
const retireAction = "kms:RetireGrant"

// Condition keys (developer guide, "AWS KMS condition keys").
const (
	keyAlgorithm      = "kms:EncryptionAlgorithm"
	keyBypass         = "kms:BypassPolicyLockoutSafetyCheck"
	keyCallerAccount  = "kms:CallerAccount"
	keyConstraintType = "kms:GrantConstraintType"
	keyContextKeys    = "kms:EncryptionContextKeys"
	keyForResource    = "kms:GrantIsForAWSResource"
	keyGrantee        = "kms:GranteePrincipal"
	keyMultiRegion    = "kms:MultiRegion"
	keyOperations     = "kms:GrantOperations"
	keyOrigin         = "kms:KeyOrigin"
	keyPendingWindow  = "kms:ScheduleKeyDeletionPendingWindowInDays"
	keyRequestAlias   = "kms:RequestAlias"
	keyAliases        = "kms:ResourceAliases"
	keyRetiring       = "kms:RetiringPrincipal"
	keyRotation       = "kms:RotationPeriodInDays"
	keySameKey        = "kms:ReEncryptOnSameKey"
	keyViaService     = "kms:ViaService"
	keySpec           = "kms:KeySpec"
	keyUsage          = "kms:KeyUsage"
	keyOldSpec        = "kms:CustomerMasterKeySpec"
	keyOldUsage       = "kms:CustomerMasterKeyUsage"
)

// managedActions and managedReads are what the policy of an AWS managed key
// allows through its service, and what it leaves to the account.
const (
	managedActions = `"kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"`
	managedReads   = `"kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"`
)
