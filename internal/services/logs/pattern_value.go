package logs

import (
	"regexp"
	"strconv"
	"strings"
)

// comparison compares one value of an event with what a pattern asks for. JSON
// and space-delimited patterns share it.
type comparison struct {
	operator string // = != < <= > >=
	text     string
	// quoted texts are never numbers.
	quoted bool
	number float64
	// numeric says text is a number.
	numeric bool
	regex   *regexp.Regexp
}

// operators, longest first.
var operators = [...]string{"!=", "<=", ">=", "=", "<", ">"}

// comparison reads an operator and a value; a value without quotes ends before
// white space, any byte of end, && or ||.
func (s *scanner) comparison(end string) (*comparison, error) {
	c := &comparison{}
	for _, o := range operators {
		if s.accept(o) {
			c.operator = o
			break
		}
	}
	if c.operator == "" {
		return nil, invalidPattern()
	}
	s.space()
	var err error
	switch s.peek() {
	case '"':
		c.quoted = true
		c.text, err = s.quoted('"')
	case '%':
		c.regex, err = s.regex()
	default:
		c.text = s.bare(end)
		if c.text == "" {
			return nil, invalidPattern()
		}
	}
	if err != nil {
		return nil, err
	}
	if !c.quoted && c.regex == nil {
		c.number, c.numeric = parseNumber(c.text)
	}
	if c.ordered() && !c.numeric {
		return nil, invalidPattern()
	}
	return c, nil
}

func (c *comparison) ordered() bool { return c.operator != "=" && c.operator != "!=" }

// bare reads a value without quotes.
func (s *scanner) bare(end string) string {
	start := s.at
	for !s.done() && !isSpace(s.peek()) && strings.IndexByte(end, s.peek()) < 0 &&
		!strings.HasPrefix(s.text[s.at:], "&&") && !strings.HasPrefix(s.text[s.at:], "||") {
		s.at++
	}
	return s.text[start:s.at]
}

func parseNumber(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, false // ParseFloat would take "inf", "0x1" and "1_0"
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// holdsText compares with a text of the event.
func (c *comparison) holdsText(value string) bool {
	equal := false
	switch {
	case c.regex != nil:
		equal = c.regex.MatchString(value)
	default:
		equal = glob(c.text, value)
	}
	switch c.operator {
	case "=":
		return equal
	case "!=":
		return !equal
	}
	return false
}

// holdsNumber compares with a number of the event, of which text is the spelling.
func (c *comparison) holdsNumber(value float64, text string) bool {
	if !c.numeric {
		return !c.ordered() && c.holdsText(text)
	}
	switch c.operator {
	case "=":
		return value == c.number
	case "!=":
		return value != c.number
	case "<":
		return value < c.number
	case "<=":
		return value <= c.number
	case ">":
		return value > c.number
	case ">=":
		return value >= c.number
	}
	return false
}

// boolean is a tree of conditions; both kinds of pattern with operators use it.
type boolean[T any] interface{ holds(subject T) bool }

type both[T any] struct{ a, b boolean[T] }

func (n both[T]) holds(subject T) bool { return n.a.holds(subject) && n.b.holds(subject) }

type either[T any] struct{ a, b boolean[T] }

func (n either[T]) holds(subject T) bool { return n.a.holds(subject) || n.b.holds(subject) }

// parseBoolean reads conditions joined by ||, && (which binds closer) and parentheses.
func parseBoolean[T any](s *scanner, leaf func() (boolean[T], error)) (boolean[T], error) {
	left, err := parseAll(s, leaf)
	for err == nil && s.accept("||") {
		var right boolean[T]
		if right, err = parseAll(s, leaf); err == nil {
			left = either[T]{left, right}
		}
	}
	return left, err
}

func parseAll[T any](s *scanner, leaf func() (boolean[T], error)) (boolean[T], error) {
	left, err := parseOne(s, leaf)
	for err == nil && s.accept("&&") {
		var right boolean[T]
		if right, err = parseOne(s, leaf); err == nil {
			left = both[T]{left, right}
		}
	}
	return left, err
}

func parseOne[T any](s *scanner, leaf func() (boolean[T], error)) (boolean[T], error) {
	if !s.accept("(") {
		return leaf()
	}
	inner, err := parseBoolean(s, leaf)
	if err == nil && !s.accept(")") {
		err = invalidPattern()
	}
	return inner, err
}
