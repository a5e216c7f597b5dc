package wire

import (
	"fmt"
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// restJSON is the protocol rest-json: Lambda.
type restJSON struct{ plans *plans }

const jsonType = "application/json"

// Decode implements Codec. A blob that is the whole body is the body itself,
// not a copy.
func (c *restJSON) Decode(r *http.Request, route Route, body []byte) (any, *api.Error) {
	in := route.Operation.NewInput()
	v := reflect.ValueOf(in).Elem()
	p := c.plans.of(v.Type())
	d := dialectOf(route.Service)
	if err := p.decodeBindings(v, r, route.Labels); err != nil {
		return nil, d.bodyError(nil, err)
	}
	if failure := p.decodeBody(v, r, body, d); failure != nil {
		return nil, failure
	}
	if message := p.validate(v, false); message != "" {
		return nil, d.invalidInput(message)
	}
	return in, nil
}

func (p *plan) decodeBody(v reflect.Value, r *http.Request, body []byte, d dialect) *api.Error {
	from, into := p, v
	switch {
	case p.payload == nil && len(p.body) == 0:
		return nil // whatever was sent, nobody asked for it
	case p.payload != nil && p.payload.kind == blobKind:
		if len(body) > 0 {
			v.Field(p.payload.index).SetBytes(body)
		}
		return nil
	}
	plain, failure := unpacked(r, body, limits.CodeRequestBody)
	if failure != nil || len(plain) == 0 {
		return failure
	}
	if p.payload != nil {
		into = target(v.Field(p.payload.index))
		if p.payload.kind == stringKind {
			if err := p.payload.setText(into, string(plain)); err != nil {
				return d.bodyError(plain, err)
			}
			return nil
		}
		from = p.payload.fields
	}
	if err := decodeJSON(plain, from, into); err != nil {
		return d.bodyError(plain, err)
	}
	return nil
}

// Encode implements Codec.
func (c *restJSON) Encode(w http.ResponseWriter, o *api.Operation, requestID string, out any) error {
	v, err := outputOf(o, out)
	if err != nil {
		return err
	}
	p := c.plans.of(o.Output)
	status := p.encodeBindings(w.Header(), o, v)
	if p.payload != nil && p.payload.kind == streamKind {
		w.Header().Set(requestIDHeader, requestID)
		SendStream(w, status, v.Field(p.payload.index).Interface().(*api.Stream))
		return nil
	}
	body, contentType := p.restJSONBody(v)
	if w.Header().Get("Content-Type") != "" {
		contentType = "" // a member says what the body is
	}
	answer(w, status, contentType, requestID, body)
	return nil
}

// restJSONBody is the body of an answer: the payload member if there is one,
// a blob as it is, else the members that are nowhere else. A blob counts as
// JSON unless a header member says what it is: it is the answer of a function.
func (p *plan) restJSONBody(v reflect.Value) (body []byte, contentType string) {
	if p.payload == nil {
		return p.appendJSON(make([]byte, 0, 512), v), jsonType
	}
	value, present := source(v.Field(p.payload.index))
	switch {
	case !present:
		return nil, jsonType
	case p.payload.kind == blobKind:
		return value.Bytes(), jsonType
	case p.payload.kind == stringKind:
		return []byte(value.String()), "text/plain"
	}
	return p.payload.appendJSON(make([]byte, 0, 512), value), jsonType
}

// outputOf is the struct behind a handler's answer.
func outputOf(o *api.Operation, out any) (reflect.Value, error) {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Type() != o.Output {
		return v, fmt.Errorf("wire: the answer of %s is a %T, not a *%v", o.Name, out, o.Output)
	}
	return v.Elem(), nil
}

// EncodeError implements Codec. The code stands in a header; the member of the
// text and Lambda's Type are the error's own (facts/README.md).
func (c *restJSON) EncodeError(w http.ResponseWriter, _ *api.Service, _ *api.Operation, requestID string, e *api.Error) {
	var own []jsonMember
	if e.Typed {
		own = append(own, jsonMember{name: "Type", text: faultType(e)})
	}
	own = append(own, jsonMember{name: or(e.MessageMember, "message"), text: e.Message, null: e.NullMessage})
	errorHeaders(w, e)
	w.Header().Set("x-amzn-ErrorType", e.Code)
	answer(w, errorStatus(e), jsonType, requestID, appendError(nil, own, e.Members))
}

func faultType(e *api.Error) string {
	if e.Fault == api.Server {
		return "Server"
	}
	return "User"
}
