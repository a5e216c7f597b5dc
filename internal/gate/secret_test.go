package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// TestASecretStandsInForAnAllowOnly of callers that signed nothing.
func TestASecretStandsInForAnAllowOnly(t *testing.T) {
	denied := `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`
	for _, c := range []struct {
		name    string
		who     func(w *world) caller.Caller
		secret  string
		policy  string
		unknown bool
		allowed bool
	}{
		{name: "anonymous with the secret", secret: "because", allowed: true},
		{name: "anonymous without it"},
		{name: "anonymous with the secret, denied by the resource", secret: "because", policy: denied},
		{name: "anonymous with the secret, on nothing that can be judged", secret: "because", unknown: true},
		{name: "nobody", who: func(*world) caller.Caller { return caller.Caller{} }, secret: "because"},
		{name: "a user without policies", who: func(w *world) caller.Caller { return w.user(here, "u") }, secret: "because"},
		{name: "a service", who: func(*world) caller.Caller { return caller.ForService(caller.Service{Principal: "sns.amazonaws.com"}) }, secret: "because"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.policy != "" {
				w.permit(function, c.policy)
			}
			q := question(caller.Anonymous())
			if c.who != nil {
				q = question(c.who(w))
			}
			q.Secret, q.Unknown = c.secret, c.unknown
			if err := w.admit(q); (err == nil) != c.allowed {
				t.Errorf("allowed %v: %v", !c.allowed, err)
			}
			want := ""
			if c.allowed {
				want = c.secret
			}
			if r := w.last(); r.Nothing != want {
				t.Errorf("recorded %q as the reason", r.Nothing)
			}
		})
	}
}

// TestDenialsOfTopicsAndQueues: SNS and SQS have a code and a spelling of their
// own (seen in public reports of both).
func TestDenialsOfTopicsAndQueues(t *testing.T) {
	const topic, queue = "arn:aws:sns:us-east-1:" + here + ":t", "arn:aws:sqs:us-east-1:" + here + ":q"
	for _, c := range []struct {
		name              string
		o                 *api.Operation
		action, on        string
		statements        []string
		code, query, text string
	}{
		{"publish", snsapi.Publish.Operation, "sns:Publish", topic, nil, "AuthorizationError", "",
			"User: arn:aws:iam::" + here + ":user/u is not authorized to perform: SNS:Publish on resource: " + topic + " because no identity-based policy allows the SNS:Publish action"},
		{"a list of topics", snsapi.ListTopics.Operation, "sns:ListTopics", "*", nil, "AuthorizationError", "",
			"User: arn:aws:iam::" + here + ":user/u is not authorized to perform: SNS:ListTopics because no identity-based policy allows the SNS:ListTopics action"},
		{"publish, denied", snsapi.Publish.Operation, "sns:Publish", topic, []string{statement("Deny", "sns:*", "*", "")}, "AuthorizationError", "",
			"User: arn:aws:iam::" + here + ":user/u is not authorized to perform: SNS:Publish on resource: " + topic + " with an explicit deny in an identity-based policy"},
		{"send", sqsapi.SendMessage.Operation, "sqs:SendMessage", queue, nil, "AccessDeniedException", "AccessDenied",
			"User: arn:aws:iam::" + here + ":user/u is not authorized to perform: sqs:sendmessage on resource: " + queue + " because no identity-based policy allows the sqs:sendmessage action"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			q := question(w.user(here, "u", c.statements...))
			q.Call.Operation, q.Action, q.Resource = c.o, c.action, op.Resource{ARN: c.on}
			err := w.admit(q)
			var e *api.Error
			if !errors.As(err, &e) || e.Code != c.code || e.QueryCode != c.query || e.Status != 403 || e.Message != c.text {
				t.Errorf("got  %+v\nwant 403 %s %s %s", e, c.code, c.query, c.text)
			}
			if r := w.last(); r.Action != c.action || strings.Contains(r.Action, "SNS:") {
				t.Errorf("recorded %q: policies name the action as it is", r.Action)
			}
		})
	}
	t.Run("allowed", func(t *testing.T) {
		w := newWorld(t)
		q := question(w.user(here, "u", allow("sns:Publish", topic)))
		q.Call.Operation, q.Action, q.Resource = snsapi.Publish.Operation, "sns:Publish", op.Resource{ARN: topic}
		if err := w.admit(q); err != nil {
			t.Error(err)
		}
	})
}
