package wire

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/limits"
)

// jsonReader walks a JSON text once, from front to back, and checks it on the
// way. encoding/json would match member names in any case and take values of
// other types; both differ from AWS.
type jsonReader struct {
	data  []byte
	pos   int
	depth int
	// elements counts list elements and map entries.
	elements int
}

// malformed is a text that is not JSON, or more than we read.
type malformed struct {
	text string
	// at is the offset.
	at int
}

func (m *malformed) Error() string { return m.text }

// where is the line and column of an offset, from 1.
func where(data []byte, at int) (line, column int) {
	before := data[:min(at, len(data))]
	return bytes.Count(before, []byte{'\n'}) + 1, at - bytes.LastIndexByte(before, '\n')
}

func (r *jsonReader) fail(format string, args ...any) error {
	return &malformed{text: fmt.Sprintf(format, args...), at: r.pos}
}

// unexpected names the character that stands where wanted should.
func (r *jsonReader) unexpected(wanted string) error {
	if r.pos >= len(r.data) {
		return r.fail("Unexpected end-of-input: was expecting %s", wanted)
	}
	c, _ := utf8.DecodeRune(r.data[r.pos:])
	if c < ' ' || c == utf8.RuneError {
		return r.fail("Unexpected character (code %d): was expecting %s", r.data[r.pos], wanted)
	}
	return r.fail("Unexpected character ('%c' (code %d)): was expecting %s", c, c, wanted)
}

// peek skips white space and gives the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// end makes sure that nothing but white space follows.
func (r *jsonReader) end() error {
	if r.peek(); r.pos < len(r.data) {
		return r.unexpected("the end of the document")
	}
	return nil
}

// enter counts one level of nesting; leave uncounts it.
func (r *jsonReader) enter() error {
	if r.depth++; r.depth > limits.NestingDepth {
		return r.fail("Values are nested more than %d deep", limits.NestingDepth)
	}
	r.pos++
	return nil
}

func (r *jsonReader) leave() {
	r.depth--
	r.pos++
}

// members calls each for every member of the object at the position; each must
// read the member's value.
func (r *jsonReader) members(each func(name []byte) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		c := r.peek()
		if first && c == '}' {
			r.leave()
			return nil
		}
		if c != '"' {
			return r.unexpected("double-quote to start field name")
		}
		name, err := r.text()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return r.unexpected("a colon to separate field name and value")
		}
		r.pos++
		if err := each(name); err != nil {
			return err
		}
		done, err := r.more('}', "comma to separate Object entries")
		if done || err != nil {
			return err
		}
	}
}

// items calls each for every element of the array at the position.
func (r *jsonReader) items(each func() error) error {
	if err := r.enter(); err != nil {
		return err
	}
	if r.peek() == ']' {
		r.leave()
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		done, err := r.more(']', "comma to separate Array entries")
		if done || err != nil {
			return err
		}
	}
}

// more reads what follows an entry: a comma, or the end.
func (r *jsonReader) more(closing byte, wanted string) (done bool, err error) {
	switch r.peek() {
	case ',':
		r.pos++
		return false, nil
	case closing:
		r.leave()
		return true, nil
	}
	return false, r.unexpected(wanted)
}

// count bounds the list elements and map entries of one request.
func (r *jsonReader) count() error {
	if r.elements++; r.elements > limits.RequestElements {
		return r.fail("More than %d list elements", limits.RequestElements)
	}
	return nil
}

// skip reads a value that nobody wants.
func (r *jsonReader) skip() error {
	switch c := r.peek(); c {
	case '{':
		return r.members(func([]byte) error { return r.skip() })
	case '[':
		return r.items(r.skip)
	case '"':
		_, err := r.text()
		return err
	case 't', 'f', 'n':
		_, err := r.word()
		return err
	default:
		_, err := r.number()
		return err
	}
}

// word reads true, false or null.
func (r *jsonReader) word() (string, error) {
	for _, w := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(r.data[r.pos:], []byte(w)) {
			r.pos += len(w)
			return w, nil
		}
	}
	return "", r.unexpected("a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")
}

// number reads a number and gives its text.
func (r *jsonReader) number() ([]byte, error) {
	start := r.pos
	if r.at('-') {
		r.pos++
	}
	switch {
	case r.at('0'):
		r.pos++
	case r.digits() == 0:
		return nil, r.unexpected("a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")
	}
	if r.at('.') {
		r.pos++
		if r.digits() == 0 {
			return nil, r.unexpected("a digit after the decimal point")
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if r.digits() == 0 {
			return nil, r.unexpected("a digit in the exponent")
		}
	}
	return r.data[start:r.pos], nil
}

func (r *jsonReader) at(c byte) bool { return r.pos < len(r.data) && r.data[r.pos] == c }

func (r *jsonReader) digits() (n int) {
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		r.pos++
		n++
	}
	return n
}

// text reads the string at the position. What it gives is part of the data
// when nothing was escaped, so it must not be changed or kept.
func (r *jsonReader) text() ([]byte, error) {
	r.pos++
	start := r.pos
	n := bytes.IndexByte(r.data[start:], '"')
	if n < 0 {
		r.pos = len(r.data)
		return nil, r.fail("Unexpected end-of-input in a string")
	}
	raw := r.data[start : start+n]
	if escape := bytes.IndexByte(raw, '\\'); escape >= 0 {
		r.pos += escape
		return r.escaped(start)
	}
	if err := r.plain(raw, start); err != nil {
		return nil, err
	}
	r.pos += n + 1
	return raw, nil
}

// plain makes sure that a piece of a string has no control characters and is UTF-8.
func (r *jsonReader) plain(raw []byte, at int) error {
	for i, c := range raw {
		if c < ' ' {
			return &malformed{fmt.Sprintf("Illegal unquoted character (code %d): has to be escaped using backslash to be included in string value", c), at + i}
		}
	}
	if !utf8.Valid(raw) {
		return &malformed{"Invalid UTF-8", at}
	}
	return nil
}

// escaped reads the rest of a string from its first backslash on.
func (r *jsonReader) escaped(start int) ([]byte, error) {
	if err := r.plain(r.data[start:r.pos], start); err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, r.pos-start+64), r.data[start:r.pos]...)
	for r.pos < len(r.data) {
		n := bytes.IndexAny(r.data[r.pos:], `"\`)
		if n < 0 {
			break
		}
		piece := r.data[r.pos : r.pos+n]
		if err := r.plain(piece, r.pos); err != nil {
			return nil, err
		}
		out = append(out, piece...)
		r.pos += n
		if r.data[r.pos] == '"' {
			r.pos++
			return out, nil
		}
		var err error
		if out, err = r.escape(out); err != nil {
			return nil, err
		}
	}
	r.pos = len(r.data)
	return nil, r.fail("Unexpected end-of-input in a string")
}

// simpleEscapes are the characters that may follow a backslash, and what they mean.
var simpleEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *jsonReader) escape(out []byte) ([]byte, error) {
	if r.pos+1 >= len(r.data) {
		return nil, r.fail("Unexpected end-of-input in a string")
	}
	c := r.data[r.pos+1]
	if plain, ok := simpleEscapes[c]; ok {
		r.pos += 2
		return append(out, plain), nil
	}
	first, ok := r.hex(r.pos)
	if !ok {
		return nil, r.fail("Unrecognized character escape (code %d)", c)
	}
	r.pos += 6
	if !utf16.IsSurrogate(first) {
		return utf8.AppendRune(out, first), nil
	}
	// Half a pair stands for no character: like Go we read U+FFFD.
	if second, ok := r.hex(r.pos); ok {
		if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
			r.pos += 6
			return utf8.AppendRune(out, pair), nil
		}
	}
	return utf8.AppendRune(out, utf8.RuneError), nil
}

// hex reads \uXXXX at an offset.
func (r *jsonReader) hex(at int) (rune, bool) {
	if at+6 > len(r.data) || r.data[at] != '\\' || r.data[at+1] != 'u' {
		return 0, false
	}
	var n rune
	for _, c := range r.data[at+2 : at+6] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
