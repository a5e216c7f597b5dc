package wire

import (
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// awsJSON are the protocols JSON 1.1 (Logs, and Sallyport's own API) and JSON
// 1.0 (SQS), which differ in the content type and in how they name errors.
type awsJSON struct {
	plans       *plans
	contentType string
	// shapes says that the code of an error is written as its shape's name, and
	// that a header repeats the code of the query protocol: SQS ("Interpreting
	// Amazon SQS JSON API responses"). SDKs that know errors by the older code
	// read the header; that for JavaScript fails without it.
	shapes bool
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

// queryErrorHeader carries an error's code in the query protocol, and its fault.
const queryErrorHeader = "x-amzn-query-error"

// EncodeError implements Codec: the code is the member __type.
func (c *awsJSON) EncodeError(w http.ResponseWriter, s *api.Service, _ *api.Operation, requestID string, e *api.Error) {
	code := e.Code
	if c.shapes {
		if s != nil && s.ID != "" {
			code = "com.amazonaws." + s.ID + "#" + code
		}
		w.Header().Set(queryErrorHeader, queryCode(e)+";"+faultParty(e))
	}
	own := []jsonMember{
		{name: "__type", text: code},
		{name: or(e.MessageMember, "message"), text: e.Message, null: e.NullMessage},
	}
	errorHeaders(w, e)
	answer(w, errorStatus(e), c.contentType, requestID, appendError(nil, own, e.Members))
}
