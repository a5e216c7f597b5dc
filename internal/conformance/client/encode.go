package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// parts are those of a request before it is signed.
type parts struct {
	method, path, query string
	header              map[string]string
	body                []byte
}

// encode puts an input where the operation's protocol wants it.
func encode(o *api.Operation, in map[string]any) (*parts, error) {
	p := &parts{method: "POST", path: "/", header: map[string]string{}}
	switch o.Service.Protocol {
	case api.RESTJSON, api.RESTXML:
		return p, p.rest(o, in)
	case api.JSON10, api.JSON11:
		p.header["Content-Type"] = "application/x-amz-" + string(o.Service.Protocol)
		p.header["X-Amz-Target"] = o.Service.TargetPrefix + "." + o.Name
		return p, p.json(plain(o.Input, in))
	case api.Query, api.EC2Query:
		p.header["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
		form := url.Values{"Action": {o.Name}, "Version": {o.Service.Version}}
		flatten(form, "", o.Input, in, o.Service.Protocol == api.EC2Query)
		p.body = []byte(form.Encode())
		return p, nil
	}
	return nil, fmt.Errorf("no client for the protocol %s", o.Service.Protocol)
}

func (p *parts) json(v any) (err error) {
	p.body, err = json.Marshal(v)
	return err
}

// rest fills path, query, headers and body of the REST protocols.
func (p *parts) rest(o *api.Operation, in map[string]any) error {
	path, fixed, _ := strings.Cut(o.Path, "?")
	p.method = o.Method
	query := url.Values{}
	body := map[string]any{}
	known := members(o.Input)
	hasBody, payload := false, false
	for name, v := range in {
		m, ok := known[name]
		if !ok {
			m = member{name: name}
		}
		if v == nil {
			continue
		}
		switch m.in {
		case "path":
			path = label(path, m.name, text(v))
		case "query":
			addQuery(query, m.name, v)
		case "header":
			p.header[m.name] = text(v)
		case "headers":
			for k, v := range v.(map[string]any) {
				p.header[m.name+k] = text(v)
			}
		case "payload":
			payload = true
			if err := p.payload(o, m, v); err != nil {
				return err
			}
		default:
			hasBody = true
			body[m.name] = plain(m.typ, v)
		}
	}
	if strings.Contains(path, "{") {
		return errors.New("a member of the path is missing: " + path)
	}
	p.path, p.query = path, strings.TrimPrefix(fixed+"&"+query.Encode(), "&")
	p.query = strings.TrimSuffix(p.query, "&")
	if payload || o.Service.Protocol == api.RESTXML {
		return nil
	}
	if hasBody || p.method == "POST" || p.method == "PUT" {
		p.header["Content-Type"] = "application/json"
		return p.json(body)
	}
	return nil
}

// payload is a member that is the whole body.
func (p *parts) payload(o *api.Operation, m member, v any) error {
	if s, ok := v.(string); ok {
		p.body = []byte(s)
		return nil
	}
	if o.Service.Protocol == api.RESTXML && m.typ.Kind() == reflect.Pointer && m.typ.Elem().Kind() == reflect.Struct {
		p.body = []byte(xmlOf(m.name, m.typ, v))
		return nil
	}
	return p.json(plain(m.typ, v))
}

// label fills in one label of a path; a greedy one keeps its slashes.
func label(path, name, value string) string {
	if strings.Contains(path, "{"+name+"+}") {
		pieces := strings.Split(value, "/")
		for i := range pieces {
			pieces[i] = escape(pieces[i])
		}
		return strings.Replace(path, "{"+name+"+}", strings.Join(pieces, "/"), 1)
	}
	return strings.Replace(path, "{"+name+"}", escape(value), 1)
}

// escape escapes everything but what RFC 3986 leaves unreserved, as AWS's SDKs do.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func addQuery(query url.Values, name string, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			query.Add(name, text(e))
		}
	case map[string]any:
		for k, e := range v {
			query.Add(k, text(e))
		}
	default:
		query.Set(name, text(v))
	}
}

// flatten writes a value as parameters of the query protocols.
func flatten(form url.Values, prefix string, t reflect.Type, v any, ec2 bool) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if v == nil {
		return
	}
	if m, ok := v.(map[string]any); ok && t != nil && t.Kind() == reflect.Struct {
		known := members(t)
		for name, e := range m {
			f, ok := known[name]
			if !ok {
				f = member{name: name}
			}
			f.flatten(form, dotted(prefix, f.queryName()), e, ec2)
		}
		return
	}
	form.Set(prefix, text(v))
}

func (m member) flatten(form url.Values, prefix string, v any, ec2 bool) {
	t := m.typ
	switch v := v.(type) {
	case []any:
		if t == nil || t.Kind() != reflect.Slice {
			break
		}
		if !m.flat && !ec2 {
			prefix += "." + orDefault(m.item, "member")
		}
		for i, e := range v {
			flatten(form, prefix+"."+strconv.Itoa(i+1), t.Elem(), e, ec2)
		}
		return
	case map[string]any:
		if t == nil || t.Kind() != reflect.Map {
			break
		}
		if !m.flat {
			prefix += ".entry"
		}
		i := 0
		for k, e := range v {
			i++
			n := prefix + "." + strconv.Itoa(i) + "."
			form.Set(n+orDefault(m.key, "key"), k)
			flatten(form, n+orDefault(m.value, "value"), t.Elem(), e, ec2)
		}
		return
	}
	flatten(form, prefix, t, v, ec2)
}

func dotted(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// plain is a value with the names of the wire in place of those of members.
// What stands where a string is wanted, and is none, is sent as its JSON: a
// policy can be written as what it is.
func plain(t reflect.Type, v any) any {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		switch t.Kind() {
		case reflect.String:
			return text(v)
		case reflect.Map:
			out := map[string]any{}
			for k, e := range v {
				out[k] = plain(t.Elem(), e)
			}
			return out
		case reflect.Struct:
			out := map[string]any{}
			known := members(t)
			for k, e := range v {
				m, ok := known[k]
				if !ok {
					m = member{name: k}
				}
				out[m.name] = plain(m.typ, e)
			}
			return out
		}
	case []any:
		switch {
		case t.Kind() == reflect.String:
			return text(v)
		case t.Kind() == reflect.Slice:
			out := make([]any, len(v))
			for i, e := range v {
				out[i] = plain(t.Elem(), e)
			}
			return out
		}
	}
	return v
}

// text is a value as a parameter: strings as they are, the rest as JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
