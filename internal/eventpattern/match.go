package eventpattern

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Match says whether an event, a JSON object, matches. What is no JSON object
// matches nothing.
func (p *Pattern) Match(event []byte) bool {
	v, ok := Decode(event)
	return ok && p.MatchValue(v)
}

// Decode reads an event for MatchValue: a JSON object, and nothing after it.
func Decode(event []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(event))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

// MatchValue is Match on an event of maps, []any, string, json.Number, bool and
// nil.
func (p *Pattern) MatchValue(event map[string]any) bool { return p.root.match(event) }

func (n *node) match(event map[string]any) bool {
	for i := range n.fields {
		if !n.fields[i].match(event) {
			return false
		}
	}
	for _, alternatives := range n.or {
		matched := false
		for _, a := range alternatives {
			if a.match(event) {
				matched = true
				break
			}
		}
		if !matched {
			return false
		}
	}
	return true
}

func (f *field) match(event map[string]any) bool {
	v, has := event[f.name]
	if f.below != nil {
		return f.below.descend(v, has)
	}
	for _, m := range f.values {
		if _, wantsNone := m.(absent); wantsNone {
			if !has || !isLeaf(v) {
				return true
			}
			continue
		}
		if has && anyOf(v, m) {
			return true
		}
	}
	return false
}

// descend matches an object of the pattern with what the event has in its
// place: an object, or an array with an object that matches. What is missing
// matches a pattern that asks for nothing but absence.
func (n *node) descend(v any, has bool) bool {
	switch v := v.(type) {
	case map[string]any:
		return n.match(v)
	case []any:
		for _, e := range v {
			if n.descend(e, true) {
				return true
			}
		}
		return len(v) == 0 && n.match(nil)
	}
	return n.match(nil)
}

// anyOf says whether a scalar matches, or one in an array, however nested.
func anyOf(v any, m matcher) bool {
	switch v := v.(type) {
	case map[string]any:
		return false
	case []any:
		for _, e := range v {
			if anyOf(e, m) {
				return true
			}
		}
		return false
	}
	return m.match(v)
}

// isLeaf says whether a value is more than objects: exists looks at leaves only.
func isLeaf(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return false
	case []any:
		for _, e := range v {
			if isLeaf(e) {
				return true
			}
		}
		return false
	}
	return true
}

// Attribute is a message attribute of SNS.
type Attribute struct {
	// Type is its data type: String, String.Array, Number, Binary, and any of them
	// with a custom suffix.
	Type string
	// Value is its text; nothing matches the value of a binary one.
	Value string
}

// MatchAttributes is Match on message attributes: an array's elements are
// values, and a number matches as a number and as its text.
func (p *Pattern) MatchAttributes(attributes map[string]Attribute) bool {
	event := make(map[string]any, len(attributes))
	for name, a := range attributes {
		if v, ok := a.value(); ok {
			event[name] = v
		}
	}
	return p.root.match(event)
}

// value is what an attribute is to a pattern; false for one that is not looked
// at.
func (a Attribute) value() (any, bool) {
	kind, _, _ := strings.Cut(a.Type, ".")
	switch {
	case a.Type == "String.Array":
		d := json.NewDecoder(strings.NewReader(a.Value))
		d.UseNumber()
		var list []any
		if err := d.Decode(&list); err != nil {
			return a.Value, true
		}
		return list, true
	case kind == "String":
		return a.Value, true
	case kind == "Number":
		n := json.Number(strings.TrimSpace(a.Value))
		if !json.Valid([]byte(n)) {
			return a.Value, true
		}
		return n, true
	}
	return nil, false
}
