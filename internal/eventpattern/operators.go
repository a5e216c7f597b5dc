package eventpattern

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strings"
)

// matcher is one value of a field's array.
type matcher interface {
	// match says whether a scalar of the event matches: string, json.Number, bool
	// or nil.
	match(v any) bool
}

// absent is a matcher that matches where the event has no such field.
type absent struct{}

func (absent) match(any) bool { return false }

// present matches every field that the event has.
type present struct{}

func (present) match(any) bool { return true }

type equals string

func (e equals) match(v any) bool { s, ok := v.(string); return ok && s == string(e) }

// number is a literal number. AWS compares the texts: 300 and 3.0e2 differ.
type number json.Number

func (n number) match(v any) bool { s, ok := v.(json.Number); return ok && string(s) == string(n) }

// exactly is true, false or null.
type exactly struct{ value any }

func (e exactly) match(v any) bool {
	switch v.(type) {
	case bool, nil:
		return v == e.value
	}
	return false
}

type prefix string

func (p prefix) match(v any) bool { s, ok := v.(string); return ok && strings.HasPrefix(s, string(p)) }

type suffix string

func (x suffix) match(v any) bool { s, ok := v.(string); return ok && strings.HasSuffix(s, string(x)) }

type sameFold string

func (f sameFold) match(v any) bool {
	s, ok := v.(string)
	return ok && strings.EqualFold(s, string(f))
}

// prefixFold and suffixFold leave case aside.
type prefixFold string

func (p prefixFold) match(v any) bool {
	s, ok := v.(string)
	return ok && strings.HasPrefix(strings.ToLower(s), strings.ToLower(string(p)))
}

type suffixFold string

func (x suffixFold) match(v any) bool {
	s, ok := v.(string)
	return ok && strings.HasSuffix(strings.ToLower(s), strings.ToLower(string(x)))
}

// not matches a scalar that none of the others does.
type not []matcher

func (n not) match(v any) bool {
	for _, m := range n {
		if m.match(v) {
			return false
		}
	}
	return true
}

type network netip.Prefix

func (n network) match(v any) bool {
	s, ok := v.(string)
	if !ok {
		return false
	}
	a, err := netip.ParseAddr(s)
	return err == nil && netip.Prefix(n).Contains(a)
}

// wildcard is a text with * for any run of characters, in parts between them.
type wildcard []string

func (w wildcard) match(v any) bool {
	s, ok := v.(string)
	if !ok || !strings.HasPrefix(s, w[0]) {
		return false
	}
	if len(w) == 1 {
		return s == w[0]
	}
	s = s[len(w[0]):]
	last := w[len(w)-1]
	for _, part := range w[1 : len(w)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}

// between is a numeric range; nil is no bound.
type between struct {
	low, high         *big.Rat
	withLow, withHigh bool
}

func (b between) match(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	r, ok := rational(n)
	if !ok {
		return false
	}
	if b.low != nil {
		if c := r.Cmp(b.low); c < 0 || c == 0 && !b.withLow {
			return false
		}
	}
	if b.high != nil {
		if c := r.Cmp(b.high); c > 0 || c == 0 && !b.withHigh {
			return false
		}
	}
	return true
}

// longestNumber and largestExponent bound the work of an exact comparison.
const (
	longestNumber   = 64
	largestExponent = 32
)

// rational is the exact value of a number; false for one that is out of any
// range AWS accepts (plus or minus 5 billion, or 15 digits).
func rational(n json.Number) (*big.Rat, bool) {
	if len(n) > longestNumber {
		return nil, false
	}
	if i := strings.IndexAny(string(n), "eE"); i >= 0 {
		e, ok := new(big.Int).SetString(strings.TrimPrefix(string(n)[i+1:], "+"), 10)
		if !ok || e.CmpAbs(big.NewInt(largestExponent)) > 0 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(string(n))
}

// isOperator says whether name is a match type.
func isOperator(name string) bool {
	switch name {
	case "prefix", "suffix", "equals-ignore-case", "wildcard", "cidr", "exists", "numeric", "anything-but":
		return true
	}
	return false
}

// compileOperator makes the matcher of a match type with its operand.
func compileOperator(name string, v any) (matcher, error) {
	switch name {
	case "prefix":
		return affix(v, name, asPrefix, asPrefixFold)
	case "suffix":
		return affix(v, name, asSuffix, asSuffixFold)
	case "equals-ignore-case":
		return text(v, name, asSameFold)
	case "wildcard":
		return wild(v)
	case "cidr":
		return cidr(v)
	case "exists":
		return exists(v)
	case "numeric":
		return numeric(v)
	case "anything-but":
		return anythingBut(v)
	}
	return nil, reason("Unrecognized match type %s", name)
}

func asPrefix(s string) matcher     { return prefix(s) }
func asSuffix(s string) matcher     { return suffix(s) }
func asPrefixFold(s string) matcher { return prefixFold(s) }
func asSuffixFold(s string) matcher { return suffixFold(s) }
func asSameFold(s string) matcher   { return sameFold(s) }

func text(v any, name string, made func(string) matcher) (matcher, error) {
	s, ok := v.(string)
	if !ok {
		return nil, reason("%s match pattern must be a string", name)
	}
	return made(s), nil
}

// affix is prefix or suffix: a text, or {"equals-ignore-case": text}.
func affix(v any, name string, made, folded func(string) matcher) (matcher, error) {
	if o, ok := v.(orderedObject); ok && len(o) == 1 && o[0].name == "equals-ignore-case" {
		return text(o[0].value, name, folded)
	}
	return text(v, name, made)
}

func wild(v any) (matcher, error) {
	s, ok := v.(string)
	if !ok {
		return nil, reason("wildcard match pattern must be a string")
	}
	if strings.Contains(s, "**") {
		return nil, reason("Consecutive wildcard characters at pos %d", strings.Index(s, "**"))
	}
	return unescape(s)
}

// unescape splits at every * that no backslash stands before.
func unescape(s string) (matcher, error) {
	w := wildcard{}
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*':
			w = append(w, part.String())
			part.Reset()
		case s[i] == '\\':
			if i++; i == len(s) || s[i] != '*' && s[i] != '\\' {
				return nil, reason("Invalid escape character at pos %d", i-1)
			}
			part.WriteByte(s[i])
		default:
			part.WriteByte(s[i])
		}
	}
	return append(w, part.String()), nil
}

func cidr(v any) (matcher, error) {
	s, ok := v.(string)
	if !ok {
		return nil, reason("prefix match pattern must be a string")
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, reason("Malformed CIDR, one '/' required")
	}
	return network(p.Masked()), nil
}

func exists(v any) (matcher, error) {
	switch v {
	case true:
		return present{}, nil
	case false:
		return absent{}, nil
	}
	return nil, reason("exists match pattern must be either true or false.")
}

func anythingBut(v any) (matcher, error) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return nil, reason("Empty arrays are not allowed")
		}
		return literals(v)
	case orderedObject:
		return anythingButOperator(v)
	default:
		return literals([]any{v})
	}
}

// literals are texts or numbers, of one kind.
func literals(list []any) (matcher, error) {
	var n not
	for _, v := range list {
		switch v.(type) {
		case string, json.Number:
		default:
			return nil, reason("Value of anything-but must be an array or single string/number value.")
		}
		if _, text := v.(string); text != isText(list[0]) {
			return nil, reason("Inside anything but list, either all values are number or string, mixed type is not supported")
		}
		m, err := compile(v)
		if err != nil {
			return nil, err
		}
		n = append(n, m)
	}
	return n, nil
}

func isText(v any) bool { _, ok := v.(string); return ok }

// anythingButOperator is {"prefix": text or texts} and its like.
func anythingButOperator(o orderedObject) (matcher, error) {
	if len(o) != 1 {
		return nil, reason("Only one key allowed in match expression")
	}
	name := o[0].name
	switch name {
	case "prefix", "suffix", "equals-ignore-case", "wildcard":
	default:
		return nil, reason("Unsupported anything-but pattern: %s", name)
	}
	operands, ok := o[0].value.([]any)
	if !ok {
		operands = []any{o[0].value}
	}
	if len(operands) == 0 {
		return nil, reason("Empty arrays are not allowed")
	}
	var n not
	for _, v := range operands {
		if v == "" && name != "wildcard" {
			return nil, reason("Null prefix/suffix not allowed")
		}
		m, err := compileOperator(name, v)
		if err != nil {
			return nil, err
		}
		n = append(n, m)
	}
	return n, nil
}

// numeric is ["=", n], [op, n] or [low op, n, high op, n].
func numeric(v any) (matcher, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, reason("Value of numeric must be an array.")
	}
	if len(list) == 0 {
		return nil, reason("Invalid member in numeric match: ]")
	}
	var b between
	for i := 0; i < len(list); i += 2 {
		op, ok := list[i].(string)
		if !ok {
			return nil, reason("Invalid member in numeric match: %v", list[i])
		}
		if i+1 == len(list) {
			return nil, reason("Value of %s must be numeric", op)
		}
		n, ok := list[i+1].(json.Number)
		if !ok {
			return nil, reason("Value of %s must be numeric", op)
		}
		r, ok := rational(n)
		if !ok || r.Cmp(fiveBillion) > 0 || r.Cmp(new(big.Rat).Neg(fiveBillion)) < 0 {
			return nil, reason("Value of %s must be between -5.0E9 and 5.0E9, inclusive", op)
		}
		if err := b.bound(op, r, i > 0, len(list) > 2); err != nil {
			return nil, err
		}
	}
	if len(list) > 2 && b.low.Cmp(b.high) >= 0 {
		return nil, reason("Bottom must be less than top")
	}
	return b, nil
}

// fiveBillion bounds the numbers of patterns.
var fiveBillion = big.NewRat(5_000_000_000, 1)

// bound takes one operator with its number. A range begins with its lower end.
func (b *between) bound(op string, r *big.Rat, second, more bool) error {
	switch {
	case second && (b.high != nil || b.low == nil):
		return reason("Too many elements in numeric expression")
	case op == "=" && !second && !more:
		b.low, b.high, b.withLow, b.withHigh = r, r, true, true
	case op == ">" && !second:
		b.low = r
	case op == ">=" && !second:
		b.low, b.withLow = r, true
	case op == "<" && (second || !more):
		b.high = r
	case op == "<=" && (second || !more):
		b.high, b.withHigh = r, true
	case op == "=" || op == "<" || op == "<=":
		return reason("Too many terms in numeric range expression")
	default:
		return reason("Bad numeric range operator: %s", op)
	}
	return nil
}
