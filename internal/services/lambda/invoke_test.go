package lambda

import (
	"encoding/base64"
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
)

func TestInvokeRunsTheFunctionForWhomThePoliciesAllow(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	allowed := w.user(here, "allowed", may("lambda:InvokeFunction", arnOf(here, "f")))
	out, err := w.invoke(allowed, "f", `{"a":[1,2]}`)
	if err != nil {
		t.Fatal(err)
	}
	if string(out.Payload) != `{"a": [1, 2]}` && string(out.Payload) != `{"a":[1,2]}` {
		t.Errorf("payload %s", out.Payload)
	}
	if *out.StatusCode != 200 || *out.ExecutedVersion != "$LATEST" || out.FunctionError != nil || out.LogResult != nil {
		t.Errorf("got %+v", out)
	}
	_, err = w.invoke(w.user(here, "other"), "f", `{}`)
	refused(t, err, 403, "AccessDeniedException", "User: arn:aws:iam::111111111111:user/other is not authorized to perform: lambda:InvokeFunction on resource: "+
		arnOf(here, "f")+" because no identity-based policy allows the lambda:InvokeFunction action")
	_, err = w.invoke(allowed, "f:$LATEST", `{}`)
	refusedLike(t, err, 403, "AccessDeniedException", arnOf(here, "f:$LATEST"))
	_, err = w.invoke(w.user(here, "latest", may("lambda:InvokeFunction", arnOf(here, "f:*"))), "f:$LATEST", `{}`)
	if err != nil {
		t.Errorf("a grant on f:* allows f:$LATEST: %v", err)
	}
}

func TestInvokeOfWhatIsNotThereTellsOnlyThoseWhoMayInvoke(t *testing.T) {
	w := newWorld(t)
	all := w.user(here, "all", may("lambda:InvokeFunction", "*"))
	for name, printed := range map[string]string{"gone": "gone:$LATEST", "gone:7": "gone:7", "gone:prod": "gone:prod"} {
		_, err := w.invoke(all, name, `{}`)
		refused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, printed))
		_, err = w.invoke(w.user(here, "none"), name, `{}`)
		refusedLike(t, err, 403, "AccessDeniedException", "is not authorized to perform: lambda:InvokeFunction on resource: "+arnOf(here, name))
	}
}

func TestDryRunOnlyChecks(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    raise Exception('ran')\n")
	dry := func(as string) *lambdaapi.InvocationRequest {
		return &lambdaapi.InvocationRequest{FunctionName: ptr(as), InvocationType: ptr("DryRun")}
	}
	out := must(w, lambdaapi.Invoke, dry("f"))
	if *out.StatusCode != 204 || out.Payload != nil || out.FunctionError != nil {
		t.Errorf("got %+v", out)
	}
	_, err := call(w, w.user(here, "none"), lambdaapi.Invoke, dry("f"))
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:InvokeFunction")
	_, err = call(w, root, lambdaapi.Invoke, dry("g"))
	refusedLike(t, err, 404, "ResourceNotFoundException", "g:$LATEST")
}

func TestInvokeRefusesPayloadsAsAWSDoes(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	_, err := w.invoke(root, "f", "{not json")
	refusedLike(t, err, 400, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: ")
	_, err = w.invoke(root, "f", `"`+strings.Repeat("x", limits.SyncPayload)+`"`)
	refused(t, err, 413, "RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
	big := &lambdaapi.InvocationRequest{FunctionName: ptr("f"), InvocationType: ptr("Event"), Payload: []byte(`"` + strings.Repeat("x", limits.AsyncPayload) + `"`)}
	_, err = call(w, root, lambdaapi.Invoke, big)
	refusedLike(t, err, 413, "RequestEntityTooLargeException", "is too large for the Event invocation type (limit 1048576 bytes)")
	_, err = call(w, root, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: ptr("f"), ClientContext: ptr("???")})
	refused(t, err, 400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	for _, payload := range []string{"", " \n", "null", "7", `"text"`} {
		if _, err := w.invoke(root, "f", payload); err != nil {
			t.Errorf("payload %q: %v", payload, err)
		}
	}
	out, err := w.invoke(root, "f", "")
	if err != nil || string(out.Payload) != "{}" {
		t.Errorf("no payload is the empty object: got %s, %v", out.Payload, err)
	}
}

func TestFunctionErrorsAreAnswersNotFailures(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    raise ValueError('no luck')\n")
	out, err := w.invoke(root, "f", "{}")
	if err != nil {
		t.Fatal(err)
	}
	if *out.StatusCode != 200 || out.GetFunctionError() != "Unhandled" || !strings.Contains(string(out.Payload), "no luck") || !strings.Contains(string(out.Payload), "ValueError") {
		t.Errorf("got %+v %s", out, out.Payload)
	}
}

func TestTailIsTheEndOfTheLog(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    print('hello from', e['who'])\n")
	out := must(w, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: ptr("f"), LogType: ptr("Tail"), Payload: []byte(`{"who":"me"}`)})
	tail, err := base64.StdEncoding.DecodeString(out.GetLogResult())
	if err != nil || !strings.Contains(string(tail), "hello from me") || !strings.Contains(string(tail), "START RequestId: ") {
		t.Errorf("tail %q, %v", tail, err)
	}
}

func TestContextCarriesRequestIDAndTheARNAsInvoked(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    return [c.aws_request_id, c.invoked_function_arn]\n")
	for _, name := range []string{"f", "f:$LATEST", arnOf(here, "f")} {
		out, err := w.invoke(root, name, "{}")
		want := arnOf(here, "f")
		if strings.HasSuffix(name, "$LATEST") {
			want += ":$LATEST"
		}
		if err != nil || !strings.Contains(string(out.Payload), `"`+want+`"]`) {
			t.Errorf("invoked as %s: got %s, %v", name, out.Payload, err)
		}
	}
}

func TestARuntimeThatIsNotHereIsNamed(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	in := newRequest(t, "j", role, echo)
	in.Runtime = ptr("dotnetcore1.0")
	must(w, lambdaapi.CreateFunction, in)
	w.settled("j")
	_, err := w.invoke(root, "j", "{}")
	refusedLike(t, err, 502, "InvalidRuntimeException", "dotnetcore1.0")
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	reserve := func(n int32) {
		must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: &n})
	}
	reserve(0)
	_, err := w.invoke(root, "f", "{}")
	refused(t, err, 429, "TooManyRequestsException", "Rate Exceeded.")
	reserve(1)
	leave, err := w.lambda.enter(ref{account: here, region: region, name: "f"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.invoke(root, "f", "{}")
	refused(t, err, 429, "TooManyRequestsException", "Rate Exceeded.")
	leave()
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Errorf("with one place free: %v", err)
	}
	_, err = call(w, root, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: ptr(int32(901))})
	refusedLike(t, err, 400, "InvalidParameterValueException", "below its minimum value of [100]")
	reserve(900)
	got := must(w, lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: ptr("f")})
	if *got.Concurrency.ReservedConcurrentExecutions != 900 {
		t.Errorf("got %d", *got.Concurrency.ReservedConcurrentExecutions)
	}
	if u := must(w, lambdaapi.GetAccountSettings, &lambdaapi.GetAccountSettingsRequest{}).AccountLimit.GetUnreservedConcurrentExecutions(); u != 100 {
		t.Errorf("%d unreserved", u)
	}
	must(w, lambdaapi.DeleteFunctionConcurrency, &lambdaapi.DeleteFunctionConcurrencyRequest{FunctionName: ptr("f")})
	if must(w, lambdaapi.GetFunctionConcurrency, &lambdaapi.GetFunctionConcurrencyRequest{FunctionName: ptr("f")}).ReservedConcurrentExecutions != nil {
		t.Error("the reservation is still there")
	}
}
