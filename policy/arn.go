package policy

import "strings"

// arnParts is how many colon-separated parts an ARN has. The last one may
// itself hold colons.
const arnParts = 6

// afterFifthColon is the offset of the last part of an ARN: up to there a
// wildcard stays within its part. It is -1 for text that is no ARN.
func afterFifthColon(s string) int {
	if !strings.HasPrefix(s, "arn:") {
		return -1
	}
	colons := 0
	for i := range len(s) {
		if s[i] != ':' {
			continue
		}
		if colons++; colons == arnParts-1 {
			return i + 1
		}
	}
	return -1
}

// arnPart is one colon-separated part of an ARN, empty for text that is none.
func arnPart(s string, n int) string {
	if afterFifthColon(s) < 0 {
		return ""
	}
	return strings.SplitN(s, ":", arnParts)[n]
}

// arnAccount is the account part of an ARN, without allocating.
func arnAccount(s string) string {
	end := afterFifthColon(s)
	if end < 0 {
		return ""
	}
	head := s[:end-1]
	return head[strings.LastIndexByte(head, ':')+1:]
}

// arnFault is what is wrong with an ARN pattern.
type arnFault uint8

const (
	arnSound arnFault = iota
	// arnNone does not begin as an ARN at all.
	arnNone
	// arnShort has fewer than six parts.
	arnShort
	// arnService has a wildcard in its service part.
	arnService
	// arnVariable has a variable before the fifth colon, where none may be.
	arnVariable
)

// inspectARN looks at the parts of an ARN pattern. Colons inside variables do
// not count. runs says that one of the first five parts ends in "*".
func inspectARN(p *pattern) (fault arnFault, runs bool) {
	part, service, variable := 0, false, false
	last := piece{}
	for _, x := range p.pieces {
		switch {
		case x.kind == pieceText:
			for i := 0; i < len(x.text); i++ {
				if x.text[i] != ':' {
					continue
				}
				runs = runs || (i == 0 && last.kind == pieceRun && part < arnParts-1)
				part++
			}
		case part < arnParts-1 && x.kind == pieceVariable:
			variable = true
		case part == 2:
			service = true
		}
		last = x
	}
	switch {
	case len(p.pieces) == 0 || p.pieces[0].kind == pieceText && !strings.HasPrefix(p.pieces[0].text, "arn:"):
		return arnNone, runs
	case variable:
		return arnVariable, runs
	case part < arnParts-1:
		return arnShort, runs
	case service:
		return arnService, runs
	}
	return arnSound, runs
}

// padded is a pattern of too few parts with "*" for those that are missing,
// and with every variable read as "*".
func padded(p *pattern) []piece {
	out := p.loose()
	parts := 1
	for _, x := range out {
		if x.kind == pieceText {
			parts += strings.Count(x.text, ":")
		}
	}
	for ; parts < arnParts; parts++ {
		out = append(out, piece{kind: pieceText, text: ":"}, piece{kind: pieceRun})
	}
	return out
}
