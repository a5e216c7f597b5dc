package policy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Policy language versions.
const (
	// Version2012 is the current policy language, the only one with variables.
	Version2012 = "2012-10-17"
	// Version2008 is the language of a document without a Version element.
	Version2008 = "2008-10-17"
)

// Document is a policy as written: the order of statements, values, operators
// and keys is kept, and so is whether a list was written as a lone string. A
// document may be edited until it is compiled.
type Document struct {
	// Version is empty when the element is absent (then the language is Version2008).
	Version string
	// ID is the Id element, empty when absent.
	ID         string
	Statements []Statement
	// Lone says that Statement was one object, not an array.
	Lone bool
}

// Statement is one statement as written. Nil members are absent elements.
type Statement struct {
	// SID is nil when absent, so that an empty Sid is told from none.
	SID *string
	// Effect is "Allow", "Deny", or empty when absent.
	Effect                  string
	Principal, NotPrincipal *Principals
	Action, NotAction       *Values
	Resource, NotResource   *Values
	Condition               []ConditionBlock
	// EmptyCondition says that the element stood there with nothing in it.
	EmptyCondition bool
}

// Values is an element that may be written as a string or as a list of strings.
type Values struct {
	Items []string
	// Lone says it was written as one string.
	Lone bool
}

// One is an element of one value, written as a string.
func One(value string) *Values { return &Values{Items: []string{value}, Lone: true} }

// Principals is a Principal or NotPrincipal element.
type Principals struct {
	// Star is the bare "*"; Entries is then empty.
	Star    bool
	Entries []PrincipalEntry
}

// PrincipalEntry is one key of a Principal element with its values.
type PrincipalEntry struct {
	// Type is the key as written: AWS, Service, Federated, CanonicalUser.
	Type   string
	Values Values
}

// ConditionBlock is one operator of a Condition element with its keys.
type ConditionBlock struct {
	// Operator is the name as written, with its set prefix and IfExists.
	Operator string
	Keys     []ConditionKey
}

// ConditionKey is one key under an operator.
type ConditionKey struct {
	Key    string
	Values []ConditionValue
	// Lone says the value was not written as a list.
	Lone bool
}

// ConditionValue is a value of a condition key: a JSON string, number or boolean.
type ConditionValue struct {
	// Text is the string, or the number or boolean as it was written.
	Text string
	// Bare says that it was a number or a boolean, so written without quotes.
	Bare bool
}

// Sid is the statement's Sid, empty when absent.
func (s *Statement) Sid() string {
	if s.SID == nil {
		return ""
	}
	return *s.SID
}

// Clone is a deep copy.
func (d *Document) Clone() *Document {
	c := *d
	c.Statements = make([]Statement, len(d.Statements))
	for i := range d.Statements {
		c.Statements[i] = d.Statements[i].Clone()
	}
	return &c
}

// Clone is a deep copy.
func (s *Statement) Clone() Statement {
	c := *s
	if s.SID != nil {
		sid := *s.SID
		c.SID = &sid
	}
	c.Principal, c.NotPrincipal = s.Principal.clone(), s.NotPrincipal.clone()
	c.Action, c.NotAction = s.Action.clone(), s.NotAction.clone()
	c.Resource, c.NotResource = s.Resource.clone(), s.NotResource.clone()
	c.Condition = slices.Clone(s.Condition)
	for i := range c.Condition {
		c.Condition[i].Keys = slices.Clone(c.Condition[i].Keys)
		for j := range c.Condition[i].Keys {
			c.Condition[i].Keys[j].Values = slices.Clone(c.Condition[i].Keys[j].Values)
		}
	}
	return c
}

func (v *Values) clone() *Values {
	if v == nil {
		return nil
	}
	return &Values{Items: slices.Clone(v.Items), Lone: v.Lone}
}

func (p *Principals) clone() *Principals {
	if p == nil {
		return nil
	}
	c := &Principals{Star: p.Star, Entries: slices.Clone(p.Entries)}
	for i := range c.Entries {
		c.Entries[i].Values = *c.Entries[i].Values.clone()
	}
	return c
}

// JSON prints the document without insignificant white space, elements in the
// order AWS prints them (Version, Id, Statement; Sid, Effect, Principal,
// Action, Resource, Condition). Parsing it gives the same document.
func (d *Document) JSON() []byte {
	var p printer
	p.byte('{')
	if d.Version != "" {
		p.member("Version")
		p.text(d.Version)
	}
	if d.ID != "" {
		p.member("Id")
		p.text(d.ID)
	}
	p.member("Statement")
	if d.Lone && len(d.Statements) == 1 {
		p.statement(&d.Statements[0])
	} else {
		p.byte('[')
		for i := range d.Statements {
			p.comma()
			p.statement(&d.Statements[i])
		}
		p.byte(']')
	}
	p.byte('}')
	return p.Bytes()
}

// JSON prints the statement alone.
func (s *Statement) JSON() []byte {
	var p printer
	p.statement(s)
	return p.Bytes()
}

// printer writes compact JSON.
type printer struct{ bytes.Buffer }

func (p *printer) byte(b byte) { p.WriteByte(b) }

// comma separates from what stands before, unless something was just opened.
func (p *printer) comma() {
	if b := p.Bytes(); len(b) > 0 && b[len(b)-1] != '{' && b[len(b)-1] != '[' {
		p.byte(',')
	}
}

func (p *printer) member(name string) {
	p.comma()
	p.text(name)
	p.byte(':')
}

func (p *printer) text(s string) {
	if plainText(s) {
		p.WriteByte('"')
		p.WriteString(s)
		p.WriteByte('"')
		return
	}
	e := json.NewEncoder(&p.Buffer)
	e.SetEscapeHTML(false)
	// A string always encodes; the encoder ends it with a line feed.
	_ = e.Encode(s)
	p.Truncate(p.Len() - 1)
}

// plainText says that nothing in a text needs escaping.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return true
}

func (p *printer) statement(s *Statement) {
	p.byte('{')
	if s.SID != nil {
		p.member("Sid")
		p.text(*s.SID)
	}
	if s.Effect != "" {
		p.member("Effect")
		p.text(s.Effect)
	}
	p.principals("Principal", s.Principal)
	p.principals("NotPrincipal", s.NotPrincipal)
	p.values("Action", s.Action)
	p.values("NotAction", s.NotAction)
	p.values("Resource", s.Resource)
	p.values("NotResource", s.NotResource)
	if len(s.Condition) > 0 || s.EmptyCondition {
		p.member("Condition")
		p.condition(s.Condition)
	}
	p.byte('}')
}

func (p *printer) principals(name string, e *Principals) {
	if e == nil {
		return
	}
	p.member(name)
	if e.Star {
		p.text("*")
		return
	}
	p.byte('{')
	for i := range e.Entries {
		p.values(e.Entries[i].Type, &e.Entries[i].Values)
	}
	p.byte('}')
}

func (p *printer) values(name string, v *Values) {
	if v == nil {
		return
	}
	p.member(name)
	if v.Lone && len(v.Items) == 1 {
		p.text(v.Items[0])
		return
	}
	p.byte('[')
	for _, item := range v.Items {
		p.comma()
		p.text(item)
	}
	p.byte(']')
}

func (p *printer) condition(blocks []ConditionBlock) {
	p.byte('{')
	for _, b := range blocks {
		p.member(b.Operator)
		p.byte('{')
		for _, k := range b.Keys {
			p.member(k.Key)
			if k.Lone && len(k.Values) == 1 {
				p.value(k.Values[0])
				continue
			}
			p.byte('[')
			for _, v := range k.Values {
				p.comma()
				p.value(v)
			}
			p.byte(']')
		}
		p.byte('}')
	}
	p.byte('}')
}

func (p *printer) value(v ConditionValue) {
	if v.Bare {
		p.WriteString(v.Text)
		return
	}
	p.text(v.Text)
}

// texts are the values of a condition key without their JSON type.
func (k *ConditionKey) texts() []string {
	out := make([]string, len(k.Values))
	for i, v := range k.Values {
		out[i] = v.Text
	}
	return out
}

// lower folds a key or action for comparison. Both are compared without case.
func lower(s string) string { return strings.ToLower(s) }
