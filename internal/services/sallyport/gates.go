package sallyport

import (
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// gateName is at which of a function's two gates a question was asked; empty
// for calls that concern no running function.
type gateName string

const (
	// invokeGate: who may invoke the function.
	invokeGate gateName = "invoke gate"
	// roleGate: which role the function gets, and what it may do with it.
	roleGate gateName = "role gate"
)

// says describes the gate to a person.
func (g gateName) says() string {
	switch g {
	case invokeGate:
		return "the invoke gate: who may invoke a function"
	case roleGate:
		return "the role gate: what a function may do with its execution role"
	}
	return ""
}

// gateOf finds the gate of a question. A function's own calls carry the key
// that names it; Lambda takes on the execution role for a function, and a
// caller passes the role to Lambda when the function is made.
func gateOf(r *trail.Record) gateName {
	service, name, _ := strings.Cut(r.Action, ":")
	_, byFunction := r.Context[api.KeySourceFunctionARN]
	lambda := r.Principal.Kind == policy.Service && strings.HasPrefix(r.Principal.Service, lambdaapi.Service.ID+".")
	switch {
	case byFunction, lambda && service == "sts", r.Service == lambdaapi.Service.ID && name == "PassRole":
		return roleGate
	case service == lambdaapi.Service.ID && strings.HasPrefix(name, "Invoke"):
		return invokeGate
	}
	return ""
}
