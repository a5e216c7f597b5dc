package gate

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// named is a directory that knows the users and roles it has grants of, and can
// list them.
type named struct{ *directory }

func (d named) PrincipalID(arn string) (string, bool) {
	_, ok := d.grants[arn]
	return "AIDA" + strings.ToUpper(lastPart(arn)), ok
}

func (d named) Role(arn string) (op.Role, bool) {
	_, ok := d.grants[arn]
	return op.Role{Account: segment(arn, 4), ARN: arn, Name: lastPart(arn), ID: "AROA" + strings.ToUpper(lastPart(arn))}, ok
}

func (d named) PrincipalARNs(account string) []string {
	return []string{"arn:aws:iam::" + account + ":root"}
}

// TestAskedAsAdmitted puts questions that nobody asked beside the same ones asked.
func TestAskedAsAdmitted(t *testing.T) {
	w := newWorld(t)
	w.gate = New(named{w.iam}, []op.Service{w.owner}, w.trail, w.bugs)
	ann := w.user(here, "ann", allow(invoke, function))
	bob := w.user(there, "bob", allow(invoke, "*"))
	eve := w.user(here, "eve")
	session := w.session(here, "r", nil, allow(invoke, function), statement("Deny", invoke, "*", `,"Condition":{"Null":{"aws:TokenIssueTime":"true"}}`))
	w.permit(function, permits(`{"Service":"sns.amazonaws.com"}`, invoke))
	for name, who := range map[string]caller.Caller{
		"arn:aws:iam::" + here + ":user/ann":    ann,
		"arn:aws:iam::" + there + ":user/bob":   bob,
		"arn:aws:iam::" + here + ":user/eve":    eve,
		"arn:aws:iam::" + here + ":role/path/r": session,
		"arn:aws:iam::" + here + ":root":        caller.Root(here, caller.Key{}),
		there:                                   caller.Root(there, caller.Key{}),
		"sns.amazonaws.com":                     caller.ForService(caller.Service{Principal: "sns.amazonaws.com"}),
		"sqs.amazonaws.com":                     caller.ForService(caller.Service{Principal: "sqs.amazonaws.com"}),
		"anonymous":                             caller.Anonymous(),
	} {
		before := w.trail.Last()
		a, err := w.gate.Ask(context.Background(), op.Supposed{Principal: name, Action: invoke, Resource: function, Account: here, Region: "us-east-1", Time: now})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.trail.Last() != before {
			t.Errorf("%s: a question nobody asked was recorded", name)
		}
		q := question(who)
		q.Call.Account = here
		if admitted := w.gate.Admit(context.Background(), q) == nil; admitted != a.Decision.Allowed() {
			t.Errorf("%s: asked, %s; admitted, %v", name, a.Decision.Effect, admitted)
		}
		if r := w.last(); a.Decision.Effect.String() != r.Effect || a.Decision.Layer.String() != r.Layer {
			t.Errorf("%s: asked, %s at %s; recorded, %s at %s", name, a.Decision.Effect, a.Decision.Layer, r.Effect, r.Layer)
		}
	}
}

func TestAskingChangesTheContext(t *testing.T) {
	w := newWorld(t)
	w.gate = New(named{w.iam}, []op.Service{w.owner}, w.trail, w.bugs)
	w.user(here, "ann", statement("Allow", invoke, "*", `,"Condition":{"StringEquals":{"aws:username":"bob"}}`))
	ask := func(change func(*policy.Context)) bool {
		a, err := w.gate.Ask(context.Background(), op.Supposed{Principal: "arn:aws:iam::" + here + ":user/ann", Action: invoke, Resource: function, Time: now, Change: change})
		if err != nil {
			t.Fatal(err)
		}
		return a.Decision.Allowed()
	}
	if ask(nil) || !ask(func(keys *policy.Context) { keys.Set("aws:username", "bob") }) || ask(nil) {
		t.Error("a key that is put into one question did not count, or stayed")
	}
}

func TestAskingAboutNobody(t *testing.T) {
	w := newWorld(t)
	w.gate = New(named{w.iam}, []op.Service{w.owner}, w.trail, w.bugs)
	for _, name := range []string{"", "ann", "*", "arn:aws:iam::" + here + ":user/none", "arn:aws:iam::" + here + ":role/none", "arn:aws:iam::" + here + ":group/g",
		"arn:aws:sts::" + here + ":assumed-role/none/s", "arn:aws:sts::" + here + ":federated-user/f", "arn:aws:s3:::b"} {
		a, err := w.gate.Ask(context.Background(), op.Supposed{Principal: name, Action: invoke, Resource: function, Time: now})
		if err == nil || a.Decision.Allowed() || !strings.Contains(err.Error(), "No principal here is called "+name+":") {
			t.Errorf("%q: %s, %v", name, a.Decision.Effect, err)
		}
	}
	if got := w.gate.Principals(here); !slices.Equal(got, []string{"arn:aws:iam::" + here + ":root"}) {
		t.Errorf("principals %q", got)
	}
	if got := newWorld(t).gate.Principals(here); got != nil {
		t.Errorf("a directory that lists nobody listed %q", got)
	}
}
