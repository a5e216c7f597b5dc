package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"reflect"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// restXML is the protocol rest-xml as S3 speaks it.
type restXML struct{ plans *plans }

const s3XMLType = "application/xml"

// xmlDeclaration stands before every body.
const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// Decode implements Codec. Content-Encoding is a property of the object, so no
// body is unpacked; a stream is left to SetStream.
func (c *restXML) Decode(r *http.Request, route Route, body []byte) (any, *api.Error) {
	if key := route.Labels["Key"]; len(key) > limits.ObjectKey {
		return nil, keyTooLong(key)
	}
	in := route.Operation.NewInput()
	v := reflect.ValueOf(in).Elem()
	p := c.plans.of(v.Type())
	if err := p.decodeBindings(v, r, route.Labels); err != nil {
		return nil, badArgument(r, err)
	}
	if failure := p.decodeXMLBody(v, body); failure != nil {
		return nil, failure
	}
	if message := p.validate(v, false); message != "" {
		return nil, api.Newf(http.StatusBadRequest, "InvalidArgument", "%s", message)
	}
	return in, nil
}

func (p *plan) decodeXMLBody(v reflect.Value, body []byte) *api.Error {
	if p.payload == nil || p.payload.kind == streamKind || len(body) == 0 {
		return nil
	}
	into := target(v.Field(p.payload.index))
	var err error
	if p.payload.kind == structKind {
		err = decodeXML(body, p.payload.name, p.payload.fields, into)
	} else {
		err = p.payload.setText(into, string(body))
	}
	if err != nil {
		e := api.Newf(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
		e.Cause = err
		return e
	}
	return nil
}

// badArgument is the answer to a parameter or header of the wrong type.
func badArgument(r *http.Request, err error) *api.Error {
	var b *bindingError
	if !errors.As(err, &b) || b.in == inPath {
		return api.Newf(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	given := r.Header.Get(b.name)
	if b.in == inQuery {
		given = queryOf(r).Get(b.name)
	}
	text := "Invalid Argument"
	if b.kind == integerKind || b.kind == longKind {
		text = "Provided " + b.name + " not an integer or within integer range"
	}
	e := api.Newf(http.StatusBadRequest, "InvalidArgument", "%s", text)
	e.Members = map[string]any{"ArgumentName": b.name, "ArgumentValue": cut(given)}
	return e
}

// Encode implements Codec. An answer that says which part of an object it has is
// a partial one; nothing else changes the status of a success.
func (c *restXML) Encode(w http.ResponseWriter, o *api.Operation, requestID string, out any) error {
	v, err := outputOf(o, out)
	if err != nil {
		return err
	}
	p := c.plans.of(o.Output)
	h := w.Header()
	s3IDs(h, requestID)
	status := p.encodeBindings(h, o, v)
	if status == http.StatusOK && h.Get("Content-Range") != "" {
		status = http.StatusPartialContent
	}
	switch {
	case p.payload != nil && p.payload.kind == streamKind:
		SendStream(w, status, v.Field(p.payload.index).Interface().(*api.Stream))
	case o.Method == http.MethodHead:
		w.WriteHeader(status) // Content-Length is a member, and speaks of the object
	default:
		body, contentType := p.xmlBody(o, v)
		send(w, status, contentType, body)
	}
	return nil
}

// xmlBody is the body of an answer, empty for operations that answer nothing.
func (p *plan) xmlBody(o *api.Operation, v reflect.Value) (body []byte, contentType string) {
	x := xmlWriter{b: append(make([]byte, 0, 1024), xmlDeclaration...), millis: true}
	if p.payload != nil {
		value, present := source(v.Field(p.payload.index))
		if !present {
			return nil, ""
		}
		if p.payload.kind != structKind {
			return p.payload.appendText(nil, value), jsonType // a bucket's policy
		}
		x.open(p.payload.name, o.Service.Namespace)
		x.structure(p.payload.fields, value)
		x.close(p.payload.name)
		return x.b, s3XMLType
	}
	if len(p.body) == 0 {
		return nil, ""
	}
	root := or(o.ResultWrapper, o.Name+"Result")
	x.open(root, o.Service.Namespace)
	if only := p.body[root]; only != nil && only.kind < listKind {
		// GetBucketLocation: the root element is the member itself.
		if value, present := source(v.Field(only.index)); present {
			x.text(string(only.appendText(nil, value)))
		}
	} else {
		x.structure(p, v)
	}
	x.close(root)
	return x.b, s3XMLType
}

// EncodeError implements Codec. Nothing that answers HEAD, and no 304, has a body.
func (c *restXML) EncodeError(w http.ResponseWriter, _ *api.Service, o *api.Operation, requestID string, e *api.Error) {
	h := w.Header()
	s3IDs(h, requestID)
	errorHeaders(w, e)
	status := errorStatus(e)
	if e.Status >= 300 && e.Status < 400 {
		status = e.Status // "not modified" and "look elsewhere" are errors of S3's
	}
	if o != nil && o.Method == http.MethodHead || status == http.StatusNotModified {
		if status != http.StatusNotModified {
			h.Set("Content-Type", s3XMLType)
		}
		w.WriteHeader(status)
		return
	}
	code, message := e.Code, e.Message
	if code == "InternalFailure" {
		code, message = "InternalError", "We encountered an internal error. Please try again." // S3's own ("List of error codes")
	}
	x := xmlWriter{b: []byte(xmlDeclaration)}
	x.open("Error", "")
	x.element("Code", code)
	if !e.NullMessage {
		x.element("Message", message)
	}
	x.members(e.Members)
	x.element("RequestId", requestID)
	x.element("HostId", hostID(requestID))
	x.close("Error")
	send(w, status, s3XMLType, x.b)
}

// s3IDs sets S3's two names of a request.
func s3IDs(h http.Header, requestID string) {
	h.Set("x-amz-request-id", requestID)
	h.Set("x-amz-id-2", hostID(requestID))
}

// hostID is opaque on AWS: which machine answered. There is one here, and the id
// is only as unlike others as the request's.
func hostID(requestID string) string {
	sum := sha256.Sum256([]byte(requestID))
	return base64.StdEncoding.EncodeToString(sum[:])
}
