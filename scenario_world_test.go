package sallyport

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// world is a server on which a scenario's "given" was built, and the same
// again as plain data for the engine.
type world struct {
	t      *testing.T
	s      *scenario
	server *Server
	model  *model
	// signers are the credentials of everyone who can sign.
	signers map[string]aws.CredentialsProvider
	// controls are the ids of control policies, by file.
	controls map[string]string
}

func buildWorld(t *testing.T, s *scenario) *world {
	t.Helper()
	server, err := New(Config{Accounts: []string{first, second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, s: s, server: server, model: newModel(s), signers: map[string]aws.CredentialsProvider{}, controls: map[string]string{}}
	for name, account := range map[string]string{"root": first, "root@2": second} {
		c, ok := server.RootCredentials(account)
		if !ok {
			t.Fatalf("no root key of %s", account)
		}
		w.signers[name] = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, "")
	}
	if slices.ContainsFunc(s.given, func(l line) bool { return l.words[0] == "organization" }) {
		w.organize()
	}
	for _, l := range s.given {
		w.build(l)
		w.model.build(l)
	}
	return w
}

// sdk is the configuration of SDK clients that sign as who.
func (w *world) sdk(who string) aws.Config {
	signer, ok := w.signers[who]
	if !ok {
		w.t.Fatalf("%s: nobody is called %q", w.s.file, who)
	}
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(w.server.Endpoint()), Credentials: signer,
	}
}

// root is the root user of an account.
func root(account string) string {
	switch account {
	case first:
		return "root"
	case second:
		return "root@2"
	}
	return "root@3"
}

func (w *world) check(l line, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: given:%d: %v: %v", w.s.file, l.number, l.words, err)
	}
}

func (w *world) text(name string) string {
	text, ok := w.s.files[name]
	if !ok {
		w.t.Fatalf("%s names no file %q", w.s.file, name)
	}
	return text
}

// build does one line of "given" through the API, as root.
func (w *world) build(l line) {
	switch l.words[0] {
	case "user", "group", "role", "attach", "boundary", "tag":
		w.buildPrincipal(l)
	case "function", "version", "alias", "permit":
		w.buildFunction(l)
	case "session", "federated":
		w.buildSession(l)
	case "organization":
		// It is there already: its ids stand in what follows.
	case "scp", "rcp":
		w.buildControl(l)
	default:
		w.t.Fatalf("%s: given:%d: unknown %q", w.s.file, l.number, l.words[0])
	}
}

func (w *world) buildPrincipal(l line) {
	ctx, name := context.Background(), l.words[1]
	o := w.model.owner(name)
	account := l.account()
	if o != nil {
		account = o.account
	}
	c := iam.NewFromConfig(w.sdk(root(account)))
	var err error
	switch l.words[0] {
	case "user":
		if _, err = c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
			break
		}
		var key *iam.CreateAccessKeyOutput
		if key, err = c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name}); err == nil {
			w.signers[name] = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
		}
	case "group":
		_, err = c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &name})
		for _, member := range l.words[2:] {
			if err == nil {
				_, err = c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &name, UserName: &member})
			}
		}
	case "role":
		_, err = c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(w.text(l.after("trust")))})
	case "attach":
		err = w.attach(ctx, c, o, name, l.words[2])
	case "boundary":
		err = w.bound(ctx, c, o, name, l.words[2])
	case "tag":
		tags := []iamtypes.Tag{{Key: &l.words[2], Value: &l.words[3]}}
		if o.kind == "user" {
			_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: &name, Tags: tags})
		} else {
			_, err = c.TagRole(ctx, &iam.TagRoleInput{RoleName: &name, Tags: tags})
		}
	}
	w.check(l, err)
}

func (w *world) attach(ctx context.Context, c *iam.Client, o *principal, name, file string) (err error) {
	text, policy := w.text(file), strings.TrimSuffix(file, ".json")
	switch o.kind {
	case "user":
		_, err = c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &policy, PolicyDocument: &text})
	case "group":
		_, err = c.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: &name, PolicyName: &policy, PolicyDocument: &text})
	case "role":
		_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &text})
	}
	return err
}

func (w *world) bound(ctx context.Context, c *iam.Client, o *principal, name, file string) error {
	p, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(name + "-boundary"), PolicyDocument: aws.String(w.text(file))})
	if err != nil {
		return err
	}
	if o.kind == "user" {
		_, err = c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: &name, PermissionsBoundary: p.Policy.Arn})
	} else {
		_, err = c.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &name, PermissionsBoundary: p.Policy.Arn})
	}
	return err
}

func (w *world) buildFunction(l line) {
	ctx := context.Background()
	name, qualifier, _ := strings.Cut(l.words[1], ":")
	account := l.account()
	if f := w.model.functions[name]; f != nil {
		account = f.account
	}
	c := lambda.NewFromConfig(w.sdk(root(account)))
	var err error
	switch l.words[0] {
	case "function":
		_, err = c.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: &name, Role: aws.String(w.model.arn("role/" + l.after("role"))), Handler: aws.String("main.handler"),
			Runtime: lambdatypes.RuntimePython312, Code: &lambdatypes.FunctionCode{ZipFile: emptyFunction(w.t)},
		})
		if err == nil {
			err = lambda.NewFunctionActiveV2Waiter(c, func(o *lambda.FunctionActiveV2WaiterOptions) {
				o.MinDelay, o.MaxDelay = 5*time.Millisecond, 20*time.Millisecond
			}).
				Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, 10*time.Second)
		}
	case "version":
		_, err = c.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &name})
	case "alias":
		_, err = c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &name, Name: &qualifier, FunctionVersion: &l.words[2]})
	case "permit":
		in := &lambda.AddPermissionInput{
			FunctionName: &name, Action: &l.words[2], Principal: aws.String(w.model.principalName(l.words[3])),
		}
		in.StatementId = aws.String(w.model.sid(l))
		if qualifier != "" {
			in.Qualifier = &qualifier
		}
		if v := l.options["source-arn"]; v != "" {
			in.SourceArn = &v
		}
		if v := l.options["source-account"]; v != "" {
			in.SourceAccount = &v
		}
		if v := l.options["org"]; v != "" {
			in.PrincipalOrgID = &v
		}
		_, err = c.AddPermission(ctx, in)
	}
	w.check(l, err)
}

func (w *world) buildSession(l line) {
	ctx, name := context.Background(), l.words[1]
	by := l.after("by")
	var policyText *string
	if file := l.options["policy"]; file != "" {
		policyText = aws.String(w.text(file))
	}
	switch {
	case l.words[0] == "federated":
		out, err := sts.NewFromConfig(w.sdk(by)).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: &name, Policy: policyText})
		w.check(l, err)
		w.signers[name] = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	case by == "lambda":
		role := w.model.arn("role/" + l.after("role"))
		account := strings.Split(role, ":")[4]
		out, err := op.Do(ctx, w.server.set.Bus, op.As{Region: "us-east-1", Caller: caller.ForService(caller.Service{
			Principal: "lambda.amazonaws.com", SourceAccount: account, SourceARN: "arn:aws:lambda:us-east-1:" + account + ":function:" + name,
			ForFunction: "arn:aws:lambda:us-east-1:" + account + ":function:" + name,
		})}, stsapi.AssumeRole, &stsapi.AssumeRoleRequest{RoleArn: &role, RoleSessionName: &name})
		w.check(l, err)
		w.signers[name] = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	default:
		in := &sts.AssumeRoleInput{RoleArn: aws.String(w.model.arn("role/" + l.after("role"))), RoleSessionName: &name, Policy: policyText}
		if v := l.options["external-id"]; v != "" {
			in.ExternalId = &v
		}
		out, err := sts.NewFromConfig(w.sdk(by)).AssumeRole(ctx, in)
		w.check(l, err)
		w.signers[name] = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	}
}

// emptyFunction is a zip that is never run: questions use DryRun.
func emptyFunction(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	f, err := z.Create("main.py")
	if err == nil {
		_, err = f.Write([]byte("def handler(event, context):\n    return None\n"))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// mustJSON is v as JSON text.
func mustJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
