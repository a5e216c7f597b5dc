package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tag is the struct tag of a member: where and how it stands on the wire, and
// the constraints AWS's front end checks. Package wire reads it.
func (g *generator) tag(owner *shape, name string, r reference) string {
	s := g.model.Shapes[r.Shape]
	options := []string{wireName(name, r)}
	add := func(set bool, option string) {
		if set {
			options = append(options, option)
		}
	}
	add(slices.Contains(owner.Required, name) && !g.target.unchecked, "required")
	add(locations[r.Location] != "", "in="+locations[r.Location])
	add(owner.Payload == name, "in=payload")
	add(s.Flattened || r.Flattened, "flat")
	add(r.XMLAttribute, "attribute")
	if s.Member != nil {
		add(s.Member.LocationName != "", "item="+s.Member.LocationName)
	}
	if q := g.target.query[r.Shape]; q.name != "" {
		add(true, "query="+q.name)
		add(q.key != "", "key="+q.key)
		add(q.value != "", "value="+q.value)
	}
	if g.model.Metadata.Protocol == "ec2" {
		asked := parameterName(name, r)
		add(asked != wireName(name, r), "query="+asked)
	}
	if s.Key != nil {
		add(s.Key.LocationName != "", "key="+s.Key.LocationName)
		add(s.Value.LocationName != "", "value="+s.Value.LocationName)
	}
	format := g.timestamp(r, s)
	add(format != "", "time="+format)
	add(r.Token, "token")
	add(g.streams(r), "stream")
	// AWS prints maps with what a caller sent of them, sensitive or not (seen: the
	// variables of a function).
	add(s.Sensitive && scalars[s.Type] != "", "sensitive")
	keys := []string{`aws:` + strconv.Quote(strings.Join(options, ","))}
	keys = append(keys, g.constraints("", r.Shape)...)
	if s.Member != nil {
		keys = append(keys, g.constraints("item-", s.Member.Shape)...)
	}
	if s.Key != nil {
		keys = append(keys, g.constraints("key-", s.Key.Shape)...)
		keys = append(keys, g.constraints("value-", s.Value.Shape)...)
	}
	return quoteTag(strings.Join(keys, " "))
}

var locations = map[string]string{
	"uri": "path", "querystring": "query", "header": "header", "headers": "headers", "statusCode": "status",
}

func wireName(name string, r reference) string {
	if r.LocationName != "" {
		return r.LocationName
	}
	return name
}

// parameterName is a member's name in a request of the protocol ec2 (Smithy, "AWS
// EC2 query protocol"): its own one, or else that of answers with a capital.
func parameterName(name string, r reference) string {
	if r.QueryName != "" {
		return r.QueryName
	}
	return exported(wireName(name, r))
}

// timestamp is the format of a timestamp, or of the timestamps in a list or
// map; empty for everything else.
func (g *generator) timestamp(r reference, s *shape) string {
	if s.Member != nil {
		return g.timestamp(*s.Member, g.model.Shapes[s.Member.Shape])
	}
	if s.Value != nil {
		return g.timestamp(*s.Value, g.model.Shapes[s.Value.Shape])
	}
	if s.Type != "timestamp" {
		return ""
	}
	format := r.TimestampFormat
	if format == "" {
		format = s.TimestampFormat
	}
	if format != "" {
		return map[string]string{"iso8601": "iso", "unixTimestamp": "unix", "rfc822": "http"}[format]
	}
	switch {
	case r.Location == "header" || r.Location == "headers":
		return "http"
	case r.Location == "querystring" || r.Location == "uri":
		return "iso"
	case g.model.Metadata.Protocol == "json" || g.model.Metadata.Protocol == "rest-json":
		return "unix"
	}
	return "iso"
}

// constraints are the tag keys of what a shape allows.
func (g *generator) constraints(prefix, name string) []string {
	if g.target.unchecked || slices.Contains(g.target.lax, name) {
		return nil
	}
	s := g.model.Shapes[name]
	var keys []string
	key := func(name, value string) { keys = append(keys, prefix+name+":"+strconv.Quote(value)) }
	if s.Min != nil || s.Max != nil {
		switch s.Type {
		case "string", "blob", "list", "map":
			key("len", bound(s.Min)+":"+bound(s.Max))
		case "integer", "long", "double", "float":
			key("range", bound(s.Min)+":"+bound(s.Max))
		}
	}
	if s.Pattern != "" {
		key("pattern", s.Pattern)
	}
	if len(s.Enum) > 0 {
		key("enum", strings.Join(s.Enum, ","))
	}
	return keys
}

func bound(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// quoteTag writes a tag as a Go literal.
func quoteTag(tag string) string {
	if strings.Contains(tag, "`") {
		return strconv.Quote(tag)
	}
	return "`" + tag + "`"
}

// streams says whether a member is a body that is never held in memory: bytes,
// or events in the framing of AWS's event streams, which the service writes.
func (g *generator) streams(r reference) bool {
	s := g.model.Shapes[r.Shape]
	return s.EventStream || s.Type == "blob" && (s.Streaming || r.Streaming) && !slices.Contains(g.target.held, r.Shape)
}

// goType is the Go type of a member.
func (g *generator) goType(r reference) (string, error) {
	s := g.model.Shapes[r.Shape]
	if g.streams(r) {
		return "*api.Stream", nil
	}
	if scalar, ok := scalars[s.Type]; ok {
		return "*" + scalar, nil
	}
	if s.Type == "structure" {
		return "*" + exported(r.Shape), nil
	}
	return g.elementType(r.Shape)
}

// elementType is the Go type of a list element or map value.
func (g *generator) elementType(name string) (string, error) {
	s := g.model.Shapes[name]
	switch {
	case scalars[s.Type] != "":
		return scalars[s.Type], nil
	case s.Type == "structure":
		return exported(name), nil
	case s.Type == "blob":
		return "[]byte", nil
	case s.Type == "list":
		item, err := g.elementType(s.Member.Shape)
		return "[]" + item, err
	case s.Type == "map":
		value, err := g.elementType(s.Value.Shape)
		return "map[string]" + value, err
	}
	return "", fmt.Errorf("shape %s: type %q is not known", name, s.Type)
}

var scalars = map[string]string{
	"string": "string", "character": "string", "boolean": "bool", "integer": "int32", "long": "int64",
	"double": "float64", "float": "float32", "timestamp": "time.Time",
}
