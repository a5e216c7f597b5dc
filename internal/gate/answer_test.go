package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

func TestDenialsAreWordedAsAWSWordsThem(t *testing.T) {
	const (
		user = "User: arn:aws:iam::" + here + ":user/u is not authorized to perform: lambda:InvokeFunction"
		on   = " on resource: " + function
	)
	for _, c := range []struct {
		name   string
		ask    func(w *world) *op.Question
		expect string
	}{
		{"no identity policy", func(w *world) *op.Question { return question(w.user(here, "u")) },
			user + on + " because no identity-based policy allows the lambda:InvokeFunction action"},
		{"an explicit deny", func(w *world) *op.Question { return question(w.user(here, "u", statement("Deny", "*", "*", ""))) },
			user + on + " with an explicit deny in an identity-based policy"},
		{"without the reason", func(w *world) *op.Question {
			q := question(w.user(here, "u", statement("Deny", "*", "*", "")))
			q.Bare = true
			return q
		}, user + on},
		{"without resource", func(w *world) *op.Question {
			q := question(w.user(here, "u"))
			q.Resource.ARN = "*"
			return q
		}, user + " because no identity-based policy allows the lambda:InvokeFunction action"},
		{"another account's function", func(w *world) *op.Question {
			q := question(w.user(here, "u", allow("*", "*")))
			q.Resource.ARN = distant
			return q
		}, user + " on resource: " + distant + " because no resource-based policy allows the lambda:InvokeFunction action"},
		{"a session by its own name", func(w *world) *op.Question { return question(w.session(here, "r", nil)) },
			"User: arn:aws:sts::" + here + ":assumed-role/r/my-session is not authorized to perform: lambda:InvokeFunction" + on + " because no identity-based policy allows the lambda:InvokeFunction action"},
		{"a service by its principal", func(*world) *op.Question {
			return question(caller.ForService(caller.Service{Principal: "sns.amazonaws.com"}))
		}, "User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction" + on + " because no resource-based policy allows the lambda:InvokeFunction action"},
	} {
		w := newWorld(t)
		err := w.admit(c.ask(w))
		var e *api.Error
		if !errors.As(err, &e) || e.Message != c.expect {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.expect)
			continue
		}
		if got := w.last().Message; got != e.Message {
			t.Errorf("%s: recorded %q", c.name, got)
		}
	}
}

// TestDenialDoesNotTellWhatExists: the text is the same for a function that is
// there and one that is not, with a reason and without.
func TestDenialDoesNotTellWhatExists(t *testing.T) {
	for _, bare := range []bool{false, true} {
		w := newWorld(t)
		w.permit(function, permits(`{"Service":"sns.amazonaws.com"}`, invoke))
		w.permit(distant, permits(`{"Service":"sns.amazonaws.com"}`, invoke))
		c := w.user(here, "u")
		text := func(arn, account, name string) string {
			q := question(c)
			q.Resource.ARN, q.Bare = arn, bare
			return strings.ReplaceAll(strings.ReplaceAll(w.admit(q).Error(), name, "NAME"), account, "ACCOUNT")
		}
		for _, arn := range []string{function, distant} {
			account := strings.Split(arn, ":")[4]
			if a, b := text(arn, account, ":function:f"), text(arn+"-absent", account, ":function:f-absent"); a != b {
				t.Errorf("bare %v:\n%s\n%s", bare, a, b)
			}
		}
	}
}

// TestDenialHasTheShapeOfItsService: code, status and the member of the text.
func TestDenialHasTheShapeOfItsService(t *testing.T) {
	for protocol, want := range map[api.Protocol]api.Error{
		api.RESTJSON: {Code: "AccessDeniedException", Status: 403, MessageMember: "Message"},
		api.JSON10:   {Code: "AccessDeniedException", Status: 400, MessageMember: "Message"},
		api.JSON11:   {Code: "AccessDeniedException", Status: 400, MessageMember: "Message"},
		api.Query:    {Code: "AccessDenied", Status: 403},
		api.EC2Query: {Code: "AccessDenied", Status: 403},
		api.RESTXML:  {Code: "AccessDenied", Status: 403},
	} {
		got := denied(&api.Service{Protocol: protocol}, "text")
		if got.Code != want.Code || got.Status != want.Status || got.MessageMember != want.MessageMember || got.Message != "text" || got.Fault != api.Client || got.Typed {
			t.Errorf("%s: %+v", protocol, got)
		}
	}
}

// TestDenialInTwoProtocols: SDKs of both kinds call SQS's refusal AccessDenied.
func TestDenialInTwoProtocols(t *testing.T) {
	got := denied(&api.Service{Protocol: api.JSON10, Also: []api.Protocol{api.Query}}, "text")
	if got.Code != "AccessDeniedException" || got.QueryCode != "AccessDenied" || got.Status != 403 {
		t.Errorf("got %+v", got)
	}
}

func TestRecordHoldsWhoWhatAndWhen(t *testing.T) {
	w := newWorld(t)
	w.permit(function, permits(`{"Service":"sns.amazonaws.com"}`, invoke))
	c := w.user(here, "u", allow(invoke, "*"))
	q := question(c)
	q.Call.Parent = "parent"
	if err := w.admit(q); err != nil {
		t.Fatal(err)
	}
	r := w.last()
	if r.RequestID != "request" || r.Parent != "parent" || r.Account != here || r.Region != "us-east-1" || r.Service != "lambda" || r.Operation != "Invoke" ||
		!r.Time.Equal(now) || r.Principal.ARN != c.ARN() || r.AccessKeyID != "AKIAu" || r.SourceIP != "10.1.2.3" || r.Effect != "allowed" || r.Layer != "identity" || r.Message != "" {
		t.Errorf("%+v", r)
	}
	if len(r.Policies) != 2 || r.Policies[0].Layer != "identity" || r.Policies[1].Layer != "resource" || len(r.Policies[0].Digest) != 64 {
		t.Errorf("policies %+v", r.Policies)
	}
}
