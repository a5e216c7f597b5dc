package edge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	smithy "github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/sigv4"
)

// TestSDKClientsReachTheirOperation with the real SDK's clients, in each
// protocol: the call is the caller's, in the region that was signed for, under
// the request id the SDK prints.
func TestSDKClientsReachTheirOperation(t *testing.T) {
	w := newWorld(t, clock.System{})
	ctx := context.Background()
	alice, session := w.config(aliceKey, aliceSecret, "", "eu-west-1"), w.config(sessionKey, sessionSecret, sessionToken, "eu-west-1")
	for _, c := range []struct {
		operation, name, region string
		ask                     func() (middleware.Metadata, error)
	}{
		{"ListUsers", "alice", "us-east-1", func() (middleware.Metadata, error) {
			out, err := iam.NewFromConfig(alice).ListUsers(ctx, &iam.ListUsersInput{})
			return result(out, err, func() middleware.Metadata { return out.ResultMetadata })
		}},
		{"DescribeLogGroups", "alice", "eu-west-1", func() (middleware.Metadata, error) {
			out, err := cloudwatchlogs.NewFromConfig(alice).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
			return result(out, err, func() middleware.Metadata { return out.ResultMetadata })
		}},
		{"ListFunctions", "session", "eu-west-1", func() (middleware.Metadata, error) {
			out, err := lambda.NewFromConfig(session).ListFunctions(ctx, &lambda.ListFunctionsInput{MaxItems: aws.Int32(3)})
			return result(out, err, func() middleware.Metadata { return out.ResultMetadata })
		}},
		{"Invoke", "session", "eu-west-1", func() (middleware.Metadata, error) {
			out, err := lambda.NewFromConfig(session).Invoke(ctx, &lambda.InvokeInput{
				FunctionName: aws.String("arn:aws:lambda:eu-west-1:111111111111:function:f"), Payload: []byte(`{"é":1}`), Qualifier: aws.String("live"), ClientContext: aws.String("e30="),
			})
			if err == nil && string(out.Payload) != `{"é":1}` {
				t.Errorf("payload %s", out.Payload)
			}
			return result(out, err, func() middleware.Metadata { return out.ResultMetadata })
		}},
	} {
		metadata, err := c.ask()
		if err != nil {
			t.Fatalf("%s: %v", c.operation, err)
		}
		call := w.noted()
		user, _ := call.Caller.User()
		if call.Operation.Name != c.operation || user.Name != c.name || call.Region != c.region || call.Account != "111111111111" {
			t.Errorf("%s by %s in %s of %s", call.Operation.Name, user.Name, call.Region, call.Account)
		}
		if id, _ := awsmiddleware.GetRequestIDMetadata(metadata); id == "" || id != call.RequestID {
			t.Errorf("%s: the SDK prints %q, the call is %q", c.operation, id, call.RequestID)
		}
		if o := call.Origin; o.SourceIP != "127.0.0.1" || !strings.Contains(o.UserAgent, "aws-sdk-go-v2") || o.Secure || o.EnvironmentID != "" {
			t.Errorf("origin %+v", o)
		}
	}
	if want := []string{"alice iam us-east-1", "alice logs eu-west-1", "session lambda eu-west-1", "session lambda eu-west-1"}; !slices.Equal(w.used, want) {
		t.Errorf("uses %q", w.used)
	}
}

func result(_ any, err error, metadata func() middleware.Metadata) (middleware.Metadata, error) {
	if err != nil {
		return middleware.Metadata{}, err
	}
	return metadata(), nil
}

// TestSDKClientsUnderstandRefusals: code and text arrive as typed API errors.
func TestSDKClientsUnderstandRefusals(t *testing.T) {
	w := newWorld(t, clock.System{})
	ctx := context.Background()
	wrong := w.config(aliceKey, "wrong", "", "us-east-1")
	for _, c := range []struct {
		code string
		ask  func() error
	}{
		{"SignatureDoesNotMatch", func() error { _, err := iam.NewFromConfig(wrong).ListUsers(ctx, nil); return err }},
		{"InvalidSignatureException", func() error {
			_, err := cloudwatchlogs.NewFromConfig(wrong).DescribeLogGroups(ctx, nil)
			return err
		}},
		{"InvalidSignatureException", func() error { _, err := lambda.NewFromConfig(wrong).ListFunctions(ctx, nil); return err }},
	} {
		var failure smithy.APIError
		if err := c.ask(); !errors.As(err, &failure) || failure.ErrorCode() != c.code || !strings.HasPrefix(failure.ErrorMessage(), "The request signature we calculated") {
			t.Errorf("got %v, want %s", err, c.code)
		}
	}
}

func TestHandlerErrorsAndPanics(t *testing.T) {
	w := newWorld(t, clock.System{})
	for _, c := range []struct {
		name   string
		handle func(context.Context, *op.Call, *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error)
		status int
		code   string
		bugs   int64
	}{
		{"an AWS error is passed on", func(context.Context, *op.Call, *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
			return nil, api.Newf(404, "ResourceNotFoundException", "Function not found")
		}, 404, "ResourceNotFoundException", 0},
		{"any other error is a bug and says nothing", func(context.Context, *op.Call, *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
			return nil, errors.New("the secret is hunter2")
		}, 500, "InternalFailure", 1},
		{"a panic is a bug and says nothing", func(context.Context, *op.Call, *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
			panic("the secret is hunter2")
		}, 500, "InternalFailure", 1},
		{"no output is a bug", func(context.Context, *op.Call, *lambdaapi.InvocationRequest) (*lambdaapi.InvocationResponse, error) {
			return nil, nil
		}, 500, "InternalFailure", 1},
	} {
		w.handle = c.handle
		before := w.bug.Count()
		status, h, body := w.send(asking("lambda"))
		if status != c.status || h.Get("x-amzn-ErrorType") != c.code || strings.Contains(body, "hunter2") {
			t.Errorf("%s: got %d %s %s", c.name, status, h.Get("x-amzn-ErrorType"), body)
		}
		if n := w.bug.Count() - before; n != c.bugs {
			t.Errorf("%s: %d bugs", c.name, n)
		}
		w.noted()
	}
	w.handle = nil
	if status, _, body := w.send(asking("lambda")); status != 200 || body != `{"a":1}` {
		t.Errorf("the server is not well afterwards: %d %s", status, body)
	}
}

// TestPathsAreRoutedAsSigned: a path that is not in normal form is signed, and
// so routed, in its normal form; nobody reaches another operation by it.
func TestPathsAreRoutedAsSigned(t *testing.T) {
	w := newWorld(t, clock.System{})
	q := asking("lambda")
	good := w.build(q)
	for path, want := range map[string]int{
		"/2015-03-31//functions/./x/../f/invocations": 200,
		"/2015-03-31/functions/g/invocations":         403,
		"/2015-03-31/functions/f/../g/invocations":    403,
	} {
		r := good.Clone(context.Background())
		r.Body, _ = good.GetBody()
		r.URL.Opaque = path // sent as it is
		if status, _, body := w.do(r); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if call := w.noted(); call != nil && call.Input.(*lambdaapi.InvocationRequest).GetFunctionName() != "f" {
			t.Errorf("%s reached another function", path)
		}
	}
}

func TestEnvironmentsAreOrdinaryCallers(t *testing.T) {
	w := newWorld(t, clock.System{})
	marked := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handler.ServeHTTP(rw, r.WithContext(FromEnvironment(r.Context(), "env-1", func() string { return "invoke-1" })))
	})
	w.server.Config.Handler = marked
	if status, _, _ := w.send(asking("lambda")); status != 200 {
		t.Errorf("signed: %d", status)
	}
	if call := w.noted(); call.Origin.EnvironmentID != "env-1" || call.Parent != "invoke-1" {
		t.Errorf("origin %+v, caused by %q", call.Origin, call.Parent)
	}
	q := asking("lambda")
	q.key = ""
	if status, _, _ := w.send(q); status != 403 || w.noted() != nil {
		t.Errorf("unsigned: %d", status)
	}
}

// TestBrowsersGetNothing: no answer allows another origin, and a preflight is a
// request nobody signed.
func TestBrowsersGetNothing(t *testing.T) {
	w := newWorld(t, clock.System{})
	foreign := func(r *http.Request) {
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
	}
	good, preflight, health := asking("lambda"), request{method: "OPTIONS", path: "/2015-03-31/functions/"}, request{method: "GET", path: HealthPath}
	for _, q := range []request{good, preflight, health} {
		q.spoil = foreign
		status, h, _ := w.send(q)
		if q.method == "OPTIONS" && status < 400 {
			t.Errorf("a preflight got %d", status)
		}
		for name := range h {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s %s answers %s: %s", q.method, q.path, name, h.Get(name))
			}
		}
	}
}

func TestHealthDoor(t *testing.T) {
	w := newWorld(t, clock.System{})
	status, h, body := w.send(request{method: "GET", path: HealthPath})
	if status != 200 || h.Get("Content-Type") != "application/json" || body != `{"name":"sallyport","version":"1.2.3"}`+"\n" {
		t.Errorf("got %d %s", status, body)
	}
	if h.Get("Date") == "" || h.Get("Server") != "" {
		t.Errorf("headers %v", h)
	}
	if status, _, body := w.send(request{method: "HEAD", path: HealthPath}); status != 200 || body != "" {
		t.Errorf("HEAD: %d %q", status, body)
	}
	for _, q := range []request{{method: "POST", path: HealthPath}, {method: "GET", path: HealthPath + "/x"}, {method: "GET", path: "/"}} {
		if status, _, _ := w.send(q); status < 400 {
			t.Errorf("%s %s: %d", q.method, q.path, status)
		}
	}
}

func TestStatesOfCredentials(t *testing.T) {
	for state, want := range map[op.CredentialState]sigv4.Kind{
		op.CredentialUnknown: sigv4.Unknown, op.CredentialActive: sigv4.Active, op.CredentialInactive: sigv4.Inactive,
		op.CredentialExpired: sigv4.Expired, op.CredentialTokenInvalid: sigv4.TokenInvalid, 99: sigv4.Unknown,
	} {
		if got := kind(state); got != want {
			t.Errorf("state %d is kind %d", state, got)
		}
	}
}

func TestOriginIsTheConnection(t *testing.T) {
	for remote, want := range map[string]string{
		"10.0.0.1:5": "10.0.0.1", "[::1]:5": "::1", "[::ffff:10.0.0.1]:5": "10.0.0.1", "[fe80::1%eth0]:5": "fe80::1", "@": "", "": "",
	} {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {"1.2.3.4"}, "Referer": {"r"}, "User-Agent": {"u"}}}
		if o := origin(r); o.SourceIP != want || o.Referer != "r" || o.UserAgent != "u" {
			t.Errorf("%s: %+v", remote, o)
		}
	}
}

func TestClockOfTheCallIsTheServers(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := newWorld(t, clock.NewManual(now))
	if status, _, body := w.send(asking("iam")); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if call := w.noted(); !call.Time.Equal(now) {
		t.Errorf("the call is at %v", call.Time)
	}
}

// BenchmarkServeHTTP is the road without a network and without a handler's work:
// signature, decoding, a gate that always admits, encoding.
func BenchmarkServeHTTP(b *testing.B) {
	w := newWorld(b, clock.NewManual(time.Date(2026, 11, 24, 17, 36, 40, 0, time.UTC)))
	for _, service := range []string{"iam", "logs", "lambda"} {
		b.Run(service, func(b *testing.B) {
			q := asking(service)
			r := w.build(q)
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(strings.NewReader(q.body))
				answer := httptest.NewRecorder()
				if w.handler.ServeHTTP(answer, r); answer.Code != http.StatusOK {
					b.Fatal(answer.Body)
				}
				w.calls = nil
			}
		})
	}
}
