package logs

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/api"
)

// pattern decides which log events a FilterLogEvents call returns
// (CloudWatch Logs user guide, "Filter pattern syntax").
type pattern interface {
	match(message string) bool
}

// everything is the empty pattern.
type everything struct{}

func (everything) match(string) bool { return true }

// maxRegexes is how many regular expressions one pattern may hold.
const maxRegexes = 2

// parsePattern reads any of the three forms: terms, { JSON selectors }, and
// [space-delimited fields].
func parsePattern(text string) (pattern, error) {
	s := &scanner{text: strings.TrimSpace(text)}
	switch {
	case s.text == "" || s.text == `""` || strings.TrimSpace(strings.Trim(s.text, `"`)) == "" && len(s.text) >= 2:
		return everything{}, nil
	case s.text[0] == '{':
		return parseJSONPattern(s)
	case s.text[0] == '[':
		return parseFields(s)
	}
	return parseTerms(s)
}

func invalidPattern() *api.Error { return invalidParameter("Invalid filter pattern") }

// scanner walks over a pattern.
type scanner struct {
	text    string
	at      int
	regexes int
}

func (s *scanner) done() bool { return s.at >= len(s.text) }

// peek is the byte at the position, 0 at the end.
func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) space() {
	for !s.done() && isSpace(s.text[s.at]) {
		s.at++
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// accept skips white space and then token, if it is there.
func (s *scanner) accept(token string) bool {
	s.space()
	if !strings.HasPrefix(s.text[s.at:], token) {
		return false
	}
	s.at += len(token)
	return true
}

// word skips white space and then a keyword, in any case, that ends there.
func (s *scanner) word(keyword string) bool {
	s.space()
	rest := s.text[s.at:]
	if len(rest) < len(keyword) || !strings.EqualFold(rest[:len(keyword)], keyword) {
		return false
	}
	if next, _ := utf8.DecodeRuneInString(rest[len(keyword):]); len(rest) > len(keyword) && isWord(next) {
		return false
	}
	s.at += len(keyword)
	return true
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// quoted reads a string in quote characters; a backslash keeps the next one.
func (s *scanner) quoted(quote byte) (string, error) {
	var b strings.Builder
	for s.at++; !s.done(); s.at++ {
		switch c := s.text[s.at]; {
		case c == quote:
			s.at++
			return b.String(), nil
		case c == '\\' && s.at+1 < len(s.text):
			s.at++
			b.WriteByte(s.text[s.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", invalidPattern()
}

// regex reads %expression%.
func (s *scanner) regex() (*regexp.Regexp, error) {
	start := s.at + 1
	for s.at++; s.peek() != '%'; s.at++ {
		if s.done() {
			return nil, invalidPattern()
		}
		if s.peek() == '\\' {
			s.at++
		}
	}
	expression := s.text[start:s.at]
	s.at++
	if s.regexes++; s.regexes > maxRegexes || expression == "" || !regexAllowed(expression) {
		return nil, invalidPattern()
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return nil, invalidPattern()
	}
	return compiled, nil
}

// regexAllowed says whether an expression has only the characters AWS accepts:
// no groups, and nothing outside ASCII. A character after a backslash is free.
func regexAllowed(expression string) bool {
	for i := 0; i < len(expression); i++ {
		c := expression[i]
		switch {
		case c == '\\':
			if i++; i >= len(expression) || expression[i] >= utf8.RuneSelf {
				return false
			}
		case c >= utf8.RuneSelf || !isWord(rune(c)) && !strings.ContainsRune(`:#=@/;,-^$?[]{}|*+. `, rune(c)):
			return false
		}
	}
	return true
}

// glob matches text against a pattern in which * stands for anything, in time
// linear in the text for each star.
func glob(pattern, text string) bool {
	star, mark := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
