package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// decodeParams fills a structure from the parameters below it. Parameters that
// the type does not know are ignored. The error is a mismatch.
func (p *plan) decodeParams(v reflect.Value, given params) error {
	for i := range p.fields {
		f := &p.fields[i]
		part := given.child(f.query)
		if !part.given() {
			continue
		}
		if err := f.decodeParam(v.Field(i), part); err != nil {
			return fmt.Errorf("%s: %w", f.query, err)
		}
	}
	return nil
}

// decodeParam reads a value into its place.
func (s *shape) decodeParam(v reflect.Value, part params) error {
	text, own := part.value()
	inner := part.inner()
	switch s.kind {
	case listKind:
		return s.decodeList(v, text, inner)
	case mapKind:
		return s.decodeMap(v, text, inner)
	case structKind:
		if own && text != "" {
			return mismatch("Unexpected value found where a structure was expected")
		}
		return s.fields.decodeParams(target(v), inner)
	}
	if inner.given() {
		return mismatch("Start of structure or map found where not expected.")
	}
	return s.setText(target(v), text)
}

// numbered are the elements of a list or the entries of a map, in order. An
// empty value ("Tags=") is how clients write an empty list.
func (s *shape) numbered(text, wrapper string, inner params) ([]params, error) {
	if text != "" {
		return nil, mismatch("Unexpected value found where a list was expected")
	}
	if !s.flat && !inner.flat {
		inner = inner.child(wrapper)
	}
	var elements []element
	err := inner.each(func(name string, part params) error {
		n, err := strconv.ParseUint(name, 10, 31)
		if err != nil || itoa(int(n)) != name {
			return mismatch("Unexpected key found in list: " + cut(name))
		}
		elements = append(elements, element{n, part})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(elements, func(a, b element) int { return int(a.index) - int(b.index) })
	out := make([]params, len(elements))
	for i, e := range elements {
		out[i] = e.part
	}
	return out, nil
}

type element struct {
	index uint64
	part  params
}

func (s *shape) decodeList(v reflect.Value, text string, inner params) error {
	elements, err := s.numbered(text, s.item, inner)
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(s.typ, len(elements), len(elements))
	for i, part := range elements {
		if err := s.elem.decodeParam(list.Index(i), part); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (s *shape) decodeMap(v reflect.Value, text string, inner params) error {
	entries, err := s.numbered(text, "entry", inner)
	if err != nil {
		return err
	}
	m := reflect.MakeMap(s.typ)
	for _, part := range entries {
		key, ok := part.child(s.key).value()
		if !ok {
			return mismatch("A map entry has no " + s.key)
		}
		value := reflect.New(s.typ.Elem()).Elem()
		if given := part.child(s.value); given.given() {
			if err := s.elem.decodeParam(value, given); err != nil {
				return err
			}
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(s.typ.Key()), value)
	}
	v.Set(m)
	return nil
}
