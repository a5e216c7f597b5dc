package wire

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The vectors describe their types as AWS models do. modelTypes makes Go types
// of them, with the tags that apigen would write.
type modelTypes struct {
	protocol string
	shapes   map[string]*modelShape
}

type modelShape struct {
	Type            string               `json:"type"`
	Members         map[string]*modelRef `json:"members"`
	Member          *modelRef            `json:"member"`
	Key, Value      *modelRef
	Flattened       bool   `json:"flattened"`
	Payload         string `json:"payload"`
	TimestampFormat string `json:"timestampFormat"`
	Location        string `json:"location"`
	LocationName    string `json:"locationName"`
}

type modelRef struct {
	Shape            string `json:"shape"`
	Location         string `json:"location"`
	LocationName     string `json:"locationName"`
	Flattened        bool   `json:"flattened"`
	TimestampFormat  string `json:"timestampFormat"`
	JSONValue        bool   `json:"jsonvalue"`
	IdempotencyToken bool   `json:"idempotencyToken"`
}

// unrolled is how deep types that contain themselves are written out: Go's
// reflection cannot make circular ones.
const unrolled = 6

var modelScalars = map[string]reflect.Type{
	"string": reflect.TypeFor[*string](), "character": reflect.TypeFor[*string](), "integer": reflect.TypeFor[*int32](),
	"long": reflect.TypeFor[*int64](), "float": reflect.TypeFor[*float32](), "double": reflect.TypeFor[*float64](),
	"boolean": reflect.TypeFor[*bool](), "timestamp": reflect.TypeFor[*time.Time](), "blob": reflect.TypeFor[[]byte](),
}

// goType is nil below the depth to which types are unrolled.
func (m *modelTypes) goType(name string, depth int) reflect.Type {
	s := m.shapes[name]
	if scalar, ok := modelScalars[s.Type]; ok {
		return scalar
	}
	if depth > unrolled {
		return nil
	}
	switch s.Type {
	case "list":
		if elem := m.goType(s.Member.Shape, depth+1); elem != nil {
			return reflect.SliceOf(value(elem))
		}
		return nil
	case "map":
		if elem := m.goType(s.Value.Shape, depth+1); elem != nil {
			return reflect.MapOf(reflect.TypeFor[string](), value(elem))
		}
		return nil
	}
	return reflect.PointerTo(m.structType(name, depth))
}

// value is a type without its pointer: elements are values.
func value(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func (m *modelTypes) structType(name string, depth int) reflect.Type {
	s := m.shapes[name]
	var fields []reflect.StructField
	for _, member := range slices.Sorted(maps.Keys(s.Members)) {
		ref := s.Members[member]
		if ref.Shape == "" {
			continue
		}
		typ := m.goType(ref.Shape, depth+1)
		if typ == nil {
			continue
		}
		fields = append(fields, reflect.StructField{
			Name: goName(member), Type: typ,
			Tag: reflect.StructTag(`aws:"` + m.tag(s, member, ref) + `"`),
		})
	}
	return reflect.StructOf(fields)
}

func goName(member string) string { return strings.ToUpper(member[:1]) + member[1:] }

var modelPlaces = map[string]place{
	"uri": inPath, "querystring": inQuery, "header": inHeader, "headers": inHeaders, "statusCode": inStatus,
}

func (m *modelTypes) tag(in *modelShape, member string, ref *modelRef) string {
	s := m.shapes[ref.Shape]
	t := cmp.Or(ref.LocationName, s.LocationName, member)
	where := modelPlaces[cmp.Or(ref.Location, s.Location)]
	if in.Payload == member {
		where = inPayload
	}
	if where != "" {
		t += ",in=" + string(where)
	}
	if ref.Flattened || s.Flattened {
		t += ",flat"
	}
	if s.Type == "list" && s.Member.LocationName != "" {
		t += ",item=" + s.Member.LocationName
	}
	if s.Type == "map" {
		t += ",key=" + cmp.Or(s.Key.LocationName, "key") + ",value=" + cmp.Or(s.Value.LocationName, "value")
	}
	if format := m.timeFormat(ref, where); format != "" {
		t += ",time=" + string(format)
	}
	return t
}

// timeFormat is the format of the timestamp, or of the timestamps in the list
// or map, that a member is.
func (m *modelTypes) timeFormat(ref *modelRef, where place) timeFormat {
	s := m.shapes[ref.Shape]
	switch s.Type {
	case "list":
		return m.timeFormat(s.Member, where)
	case "map":
		return m.timeFormat(s.Value, where)
	case "timestamp":
	default:
		return ""
	}
	switch cmp.Or(ref.TimestampFormat, s.TimestampFormat) {
	case "iso8601":
		return isoTime
	case "rfc822":
		return httpTime
	case "unixTimestamp":
		return unixTime
	}
	switch {
	case where == inHeader || where == inHeaders:
		return httpTime
	case where == inQuery || m.protocol == "query":
		return isoTime
	}
	return unixTime
}
