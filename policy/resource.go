package policy

import "strings"

// resourceElement is a compiled Resource or NotResource.
type resourceElement struct {
	present, except bool
	patterns        []resourcePattern
	// problem says why the element can not be understood, empty if it can.
	problem string
}

type resourcePattern struct {
	pattern
	// any is "*", which also matches requests without a resource.
	any bool
	// begins is the text of a pattern that is text and then "*", all of it from
	// within the last part of the ARN; empty for others.
	begins string
	fault  arnFault
	// runs says that a part before the last one ends in "*".
	runs bool
	// spare are the pieces of a faulty pattern, read as widely as possible.
	spare []piece
}

func compileResources(s *Statement, variables bool) resourceElement {
	e := resourceElement{present: s.Resource != nil || s.NotResource != nil, except: s.NotResource != nil}
	list := s.Resource
	switch {
	case s.Resource != nil && s.NotResource != nil:
		e.problem = "has both Resource and NotResource"
		return e
	case s.NotResource != nil:
		list = s.NotResource
	case s.Resource == nil:
		return e
	}
	if len(list.Items) == 0 {
		e.problem = "has an empty list of resources"
	}
	e.patterns = make([]resourcePattern, 0, len(list.Items))
	for _, text := range list.Items {
		p := resourcePattern{pattern: compilePattern(text, grammar{wildcards: true, variables: variables})}
		p.any = text == "*"
		if !p.any {
			p.fault, p.runs = inspectARN(&p.pattern)
			if !strings.HasPrefix(text, "arn:") {
				p.fault = arnNone
			}
			if p.fault != arnSound || p.unclear {
				p.spare = padded(&p.pattern)
			} else if len(p.pieces) == 2 && p.pieces[0].kind == pieceText && p.pieces[1].kind == pieceRun && afterFifthColon(p.pieces[0].text) >= 0 {
				p.begins = p.pieces[0].text
			}
		}
		e.patterns = append(e.patterns, p)
	}
	return e
}

// match gives resolved false when a variable has no value.
func (p *resourcePattern) match(q *question) (r result, resolved bool) {
	switch {
	case p.any:
		return sure(), true
	case p.fault == arnNone || q.anyResource && p.unclear:
		return result{unsure, CaveatNotUnderstood}, true
	case q.anyResource:
		return result{}, true
	case p.begins != "":
		return decided(strings.HasPrefix(q.request.Resource, p.begins)), true
	case p.plain && p.spare == nil:
		return decided(q.request.Resource == p.exact), true
	case p.spare != nil:
		if matchPieces(p.spare, q.request.Resource, 0, false) {
			return result{unsure, p.doubt()}, true
		}
		return result{}, true
	}
	r, resolved = p.pattern.match(q.request.Resource, q.free, false, q.request.Context)
	if r.verdict == no && resolved && p.runs {
		if over, _ := p.pattern.match(q.request.Resource, 0, false, q.request.Context); over.verdict != no {
			return result{unsure, CaveatColonWildcard | over.caveats}, true
		}
	}
	return r, resolved
}

// doubt is the caveat of a faulty pattern.
func (p *resourcePattern) doubt() CaveatSet {
	if p.fault == arnShort {
		return CaveatShortARN
	}
	return CaveatNotUnderstood
}

// match says whether the statement is about the request's resource. Only in a
// resource-based policy may the element be absent: the statement is then about
// what the policy is attached to.
func (e *resourceElement) match(q *question) result {
	switch {
	case e.problem != "":
		return result{unsure, CaveatNotUnderstood}
	case !e.present && q.layer == LayerResource:
		return sure()
	case !e.present:
		return result{unsure, CaveatNotUnderstood}
	}
	var r result
	for i := range e.patterns {
		one, resolved := e.patterns[i].match(q)
		if !resolved && e.except {
			// It excludes nothing, but must not widen an Allow.
			one = result{unsure, CaveatUnresolvedNotResource}
		}
		if r = either(r, one); r.isSure() {
			break
		}
	}
	if e.except {
		return not(r)
	}
	return r
}
