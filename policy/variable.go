package policy

import "strings"

// scanVariable reads the "${...}" at the start of text. The length is 0 when
// there is no closing brace: the text is then literal. ${*}, ${?} and ${$} are
// literal characters. A variable with an empty key is one that is written in a
// way nobody defines.
func scanVariable(text string) (v piece, length int) {
	end := strings.IndexByte(text, '}')
	if end < 0 {
		return piece{}, 0
	}
	body := text[2:end]
	if body == "*" || body == "?" || body == "$" {
		return piece{kind: pieceText, text: body}, end + 1
	}
	key, rest, hasDefault := strings.Cut(body, ",")
	if !hasDefault {
		return piece{kind: pieceVariable, key: lower(key)}, end + 1
	}
	// The default may hold a brace: find its closing quote first.
	open := strings.IndexByte(text, ',') + 1
	for open < len(text) && text[open] == ' ' {
		open++
	}
	if !strings.HasPrefix(strings.TrimLeft(rest, " "), "'") {
		return piece{kind: pieceVariable}, end + 1
	}
	length = strings.Index(text[open+1:], "'}")
	if length < 0 {
		return piece{kind: pieceVariable}, end + 1
	}
	value := text[open+1 : open+1+length]
	return piece{kind: pieceVariable, key: lower(key), text: value, hasDefault: true}, open + 1 + length + 2
}

// variablePieces is how many pieces a pattern with variables may have before
// matching it allocates.
const variablePieces = 24

// matchVariables matches a pattern with variables. resolved is false when a
// variable has no value and no default: the pattern then matches nothing.
//
// A value is put in as text: a wildcard inside it is a plain character. AWS
// does not say so; where a wildcard would have matched, the caveat does.
func (p *pattern) matchVariables(s string, free int, fold bool, c *Context) (r result, resolved bool) {
	var space [variablePieces]piece
	pieces := append(space[:0], p.pieces...)
	special := false
	for i := range pieces {
		v := &pieces[i]
		if v.kind != pieceVariable {
			continue
		}
		value, ok := v.text, v.hasDefault
		// Multivalued keys have no value as a variable.
		if e := c.find(v.key); e != nil && !e.multi {
			value, ok = e.values[0], true
		}
		if !ok {
			return result{}, false
		}
		special = special || strings.ContainsAny(value, "*?")
		*v = piece{kind: pieceText, text: value}
	}
	if matchPieces(pieces, s, free, fold) {
		return result{verdict: yes}, true
	}
	if special {
		return result{no, CaveatSubstitutedWildcard}, true
	}
	return result{}, true
}

// match matches a pattern against a text. Wildcards match no colon before the
// offset free. resolved is as in matchVariables.
func (p *pattern) match(s string, free int, fold bool, c *Context) (r result, resolved bool) {
	switch {
	case p.unclear:
		return result{unsure, CaveatNotUnderstood}, true
	case p.variables:
		return p.matchVariables(s, free, fold, c)
	case p.plain && !fold:
		return decided(s == p.exact), true
	}
	return decided(matchPieces(p.pieces, s, free, fold)), true
}

// decided is a result that rests on nothing open.
func decided(ok bool) result {
	if ok {
		return result{verdict: yes}
	}
	return result{}
}
