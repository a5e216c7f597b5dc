package policy

import "strings"

// scanVariable reads the "${...}" at the start of text and says how long it
// is. quoted is the offset of the last "'}" in text, where a default may end:
// looking for one that is not there took as long as the text, for each
// variable. ${*}, ${?} and ${$} are literal characters. A variable with an empty key
// is one that is written in a way nobody defines; without a closing brace that
// is all the rest.
func scanVariable(text string, quoted int) (v piece, length int) {
	end := strings.IndexByte(text, '}')
	if end < 0 {
		return piece{kind: pieceVariable}, len(text)
	}
	body := text[len("${"):end]
	if body == "*" || body == "?" || body == "$" {
		return piece{kind: pieceText, text: body}, end + 1
	}
	key, _, hasDefault := strings.Cut(body, ",")
	if strings.TrimSpace(key) != key || strings.Contains(key, "${") {
		key = ""
	}
	if !hasDefault {
		return piece{kind: pieceVariable, key: lower(key)}, end + 1
	}
	// The default may hold a brace: find its quotes.
	open := strings.IndexByte(text, ',') + 1
	for open < len(text) && text[open] == ' ' {
		open++
	}
	if open == len(text) || text[open] != '\'' {
		return piece{kind: pieceVariable}, end + 1
	}
	open++
	if open > quoted {
		return piece{kind: pieceVariable}, end + 1
	}
	size := strings.Index(text[open:], "'}")
	return piece{kind: pieceVariable, key: lower(key), text: text[open : open+size], hasDefault: true}, open + size + len("'}")
}

// variablePieces is how many pieces a pattern with variables may have before
// matching it allocates.
const variablePieces = 24

// matchVariables matches a pattern with variables. resolved is false when a
// variable has no value and no default: the pattern then matches nothing.
//
// A value is put in as text: a wildcard inside it is a plain character. AWS
// does not say so, so where the wildcard would have matched nothing is sure.
func (p *pattern) matchVariables(s string, free int, fold bool, c *Context) (r result, resolved bool) {
	var space [variablePieces]piece
	pieces := append(space[:0], p.pieces...)
	special, doubt := false, false
	for i := range pieces {
		v := &pieces[i]
		if v.kind != pieceVariable {
			continue
		}
		value, ok := v.text, v.hasDefault
		switch e := c.find(v.key); {
		case e != nil && !e.single():
			// A multivalued key can not be a variable: who knows what it stands for.
			*v, doubt = piece{kind: pieceRun}, true
			continue
		case e != nil:
			value, ok = e.values[0], true
		}
		if !ok {
			return result{}, false
		}
		special = special || p.wildcards && (strings.IndexByte(value, '*') >= 0 || strings.IndexByte(value, '?') >= 0)
		*v = piece{kind: pieceText, text: value}
	}
	switch {
	case !matchPieces(pieces, s, free, fold):
	case doubt:
		return result{unsure, CaveatNotUnderstood}, true
	default:
		return sure(), true
	}
	if special && matchPieces(p.spread(pieces), s, free, fold) {
		return result{unsure, CaveatSubstitutedWildcard}, true
	}
	return result{}, true
}

// spread gives the pieces of a pattern with its values put in, reading the
// wildcards inside them as wildcards.
func (p *pattern) spread(pieces []piece) []piece {
	var out []piece
	for i := range pieces {
		if p.pieces[i].kind == pieceVariable && pieces[i].kind == pieceText {
			out = append(out, compilePattern(pieces[i].text, grammar{wildcards: true}).pieces...)
			continue
		}
		out = append(out, pieces[i])
	}
	return out
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
		return sure()
	}
	return result{}
}
