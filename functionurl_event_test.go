package sallyport

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestEventOfAURL is payload format 2.0, with what AWS adds and without what a
// client could make up.
func TestEventOfAURL(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	r := w.send("", "PATCH", address+"a//b/../c%2Fd?x=1&y=%26&x=2&flag&=v", "plain", func(r *http.Request) {
		r.Header = http.Header{
			"User-Agent": {"probe/1"}, "X-Custom": {"one", "two"}, "Cookie": {"a=1; b=2", "c=3"}, "Content-Type": {"text/plain; charset=utf-8"},
			"X-Forwarded-For": {"8.8.8.8"}, "X-Forwarded-Proto": {"https"}, "X-Amzn-Trace-Id": {"Root=1-00000000-000000000000000000000000"},
			"Connection": {"X-Hop"}, "X-Hop": {"not for the function"}, "Te": {"trailers"}, "Authorization": {"Bearer secret"},
		}
	})
	e := r.event(t)
	host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
	domain, port, _ := strings.Cut(host, ":")
	about := e["requestContext"].(map[string]any)
	headers := e["headers"].(map[string]any)
	for what, c := range map[string][2]any{
		"version":        {e["version"], "2.0"},
		"routeKey":       {e["routeKey"], "$default"},
		"path":           {e["rawPath"], "/a//b/../c%2Fd"},
		"query":          {e["rawQueryString"], "x=1&y=%26&x=2&flag&=v"},
		"parameters":     {e["queryStringParameters"], map[string]any{"x": "1,2", "y": "&", "flag": "", "": "v"}},
		"cookies":        {e["cookies"], []any{"a=1", "b=2", "c=3"}},
		"body":           {e["body"], "plain"},
		"base64":         {e["isBase64Encoded"], false},
		"account":        {about["accountId"], "anonymous"},
		"API":            {about["apiId"], domain[:32]},
		"prefix":         {about["domainPrefix"], domain[:32]},
		"domain":         {about["domainName"], domain},
		"request id":     {about["requestId"], r.header.Get("x-amzn-RequestId")},
		"stage":          {about["stage"], "$default"},
		"authorizer":     {about["authorizer"], nil},
		"http":           {about["http"], map[string]any{"method": "PATCH", "path": "/a//b/../c%2Fd", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "probe/1"}},
		"a header twice": {headers["x-custom"], "one,two"},
		"forwarded for":  {headers["x-forwarded-for"], "127.0.0.1"},
		"forwarded with": {headers["x-forwarded-proto"], "http"},
		"forwarded to":   {headers["x-forwarded-port"], port},
		"host":           {headers["host"], host},
		"hop by hop":     {headers["x-hop"], nil},
		"connection":     {headers["connection"], nil},
		"te":             {headers["te"], nil},
		"a token":        {headers["authorization"], "Bearer secret"},
		"cookie header":  {headers["cookie"], nil},
	} {
		if !reflect.DeepEqual(c[0], c[1]) {
			t.Errorf("%s: %#v, want %#v", what, c[0], c[1])
		}
	}
	if trace, _ := headers["x-amzn-trace-id"].(string); !strings.HasPrefix(trace, "Root=1-") || !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), trace) {
		t.Errorf("trace %q, answered with %q", trace, r.header.Get("X-Amzn-Trace-Id"))
	}
}

// TestBodyOfAnEvent: only what its type calls text is text.
func TestBodyOfAnEvent(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	for _, c := range []struct {
		contentType, body string
		encoded           bool
	}{
		{"application/json", `{"a":"é"}`, false},
		{"Application/JSON; charset=utf-8", `{}`, false},
		{"application/problem+json", `{}`, false},
		{"text/html", "<p>", false},
		{"text/plain", "\xff", true},
		{"application/xml", "<p/>", false},
		{"application/javascript", "1", false},
		{"application/x-www-form-urlencoded", "a=b", true},
		{"application/octet-stream", "abc", true},
		{"", "abc", true},
		{"text/plain", "", false},
	} {
		e := w.send("", "POST", address, c.body, func(r *http.Request) { r.Header.Set("Content-Type", c.contentType) }).event(t)
		want := any(c.body)
		switch {
		case c.encoded:
			want = base64.StdEncoding.EncodeToString([]byte(c.body))
		case c.body == "":
			want = nil
		}
		if e["body"] != want || e["isBase64Encoded"] != c.encoded {
			t.Errorf("%q: %v, %v", c.contentType, e["body"], e["isBase64Encoded"])
		}
	}
}

// TestWhoSignedIsToldToTheFunction, and what the signature was made with is not.
func TestWhoSignedIsToldToTheFunction(t *testing.T) {
	w := newURLWorld(t)
	w.code(echoEvent)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: signedOnly})
	e := w.send("", "GET", address+"a/c", "", afterSigning(t, w, func(r *http.Request) { r.URL.Path = "/a/./b/../c" })).event(t)
	about := e["requestContext"].(map[string]any)
	iam := about["authorizer"].(map[string]any)["iam"].(map[string]any)
	keys, err := w.signers["ann"].Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	id, _ := iam["userId"].(string)
	if about["accountId"] != first || iam["accessKey"] != keys.AccessKeyID || iam["accountId"] != first || iam["userArn"] != "arn:aws:iam::"+first+":user/ann" ||
		!strings.HasPrefix(id, "AIDA") || iam["callerId"] != id || iam["cognitoIdentity"] != nil || iam["principalOrgId"] != nil {
		t.Errorf("%v", about)
	}
	if e["headers"].(map[string]any)["authorization"] != nil {
		t.Error("the function got the signature")
	}
	if e["rawPath"] != "/a/c" {
		t.Errorf("the function saw %v, of which the signature covers /a/c only", e["rawPath"])
	}
}

// TestAnswersOfAURL: what a function returns, and what the client gets.
func TestAnswersOfAURL(t *testing.T) {
	w := newURLWorld(t)
	w.code("import base64, json\ndef handler(event, context):\n    return json.loads(base64.b64decode(event['body']))\n")
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	const failed = "Internal Server Error"
	for _, c := range []struct {
		returned    string
		status      int
		body        string
		contentType string
	}{
		{`{"hello": "world"}`, 200, `{"hello": "world"}`, "application/json"},
		{`"hello"`, 200, `"hello"`, "application/json"},
		{`["a", 3]`, 200, `["a", 3]`, "application/json"},
		{`3`, 200, `3`, "application/json"},
		{`null`, 200, `null`, "application/json"},
		{`{"statusCode": 201, "body": "made"}`, 201, "made", "application/json"},
		{`{"statusCode": "404", "headers": {"content-type": "text/plain"}, "body": "gone"}`, 404, "gone", "text/plain"},
		{`{"statusCode": 200, "body": "aGVsbG8=", "isBase64Encoded": true, "headers": {"Content-Type": "image/png"}}`, 200, "hello", "image/png"},
		{`{"statusCode": 204}`, 204, "", "application/json"},
		{`{"statusCode": 200}`, 200, "", "application/json"},
		{`{"statusCode": 200, "body": {"a": 1}}`, 200, `{"a": 1}`, "application/json"},
		{`{"statusCode": 302, "headers": {"Location": "/there"}}`, 302, "", "application/json"},
		{`{"StatusCode": 404, "Body": "not these names"}`, 200, `{"StatusCode": 404, "Body": "not these names"}`, "application/json"},
		{`{"statusCode": null, "body": "x"}`, 200, "x", "application/json"},
		{`{"statusCode": 99}`, 502, failed, "application/json"},
		{`{"statusCode": 101}`, 502, failed, "application/json"},
		{`{"statusCode": 1000}`, 502, failed, "application/json"},
		{`{"statusCode": "ok"}`, 502, failed, "application/json"},
		{`{"statusCode": 200, "body": "no base64", "isBase64Encoded": true}`, 502, failed, "application/json"},
		{`{"statusCode": 200, "headers": {"X-Split": "a\r\nSet-Cookie: b"}}`, 502, failed, "application/json"},
		{`{"statusCode": 200, "headers": {"not a name": "a"}}`, 502, failed, "application/json"},
		{`{"statusCode": 200, "headers": "text"}`, 502, failed, "application/json"},
		{`not JSON`, 502, failed, "application/json"},
	} {
		r := w.send("", "POST", address, c.returned)
		if r.status != c.status || r.body != c.body || r.header.Get("Content-Type") != c.contentType {
			t.Errorf("%s: %d %q %q", c.returned, r.status, r.body, r.header.Get("Content-Type"))
		}
	}
	r := w.send("", "POST", address, `{"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"], "headers": {"X-Number": 7, "x-flag": true, "Connection": "close", "Content-Length": "1", "x-amzn-RequestId": "made up"}, "body": "whole"}`)
	if got := r.header["Set-Cookie"]; !reflect.DeepEqual(got, []string{"a=1; Path=/", "b=2"}) {
		t.Errorf("cookies %q", got)
	}
	if r.header.Get("X-Number") != "7" || r.header.Get("X-Flag") != "true" || r.body != "whole" || r.header.Get("x-amzn-RequestId") == "made up" {
		t.Errorf("%v %q", r.header, r.body)
	}
	if head := w.send("", "HEAD", address, `{"statusCode": 200, "body": "whole"}`); head.status != 200 || head.body != "" || head.header.Get("Content-Length") != "5" {
		t.Errorf("HEAD: %d %v %q", head.status, head.header, head.body)
	}
}

// TestBoundsOfAURL: a synchronous invoke's, and the function's concurrency.
func TestBoundsOfAURL(t *testing.T) {
	w := newURLWorld(t)
	w.code("def handler(event, context):\n    return str(len(event['body']))\n")
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	text := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	if r := w.send("", "POST", address, strings.Repeat("x", 6_000_000), text); r.status != 200 || r.body != `"6000000"` {
		t.Errorf("six million bytes: %d %s", r.status, r.body)
	}
	for name, size := range map[string]int{"a body beyond the bound": 6<<20 + 1, "an event beyond the bound": 6 << 20} {
		if r := w.send("", "POST", address, strings.Repeat("x", size), text); r.status != 413 || !strings.Contains(r.body, "Request must be smaller than 6291456 bytes for the InvokeFunction operation") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if _, err := w.lambda("root").PutFunctionConcurrency(context.Background(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	r := w.send("", "POST", address, "x")
	if r.status != 429 || r.header.Get("x-amzn-ErrorType") != "TooManyRequestsException" || !strings.Contains(r.body, `"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"`) || !strings.Contains(r.body, `"message":"Rate Exceeded."`) {
		t.Errorf("throttled: %d %v %s", r.status, r.header, r.body)
	}
}

// TestPagesOfOtherOrigins: a configured URL answers browsers itself, without asking
// anybody's permission; one that is not leaves it to the function.
func TestPagesOfOtherOrigins(t *testing.T) {
	w := newURLWorld(t)
	w.code("def handler(event, context):\n    return {'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'https://function.example', 'X-Method': event['requestContext']['http']['method']}}\n")
	ahead := func(origin string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "PUT")
			r.Header.Set("Access-Control-Request-Headers", "x-a")
		}
	}
	from := func(origin string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Origin", origin) }
	}
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll, Cors: &lambdatypes.Cors{
		AllowOrigins: []string{"https://one.example"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, MaxAge: aws.Int32(60), AllowCredentials: aws.Bool(true),
	}})
	r := w.send("", "OPTIONS", address, "", ahead("https://one.example"))
	want := map[string]string{
		"Access-Control-Allow-Origin": "https://one.example", "Access-Control-Allow-Methods": "GET,PUT", "Access-Control-Allow-Headers": "x-a",
		"Access-Control-Max-Age": "60", "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
	}
	for name, value := range want {
		if r.status != 200 || r.header.Get(name) != value {
			t.Errorf("asked ahead: %d, %s is %q", r.status, name, r.header.Get(name))
		}
	}
	if judged, _ := w.judged(r); len(judged) != 0 {
		t.Errorf("a browser that asks ahead was judged: %q", judged)
	}
	if r := w.send("", "OPTIONS", address, "", ahead("https://two.example")); r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("asked ahead by a page that is not let in: %d %v", r.status, r.header)
	}
	if r := w.send("", "PUT", address, "", from("https://one.example")); r.status != 403 || r.header.Get("Access-Control-Allow-Origin") != "https://one.example" {
		t.Errorf("a denied request: %d %v", r.status, r.header)
	}
	w.open()
	if r := w.send("", "PUT", address, "", from("https://one.example")); r.status != 200 || !reflect.DeepEqual(r.header["Access-Control-Allow-Origin"], []string{"https://one.example"}) || r.header.Get("Access-Control-Expose-Headers") != "x-b" || r.header.Get("Access-Control-Max-Age") != "" {
		t.Errorf("a request: %d %v", r.status, r.header)
	}
	if r := w.send("", "OPTIONS", address, ""); r.header.Get("X-Method") != "OPTIONS" {
		t.Errorf("an OPTIONS request of nobody's page is the function's: %v", r.header)
	}
	if _, err := w.lambda("root").UpdateFunctionUrlConfig(context.Background(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("f"), Cors: &lambdatypes.Cors{}}); err != nil {
		t.Fatal(err)
	}
	if r := w.send("", "OPTIONS", address, "", ahead("https://two.example")); r.header.Get("X-Method") != "OPTIONS" || r.header.Get("Access-Control-Allow-Origin") != "https://function.example" {
		t.Errorf("without a configuration: %v", r.header)
	}
}

// streamer is a custom runtime that streams, by the Runtime API. What it answers
// with stands in the query of the request.
const streamer = `#!/usr/bin/env python3
import http.client, json, os
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
def piece(c, data):
    c.send(b"%x\r\n%s\r\n" % (len(data), data))
while True:
    c = http.client.HTTPConnection(api)
    c.request("GET", "/2018-06-01/runtime/invocation/next")
    r = c.getresponse()
    event, rid = json.loads(r.read()), r.headers["Lambda-Runtime-Aws-Request-Id"]
    how = event["queryStringParameters"]
    c.putrequest("POST", "/2018-06-01/runtime/invocation/%s/response" % rid)
    c.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    c.putheader("Transfer-Encoding", "chunked")
    c.putheader("Content-Type", how["type"])
    c.endheaders()
    if "prelude" in how:
        piece(c, how["prelude"].encode())
        piece(c, b"\0" * 8 + b"first,")
    else:
        piece(c, b"first,")
    if "fail" in how:
        for _ in range(64): # more than fits on the way: the client has read some
            piece(c, b"x" * 65536)
        os._exit(1)
    while "endless" in how:
        piece(c, b"x" * 65536)
    piece(c, b"second")
    c.send(b"0\r\n\r\n")
    c.getresponse().read()
`

const prelude = "application/vnd.awslambda.http-integration-response"

// TestStreamingURL: what the function writes reaches the client while it writes.
func TestStreamingURL(t *testing.T) {
	w := newURLWorld(t)
	w.bootstrap(streamer)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll, InvokeMode: lambdatypes.InvokeModeResponseStream})
	w.open()
	for _, c := range []struct {
		name, kind, prelude string
		status              int
		body, contentType   string
	}{
		{"a plain stream", "text/plain", "", 200, "first,second", "text/plain"},
		{"with a prelude", prelude, `{"statusCode": 418, "headers": {"Content-Type": "text/html", "X-A": "b"}, "cookies": ["a=1"]}`, 418, "first,second", "text/html"},
		{"with an empty prelude", prelude, `{}`, 200, "first,second", "application/json"},
		{"with a prelude that is none", prelude, `no JSON`, 502, "Internal Server Error", "application/json"},
		{"with a status that is none", prelude, `{"statusCode": 7}`, 502, "Internal Server Error", "application/json"},
		{"with a prelude without an end", prelude, strings.Repeat(" ", 70_000), 502, "Internal Server Error", "application/json"},
	} {
		query := url.Values{"type": {c.kind}}
		if c.prelude != "" {
			query.Set("prelude", c.prelude)
		}
		if len(c.prelude) > 60_000 {
			query = url.Values{"type": {c.kind}, "endless": {"1"}} // no zero bytes ever come
		}
		r := w.send("", "GET", address+"?"+query.Encode(), "")
		if r.status != c.status || r.body != c.body || r.header.Get("Content-Type") != c.contentType {
			t.Errorf("%s: %d %q %q", c.name, r.status, r.body, r.header.Get("Content-Type"))
		}
		if c.status == 418 && (r.header.Get("X-A") != "b" || r.header.Get("Set-Cookie") != "a=1") {
			t.Errorf("%s: %v", c.name, r.header)
		}
	}
	// The function goes on for as long as the client reads, and the client has its
	// beginning all the same.
	out, err := w.client.Get(address + "?type=text/plain&endless=1")
	if err != nil {
		t.Fatal(err)
	}
	begun := make([]byte, len("first,"))
	if _, err := io.ReadFull(out.Body, begun); err != nil || string(begun) != "first," {
		t.Errorf("%q %v", begun, err)
	}
	_ = out.Body.Close()
	// A function that fails half-way must not look as if it had ended.
	out, err = w.client.Get(address + "?type=text/plain&fail=1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(out.Body); err == nil {
		t.Errorf("a cut answer was taken for whole: %q", got)
	}
	_ = out.Body.Close()
}

// TestBufferedURLOfAStreamingFunction waits for all of it.
func TestBufferedURLOfAStreamingFunction(t *testing.T) {
	w := newURLWorld(t)
	w.bootstrap(streamer)
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll})
	w.open()
	if r := w.send("", "GET", address+"?type=text/plain", ""); r.status != 200 || r.body != "first,second" || r.header.Get("Content-Length") != "12" {
		t.Errorf("%d %v %q", r.status, r.header, r.body)
	}
}

// TestStreamingURLOfAFunctionThatDoesNotStream sends what the function returned as it is.
func TestStreamingURLOfAFunctionThatDoesNotStream(t *testing.T) {
	w := newURLWorld(t)
	w.code("def handler(event, context):\n    if event['rawPath'] == '/fail':\n        raise Exception('no')\n    return {'statusCode': 404}\n")
	address := w.makeURL(lambda.CreateFunctionUrlConfigInput{AuthType: openToAll, InvokeMode: lambdatypes.InvokeModeResponseStream})
	w.open()
	if r := w.send("", "GET", address, ""); r.status != 200 || r.body != `{"statusCode": 404}` || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %q", r.status, r.header, r.body)
	}
	if r := w.send("", "GET", address+"fail", ""); r.status != 502 || r.body != "Internal Server Error" {
		t.Errorf("%d %q", r.status, r.body)
	}
}
