package wire

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

// mismatch is a value of the wrong type, in the words of AWS's deserializers
// (seen at several services: "STRING_VALUE can not be converted to an Integer").
type mismatch string

func (m mismatch) Error() string { return string(m) }

// names of the kinds in those words, with their article.
var kindNames = [...]string{
	stringKind: "a String", integerKind: "an Integer", longKind: "a Long", floatKind: "a Float", doubleKind: "a Double",
	boolKind: "a Boolean", timeKind: "milliseconds since epoch", blobKind: "a ByteBuffer",
	listKind: "a List", mapKind: "a Map", structKind: "a Structure", streamKind: "a ByteBuffer",
}

func notConverted(token string, k kind) mismatch {
	return mismatch(token + " can not be converted to " + kindNames[k])
}

// setText reads a scalar that is written as text: a path label, a header, a
// parameter. v is the target.
func (s *shape) setText(v reflect.Value, text string) error {
	switch s.kind {
	case stringKind:
		if !utf8.ValidString(text) {
			return mismatch("the text is not valid UTF-8")
		}
		v.SetString(text)
		return nil
	case integerKind, longKind:
		if n, err := strconv.ParseInt(text, 10, s.typ.Bits()); err == nil {
			v.SetInt(n)
			return nil
		}
	case floatKind, doubleKind:
		if f, ok := parseFloat(text, s.typ.Bits()); ok {
			v.SetFloat(f)
			return nil
		}
	case boolKind:
		if text == "true" || text == "false" {
			v.SetBool(text == "true")
			return nil
		}
	case timeKind:
		if t, ok := s.time.parse(text); ok {
			v.Set(reflect.ValueOf(t))
			return nil
		}
	case blobKind:
		if b, err := base64.StdEncoding.DecodeString(text); err == nil {
			v.SetBytes(b)
			return nil
		}
	}
	return notConverted("STRING_VALUE", s.kind)
}

// parseFloat takes decimal numbers only, and AWS's three names.
func parseFloat(text string, bits int) (float64, bool) {
	switch text {
	case "NaN", "Infinity", "-Infinity":
	default:
		for i := range len(text) {
			if c := text[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
				return 0, false
			}
		}
	}
	f, err := strconv.ParseFloat(text, bits)
	return f, err == nil
}

// appendText writes a scalar as text.
func (s *shape) appendText(b []byte, v reflect.Value) []byte {
	switch s.kind {
	case stringKind:
		return append(b, v.String()...)
	case integerKind, longKind:
		return strconv.AppendInt(b, v.Int(), 10)
	case floatKind, doubleKind:
		return appendFloat(b, v.Float(), s.typ.Bits())
	case boolKind:
		return strconv.AppendBool(b, v.Bool())
	case timeKind:
		return s.time.append(b, v.Interface().(time.Time))
	case blobKind:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	}
	return b
}

// appendFloat writes a float the way every client reads it.
func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case f != f:
		return append(b, "NaN"...)
	case f > maxFloat:
		return append(b, "Infinity"...)
	case f < -maxFloat:
		return append(b, "-Infinity"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

const maxFloat = 1.79769313486231570814527423731704356798070e+308
