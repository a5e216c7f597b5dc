package sallyport

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/internal/trail"
)

const (
	openToAll  = lambdatypes.FunctionUrlAuthTypeNone
	signedOnly = lambdatypes.FunctionUrlAuthTypeAwsIam
)

// Both decisions of a request, as the record has them.
var (
	bothAllowed = []string{"allowed lambda:InvokeFunctionUrl", "allowed lambda:InvokeFunction"}
	bothDenied  = []string{"denied lambda:InvokeFunctionUrl", "denied lambda:InvokeFunction"}
	onlyURL     = []string{"allowed lambda:InvokeFunctionUrl", "denied lambda:InvokeFunction"}
	onlyInvoke  = []string{"denied lambda:InvokeFunctionUrl", "allowed lambda:InvokeFunction"}
)

// mustBe wants both decisions, and an answer that fits them.
func (w *urlWorld) mustBe(what string, r reply, judged []string) {
	w.t.Helper()
	if got, _ := w.judged(r); !slices.Equal(got, judged) {
		w.t.Errorf("%s: judged %q, want %q", what, got, judged)
	}
	if !slices.Equal(judged, bothAllowed) {
		mustBeForbidden(w.t, what, r)
	} else if r.status != http.StatusOK {
		w.t.Errorf("%s: %d %s", what, r.status, r.body)
	}
}

func TestPublicURLNeedsBothGrants(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	for _, c := range []struct {
		name   string
		grants []string
		judged []string
	}{
		{"without any grant", nil, bothDenied},
		{"with the first alone", []string{grantURL}, onlyURL},
		{"with the second alone", []string{grantInvoke}, onlyInvoke},
		{"with both", []string{grantURL, grantInvoke}, bothAllowed},
	} {
		for _, g := range c.grants {
			w.permit(g, "*", openToAll, nil)
		}
		w.mustBe(c.name, w.send("", "GET", address, ""), c.judged)
		w.mustBe(c.name+", signed by somebody with all rights", w.send("ann", "GET", address, ""), c.judged)
		for _, g := range c.grants {
			w.forbid(g)
		}
	}
}

func TestSignedURL(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: signedOnly})
	w.mustBe("a user with all rights", w.send("ann", "POST", address, "x"), bothAllowed)
	w.mustBe("a user without rights", w.send("eve", "POST", address, "x"), bothDenied)
	w.mustBe("a user of another account", w.send("guest", "POST", address, "x"), bothDenied)
	unsigned := w.send("", "POST", address, "x")
	w.mustBe("nobody", unsigned, bothDenied)
	if _, records := w.judged(unsigned); records[0].Refused != trail.NotSigned || records[1].Refused != trail.NotSigned {
		t.Errorf("an unsigned request was refused for %q and %q", records[0].Refused, records[1].Refused)
	}

	eve := "arn:aws:iam::" + first + ":user/eve"
	w.permit(grantURL, eve, signedOnly, nil)
	w.mustBe("a user with the first grant in the function's policy", w.send("eve", "GET", address, ""), onlyURL)
	w.permit(grantInvoke, eve, "", nil)
	w.mustBe("a user with both grants in the function's policy", w.send("eve", "GET", address, ""), bothAllowed)
	w.mustBe("another account, which the grants are not for", w.send("guest", "GET", address, ""), bothDenied)
	w.forbid(grantURL)
	w.forbid(grantInvoke)

	w.permit(grantURL, second, signedOnly, nil)
	w.mustBe("another account with the first grant", w.send("guest", "GET", address, ""), onlyURL)
	w.permit(grantInvoke, second, "", nil)
	w.mustBe("another account with both grants and rights of its own", w.send("guest", "GET", address, ""), bothAllowed)
	w.forbid(grantURL)
	w.forbid(grantInvoke)

	// A policy for everybody does not make up for the missing signature.
	w.permit(grantURL, "*", signedOnly, nil)
	w.permit(grantInvoke, "*", "", nil)
	w.mustBe("nobody, where everybody is let in", w.send("", "GET", address, ""), bothDenied)
	w.mustBe("anybody who signs, where everybody is let in", w.send("eve", "GET", address, ""), bothAllowed)
}

// TestSignaturesOfURLs: the whole request is covered, in both forms.
func TestSignaturesOfURLs(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: signedOnly})
	if got := w.send("ann", "PUT", address+"a%20b/%C3%A9/c;d/@+?q=%2F+x&q&%C3%A9=1", "body").event(t); got["rawPath"] != "/a%20b/%C3%A9/c;d/@+" || got["rawQueryString"] != "%C3%A9=1&q=&q=%2F%20x" { // the order is the signer's
		t.Errorf("%v %v", got["rawPath"], got["rawQueryString"])
	}
	keys, err := w.signers["ann"].Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const noBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	presigned := func(region string) string {
		r, _ := http.NewRequest("GET", address+"signed/path?q=1", nil)
		signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), keys, r, noBody, "lambda", region, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	if got := w.send("", "GET", presigned("us-east-1"), "").event(t); got["rawPath"] != "/signed/path" || got["rawQueryString"] != "q=1" {
		t.Errorf("a presigned request: %v %v", got["rawPath"], got["rawQueryString"])
	}
	hidden := strings.Replace(presigned("us-east-1"), "X-Amz-Signature", "X%2DAmz-Signature", 1)
	if got := w.send("", "GET", hidden, "").event(t); got["rawQueryString"] != "q=1" {
		t.Errorf("a presigned request, spelled otherwise: %v", got["rawQueryString"])
	}
	const mismatch = "The request signature we calculated does not match the signature you provided."
	for _, c := range []struct {
		name string
		r    reply
		code string
		text string
	}{
		{"a presigned request for another path", w.send("", "GET", strings.Replace(presigned("us-east-1"), "signed/path", "other/path", 1), ""), "InvalidSignatureException", mismatch},
		{"a presigned request for another region", w.send("", "GET", presigned("eu-west-1"), ""), "InvalidSignatureException", "Credential should be scoped to a valid region"},
		{"a query that changed after it was signed", w.send("", "GET", address, "", afterSigning(t, w, func(r *http.Request) { r.URL.RawQuery = "x=1" })), "InvalidSignatureException", mismatch},
		{"a key that nobody has", w.send("", "GET", address, "", func(r *http.Request) {
			strange := keys
			strange.AccessKeyID = "AKIAAAAAAAAAAAAAAAAA"
			if err := v4.NewSigner().SignHTTP(context.Background(), strange, r, noBody, "lambda", "us-east-1", time.Now()); err != nil {
				t.Fatal(err)
			}
		}), "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"a signature for another service", w.send("", "GET", address, "", func(r *http.Request) {
			if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, noBody, "execute-api", "us-east-1", time.Now()); err != nil {
				t.Fatal(err)
			}
		}), "InvalidSignatureException", "Credential should be scoped to correct service: 'lambda'."},
	} {
		if c.r.status != http.StatusForbidden || c.r.header.Get("x-amzn-ErrorType") != c.code || !strings.HasPrefix(c.r.body, `{"message":"`+c.text) {
			t.Errorf("%s: %d %s %s", c.name, c.r.status, c.r.header.Get("x-amzn-ErrorType"), c.r.body)
		}
	}
}

// afterSigning signs with ann's key and changes the request then.
func afterSigning(t *testing.T, w *urlWorld, change func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		keys, err := w.signers["ann"].Retrieve(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "lambda", "us-east-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		change(r)
	}
}

// TestASwitchedTypeStopsAGrant: a grant for NONE is of no use to a URL that has
// become AWS_IAM, nor the other way round.
func TestASwitchedTypeStopsAGrant(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	switchTo := func(to lambdatypes.FunctionUrlAuthType) {
		if _, err := w.lambda("root").UpdateFunctionUrlConfig(context.Background(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("f"), AuthType: to}); err != nil {
			t.Fatal(err)
		}
	}
	w.mustBe("NONE", w.send("", "GET", address, ""), bothAllowed)
	switchTo(signedOnly)
	w.mustBe("nobody, once it is AWS_IAM", w.send("", "GET", address, ""), bothDenied)
	w.mustBe("a user without rights, once it is AWS_IAM", w.send("eve", "GET", address, ""), onlyInvoke)
	w.mustBe("a user with rights of her own", w.send("ann", "GET", address, ""), bothAllowed)
	switchTo(openToAll)
	w.mustBe("NONE again", w.send("", "GET", address, ""), bothAllowed)
}

// TestAGrantForTheURLIsNoneForTheAPI: what InvokedViaFunctionUrl grants cannot be
// used past the URL.
func TestAGrantForTheURLIsNoneForTheAPI(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	w.open()
	_, err := w.lambda("eve").Invoke(context.Background(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	if refused := (smithy.APIError)(nil); !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" {
		t.Errorf("invoked past the URL: %v", err)
	}
}

// TestURLOfAnAlias runs what the alias stands for, under the alias's own policy, and
// outlives it.
func TestURLOfAnAlias(t *testing.T) {
	w := newURLWorld(t)
	ctx, c, prod := context.Background(), w.lambda("root"), aws.String("prod")
	version := func(answer string) *string {
		w.code("def handler(event, context):\n    return {'version': context.function_version, 'arn': context.invoked_function_arn, 'says': '" + answer + "'}\n")
		out, err := c.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("f")})
		if err != nil {
			t.Fatal(err)
		}
		return out.Version
	}
	one, two := version("one"), version("two")
	if _, err := c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: aws.String("f"), Name: prod, FunctionVersion: one}); err != nil {
		t.Fatal(err)
	}
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll, Qualifier: prod})
	w.open()
	w.mustBe("the function's own policy", w.send("", "GET", address, ""), bothDenied)
	w.permit(grantURL, "*", openToAll, prod)
	w.permit(grantInvoke, "*", "", prod)
	r := w.send("", "GET", address, "")
	w.mustBe("the alias's policy", r, bothAllowed)
	arn := "arn:aws:lambda:us-east-1:" + first + ":function:f:prod"
	if e := r.event(t); e["version"] != "1" || e["arn"] != arn {
		t.Errorf("%v", e)
	}
	if _, records := w.judged(r); records[0].Resource != arn || records[1].Resource != arn || records[0].Context["lambda:FunctionArn"][0] != arn {
		t.Errorf("judged on %s and %s, %v", records[0].Resource, records[1].Resource, records[0].Context)
	}
	if _, err := c.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: prod, RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{*two: 1}}}); err != nil {
		t.Fatal(err)
	}
	if e := w.send("", "GET", address, "").event(t); e["version"] != "2" {
		t.Errorf("with all weight on version 2: %v", e)
	}
	if _, err := c.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: aws.String("f"), Name: prod}); err != nil {
		t.Fatal(err)
	}
	mustBeForbidden(t, "once the alias is gone", w.send("", "GET", address, ""))
	if out, err := c.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("f"), Qualifier: prod}); err != nil || *out.FunctionUrl != address {
		t.Errorf("the URL of a deleted alias: %v", err)
	}
	if _, err := c.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	mustBeUnknown(t, "once the function is gone", w.send("", "GET", address, ""))
}

// TestWhatIsNoURL is answered without a text, and says nothing else either.
func TestWhatIsNoURL(t *testing.T) {
	w := newURLWorld(t)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	id := strings.TrimPrefix(address, "http://")[:32]
	nobodys := strings.Repeat("a", 32)
	for _, unknown := range []string{
		strings.Replace(address, id, nobodys, 1),
		strings.Replace(address, "us-east-1", "eu-west-1", 1),
		w.server.Endpoint() + "/_sallyport/url/" + nobodys + "/",
		w.server.Endpoint() + "/_sallyport/url/short/",
		w.server.Endpoint() + "/_sallyport/url/",
		w.server.Endpoint() + "/_sallyport/%75rl/" + id + "/",
	} {
		mustBeUnknown(t, unknown, w.send("", "POST", unknown, "x"))
	}
	// A host of another form is not a function URL's.
	if r := w.send("", "GET", strings.Replace(address, id, id[1:], 1), ""); r.header.Get("x-amzn-ErrorType") == "AccessDeniedException" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func mustBeUnknown(t *testing.T, what string, r reply) {
	t.Helper()
	if r.status != http.StatusForbidden || r.body != `{"Message":null}` || r.header.Get("x-amzn-ErrorType") != "AccessDeniedException" {
		t.Errorf("%s: %d %s", what, r.status, r.body)
	}
}

// TestTheOtherWaysToAURL: by path, and by AWS's own host name.
func TestTheOtherWaysToAURL(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: signedOnly})
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	id := parsed.Host[:32]
	aws := id + ".lambda-url.us-east-1.on.aws"
	for _, c := range []struct{ name, address, host, path, domain string }{
		{"by path", w.server.Endpoint() + "/_sallyport/url/" + id + "/a/b%2Fc?x=1", "", "/a/b%2Fc", aws},
		{"by path, bare", w.server.Endpoint() + "/_sallyport/url/" + id, "", "/", aws},
		{"by AWS's host", w.server.Endpoint() + "/a", aws, "/a", aws},
		{"by a host in capitals", "http://" + strings.ToUpper(parsed.Host) + "/a", "", "/a", strings.ToLower(parsed.Hostname())},
	} {
		r := w.send("ann", "GET", c.address, "", func(r *http.Request) {
			if c.host != "" {
				r.Host = c.host
			}
		})
		e := r.event(t)
		about := e["requestContext"].(map[string]any)
		if e["rawPath"] != c.path || about["domainName"] != c.domain || about["domainPrefix"] != id {
			t.Errorf("%s: %v, %v", c.name, e["rawPath"], about)
		}
		w.mustBe(c.name, r, bothAllowed)
	}
}

// TestURLsOverTLS have an address that says so.
func TestURLsOverTLS(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	secure := httptest.NewTLSServer(w.server.handler)
	defer secure.Close()
	config := w.sdk("root")
	config.BaseEndpoint, config.HTTPClient = &secure.URL, secure.Client()
	out, err := lambda.NewFromConfig(config).GetFunctionUrlConfig(context.Background(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(secure.URL, "https://"), ":")
	address := *out.FunctionUrl
	if !strings.HasPrefix(address, "https://") || !strings.HasSuffix(address, ".localhost:"+port+"/") {
		t.Errorf("asked over TLS: %s", address)
	}
	w.client = secure.Client()
	e := w.send("", "GET", secure.URL+"/_sallyport/url/"+strings.TrimPrefix(address, "https://")[:32]+"/x", "").event(t)
	if headers := e["headers"].(map[string]any); headers["x-forwarded-proto"] != "https" || headers["x-forwarded-port"] != port {
		t.Errorf("%v", headers)
	}
}

// TestALoopThroughAURLIsStopped, as one through the API: what the function asks for
// was caused by the request that it serves.
func TestALoopThroughAURLIsStopped(t *testing.T) {
	w := newURLWorld(t)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	w.code(`import os, urllib.request, urllib.error
def handler(event, context):
    depth = int(event["rawPath"].strip("/") or 0)
    if depth > 30:
        return {"statusCode": 200, "body": "nobody stopped it"}
    url = os.environ["AWS_ENDPOINT_URL"] + "/_sallyport/url/" + event["requestContext"]["apiId"] + "/" + str(depth + 1)
    try:
        return {"statusCode": 200, "body": urllib.request.urlopen(url).read().decode()}
    except urllib.error.HTTPError as e:
        return {"statusCode": 200, "body": "%d after %d: %s" % (e.code, depth, e.headers["x-amzn-ErrorType"])}
`)
	if _, err := w.lambda("root").UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Timeout: aws.Int32(60)}); err != nil {
		t.Fatal(err)
	}
	w.settled()
	r := w.send("", "GET", address, "")
	if r.body != "400 after 15: RecursiveInvocationException" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
