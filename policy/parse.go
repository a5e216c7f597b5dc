package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Bounds of what Parse reads. The longest policy AWS publishes itself has
// 144,003 characters.
const (
	maxText  = 1 << 20
	maxDepth = 8
)

// ParseError says what in a policy text is not a policy, and where.
type ParseError struct {
	// Path is the element: "Statement[2].Condition.StringEquals".
	Path string
	// Problem is the sentence that says what is wrong.
	Problem string
}

func (e *ParseError) Error() string {
	if e.Path == "" {
		return "policy: " + e.Problem
	}
	return "policy: " + e.Path + ": " + e.Problem
}

// Parse reads a policy strictly: text that is not JSON, a key given twice, an
// element IAM does not know, a value of the wrong type and an Effect other
// than Allow and Deny are errors (*ParseError). Whether AWS would store the
// document is another question: Validate.
func Parse(text []byte) (*Document, error) {
	d, err := read(text)
	if err != nil {
		return nil, err
	}
	for i := range d.Statements {
		if e := d.Statements[i].Effect; e != "" && e != "Allow" && e != "Deny" {
			return nil, &ParseError{fmt.Sprintf("Statement[%d].Effect", i), fmt.Sprintf("%q is neither Allow nor Deny", e)}
		}
	}
	if d.Version != "" && d.Version != Version2012 && d.Version != Version2008 {
		return nil, &ParseError{"Version", fmt.Sprintf("%q is not a version of the policy language", d.Version)}
	}
	return d, nil
}

// errNoStatement is a policy without the one element it must have.
var errNoStatement = &ParseError{"Statement", "missing"}

// read does everything of Parse but looking at the values of Version and Effect.
func read(text []byte) (*Document, error) {
	if len(text) > maxText {
		return nil, &ParseError{"", fmt.Sprintf("longer than %d bytes", maxText)}
	}
	if !utf8.Valid(text) {
		return nil, &ParseError{"", "not UTF-8"}
	}
	r := reader{tokens: json.NewDecoder(bytes.NewReader(text))}
	r.tokens.UseNumber()
	d := new(Document)
	if err := r.object("", 0, func(key, path string) error { return r.element(d, key, path) }); err != nil {
		return nil, err
	}
	if _, err := r.tokens.Token(); !errors.Is(err, io.EOF) {
		return nil, &ParseError{"", "text after the policy"}
	}
	if d.Statements == nil {
		return nil, errNoStatement
	}
	return d, nil
}

// reader walks the tokens of one text.
type reader struct {
	tokens *json.Decoder
	// ahead is a token that was looked at and not yet used.
	ahead json.Token
}

func (r *reader) next(path string) (json.Token, error) {
	if t := r.ahead; t != nil {
		r.ahead = nil
		return t, nil
	}
	t, err := r.tokens.Token()
	if err != nil {
		return nil, &ParseError{path, "not JSON: " + err.Error()}
	}
	if t == nil {
		return nil, &ParseError{path, "null is not a value here"}
	}
	return t, nil
}

// isDelim says whether the next value opens with d, and eats it if so.
func (r *reader) isDelim(d json.Delim, path string) (bool, error) {
	t, err := r.next(path)
	if err != nil {
		return false, err
	}
	if t == d {
		return true, nil
	}
	r.ahead = t
	return false, nil
}

// object reads one object, calling member for each key with the value next.
func (r *reader) object(path string, depth int, member func(key, path string) error) error {
	if depth > maxDepth {
		return &ParseError{path, "nested too deep"}
	}
	open, err := r.isDelim('{', path)
	if err != nil {
		return err
	}
	if !open {
		return &ParseError{path, "must be an object"}
	}
	seen := make(map[string]bool, 8)
	for {
		t, err := r.next(path)
		if err != nil {
			return err
		}
		if t == json.Delim('}') {
			return nil
		}
		key, ok := t.(string)
		if !ok {
			return &ParseError{path, "must be an object"}
		}
		at := join(path, key)
		if seen[key] {
			return &ParseError{at, "given twice"}
		}
		seen[key] = true
		if err := member(key, at); err != nil {
			return err
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (r *reader) text(path string) (string, error) {
	t, err := r.next(path)
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", &ParseError{path, "must be a string"}
	}
	return s, nil
}

func (r *reader) element(d *Document, key, path string) (err error) {
	switch key {
	case "Version":
		d.Version, err = r.text(path)
	case "Id":
		d.ID, err = r.text(path)
	case "Statement":
		var list bool
		if list, err = r.isDelim('[', path); err != nil {
			return err
		}
		d.Statements = []Statement{}
		if d.Lone = !list; d.Lone {
			return r.statement(d, path)
		}
		for i := 0; ; i++ {
			end, err := r.isDelim(']', path)
			if end || err != nil {
				return err
			}
			if err := r.statement(d, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	default:
		err = &ParseError{path, "not an element of a policy"}
	}
	return err
}

func (r *reader) statement(d *Document, path string) error {
	d.Statements = append(d.Statements, Statement{})
	s := &d.Statements[len(d.Statements)-1]
	return r.object(path, 2, func(key, path string) (err error) {
		switch key {
		case "Sid":
			var sid string
			sid, err = r.text(path)
			s.SID = &sid
		case "Effect":
			if s.Effect, err = r.text(path); err == nil && s.Effect == "" {
				err = &ParseError{path, "empty"}
			}
		case "Principal":
			s.Principal, err = r.principals(path)
		case "NotPrincipal":
			s.NotPrincipal, err = r.principals(path)
		case "Action":
			s.Action, err = r.values(path)
		case "NotAction":
			s.NotAction, err = r.values(path)
		case "Resource":
			s.Resource, err = r.values(path)
		case "NotResource":
			s.NotResource, err = r.values(path)
		case "Condition":
			err = r.condition(s, path)
			s.EmptyCondition = len(s.Condition) == 0
		default:
			err = &ParseError{path, "not an element of a statement"}
		}
		return err
	})
}

// values reads a string or a list of strings.
func (r *reader) values(path string) (*Values, error) {
	list, err := r.isDelim('[', path)
	if err != nil {
		return nil, err
	}
	v := &Values{Lone: !list}
	if v.Lone {
		s, err := r.text(path)
		v.Items = []string{s}
		return v, err
	}
	for {
		end, err := r.isDelim(']', path)
		if end || err != nil {
			return v, err
		}
		s, err := r.text(path)
		if err != nil {
			return nil, err
		}
		v.Items = append(v.Items, s)
	}
}

func (r *reader) principals(path string) (*Principals, error) {
	t, err := r.next(path)
	if err != nil {
		return nil, err
	}
	if s, ok := t.(string); ok {
		if s != "*" {
			return nil, &ParseError{path, "a principal written as a string can only be \"*\""}
		}
		return &Principals{Star: true}, nil
	}
	r.ahead = t
	p := new(Principals)
	err = r.object(path, 3, func(key, path string) error {
		switch key {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return &ParseError{path, "not a kind of principal"}
		}
		v, err := r.values(path)
		if err != nil {
			return err
		}
		p.Entries = append(p.Entries, PrincipalEntry{key, *v})
		return nil
	})
	return p, err
}

func (r *reader) condition(s *Statement, path string) error {
	return r.object(path, 3, func(operator, path string) error {
		b := ConditionBlock{Operator: operator}
		err := r.object(path, 4, func(key, path string) error {
			k, err := r.conditionKey(key, path)
			b.Keys = append(b.Keys, k)
			return err
		})
		s.Condition = append(s.Condition, b)
		return err
	})
}

func (r *reader) conditionKey(key, path string) (ConditionKey, error) {
	k := ConditionKey{Key: key}
	list, err := r.isDelim('[', path)
	if err != nil {
		return k, err
	}
	if k.Lone = !list; k.Lone {
		v, err := r.conditionValue(path)
		k.Values = []ConditionValue{v}
		return k, err
	}
	for {
		end, err := r.isDelim(']', path)
		if end || err != nil {
			return k, err
		}
		v, err := r.conditionValue(path)
		if err != nil {
			return k, err
		}
		k.Values = append(k.Values, v)
	}
}

func (r *reader) conditionValue(path string) (ConditionValue, error) {
	t, err := r.next(path)
	if err != nil {
		return ConditionValue{}, err
	}
	switch v := t.(type) {
	case string:
		return ConditionValue{Text: v}, nil
	case json.Number:
		return ConditionValue{Text: v.String(), Bare: true}, nil
	case bool:
		return ConditionValue{Text: fmt.Sprint(v), Bare: true}, nil
	}
	return ConditionValue{}, &ParseError{path, "must be a string, a number or a boolean"}
}
