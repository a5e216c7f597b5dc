package policy

import "strings"

// actionElement is a compiled Action or NotAction. Names compare without
// regard to case. A wildcard may stand anywhere after the colon, or be all of
// the pattern.
type actionElement struct {
	except   bool
	patterns []actionPattern
	// problem says why the element can not be understood, empty if it can.
	problem string
}

type actionPattern struct {
	pattern
	// hash tells plain patterns apart.
	hash uint32
	// begins is the text of a pattern that is text and then "*", empty for others.
	begins string
	// any matches every action.
	any bool
	// caveat marks a pattern that is not legal: it matches at most unsurely.
	caveat CaveatSet
	// always says it is not even a pattern of an action.
	always bool
}

func compileActions(s *Statement) actionElement {
	e := actionElement{except: s.NotAction != nil}
	list := s.Action
	switch {
	case s.Action != nil && s.NotAction != nil:
		e.problem = "has both Action and NotAction"
		return e
	case s.NotAction != nil:
		list = s.NotAction
	case s.Action == nil:
		e.problem = "has neither Action nor NotAction"
		return e
	}
	if len(list.Items) == 0 {
		e.problem = "has an empty list of actions"
	}
	e.patterns = make([]actionPattern, 0, len(list.Items))
	for _, text := range list.Items {
		e.patterns = append(e.patterns, compileAction(text))
	}
	return e
}

func compileAction(text string) actionPattern {
	p := actionPattern{pattern: compilePattern(text, grammar{wildcards: true})}
	prefix, name, ok := strings.Cut(text, ":")
	switch {
	case text == "*":
		p.any = true
	case text == "*:*":
		p.any, p.caveat = true, CaveatActionStars
	case !ok || prefix == "" || name == "" || strings.Contains(name, ":") || !isASCII(text):
		p.caveat, p.always = CaveatNotUnderstood, true
	case strings.ContainsAny(prefix, "*?"):
		p.caveat = CaveatActionPrefix
	case p.plain:
		p.hash = hashFolded(seedAction, text)
	case len(p.pieces) == 2 && p.pieces[0].kind == pieceText && p.pieces[1].kind == pieceRun:
		p.begins = p.pieces[0].text
	}
	return p
}

// match wants an action with its hash.
func (p *actionPattern) match(action string, hash uint32) result {
	switch {
	case p.any:
		return result{yes, p.caveat}
	case p.always:
		return result{unsure, p.caveat}
	case p.plain:
		// Action names are ASCII: another length can not be the same name.
		return decided(p.hash == hash && len(p.exact) == len(action) && (p.exact == action || strings.EqualFold(p.exact, action)))
	case p.begins != "":
		return decided(len(action) >= len(p.begins) && (action[:len(p.begins)] == p.begins || strings.EqualFold(action[:len(p.begins)], p.begins)))
	}
	if !matchPieces(p.pieces, action, 0, true) {
		return result{}
	}
	if p.caveat != 0 {
		return result{unsure, p.caveat}
	}
	return sure()
}

func (e *actionElement) match(q *question) result {
	if e.problem != "" || e.except && q.layer == LayerResourceControl {
		return result{unsure, CaveatNotUnderstood}
	}
	var r result
	for i := range e.patterns {
		if r = either(r, e.patterns[i].match(q.request.Action, q.keys.action)); r.isSure() {
			break
		}
	}
	if e.except {
		return not(r)
	}
	return r
}
