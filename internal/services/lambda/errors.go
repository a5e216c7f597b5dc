package lambda

import (
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

// validation is a refusal in the words of AWS's request validation.
func validation(value, member, constraint string) *api.Error {
	e := api.Newf(400, "ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
	e.MessageMember = "message"
	return e
}

func invalid(format string, args ...any) *api.Error {
	return lambdaapi.NewInvalidParameterValueException(format, args...)
}

func notFound(format string, args ...any) *api.Error {
	return lambdaapi.NewResourceNotFoundException(format, args...)
}

func conflict(format string, args ...any) *api.Error {
	return lambdaapi.NewResourceConflictException(format, args...)
}

// noFunction names what was addressed and is not there.
func noFunction(arn string) *api.Error { return notFound("Function not found: %s", arn) }

func noAlias(arn string) *api.Error { return notFound("Cannot find alias arn: %s", arn) }

// foreign is the refusal of an operation that cannot be called on another
// account's function: AWS gives no text at all (recorded from AWS).
func foreign() *api.Error {
	return &api.Error{Code: "AccessDeniedException", Status: 403, Fault: api.Client, NullMessage: true, MessageMember: "Message"}
}

func accessDenied(text string) *api.Error {
	return &api.Error{Code: "AccessDeniedException", Status: 403, Fault: api.Client, Message: text, MessageMember: "Message"}
}

// WordDenial implements op.Wording: of the actions that know no resource Lambda
// prints the resource "*" (reports of 2019 to 2025), where other services print none.
func (s *Service) WordDenial(text, resource string, _ bool) string {
	if resource != "*" {
		return text
	}
	for _, reason := range []string{" because no ", " with an explicit deny"} {
		if before, after, ok := strings.Cut(text, reason); ok {
			return before + " on resource: *" + reason + after
		}
	}
	return text
}

// notAssumable is the text that clients wait and retry on.
const notAssumable = "The role defined for the function cannot be assumed by Lambda."

// entityTooLarge refuses a payload with the code that clients are seen to get; the
// model's RequestTooLargeException is never seen.
func entityTooLarge(format string, args ...any) *api.Error {
	e := api.Newf(413, "RequestEntityTooLargeException", format, args...)
	e.MessageMember = "Message"
	return e
}

func staleRevision() *api.Error {
	return lambdaapi.NewPreconditionFailedException("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
}

// unavailable refuses a feature that is not here, so that nobody takes its
// silence for support.
func unavailable(what string) *api.Error {
	return invalid("%s is not available: Sallyport refuses it rather than ignore it.", what)
}

func ptr[T any](v T) *T { return &v }

// optional is nil for the zero value: an absent member.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
