package lambda

import (
	"bytes"
	"context"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
)

func TestInvokeAsyncIsAnAsynchronousInvokeUnderAnActionOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.function("f", waitAt+"def handler(e, c):\n    wait('ran-' + e['n'])\n")
	ask := func(name, args string, statements ...string) error {
		c := w.sdk(w.user(here, "who", statements...))
		//lint:ignore SA1019 the deprecated one is meant
		out, err := c.InvokeAsync(context.Background(), &sdk.InvokeAsyncInput{FunctionName: &name, InvokeArgs: bytes.NewReader([]byte(args))})
		if err == nil && out.Status != 202 {
			t.Errorf("status %d", out.Status)
		}
		return err
	}
	granted := may("lambda:InvokeAsync", arnOf(here, "*"))
	if err := ask("f", `{"n":"1"}`, granted); err != nil {
		t.Fatal(err)
	}
	w.gates.arrivals("ran-1", 1)
	w.gates.open("ran-1")
	w.eventually("the event is done", func() bool { return w.lambda.events.Len() == 0 })
	sdkRefused(t, ask("f", `{}`, may("lambda:InvokeFunction", "*")), 403, "AccessDeniedException",
		"User: arn:aws:iam::111111111111:user/who is not authorized to perform: lambda:InvokeAsync on resource: "+arnOf(here, "f")+" because no identity-based policy allows the lambda:InvokeAsync action")
	sdkRefused(t, ask("gone", `{}`, granted), 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "gone:$LATEST"))
	sdkRefused(t, ask(arnOf(there, "f"), `{}`, may("lambda:InvokeAsync", "*")), 403, "AccessDeniedException", "UnknownError") // the SDK's word for a null message
	big := `"` + string(bytes.Repeat([]byte("x"), limits.AsyncPayload)) + `"`
	sdkRefused(t, ask("f", big, granted), 413, "RequestEntityTooLargeException", "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)")
	_, err := call(w, root, lambdaapi.InvokeAsync, &lambdaapi.InvokeAsyncRequest{FunctionName: ptr("f"), InvokeArgs: []byte("{not")})
	refusedLike(t, err, 400, "InvalidRequestContentException", "Could not parse request body into json")
	if n := w.lambda.events.Len(); n != 0 {
		t.Errorf("%d refused events were kept", n)
	}
}
