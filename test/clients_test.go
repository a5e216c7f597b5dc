package test

import (
	"archive/zip"
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// clients are the real SDK's, for one caller. They retry as they do by default:
// the SDK closes a request's body when the answer begins, and where that comes
// very fast it can lose the connection with it. It does not retry refusals.
type clients struct {
	config aws.Config
	iam    *iam.Client
	sts    *sts.Client
	lambda *lambda.Client
	logs   *cloudwatchlogs.Client
}

// clients of the root user of the i-th account.
func (p *process) clients(i int) *clients {
	return newClients(p.endpoint, p.keys[i].AccessKeyID, p.keys[i].SecretAccessKey, "")
}

func newClients(endpoint, key, secret, token string) *clients {
	c := aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	}
	return &clients{c, iam.NewFromConfig(c), sts.NewFromConfig(c), lambda.NewFromConfig(c), cloudwatchlogs.NewFromConfig(c)}
}

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// makeRole makes an execution role and gives its ARN.
func (c *clients) makeRole(t testing.TB, name string) string {
	t.Helper()
	r, err := c.iam.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	if err != nil {
		t.Fatal(err)
	}
	return *r.Role.Arn
}

// makeFunction makes a Python function whose handler is named handler, and waits until it is active.
func (c *clients) makeFunction(t testing.TB, name, role, code string, variables map[string]string) string {
	t.Helper()
	f := must(t, c.lambda.CreateFunction, functionInput(name, role, lambdatypes.RuntimePython312, pack(t, map[string]string{"main.py": code}), variables, 60))
	c.waitActive(t, name)
	return *f.FunctionArn
}

// functionInput makes a Python function of a zip whose main.handler it is.
func functionInput(name, role string, runtime lambdatypes.Runtime, zip []byte, variables map[string]string, timeout int32) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: runtime, Handler: aws.String("main.handler"),
		Code:        &lambdatypes.FunctionCode{ZipFile: zip},
		Environment: &lambdatypes.Environment{Variables: variables},
		Timeout:     &timeout,
	}
}

// waitActive waits until a function may be invoked.
func (c *clients) waitActive(t testing.TB, name string) {
	t.Helper()
	if err := lambda.NewFunctionActiveV2Waiter(c.lambda, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 50*time.Millisecond
	}).
		Wait(context.Background(), &lambda.GetFunctionInput{FunctionName: &name}, 20*time.Second); err != nil {
		t.Fatal(err)
	}
}

// must makes a call of an SDK that has to succeed.
func must[In, Out, Options any](t testing.TB, call func(context.Context, *In, ...func(*Options)) (*Out, error), in *In) *Out {
	t.Helper()
	out, err := call(context.Background(), in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// makeUser makes an IAM user with these inline policies and gives its clients.
func (c *clients) makeUser(t testing.TB, endpoint, name string, policies ...string) *clients {
	t.Helper()
	ctx := context.Background()
	if _, err := c.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	for i, p := range policies {
		if _, err := c.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p" + string(rune('0'+i))), PolicyDocument: &p}); err != nil {
			t.Fatal(err)
		}
	}
	k, err := c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return newClients(endpoint, *k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey, "")
}

// pack makes a zip.
func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
