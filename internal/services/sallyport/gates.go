package sallyport

import (
	"slices"
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
// that names it; those that Lambda makes with the role lack it, and come from no
// address, since no client sent them; Lambda takes on the execution role for a function, and a
// caller passes the role to Lambda when the function is made.
func gateOf(r *trail.Record) gateName {
	service, name, _ := strings.Cut(r.Action, ":")
	_, byFunction := r.Context[api.KeySourceFunctionARN]
	_, bySomebody := r.Context["aws:SourceIp"]
	byPlatform := r.Principal.Kind == policy.RoleSession && !bySomebody && slices.Equal(r.Context["aws:ViaAWSService"], []string{"false"})
	lambda := r.Principal.Kind == policy.Service && strings.HasPrefix(r.Principal.Service, lambdaapi.Service.ID+".")
	switch {
	case byFunction, byPlatform, lambda && service == "sts", r.Service == lambdaapi.Service.ID && name == "PassRole":
		return roleGate
	case service == lambdaapi.Service.ID && strings.HasPrefix(name, "Invoke"):
		return invokeGate
	}
	return ""
}
