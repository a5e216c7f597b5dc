package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// pieceKind tells the pieces of a pattern apart.
type pieceKind uint8

const (
	pieceText pieceKind = iota
	// pieceRun is "*": any run of characters.
	pieceRun
	// pieceOne is "?": one character.
	pieceOne
	// pieceVariable is "${key}" or "${key, 'default'}".
	pieceVariable
)

type piece struct {
	kind pieceKind
	// text is a literal, or a variable's default.
	text string
	// key is a variable's folded key.
	key        string
	hasDefault bool
}

// pattern is a compiled policy value: literal text, wildcards and variables.
type pattern struct {
	written string
	pieces  []piece
	// plain says that the pattern is literal text only, which is exact.
	plain bool
	exact string
	// wildcards says that * and ? were read as wildcards.
	wildcards bool
	// variables says that some piece is a variable.
	variables bool
	// unclear says that a variable is written in a way nobody defines.
	unclear bool
}

// grammar says what is special in a text.
type grammar struct{ wildcards, variables bool }

// compilePattern splits a text into pieces.
func compilePattern(text string, g grammar) pattern {
	p := pattern{written: text, wildcards: g.wildcards}
	// Literal text begins with what is in literal and goes on from an offset:
	// only text with an escape in it has to be copied.
	var literal []byte
	from, at := 0, 0
	const unknown = -2
	quoted := unknown
	flush := func() {
		meant := text[from:at]
		if len(literal) > 0 {
			meant, literal = string(append(literal, meant...)), nil
		}
		if meant != "" {
			p.pieces = append(p.pieces, piece{kind: pieceText, text: meant})
		}
	}
	for at < len(text) {
		c, length := text[at], 1
		switch {
		case c == '*' && g.wildcards:
			flush()
			if n := len(p.pieces); n == 0 || p.pieces[n-1].kind != pieceRun {
				p.pieces = append(p.pieces, piece{kind: pieceRun})
			}
		case c == '?' && g.wildcards:
			flush()
			p.pieces = append(p.pieces, piece{kind: pieceOne})
		case c == '$' && g.variables && strings.HasPrefix(text[at:], "${"):
			var v piece
			if quoted == unknown {
				quoted = strings.LastIndex(text, "'}")
			}
			if v, length = scanVariable(text[at:], quoted-at); v.kind == pieceText {
				literal = append(append(literal, text[from:at]...), v.text...)
			} else {
				flush()
				p.pieces = append(p.pieces, v)
				p.variables = true
				p.unclear = p.unclear || v.key == ""
			}
		default:
			at++
			continue
		}
		at += length
		from = at
	}
	flush()
	switch {
	case len(p.pieces) == 0:
		p.plain = true
	case len(p.pieces) == 1 && p.pieces[0].kind == pieceText:
		p.plain, p.exact = true, p.pieces[0].text
	}
	return p
}

// loose is the pattern with every variable read as "*".
func (p *pattern) loose() []piece {
	out := make([]piece, len(p.pieces))
	for i, x := range p.pieces {
		if x.kind == pieceVariable {
			x = piece{kind: pieceRun}
		}
		out[i] = x
	}
	return out
}

// matchPieces says whether pieces without variables match all of s. Wildcards
// do not match a colon before the offset free, which is 0 for text that is not
// an ARN. With fold, letters match without regard to case.
//
// On a mismatch only the last run is made longer. That is enough: the text
// between two runs is found at its earliest place, and no later one leaves
// more for what follows. A run that may not pass a colon can not be helped by
// an earlier one either, since the colons of pattern and text pair up. A
// pattern that still takes long is given to matchWide, so that the cost is
// bounded by the length of the text times a 64th of that of the pattern.
func matchPieces(pieces []piece, s string, free int, fold bool) bool {
	at, i := 0, 0
	runPiece, runAt, tried := -1, 0, 0
	for {
		ok := false
		if i == len(pieces) {
			if at == len(s) {
				return true
			}
			if i > 0 && runPiece == i-1 && at >= free {
				return true
			}
		} else {
			switch p := &pieces[i]; p.kind {
			case pieceRun:
				// "*?" is "?*": what must be there is taken first.
				for i++; i < len(pieces) && pieces[i].kind != pieceText; i++ {
					if pieces[i].kind == pieceRun {
						continue
					}
					width := wild(s, at, free)
					if width == 0 {
						return false
					}
					at += width
				}
				if at = reach(pieces[i:], s, at, free, fold); at < 0 {
					return false
				}
				runPiece, runAt = i-1, at
				continue
			case pieceOne:
				if width := wild(s, at, free); width > 0 {
					at, i, ok = at+width, i+1, true
				}
			default:
				if width := prefixWidth(s[at:], p.text, fold); width >= 0 {
					at, i, ok = at+width, i+1, true
				} else if fold {
					tried += len(p.text) // compared letter by letter
				}
			}
		}
		if ok {
			continue
		}
		if runPiece < 0 {
			return false
		}
		width := wild(s, runAt, free)
		if width == 0 {
			return false
		}
		if tried += i - runPiece; tried > wideBudget*(len(s)+len(pieces)) {
			return matchWide(pieces, s, free, fold)
		}
		if runAt = reach(pieces[runPiece+1:], s, runAt+width, free, fold); runAt < 0 {
			return false
		}
		at, i = runAt, runPiece+1
	}
}

// reach is the first offset, from the given one on, at which a run may end for
// what follows it to match; -1 when there is none.
func reach(follow []piece, s string, from, free int, fold bool) int {
	if fold || len(follow) == 0 {
		return from
	}
	end := len(s) - len(follow[0].text)
	if len(follow) > 1 {
		end = from + strings.Index(s[from:], follow[0].text)
	} else if !strings.HasSuffix(s[from:], follow[0].text) {
		return -1
	}
	if end < from || from < free && strings.IndexByte(s[from:min(end, free)], ':') >= 0 {
		return -1
	}
	return end
}

// wild is the width of the character at an offset, if a wildcard may match it.
func wild(s string, at, free int) int {
	if at >= len(s) || (s[at] == ':' && at < free) {
		return 0
	}
	if s[at] < utf8.RuneSelf {
		return 1
	}
	_, width := utf8.DecodeRuneInString(s[at:])
	return width
}

// prefixWidth is how much of s the literal text matches, -1 when it does not.
// With fold, letters match without regard to case.
func prefixWidth(s, text string, fold bool) int {
	if !fold {
		if len(s) < len(text) || s[:len(text)] != text {
			return -1
		}
		return len(text)
	}
	at := 0
	for _, want := range text {
		if at >= len(s) {
			return -1
		}
		got, width := utf8.DecodeRuneInString(s[at:])
		if got != want && !sameFold(got, want) {
			return -1
		}
		at += width
	}
	return at
}

// sameFold says whether two characters differ by case only.
func sameFold(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return a|0x20 == b|0x20 && 'a' <= a|0x20 && a|0x20 <= 'z'
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
