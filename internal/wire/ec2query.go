package wire

import (
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
)

// ec2Query is the protocol ec2 (Smithy, "AWS EC2 query protocol"): parameters as
// in the protocol query, but that members are named in their own way and no list
// has an element round it; answers without a result in the response; and errors in
// a list of their own.
type ec2Query struct{ plans *plans }

// Decode implements Codec. No front end checks inputs: EC2 words every refusal of
// a value itself.
func (c *ec2Query) Decode(r *http.Request, route Route, body []byte) (any, *api.Error) {
	given, failure := route.parameters(r, body)
	if failure != nil {
		return nil, failure
	}
	given.flat = true
	in := route.Operation.NewInput()
	v := reflect.ValueOf(in).Elem()
	if err := c.plans.of(v.Type()).decodeParams(v, given); err != nil {
		return nil, api.Newf(400, "InvalidParameterValue", "%s", err)
	}
	return in, nil
}

// xmlHead begins every body of EC2.
const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// Encode implements Codec.
func (c *ec2Query) Encode(w http.ResponseWriter, o *api.Operation, requestID string, out any) error {
	v, err := outputOf(o, out)
	if err != nil {
		return err
	}
	x := xmlWriter{b: append(make([]byte, 0, 1024), xmlHead...), millis: true}
	x.open(o.Name+"Response", o.Service.Namespace)
	x.element("requestId", requestID)
	x.structure(c.plans.of(o.Output), v)
	x.close(o.Name + "Response")
	answer(w, statusOf(o), ec2Type, requestID, x.b)
	return nil
}

const ec2Type = "text/xml;charset=UTF-8"

// EncodeError implements Codec. Errors have no namespace, and spell RequestID.
func (c *ec2Query) EncodeError(w http.ResponseWriter, _ *api.Service, _ *api.Operation, requestID string, e *api.Error) {
	x := xmlWriter{b: []byte(xmlHead)}
	x.open("Response", "")
	x.open("Errors", "")
	x.open("Error", "")
	x.element("Code", e.Code)
	x.element("Message", e.Message)
	x.members(e.Members)
	x.close("Error")
	x.close("Errors")
	x.element("RequestID", requestID)
	x.close("Response")
	errorHeaders(w, e)
	answer(w, errorStatus(e), ec2Type, requestID, x.b)
}
