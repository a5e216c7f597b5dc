package sallyport

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// notExpressible is the answer of an API that has no words for a question.
const notExpressible = ""

// askSimulator asks SimulatePrincipalPolicy over HTTP, as the root user of the
// principal's account, with what it must be told: the resource's policy and the
// context. It knows users, and roles where no resource policy is asked; neither
// root users nor services, nor sessions with policies of their own, nor
// resource control policies.
func (w *world) askSimulator(t *testing.T, q question) (string, string) {
	request, layers := w.modelled(q)
	p := &request.Principal
	source := p.ARN
	switch {
	case p.Kind == policy.RoleSession && layers.Resource == nil && !layers.ResourceMustAllow:
		source = p.RoleARN
	case p.Kind != policy.User:
		return notExpressible, ""
	}
	if layers.SessionLimited || len(layers.ResourceControl) > 0 || layers.ResourceMustAllow && layers.Resource == nil {
		return notExpressible, ""
	}
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &source, ActionNames: []string{q.action}, ResourceArns: []string{request.Resource}}
	if layers.Resource != nil {
		in.ResourcePolicy = aws.String(string(layers.Resource.Policy.Source()))
	}
	for _, key := range request.Context.Keys() {
		values, _ := request.Context.Get(key)
		kind := iamtypes.ContextKeyTypeEnumString
		if request.Context.Multivalued(key) {
			kind = iamtypes.ContextKeyTypeEnumStringList
		}
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{ContextKeyName: &key, ContextKeyType: kind, ContextKeyValues: values})
	}
	keys, ok := w.server.RootCredentials(p.Account)
	if !ok {
		t.Fatalf("%s: account %s has no root key", w.s.file, p.Account)
	}
	config := w.sdk("root")
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey}, nil
	})
	out, err := iam.NewFromConfig(config).SimulatePrincipalPolicy(context.Background(), in)
	if err != nil {
		w.askerDenied(t, q, "the simulator", err)
		return notExpressible, ""
	}
	return map[iamtypes.PolicyEvaluationDecisionType]string{
		iamtypes.PolicyEvaluationDecisionTypeAllowed:      "allow",
		iamtypes.PolicyEvaluationDecisionTypeExplicitDeny: "explicit",
		iamtypes.PolicyEvaluationDecisionTypeImplicitDeny: "deny",
	}[out.EvaluationResults[0].EvalDecision], ""
}

// askOwnAPI asks AskDecision. It knows no sessions with policies of their own,
// and no federated users.
func (w *world) askOwnAPI(t *testing.T, q question) (string, string) {
	request, layers := w.modelled(q)
	p := &request.Principal
	if layers.SessionLimited || p.Kind == policy.FederatedUser {
		return notExpressible, ""
	}
	in := &sallyportapi.AskDecisionRequest{Principal: &p.ARN, Action: &q.action, Resource: &request.Resource, Context: map[string][]string{}}
	for _, key := range []string{"aws:SourceArn", "aws:SourceAccount", "sts:ExternalId", "lambda:SourceFunctionArn"} {
		if values, ok := request.Context.Get(key); ok {
			in.Context[key] = values
		}
	}
	account := p.Account
	if account == "" {
		account = strings.Split(request.Resource, ":")[4]
	}
	out, err := op.Do(context.Background(), w.server.set.Bus, op.As{Caller: caller.Root(account, caller.Key{}), Region: "us-east-1"}, sallyportapi.AskDecision, in)
	if err != nil {
		w.askerDenied(t, q, "our own API", err)
		return notExpressible, ""
	}
	d := out.Decision.Decision
	return map[string]string{"allowed": "allow", "explicitDeny": "explicit", "implicitDeny": "deny"}[d.GetEffect()], d.GetLayer()
}

// askerDenied lets an organization keep the one who asks from asking. Any other
// refusal is a mistake.
func (w *world) askerDenied(t *testing.T, q question, whom string, err error) {
	if !strings.Contains(err.Error(), "because no service control policy allows the") {
		t.Errorf("%s: ask:%d: %s: %v", w.s.file, q.number, whom, err)
	}
}
