package wire

import (
	"fmt"
	"reflect"
	"strings"
)

// place is where the REST protocols put a member.
type place string

const (
	inBody    place = ""
	inPath    place = "path"
	inQuery   place = "query"
	inHeader  place = "header"
	inHeaders place = "headers" // every header with a prefix, as a map
	inStatus  place = "status"
	inPayload place = "payload" // the member is the whole body
)

// tag is the aws tag of a generated field:
// aws:"WIRENAME,required,in=path,flat,item=NAME,key=NAME,value=NAME,time=unix".
type tag struct {
	name string
	// query is the name in the query protocol, where the service has another
	// one there.
	query            string
	in               place
	required         bool
	flat             bool
	greedy           bool
	sensitive        bool
	attribute        bool
	stream           bool
	item, key, value string
	time             timeFormat
}

func parseTag(f reflect.StructField) (tag, error) {
	raw, ok := f.Tag.Lookup("aws")
	if !ok {
		return tag{}, fmt.Errorf("field %s has no aws tag", f.Name)
	}
	name, options, _ := strings.Cut(raw, ",")
	if name == "" {
		return tag{}, fmt.Errorf("field %s has no wire name", f.Name)
	}
	t := tag{name: name}
	for option := range strings.SplitSeq(options, ",") {
		if err := t.option(option); err != nil {
			return tag{}, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return t, nil
}

func (t *tag) option(option string) error {
	key, value, _ := strings.Cut(option, "=")
	switch key {
	case "", "token": // clients fill tokens
	case "required":
		t.required = true
	case "flat":
		t.flat = true
	case "greedy":
		t.greedy = true
	case "sensitive":
		t.sensitive = true
	case "attribute":
		t.attribute = true
	case "stream":
		t.stream = true
	case "query":
		t.query = value
	case "item":
		t.item = value
	case "key":
		t.key = value
	case "value":
		t.value = value
	case "in":
		t.in = place(value)
		return t.in.check()
	case "time":
		t.time = timeFormat(value)
		return t.time.check()
	default:
		return fmt.Errorf("unknown tag option %q", option)
	}
	return nil
}

func (p place) check() error {
	switch p {
	case inPath, inQuery, inHeader, inHeaders, inStatus, inPayload:
		return nil
	}
	return fmt.Errorf("unknown place %q", string(p))
}
