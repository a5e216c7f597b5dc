package eventpattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Pattern is a compiled pattern. It never changes, and is safe for concurrent use.
type Pattern struct {
	root *node
	// matchers counts the values of all fields, keys the fields, and
	// combinations the product of the numbers of values of the fields: SNS bounds
	// each.
	matchers, keys, combinations int
	// depth is how deep the object is that is being compiled, deepest how deep any is.
	depth, deepest int
}

// Keys and Combinations are what SNS bounds: the fields that hold values, and
// the product of how many values each of them has.
func (p *Pattern) Keys() int { return p.keys }

// Combinations is the product of how many values each field has, times how deep
// it is (SNS developer guide, "Filter policy constraints").
func (p *Pattern) Combinations() int { return p.combinations }

// Nested says whether a field holds an object.
func (p *Pattern) Nested() bool { return p.deepest > 1 }

// node is an object of the pattern.
type node struct {
	fields []field
	// or are alternatives, of each list one must match.
	or [][]*node
}

// field is one field: values, or an object below.
type field struct {
	name   string
	values []matcher
	below  *node
}

// The bounds of patterns: deeper or larger ones are refused. AWS bounds the text
// (2,048 characters in EventBridge, 4,096 in Lambda, 256 KiB in SNS), which the
// services do; these bound the work of matching.
const (
	maxDepth    = 64
	maxMatchers = 10_000
)

// Parse compiles a pattern. The error's text is AWS's reason, without what the
// service says round it.
func Parse(text []byte) (*Pattern, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	raw, err := readValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, reason("Invalid JSON")
	}
	object, ok := raw.(orderedObject)
	if !ok {
		return nil, reason("Filter is not an object")
	}
	p := &Pattern{combinations: 1}
	if p.root, err = p.object(object); err != nil {
		return nil, err
	}
	return p, nil
}

// reason makes an error of AWS's own words, which begin with a capital letter.
func reason(format string, args ...any) error { return fmt.Errorf(format, args...) }

// orderedObject is a JSON object in the order of its text, so that the first
// mistake is the one that is told. Of fields with one name, AWS takes the last.
type orderedObject []member

type member struct {
	name  string
	value any
}

// readValue reads one JSON value: orderedObject, []any, string, json.Number,
// bool or nil.
func readValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, reason("Pattern is nested more than %d levels deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, reason("Invalid JSON")
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, closed(d)
	}
	object, at := orderedObject{}, map[string]int{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, reason("Invalid JSON")
		}
		v, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		key := name.(string)
		if i, again := at[key]; again {
			object[i].value = v
			continue
		}
		at[key] = len(object)
		object = append(object, member{key, v})
	}
	return object, closed(d)
}

func closed(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return reason("Invalid JSON")
	}
	return nil
}

// object compiles the fields of an object.
func (p *Pattern) object(o orderedObject) (*node, error) {
	if len(o) == 0 {
		return nil, reason("Empty objects are not allowed")
	}
	p.depth++
	defer func() { p.depth-- }()
	p.deepest = max(p.deepest, p.depth)
	n := &node{}
	for _, m := range o {
		if alternatives, ok := alternatives(m); ok {
			one, err := p.either(alternatives)
			if err != nil {
				return nil, err
			}
			n.or = append(n.or, one)
			continue
		}
		f := field{name: m.name}
		var err error
		switch v := m.value.(type) {
		case orderedObject:
			f.below, err = p.object(v)
		case []any:
			f.values, err = p.values(v)
		default:
			err = reason("%q must be an object or an array", m.name)
		}
		if err != nil {
			return nil, err
		}
		n.fields = append(n.fields, f)
	}
	return n, nil
}

// alternatives are those of "$or": an array of two objects or more, none of
// which looks like a match. Anything else called "$or" is a field of that name.
func alternatives(m member) ([]orderedObject, bool) {
	list, ok := m.value.([]any)
	if m.name != "$or" || !ok || len(list) < 2 {
		return nil, false
	}
	var all []orderedObject
	for _, v := range list {
		o, ok := v.(orderedObject)
		if !ok || len(o) == 0 {
			return nil, false
		}
		for _, m := range o {
			if isOperator(m.name) {
				return nil, false
			}
		}
		all = append(all, o)
	}
	return all, true
}

func (p *Pattern) either(all []orderedObject) ([]*node, error) {
	before, sum := p.combinations, 0
	p.depth-- // an alternative is no level of its own
	defer func() { p.depth++ }()
	var nodes []*node
	for _, o := range all {
		p.combinations = before
		n, err := p.object(o)
		if err != nil {
			return nil, err
		}
		sum = bounded(sum + p.combinations)
		nodes = append(nodes, n)
	}
	p.combinations = sum
	return nodes, nil
}

// values compiles the array of a field.
func (p *Pattern) values(list []any) ([]matcher, error) {
	if len(list) == 0 {
		return nil, reason("Empty arrays are not allowed")
	}
	p.keys++
	p.combinations = bounded(p.combinations * len(list) * p.depth)
	if p.matchers += len(list); p.matchers > maxMatchers {
		return nil, reason("Pattern has more than %d values", maxMatchers)
	}
	all := make([]matcher, len(list))
	for i, v := range list {
		var err error
		if all[i], err = compile(v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// bounded keeps a count from overflowing: what is above counts as too many.
func bounded(n int) int { return min(n, 1<<30) }

func compile(v any) (matcher, error) {
	switch v := v.(type) {
	case string:
		return equals(v), nil
	case json.Number:
		return number(v), nil
	case bool, nil:
		return exactly{v}, nil
	case orderedObject:
		return operator(v)
	}
	return nil, reason("Match value must be String, number, true, false, or null")
}

func operator(o orderedObject) (matcher, error) {
	if len(o) != 1 {
		return nil, reason("Only one key allowed in match expression")
	}
	return compileOperator(o[0].name, o[0].value)
}
