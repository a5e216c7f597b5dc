package wire

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const xmlType = "text/xml"

// xmlWriter appends XML.
type xmlWriter struct {
	b []byte
	// query says that members have their names of the query protocol.
	query bool
	// millis says that timestamps always have milliseconds, as S3 writes them.
	millis bool
}

// open starts an element, with a namespace unless it is empty.
func (x *xmlWriter) open(name, namespace string) {
	x.b = append(x.b, '<')
	x.b = append(x.b, name...)
	if namespace != "" {
		x.b = append(x.b, ` xmlns="`...)
		x.text(namespace)
		x.b = append(x.b, '"')
	}
	x.b = append(x.b, '>')
}

func (x *xmlWriter) close(name string) {
	x.b = append(x.b, '<', '/')
	x.b = append(x.b, name...)
	x.b = append(x.b, '>')
}

func (x *xmlWriter) element(name, text string) {
	x.open(name, "")
	x.text(text)
	x.close(name)
}

// text escapes. XML 1.0 cannot carry most control characters, not even
// escaped: they become U+FFFD, so that the answer stays readable.
func (x *xmlWriter) text(s string) {
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		var written string
		switch {
		case r == '<':
			written = "&lt;"
		case r == '>':
			written = "&gt;"
		case r == '&':
			written = "&amp;"
		case r == '"':
			written = "&quot;"
		case r == '\r':
			written = "&#xD;" // a bare one would be read as a line feed
		case r == '\n' || r == '\t':
		case r < ' ' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError && size == 1:
			written = "\uFFFD"
		}
		if written != "" {
			x.b = append(x.b, s[start:i]...)
			x.b = append(x.b, written...)
			start = i + size
		}
		i += size
	}
	x.b = append(x.b, s[start:]...)
}

// structure writes the members that are present.
func (x *xmlWriter) structure(p *plan, v reflect.Value) {
	for i := range p.fields {
		f := &p.fields[i]
		if f.in != inBody || f.attribute {
			continue
		}
		if value, present := source(v.Field(i)); present {
			x.value(x.name(f), &f.shape, value)
		}
	}
}

func (x *xmlWriter) name(f *field) string {
	if x.query {
		return f.query
	}
	return f.name
}

// value writes a value as an element, a flat list or map as several.
func (x *xmlWriter) value(name string, s *shape, v reflect.Value) {
	if s.flat {
		x.parts(name, s, v)
		return
	}
	x.open(name, "")
	switch s.kind {
	case structKind:
		x.attributes(s.fields, v)
		x.structure(s.fields, v)
	case listKind:
		x.parts(s.item, s, v)
	case mapKind:
		x.parts("entry", s, v)
	case stringKind:
		x.text(v.String())
	case timeKind:
		x.time(s, v.Interface().(time.Time))
	default:
		x.b = s.appendText(x.b, v)
	}
	x.close(name)
}

// attributes adds the members that are attributes to the element just opened.
func (x *xmlWriter) attributes(p *plan, v reflect.Value) {
	for i := range p.fields {
		f := &p.fields[i]
		value, present := source(v.Field(i))
		if !f.attribute || !present {
			continue
		}
		x.b = x.b[:len(x.b)-1] // the bracket that closed it
		if strings.HasPrefix(f.name, "xsi:") {
			x.b = append(x.b, ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`...)
		}
		x.b = append(x.b, ' ')
		x.b = append(x.b, f.name...)
		x.b = append(x.b, `="`...)
		x.text(string(f.appendText(nil, value)))
		x.b = append(x.b, `">`...)
	}
}

func (x *xmlWriter) time(s *shape, t time.Time) {
	if x.millis && s.time == isoTime {
		x.b = t.UTC().AppendFormat(x.b, "2006-01-02T15:04:05.000Z")
		return
	}
	x.b = s.time.append(x.b, t)
}

// parts writes the elements of a list or the entries of a map under one name.
func (x *xmlWriter) parts(name string, s *shape, v reflect.Value) {
	if s.kind == mapKind {
		for _, key := range sortedKeys(v) {
			x.open(name, "")
			x.element(s.key, key.String())
			x.optional(s.value, s.elem, v.MapIndex(key))
			x.close(name)
		}
		return
	}
	for i := range v.Len() {
		x.optional(name, s.elem, v.Index(i))
	}
}

// optional writes an element of a list or map; one that is absent is empty.
func (x *xmlWriter) optional(name string, s *shape, v reflect.Value) {
	value, present := source(v)
	if !present {
		value = reflect.Zero(s.typ)
	}
	x.value(name, s, value)
}

// members writes what an error adds to its body.
func (x *xmlWriter) members(more map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(more)) {
		x.element(name, fmt.Sprint(more[name]))
	}
}
