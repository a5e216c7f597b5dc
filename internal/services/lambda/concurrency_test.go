package lambda

import (
	"context"
	"errors"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

// TestReservedConcurrencyIsExact: of 64 invokes at once of a function that reserves
// ten, ten run, and the rest is told why it does not, in AWS's words. Those that run
// hold until all others were told.
func TestReservedConcurrencyIsExact(t *testing.T) {
	w := newWorld(t)
	w.function("f", waitAt+"def handler(e, c):\n    wait('told')\n    return 'ran'\n")
	must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: ptr(int32(10))})
	client := w.sdk(root)
	const callers, reserved = 64, 10
	results := make(chan error, callers)
	var wg sync.WaitGroup
	for range callers / 2 {
		own := w.sdk(root) // the SDK's decoder of streams is not for two at once
		wg.Go(func() { results <- invokeBuffered(client) })
		wg.Go(func() { results <- invokeStreamed(own) })
	}
	for range callers - reserved {
		throttledByReserve(t, <-results)
	}
	w.gates.arrivals("told", reserved)
	w.gates.open("told")
	wg.Wait()
	for range reserved {
		if err := <-results; err != nil {
			t.Errorf("one of the ten: %v", err)
		}
	}
	// All places are free again.
	if err := invokeBuffered(client); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func invokeBuffered(c *sdk.Client) error {
	out, err := c.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: ptr("f")})
	if err == nil && (out.FunctionError != nil || string(out.Payload) != `"ran"`) {
		err = errors.New("the function answered " + string(out.Payload))
	}
	return err
}

func invokeStreamed(c *sdk.Client) error {
	out, err := c.InvokeWithResponseStream(context.Background(), &sdk.InvokeWithResponseStreamInput{FunctionName: ptr("f")})
	if err != nil {
		return err
	}
	defer out.GetStream().Close()
	for event := range out.GetStream().Events() {
		if last, ok := event.(*types.InvokeWithResponseStreamResponseEventMemberInvokeComplete); ok && last.Value.ErrorCode != nil {
			err = errors.New("the function ended with " + *last.Value.ErrorCode)
		}
	}
	return errors.Join(err, out.GetStream().Err())
}

// throttledByReserve wants the 429 of a function that is at its reserved concurrency.
func throttledByReserve(t *testing.T, err error) {
	t.Helper()
	var e *types.TooManyRequestsException
	if !errors.As(err, &e) {
		t.Errorf("want a 429, got %v", err)
		return
	}
	sdkRefused(t, err, 429, "TooManyRequestsException", "Rate Exceeded.")
	if e.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || *e.Type != "User" || e.RetryAfterSeconds == nil {
		t.Errorf("reason %s, type %s, retry after %v", e.Reason, *e.Type, e.RetryAfterSeconds)
	}
}
