package kms_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const nowhere = "11111111-2222-3333-4444-555555555555"

// TestNamesOfKeys: the texts are recorded from AWS.
func TestNamesOfKeys(t *testing.T) {
	w := open(t)
	c := w.kms(here)
	key := w.key()
	for given, text := range map[string]string{
		nowhere:                            "Key '" + keys + nowhere + "' does not exist",
		keys + nowhere:                     "Key '" + keys + nowhere + "' does not exist",
		"fake-key-id":                      "Invalid keyId 'fake-key-id'",
		"134f2428cec14b25a1ae9048164dba47": "Invalid keyId '134f2428cec14b25a1ae9048164dba47'",
		"mrk-fake-key-id":                  "Invalid keyId 'mrk-fake-key-id'",
		"arn:aws:kms:ap-southeast-1:" + here + ":key/" + nowhere: "Invalid arn ap-southeast-1",
		"alias/none":    "Alias arn:aws:kms:us-east-1:" + here + ":alias/none is not found.",
		"alias/aws/foo": "Alias arn:aws:kms:us-east-1:" + here + ":alias/aws/foo is not found.",
	} {
		refused(t, c.DescribeKey, &kms.DescribeKeyInput{KeyId: &given}, "NotFoundException", text)
	}
	// Who may not use keys is not told whether there is one.
	w.user(here, "nosy")
	missing := keys + nowhere
	refused(t, w.kms("nosy").DescribeKey, &kms.DescribeKeyInput{KeyId: &missing}, "AccessDeniedException", noIdentity("nosy", "DescribeKey", missing))
	refused(t, w.kms("nosy").DescribeKey, &kms.DescribeKeyInput{KeyId: key}, "AccessDeniedException", noIdentity("nosy", "DescribeKey", *key))
	refused(t, c.GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: key, PolicyName: aws.String("other")}, "NotFoundException", "No such policy exists")
	refused(t, c.GenerateRandom, &kms.GenerateRandomInput{}, "ValidationException", "NumberOfBytes is required.")
	refused(t, c.Decrypt, decrypt([]byte("no ciphertext"), nil), "InvalidCiphertextException", "")
	refused(t, c.Decrypt, decrypt(append([]byte("\x01\x02"), make([]byte, 60)...), nil), "AccessDeniedException", ciphertextDenied("arn:aws:iam::"+here+":root", "Decrypt"))
}

// TestStatesOfKeys ("Key states of AWS KMS keys").
func TestStatesOfKeys(t *testing.T) {
	w := open(t)
	c, key := w.kms(here), w.key()
	blob := got(t, c.Encrypt, encrypt(key, nil)).CiphertextBlob
	got(t, c.DisableKey, &kms.DisableKeyInput{KeyId: key})
	disabled := *key + " is disabled."
	refused(t, c.Encrypt, encrypt(key, nil), "DisabledException", disabled)
	refused(t, c.Decrypt, decrypt(blob, nil), "DisabledException", disabled)
	refused(t, c.GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: key, NumberOfBytes: aws.Int32(8)}, "DisabledException", disabled)
	refused(t, c.CreateGrant, decryptGrant(key, "arn:aws:iam::"+here+":root", nil, nil), "DisabledException", disabled)
	refused(t, c.EnableKeyRotation, &kms.EnableKeyRotationInput{KeyId: key}, "DisabledException", disabled)
	got(t, c.UpdateKeyDescription, &kms.UpdateKeyDescriptionInput{KeyId: key, Description: aws.String("x")})
	got(t, c.EnableKey, &kms.EnableKeyInput{KeyId: key})
	got(t, c.Decrypt, decrypt(blob, nil))
	refused(t, c.CancelKeyDeletion, &kms.CancelKeyDeletionInput{KeyId: key}, "KMSInvalidStateException", *key+" is not pending deletion.")
	for _, days := range []int32{6, 31} {
		refused(t, c.ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: &days}, "ValidationException", "PendingWindowInDays must be between 7 and 30 (inclusive).")
	}
	if out := got(t, c.ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)}); out.KeyState != types.KeyStatePendingDeletion {
		t.Errorf("state %s", out.KeyState)
	}
	pending := *key + " is pending deletion."
	refused(t, c.Encrypt, encrypt(key, nil), "KMSInvalidStateException", pending)
	refused(t, c.Decrypt, decrypt(blob, nil), "KMSInvalidStateException", pending)
	refused(t, c.EnableKey, &kms.EnableKeyInput{KeyId: key}, "KMSInvalidStateException", pending)
	refused(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: key}, "KMSInvalidStateException", pending)
	refused(t, c.ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: key}, "KMSInvalidStateException", pending)
	got(t, c.DescribeKey, &kms.DescribeKeyInput{KeyId: key})
	got(t, c.CancelKeyDeletion, &kms.CancelKeyDeletionInput{KeyId: key})
	refused(t, c.Decrypt, decrypt(blob, nil), "DisabledException", disabled)
	got(t, c.EnableKey, &kms.EnableKeyInput{KeyId: key})
	got(t, c.Decrypt, decrypt(blob, nil))
}

func TestAliases(t *testing.T) {
	w := open(t)
	c, one, two := w.kms(here), w.key(), w.key()
	name := aws.String("alias/app")
	got(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: name, TargetKeyId: one})
	refused(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: name, TargetKeyId: two}, "AlreadyExistsException", "An alias with the name arn:aws:kms:us-east-1:"+here+":alias/app already exists")
	refused(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: aws.String("app"), TargetKeyId: two}, "ValidationException", "Invalid identifier")
	// AWS says nothing more, and the SDK, which does not know the error, says so.
	refused(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: aws.String("alias/aws/app"), TargetKeyId: two}, "NotAuthorizedException", "UnknownError")
	refused(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: aws.String("alias/b"), TargetKeyId: name}, "ValidationException", "Aliases must refer to keys. Not aliases")
	blob := got(t, c.Encrypt, encrypt(name, nil)).CiphertextBlob
	got(t, c.UpdateAlias, &kms.UpdateAliasInput{AliasName: name, TargetKeyId: two})
	if out := got(t, c.DescribeKey, &kms.DescribeKeyInput{KeyId: name}); *out.KeyMetadata.Arn != *two {
		t.Error("the alias names the old key")
	}
	if out := got(t, c.Decrypt, decrypt(blob, nil)); *out.KeyId != *one {
		t.Errorf("decrypted with %s", *out.KeyId)
	}
	if all := got(t, c.ListAliases, &kms.ListAliasesInput{KeyId: two}).Aliases; len(all) != 1 || *all[0].AliasName != *name {
		t.Errorf("aliases %v", all)
	}
	got(t, c.DeleteAlias, &kms.DeleteAliasInput{AliasName: name})
	refused(t, c.DeleteAlias, &kms.DeleteAliasInput{AliasName: name}, "NotFoundException", "Alias arn:aws:kms:us-east-1:"+here+":alias/app is not found.")

	// The alias and the key both have to let the caller.
	w.user(here, "half", `{"Effect":"Allow","Action":"kms:CreateAlias","Resource":"arn:aws:kms:*:*:alias/*"}`)
	refused(t, w.kms("half").CreateAlias, &kms.CreateAliasInput{AliasName: name, TargetKeyId: one}, "AccessDeniedException", noIdentity("half", "CreateAlias", *one))
	w.user(here, "whole", allow("kms:CreateAlias"))
	got(t, w.kms("whole").CreateAlias, &kms.CreateAliasInput{AliasName: name, TargetKeyId: one})
}

// TestTheKeyOfAService is made when it is described, and used through the service only.
func TestTheKeyOfAService(t *testing.T) {
	w := open(t)
	c := w.kms(here)
	made := got(t, c.DescribeKey, &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/lambda")}).KeyMetadata
	if again := got(t, c.DescribeKey, &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/lambda")}).KeyMetadata; *again.Arn != *made.Arn || made.KeyManager != types.KeyManagerTypeAws {
		t.Errorf("%s by %s, then %s", *made.Arn, made.KeyManager, *again.Arn)
	}
	root := "User: arn:aws:iam::" + here + ":root is not authorized to perform: kms:"
	refused(t, c.Encrypt, encrypt(made.Arn, nil), "AccessDeniedException", root+"Encrypt on resource: "+*made.Arn+" because no resource-based policy allows the kms:Encrypt action")
	refused(t, c.DisableKey, &kms.DisableKeyInput{KeyId: made.Arn}, "AccessDeniedException", root+"DisableKey on resource: "+*made.Arn+" because no resource-based policy allows the kms:DisableKey action")
}

func TestKeyPolicies(t *testing.T) {
	w := open(t)
	w.user(here, "maker", allow("kms:CreateKey"))
	c := w.kms(here)
	locked := "The new key policy will not allow you to update the key policy in the future."
	put := func(text string) *kms.PutKeyPolicyInput {
		return &kms.PutKeyPolicyInput{KeyId: w.key(), Policy: &text}
	}
	refused(t, c.PutKeyPolicy, put(document(allowing(userARN("maker"), "kms:*"))), "MalformedPolicyDocumentException", locked)
	refused(t, w.kms("maker").CreateKey, &kms.CreateKeyInput{}, "MalformedPolicyDocumentException", locked)
	w.may(here, "maker", allow("kms:CreateKey"), allow("kms:PutKeyPolicy"))
	got(t, w.kms("maker").CreateKey, &kms.CreateKeyInput{})
	got(t, w.kms("maker").CreateKey, &kms.CreateKeyInput{Policy: aws.String(document(allowing(userARN("maker"), "kms:*")))})
	in := put(document(allowing(userARN("maker"), "kms:*")))
	in.BypassPolicyLockoutSafetyCheck = true
	got(t, c.PutKeyPolicy, in)
	refused(t, c.PutKeyPolicy, put(document(allowing(userARN("nobody"), "kms:*"))), "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")

	for name, in := range map[string]*kms.CreateKeyInput{
		"Sallyport makes symmetric encryption keys only: a key of KeySpec RSA_2048 is not supported.": {KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify},
		"Sallyport makes the material of its keys itself: a key of Origin EXTERNAL is not supported.": {Origin: types.OriginTypeExternal},
		"Sallyport has no multi-Region keys.": {MultiRegion: aws.Bool(true)},
	} {
		refused(t, c.CreateKey, in, "UnsupportedOperationException", name)
	}
	refused(t, c.Encrypt, &kms.EncryptInput{KeyId: w.key(), Plaintext: []byte("x"), DryRun: aws.Bool(true)}, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}

func TestListsComeInPages(t *testing.T) {
	w := open(t)
	c := w.kms(here)
	made := map[string]bool{}
	for range 5 {
		made[*w.key()] = true
	}
	pages := kms.NewListKeysPaginator(c, &kms.ListKeysInput{Limit: aws.Int32(2)})
	n := 0
	for ; pages.HasMorePages(); n++ {
		out, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range out.Keys {
			delete(made, *k.KeyArn)
		}
	}
	if n != 3 || len(made) != 0 {
		t.Errorf("%d pages, %d keys left out", n, len(made))
	}
	if _, err := c.ListKeys(ctx, &kms.ListKeysInput{Marker: aws.String("!")}); err == nil {
		t.Error("a marker of nobody's was taken")
	}
}
