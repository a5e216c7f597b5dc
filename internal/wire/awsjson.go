package wire

import (
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// awsJSON is the protocol JSON 1.1: Logs, and Sallyport's own API. JSON 1.0
// differs in its content type, and in a namespace before the code of errors.
type awsJSON struct {
	plans       *plans
	contentType string
}

// Decode implements Codec. A body that is empty stands for {}.
func (c *awsJSON) Decode(r *http.Request, route Route, body []byte) (any, *api.Error) {
	in := route.Operation.NewInput()
	v := reflect.ValueOf(in).Elem()
	p := c.plans.of(v.Type())
	d := dialectOf(route.Service)
	plain, failure := unpacked(r, body, limits.RequestBody)
	if failure != nil {
		return nil, failure
	}
	if len(plain) > 0 {
		if err := decodeJSON(plain, p, v); err != nil {
			return nil, d.bodyError(plain, err)
		}
	}
	if message := p.validate(v, false); message != "" {
		return nil, d.invalidInput(message)
	}
	return in, nil
}

// Encode implements Codec. Operations without an output answer nothing at all,
// as Logs does.
func (c *awsJSON) Encode(w http.ResponseWriter, o *api.Operation, requestID string, out any) error {
	v, err := outputOf(o, out)
	if err != nil {
		return err
	}
	var body []byte
	if p := c.plans.of(o.Output); len(p.fields) > 0 {
		body = p.appendJSON(make([]byte, 0, 512), v)
	}
	answer(w, statusOf(o), c.contentType, requestID, body)
	return nil
}

// EncodeError implements Codec: the code is the member __type.
func (c *awsJSON) EncodeError(w http.ResponseWriter, _ *api.Service, _ *api.Operation, requestID string, e *api.Error) {
	own := []jsonMember{
		{name: "__type", text: e.Code},
		{name: or(e.MessageMember, "message"), text: e.Message, null: e.NullMessage},
	}
	errorHeaders(w, e)
	answer(w, errorStatus(e), c.contentType, requestID, appendError(nil, own, e.Members))
}
