package lambda

import (
	"context"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
)

// invokeAsync is the deprecated way to invoke asynchronously: Invoke with the type
// Event, but for its action. Whether AWS takes lambda:InvokeFunction for it as well is
// UNCONFIRMED: here only lambda:InvokeAsync lets a caller in. It is not among the
// operations that AWS documents for other accounts.
func (s *Service) invokeAsync(ctx context.Context, c *op.Call, in *lambdaapi.InvokeAsyncRequest) (*lambdaapi.InvokeAsyncResponse, error) {
	o, err := s.ordered(c, &lambdaapi.InvocationRequest{FunctionName: in.FunctionName, InvocationType: ptr("Event"), Payload: in.InvokeArgs})
	if err != nil {
		return nil, err
	}
	if err := s.enqueue(ctx, c, o.ref, o.order); err != nil {
		return nil, err
	}
	return &lambdaapi.InvokeAsyncResponse{Status: ptr(int32(202))}, nil
}
