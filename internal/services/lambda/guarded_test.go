package lambda

import (
	"slices"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

func TestGuardedFunctionsAreThoseWithAPolicy(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	w.function("g", echo)
	if got := w.lambda.Guarded(); len(got) != 0 {
		t.Errorf("nobody was let in, but %q are guarded", got)
	}
	w.permit("f", "s", "lambda:InvokeFunction", "sns.amazonaws.com")
	if got := w.lambda.Guarded(); !slices.Equal(got, []string{arnOf(here, "f")}) {
		t.Errorf("got %q", got)
	}
	must(w, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: ptr("f"), StatementId: ptr("s")})
	if got := w.lambda.Guarded(); len(got) != 0 {
		t.Errorf("a policy without statements guards %q", got)
	}
}
