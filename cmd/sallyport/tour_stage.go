package main

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"

	"github.com/sallyport/sallyport"
)

// Accounts of the tour: the functions live in the first one.
const (
	tourHome    = "111111111111"
	tourPartner = "222222222222"
	tourRegion  = "us-east-1"
)

var (
	//go:embed tour/orders.py
	tourPython []byte
	//go:embed tour/function/main.go
	tourGo []byte
)

// stage is the server of a tour with everybody who plays.
type stage struct {
	server *sallyport.Server
	// people are SDK clients by name: the root users and the IAM users made so far.
	people map[string]*player
	// code is the function: what CreateFunction is given.
	code     []byte
	runtime  lambdatypes.Runtime
	handler  string
	language string
	// queueURL is of the queue that is pulled, mapping what pulls it, mapped the
	// newest decision before that began.
	queueURL, mapping string
	mapped            int64
	// address is the URL of orders.
	address string
}

// player is one caller with the real SDK's clients.
type player struct {
	iam    *iam.Client
	lambda *lambda.Client
	logs   *cloudwatchlogs.Client
	sns    *sns.Client
	sqs    *sqs.Client
	s3     *s3.Client
}

func newStage(ctx context.Context) (*stage, error) {
	s := &stage{people: map[string]*player{}}
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	server, err := sallyport.New(sallyport.Config{Accounts: []string{tourHome, tourPartner}})
	if err != nil {
		return nil, err
	}
	s.server = server
	for name, account := range map[string]string{"root": tourHome, "partner root": tourPartner} {
		c, _ := server.RootCredentials(account)
		s.enter(name, c.AccessKeyID, c.SecretAccessKey)
	}
	return s, nil
}

// enter gives a caller the SDK's clients. They do not retry refusals.
func (s *stage) enter(name, keyID, secret string) {
	c := aws.Config{
		Region: tourRegion, BaseEndpoint: aws.String(s.server.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
	}
	s.people[name] = &player{
		iam.NewFromConfig(c), lambda.NewFromConfig(c), cloudwatchlogs.NewFromConfig(c), sns.NewFromConfig(c), sqs.NewFromConfig(c),
		s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
	}
}

// user makes an IAM user with an access key.
func (s *stage) user(ctx context.Context, by, name string) error {
	c := s.people[by].iam
	if _, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		return err
	}
	k, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return err
	}
	s.enter(name, *k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey)
	return nil
}

// allow gives a user an inline policy.
func (s *stage) allow(ctx context.Context, by, user, statements string) error {
	_, err := s.people[by].iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: &user, PolicyName: aws.String("tour"), PolicyDocument: aws.String(document(statements)),
	})
	return err
}

func document(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func statement(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

// trustIn is the trust policy that lets a service take a role.
func trustIn(service string) string {
	return document(`{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}`)
}

// build makes the function's code: Python if there is one, else a Go program.
func (s *stage) build(ctx context.Context) error {
	if _, err := exec.LookPath("python3"); err == nil {
		s.runtime, s.handler, s.language = lambdatypes.RuntimePython312, "orders.handler", "Python"
		s.code, err = pack("orders.py", 0o644, tourPython)
		return err
	}
	s.runtime, s.handler, s.language = lambdatypes.RuntimeProvidedal2023, "bootstrap", "Go"
	dir, err := os.MkdirTemp("", "sallyport-tour-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bootstrap")
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "main.go"), tourGo, 0o600),
		os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module tour\n\ngo 1.24\n"), 0o600),
	)
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("the tour needs Python or Go to make its function: go build: %w\n%s", err, out)
	}
	raw, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	s.code, err = pack("bootstrap", 0o755, raw)
	return err
}

// pack makes a zip of one file.
func pack(name string, mode os.FileMode, content []byte) ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(mode)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write(content)
	}
	err = errors.Join(err, w.Close())
	return buf.Bytes(), err
}

// create makes a function.
func (s *stage) create(ctx context.Context, by, name, role string) (string, error) {
	out, err := s.people[by].lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: s.runtime, Handler: &s.handler, Timeout: aws.Int32(10),
		Code: &lambdatypes.FunctionCode{ZipFile: s.code},
	})
	if err != nil {
		return requestOf(err), err
	}
	return requestIn(out.ResultMetadata), s.active(ctx, by, name)
}

// active waits until a function can be invoked.
func (s *stage) active(ctx context.Context, by, name string) error {
	w := lambda.NewFunctionActiveV2Waiter(s.people["root"].lambda, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 50*time.Millisecond
	})
	return w.Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, 20*time.Second)
}

// invoke invokes a function and gives its answer.
func (s *stage) invoke(ctx context.Context, by, function, payload string) (requestID string, answer []byte, err error) {
	out, err := s.people[by].lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(payload)})
	if err != nil {
		return requestOf(err), nil, err
	}
	if out.FunctionError != nil {
		return requestIn(out.ResultMetadata), nil, fmt.Errorf("the function failed: %s", out.Payload)
	}
	return requestIn(out.ResultMetadata), out.Payload, nil
}

// permit adds a statement to a function's policy.
func (s *stage) permit(ctx context.Context, sid, function, qualifier, principal string) error {
	in := &lambda.AddPermissionInput{FunctionName: &function, StatementId: &sid, Action: aws.String(invokeAction), Principal: &principal}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	_, err := s.people["root"].lambda.AddPermission(ctx, in)
	return err
}

// permitService lets a service invoke orders for one source. The account is
// given where the source's ARN does not say it.
func (s *stage) permitService(ctx context.Context, sid, service, source, account string) error {
	in := &lambda.AddPermissionInput{
		FunctionName: aws.String(orders), StatementId: &sid, Action: aws.String(invokeAction), Principal: &service, SourceArn: &source,
	}
	if account != "" {
		in.SourceAccount = &account
	}
	_, err := s.people["root"].lambda.AddPermission(ctx, in)
	return err
}

func requestIn(m middleware.Metadata) string {
	id, _ := awsmiddleware.GetRequestIDMetadata(m)
	return id
}

// requestOf is the request id of a refusal.
func requestOf(err error) string {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		return answer.ServiceRequestID()
	}
	return ""
}

func arnOfFunction(name string) string {
	return "arn:aws:lambda:" + tourRegion + ":" + tourHome + ":function:" + name
}

func arnOfRole(name string) string { return "arn:aws:iam::" + tourHome + ":role/" + name }

func arnOfUser(account, name string) string { return "arn:aws:iam::" + account + ":user/" + name }
