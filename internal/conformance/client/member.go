package client

import (
	"reflect"
	"strings"
)

// member is what a client needs to know of one: see internal/wire for the tags.
type member struct {
	name, in, query  string
	item, key, value string
	flat             bool
	typ              reflect.Type
}

// members are those of a structure by the names that AWS's API reference has.
func members(t reflect.Type) map[string]member {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	all := map[string]member{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("aws"), ",")
		m := member{name: name, typ: f.Type}
		for option := range strings.SplitSeq(options, ",") {
			switch k, v, _ := strings.Cut(option, "="); k {
			case "in":
				m.in = v
			case "query":
				m.query = v
			case "item":
				m.item = v
			case "key":
				m.key = v
			case "value":
				m.value = v
			case "flat":
				m.flat = true
			}
		}
		all[f.Name] = m
	}
	return all
}

func (m member) queryName() string { return orDefault(m.query, m.name) }
