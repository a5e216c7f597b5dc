package wire

import (
	"reflect"
	"slices"
	"strings"
)

// Bounds of a message about an invalid input: AWS repeats every value, we stop
// where the message would grow beyond use.
const (
	mostViolations = 100
	longestValue   = 8 << 10
)

// validation collects what is wrong with one input.
type validation struct {
	// query says that the protocol is the query protocol, whose framework
	// prints one constraint more (see partConstraints).
	query    bool
	found    []string
	overflow int
}

// validate checks an input. The message is empty when nothing is wrong, else
// that of AWS's framework: "2 validation errors detected: Value ...; Value ...".
func (p *plan) validate(v reflect.Value, query bool) (message string) {
	c := validation{query: query}
	c.structure(p, v, "")
	n := len(c.found) + c.overflow
	if n == 0 {
		return ""
	}
	plural := "s"
	if n == 1 {
		plural = ""
	}
	return itoa(n) + " validation error" + plural + " detected: " + strings.Join(c.found, "; ")
}

func (c *validation) structure(p *plan, v reflect.Value, path string) {
	for i := range p.fields {
		f := &p.fields[i]
		value, present := source(v.Field(f.index))
		if !present {
			if f.required {
				c.add("Value null", path+f.member, notNull)
			}
			continue
		}
		if f.quiet() {
			continue
		}
		c.value(&f.shape, value, path+f.member)
	}
}

// quiet says that no value of the member can break a constraint.
func (f *field) quiet() bool { return f.kind <= blobKind && f.check == nil }

func (c *validation) value(s *shape, v reflect.Value, path string) {
	for _, broken := range s.check.broken(s, v) {
		c.broken(s, v, path, broken)
	}
	switch s.kind {
	case structKind:
		c.structure(s.fields, v, path+".")
	case listKind:
		c.list(s, v, path)
	case mapKind:
		c.mapping(s, v, path)
	}
}

// part checks an element of a list or a value of a map.
func (c *validation) part(s *shape, v reflect.Value, path string) {
	if value, present := source(v); present {
		c.value(s, value, path)
	}
}

// list checks elements. Those that are structures are named by their place
// ("tags.1.member.key"); for others the whole list is named once.
func (c *validation) list(s *shape, v reflect.Value, path string) {
	if s.elem.kind >= listKind {
		for i := range v.Len() {
			c.part(s.elem, v.Index(i), path+"."+itoa(i+1)+".member")
		}
		return
	}
	if s.elem.check == nil {
		return
	}
	for i := range v.Len() {
		if len(s.elem.check.broken(s.elem, v.Index(i))) > 0 {
			c.broken(s, v, path, "Member must satisfy constraint: "+c.partConstraints(s.elem.check))
			return
		}
	}
}

func (c *validation) mapping(s *shape, v reflect.Value, path string) {
	keys := sortedKeys(v)
	key := shape{kind: stringKind}
	if s.keyCheck != nil && slices.ContainsFunc(keys, func(k reflect.Value) bool { return len(s.keyCheck.broken(&key, k)) > 0 }) {
		c.broken(s, v, path, "Map keys must satisfy constraint: "+c.partConstraints(s.keyCheck))
	}
	if s.elem.kind >= listKind {
		for _, k := range keys {
			c.part(s.elem, v.MapIndex(k), path+"."+k.String()+".member")
		}
		return
	}
	if s.elem.check != nil && slices.ContainsFunc(keys, func(k reflect.Value) bool { return len(s.elem.check.broken(s.elem, v.MapIndex(k))) > 0 }) {
		c.broken(s, v, path, "Map value must satisfy constraint: "+c.partConstraints(s.elem.check))
	}
}

// partConstraints prints all constraints of a list's elements or a map's keys
// or values. AWS adds "must not be null" for enums, numbers and everywhere in
// the query protocol, but not for the strings of Lambda's lists (recorded:
// IAM's tagKeys and Lambda's architectures and version weights with it,
// Lambda's subnetIds and layers without).
func (c *validation) partConstraints(of *constraints) string {
	all := of.all()
	if c.query || of.enum != nil || of.minimum.text != "" || of.maximum.text != "" {
		all = append(all, notNull)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// broken adds a violation with the value, unless the value is secret.
func (c *validation) broken(s *shape, v reflect.Value, path, constraint string) {
	subject := "Value"
	if !s.sensitive && !s.opaque() {
		var b strings.Builder
		s.print(&b, v)
		text := b.String()
		if len(text) > longestValue {
			text = strings.ToValidUTF8(text[:longestValue], "") + "..."
		}
		subject = "Value '" + text + "'"
	}
	c.add(subject, path, constraint)
}

// opaque says that the framework does not print the value: structures have no
// text of their own (recorded: "Value at 'tags' failed to satisfy constraint").
func (s *shape) opaque() bool {
	return s.kind == structKind || s.elem != nil && s.elem.opaque()
}

func (c *validation) add(subject, path, constraint string) {
	if len(c.found) == mostViolations {
		c.overflow++
		return
	}
	c.found = append(c.found, subject+" at '"+path+"' failed to satisfy constraint: "+constraint)
}

// print writes a value as Java's toString does: [a, b], {k=v}.
func (s *shape) print(b *strings.Builder, v reflect.Value) {
	if b.Len() > longestValue {
		return
	}
	switch s.kind {
	case blobKind: // contents are not repeated, as on AWS
		n := itoa(v.Len())
		b.WriteString("java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]")
	case listKind:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			s.elem.print(b, v.Index(i))
		}
		b.WriteByte(']')
	case mapKind:
		s.printMap(b, v)
	default:
		b.Write(s.appendText(nil, v))
	}
}

func (s *shape) printMap(b *strings.Builder, v reflect.Value) {
	keys := sortedKeys(v)
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(k.String() + "=")
		s.elem.print(b, v.MapIndex(k))
	}
	b.WriteByte('}')
}
