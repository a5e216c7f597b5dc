package wire

import (
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// query is the protocol query: parameters in, XML out. IAM, STS, SNS, and SQS
// beside its JSON.
type query struct{ plans *plans }

// Decode implements Codec.
func (c *query) Decode(r *http.Request, route Route, body []byte) (any, *api.Error) {
	given, failure := route.parameters(r, body)
	if failure != nil {
		return nil, failure
	}
	in := route.Operation.NewInput()
	v := reflect.ValueOf(in).Elem()
	p := c.plans.of(v.Type())
	if err := p.decodeParams(v, given); err != nil {
		return nil, malformedInput(err.Error())
	}
	if message := p.validate(v, true); message != "" {
		return nil, dialectOf(route.Service).invalidInput(message)
	}
	return in, nil
}

// parameters are those that routing has read, or else those of the request.
func (route Route) parameters(r *http.Request, body []byte) (params, *api.Error) {
	if route.params.all != nil {
		return route.params, nil
	}
	plain, failure := unpacked(r, body, limits.QueryBody)
	if failure != nil {
		return params{}, failure
	}
	return parseParams(r, plain)
}

// Encode implements Codec.
func (c *query) Encode(w http.ResponseWriter, o *api.Operation, requestID string, out any) error {
	v, err := outputOf(o, out)
	if err != nil {
		return err
	}
	p := c.plans.of(o.Output)
	wrapper := o.ResultWrapper
	if wrapper == "" && len(p.fields) > 0 && !isQueryProtocol(o.Service.Protocol) {
		wrapper = o.Name + "Result" // a model of another protocol names none
	}
	x := xmlWriter{b: make([]byte, 0, 1024), query: true}
	x.open(o.Name+"Response", o.Service.Namespace)
	if wrapper != "" {
		x.open(wrapper, "")
	}
	x.structure(p, v)
	if wrapper != "" {
		x.close(wrapper)
	}
	x.open("ResponseMetadata", "")
	x.element("RequestId", requestID)
	x.close("ResponseMetadata")
	x.close(o.Name + "Response")
	answer(w, statusOf(o), xmlType, requestID, x.b)
	return nil
}

// faultNamespace is the namespace of errors when no service is known.
const faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// EncodeError implements Codec.
func (c *query) EncodeError(w http.ResponseWriter, s *api.Service, _ *api.Operation, requestID string, e *api.Error) {
	namespace := faultNamespace
	if s != nil && s.Namespace != "" {
		namespace = s.Namespace
	}
	x := xmlWriter{}
	x.open("ErrorResponse", namespace)
	x.open("Error", "")
	x.element("Type", faultParty(e))
	x.element("Code", queryCode(e))
	if !e.NullMessage {
		x.element("Message", e.Message)
	}
	x.members(e.Members)
	x.close("Error")
	x.element("RequestId", requestID)
	x.close("ErrorResponse")
	errorHeaders(w, e)
	answer(w, errorStatus(e), xmlType, requestID, x.b)
}

// queryCode is the code of an error in the query protocol.
func queryCode(e *api.Error) string { return or(e.QueryCode, e.Code) }

func faultParty(e *api.Error) string {
	if e.Fault == api.Server {
		return "Receiver"
	}
	return "Sender"
}
