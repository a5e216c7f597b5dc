package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/conformance/client"
)

// scope holds the variables and callers that steps can name: those of a case
// lie over those of its group, and these over those of the run.
type scope struct {
	outer *scope
	vars  map[string]string
	// who are callers, by name.
	who map[string]actor
}

// actor is a caller, and the administrator of its account.
type actor struct {
	key   client.Credentials
	admin string
}

func (s *scope) inner() *scope {
	return &scope{outer: s, vars: map[string]string{}, who: map[string]actor{}}
}

func (s *scope) get(name string) (string, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return "", false
}

func (s *scope) actor(name string) (actor, error) {
	if name == "" {
		name = admin
	}
	for at := s; at != nil; at = at.outer {
		if a, ok := at.who[name]; ok {
			return a, nil
		}
	}
	return actor{}, fmt.Errorf("there is no caller %q", name)
}

// anything stands in an expected string for any text.
const anything = "${*}"

// expand puts the values of variables into a string.
func (s *scope) expand(text string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", errors.New("${ without }")
		}
		switch value, ok := s.get(name); {
		case name == "*":
			b.WriteString(anything)
		case ok:
			b.WriteString(value)
		default:
			return "", fmt.Errorf("${%s} has no value", name)
		}
		text = after
	}
}

// value puts the values of variables into all strings of a value.
func (s *scope) value(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return s.expand(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = s.value(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			key, err := s.expand(k)
			if err != nil {
				return nil, err
			}
			if out[key], err = s.value(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (s *scope) object(v map[string]any) (map[string]any, error) {
	if v == nil {
		return map[string]any{}, nil
	}
	out, err := s.value(v)
	if err != nil {
		return nil, err
	}
	return out.(map[string]any), nil
}

func (s *scope) strings(v map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(v))
	for k, e := range v {
		text, err := s.expand(e)
		if err != nil {
			return nil, err
		}
		out[k] = text
	}
	return out, nil
}
