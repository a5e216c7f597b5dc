package wire

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/api"
)

// kind is what a value is in an AWS model.
type kind uint8

const (
	stringKind kind = iota
	integerKind
	longKind
	floatKind
	doubleKind
	boolKind
	timeKind
	blobKind
	listKind
	mapKind
	structKind
	streamKind // a body that is not held in memory; always a payload
)

// shape is how one value is read, checked and written.
type shape struct {
	kind kind
	// typ is the Go type without its pointer.
	typ  reflect.Type
	time timeFormat
	// fields is the plan of a structure.
	fields *plan
	// elem is the shape of a list's elements or a map's values.
	elem *shape
	// flat lists and maps have no element round them in XML and queries;
	// item, key and value are the names of their parts.
	flat             bool
	item, key, value string
	// check are the constraints on the value itself, keyCheck those on map keys.
	check, keyCheck *constraints
	sensitive       bool
}

// field is a member of a structure.
type field struct {
	shape
	index int
	// name is the member's name on the wire, query that in the query protocol
	// (the same but for SQS), member its name in the texts of the validation.
	name, query, member string
	in                  place
	required            bool
	// attribute says that XML has the member as an attribute of its parent.
	attribute bool
}

// plan is how a struct type is read and written.
type plan struct {
	typ    reflect.Type
	fields []field
	// body are the members of the body by their wire name; payload is the
	// member that is the whole body, status the one that is the HTTP status.
	body            map[string]*field
	payload, status *field
}

// plans remembers the plan of every type it was asked for. It belongs to one
// router; plans are never changed once they are handed out.
type plans struct {
	mu     sync.Mutex // held while a plan is made
	byType sync.Map   // reflect.Type to *plan, complete ones only
}

// of is the plan of a struct type. It panics for a type that apigen cannot
// have written: such a type is a bug that the first test to touch it shows.
func (p *plans) of(t reflect.Type) *plan {
	if known, ok := p.byType.Load(t); ok {
		return known.(*plan)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	made := map[reflect.Type]*plan{}
	result, err := p.build(t, made)
	if err != nil {
		panic("wire: " + err.Error())
	}
	for t, made := range made {
		p.byType.Store(t, made)
	}
	return result
}

// build makes the plan of t and of all it contains; made breaks the circle of
// types that contain themselves.
func (p *plans) build(t reflect.Type, made map[reflect.Type]*plan) (*plan, error) {
	if known, ok := p.byType.Load(t); ok {
		return known.(*plan), nil
	}
	if known, ok := made[t]; ok {
		return known, nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is not a struct", t)
	}
	result := &plan{typ: t, body: map[string]*field{}, fields: make([]field, t.NumField())}
	made[t] = result
	for i := range t.NumField() {
		f := &result.fields[i]
		if err := p.field(f, t.Field(i), i, made); err != nil {
			return nil, fmt.Errorf("%v: %w", t, err)
		}
		switch f.in {
		case inBody:
			result.body[f.name] = f
		case inPayload:
			result.payload = f
		case inStatus:
			result.status = f
		}
	}
	return result, nil
}

func (p *plans) field(f *field, sf reflect.StructField, index int, made map[reflect.Type]*plan) error {
	t, err := parseTag(sf)
	if err != nil {
		return err
	}
	f.index, f.name, f.in, f.required, f.attribute = index, t.name, t.in, t.required, t.attribute
	f.member = strings.ToLower(sf.Name[:1]) + sf.Name[1:]
	if err := p.shape(&f.shape, sf.Type, t, made); err != nil {
		return fmt.Errorf("field %s: %w", sf.Name, err)
	}
	if f.flat && t.item != "" {
		f.name = t.item // a flat list is a run of elements named for the item
	}
	f.query = or(t.query, f.name)
	if t.stream != (f.kind == streamKind) || t.stream && f.in != inPayload {
		return fmt.Errorf("field %s: a stream is the payload and of the type *api.Stream", sf.Name)
	}
	return f.constrain(sf.Tag)
}

// scalars are the Go types of the scalar kinds.
var scalars = map[reflect.Type]kind{
	reflect.TypeFor[string]():     stringKind,
	reflect.TypeFor[int32]():      integerKind,
	reflect.TypeFor[int64]():      longKind,
	reflect.TypeFor[float32]():    floatKind,
	reflect.TypeFor[float64]():    doubleKind,
	reflect.TypeFor[bool]():       boolKind,
	reflect.TypeFor[time.Time]():  timeKind,
	reflect.TypeFor[[]byte]():     blobKind,
	reflect.TypeFor[api.Stream](): streamKind,
}

func (p *plans) shape(s *shape, t reflect.Type, g tag, made map[reflect.Type]*plan) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s.typ, s.time, s.flat, s.sensitive = t, g.time, g.flat, g.sensitive
	if scalar, ok := scalars[t]; ok {
		s.kind = scalar
		return nil
	}
	var err error
	switch t.Kind() {
	case reflect.Slice:
		s.kind, s.item, s.elem = listKind, or(g.item, "member"), new(shape)
		err = p.shape(s.elem, t.Elem(), tag{time: g.time}, made)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("a map with keys of type %v", t.Key())
		}
		s.kind, s.key, s.value, s.elem = mapKind, or(g.key, "key"), or(g.value, "value"), new(shape)
		err = p.shape(s.elem, t.Elem(), tag{time: g.time}, made)
	case reflect.Struct:
		s.kind = structKind
		s.fields, err = p.build(t, made)
	default:
		err = fmt.Errorf("a member of type %v", t)
	}
	return err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// target is where the value of a member goes: what a pointer points to, newly
// made, or the place itself.
func target(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	v.Set(reflect.New(v.Type().Elem()))
	return v.Elem()
}

// source is the value of a member; ok is false when it is absent.
func source(v reflect.Value) (reflect.Value, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		return v.Elem(), true
	case reflect.Slice, reflect.Map:
		return v, !v.IsNil()
	}
	return v, true
}
