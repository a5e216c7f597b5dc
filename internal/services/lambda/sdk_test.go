package lambda

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/edge"
	"github.com/sallyport/sallyport/internal/op"
)

// sdk is the real SDK's client, signing as somebody. It never retries. Server and
// client end with the test.
func (w *world) sdk(as caller.Caller) *sdk.Client {
	w.Helper()
	server := httptest.NewUnstartedServer(nil)
	h := edge.New(edge.Config{Bus: w.bus, Clock: w.clock, Bug: &bug.Reporter{Panic: true}})
	server.Config = edge.Server(h, slog.New(slog.DiscardHandler))
	server.Start()
	w.Cleanup(func() {
		w.stop() // ends what still streams, for which the server would wait
		server.Close()
	})
	w.iam.mu.Lock()
	key := fmt.Sprintf("AKIATEST%012d", len(w.iam.keys))
	w.iam.keys[key] = as
	w.iam.mu.Unlock()
	return sdk.New(sdk.Options{
		Region: region, BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{}, HTTPClient: awshttp.NewBuildableClient(),
		Credentials: credentials.NewStaticCredentialsProvider(key, testSecret, ""),
	})
}

const testSecret = "the secret of every key of the tests"

// Credential implements op.Credentials in IAM's place.
func (o *owner) Credential(key, token string) (op.Credential, op.CredentialState) {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	as, ok := o.p.keys[key]
	if !ok || token != "" {
		return op.Credential{}, op.CredentialUnknown
	}
	return op.Credential{Secret: testSecret, Caller: as}, op.CredentialActive
}

// sdkRefused checks what the SDK makes of a refusal.
func sdkRefused(t testing.TB, err error, status int, code, text string) {
	t.Helper()
	var (
		e        smithy.APIError
		response *awshttp.ResponseError
	)
	if !errors.As(err, &e) || !errors.As(err, &response) {
		t.Fatalf("want %d %s, got %v", status, code, err)
	}
	if response.HTTPStatusCode() != status || e.ErrorCode() != code || e.ErrorMessage() != text {
		t.Errorf("got %d %s %q\nwant %d %s %q", response.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage(), status, code, text)
	}
}

// custom makes a function whose bootstrap is a Python program that speaks the Runtime
// API itself.
func (w *world) custom(name, source string) {
	w.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	head := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	head.SetMode(0o755)
	f, err := z.CreateHeader(head)
	if err == nil {
		_, err = f.Write([]byte("#!/usr/bin/python3 -u\n" + customRuntime + source))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		w.Fatal(err)
	}
	in := newRequest(w, name, w.role(name+"-role", trustLambda, allLogs), "")
	in.Runtime, in.Code = ptr("provided.al2023"), &lambdaapi.FunctionCode{ZipFile: b.Bytes()}
	must(w, lambdaapi.CreateFunction, in)
	w.settled(name)
}

const allLogs = `{"Effect":"Allow","Action":"logs:*","Resource":"*"}`

// customRuntime is how such a program takes events and streams responses.
const customRuntime = waitAt + `
import base64, http.client, socket, sys, time
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
def next():
    c = http.client.HTTPConnection(api)
    c.request("GET", "/2018-06-01/runtime/invocation/next")
    r = c.getresponse()
    return r.headers["Lambda-Runtime-Aws-Request-Id"], r.read().decode()
class Stream:
    def __init__(self, id, kind="application/octet-stream"):
        host, port = api.split(":")
        self.s = socket.create_connection((host, int(port)))
        self.s.sendall(("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\r\nHost: x\r\nContent-Type: " + kind + "\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n").encode())
    def put(self, piece):
        self.s.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    def close(self, trailers=b""):
        self.s.sendall(b"0\r\n" + trailers + b"\r\n")
        self.s.recv(1000)
`
