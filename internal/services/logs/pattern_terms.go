package logs

import (
	"regexp"
	"strings"
)

// terms match events by the words and phrases in them. All required terms must
// appear and no excluded one. Optional terms (?term) count only when there are
// no others: then one of them must appear. AWS ignores them beside others.
type terms struct {
	required, excluded, optional []term
}

// term is a text, or an expression, that appears in an event; case matters.
type term struct {
	text  string
	regex *regexp.Regexp
}

func (t term) in(message string) bool {
	if t.regex != nil {
		return t.regex.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

func (t *terms) match(message string) bool {
	for _, r := range t.required {
		if !r.in(message) {
			return false
		}
	}
	for _, e := range t.excluded {
		if e.in(message) {
			return false
		}
	}
	if len(t.required)+len(t.excluded) > 0 {
		return true
	}
	for _, o := range t.optional {
		if o.in(message) {
			return true
		}
	}
	return false
}

func parseTerms(s *scanner) (pattern, error) {
	t := &terms{}
	for s.space(); !s.done(); s.space() {
		list := &t.required
		switch s.peek() {
		case '?':
			list = &t.optional
			s.at++
		case '-':
			list = &t.excluded
			s.at++
		}
		one, err := s.term()
		if err != nil {
			return nil, err
		}
		*list = append(*list, one)
	}
	return t, nil
}

func (s *scanner) term() (term, error) {
	switch s.peek() {
	case '"':
		text, err := s.quoted('"')
		return term{text: text}, err
	case '%':
		regex, err := s.regex()
		return term{regex: regex}, err
	}
	start := s.at
	for !s.done() && !isSpace(s.text[s.at]) {
		s.at++
	}
	text := s.text[start:s.at]
	if text == "" {
		return term{}, invalidPattern()
	}
	for _, r := range text {
		if !isWord(r) {
			return term{}, invalidParameter("Invalid character(s) in term '" + text + "'")
		}
	}
	return term{text: text}, nil
}
