package policy

import (
	"unicode"
	"unicode/utf8"
)

// wideBudget is how many pieces of a pattern matchPieces tries beyond those a
// sound pattern needs, for each byte of the text.
const wideBudget = 16

// manyPlaces is from how many places on the places of a character are kept as
// bits: so all of them together take little more room than the pattern.
const manyPlaces = 64

// wideMatcher follows all ways to match a pattern at once, one bit for each
// place in it, 64 of them in a step. It is for patterns such as "*a?a?...b",
// at which trying one place of the text after the other takes the length of
// the text times that of the pattern.
type wideMatcher struct {
	// here are the places the text so far leads to: bit i says that the first i
	// characters of the pattern are matched.
	here, next []uint64
	// runs are the places at which a "*" stands, ones those of a "?".
	runs, ones []uint64
	// many are the places of characters that stand at many of them, few those
	// of the others.
	many map[rune][]uint64
	few  map[rune][]int
	// places is how many characters the pattern has.
	places int
	fold   bool
}

// matchWide is matchPieces, slower on what is usual and never much slower.
func matchWide(pieces []piece, s string, free int, fold bool) bool {
	m := newWideMatcher(pieces, fold)
	for at := 0; at < len(s); {
		c, width := m.character(s[at:])
		m.step(c, s[at] != ':' || at >= free)
		at += width
	}
	return m.here[m.places/64]&(1<<(m.places%64)) != 0
}

func newWideMatcher(pieces []piece, fold bool) *wideMatcher {
	m := &wideMatcher{many: map[rune][]uint64{}, few: map[rune][]int{}, fold: fold}
	for i := range pieces {
		switch p := &pieces[i]; p.kind {
		case pieceOne:
			m.places++
		case pieceText:
			m.places += utf8.RuneCountInString(p.text)
		}
	}
	words := m.places/64 + 1
	sets := make([]uint64, 4*words)
	m.here, m.next, m.runs, m.ones = sets[:words], sets[words:2*words], sets[2*words:3*words], sets[3*words:]
	m.here[0] = 1
	place := 0
	for i := range pieces {
		switch p := &pieces[i]; p.kind {
		case pieceRun:
			m.runs[place/64] |= 1 << (place % 64)
		case pieceOne:
			m.ones[place/64] |= 1 << (place % 64)
			place++
		default:
			for at := 0; at < len(p.text); place++ {
				c, width := m.character(p.text[at:])
				m.few[c] = append(m.few[c], place)
				at += width
			}
		}
	}
	for c, at := range m.few {
		if len(at) < manyPlaces {
			continue
		}
		set := make([]uint64, words)
		for _, i := range at {
			set[i/64] |= 1 << (i % 64)
		}
		m.many[c] = set
		delete(m.few, c)
	}
	return m
}

// character is the first one of a text, as one that stands for all those it
// equals. A byte that is part of none equals itself.
func (m *wideMatcher) character(s string) (c rune, width int) {
	c, width = utf8.DecodeRuneInString(s)
	switch {
	case m.fold:
		c = leastFold(c)
	case c == utf8.RuneError && width == 1:
		c = -1 - rune(s[0])
	}
	return c, width
}

// leastFold is the least of the characters that differ from one by case only.
func leastFold(c rune) rune {
	least := c
	for r := unicode.SimpleFold(c); r != c; r = unicode.SimpleFold(r) {
		least = min(least, r)
	}
	return least
}

// step takes one character of the text; wild says whether a wildcard may match it.
func (m *wideMatcher) step(c rune, wild bool) {
	var all uint64
	if wild {
		all = ^uint64(0)
	}
	many, carry := m.many[c], uint64(0)
	for w, here := range m.here {
		on := here & m.ones[w] & all
		if many != nil {
			on |= here & many[w]
		}
		m.next[w] = on<<1 | carry | here&m.runs[w]&all
		carry = on >> 63
	}
	for _, i := range m.few[c] {
		if m.here[i/64]&(1<<(i%64)) != 0 {
			m.next[(i+1)/64] |= 1 << ((i + 1) % 64)
		}
	}
	m.here, m.next = m.next, m.here
}
