package services

import (
	"context"

	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

const keyARNs = "arn:aws:kms:us-east-1:" + account + ":key/"

// keys: environment variables under a customer's KMS key, whose policy leaves it to
// the account. What the caller may do is asked when they are set and shown; what the
// execution role may do when a new environment needs them.
func keys() []edge {
	dev := []any{allowing("lambda:*", "*"), allowing("iam:PassRole", "*")}
	with := func(more ...string) []any {
		all := append([]any{}, dev...)
		for _, action := range more {
			all = append(all, allowing(action, keyARNs+"*"))
		}
		return all
	}
	return []edge{
		{name: "a grant for the execution role", call: "lambda -> kms.CreateGrant", grant: byDev("kms:CreateGrant", keyARNs+"*", with("kms:Encrypt")...), arrange: makeKey, cause: devSetsKey, refuses: true, by: devARN, action: "kms:CreateGrant", resource: keyARNs + "*"},
		{name: "variables that are encrypted", call: "lambda -> kms.Encrypt", grant: byDev("kms:Encrypt", keyARNs+"*", with("kms:CreateGrant")...), arrange: makeKey, cause: devSetsKey, refuses: true, by: devARN, action: "kms:Encrypt", resource: keyARNs + "*"},
		{name: "variables that are shown", call: "lambda -> kms.Decrypt", grant: byDev("kms:Decrypt", keyARNs+"*", dev...), arrange: keyed, cause: devLooks, by: devARN, action: "kms:Decrypt", resource: keyARNs + "*"},
		{name: "variables of a new environment", call: "lambda -> kms.Decrypt", grant: byRole("kms:Decrypt", keyARNs+"*"), arrange: keyedWithoutGrant, cause: invoke("RequestResponse", `{}`), refuses: true, by: sessionARN, action: "kms:Decrypt", resource: keyARNs + "*"},
		// A grant that somebody revoked is nobody's to retire; the next one lets its
		// grantee.
		{name: "a grant that is not needed any more", call: "lambda -> kms.RetireGrant", grant: byRole("kms:RetireGrant", keyARNs+"*"), arrange: keyedWithoutGrant, cause: newVariables, by: sessionARN, action: "kms:RetireGrant", resource: keyARNs + "*"},
	}
}

func makeKey(c *crossing) {
	c.Helper()
	made := do(c.T, c.Set, kmsapi.CreateKey, &kmsapi.CreateKeyRequest{}).KeyMetadata
	do(c.T, c.Set, kmsapi.CreateAlias, &kmsapi.CreateAliasRequest{AliasName: ptr("alias/edge"), TargetKeyId: made.KeyId})
}

func theKey(c *crossing) *string {
	c.Helper()
	return do(c.T, c.Set, kmsapi.DescribeKey, &kmsapi.DescribeKeyRequest{KeyId: ptr("alias/edge")}).KeyMetadata.Arn
}

func setsVariables(c *crossing, as caller.Caller, request, value string) error {
	_, err := op.Do(context.Background(), c.Bus, op.As{Caller: as, Region: "us-east-1", RequestID: request}, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{
		FunctionName: ptr("worker"), KMSKeyArn: theKey(c), Environment: &lambdaapi.Environment{Variables: map[string]string{"SECRET": value}},
	})
	c.settled("worker")
	return err
}

func devSetsKey(c *crossing, request string) error { return setsVariables(c, c.dev, request, "x") }

func keyed(c *crossing) {
	c.Helper()
	makeKey(c)
	if err := setsVariables(c, caller.Root(account, caller.Key{}), "", "x"); err != nil {
		c.Fatal(err)
	}
}

func keyedWithoutGrant(c *crossing) {
	c.Helper()
	keyed(c)
	for _, g := range do(c.T, c.Set, kmsapi.ListGrants, &kmsapi.ListGrantsRequest{KeyId: theKey(c)}).Grants {
		do(c.T, c.Set, kmsapi.RevokeGrant, &kmsapi.RevokeGrantRequest{KeyId: theKey(c), GrantId: g.GrantId})
	}
}

func devLooks(c *crossing, request string) error {
	_, err := op.Do(context.Background(), c.Bus, op.As{Caller: c.dev, Region: "us-east-1", RequestID: request}, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("worker")})
	return err
}

func newVariables(c *crossing, request string) error {
	return setsVariables(c, caller.Root(account, caller.Key{}), request, request)
}
