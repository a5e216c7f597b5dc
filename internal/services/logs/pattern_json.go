package logs

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// jsonPattern matches events that are one JSON value.
type jsonPattern struct{ condition boolean[any] }

func (p *jsonPattern) match(message string) bool {
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return false
	}
	if _, err := d.Token(); err != io.EOF {
		return false
	}
	return p.condition.holds(value)
}

func parseJSONPattern(s *scanner) (pattern, error) {
	s.accept("{")
	condition, err := parseBoolean(s, s.jsonCondition)
	if err != nil {
		return nil, err
	}
	if !s.accept("}") || !s.done() {
		return nil, invalidPattern()
	}
	return &jsonPattern{condition}, nil
}

// jsonCondition tests what a selector finds.
type jsonCondition struct {
	selector selector
	compare  *comparison
	// is is "NULL", "TRUE", "FALSE" or "MISSING" in place of compare.
	is string
}

func (s *scanner) jsonCondition() (boolean[any], error) {
	path, err := s.selector()
	if err != nil {
		return nil, err
	}
	c := &jsonCondition{selector: path}
	switch {
	case s.word("IS"):
		for _, what := range []string{"NULL", "TRUE", "FALSE"} {
			if s.word(what) {
				c.is = what
				return c, nil
			}
		}
		return nil, invalidPattern()
	case s.word("NOT"):
		if !s.word("EXISTS") {
			return nil, invalidPattern()
		}
		c.is = "MISSING"
		return c, nil
	}
	c.compare, err = s.comparison(")}")
	return c, err
}

func (c *jsonCondition) holds(event any) bool {
	if c.is == "MISSING" {
		return !c.selector.find(event, func(any) bool { return true })
	}
	return c.selector.find(event, c.holdsValue)
}

// holdsValue tests one value that was found. A comparison with a value that is
// an object, an array or null never holds.
func (c *jsonCondition) holdsValue(value any) bool {
	switch v := value.(type) {
	case nil:
		return c.is == "NULL"
	case bool:
		if c.is != "" {
			return c.is == strings.ToUpper(strconv.FormatBool(v))
		}
		return c.compare.holdsText(strconv.FormatBool(v))
	case string:
		return c.is == "" && c.compare.holdsText(v)
	case json.Number:
		f, err := v.Float64()
		return c.is == "" && err == nil && c.compare.holdsNumber(f, v.String())
	}
	return false
}

// selector is a path into a JSON value.
type selector []step

// step goes to a member, to an element, or to every element.
type step struct {
	member string
	index  int
	every  bool
	array  bool
}

// selector reads $.a.b[0], $.a[*].b, $['a b'] or $.['a.b'].
func (s *scanner) selector() (selector, error) {
	if !s.accept("$") {
		return nil, invalidPattern()
	}
	var path selector
	for {
		switch s.peek() {
		case '.':
			s.at++
			if s.peek() == '[' {
				continue
			}
			name := s.member()
			if name == "" {
				return nil, invalidPattern()
			}
			path = append(path, step{member: name})
		case '[':
			next, err := s.bracket()
			if err != nil {
				return nil, err
			}
			path = append(path, next)
		default:
			if len(path) == 0 {
				return nil, invalidPattern()
			}
			return path, nil
		}
	}
}

// member reads a name without quotes.
func (s *scanner) member() string {
	start := s.at
	for !s.done() && !isSpace(s.peek()) && !strings.ContainsRune(".[]()=!<>{}&|\"", rune(s.peek())) {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *scanner) bracket() (step, error) {
	s.at++
	s.space()
	next := step{array: true}
	switch c := s.peek(); {
	case c == '*':
		s.at++
		next.every = true
	case c == '\'' || c == '"':
		name, err := s.quoted(c)
		if err != nil {
			return step{}, err
		}
		next = step{member: name}
	default:
		start := s.at
		for s.peek() >= '0' && s.peek() <= '9' {
			s.at++
		}
		index, err := strconv.Atoi(s.text[start:s.at])
		if err != nil {
			return step{}, invalidPattern()
		}
		next.index = index
	}
	if !s.accept("]") {
		return step{}, invalidPattern()
	}
	return next, nil
}

// find calls test with each value at the end of the path until one passes.
func (p selector) find(value any, test func(any) bool) bool {
	if len(p) == 0 {
		return test(value)
	}
	if !p[0].array {
		object, ok := value.(map[string]any)
		if !ok {
			return false
		}
		member, ok := object[p[0].member]
		return ok && p[1:].find(member, test)
	}
	list, ok := value.([]any)
	if !ok {
		return false
	}
	if !p[0].every {
		return p[0].index < len(list) && p[1:].find(list[p[0].index], test)
	}
	for _, element := range list {
		if p[1:].find(element, test) {
			return true
		}
	}
	return false
}
