package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// appendJSON writes the body members of a structure. Absent members are left
// out, empty lists and maps are kept.
func (p *plan) appendJSON(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	first := true
	for i := range p.fields {
		f := &p.fields[i]
		if f.in != inBody {
			continue
		}
		value, present := source(v.Field(f.index))
		if !present {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, f.name)
		b = append(b, ':')
		b = f.appendJSON(b, value)
	}
	return append(b, '}')
}

func (s *shape) appendJSON(b []byte, v reflect.Value) []byte {
	switch s.kind {
	case stringKind:
		return appendString(b, v.String())
	case blobKind:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"')
	case listKind:
		return s.appendList(b, v)
	case mapKind:
		return s.appendMap(b, v)
	case structKind:
		return s.fields.appendJSON(b, v)
	case timeKind:
		if s.time != unixTime {
			return appendString(b, string(s.appendText(nil, v)))
		}
	case floatKind, doubleKind:
		if f := v.Float(); f-f != 0 { // not finite: JSON has no number for it
			return appendString(b, string(s.appendText(nil, v)))
		}
	}
	return s.appendText(b, v)
}

func (s *shape) appendList(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.elem.appendElement(b, v.Index(i))
	}
	return append(b, ']')
}

func (s *shape) appendMap(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for i, key := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, key.String())
		b = append(b, ':')
		b = s.elem.appendElement(b, v.MapIndex(key))
	}
	return append(b, '}')
}

func (s *shape) appendElement(b []byte, v reflect.Value) []byte {
	value, present := source(v)
	if !present && s.kind < listKind {
		return append(b, "null"...)
	}
	if !present {
		value = reflect.Zero(s.typ)
	}
	return s.appendJSON(b, value)
}

// sortedKeys are the keys of a map in order, so that answers are the same every time.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			b = append(b, s[start:i]...)
			b = utf8.AppendRune(b, utf8.RuneError)
		} else {
			b = append(b, s[start:i]...)
			b = appendEscape(b, c)
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// jsonMember is one member of an error's body.
type jsonMember struct {
	name string
	text string
	null bool
}

// appendError writes an error's body: its own members, then what the error adds.
func appendError(b []byte, own []jsonMember, more map[string]any) []byte {
	b = append(b, '{')
	for i, m := range own {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m.name)
		b = append(b, ':')
		if m.null {
			b = append(b, "null"...)
			continue
		}
		b = appendString(b, m.text)
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		raw, err := json.Marshal(more[name])
		if err != nil {
			raw = appendString(nil, fmt.Sprint(more[name]))
		}
		b = append(b, raw...)
	}
	return append(b, '}')
}
