package logs

import "strings"

// fields match events of words: each field of the pattern is one word of the
// event, a phrase in quotes, or one in brackets. One ellipsis stands for any
// number of words.
type fields struct {
	// before and after are the conditions round the ellipsis; without one all are in before.
	before, after []boolean[string]
	ellipsis      bool
}

func (f *fields) match(message string) bool {
	words := splitFields(message)
	if !f.ellipsis && len(words) != len(f.before) || len(words) < len(f.before)+len(f.after) {
		return false
	}
	return holdAll(f.before, words) && holdAll(f.after, words[len(words)-len(f.after):])
}

func holdAll(conditions []boolean[string], words []string) bool {
	for i, c := range conditions {
		if c != nil && !c.holds(words[i]) {
			return false
		}
	}
	return true
}

// splitFields cuts an event at white space.
func splitFields(message string) []string {
	var all []string
	for i := 0; i < len(message); {
		if isSpace(message[i]) {
			i++
			continue
		}
		end := -1
		switch message[i] {
		case '"':
			end = strings.IndexByte(message[i+1:], '"')
		case '[':
			end = strings.IndexByte(message[i+1:], ']')
		}
		if end >= 0 {
			all = append(all, message[i+1:i+1+end])
			i += end + 2
			continue
		}
		start := i
		for i < len(message) && !isSpace(message[i]) {
			i++
		}
		all = append(all, message[start:i])
	}
	return all
}

func parseFields(s *scanner) (pattern, error) {
	f := &fields{}
	s.accept("[")
	for {
		if s.accept("...") {
			if f.ellipsis {
				return nil, invalidPattern()
			}
			f.ellipsis = true
		} else {
			condition, err := s.field()
			if err != nil {
				return nil, err
			}
			if f.ellipsis {
				f.after = append(f.after, condition)
			} else {
				f.before = append(f.before, condition)
			}
		}
		if s.accept(",") {
			continue
		}
		if !s.accept("]") || !s.done() {
			return nil, invalidPattern()
		}
		return f, nil
	}
}

// field reads a name with the conditions on it; nil for a name alone.
func (s *scanner) field() (boolean[string], error) {
	s.space()
	if s.peek() != '(' {
		start := s.at
		s.name()
		if s.space(); s.peek() == ',' || s.peek() == ']' {
			return nil, nil
		}
		s.at = start
	}
	return parseBoolean(s, func() (boolean[string], error) {
		s.space()
		s.name()
		c, err := s.comparison(",])")
		return wordCondition{c}, err
	})
}

// name skips a field's name: AWS looks at its place only.
func (s *scanner) name() {
	for !s.done() && !isSpace(s.peek()) && !strings.ContainsRune(",[]()=!<>&|\"%", rune(s.peek())) {
		s.at++
	}
}

type wordCondition struct{ *comparison }

func (w wordCondition) holds(word string) bool {
	if f, ok := parseNumber(word); ok {
		return w.holdsNumber(f, word)
	}
	return w.holdsText(word)
}
