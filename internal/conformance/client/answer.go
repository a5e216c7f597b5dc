package client

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// Answer is what came back. A refusal has a Code.
type Answer struct {
	Status  int
	Code    string
	Message string
	// NullMessage says that a refusal came without any text.
	NullMessage bool
	// Out are the members of a success.
	Out       map[string]any
	Header    http.Header
	Body      string
	RequestID string
}

// answer is one as it came.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) plain() *Answer {
	return &Answer{Status: a.status, Header: a.header, Body: string(a.body), RequestID: a.requestID(), Code: a.headerCode()}
}

func (a *answer) requestID() string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if v := a.header.Get(name); v != "" {
			return v
		}
	}
	return ""
}

func (a *answer) headerCode() string {
	code, _, _ := strings.Cut(a.header.Get("X-Amzn-Errortype"), ":")
	return code
}

// read makes the answer of an operation.
func (a *answer) read(o *api.Operation) (*Answer, error) {
	out := a.plain()
	out.Code = ""
	if a.status >= 300 {
		a.refusal(out)
		return out, nil
	}
	out.Out = map[string]any{}
	switch o.Service.Protocol {
	case api.Query, api.EC2Query, api.RESTXML:
		root, err := readXML(a.body)
		if err != nil {
			break // it has no body, or one that is an object's
		}
		if o.ResultWrapper != "" && o.Service.Protocol == api.Query {
			root = root.child(o.ResultWrapper)
		}
		if v, ok := fromXML(o.Output, root, member{}).(map[string]any); ok {
			out.Out = v
		}
	default:
		var v any
		if json.Unmarshal(a.body, &v) == nil {
			if m, ok := v.(map[string]any); ok {
				out.Out = m
			}
		}
	}
	a.rest(o, out)
	return out, nil
}

// rest reads what the REST protocols put beside the body.
func (a *answer) rest(o *api.Operation, out *Answer) {
	if o.Service.Protocol != api.RESTJSON && o.Service.Protocol != api.RESTXML {
		return
	}
	for name, m := range members(o.Output) {
		switch m.in {
		case "header":
			if v := a.header.Get(m.name); v != "" {
				out.Out[name] = v
			}
		case "status":
			out.Out[name] = float64(a.status)
		case "payload":
			clear(out.Out)
			out.Out[name] = string(a.body)
			a.rest(withoutPayload(o), out)
			return
		}
	}
}

// withoutPayload is the operation as far as it concerns headers.
func withoutPayload(o *api.Operation) *api.Operation {
	var fields []reflect.StructField
	for i := range o.Output.NumField() {
		if f := o.Output.Field(i); !strings.Contains(f.Tag.Get("aws"), "in=payload") {
			fields = append(fields, f)
		}
	}
	changed := *o
	changed.Output = reflect.StructOf(fields)
	return &changed
}

// refusal reads the code and the text in every protocol's form.
func (a *answer) refusal(out *Answer) {
	out.Code = a.headerCode()
	var body map[string]any
	if json.Unmarshal(a.body, &body) == nil {
		for _, name := range []string{"__type", "code", "Code"} {
			if s, ok := body[name].(string); ok && out.Code == "" {
				out.Code = s[strings.LastIndexByte(s, '#')+1:]
			}
		}
		out.NullMessage = true
		for _, name := range []string{"message", "Message"} {
			if s, ok := body[name].(string); ok {
				out.Message, out.NullMessage = s, false
			}
		}
		if out.Code == "" {
			out.Code = strconv.Itoa(a.status)
		}
		return
	}
	root, err := readXML(a.body)
	if err != nil {
		if out.Code == "" {
			out.Code = strconv.Itoa(a.status)
		}
		return
	}
	e := root
	if errors := root.child("Errors"); errors != nil {
		e = errors
	}
	if inner := e.child("Error"); inner != nil {
		e = inner
	}
	out.Code, out.Message = e.text("Code"), e.text("Message")
}

// node is an element of an XML answer.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

func readXML(raw []byte) (*node, error) {
	n := new(node)
	return n, xml.Unmarshal(raw, n)
}

func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for i := range n.Children {
		if n.Children[i].XMLName.Local == name {
			return &n.Children[i]
		}
	}
	return nil
}

func (n *node) text(name string) string {
	if c := n.child(name); c != nil {
		return c.Text
	}
	return ""
}

// fromXML reads an element as a value of the type.
func fromXML(t reflect.Type, n *node, m member) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		if t.String() == "time.Time" {
			return n.Text
		}
		out := map[string]any{}
		for name, m := range members(t) {
			if m.flat && m.typ.Kind() == reflect.Slice {
				out[name] = elements(m.typ, n, m.name)
			} else if c := n.child(m.name); c != nil {
				out[name] = fromXML(m.typ, c, m)
			}
		}
		return out
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return n.Text
		}
		return elements(t, n, orDefault(m.item, "member"))
	case reflect.Map:
		out := map[string]any{}
		for i := range n.Children {
			e := &n.Children[i]
			out[e.text(orDefault(m.key, "key"))] = e.text(orDefault(m.value, "value"))
		}
		return out
	case reflect.Bool:
		return n.Text == "true"
	case reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(n.Text, 64)
		if err != nil {
			return n.Text
		}
		return f
	}
	return n.Text
}

func elements(t reflect.Type, n *node, name string) []any {
	list := []any{}
	for i := range n.Children {
		if n.Children[i].XMLName.Local == name {
			list = append(list, fromXML(t.Elem(), &n.Children[i], member{}))
		}
	}
	return list
}

// xmlOf writes a structure of S3.
func xmlOf(name string, t reflect.Type, v any) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var b strings.Builder
	b.WriteString("<" + name + ">")
	switch v := v.(type) {
	case map[string]any:
		known := map[string]member{}
		if t != nil && t.Kind() == reflect.Struct {
			known = members(t)
		}
		for k, e := range v {
			m, ok := known[k]
			if !ok {
				m = member{name: k}
			}
			list, isList := e.([]any)
			if !isList {
				list = []any{e}
			}
			for _, e := range list {
				elem := m.typ
				if isList && elem != nil && elem.Kind() == reflect.Slice {
					elem = elem.Elem()
				}
				b.WriteString(xmlOf(m.name, elem, e))
			}
		}
	default:
		_ = xml.EscapeText(&b, []byte(text(v))) // a strings.Builder takes everything
	}
	b.WriteString("</" + name + ">")
	return b.String()
}
