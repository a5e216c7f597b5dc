package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/api"
)

type suite struct {
	Description string
	Metadata    struct {
		Protocol, APIVersion, TargetPrefix string
	}
	Shapes map[string]*modelShape
	Cases  []*vector
}

type vector struct {
	Given struct {
		Name          string
		HTTP          struct{ Method, RequestURI string }
		Input, Output struct {
			Shape         string
			Payload       string
			ResultWrapper string
			LocationName  string
		}
	}
	Params     map[string]any
	Serialized struct {
		Method, URI string
		Body        string
		Headers     map[string]string
	}
	Result   map[string]any
	Response struct {
		StatusCode int `json:"status_code"`
		Headers    map[string]string
		Body       string
	}
}

var vectorProtocols = map[string]api.Protocol{"query": api.Query, "json": api.JSON11, "rest-json": api.RESTJSON}

// notOurs are suites, or single cases, that test what only clients do.
var notOurs = map[string]string{
	"output/json/Lists/1":                 "clients are patient with null in lists; servers write none",
	"Idempotency token auto fill":         "clients fill tokens; servers take what comes",
	"Endpoint host trait":                 "clients choose hosts",
	"Endpoint host trait static prefix":   "clients choose hosts",
	"JSON value trait":                    "JSON inside headers: no bound operation has it",
	"Union trait":                         "tests an empty variable of the client's language",
	"Ignores extra data":                  "clients are lenient; servers write what the type has",
	"Ignores undefined output":            "clients are lenient; servers write what the type has",
	"unmodeled non-json response payload": "clients are lenient; servers write JSON",
	"rest-json Content-Type and body":     "tests which content type clients send",
}

func TestVectors(t *testing.T) {
	for protocol := range vectorProtocols {
		for _, direction := range []string{"input", "output"} {
			raw, err := os.ReadFile(filepath.Join("testdata", "vectors", direction, protocol+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var suites []suite
			if err := json.Unmarshal(raw, &suites); err != nil {
				t.Fatal(err)
			}
			for _, s := range suites {
				if notOurs[s.Description] != "" {
					continue
				}
				for i, v := range s.Cases {
					name := direction + "/" + protocol + "/" + s.Description + "/" + itoa(i)
					if notOurs[name] != "" {
						continue
					}
					t.Run(name, func(t *testing.T) {
						if direction == "input" {
							readInput(t, &s, v)
						} else {
							writeOutput(t, &s, v)
						}
					})
				}
			}
		}
	}
}

// vectorService is an API with the vector's one operation.
func vectorService(s *suite, v *vector) *api.Service {
	m := &modelTypes{s.Metadata.Protocol, s.Shapes}
	in, out := reflect.TypeFor[api.Empty](), reflect.TypeFor[api.Empty]()
	if name := v.Given.Input.Shape; name != "" {
		m.shapes[name].Payload = or(m.shapes[name].Payload, v.Given.Input.Payload)
		in = m.structType(name, 0)
	}
	if name := v.Given.Output.Shape; name != "" {
		out = m.structType(name, 0)
	}
	return api.Describe(&api.Service{
		ID: "vectors", Name: "Vectors", Protocol: vectorProtocols[s.Metadata.Protocol],
		Version: s.Metadata.APIVersion, TargetPrefix: or(s.Metadata.TargetPrefix, "Vectors"),
		Operations: []*api.Operation{{
			Name: v.Given.Name, Method: or(v.Given.HTTP.Method, "POST"), Path: or(v.Given.HTTP.RequestURI, "/"),
			Input: in, Output: out, ResultWrapper: wrapper(v),
			NewInput: func() any { return reflect.New(in).Interface() },
		}},
	})
}

// wrapper is the element round the result; some vectors have none.
func wrapper(v *vector) string {
	if name := v.Given.Name + "Result"; strings.Contains(v.Response.Body, "<"+name+">") {
		return name
	}
	return ""
}

// readInput reads what a client must write and expects what the client was given.
func readInput(t *testing.T, s *suite, v *vector) {
	service := vectorService(s, v)
	r := httptest.NewRequest(or(v.Serialized.Method, or(v.Given.HTTP.Method, "POST")), v.Serialized.URI, strings.NewReader(v.Serialized.Body))
	for name, value := range v.Serialized.Headers {
		r.Header.Set(name, value)
	}
	if service.Protocol == api.JSON11 && r.Header.Get(targetHeader) == "" {
		r.Header.Set(targetHeader, service.TargetPrefix+"."+v.Given.Name)
	}
	if service.Protocol == api.Query {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	router := NewRouter([]*api.Service{service})
	route, failure := router.Route(r, []byte(v.Serialized.Body))
	if failure != nil || route.Operation == nil {
		t.Fatalf("not routed: %v %+v", failure, route)
	}
	in, failure := router.For(service.Protocol).Decode(r, route, []byte(v.Serialized.Body))
	if failure != nil {
		t.Fatalf("not decoded: %v", failure)
	}
	p := (&plans{}).of(reflect.TypeOf(in).Elem())
	got := plainStruct(p, reflect.ValueOf(in).Elem())
	if payload := goName(or(v.Given.Input.Payload, "-")); cmp.Equal(got[payload], map[string]any{}) {
		delete(got, payload) // clients write {} for a payload that is absent
	}
	if diff := cmp.Diff(sameNames(v.Params), sameNames(got)); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// sameNames writes every name with a small first letter: the Go names have a
// capital one.
func sameNames(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = sameNames(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			if v[k] != nil { // the client writes nothing at all
				out[strings.ToLower(k[:1])+k[1:]] = sameNames(v[k])
			}
		}
		return out
	}
	return v
}

// plainStruct is a structure as the vectors write it: numbers as float64,
// blobs as text, times as seconds.
func plainStruct(p *plan, v reflect.Value) map[string]any {
	out := map[string]any{}
	for i := range p.fields {
		f := &p.fields[i]
		if value, present := source(v.Field(i)); present {
			out[p.typ.Field(i).Name] = plain(&f.shape, value)
		}
	}
	return out
}

func plain(s *shape, v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch s.kind {
	case structKind:
		return plainStruct(s.fields, v)
	case listKind:
		out := []any{}
		for i := range v.Len() {
			out = append(out, plain(s.elem, v.Index(i)))
		}
		return out
	case mapKind:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = plain(s.elem, v.MapIndex(k))
		}
		return out
	case integerKind, longKind:
		return float64(v.Int())
	case floatKind, doubleKind:
		return v.Float()
	case boolKind:
		return v.Bool()
	case timeKind:
		return float64(v.Interface().(time.Time).UnixMilli()) / 1000
	case blobKind:
		return string(v.Bytes())
	}
	return v.String()
}

// writeOutput writes the result and expects what the client must read.
func writeOutput(t *testing.T, s *suite, v *vector) {
	service := vectorService(s, v)
	o := service.Operations[0]
	out := reflect.New(o.Output)
	known := &plans{}
	fill(t, known.of(o.Output), out.Elem(), v.Result)
	w := httptest.NewRecorder()
	if err := codecs(known)[service.Protocol].Encode(w, o, "request-id", out.Interface()); err != nil {
		t.Fatal(err)
	}
	if v.Response.StatusCode != 0 && w.Code != v.Response.StatusCode {
		t.Errorf("status %d, want %d", w.Code, v.Response.StatusCode)
	}
	for name, want := range v.Response.Headers {
		if name == "Content-Length" {
			continue // invented in the vector
		}
		if got := w.Header().Get(name); got != want {
			t.Errorf("header %s: %q, want %q", name, got, want)
		}
	}
	got, want := plainBody(t, w.Body.Bytes()), plainBody(t, []byte(v.Response.Body))
	if !cmp.Equal(got, want) {
		t.Errorf("body (-want +got):\n%s\n%s", cmp.Diff(want, got), w.Body)
	}
}

// fill puts values, as the vectors write them, into a structure.
func fill(t *testing.T, p *plan, v reflect.Value, from map[string]any) {
	for name, value := range from {
		i := slices.IndexFunc(p.fields, func(f field) bool { return p.typ.Field(f.index).Name == goName(name) })
		if i < 0 {
			t.Fatalf("no member %s", name)
		}
		if value != nil {
			put(t, &p.fields[i].shape, target(v.Field(i)), value)
		}
	}
}

func put(t *testing.T, s *shape, v reflect.Value, value any) {
	switch value := value.(type) {
	case map[string]any:
		if s.kind == structKind {
			fill(t, s.fields, v, value)
			return
		}
		v.Set(reflect.MakeMap(s.typ))
		for k, x := range value {
			elem := reflect.New(s.typ.Elem()).Elem()
			put(t, s.elem, target(elem), x)
			v.SetMapIndex(reflect.ValueOf(k), elem)
		}
	case []any:
		v.Set(reflect.MakeSlice(s.typ, len(value), len(value)))
		for i, x := range value {
			put(t, s.elem, target(v.Index(i)), x)
		}
	case string:
		if s.kind == blobKind {
			v.SetBytes([]byte(value))
		} else {
			v.SetString(value)
		}
	case bool:
		v.SetBool(value)
	case float64:
		switch s.kind {
		case timeKind:
			v.Set(reflect.ValueOf(time.UnixMilli(int64(value * 1000))))
		case floatKind, doubleKind:
			v.SetFloat(value)
		default:
			v.SetInt(int64(value))
		}
	}
}

// xmlDecoder reads XML strictly.
func xmlDecoder(r io.Reader) *xml.Decoder { return xml.NewDecoder(r) }

// plainBody reads a body so that two that mean the same are equal.
func plainBody(t *testing.T, body []byte) any {
	t.Helper()
	body = bytes.TrimSpace(body)
	if len(body) == 0 || string(body) == "{}" {
		return nil
	}
	if body[0] == '<' {
		d := xml.NewDecoder(bytes.NewReader(body))
		tree := xmlNode{}
		readElement(t, d, &tree)
		return tree
	}
	var out any
	if err := json.Unmarshal(body, &out); err != nil {
		return string(body) // a payload
	}
	return sameTimes(out)
}

// sameTimes writes all timestamps as seconds: clients read every format.
func sameTimes(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = sameTimes(v[k])
		}
	case []any:
		for i := range v {
			v[i] = sameTimes(v[i])
		}
	case string:
		return sameTime(v)
	}
	return v
}

func sameTime(s string) any {
	if t, ok := isoTime.parse(s); ok && strings.Contains(s, ":") {
		return float64(t.Unix())
	}
	return s
}

// xmlNode is an element; the order of siblings of different names says nothing.
type xmlNode struct {
	Name     string
	Text     any
	Children []xmlNode
}

func readElement(t *testing.T, d *xml.Decoder, into *xmlNode) {
	text := ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			child := xmlNode{Name: token.Name.Local}
			readElement(t, d, &child)
			if child.Name != "ResponseMetadata" && child.Name != "RequestId" && child.Name != "requestId" {
				into.Children = append(into.Children, child)
			}
			continue
		case xml.CharData:
			text += string(token)
			continue
		case xml.EndElement:
		default:
			continue
		}
		break
	}
	if len(into.Children) == 0 {
		into.Text = sameTime(strings.TrimSpace(text))
	}
	slices.SortStableFunc(into.Children, func(a, b xmlNode) int {
		if a.Name == b.Name && len(a.Children) == 2 {
			return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) // entries of a map have no order
		}
		return strings.Compare(a.Name, b.Name)
	})
}
