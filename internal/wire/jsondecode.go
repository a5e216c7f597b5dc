package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// decodeJSON reads a JSON object into a structure. The error is a *malformed
// or a mismatch. Members that are bound elsewhere (a header, a label) are not
// taken from the body.
func decodeJSON(data []byte, p *plan, v reflect.Value) error {
	d := jsonDecoder{jsonReader{data: data}}
	if d.peek() != '{' {
		return d.topLevel()
	}
	if err := d.structure(p, v); err != nil {
		return err
	}
	return d.end()
}

type jsonDecoder struct{ jsonReader }

// topLevel refuses a document that is no object.
func (d *jsonDecoder) topLevel() error {
	if err := d.skip(); err != nil {
		return err
	}
	if err := d.end(); err != nil {
		return err
	}
	return mismatch("Unexpected value type in payload")
}

func (d *jsonDecoder) structure(p *plan, v reflect.Value) error {
	return d.members(func(name []byte) error {
		f, ok := p.body[string(name)]
		if !ok {
			return d.skip()
		}
		if null, err := d.null(); null || err != nil {
			return err
		}
		return d.value(&f.shape, target(v.Field(f.index)))
	})
}

// null reads null if it is there: an absent value.
func (d *jsonDecoder) null() (bool, error) {
	if d.peek() != 'n' {
		return false, nil
	}
	_, err := d.word()
	return true, err
}

// value reads any value into its target.
func (d *jsonDecoder) value(s *shape, v reflect.Value) error {
	switch d.peek() {
	case '{':
		switch s.kind {
		case structKind:
			return d.structure(s.fields, v)
		case mapKind:
			return d.mapping(s, v)
		}
		return d.refuse(mismatch("Start of structure or map found where not expected."))
	case '[':
		if s.kind == listKind {
			return d.list(s, v)
		}
		return d.refuse(mismatch("Start of list found where not expected"))
	case '"':
		return d.stringValue(s, v)
	case 't', 'f', 'n':
		return d.wordValue(s, v)
	}
	return d.numberValue(s, v)
}

// refuse reads the offending value to its end, so that a text that is not JSON
// is always called so.
func (d *jsonDecoder) refuse(m mismatch) error {
	if err := d.skip(); err != nil {
		return err
	}
	return m
}

func (d *jsonDecoder) list(s *shape, v reflect.Value) error {
	list := reflect.MakeSlice(s.typ, 0, 0)
	err := d.items(func() error {
		if err := d.count(); err != nil {
			return err
		}
		n := list.Len()
		if n == list.Cap() {
			list = grown(list)
		}
		list = list.Slice(0, n+1)
		return d.value(s.elem, target(list.Index(n)))
	})
	v.Set(list)
	return err
}

// grown is the list with room for more, zeroed.
func grown(list reflect.Value) reflect.Value {
	bigger := reflect.MakeSlice(list.Type(), list.Len(), 2*list.Len()+4)
	reflect.Copy(bigger, list)
	return bigger
}

func (d *jsonDecoder) mapping(s *shape, v reflect.Value) error {
	m := reflect.MakeMap(s.typ)
	err := d.members(func(name []byte) error {
		if err := d.count(); err != nil {
			return err
		}
		key := reflect.ValueOf(string(name)).Convert(s.typ.Key())
		value := reflect.New(s.typ.Elem()).Elem()
		if err := d.value(s.elem, target(value)); err != nil {
			return err
		}
		m.SetMapIndex(key, value)
		return nil
	})
	v.Set(m)
	return err
}

func (d *jsonDecoder) stringValue(s *shape, v reflect.Value) error {
	raw, err := d.text()
	if err != nil {
		return err
	}
	switch s.kind {
	case stringKind:
		v.SetString(string(raw))
		return nil
	case blobKind:
		b := make([]byte, base64.StdEncoding.DecodedLen(len(raw)))
		n, err := base64.StdEncoding.Decode(b, raw)
		if err != nil {
			return mismatch("Unable to decode the value as base64: " + strings.TrimPrefix(err.Error(), "illegal base64 data "))
		}
		v.SetBytes(b[:n:n])
		return nil
	case floatKind, doubleKind:
		if text := string(raw); text == "NaN" || text == "Infinity" || text == "-Infinity" {
			return s.setText(v, text)
		}
	case timeKind:
		if s.time != unixTime {
			return s.setText(v, string(raw))
		}
	case listKind, mapKind, structKind:
		return notAPart(s)
	}
	return notConverted("STRING_VALUE", s.kind)
}

// notAPart is a scalar in the place of a list or structure.
func notAPart(s *shape) error {
	if s.kind == listKind {
		return mismatch("Expected list or null")
	}
	return mismatch("Expected structure or null")
}

// wordValue reads true, false, or a null that stands where none may: in a list
// or a map.
func (d *jsonDecoder) wordValue(s *shape, v reflect.Value) error {
	w, err := d.word()
	switch {
	case err != nil:
		return err
	case s.kind == boolKind && w != "null":
		v.SetBool(w == "true")
		return nil
	case s.kind >= listKind && w != "null":
		return notAPart(s)
	}
	return notConverted(strings.ToUpper(w)+"_VALUE", s.kind)
}

func (d *jsonDecoder) numberValue(s *shape, v reflect.Value) error {
	raw, err := d.number()
	if err != nil {
		return err
	}
	text := string(raw)
	switch s.kind {
	case integerKind, longKind:
		if n, ok := wholeNumber(text, s.typ.Bits()); ok {
			v.SetInt(n)
			return nil
		}
		if strings.ContainsAny(text, ".eE") {
			return notConverted("DECIMAL_VALUE", s.kind)
		}
	case floatKind, doubleKind, timeKind:
		if (s.kind != timeKind || s.time == unixTime) && s.setText(v, text) == nil {
			return nil
		}
	case listKind, mapKind, structKind:
		return notAPart(s)
	}
	return notConverted("NUMBER_VALUE", s.kind)
}

// wholeNumber reads an integer, also one that is written as 3.0 or 1e3.
func wholeNumber(text string, bits int) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, bits); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	limit := math.Ldexp(1, min(bits-1, 53))
	if err != nil || f != math.Trunc(f) || f < -limit || f >= limit || !strings.ContainsAny(text, ".eE") {
		return 0, false
	}
	return int64(f), true
}
