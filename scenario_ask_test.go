package sallyport

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// effectOf is the word of a decision.
func effectOf(e policy.Effect) string {
	switch e {
	case policy.Allow:
		return "allow"
	case policy.ExplicitDeny:
		return "explicit"
	}
	return "deny"
}

// askEngine asks package policy, with the policies of the file.
func (w *world) askEngine(t *testing.T, q question) (string, string) {
	request, layers := w.modelled(q)
	d := policy.Evaluate(request, layers)
	return effectOf(d.Effect), d.Layer.String()
}

// modelled is a question with the policies and the context that the file gives it.
func (w *world) modelled(q question) (*policy.Request, *policy.Layers) {
	principal, layers, tags := w.model.who(q.who)
	w.model.resource(q.action, q.resource, &layers)
	keys := &policy.Context{}
	for k, v := range tags {
		keys.Set("aws:PrincipalTag/"+k, v)
	}
	switch principal.Kind {
	case policy.Service:
		for option, key := range map[string]string{"source-arn": "aws:SourceArn", "source-account": "aws:SourceAccount"} {
			if v := q.options[option]; v != "" {
				keys.Set(key, v)
			}
		}
	case policy.RoleSession:
		keys.Set("aws:PrincipalArn", principal.RoleARN)
		if f := w.model.sessions[q.who].function; f != "" {
			keys.Set(api.KeySourceFunctionARN, f)
		}
	default:
		keys.Set("aws:PrincipalArn", principal.ARN)
	}
	if principal.Kind == policy.User {
		keys.Set("aws:username", q.who)
	}
	if principal.Kind != policy.Service {
		keys.Set("aws:PrincipalAccount", principal.Account)
	}
	if v := q.options["external-id"]; v != "" {
		keys.Set("sts:ExternalId", v)
	}
	keys.Set("aws:RequestedRegion", "us-east-1")
	w.model.inOrganization(q, principal, &layers, keys)
	account := ""
	if q.resource == "*" {
		account = principal.Account
	}
	return &policy.Request{Principal: principal, Action: q.action, Resource: w.model.arn(q.resource), ResourceAccount: account, Context: keys}, &layers
}

// caller is who as the server knows them.
func (w *world) caller(t *testing.T, q question) caller.Caller {
	if strings.HasSuffix(q.who, ".amazonaws.com") {
		return caller.ForService(caller.Service{Principal: q.who, SourceARN: q.options["source-arn"], SourceAccount: q.options["source-account"]})
	}
	keys, err := w.sdk(q.who).Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, state := w.server.set.Bus.Credential(keys.AccessKeyID, keys.SessionToken)
	if state != op.CredentialActive {
		t.Fatalf("the credentials of %s are not active: %d", q.who, state)
	}
	return c.Caller
}

// askGate asks the gate, with the policies that the services keep, and reads
// the answer from the trail.
func (w *world) askGate(t *testing.T, q question) (string, string) {
	c := &op.Call{
		Caller: w.caller(t, q), Operation: lambdaapi.Invoke.Operation, Region: "us-east-1", RequestID: "scenario-" + q.action, Time: w.server.clock.Now(),
	}
	c.Account = c.Caller.Account()
	g := gate.New(w.server.set.IAM, w.server.set.List, w.server.trail, w.server.bug)
	before := w.server.trail.Last()
	err := g.Admit(context.Background(), &op.Question{Call: c, Action: q.action, Resource: op.Resource{ARN: w.model.arn(q.resource)}, Add: []op.Adder{
		func(_ context.Context, _ *op.Call, keys *policy.Context) {
			if v := q.options["external-id"]; v != "" {
				keys.Set("sts:ExternalId", v)
			}
		},
	}})
	recorded := w.server.trail.After(before, trailFilter(q), 1)
	if len(recorded) == 0 {
		t.Errorf("%s: ask:%d: the gate recorded nothing", w.s.file, q.number)
		return "nothing", ""
	}
	r := recorded[0]
	if r.Allowed != (err == nil) {
		t.Errorf("%s: ask:%d: the gate answered %v and recorded %v", w.s.file, q.number, err, r.Allowed)
	}
	return map[string]string{"allowed": "allow", "explicitDeny": "explicit", "implicitDeny": "deny"}[r.Effect], r.Layer
}

// trailFilter selects the record of a question to the gate.
func trailFilter(q question) trail.Filter {
	return trail.Filter{RequestID: "scenario-" + q.action, Action: q.action}
}

// askEdge asks over HTTP with the real SDK. What is not an access denial
// passed the gate.
func (w *world) askEdge(t *testing.T, q question) (string, string) {
	err := w.call(t, q)
	var answer smithy.APIError
	var own *api.Error
	code, text := "", ""
	switch {
	case err == nil:
		return "allow", ""
	case errors.As(err, &answer):
		code, text = answer.ErrorCode(), answer.ErrorMessage()
	case errors.As(err, &own):
		code, text = own.Code, own.Message
	default:
		t.Fatalf("%s: ask:%d: %v", w.s.file, q.number, err)
	}
	switch {
	case !strings.HasPrefix(code, "AccessDenied"):
		return "allow", ""
	case strings.Contains(text, "with an explicit deny"):
		return "explicit", ""
	}
	return "deny", ""
}

// call makes the API call that needs q.action on q.resource.
func (w *world) call(t *testing.T, q question) error {
	ctx, arn := context.Background(), w.model.arn(q.resource)
	_, name, _ := strings.Cut(q.resource, "/")
	if strings.HasSuffix(q.who, ".amazonaws.com") {
		_, err := op.Do(ctx, w.server.set.Bus, op.As{Caller: w.caller(t, q), Region: "us-east-1"}, lambdaapi.Invoke,
			&lambdaapi.InvocationRequest{FunctionName: &arn, InvocationType: aws.String("DryRun")})
		return err
	}
	config := w.sdk(q.who)
	functions, users, tokens, logs := lambda.NewFromConfig(config), iam.NewFromConfig(config), sts.NewFromConfig(config), cloudwatchlogs.NewFromConfig(config)
	var err error
	switch q.action {
	case "lambda:InvokeFunction":
		_, err = functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &arn, InvocationType: lambdatypes.InvocationTypeDryRun})
	case "lambda:GetFunction":
		_, err = functions.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &arn})
	case "lambda:GetPolicy":
		_, err = functions.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &arn})
	case "lambda:ListFunctions":
		_, err = functions.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	case "iam:GetUser":
		_, err = users.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	case "iam:GetRole":
		_, err = users.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	case "iam:DeleteUser":
		_, err = users.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name})
	case "iam:PassRole":
		_, err = functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: aws.String("passes-" + name), Role: &arn, Handler: aws.String("main.handler"), Runtime: lambdatypes.RuntimePython312,
			Code: &lambdatypes.FunctionCode{ZipFile: emptyFunction(t)},
		})
		if err != nil && strings.Contains(err.Error(), "lambda:CreateFunction") {
			t.Fatalf("%s: ask:%d: %s needs lambda:CreateFunction for this question", w.s.file, q.number, q.who)
		}
	case "sts:AssumeRole":
		in := &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("asked")}
		if v := q.options["external-id"]; v != "" {
			in.ExternalId = &v
		}
		_, err = tokens.AssumeRole(ctx, in)
	case "logs:CreateLogGroup":
		_, err = logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
	default:
		t.Fatalf("%s: ask:%d: no API call is known for %s: add it to call", w.s.file, q.number, q.action)
	}
	return err
}
