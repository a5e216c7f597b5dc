package wire

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// Unknown is the answer to a request for an operation that the service does
// not have, in AWS's words, or that Sallyport does not bind, said plainly: both
// name the operation.
func (t *Router) Unknown(route Route, r *http.Request) *api.Error {
	if route.Service.ID == "s3" {
		return unknownToS3(route, r)
	}
	e := notHere(route)
	if route.Unbound {
		e.Message = "Sallyport does not have " + route.Service.ID + ":" + route.Name + " yet."
		if isREST(route.Protocol) {
			e.Status = http.StatusNotImplemented // 404 would read as "no such function"
		}
	}
	return e
}

// unknownToS3 is the answer of S3, in its own words where AWS has the operation
// but not here, and where it has none.
func unknownToS3(route Route, r *http.Request) *api.Error {
	if route.Unbound {
		return api.Newf(http.StatusNotImplemented, "NotImplemented",
			"A header you provided implies functionality that is not implemented: Sallyport does not have s3:%s yet.", cut(route.Name))
	}
	e := api.Newf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	e.Members = map[string]any{"Method": cut(r.Method)}
	return e
}

// notHere is AWS's answer to an operation it does not know.
func notHere(route Route) *api.Error {
	name := cut(route.Name)
	switch p := route.Protocol; {
	case isQueryProtocol(p) && name == "":
		return api.Newf(400, "MissingAction", "The request is missing an action: it has no parameter Action.")
	case p == api.EC2Query: // EC2's error codes, "InvalidAction"
		return api.Newf(400, "InvalidAction", "The action %s is not valid for this web service.", name)
	case isQueryProtocol(p):
		version, given := route.params.child("Version").value()
		if !given {
			version = route.Service.Version
		}
		return api.Newf(400, "InvalidAction", "Could not find operation %s for version %s", name, cut(version))
	case isREST(p):
		return api.Newf(404, "UnknownOperationException", "%s has no operation at %s", route.Service.Name, name)
	}
	if name == "" {
		return api.Newf(400, "UnknownOperationException", "The request names no operation: it has no header %s.", targetHeader)
	}
	return api.Newf(400, "UnknownOperationException", "%s has no operation %s", route.Service.Name, name)
}

// nowhere is the answer when no service can be told, or the one that can is
// not here.
func (t *Router) nowhere(r *http.Request, asked string) *api.Error {
	names := make([]string, len(t.services))
	for i, s := range t.services {
		names[i] = s.ID
	}
	here := strings.Join(names, ", ")
	if signed := scopeService(r); signed != "" && t.signedFor(r, anyProtocol) == nil {
		return api.Newf(501, "UnknownOperationException", "Sallyport does not have the service %s yet. It has: %s.", cut(signed), here)
	}
	return api.Newf(404, "UnknownOperationException", "Sallyport cannot tell which AWS service is asked for by: %s. It has: %s.", cut(asked), here)
}

// cut keeps what a client sent short enough to be repeated to it.
func cut(s string) string {
	const most = 256
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
