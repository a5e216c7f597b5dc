package sallyport

import (
	"slices"
	"strings"
	"testing"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/caller"
)

func TestAskingIsExplainedAndNotRecorded(t *testing.T) {
	w := newWorld(t)
	w.user(here, "ann", may("lambda:GetFunction", "*"))
	before := w.trail.Last()
	ask := func(principal, action string, keys map[string][]string) *sallyportapi.ExplainedDecision {
		t.Helper()
		return must(w, sallyportapi.AskDecision, &sallyportapi.AskDecisionRequest{Principal: &principal, Action: &action, Resource: ptr(function), Context: keys}).Decision
	}
	d := ask("user/ann", "lambda:GetFunction", nil)
	if !d.Decision.GetAllowed() || !strings.HasPrefix(d.GetText(), "ALLOWED  lambda:GetFunction") || d.Decision.GetPrincipal() != "arn:aws:iam::111111111111:user/ann" {
		t.Errorf("%+v\n%s", d.Decision, d.GetText())
	}
	d = ask("arn:aws:iam::111111111111:user/ann", lambda, nil)
	if d.Decision.GetAllowed() || d.GetSummary() != "denied: no identity-based policy allows the lambda:InvokeFunction action" || len(d.Fixes) == 0 || d.GetGate() != "invoke gate" ||
		!strings.Contains(d.GetText(), "aws iam put-user-policy --user-name ann") || strings.Contains(d.GetText(), "when ") || strings.Contains(d.GetText(), "AWS says") || !strings.Contains(d.GetTree(), `"implicitDeny"`) {
		t.Errorf("%s\n%+v", d.GetText(), d)
	}
	w.user(here, "bob", `{"Effect":"Allow","Action":"`+lambda+`","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"k"},"StringEquals":{"aws:username":"eve"},"Null":{"aws:CurrentTime":"true"}}}`)
	if d = ask("user/bob", lambda, map[string][]string{"aws:TagKeys": {"k"}, "aws:username": {"eve"}, "aws:CurrentTime": nil}); !d.Decision.GetAllowed() {
		t.Errorf("keys that are given do not count:\n%s", d.GetText())
	}
	if w.trail.Last() != before+3 { // the three requests themselves
		t.Errorf("%d records for 3 requests", w.trail.Last()-before)
	}
}

func TestAskingIsRefused(t *testing.T) {
	w := newWorld(t)
	ann := w.user(here, "ann")
	w.user(there, "bob", may("*", "*"))
	ask := func(as caller.Caller, principal, action, resource string) error {
		_, err := call(w, as, sallyportapi.AskDecision, &sallyportapi.AskDecisionRequest{Principal: &principal, Action: &action, Resource: &resource})
		return err
	}
	refused(t, ask(root, "user/eve", lambda, function), "ResourceNotFoundException", "No principal here is called arn:aws:iam::111111111111:user/eve")
	refused(t, ask(root, "user/ann", "lambda:*", function), "InvalidParameterException", `"lambda:*" is not an action`)
	refused(t, ask(root, "user/ann", lambda, "f"), "InvalidParameterException", `"f" is not a resource`)
	refused(t, ask(root, "arn:aws:iam::222222222222:user/bob", lambda, strings.Replace(function, here, there, 1)), "ResourceNotFoundException", "Account 111111111111 takes no part in that")
	if err := ask(root, "arn:aws:iam::222222222222:user/bob", lambda, function); err != nil {
		t.Errorf("the owner of the resource may ask about a stranger: %v", err)
	}
	if err := ask(ann, "user/ann", lambda, function); err == nil {
		t.Error("a user without permission asked")
	}
}

func TestWho(t *testing.T) {
	w := newWorld(t)
	w.user(here, "ann", may(lambda, "*"))
	w.user(here, "zoe", may("lambda:GetFunction", "*"))
	w.user(there, "bob", may(lambda, "*"))
	who := func(as caller.Caller, action string) (names []string) {
		t.Helper()
		out, err := call(w, as, sallyportapi.ListWho, &sallyportapi.ListWhoRequest{Action: &action, Resource: ptr(function)})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range out.Allowed {
			if x.GetSummary() == "" || x.GetPrincipalType() == "" {
				t.Errorf("%+v", x)
			}
			names = append(names, x.GetPrincipal())
		}
		return names
	}
	if got, want := who(root, lambda), []string{"arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/ann"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	w.grant(`{"Service":"sns.amazonaws.com","AWS":"222222222222"}`)
	if got, want := who(root, lambda), []string{"sns.amazonaws.com", "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/ann", "arn:aws:iam::222222222222:root", "arn:aws:iam::222222222222:user/bob"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got, want := who(caller.Root(there, caller.Key{}), lambda), []string{"arn:aws:iam::222222222222:root", "arn:aws:iam::222222222222:user/bob"}; !slices.Equal(got, want) {
		t.Errorf("another account sees %q", got)
	}
	w.grant(`"*"`)
	if got := who(root, lambda); got[0] != "anonymous" || len(got) != 6 {
		t.Errorf("got %q", got)
	}
	_, err := call(w, root, sallyportapi.ListWho, &sallyportapi.ListWhoRequest{Action: ptr(lambda), Resource: ptr(function), NextToken: ptr("x")})
	refused(t, err, "InvalidParameterException", "NextToken")
}

func TestWhat(t *testing.T) {
	w := newWorld(t)
	w.user(here, "ann", may(lambda, "arn:aws:lambda:*:*:function:*"), `{"Effect":"Deny","Action":"lambda:*","Resource":"`+function+`-prod"}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)
	what := func(as caller.Caller, principal string) (*sallyportapi.ListWhatResponse, error) {
		return call(w, as, sallyportapi.ListWhat, &sallyportapi.ListWhatRequest{Principal: &principal})
	}
	out, err := what(root, "user/ann")
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Allowed) != 1 || len(out.Conditional) != 1 {
		t.Fatalf("%+v", out)
	}
	a, c := out.Allowed[0], out.Conditional[0]
	if !slices.Equal(a.Actions, []string{lambda}) || a.GetResource() != "arn:aws:lambda:*:*:function:*" || !slices.Equal(a.Except, []string{function + "-prod"}) {
		t.Errorf("%+v", a)
	}
	if !slices.Equal(c.Actions, []string{"s3:GetObject"}) || c.GetCondition() != "Bool aws:SecureTransport false" {
		t.Errorf("%+v", c)
	}
	if out, err = what(root, "root"); err != nil || len(out.Allowed) != 1 || !slices.Contains(out.Allowed[0].Actions, "sallyport:*") || !slices.Contains(out.Allowed[0].Actions, lambda) {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = what(root, "arn:aws:iam::222222222222:root")
	refused(t, err, "ResourceNotFoundException", "is a principal of account 222222222222")
}
