package sallyport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
)

// keyWorld is a server whose callers, between them, bring every condition key.
type keyWorld struct {
	*world
	// seen are the keys of all requests, in lower case.
	seen map[string]bool
}

// asked makes a request and says which action it asks for. Whether it is
// allowed, and whether it then succeeds, is not the point.
type asked func() (action string)

// tagOf is the tag that stands for all of a key's.
var tagOf = map[string]string{"aws:PrincipalTag": "team", "aws:ResourceTag": "stage", "aws:RequestTag": "cost"}

const keyWorldGiven = `
organization
user ann
tag ann team red
attach ann all.json
user bob
attach bob all.json
user guest in 2
attach guest all.json
role worker trust trust.json
attach worker all.json
role remote trust trust.json in 2
function f role worker
function plain role worker
function far role remote in 2
permit f lambda:InvokeFunction second
permit far lambda:InvokeFunction first
session own role worker by ann
session f role worker by lambda
federated fay by ann policy=all.json
`

func newKeyWorld(t *testing.T) *keyWorld {
	s := &scenario{file: "condition keys", given: parseLines(keyWorldGiven), files: map[string]string{
		"all.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"trust.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + first + `","` + second + `"],"Service":"lambda.amazonaws.com"},
			"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"]}]}`,
	}}
	w := &keyWorld{buildWorld(t, s), map[string]bool{}}
	ctx := context.Background()
	tokens := sts.NewFromConfig(w.sdk("ann"))
	known, err := tokens.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(w.model.arn("role/worker")), RoleSessionName: aws.String("known"), SourceIdentity: aws.String("ann@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	temporary, err := tokens.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*ststypes.Credentials{"known": known.Credentials, "temporary": temporary.Credentials} {
		w.signers[name] = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	}
	if _, err := lambda.NewFromConfig(w.sdk("root")).TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(w.model.arn("f")), Tags: map[string]string{"stage": "prod"}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// ask makes the request and gives the condition keys it was judged on.
func (w *keyWorld) ask(a asked) map[string][]string {
	w.t.Helper()
	before := w.server.trail.Last()
	action := a()
	recorded := w.server.trail.After(before, trail.Filter{Action: action}, 1)
	if len(recorded) != 1 {
		w.t.Fatalf("nothing was recorded of a request for %s", action)
	}
	for k := range recorded[0].Context {
		w.seen[strings.ToLower(k)] = true
	}
	return recorded[0].Context
}

// asks says whether some operation that is served needs the action.
func (w *keyWorld) asks(action string) bool {
	for _, s := range w.server.set.List {
		for _, row := range s.Rows() {
			for _, n := range row.Needs() {
				if strings.EqualFold(n.Action(), action) {
					return true
				}
			}
		}
	}
	return false
}

// invoke calls function f over HTTP with the real SDK.
func (w *keyWorld) invoke(who string) asked { return w.invokeOf(who, first, "f") }

func (w *keyWorld) invokeOf(who, account, name string) asked {
	return func() string {
		arn := "arn:aws:lambda:us-east-1:" + account + ":function:" + name
		_, _ = lambda.NewFromConfig(w.sdk(who)).Invoke(context.Background(), &lambda.InvokeInput{FunctionName: &arn, InvocationType: lambdatypes.InvocationTypeDryRun})
		return "lambda:InvokeFunction"
	}
}

// raw signs an invoke by hand and sends it, after change, to an address.
func (w *keyWorld) raw(who, address string, client *http.Client, change func(*http.Request)) {
	r, err := http.NewRequest(http.MethodPost, address+"/2015-03-31/functions/f/invocations", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Invocation-Type", "DryRun")
	change(r)
	keys, err := w.signers[who].Retrieve(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(empty[:]), "lambda", "us-east-1", time.Now()); err != nil {
		w.t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		w.t.Fatalf("an invoke of %s is answered with %s", who, answer.Status)
	}
}

func (w *keyWorld) withHeader(who, name, value string) asked {
	return func() string {
		w.raw(who, w.server.Endpoint(), http.DefaultClient, func(r *http.Request) { r.Header.Set(name, value) })
		return "lambda:InvokeFunction"
	}
}

func (w *keyWorld) overTLS(who string) asked {
	return func() string {
		secure := httptest.NewTLSServer(w.server.handler)
		defer secure.Close()
		w.raw(who, secure.URL, secure.Client(), func(*http.Request) {})
		return "lambda:InvokeFunction"
	}
}

// do is an invoke that does not come over HTTP.
func (w *keyWorld) do(c func() caller.Caller) asked {
	return func() string {
		_, _ = op.Do(context.Background(), w.server.set.Bus, op.As{Caller: c(), Region: "us-east-1"}, lambdaapi.Invoke,
			&lambdaapi.InvocationRequest{FunctionName: aws.String("arn:aws:lambda:us-east-1:" + first + ":function:f"), InvocationType: aws.String("DryRun")})
		return "lambda:InvokeFunction"
	}
}

func (w *keyWorld) asService(name, account string) asked {
	s := caller.Service{Principal: name, SourceAccount: account}
	if account != "" {
		s.SourceARN = "arn:aws:s3:::bucket"
	}
	return w.do(func() caller.Caller { return caller.ForService(s) })
}

func (w *keyWorld) asNobodySigned() asked { return w.do(caller.Anonymous) }

// throughService is a call that a service forwards with the caller's credentials.
func (w *keyWorld) throughService(who, service string) asked {
	return w.do(func() caller.Caller { return w.world.caller(w.t, question{who: who}).OnBehalf(service) })
}

const (
	codeSigningConfig = "arn:aws:lambda:us-east-1:" + first + ":code-signing-config:csc-0123456789abcdef0"
	layerVersion      = "arn:aws:lambda:us-east-1:" + first + ":layer:base:1"
)

func plain(*lambda.CreateFunctionInput)      {}
func signed(in *lambda.CreateFunctionInput)  { in.CodeSigningConfigArn = aws.String(codeSigningConfig) }
func layered(in *lambda.CreateFunctionInput) { in.Layers = []string{layerVersion} }
func inVPC(in *lambda.CreateFunctionInput) {
	in.VpcConfig = &lambdatypes.VpcConfig{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}}
}

// root asks EC2 without its SDK, which takes longer to build than all the rest.
func (w *keyWorld) root() op.As {
	return op.As{Caller: caller.Root(first, caller.Key{}), Region: "us-east-1"}
}

// defaultVPC is that of the first account.
func (w *keyWorld) defaultVPC() string {
	out, err := op.Do(context.Background(), w.server.set.Bus, w.root(), ec2api.DescribeVpcs, &ec2api.DescribeVpcsRequest{})
	if err != nil || len(out.Vpcs) != 1 {
		w.t.Fatalf("%+v, %v", out, err)
	}
	return *out.Vpcs[0].VpcId
}

func (w *keyWorld) inDefaultVPC(in *lambda.CreateFunctionInput) {
	out, err := op.Do(context.Background(), w.server.set.Bus, w.root(), ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{})
	if err != nil || len(out.Subnets) == 0 {
		w.t.Fatalf("%+v, %v", out, err)
	}
	in.VpcConfig = &lambdatypes.VpcConfig{SubnetIds: []string{*out.Subnets[0].SubnetId}, SecurityGroupIds: []string{"sg-1"}}
}

func (w *keyWorld) create(who string, change func(*lambda.CreateFunctionInput)) asked {
	return func() string {
		in := &lambda.CreateFunctionInput{
			FunctionName: aws.String("new"), Role: aws.String(w.model.arn("role/worker")), Handler: aws.String("main.handler"),
			Runtime: lambdatypes.RuntimePython312, Code: &lambdatypes.FunctionCode{ZipFile: emptyFunction(w.t)},
		}
		change(in)
		_, _ = lambda.NewFromConfig(w.sdk(who)).CreateFunction(context.Background(), in)
		return "lambda:CreateFunction"
	}
}

func (w *keyWorld) addPermission(who, authType string) asked {
	return func() string {
		in := &lambda.AddPermissionInput{FunctionName: aws.String("f"), StatementId: aws.String("new" + authType), Principal: aws.String("*"), Action: aws.String("lambda:InvokeFunctionUrl")}
		in.FunctionUrlAuthType = lambdatypes.FunctionUrlAuthType(authType)
		_, _ = lambda.NewFromConfig(w.sdk(who)).AddPermission(context.Background(), in)
		return "lambda:AddPermission"
	}
}

// mapping asks for an event source mapping of function f.
func (w *keyWorld) mapping(who string) asked {
	return func() string {
		_, _ = lambda.NewFromConfig(w.sdk(who)).CreateEventSourceMapping(context.Background(), &lambda.CreateEventSourceMappingInput{
			FunctionName: aws.String("f"), EventSourceArn: aws.String("arn:aws:sqs:us-east-1:" + first + ":q"),
		})
		return "lambda:CreateEventSourceMapping"
	}
}

func (w *keyWorld) tagFunction(who string) asked {
	return func() string {
		_, _ = lambda.NewFromConfig(w.sdk(who)).TagResource(context.Background(), &lambda.TagResourceInput{Resource: aws.String(w.model.arn("f")), Tags: map[string]string{"cost": "7"}})
		return "lambda:TagResource"
	}
}

func (w *keyWorld) untagFunction(who string) asked {
	return func() string {
		_, _ = lambda.NewFromConfig(w.sdk(who)).UntagResource(context.Background(), &lambda.UntagResourceInput{Resource: aws.String(w.model.arn("f")), TagKeys: []string{"cost"}})
		return "lambda:UntagResource"
	}
}

// functionURL is the path of f's public URL, which is made at first use.
func (w *keyWorld) functionURL() string {
	c := lambda.NewFromConfig(w.sdk("root"))
	_, _ = c.CreateFunctionUrlConfig(context.Background(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("f"), AuthType: lambdatypes.FunctionUrlAuthTypeNone})
	out, err := c.GetFunctionUrlConfig(context.Background(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("f")})
	if err != nil {
		w.t.Fatal(err)
	}
	host := strings.TrimPrefix(*out.FunctionUrl, "http://")
	return w.server.Endpoint() + op.FunctionURLPath + host[:strings.IndexByte(host, '.')] + "/"
}

// url is a request to f's URL, looked at for one of its two permissions.
func (w *keyWorld) url(action string) asked {
	return func() string {
		answer, err := http.Get(w.functionURL())
		if err != nil {
			w.t.Fatal(err)
		}
		_ = answer.Body.Close()
		return action
	}
}

func (w *keyWorld) deleteURL(who string) asked {
	return func() string {
		w.functionURL()
		_, _ = lambda.NewFromConfig(w.sdk(who)).DeleteFunctionUrlConfig(context.Background(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String("f")})
		return "lambda:DeleteFunctionUrlConfig"
	}
}

// updateURL asks for another type, of an alias that is not there: nothing changes.
func (w *keyWorld) updateURL(who string, to lambdatypes.FunctionUrlAuthType) asked {
	return func() string {
		_, _ = lambda.NewFromConfig(w.sdk(who)).UpdateFunctionUrlConfig(context.Background(), &lambda.UpdateFunctionUrlConfigInput{
			FunctionName: aws.String("f"), Qualifier: aws.String("none"), AuthType: to,
		})
		return "lambda:UpdateFunctionUrlConfig"
	}
}
