package wire

import (
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// What the REST protocols put beside the body: path labels, the query string,
// headers and the status.

// decodeBindings fills the members that are not in the body. The error is a
// mismatch.
func (p *plan) decodeBindings(v reflect.Value, r *http.Request, labels map[string]string) error {
	var parameters url.Values
	for i := range p.fields {
		f := &p.fields[i]
		var err error
		switch f.in {
		case inPath:
			if text, ok := labels[f.name]; ok {
				err = f.setText(target(v.Field(i)), text)
			}
		case inQuery:
			if parameters == nil {
				if parameters, err = parseQuery(r.URL.RawQuery); err != nil {
					return err
				}
			}
			err = f.fromQuery(v.Field(i), parameters)
		case inHeader:
			err = f.fromHeader(v.Field(i), r.Header)
		case inHeaders:
			err = f.fromHeaders(v.Field(i), r.Header)
		}
		if err != nil {
			return &bindingError{f, err}
		}
	}
	return nil
}

// bindingError says which member could not be read.
type bindingError struct {
	*field
	cause error
}

func (e *bindingError) Error() string { return e.cause.Error() }

// parseQuery reads a query string, bounded.
func parseQuery(raw string) (url.Values, error) {
	if strings.Count(raw, "&") >= limits.QueryParameters {
		return nil, mismatch("The request has more than " + itoa(limits.QueryParameters) + " parameters")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, mismatch("The query string contains a syntax error")
	}
	return values, nil
}

// fromQuery reads a member from the query string: the first value of a scalar,
// all of a list, and for a map every parameter.
func (f *field) fromQuery(v reflect.Value, parameters url.Values) error {
	if f.kind == mapKind {
		return f.allParameters(v, parameters)
	}
	given, ok := parameters[f.name]
	if !ok {
		return nil
	}
	if f.kind == listKind {
		return f.setTexts(v, given)
	}
	return f.setText(target(v), given[0])
}

func (f *field) setTexts(v reflect.Value, texts []string) error {
	list := reflect.MakeSlice(f.typ, len(texts), len(texts))
	for i, text := range texts {
		if err := f.elem.setText(target(list.Index(i)), text); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (f *field) allParameters(v reflect.Value, parameters url.Values) error {
	m := reflect.MakeMap(f.typ)
	for name, given := range parameters {
		value := reflect.New(f.typ.Elem()).Elem()
		if f.elem.kind == listKind {
			inner := field{shape: *f.elem}
			if err := inner.setTexts(value, given); err != nil {
				return err
			}
		} else if err := f.elem.setText(target(value), given[0]); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(name), value)
	}
	v.Set(m)
	return nil
}

func (f *field) fromHeader(v reflect.Value, h http.Header) error {
	given, ok := h[textproto.CanonicalMIMEHeaderKey(f.name)]
	if !ok {
		return nil
	}
	if f.kind != listKind {
		return f.setText(target(v), given[0])
	}
	var texts []string
	for _, line := range given {
		for text := range strings.SplitSeq(line, ",") {
			texts = append(texts, strings.TrimSpace(text))
		}
	}
	return f.setTexts(v, texts)
}

// fromHeaders reads the headers that begin with the member's name.
func (f *field) fromHeaders(v reflect.Value, h http.Header) error {
	m := reflect.MakeMap(f.typ)
	prefix := strings.ToLower(f.name)
	for name, given := range h {
		rest, ok := strings.CutPrefix(strings.ToLower(name), prefix)
		if !ok {
			continue
		}
		value := reflect.New(f.typ.Elem()).Elem()
		// A header given twice is one with both values (RFC 9110).
		if err := f.elem.setText(target(value), strings.Join(given, ",")); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(rest), value)
	}
	if m.Len() > 0 {
		v.Set(m)
	}
	return nil
}

// encodeBindings sets headers and gives the status of an answer.
func (p *plan) encodeBindings(h http.Header, o *api.Operation, v reflect.Value) (status int) {
	status = statusOf(o)
	for i := range p.fields {
		f := &p.fields[i]
		if f.in != inHeader && f.in != inHeaders && f.in != inStatus {
			continue
		}
		value, present := source(v.Field(i))
		if !present {
			continue
		}
		switch f.in {
		case inStatus:
			if n := int(value.Int()); n >= 200 && n <= 599 {
				status = n
			}
		case inHeader:
			h.Set(f.name, f.headerText(value))
		case inHeaders:
			for _, key := range sortedKeys(value) {
				// Not h.Set, which would write capitals: boto3 gives user metadata the
				// names that it reads, and S3 writes them in small letters.
				h[f.name+key.String()] = []string{string(f.elem.appendText(nil, value.MapIndex(key)))}
			}
		}
	}
	return status
}

func (f *field) headerText(v reflect.Value) string {
	if f.kind != listKind {
		return string(f.appendText(nil, v))
	}
	texts := make([]string, v.Len())
	for i := range texts {
		texts[i] = string(f.elem.appendText(nil, v.Index(i)))
	}
	return strings.Join(texts, ", ")
}
