package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// tellsHow is a function that says as what it was invoked.
const tellsHow = `
def handler(e, c):
    custom = c.client_context.custom if c.client_context else None
    print('told', e, custom)
    return {"version": c.function_version, "arn": c.invoked_function_arn, "custom": custom}
`

type toldOf struct {
	Version, ARN string
	Custom       map[string]string
}

// manyVersions makes a function with the versions 1 and 2, and an alias that sends all
// invokes but none of its main version.
func (w *world) manyVersions(name string) {
	w.Helper()
	w.function(name, tellsHow)
	for range 2 {
		must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: &name})
		must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: &name, Description: ptr("changed")})
		w.settled(name)
	}
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: &name, Name: ptr("plain"), FunctionVersion: ptr("1")})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{
		FunctionName: &name, Name: ptr("weighted"), FunctionVersion: ptr("1"),
		RoutingConfig: &lambdaapi.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 1}},
	})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: &name, Name: ptr("newest"), FunctionVersion: ptr("$LATEST")})
}

// TestWhatRanIsTold: the header names the version that ran, the function's context
// what was addressed; streamed and whole alike.
func TestWhatRanIsTold(t *testing.T) {
	w := newWorld(t)
	w.manyVersions("f")
	client := w.sdk(root)
	for _, c := range []struct{ name, qualifier, version, arn string }{
		{"f", "", "$LATEST", "f"},
		{"f", "$LATEST", "$LATEST", "f:$LATEST"},
		{"f:$LATEST", "", "$LATEST", "f:$LATEST"},
		{arnOf(here, "f"), "1", "1", "f:1"},
		{here + ":function:f:2", "", "2", "f:2"},
		{"f", "plain", "1", "f:plain"},
		{"f:weighted", "weighted", "2", "f:weighted"},
		{"f", "newest", "$LATEST", "f:newest"},
	} {
		in := &sdk.InvokeInput{FunctionName: &c.name, Qualifier: optional(c.qualifier)}
		out, err := client.Invoke(context.Background(), in)
		if err != nil {
			t.Errorf("%s %s: %v", c.name, c.qualifier, err)
			continue
		}
		var told toldOf
		if err := json.Unmarshal(out.Payload, &told); err != nil || *out.ExecutedVersion != c.version || told.Version != c.version || told.ARN != arnOf(here, c.arn) {
			t.Errorf("%s %s: ran %s, told %s, %v", c.name, c.qualifier, *out.ExecutedVersion, out.Payload, err)
		}
		stream, wrote, _ := w.streamed(client, &sdk.InvokeWithResponseStreamInput{FunctionName: in.FunctionName, Qualifier: in.Qualifier})
		if *stream.ExecutedVersion != c.version || wrote != string(out.Payload) {
			t.Errorf("%s %s, streamed: ran %s, told %s", c.name, c.qualifier, *stream.ExecutedVersion, wrote)
		}
	}
	_, err := client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: ptr("f:1"), Qualifier: ptr("2")})
	sdkRefused(t, err, 400, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.")
}

// TestTheClientContextIsForSynchronousInvokes, up to its bound.
func TestTheClientContextIsForSynchronousInvokes(t *testing.T) {
	w := newWorld(t)
	w.logging("f", tellsHow)
	client := w.sdk(root)
	ask := func(kind types.InvocationType, text string) (*sdk.InvokeOutput, error) {
		return client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: ptr("f"), InvocationType: kind, ClientContext: ptr(base64.StdEncoding.EncodeToString([]byte(text)))})
	}
	out, err := ask(types.InvocationTypeRequestResponse, `{"custom":{"a":"b"}}`)
	if err != nil {
		t.Fatal(err)
	}
	var told toldOf
	if err := json.Unmarshal(out.Payload, &told); err != nil || told.Custom["a"] != "b" {
		t.Errorf("told %s, %v", out.Payload, err)
	}
	if _, err := ask(types.InvocationTypeEvent, `{"custom":{"a":"event"}}`); err != nil {
		t.Fatal(err)
	}
	w.eventually("the event ran", func() bool { return strings.Count(strings.Join(w.lines("/aws/lambda/f"), ""), "told ") == 2 })
	if log := strings.Join(w.lines("/aws/lambda/f"), ""); strings.Contains(log, "'event'") {
		t.Errorf("the event's context reached the function: %s", log)
	}
	// 2,685 bytes are 3,580 in base64, one more are 3,584.
	ofSize := func(n int) string {
		return `{"custom":{"a":"` + strings.Repeat("x", n-len(`{"custom":{"a":""}}`)) + `"}}`
	}
	for text, fits := range map[string]bool{ofSize(2685): true, ofSize(2686): false} {
		_, err := ask(types.InvocationTypeDryRun, text)
		if fits && err != nil {
			t.Errorf("%d bytes: %v", len(text), err)
		}
		if !fits {
			sdkRefused(t, err, 400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
		}
	}
}

// TestAcceptedEventsHaveNoAnswer: neither what is accepted nor what was only tried.
func TestAcceptedEventsHaveNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.function("f", tellsHow)
	client := w.sdk(root)
	for kind, status := range map[types.InvocationType]int32{types.InvocationTypeEvent: 202, types.InvocationTypeDryRun: 204} {
		out, err := client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: ptr("f"), InvocationType: kind, LogType: types.LogTypeTail})
		if err != nil || out.StatusCode != status || len(out.Payload) != 0 || out.ExecutedVersion != nil || out.LogResult != nil || out.FunctionError != nil {
			t.Errorf("%s: %+v, %v", kind, out, err)
		}
	}
}

// TestPayloadsThatAreTooLarge, of every kind of invoke; one of exactly the bound runs.
func TestPayloadsThatAreTooLarge(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    return len(e)\n")
	client := w.sdk(root)
	ofSize := func(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }
	const sync = "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
	ask := func(kind types.InvocationType, n int) error {
		_, err := client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: ptr("f"), InvocationType: kind, Payload: ofSize(n)})
		return err
	}
	for _, n := range []int{limits.SyncPayload + 1, 9 << 20} {
		sdkRefused(t, ask("", n), 413, "RequestEntityTooLargeException", sync)
	}
	sdkRefused(t, ask(types.InvocationTypeEvent, limits.AsyncPayload+1), 413, "RequestEntityTooLargeException", "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)")
	for kind, n := range map[types.InvocationType]int{types.InvocationTypeRequestResponse: limits.SyncPayload, types.InvocationTypeEvent: limits.AsyncPayload} {
		if err := ask(kind, n); err != nil {
			t.Errorf("%s of %d bytes: %v", kind, n, err)
		}
	}
	_, err := client.InvokeWithResponseStream(context.Background(), &sdk.InvokeWithResponseStreamInput{FunctionName: ptr("f"), Payload: ofSize(limits.SyncPayload + 1)})
	sdkRefused(t, err, 413, "RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeWithResponseStream operation")
}

// TestASettingIsOfOneQualifier: what is set for an alias is not for the version it
// means, nor for the function; the function and $LATEST share theirs.
func TestASettingIsOfOneQualifier(t *testing.T) {
	w := newWorld(t)
	w.manyVersions("f")
	client, ctx := w.sdk(root), context.Background()
	put := func(qualifier string, retries int32) {
		out, err := client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: ptr("f"), Qualifier: optional(qualifier), MaximumRetryAttempts: &retries})
		if err != nil || *out.FunctionArn != arnOf(here, "f:"+settingsName(qualifier)) {
			t.Fatalf("%q: %+v, %v", qualifier, out, err)
		}
	}
	get := func(qualifier string) (*sdk.GetFunctionEventInvokeConfigOutput, error) {
		return client.GetFunctionEventInvokeConfig(ctx, &sdk.GetFunctionEventInvokeConfigInput{FunctionName: ptr("f"), Qualifier: optional(qualifier)})
	}
	put("plain", 1)
	for _, other := range []string{"", "$LATEST", "1", "weighted"} {
		_, err := get(other)
		sdkRefused(t, err, 404, "ResourceNotFoundException", "The function "+arnOf(here, "f:"+settingsName(other))+" doesn't have an EventInvokeConfig")
	}
	put("", 0)
	for qualifier, retries := range map[string]int32{"": 0, "$LATEST": 0, "plain": 1} {
		if out, err := get(qualifier); err != nil || *out.MaximumRetryAttempts != retries {
			t.Errorf("%q: %+v, %v", qualifier, out, err)
		}
	}
	for qualifier, retries := range map[string]int{"": 0, latest: 0, "plain": 1, "1": limits.AsyncRetries, "weighted": limits.AsyncRetries} {
		if got := w.lambda.rules(fRef.with(qualifier)).retries; got != retries {
			t.Errorf("an event of %q is tried %d more times, want %d", qualifier, got, retries)
		}
	}
	for _, gone := range []string{"none", "9"} {
		_, err := client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: ptr("f"), Qualifier: &gone, MaximumRetryAttempts: ptr(int32(1))})
		sdkRefused(t, err, 404, "ResourceNotFoundException", "The function doesn't exist.")
	}
	if all, err := client.ListFunctionEventInvokeConfigs(ctx, &sdk.ListFunctionEventInvokeConfigsInput{FunctionName: ptr("f")}); err != nil || len(all.FunctionEventInvokeConfigs) != 2 {
		t.Errorf("listed %+v, %v", all, err)
	}
	// A setting dies with its alias.
	must(w, lambdaapi.DeleteAlias, &lambdaapi.DeleteAliasRequest{FunctionName: ptr("f"), Name: ptr("plain")})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr("plain"), FunctionVersion: ptr("1")})
	_, err := get("plain")
	sdkRefused(t, err, 404, "ResourceNotFoundException", "The function "+arnOf(here, "f:plain")+" doesn't have an EventInvokeConfig")
}

// TestALoopOfStreamsIsRefused like one of whole answers, and may be allowed.
func TestALoopOfStreamsIsRefused(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	ask := func(parent string) (*lambdaapi.InvokeWithResponseStreamResponse, error) {
		as := op.As{Caller: root, Region: region, RequestID: fmt.Sprint(parent, "+"), Parent: parent}
		return op.Do(context.Background(), w.bus, as, lambdaapi.InvokeWithResponseStream, &lambdaapi.InvokeWithResponseStreamRequest{FunctionName: ptr("f")})
	}
	w.lambda.lineages.note("r", lineage{arnOf(here, "f"): limits.LoopRuns - 1})
	out, err := ask("r")
	if err != nil {
		t.Fatal(err)
	}
	out.EventStream.Body.Close()
	_, err = ask("r+")
	refusedLike(t, err, 400, "RecursiveInvocationException", "recursive loop")
	must(w, lambdaapi.PutFunctionRecursionConfig, &lambdaapi.PutFunctionRecursionConfigRequest{FunctionName: ptr("f"), RecursiveLoop: ptr("Allow")})
	if out, err = ask("r+"); err != nil {
		t.Fatal(err)
	}
	out.EventStream.Body.Close()
}

// TestAnAnswerIsJSONAsItIs: content type, length and the header of a failure, which
// clients without an SDK read.
func TestAnAnswerIsJSONAsItIs(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    if e == 'fail':\n        raise ValueError('no')\n    return 'ü'\n")
	client := w.sdk(root)
	for payload, failure := range map[string]string{`"ok"`: "", `"fail"`: "Unhandled"} {
		out, err := client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: ptr("f"), Payload: []byte(payload)})
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
		var h http.Header
		if raw != nil {
			h = raw.Header
		}
		if h.Get("Content-Type") != "application/json" || h.Get("X-Amz-Function-Error") != failure || h.Get("X-Amz-Executed-Version") != "$LATEST" || h.Get("Content-Length") != fmt.Sprint(len(out.Payload)) {
			t.Errorf("%s: %v", payload, h)
		}
	}
}
