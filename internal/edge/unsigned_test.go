package edge

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
)

// published is a service of topics: subscriptions are confirmed by a token, and
// one document is for everybody.
type published struct{ *service }

func (published) Document(path string) (string, []byte, bool) {
	return "application/x-pem-file", []byte("certificate"), path == "/Certificate-1.pem"
}

func topics(w *world) op.Service {
	prove := func(_ context.Context, c *op.Call) error {
		if c.Input.(*snsapi.ConfirmSubscriptionInput).GetToken() != "right" {
			return api.Newf(400, "InvalidParameter", "Invalid parameter: Token")
		}
		return nil
	}
	note := func(_ context.Context, c *op.Call, _ *snsapi.ConfirmSubscriptionInput) (*snsapi.ConfirmSubscriptionResponse, error) {
		w.note(c)
		return &snsapi.ConfirmSubscriptionResponse{}, nil
	}
	return published{&service{api: snsapi.Service, world: w, rows: []op.Row{
		op.Bind(snsapi.ConfirmSubscription, note, needed.OrSecret("the token is the right", prove)),
		noting(w, snsapi.ListTopics, snsapi.ListTopicsResponse{}),
	}}}
}

// secretGate admits Alice, and who proved a secret.
type secretGate struct{ gate }

func (g secretGate) Admit(ctx context.Context, q *op.Question) error {
	if q.Secret != "" && q.Call.Caller.Kind() == caller.AnonymousKind {
		return nil
	}
	return g.gate.Admit(ctx, q)
}

// TestUnsignedRequestsThatASecretLetsIn and those that look like them.
func TestUnsignedRequestsThatASecretLetsIn(t *testing.T) {
	w := newGuardedWorld(t, clock.System{}, secretGate{}, topics)
	for _, c := range []struct {
		name, method, query string
		header              map[string]string
		status              int
		code                string
	}{
		{"the right token", "GET", "Action=ConfirmSubscription&TopicArn=t&Token=right", nil, 200, ""},
		{"with the version", "GET", "Action=ConfirmSubscription&TopicArn=t&Token=right&Version=2010-03-31", nil, 200, ""},
		{"posted", "POST", "Action=ConfirmSubscription&TopicArn=t&Token=right&Version=2010-03-31", nil, 200, ""},
		{"a wrong token", "GET", "Action=ConfirmSubscription&TopicArn=t&Token=wrong", nil, 400, "InvalidParameter"},
		{"no token", "GET", "Action=ConfirmSubscription&TopicArn=t", nil, 400, "ValidationError"},
		{"another operation of the service", "GET", "Action=ListTopics&Version=2010-03-31&Token=right", nil, 403, "MissingAuthenticationToken"},
		{"another service's", "GET", "Action=ListUsers&Version=2010-05-08&Token=right", nil, 403, "MissingAuthenticationToken"},
		{"one that is not bound", "GET", "Action=OptInPhoneNumber&Version=2010-03-31", nil, 403, "MissingAuthenticationToken"},
		{"a signature that cannot be read", "GET", "Action=ConfirmSubscription&TopicArn=t&Token=right", map[string]string{"Authorization": "AWS4-HMAC-SHA256 x"}, 400, "IncompleteSignature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := request{method: c.method, path: "/?" + c.query, header: c.header}
			if c.method == "POST" {
				q.path, q.body, q.header = "/", c.query, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
			}
			status, _, body := w.send(q)
			if status != c.status || c.code != "" && !strings.Contains(body, "<Code>"+c.code+"</Code>") {
				t.Errorf("got %d %s, want %d %s", status, body, c.status, c.code)
			}
			call := w.noted()
			if (call != nil) != (c.status == 200) {
				t.Fatalf("ran: %v", call != nil)
			}
			if call != nil && (call.Caller.Kind() != caller.AnonymousKind || call.Account != "") {
				t.Errorf("ran as %v of account %q", call.Caller.Kind(), call.Account)
			}
		})
	}
}

// TestDocumentsForEverybody are given to whoever asks for exactly them.
func TestDocumentsForEverybody(t *testing.T) {
	w := newWorld(t, clock.System{}, topics)
	for _, c := range []struct {
		method, path string
		given        bool
	}{
		{"GET", "/Certificate-1.pem", true},
		{"HEAD", "/Certificate-1.pem", true},
		{"POST", "/Certificate-1.pem", false},
		{"GET", "/Certificate-2.pem", false},
		{"GET", "/x/../Certificate-1.pem", false},
		{"GET", "/Certificate-1.pem?Action=ListTopics", false},
	} {
		status, h, body := w.send(request{method: c.method, path: c.path})
		if given := status == http.StatusOK && h.Get("Content-Type") == "application/x-pem-file"; given != c.given || strings.Contains(body, "certificate") != (c.given && c.method == "GET") {
			t.Errorf("%s %s: %d %q", c.method, c.path, status, body)
		}
		if call := w.noted(); call != nil {
			t.Errorf("%s %s ran %s", c.method, c.path, call.Operation.Name)
		}
	}
}
