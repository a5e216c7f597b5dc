package sallyport

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sallyport/sallyport/internal/trail"
)

// urlWorld is a server with function f, whose execution role is worker, and with
// callers of two accounts.
type urlWorld struct {
	*world
	client *http.Client
}

// urlGiven gives ann all rights; eve has none, and guest, who has all, is of
// another account.
const urlGiven = `
user ann
attach ann all.json
user eve
user guest in 2
attach guest all.json
role worker trust trust.json
attach worker all.json
function f role worker
`

func newURLWorld(t *testing.T) *urlWorld {
	s := &scenario{file: "function URLs", given: parseLines(urlGiven), files: map[string]string{
		"all.json":   `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"trust.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}}
	w := &urlWorld{world: buildWorld(t, s)}
	address := w.server.listener.Addr().String()
	transport := &http.Transport{
		// The names of URLs end in localhost; not every resolver knows what that means.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		DisableCompression: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

func (w *urlWorld) lambda(who string) *lambda.Client { return lambda.NewFromConfig(w.sdk(who)) }

// code replaces the code of f by one Python file and waits until it is in use.
func (w *urlWorld) code(source string) {
	w.t.Helper()
	w.replace("main.py", source, &lambda.UpdateFunctionConfigurationInput{Handler: aws.String("main.handler")})
}

// bootstrap makes f a custom runtime.
func (w *urlWorld) bootstrap(source string) {
	w.t.Helper()
	w.replace("bootstrap", source, &lambda.UpdateFunctionConfigurationInput{Runtime: lambdatypes.RuntimeProvidedal2023})
}

func (w *urlWorld) replace(name, source string, how *lambda.UpdateFunctionConfigurationInput) {
	w.t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: name, Method: zip.Deflate}
	header.SetMode(0o755)
	f, err := z.CreateHeader(header)
	if err == nil {
		_, err = f.Write([]byte(source))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	how.FunctionName = aws.String("f")
	if _, err := w.lambda("root").UpdateFunctionConfiguration(context.Background(), how); err != nil {
		w.t.Fatal(err)
	}
	w.settled()
	if _, err := w.lambda("root").UpdateFunctionCode(context.Background(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: b.Bytes()}); err != nil {
		w.t.Fatal(err)
	}
	w.settled()
}

func (w *urlWorld) settled() {
	w.t.Helper()
	if err := lambda.NewFunctionUpdatedV2Waiter(w.lambda("root"), func(o *lambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay = 10 * time.Millisecond }).
		Wait(context.Background(), &lambda.GetFunctionInput{FunctionName: aws.String("f")}, time.Minute); err != nil {
		w.t.Fatal(err)
	}
}

// makeURL makes a URL of f, or of one of its aliases.
func (w *urlWorld) makeURL(in lambda.CreateFunctionUrlConfigInput) string {
	w.t.Helper()
	in.FunctionName = aws.String("f")
	out, err := w.lambda("root").CreateFunctionUrlConfig(context.Background(), &in)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.FunctionUrl
}

// The two grants that a public URL needs.
const (
	grantURL    = "url"
	grantInvoke = "invoke"
)

// permit adds one of the two grants to f's policy, or to an alias's.
func (w *urlWorld) permit(grant, principal string, authType lambdatypes.FunctionUrlAuthType, qualifier *string) {
	w.t.Helper()
	in := &lambda.AddPermissionInput{FunctionName: aws.String("f"), Qualifier: qualifier, StatementId: &grant, Principal: &principal}
	if grant == grantURL {
		in.Action, in.FunctionUrlAuthType = aws.String("lambda:InvokeFunctionUrl"), authType
	} else {
		in.Action, in.InvokedViaFunctionUrl = aws.String("lambda:InvokeFunction"), aws.Bool(true)
	}
	if _, err := w.lambda("root").AddPermission(context.Background(), in); err != nil {
		w.t.Fatal(err)
	}
}

func (w *urlWorld) forbid(grant string) {
	w.t.Helper()
	if _, err := w.lambda("root").RemovePermission(context.Background(), &lambda.RemovePermissionInput{FunctionName: aws.String("f"), StatementId: &grant}); err != nil {
		w.t.Fatal(err)
	}
}

// open lets everybody use a public URL of f.
func (w *urlWorld) open() {
	w.t.Helper()
	w.permit(grantURL, "*", lambdatypes.FunctionUrlAuthTypeNone, nil)
	w.permit(grantInvoke, "*", "", nil)
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// send makes a request, signed by who unless that is empty.
func (w *urlWorld) send(who, method, address, body string, change ...func(*http.Request)) reply {
	w.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	if who != "" {
		keys, err := w.signers[who].Retrieve(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(sum[:]), "lambda", "us-east-1", time.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
	out, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = out.Body.Close() }()
	got, err := io.ReadAll(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{out.StatusCode, out.Header, string(got)}
}

// event is what f, an echo, got of a request.
func (r reply) event(t *testing.T) map[string]any {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || r.status != http.StatusOK {
		t.Fatalf("no event: %d %s", r.status, r.body)
	}
	return e
}

const forbiddenBody = `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`

// mustBeForbidden wants AWS's refusal (recorded in November 2025).
func mustBeForbidden(t *testing.T, what string, r reply) {
	t.Helper()
	if r.status != http.StatusForbidden || r.body != forbiddenBody || r.header.Get("x-amzn-ErrorType") != "AccessDeniedException" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %v %s", what, r.status, r.header, r.body)
	}
}

// judged are the decisions about a request, in order: what was asked, and whether
// it was allowed.
func (w *urlWorld) judged(r reply) (all []string, records []*trail.Record) {
	w.t.Helper()
	records, err := w.server.trail.Request(context.Background(), r.header.Get("x-amzn-RequestId"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range records {
		verdict := "denied"
		if one.Allowed {
			verdict = "allowed"
		}
		all = append(all, verdict+" "+one.Action)
	}
	return all, records
}

const echoEvent = "def handler(event, context):\n    return event\n"
