package sallyport

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// TestExplanationReads holds the whole text for a person to judge.
func TestExplanationReads(t *testing.T) {
	w := newWorld(t)
	w.grant(`{"AWS":"` + uniqueID("bob") + `"}`)
	w.user(there, "bob")
	ann := w.user(here, "ann", may(lambda, function+":live"), `{"Sid":"Office","Effect":"Allow","Action":"lambda:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`, may("s3:*", "*"))
	err := w.ask(ann, "11111111-2222")
	const want = `DENIED  lambda:InvokeFunction  at the invoke gate: who may invoke a function
  who      arn:aws:iam::111111111111:user/ann
  on       arn:aws:lambda:us-east-1:111111111111:function:f
  why      denied: no identity-based policy allows the lambda:InvokeFunction action
  when     2026-11-20T10:00:00Z, request 11111111-2222 (lambda Invoke)
  AWS says User: arn:aws:iam::111111111111:user/ann is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:111111111111:function:f because no identity-based policy allows the lambda:InvokeFunction action

What the policies say
  resource-based policy: nothing allows it
    function policy (function f), statement 1 (s): would allow it, but for
      Principal: the policy wants AWS: arn:aws:iam::222222222222:user/bob, the request has arn:aws:iam::111111111111:user/ann
  identity-based policies: nothing allows it
    mine (user ann), statement 1: would allow it, but for
      Resource: the policy wants arn:aws:lambda:us-east-1:111111111111:function:f:live, the request has arn:aws:lambda:us-east-1:111111111111:function:f
    mine (user ann), statement 2 (Office): would allow it, but for
      IpAddress aws:SourceIp: the policy wants 10.0.0.0/8, the request does not have it

What would allow it
  give user ann an identity-based policy that allows lambda:InvokeFunction on arn:aws:lambda:us-east-1:111111111111:function:f
    (with credentials of account 111111111111)
    aws iam put-user-policy --user-name ann --policy-name AllowLambdaInvokeFunction --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f"}]}'
  or
  in the resource-based policy of function f, allow lambda:InvokeFunction to arn:aws:iam::111111111111:user/ann
    (with credentials of account 111111111111)
    aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-ann --action lambda:InvokeFunction --principal arn:aws:iam::111111111111:user/ann --region us-east-1
`
	e := w.explained("11111111-2222")
	if got := e.GetText(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err == nil || !strings.HasSuffix(err.Error(), e.GetMessage()) {
		t.Errorf("the caller got %v, the explanation says %q", err, e.GetMessage())
	}
	if e.GetGate() != "invoke gate" || len(e.Fixes) != 2 || e.Fixes[1].Steps[0].GetSide() != "resource" || !e.Fixes[0].GetExact() {
		t.Errorf("gate %q, fixes %+v", e.GetGate(), e.Fixes)
	}
	var tree policy.Explanation
	_ = json.Unmarshal([]byte(e.GetTree()), &struct{ Layers *[]policy.LayerExplanation }{&tree.Layers})
	if len(tree.Layers) == 0 {
		t.Errorf("no tree in %s", e.GetTree())
	}
}

// TestExplanationSurvivesARestart asks about a decision of an earlier server,
// whose policies have changed since.
func TestExplanationSurvivesARestart(t *testing.T) {
	w := openWorld(t, t.TempDir(), people{})
	w.grant(`{"Service":"sns.amazonaws.com"}`)
	ann := w.user(here, "ann", may(lambda, function+":live"))
	_ = w.ask(ann, "r")
	before := w.explained("r")
	w.asked.resource = nil
	w.user(here, "ann", may("*", "*"))
	w = w.reopen()
	after := w.explained("r")
	if before.GetText() != after.GetText() || before.GetTree() != after.GetTree() {
		t.Errorf("before\n%s\nafter\n%s", before.GetText(), after.GetText())
	}
}

func TestGates(t *testing.T) {
	w := newWorld(t)
	w.asked.arn = function + "-2"
	session := func(sourceFunction string) caller.Caller {
		return caller.ForRoleSession(caller.RoleSession{
			Account: here, RoleARN: "arn:aws:iam::111111111111:role/r", RoleName: "r", RoleID: "AROAR", Name: "f", SourceFunctionARN: sourceFunction,
		}, caller.Key{})
	}
	from := func(k *policy.Context) { k.Set("aws:SourceIp", "192.0.2.1") }
	for i, c := range []struct {
		name string
		as   caller.Caller
		keys func(*policy.Context)
		want string
	}{
		{"a function's own call", session(function), from, "role gate"},
		{"what Lambda sends with the role", session(""), nil, "role gate"},
		{"somebody with a role", session(""), from, "invoke gate"},
		{"a service that forwards their request", session("").OnBehalf("cloudformation.amazonaws.com"), nil, "invoke gate"},
	} {
		id := fmt.Sprintf("request-%d", i)
		_, _ = op.Do(context.Background(), w.bus, op.As{Caller: c.as, Region: region, RequestID: id, Context: c.keys}, api.Typed[question, question](askedAPI, "Invoke"), &question{})
		if got := w.explained(id).GetGate(); got != c.want {
			t.Errorf("%s is at the %q, want the %q", c.name, got, c.want)
		}
	}
}

func TestWhatHadNoPolicyIsExplainedToo(t *testing.T) {
	w := newWorld(t)
	gone := caller.ForUser(caller.User{Account: here, ARN: "arn:aws:iam::111111111111:user/gone", Name: "gone", ID: "AIDAGONE"}, caller.Key{})
	_ = w.ask(gone, "gone")
	w.asked.arn = ""
	_ = w.ask(w.user(here, "ann", may("*", "*")), "unknown")
	if _, err := call(w, root, api.Typed[question, question](askedAPI, "Free"), &question{}); err != nil {
		t.Fatal(err)
	}
	newest := must(w, sallyportapi.ListDecisions, &sallyportapi.ListDecisionsRequest{Limit: ptr(int32(1))})
	free := newest.Decisions[0].GetRequestId()
	for id, want := range map[string]string{
		"gone":    "denied: the principal behind the credentials does not exist (any more)",
		"unknown": "denied: the resource of the request could not be determined",
		free:      "allowed: Free needs no permission (everybody may)",
	} {
		e := w.explained(id)
		if e.GetSummary() != want || !strings.Contains(e.GetText(), want) || len(e.Fixes) != 0 {
			t.Errorf("got %q with fixes %v\n%s", e.GetSummary(), e.Fixes, e.GetText())
		}
	}
}

func TestLastIsTheNewestDenial(t *testing.T) {
	w := newWorld(t)
	explain := func(as caller.Caller) (string, error) {
		out, err := call(w, as, sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: ptr("last")})
		return out.GetRequestId(), err
	}
	_, err := explain(root)
	refused(t, err, "ResourceNotFoundException", "Nothing was decided yet")

	check := func(want string) {
		t.Helper()
		if got, err := explain(root); err != nil || got != want {
			t.Errorf("last is %s (%v), want %s", got, err, want)
		}
	}
	_ = w.ask(root, "allowed")
	check("allowed")
	ann := w.user(here, "ann")
	_ = w.ask(ann, "denied")
	_ = w.ask(root, "allowed-again")
	check("denied")
	if _, err := explain(ann); err == nil {
		t.Error("a user without permission got an explanation")
	}
	check("denied")
	_, err = explain(caller.Root(there, caller.Key{}))
	refused(t, err, "ResourceNotFoundException", there)
}

func TestAnotherAccountsDecisionsAreNotExplained(t *testing.T) {
	w := newWorld(t)
	_ = w.ask(root, "mine")
	_, err := call(w, caller.Root(there, caller.Key{}), sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: ptr("mine")})
	refused(t, err, "ResourceNotFoundException", "mine")
	_, err = call(w, root, sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: ptr("none")})
	refused(t, err, "ResourceNotFoundException", "none")
}

func TestCrossAccountNamesBothSides(t *testing.T) {
	w := newWorld(t)
	_ = w.ask(w.user(there, "bob"), "r")
	e := w.explained("r")
	steps := e.Fixes[0].Steps
	if len(steps) != 2 || steps[0].GetAccount() != here || steps[1].GetAccount() != there {
		t.Errorf("%+v", steps)
	}
	if !strings.Contains(e.GetText(), "identity-based policies: nothing allows it") || !strings.Contains(e.GetText(), "resource-based policy: there is none") || !strings.Contains(e.GetText(), "\n  and\n  give user bob") {
		t.Error(e.GetText())
	}
	if !strings.Contains(e.GetText(), "of another account, so the resource's side and the caller's side must both allow") {
		t.Error(e.GetText())
	}
}

// sealing plays STS.
type sealing struct{}

func (sealing) EncodeDenial(account string, r *policy.Request, l *policy.Layers) (string, error) {
	return account + " " + r.Principal.ARN + " " + policy.Evaluate(r, l).Effect.String(), nil
}

// TestDenialsCanBeEncoded: only denials, only if asked for, and for the account
// that asks.
func TestDenialsCanBeEncoded(t *testing.T) {
	w := newWorld(t)
	w.own.Encoder = sealing{}
	_ = w.ask(w.user(there, "bob", may("*", "*")), "denied")
	_ = w.ask(root, "allowed")
	encoded := func(as, id string, ask bool) string {
		t.Helper()
		out, err := call(w, caller.Root(as, caller.Key{}), sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: &id, Encoded: &ask})
		if err != nil || len(out.Decisions) != 1 {
			t.Fatalf("%s: %+v, %v", id, out, err)
		}
		return out.Decisions[0].GetEncoded()
	}
	for _, c := range []struct {
		as, id string
		ask    bool
		want   string
	}{
		{here, "denied", true, here + " arn:aws:iam::" + there + ":user/bob implicitDeny"},
		{there, "denied", true, there + " arn:aws:iam::" + there + ":user/bob implicitDeny"},
		{here, "denied", false, ""},
		{here, "allowed", true, ""},
	} {
		if got := encoded(c.as, c.id, c.ask); got != c.want {
			t.Errorf("%s as %s: %q, want %q", c.id, c.as, got, c.want)
		}
	}
}
