package services

import (
	"context"
	"encoding/base64"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/servicetest"
)

// roadKey is the id of a KMS key, as keys have them.
const roadKey = "11111111-2222-3333-4444-555555555555"

// TestTheRoad is the conformance suite over every service of the server.
func TestTheRoad(t *testing.T) {
	s := start(t)
	rootKey, _ := s.IAM.RootKey(account)
	root := signIn(t, s, rootKey)
	name := "stranger"
	if _, err := op.Do(context.Background(), s.Bus, op.As{Caller: root}, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	out, err := op.Do(context.Background(), s.Bus, op.As{Caller: root}, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	key := out.AccessKey.GetAccessKeyId()
	if _, err := op.Do(context.Background(), s.Bus, op.As{Caller: root}, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{}); err != nil {
		t.Fatal(err)
	}
	servicetest.Rows(t, s.List)
	servicetest.Road(t, servicetest.World{
		Directory: s.IAM, Services: s.List, Root: root, Stranger: signIn(t, s, key), Region: "us-east-1",
		Members: map[string]map[string]string{
			"iam": {
				"PolicyArn": "arn:aws:iam::" + account + ":policy/my-x", "PermissionsBoundary": "arn:aws:iam::" + account + ":policy/my-x", "AccessKeyId": key,
				"DeletionTaskId": "task/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda/1",
			},
			"sts": {"RoleArn": "arn:aws:iam::" + account + ":role/my-x"},
			"lambda": {
				"Role": "arn:aws:iam::" + account + ":role/my-x", "Resource": "arn:aws:lambda:us-east-1:" + account + ":function:my-x",
				"FunctionName": "my-x", "Qualifier": "", "Name": "alias",
				"Layer": "arn:aws:lambda:us-east-1:" + account + ":layer:my-x:1", "Arn": "arn:aws:lambda:us-east-1:" + account + ":layer:my-x:1",
				"CodeSigningConfigArn": "arn:aws:lambda:us-east-1:" + account + ":code-signing-config:csc-0123456789abcdef0",
			},
			"organizations": {
				"PolicyId": "p-FullAWSAccess", "TargetId": account, "AccountId": account, "ParentId": "r-ab12", "OrganizationalUnitId": "ou-ab12-11111111",
				"RootId": "r-ab12", "ChildId": account, "ResourceId": account, "SourceParentId": "r-ab12", "DestinationParentId": "ou-ab12-11111111",
			},
			"s3": {"Bucket": "my-x", "VersionId": "", "CopySource": "my-y/key"},
			"kms": {
				"KeyId": roadKey, "TargetKeyId": roadKey, "AliasName": "alias/my-x", "SourceKeyId": roadKey, "DestinationKeyId": roadKey,
			},
			"sqs": {
				"QueueUrl": "http://localhost/" + account + "/my-x", "QueueOwnerAWSAccountId": account, "SourceArn": "arn:aws:sqs:us-east-1:" + account + ":my-x",
				"DestinationArn": "arn:aws:sqs:us-east-1:" + account + ":my-y",
				"TaskHandle":     base64.StdEncoding.EncodeToString([]byte(`{"taskId":"x","sourceArn":"arn:aws:sqs:us-east-1:` + account + `:my-x"}`)),
			},
			"sns": {
				"TopicArn": "arn:aws:sns:us-east-1:" + account + ":my-x", "TargetArn": "arn:aws:sns:us-east-1:" + account + ":my-x",
				"ResourceArn": "arn:aws:sns:us-east-1:" + account + ":my-x",
			},
			"logs": {"LogGroupIdentifier": "", "ResourceArn": "arn:aws:logs:us-east-1:" + account + ":log-group:my-x"},
		},
		Unreached: map[string]string{"sts.AssumeRole": "a root user may not assume roles", "functionurl.InvokeFunctionUrl": "there is no function URL",
			"kms.Decrypt": "there is no ciphertext", "kms.ReEncrypt": "there is no ciphertext", "kms.RetireGrant": "there is no grant token"},
	})
}

// signIn is the caller behind a key, as the edge finds it.
func signIn(t *testing.T, s *Set, key string) caller.Caller {
	t.Helper()
	c, state := s.Bus.Credential(key, "")
	if state != op.CredentialActive {
		t.Fatalf("key %s is in state %d", key, state)
	}
	return c.Caller
}

// TestTrustPolicyIsAboutAssumingOnly: a role's trust policy answers sts actions
// on the role and no other, or it would let in, or keep out, its administrators.
func TestTrustPolicyIsAboutAssumingOnly(t *testing.T) {
	s := start(t)
	rootKey, _ := s.IAM.RootKey(account)
	root := signIn(t, s, rootKey)
	name, trust := "r", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	if _, err := op.Do(context.Background(), s.Bus, op.As{Caller: root}, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: &name, AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:iam::" + account + ":role/r"
	for action, applies := range map[string]bool{
		"sts:AssumeRole": true, "sts:TagSession": true, "sts:SetSourceIdentity": true,
		"iam:PassRole": false, "iam:GetRole": false, "iam:UpdateAssumeRolePolicy": false, "iam:DeleteRole": false,
	} {
		if f := s.IAM.Resource(action, arn); (f.Policy != nil) != applies || f.MustAllow != applies {
			t.Errorf("%s: policy %v, must allow %v", action, f.Policy != nil, f.MustAllow)
		}
	}
}
