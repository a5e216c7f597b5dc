package op

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
)

// Allowed asks the gate one more question in the middle of a call: whether its
// caller may also take action on a resource, where AWS narrows an answer in
// place of refusing it (the tags in GetFunction). The question is recorded like
// any other. The need is declared beside the rows, where action literals stand.
func (c *Call) Allowed(ctx context.Context, n Need) bool {
	return c.bus.judge(ctx, c, n) == nil
}

// InternalFailure is what a caller sees of a fault of ours.
func InternalFailure() *api.Error {
	return &api.Error{Code: "InternalFailure", Status: 500, Fault: api.Server, Message: "The request processing has failed because of an unknown error, exception or failure."}
}
