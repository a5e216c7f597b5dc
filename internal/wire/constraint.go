package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// constraints are what a model asks of a value. The zero value asks nothing.
type constraints struct {
	// minLength and maxLength bound the characters of a string, the bytes of a
	// blob, the size of a list or map; minimum and maximum a number. Empty is none.
	minLength, maxLength, minimum, maximum bound
	enum                                   []string
	pattern                                string
	// matches is made when it is first needed: a server that never checks a
	// pattern need not compile it.
	matches func() func(string) bool
}

// bound is one end of a range: its text in the messages, and its value.
type bound struct {
	text  string
	value float64
}

// constrain reads the constraint tags of a field.
func (f *field) constrain(tags reflect.StructTag) (err error) {
	if f.check, err = parseConstraints(tags, "", f.kind); err != nil {
		return err
	}
	switch f.kind {
	case listKind:
		f.elem.check, err = parseConstraints(tags, "item-", f.elem.kind)
	case mapKind:
		if f.keyCheck, err = parseConstraints(tags, "key-", stringKind); err == nil {
			f.elem.check, err = parseConstraints(tags, "value-", f.elem.kind)
		}
	}
	return err
}

// parseConstraints returns nil when there are none.
func parseConstraints(tags reflect.StructTag, prefix string, k kind) (*constraints, error) {
	var c constraints
	found := false
	if raw, ok := tags.Lookup(prefix + "len"); ok {
		found = true
		if err := parseRange(raw, &c.minLength, &c.maxLength, false); err != nil {
			return nil, err
		}
	}
	if raw, ok := tags.Lookup(prefix + "range"); ok {
		found = true
		if err := parseRange(raw, &c.minimum, &c.maximum, k == floatKind || k == doubleKind); err != nil {
			return nil, err
		}
	}
	if raw, ok := tags.Lookup(prefix + "enum"); ok {
		found = true
		c.enum = strings.Split(raw, ",")
	}
	if raw, ok := tags.Lookup(prefix + "pattern"); ok {
		found = true
		c.pattern = raw
		c.matches = sync.OnceValue(func() func(string) bool { return compilePattern(raw) })
	}
	if !found {
		return nil, nil
	}
	return &c, nil
}

// parseRange reads "MIN:MAX"; either side may be empty.
func parseRange(raw string, low, high *bound, decimal bool) error {
	first, second, ok := strings.Cut(raw, ":")
	if !ok {
		return fmt.Errorf("%q is not a range", raw)
	}
	if err := low.parse(first, decimal); err != nil {
		return err
	}
	return high.parse(second, decimal)
}

func (b *bound) parse(text string, decimal bool) (err error) {
	if text == "" {
		return nil
	}
	if b.value, err = strconv.ParseFloat(text, 64); err != nil {
		return err
	}
	if decimal && !strings.ContainsAny(text, ".eE") {
		text += ".0" // Java writes a double so (recorded: "less than or equal to 1.0")
	}
	b.text = text
	return nil
}

func (b bound) below(n float64) bool { return b.text != "" && n > b.value }
func (b bound) above(n float64) bool { return b.text != "" && n < b.value }

// The words of AWS's framework.
func (c *constraints) lengthMost() string {
	return "Member must have length less than or equal to " + c.maxLength.text
}
func (c *constraints) lengthLeast() string {
	return "Member must have length greater than or equal to " + c.minLength.text
}
func (c *constraints) valueMost() string {
	return "Member must have value less than or equal to " + c.maximum.text
}
func (c *constraints) valueLeast() string {
	return "Member must have value greater than or equal to " + c.minimum.text
}
func (c *constraints) inEnum() string {
	return "Member must satisfy enum value set: [" + strings.Join(c.enum, ", ") + "]"
}
func (c *constraints) likePattern() string {
	return "Member must satisfy regular expression pattern: " + c.pattern
}

const notNull = "Member must not be null"

// all lists every constraint: a list or map whose parts break one prints all.
func (c *constraints) all() []string {
	var out []string
	for _, x := range []struct {
		asked bool
		text  func() string
	}{
		{c.maxLength.text != "", c.lengthMost},
		{c.minLength.text != "", c.lengthLeast},
		{c.maximum.text != "", c.valueMost},
		{c.minimum.text != "", c.valueLeast},
		{c.pattern != "", c.likePattern},
		{c.enum != nil, c.inEnum},
	} {
		if x.asked {
			out = append(out, x.text())
		}
	}
	return out
}

// broken lists the constraints that a value does not satisfy.
func (c *constraints) broken(s *shape, v reflect.Value) []string {
	if c == nil {
		return nil
	}
	switch s.kind {
	case stringKind:
		return c.brokenText(v.String())
	case blobKind, listKind, mapKind:
		return c.brokenLength(v.Len())
	case integerKind, longKind:
		return c.brokenNumber(float64(v.Int()))
	case floatKind, doubleKind:
		return c.brokenNumber(v.Float())
	}
	return nil
}

// brokenText checks a string. Its length counts characters.
func (c *constraints) brokenText(s string) []string {
	n := utf8.RuneCountInString(s)
	out := c.brokenLength(n)
	if c.matches != nil && !c.hopeless(n) && !c.matches()(s) {
		out = append(out, c.likePattern())
	}
	if c.enum != nil && !slices.Contains(c.enum, s) {
		out = append(out, c.inEnum())
	}
	return out
}

// hopeless spares matching a text that is far too long anyhow.
func (c *constraints) hopeless(n int) bool {
	const long = 64 << 10
	return n > long && c.maxLength.below(float64(n))
}

func (c *constraints) brokenLength(n int) (out []string) {
	if c.maxLength.below(float64(n)) {
		out = append(out, c.lengthMost())
	}
	if c.minLength.above(float64(n)) {
		out = append(out, c.lengthLeast())
	}
	return out
}

func (c *constraints) brokenNumber(n float64) (out []string) {
	if c.maximum.below(n) {
		out = append(out, c.valueMost())
	}
	if c.minimum.above(n) {
		out = append(out, c.valueLeast())
	}
	if n != n && (c.maximum.text != "" || c.minimum.text != "") {
		out = append(out, c.all()...) // NaN is in no range
	}
	return out
}
