package sts

import (
	"github.com/sallyport/sallyport/internal/api"
)

// Errors AWS answers without declaring them in its model (recorded from AWS,
// or seen in public reports; where a text is ours the function says so).

func accessDenied(text string) *api.Error { return api.Newf(403, "AccessDenied", "%s", text) }

func validationError(format string, args ...any) *api.Error {
	return api.Newf(400, "ValidationError", format, args...)
}

func invalidParameter(text string) *api.Error {
	return api.Newf(400, "InvalidParameterValue", "%s", text)
}

// rootMayNot is the refusal of root users, whatever the role says.
func rootMayNot() *api.Error {
	return accessDenied("Roles may not be assumed by root accounts.")
}

// notAuthorized is the text of a refused AssumeRole, for a role that vanished
// after its trust policy was judged.
func notAuthorized(caller, role string) *api.Error {
	return accessDenied("User: " + caller + " is not authorized to perform: sts:AssumeRole on resource: " + role)
}

func malformedPolicy(text string) *api.Error {
	return api.Newf(400, "MalformedPolicyDocument", "%s", text)
}

func packedTooLarge(format string, args ...any) *api.Error {
	return api.Newf(400, "PackedPolicyTooLarge", format, args...)
}
