package lambda

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// What the real SDK makes of provisioned concurrency: that it finds the typed
// errors, and what the waiters of tools look at.
func TestTheSDKProvisions(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 1)
	w.alias("f", "live", "1")
	ctx, client := t.Context(), w.sdk(root)
	get := &sdk.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("f"), Qualifier: aws.String("live")}
	_, err := client.GetProvisionedConcurrencyConfig(ctx, get)
	sdkRefused(t, err, 404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
	if missing := (*types.ProvisionedConcurrencyConfigNotFoundException)(nil); !errors.As(err, &missing) || aws.ToString(missing.Type) != "User" {
		t.Errorf("%v is not what tools look for", err)
	}
	put := &sdk.PutProvisionedConcurrencyConfigInput{FunctionName: aws.String("f"), Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: aws.Int32(0)}
	_, err = client.PutProvisionedConcurrencyConfig(ctx, put)
	sdkRefused(t, err, 400, "ValidationException", "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1")
	put.ProvisionedConcurrentExecutions = aws.Int32(1)
	begun, err := client.PutProvisionedConcurrencyConfig(ctx, put)
	if err != nil || begun.Status != types.ProvisionedConcurrencyStatusEnumInProgress {
		t.Fatalf("%+v, %v", begun, err)
	}
	w.eventually("it is ready", func() bool {
		got, err := client.GetProvisionedConcurrencyConfig(ctx, get)
		if err != nil {
			t.Fatal(err)
		}
		return got.Status == types.ProvisionedConcurrencyStatusEnumReady
	})
	list, err := client.ListProvisionedConcurrencyConfigs(ctx, &sdk.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("f")})
	if err != nil || len(list.ProvisionedConcurrencyConfigs) != 1 || *list.ProvisionedConcurrencyConfigs[0].FunctionArn != arnOf(here, "f:live") {
		t.Errorf("%+v, %v", list, err)
	}
	out, err := client.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("live")})
	if err != nil || string(out.Payload) != `"provisioned-concurrency 1"` || *out.ExecutedVersion != "1" {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := client.DeleteProvisionedConcurrencyConfig(ctx, &sdk.DeleteProvisionedConcurrencyConfigInput{FunctionName: aws.String("f"), Qualifier: aws.String("live")}); err != nil {
		t.Error(err)
	}
}

// The two ways in which a missing code signing configuration is worded are two
// errors for the SDK as well, and one of them has no Type (recorded from AWS).
func TestTheSDKSigns(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	ctx, client := t.Context(), w.sdk(root)
	_, err := client.GetCodeSigningConfig(ctx, &sdk.GetCodeSigningConfigInput{CodeSigningConfigArn: aws.String(noCSC)})
	sdkRefused(t, err, 404, "ResourceNotFoundException", "The Lambda code signing configuration "+noCSC+" can not be found.")
	if missing := (*types.ResourceNotFoundException)(nil); !errors.As(err, &missing) || missing.Type != nil {
		t.Errorf("%#v", missing)
	}
	_, err = client.PutFunctionCodeSigningConfig(ctx, &sdk.PutFunctionCodeSigningConfigInput{FunctionName: aws.String("f"), CodeSigningConfigArn: aws.String(noCSC)})
	sdkRefused(t, err, 404, "CodeSigningConfigNotFoundException", "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "+noCSC+".")
	if missing := (*types.CodeSigningConfigNotFoundException)(nil); !errors.As(err, &missing) || aws.ToString(missing.Type) != "User" {
		t.Errorf("%#v", missing)
	}
	made, err := client.CreateCodeSigningConfig(ctx, &sdk.CreateCodeSigningConfigInput{
		AllowedPublishers:   &types.AllowedPublishers{SigningProfileVersionArns: []string{profile}},
		CodeSigningPolicies: &types.CodeSigningPolicies{UntrustedArtifactOnDeployment: types.CodeSigningPolicyEnforce},
		Tags:                map[string]string{"a": "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	csc := made.CodeSigningConfig.CodeSigningConfigArn
	if tags, err := client.ListTags(ctx, &sdk.ListTagsInput{Resource: csc}); err != nil || tags.Tags["a"] != "b" {
		t.Errorf("%+v, %v", tags, err)
	}
	if _, err := client.PutFunctionCodeSigningConfig(ctx, &sdk.PutFunctionCodeSigningConfigInput{FunctionName: aws.String("f"), CodeSigningConfigArn: csc}); err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: zipOf(t, echo)})
	sdkRefused(t, err, 400, "CodeVerificationFailedException", unverified+arnOf(here, "f")+".")
	users, err := client.ListFunctionsByCodeSigningConfig(ctx, &sdk.ListFunctionsByCodeSigningConfigInput{CodeSigningConfigArn: csc})
	if err != nil || len(users.FunctionArns) != 1 {
		t.Errorf("%+v, %v", users, err)
	}
	_, err = client.CreateCodeSigningConfig(ctx, &sdk.CreateCodeSigningConfigInput{AllowedPublishers: &types.AllowedPublishers{SigningProfileVersionArns: []string{"nothing"}}})
	if err == nil {
		t.Error("a signing profile that is no ARN was taken")
	}
}
