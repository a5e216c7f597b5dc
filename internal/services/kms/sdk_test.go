package kms_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestWhatIsEncryptedIsDecrypted(t *testing.T) {
	w := open(t)
	c, key := w.kms(here), w.key()
	context := map[string]string{"a": "1", "b": "2"}
	blob := got(t, c.Encrypt, encrypt(key, context)).CiphertextBlob
	out := got(t, c.Decrypt, decrypt(blob, context))
	if string(out.Plaintext) != "hello" || *out.KeyId != *key {
		t.Errorf("decrypted %q with %s", out.Plaintext, *out.KeyId)
	}
	for _, wrong := range []map[string]string{nil, {"a": "1"}, {"a": "1", "b": "3"}, {"a": "1", "B": "2"}, {"a": "1", "b": "2", "c": "3"}} {
		refused(t, c.Decrypt, decrypt(blob, wrong), "InvalidCiphertextException", "")
	}
	for i := range blob {
		if i < 18 { // head and key id
			continue
		}
		bad := bytes.Clone(blob)
		bad[i] ^= 1
		if _, err := c.Decrypt(ctx, decrypt(bad, context)); err == nil {
			t.Errorf("byte %d can be changed", i)
		}
	}
	other := w.key()
	in := decrypt(blob, context)
	in.KeyId = other
	refused(t, c.Decrypt, in, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	again := got(t, c.ReEncrypt, &kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionContext: context, DestinationKeyId: other}).CiphertextBlob
	if out := got(t, c.Decrypt, decrypt(again, nil)); string(out.Plaintext) != "hello" || *out.KeyId != *other {
		t.Errorf("after ReEncrypt: %q with %s", out.Plaintext, *out.KeyId)
	}
	data := got(t, c.GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: key, KeySpec: types.DataKeySpecAes256})
	if opened := got(t, c.Decrypt, decrypt(data.CiphertextBlob, nil)); len(data.Plaintext) != 32 || !bytes.Equal(opened.Plaintext, data.Plaintext) {
		t.Error("the data key is not what its ciphertext holds")
	}
	refused(t, c.GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: key}, "ValidationException", "Please specify either number of bytes or key spec.")
	if got(t, c.GenerateRandom, &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(12)}); t.Failed() {
		return
	}
}

// TestKeysSurviveARestart and stand nowhere in the database in the clear.
func TestKeysSurviveARestart(t *testing.T) {
	w := open(t)
	key := w.key()
	data := got(t, w.kms(here).GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: key, KeySpec: types.DataKeySpecAes256})
	grant := got(t, w.kms(here).CreateGrant, decryptGrant(key, "arn:aws:iam::"+here+":root", nil, nil))
	w.stop()
	w.start()
	if opened := got(t, w.kms(here).Decrypt, decrypt(data.CiphertextBlob, nil)); !bytes.Equal(opened.Plaintext, data.Plaintext) {
		t.Error("another plaintext after a restart")
	}
	if all := got(t, w.kms(here).ListGrants, &kms.ListGrantsInput{KeyId: key}).Grants; len(all) != 1 || *all[0].GrantId != *grant.GrantId {
		t.Errorf("grants after a restart: %v", all)
	}
	info, err := os.Stat(filepath.Join(w.dir, "keys", "kms"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the master key: %v, %v", info, err)
	}
}

// TestTheKeyPolicyMustAllow: each denial with its allowing twin.
func TestTheKeyPolicyMustAllow(t *testing.T) {
	w := open(t)
	w.user(here, "without")
	w.user(here, "granted", allow("kms:*"))
	delegated, bare, byName := w.key(account), w.key(admins), w.key(admins, allowing(userARN("without"), "kms:Encrypt"))

	refused(t, w.kms("without").Encrypt, encrypt(delegated, nil), "AccessDeniedException", noIdentity("without", "Encrypt", *delegated))
	got(t, w.kms("granted").Encrypt, encrypt(delegated, nil))

	refused(t, w.kms("granted").Encrypt, encrypt(bare, nil), "AccessDeniedException", noResource("granted", "Encrypt", *bare))
	refused(t, w.kms(here).Encrypt, encrypt(bare, nil), "AccessDeniedException",
		"User: arn:aws:iam::"+here+":root is not authorized to perform: kms:Encrypt on resource: "+*bare+" because no resource-based policy allows the kms:Encrypt action")
	got(t, w.kms(here).PutKeyPolicy, &kms.PutKeyPolicyInput{KeyId: bare, Policy: aws.String(document(account))})
	got(t, w.kms("granted").Encrypt, encrypt(bare, nil))

	got(t, w.kms("without").Encrypt, encrypt(byName, nil))
	refused(t, w.kms("granted").Encrypt, encrypt(byName, nil), "AccessDeniedException", noResource("granted", "Encrypt", *byName))

	blob := got(t, w.kms(here).Encrypt, encrypt(delegated, nil)).CiphertextBlob
	refused(t, w.kms("without").Decrypt, decrypt(blob, nil), "AccessDeniedException", noIdentity("without", "Decrypt", *delegated))
	got(t, w.kms("granted").Decrypt, decrypt(blob, nil))
	got(t, w.kms(here).PutKeyPolicy, &kms.PutKeyPolicyInput{KeyId: delegated, Policy: aws.String(document(admins))})
	refused(t, w.kms("granted").Decrypt, decrypt(blob, nil), "AccessDeniedException", ciphertextDenied(userARN("granted"), "Decrypt"))
}

func TestKeysOfOtherAccounts(t *testing.T) {
	w := open(t)
	w.user(there, "guest", allow("kms:Encrypt"))
	w.user(there, "poor")
	shut, open := w.key(account), w.key(account, allowing("arn:aws:iam::"+there+":root", "kms:*"))
	guest := "arn:aws:iam::" + there + ":user/guest"
	refused(t, w.kms("guest").Encrypt, encrypt(shut, nil), "AccessDeniedException",
		"User: "+guest+" is not authorized to perform: kms:Encrypt on resource: "+*shut+" because no resource-based policy allows the kms:Encrypt action")
	got(t, w.kms("guest").Encrypt, encrypt(open, nil))
	refused(t, w.kms("poor").Encrypt, encrypt(open, nil), "AccessDeniedException",
		"User: arn:aws:iam::"+there+":user/poor is not authorized to perform: kms:Encrypt on resource: "+*open+" because no identity-based policy allows the kms:Encrypt action")
	// Whatever the policy says, another account manages no key.
	refused(t, w.kms(there).DisableKey, &kms.DisableKeyInput{KeyId: open}, "AccessDeniedException",
		"User: arn:aws:iam::"+there+":root is not authorized to perform: kms:DisableKey on resource: "+*open+" because no resource-based policy allows the kms:DisableKey action")
	got(t, w.kms(there).DescribeKey, &kms.DescribeKeyInput{KeyId: open})
	missing := keys + "11111111-2222-3333-4444-555555555555"
	refused(t, w.kms("guest").Encrypt, encrypt(&missing, nil), "AccessDeniedException",
		"User: "+guest+" is not authorized to perform: kms:Encrypt on resource: "+missing+" because no resource-based policy allows the kms:Encrypt action")
}

func TestGrants(t *testing.T) {
	w := open(t)
	w.user(here, "bob")
	w.user(here, "denied", `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}`)
	key, c := w.key(), w.kms(here)
	context := map[string]string{"Team": "red", "x": "${aws:username}"}
	blob := got(t, c.Encrypt, encrypt(key, context)).CiphertextBlob
	denied := noIdentity("bob", "Decrypt", *key)

	for _, g := range []struct {
		name           string
		subset, equals map[string]string
		allowed        bool
	}{
		{"no constraint", nil, nil, true},
		{"a part of the context", map[string]string{"Team": "red"}, nil, true},
		{"all of it", nil, context, true},
		{"a value with a variable's form is a value", map[string]string{"x": "${aws:username}"}, nil, true},
		{"another value", map[string]string{"Team": "blue"}, nil, false},
		{"a name in another case", map[string]string{"team": "red"}, nil, false},
		{"a name that is not there", map[string]string{"Team": "red", "y": "z"}, nil, false},
		{"equal to a part only", nil, map[string]string{"Team": "red"}, false},
		{"a wildcard is a value", map[string]string{"Team": "*"}, nil, false},
	} {
		id := got(t, c.CreateGrant, decryptGrant(key, userARN("bob"), g.subset, g.equals)).GrantId
		if g.allowed {
			got(t, w.kms("bob").Decrypt, decrypt(blob, context))
			refused(t, w.kms("bob").Encrypt, encrypt(key, context), "AccessDeniedException", noIdentity("bob", "Encrypt", *key))
		} else {
			refused(t, w.kms("bob").Decrypt, decrypt(blob, context), "AccessDeniedException", denied)
		}
		got(t, c.RevokeGrant, &kms.RevokeGrantInput{KeyId: key, GrantId: id})
		refused(t, w.kms("bob").Decrypt, decrypt(blob, context), "AccessDeniedException", denied)
		if t.Failed() {
			t.Fatal(g.name)
		}
	}

	// An explicit deny wins; a grant is an Allow beside a key policy that is silent too.
	got(t, c.CreateGrant, decryptGrant(key, userARN("denied"), nil, nil))
	refused(t, w.kms("denied").Decrypt, decrypt(blob, context), "AccessDeniedException",
		"User: "+userARN("denied")+" is not authorized to perform: kms:Decrypt on resource: "+*key+" with an explicit deny in an identity-based policy")
}

func TestNamedGrantsAreMadeOnce(t *testing.T) {
	w := open(t)
	w.user(here, "bob")
	key, c := w.key(), w.kms(here)
	in := decryptGrant(key, userARN("bob"), nil, nil)
	in.Name = aws.String("once")
	first, second := got(t, c.CreateGrant, in), got(t, c.CreateGrant, in)
	if *first.GrantId != *second.GrantId {
		t.Error("two grants of one name and content")
	}
	in.Operations = append(in.Operations, "Encrypt")
	if third := got(t, c.CreateGrant, in); *third.GrantId == *first.GrantId {
		t.Error("another grant of the name is the first one")
	}
	refused(t, c.CreateGrant, decryptGrant(key, userARN("nobody"), nil, nil), "InvalidArnException", "ARN does not refer to a valid principal: "+userARN("nobody"))
}

// TestAGrantIsOfOnePrincipal, not of a name: who takes it over is not meant.
func TestAGrantIsOfOnePrincipal(t *testing.T) {
	w := open(t)
	key, c := w.key(), w.kms(here)
	blob := got(t, c.Encrypt, encrypt(key, nil)).CiphertextBlob
	w.user(here, "bob")
	got(t, c.CreateGrant, decryptGrant(key, userARN("bob"), nil, nil))
	got(t, w.kms("bob").Decrypt, decrypt(blob, nil))
	i := iam.NewFromConfig(w.people[here])
	for _, k := range got(t, i.ListAccessKeys, &iam.ListAccessKeysInput{UserName: aws.String("bob")}).AccessKeyMetadata {
		got(t, i.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: k.AccessKeyId})
	}
	got(t, i.DeleteUser, &iam.DeleteUserInput{UserName: aws.String("bob")})
	w.user(here, "bob")
	refused(t, w.kms("bob").Decrypt, decrypt(blob, nil), "AccessDeniedException", noIdentity("bob", "Decrypt", *key))
}

func TestWhoMayRetireAGrant(t *testing.T) {
	w := open(t)
	for _, name := range []string{"grantee", "retiree", "self"} {
		w.user(here, name)
	}
	w.user(here, "admin", allow("kms:*"))
	w.user(there, "foreigner", allow("kms:*"))
	key, c := w.key(account), w.kms(here)
	grant := func(grantee string, operations ...types.GrantOperation) *kms.CreateGrantOutput {
		t.Helper()
		return got(t, c.CreateGrant, &kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(userARN(grantee)), RetiringPrincipal: aws.String(userARN("retiree")), Operations: operations})
	}
	g := grant("grantee", "Decrypt")
	byToken := &kms.RetireGrantInput{GrantToken: g.GrantToken}
	refused(t, w.kms("grantee").RetireGrant, byToken, "AccessDeniedException", noIdentity("grantee", "RetireGrant", *key))
	refused(t, w.kms("foreigner").RetireGrant, byToken, "AccessDeniedException",
		"User: arn:aws:iam::"+there+":user/foreigner is not authorized to perform: kms:RetireGrant on resource: "+*key+" because no resource-based policy allows the kms:RetireGrant action")
	got(t, w.kms("retiree").RetireGrant, byToken)
	refused(t, w.kms(here).RetireGrant, byToken, "NotFoundException", "Grant ID "+*g.GrantId+" not found")
	g = grant("self", "Decrypt", "RetireGrant")
	got(t, w.kms("self").RetireGrant, &kms.RetireGrantInput{KeyId: key, GrantId: g.GrantId})
	g = grant("grantee", "Decrypt")
	got(t, w.kms("admin").RetireGrant, &kms.RetireGrantInput{KeyId: key, GrantId: g.GrantId})
	refused(t, c.RetireGrant, &kms.RetireGrantInput{GrantToken: aws.String("bm90aGluZw")}, "InvalidGrantTokenException", "")
}

// TestAGrantPassesOnNoMoreThanItHas when it lets its grantee make grants.
func TestAGrantPassesOnNoMoreThanItHas(t *testing.T) {
	w := open(t)
	w.user(here, "bob")
	w.user(here, "carol")
	key, c := w.key(), w.kms(here)
	in := decryptGrant(key, userARN("bob"), map[string]string{"a": "1"}, nil)
	in.Operations = append(in.Operations, "CreateGrant")
	got(t, c.CreateGrant, in)
	denied := noIdentity("bob", "CreateGrant", *key)
	refused(t, w.kms("bob").CreateGrant, decryptGrant(key, userARN("carol"), nil, nil), "AccessDeniedException", denied)
	refused(t, w.kms("bob").CreateGrant, decryptGrant(key, userARN("carol"), map[string]string{"a": "2"}, nil), "AccessDeniedException", denied)
	more := decryptGrant(key, userARN("carol"), map[string]string{"a": "1"}, nil)
	more.Operations = append(more.Operations, "Encrypt")
	refused(t, w.kms("bob").CreateGrant, more, "AccessDeniedException", denied)
	got(t, w.kms("bob").CreateGrant, decryptGrant(key, userARN("carol"), map[string]string{"a": "1", "b": "2"}, nil))
	got(t, w.kms("bob").CreateGrant, decryptGrant(key, userARN("carol"), nil, map[string]string{"a": "1"}))
}

func TestConditionKeys(t *testing.T) {
	w := open(t)
	key, c := w.key(), w.kms(here)
	got(t, c.CreateAlias, &kms.CreateAliasInput{AliasName: aws.String("alias/one"), TargetKeyId: key})
	got(t, c.TagResource, &kms.TagResourceInput{KeyId: key, Tags: []types.Tag{{TagKey: aws.String("env"), TagValue: aws.String("test")}}})
	for i, x := range []struct {
		condition string
		key       *string
		context   map[string]string
		allowed   bool
	}{
		{`"StringEquals":{"kms:EncryptionContext:a":"1"}`, key, map[string]string{"a": "1", "b": "2"}, true},
		{`"StringEquals":{"kms:EncryptionContext:a":"1"}`, key, map[string]string{"a": "2"}, false},
		{`"StringEquals":{"kms:EncryptionContext:a":"1"}`, key, map[string]string{"a": "1", "A": "2"}, false},
		{`"StringEquals":{"kms:EncryptionContext:a":"1"}`, key, nil, false},
		{`"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a"]}`, key, map[string]string{"a": "2"}, true},
		{`"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a"]}`, key, map[string]string{"a": "2", "b": "1"}, false},
		{`"StringEquals":{"kms:RequestAlias":"alias/one"}`, aws.String("alias/one"), nil, true},
		{`"StringEquals":{"kms:RequestAlias":"alias/one"}`, key, nil, false},
		{`"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/one"}`, key, nil, true},
		{`"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/two"}`, key, nil, false},
		{`"StringEquals":{"kms:CallerAccount":"` + here + `"}`, key, nil, true},
		{`"StringEquals":{"kms:CallerAccount":"` + there + `"}`, key, nil, false},
		{`"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT","kms:KeyUsage":"ENCRYPT_DECRYPT","kms:KeyOrigin":"AWS_KMS","kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, key, nil, true},
		{`"StringEquals":{"aws:ResourceTag/env":"test"}`, key, nil, true},
		{`"StringEquals":{"aws:ResourceTag/env":"live"}`, key, nil, false},
		{`"StringEquals":{"kms:ViaService":"lambda.us-east-1.amazonaws.com"}`, key, nil, false},
	} {
		name := "u" + string(rune('a'+i))
		w.user(here, name, `{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{`+x.condition+`}}`)
		if x.allowed {
			got(t, w.kms(name).Encrypt, encrypt(x.key, x.context))
		} else {
			refused(t, w.kms(name).Encrypt, encrypt(x.key, x.context), "AccessDeniedException", noIdentity(name, "Encrypt", *key))
		}
		if t.Failed() {
			t.Fatal(x.condition, x.context)
		}
	}
}
