package edge

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
)

// The keys of the world. Alice may do everything, Bob nothing; the others are
// each broken in their own way.
const (
	aliceKey, aliceSecret     = "AKIAALICEALICEALICE1", "alice's secret"
	bobKey, bobSecret         = "AKIABOBBOBBOBBOBBOB1", "bob's secret"
	inactiveKey, expiredKey   = "AKIAINACTIVE12345678", "ASIAEXPIRED123456789"
	sessionKey, sessionSecret = "ASIASESSION123456789", "the session's secret"
	sessionToken              = "a/session+token=="
)

// world is a server of three services, one a protocol, whose handlers note
// their calls.
type world struct {
	t       testing.TB
	bug     *bug.Reporter
	handler *Handler
	server  *httptest.Server

	mu    sync.Mutex
	calls []*op.Call
	used  []string
	// handle, if set, answers Invoke.
	handle func(ctx context.Context, c *op.Call, in *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error)
}

// newWorld starts a world whose clock is c.
func newWorld(t testing.TB, c clock.Clock, more ...func(*world) op.Service) *world {
	t.Helper()
	return newGuardedWorld(t, c, gate{}, more...)
}

// newGuardedWorld starts a world behind a gate of one's own.
func newGuardedWorld(t testing.TB, c clock.Clock, g op.Gate, more ...func(*world) op.Service) *world {
	t.Helper()
	w := &world{t: t, bug: &bug.Reporter{Log: slog.New(slog.DiscardHandler)}}
	services := []op.Service{
		&service{api: iamapi.Service, world: w, rows: []op.Row{noting(w, iamapi.ListUsers, iamapi.ListUsersResponse{Users: []iamapi.User{}})}},
		&service{api: logsapi.Service, world: w, rows: []op.Row{noting(w, logsapi.DescribeLogGroups, logsapi.DescribeLogGroupsResponse{})}},
		&service{api: lambdaapi.Service, world: w, rows: []op.Row{
			noting(w, lambdaapi.ListFunctions, lambdaapi.ListFunctionsResponse{}),
			op.Bind(lambdaapi.Invoke, w.invoke, needed),
			noting(w, lambdaapi.CreateFunction, lambdaapi.FunctionConfiguration{}),
		}},
	}
	for _, service := range more {
		services = append(services, service(w))
	}
	bus, err := op.NewBus(op.Config{Gate: g, Clock: c, Bug: w.bug, Services: services})
	if err != nil {
		t.Fatal(err)
	}
	w.handler = New(Config{Bus: bus, Clock: c, Bug: w.bug, Version: "1.2.3"})
	w.server = httptest.NewUnstartedServer(w.handler)
	w.server.Config = Server(w.handler, slog.New(slog.DiscardHandler))
	w.server.Start()
	t.Cleanup(w.server.Close)
	return w
}

var needed = op.On("test:Anything", op.Any)

// noting is a row whose handler notes the call and gives out.
func noting[In, Out any](w *world, o api.Op[In, Out], out Out) op.Row {
	return op.Bind(o, func(_ context.Context, c *op.Call, _ *In) (*Out, error) {
		w.note(c)
		return &out, nil
	}, needed)
}

func (w *world) note(c *op.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
}

// noted gives the one call that was made since the last time, nil for none.
func (w *world) noted() *op.Call {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	switch len(calls) {
	case 0:
		return nil
	case 1:
		return calls[0]
	}
	w.t.Errorf("%d calls", len(calls))
	return calls[0]
}

func (w *world) invoke(ctx context.Context, c *op.Call, in *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
	w.note(c)
	if w.handle != nil {
		return w.handle(ctx, c, in)
	}
	return &lambdaapi.InvocationResponse{Payload: in.Payload}, nil
}

// gate admits Alice and her session.
type gate struct{}

func (gate) Admit(_ context.Context, q *op.Question) error {
	if q.Call.Caller.Account() == "111111111111" {
		return nil
	}
	return api.Newf(403, "AccessDeniedException", "User: %s is not authorized", q.Call.Caller.ARN())
}

// service is a service of given rows that keeps the keys of the world.
type service struct {
	api   *api.Service
	rows  []op.Row
	world *world
}

func (s *service) API() *api.Service                    { return s.api }
func (s *service) Rows() []op.Row                       { return s.rows }
func (s *service) Resource(_, _ string) op.Facts        { return op.Facts{} }
func (s *service) Start(context.Context, *op.Bus) error { return nil }
func (s *service) Close() error                         { return nil }

func (s *service) Credential(key, token string) (op.Credential, op.CredentialState) {
	user := func(account, name, secret string) op.Credential {
		return op.Credential{
			Secret: secret,
			Caller: caller.ForUser(caller.User{Account: account, ARN: "arn:aws:iam::" + account + ":user/" + name, Name: name}, caller.Key{AccessKeyID: key}),
			Used: func(service, region string) {
				s.world.mu.Lock()
				defer s.world.mu.Unlock()
				s.world.used = append(s.world.used, name+" "+service+" "+region)
			},
		}
	}
	switch {
	case key == aliceKey && token == "":
		return user("111111111111", "alice", aliceSecret), op.CredentialActive
	case key == bobKey && token == "":
		return user("222222222222", "bob", bobSecret), op.CredentialActive
	case key == sessionKey && token == sessionToken:
		return user("111111111111", "session", sessionSecret), op.CredentialActive
	case key == sessionKey, key == aliceKey, key == bobKey:
		return op.Credential{}, op.CredentialTokenInvalid
	case key == inactiveKey:
		return op.Credential{Secret: aliceSecret}, op.CredentialInactive
	case key == expiredKey:
		return op.Credential{Secret: aliceSecret}, op.CredentialExpired
	}
	return op.Credential{}, op.CredentialUnknown
}

// config is the real SDK's, for a key. It never retries.
func (w *world) config(key, secret, token, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &w.server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// request is one to send by hand.
type request struct {
	method, path, body string
	header             map[string]string
	service            string
	key, secret, token string
	at                 time.Time
	// spoil changes the request after it was signed.
	spoil func(*http.Request)
}

// the same question in each protocol, by Alice.
func asking(service string) request {
	r := request{method: "POST", path: "/", service: service, key: aliceKey, secret: aliceSecret}
	switch service {
	case "iam":
		r.body, r.header = "Action=ListUsers&Version=2010-05-08", map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	case "logs":
		r.body, r.header = "{}", map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
	case "lambda":
		r.path, r.body = "/2015-03-31/functions/f/invocations", `{"a":1}`
	}
	return r
}

// build makes the request, signed if it has a key.
func (w *world) build(q request) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(q.method, w.server.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if q.key != "" {
		if q.at.IsZero() {
			q.at = w.handler.clock.Now()
		}
		who := aws.Credentials{AccessKeyID: q.key, SecretAccessKey: q.secret, SessionToken: q.token}
		if err := v4.NewSigner().SignHTTP(context.Background(), who, r, hash(q.body), q.service, "us-east-1", q.at); err != nil {
			w.t.Fatal(err)
		}
	}
	if q.spoil != nil {
		q.spoil(r)
	}
	return r
}

// send gives status, headers and body of the answer.
func (w *world) send(q request) (int, http.Header, string) {
	w.t.Helper()
	return w.do(w.build(q))
}

func (w *world) do(r *http.Request) (int, http.Header, string) {
	w.t.Helper()
	a, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer a.Body.Close()
	var body bytes.Buffer
	if _, err := io.Copy(&body, a.Body); err != nil {
		w.t.Fatal(err)
	}
	return a.StatusCode, a.Header, body.String()
}
