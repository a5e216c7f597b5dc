package sallyport

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// TestServiceControlPolicyOverTheWire: the real SDK invokes a member's function,
// is told by AWS's text which policy keeps it out, and gets in again, across a
// restart of the server too.
func TestServiceControlPolicyOverTheWire(t *testing.T) {
	dir := t.TempDir()
	s := startAt(t, dir)
	ctx := context.Background()
	made := organizationCall(t, s, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{}).Organization
	top := organizationRoot(t, s)
	organizationCall(t, s, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: &top, PolicyType: aws.String("SERVICE_CONTROL_POLICY")})
	member := makeMember(t, s, "member")
	credentialsFileHas(t, dir, member)

	user := memberUser(t, s, member)
	functions := lambda.NewFromConfig(user.config(s))
	arn := makeIdleFunction(t, s, member)
	invoke := func() error {
		_, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &arn, InvocationType: lambdatypes.InvocationTypeDryRun})
		return err
	}
	if err := invoke(); err != nil {
		t.Fatal(err)
	}
	policy := organizationCall(t, s, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{
		Type: aws.String("SERVICE_CONTROL_POLICY"), Name: aws.String("KeepOut"), Description: aws.String(""),
		Content: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"KeepOut","Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"*"}]}`),
	}).Policy.PolicySummary
	organizationCall(t, s, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: policy.Id, TargetId: &member})
	want := "User: arn:aws:iam::" + member + ":user/u is not authorized to perform: lambda:InvokeFunction on resource: " + arn +
		" with an explicit deny in a service control policy: arn:aws:organizations::" + first + ":policy/" + made.GetId() + "/service_control_policy/" + policy.GetId()
	kept := func(when string) {
		t.Helper()
		var e smithy.APIError
		if err := invoke(); !errors.As(err, &e) || e.ErrorCode() != "AccessDeniedException" || e.ErrorMessage() != want {
			t.Errorf("%s: %v\nwant %s", when, err, want)
		}
	}
	kept("attached")

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = startAt(t, dir)
	functions = lambda.NewFromConfig(user.config(s))
	credentialsFileHas(t, dir, member)
	kept("after a restart")
	explained := rootCall(t, s, member, sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: aws.String("last")}).Decisions[0].GetText()
	for _, part := range []string{
		"service control policies: DENIES it", "KeepOut (account " + member + "), statement 1 (KeepOut): denies it",
		"narrow statement 1 (KeepOut) of the service control policy KeepOut (account " + member + ") so that it spares this request alone",
		"(with credentials of account " + first + ")", "aws organizations update-policy --policy-id " + policy.GetId() + " --content ",
	} {
		if !strings.Contains(explained, part) {
			t.Errorf("the explanation lacks %q:\n%s", part, explained)
		}
	}
	organizationCall(t, s, orgapi.DetachPolicy, &orgapi.DetachPolicyRequest{PolicyId: policy.Id, TargetId: &member})
	if err := invoke(); err != nil {
		t.Error(err)
	}
}

func startAt(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := New(Config{DataDir: dir, Accounts: []string{first}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// credentialsFileHas: the commands find the root user of an account there.
func credentialsFileHas(t *testing.T, dir, account string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, CredentialsFile))
	if err != nil {
		t.Fatal(err)
	}
	var all []Credentials
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(c Credentials) bool { return c.Account == account && c.SecretAccessKey != "" }) || all[0].Account != first {
		t.Errorf("the credentials file lacks account %s, or does not begin with %s", account, first)
	}
}

// key signs as somebody.
type key struct{ id, secret string }

func (k key) config(s *Server) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider(k.id, k.secret, ""),
	}
}

func rootKey(t *testing.T, s *Server, account string) key {
	t.Helper()
	c, ok := s.RootCredentials(account)
	if !ok {
		t.Fatalf("no root key of %s", account)
	}
	return key{c.AccessKeyID, c.SecretAccessKey}
}

// memberUser is a user of an account who may do everything.
func memberUser(t *testing.T, s *Server, account string) key {
	t.Helper()
	ctx, users := context.Background(), iam.NewFromConfig(rootKey(t, s, account).config(s))
	name := aws.String("u")
	_, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	if err == nil {
		_, err = users.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	return key{*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey}
}

// makeIdleFunction makes a function, with its role, that is never run.
func makeIdleFunction(t *testing.T, s *Server, account string) string {
	t.Helper()
	ctx, config := context.Background(), rootKey(t, s, account).config(s)
	role, err := iam.NewFromConfig(config).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 aws.String("r"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(config)
	f, err := functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("f"), Role: role.Role.Arn, Handler: aws.String("main.handler"),
		Runtime: lambdatypes.RuntimePython312, Code: &lambdatypes.FunctionCode{ZipFile: emptyFunction(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := lambda.NewFunctionActiveV2Waiter(functions, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 5*time.Millisecond, 20*time.Millisecond
	}).Wait(ctx, &lambda.GetFunctionInput{FunctionName: f.FunctionArn}, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	return *f.FunctionArn
}
