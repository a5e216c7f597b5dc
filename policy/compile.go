package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Policy is a compiled document: immutable, and safe to share.
type Policy struct {
	document   *Document
	source     []byte
	digest     string
	statements []statement
	index      index
	// heads are what explanations print of the statements.
	heads []Head
}

// statement is a compiled statement.
type statement struct {
	effect     Effect
	principal  principalElement
	action     actionElement
	resource   resourceElement
	conditions []condition
	// never says why the statement can not apply at all, empty if it can.
	never string
}

// Compile prepares a document for decisions. It never fails: what can not be
// understood never allows, and as part of a Deny always matches. Explain names
// it. The document is copied.
func Compile(d *Document) *Policy { return compile(d.Clone(), d.JSON()) }

// Load is Parse followed by Compile.
func Load(text []byte) (*Policy, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return compile(d, append([]byte(nil), text...)), nil
}

func compile(d *Document, source []byte) *Policy {
	sum := sha256.Sum256(source)
	p := &Policy{document: d, source: source, digest: hex.EncodeToString(sum[:])}
	p.statements = make([]statement, len(d.Statements))
	for i := range d.Statements {
		p.statements[i] = compileStatement(&d.Statements[i], d.Version == Version2012)
	}
	p.index = makeIndex(p.statements)
	p.heads = makeHeads(d, p.statements)
	return p
}

// edit is the policy with some statements replaced, for one question or two: it
// has neither text nor digest, its index finds everything, and it can not be
// explained.
func (p *Policy) edit(at, cut int, statements ...Statement) *Policy {
	d := &Document{Version: p.document.Version, ID: p.document.ID}
	d.Statements = slices.Concat(p.document.Statements[:at], statements, p.document.Statements[at+cut:])
	e := &Policy{document: d, statements: make([]statement, len(d.Statements))}
	copy(e.statements, p.statements[:at])
	for i := range statements {
		e.statements[at+i] = compileStatement(&statements[i], d.Version == Version2012)
	}
	copy(e.statements[at+len(statements):], p.statements[at+cut:])
	e.index.always = make([]member, len(e.statements))
	for i := range e.statements {
		e.index.always[i] = member{uint32(i), 1<<32 - 1}
	}
	return e
}

func compileStatement(s *Statement, variables bool) statement {
	c := statement{effect: Allow}
	switch {
	case strings.EqualFold(s.Effect, "Deny"):
		c.effect = ExplicitDeny
	case s.Effect != "Allow":
		c.effect, c.never = ImplicitDeny, "its Effect is neither Allow nor Deny"
	}
	c.principal = compilePrincipals(s, c.effect)
	c.action = compileActions(s)
	c.resource = compileResources(s, variables)
	c.conditions = compileConditions(s, variables)
	return c
}

// Digest is the SHA-256 of the source text, in hexadecimal.
func (p *Policy) Digest() string { return p.digest }

// Source is the text the policy was loaded from; for a compiled document, its
// JSON. Do not change it.
func (p *Policy) Source() []byte { return p.source }

// Document is the policy as written. It is shared: do not change it.
func (p *Policy) Document() *Document { return p.document }

// match says whether the statement applies to the request, and in a
// resource-based policy how closely it names the principal.
func (s *statement) match(q *question) (Grade, result) {
	if s.never != "" {
		return GradeNone, result{}
	}
	// In a resource-based policy the principal tells most statements apart.
	grade, r := s.principal.match(q)
	if r.settled() {
		return GradeNone, r
	}
	one := s.action.match(q)
	if !one.isSure() {
		if r = both(r, one); r.settled() {
			return GradeNone, r
		}
	}
	if one = s.resource.match(q); !one.isSure() {
		if r = both(r, one); r.settled() {
			return GradeNone, r
		}
	}
	for i := range s.conditions {
		if one = s.conditions[i].match(q); !one.isSure() {
			if r = both(r, one); r.settled() {
				return GradeNone, r
			}
		}
	}
	return grade, r
}

// applies says whether a result makes a statement of this effect count.
func (e Effect) applies(r result) bool {
	return r.verdict == yes || e == ExplicitDeny && r.verdict == unsure
}
