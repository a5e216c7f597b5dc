package policy

import (
	"encoding/base64"
	"net/netip"
	"strings"
)

// condition is one key under one operator, compiled. All conditions of a
// statement must hold.
type condition struct {
	operator
	// folded is the key for comparison.
	folded string
	values []operand
	// broken says that some value is none of the operator's kind.
	broken bool
}

// operand is one value of a condition, read as its operator wants it.
type operand struct {
	text pattern
	// readable is false for a value that is none of the operator's kind.
	readable bool
	number   decimal
	time     instant
	prefix   netip.Prefix
	fault    arnFault
	spare    []piece
}

// sourceFunctionKey is the key of which AWS's pages disagree whether it works
// in resource-based policies.
const sourceFunctionKey = "lambda:sourcefunctionarn"

func compileConditions(s *Statement, variables bool) []condition {
	var list []condition
	for _, block := range s.Condition {
		o := parseOperator(block.Operator)
		for i := range block.Keys {
			k := &block.Keys[i]
			c := condition{operator: o, folded: lower(k.Key)}
			for j := range k.Values {
				v := compileOperand(o, k.Values[j].Text, variables)
				c.values = append(c.values, v)
				c.broken = c.broken || !v.readable || v.fault == arnNone
			}
			list = append(list, c)
		}
	}
	return list
}

func compileOperand(o operator, text string, variables bool) operand {
	v := operand{readable: true}
	v.text = pattern{written: text, plain: true, exact: text}
	switch o.family {
	case familyString, familyStringFold:
		v.text = compilePattern(text, grammar{variables: variables})
	case familyStringLike:
		v.text = compilePattern(text, grammar{wildcards: true, variables: variables})
	case familyARN:
		v.text = compilePattern(text, grammar{wildcards: true, variables: variables})
		// With variables the parts are only known once they are put in.
		if v.fault, _ = inspectARN(&v.text); v.text.variables || v.fault == arnService {
			v.fault = arnSound
		}
		if v.fault != arnSound {
			v.spare = padded(&v.text)
		}
	case familyNumeric:
		v.number, v.readable = parseDecimal(text)
	case familyDate:
		v.time, v.readable = parseInstant(text)
	case familyBool, familyNull:
		v.readable = strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	case familyBinary:
		_, err := base64.StdEncoding.Strict().DecodeString(text)
		v.readable = err == nil
	case familyAddress:
		v.prefix, v.readable = parsePrefix(text)
	}
	return v
}

// match says whether the condition holds for the request.
func (c *condition) match(q *question) result {
	e := q.request.Context.find(c.folded)
	r := c.matchEntry(q, e)
	if e != nil && q.layer == LayerResource && c.folded == sourceFunctionKey {
		r.caveats |= CaveatFunctionKeyInResource
	}
	return r
}

func (c *condition) matchEntry(q *question, e *contextEntry) result {
	switch {
	case c.family == familyUnknown:
		return result{unsure, CaveatNotUnderstood}
	case c.family == familyNull:
		return c.matchNull(e)
	case e == nil:
		return c.missing()
	case e.twins():
		return c.matchTwins(q, e)
	}
	switch c.set {
	case forAllValues:
		r := sure()
		if len(e.values) == 1 && e.values[0] == "" {
			return r
		}
		for _, v := range e.values {
			if r = both(r, c.matchValue(q, v)); r.settled() {
				break
			}
		}
		return r
	case forAnyValue:
		var r result
		for _, v := range e.values {
			if r = either(r, c.matchValue(q, v)); r.isSure() {
				break
			}
		}
		return r
	}
	if e.multi {
		return result{no, CaveatMultivalued}
	}
	return c.matchValue(q, e.values[0])
}

// matchTwins is the result for a key that stands for several: where they do not
// agree, nothing is sure.
func (c *condition) matchTwins(q *question, e *contextEntry) result {
	var agreed result
	for i := range e.values {
		r := c.matchEntry(q, &contextEntry{values: e.values[i : i+1]})
		if i > 0 && r != agreed {
			return result{unsure, r.caveats | agreed.caveats | CaveatTwinKeys}
		}
		agreed = r
	}
	return agreed
}

// missing is the result for a key that is not in the request.
func (c *condition) missing() result {
	switch {
	case c.ifExists && c.set == forAnyValue:
		return result{yes, CaveatAnyValueIfExists}
	case c.ifExists, c.set == forAllValues:
		return sure()
	case c.set == forAnyValue:
		return result{}
	}
	return decided(c.negated)
}

// matchNull is the Null operator: "true" wants the key absent, "false" present
// and not null.
func (c *condition) matchNull(e *contextEntry) result {
	absent := decided(e == nil)
	if e != nil && len(e.values) == 1 && e.values[0] == "" {
		absent = result{unsure, CaveatEmptyIsNull}
	}
	var r result
	for i := range c.values {
		v := &c.values[i]
		switch v.text.exact {
		case "true":
			r = either(r, absent)
		case "false":
			r = either(r, not(absent))
		default:
			r = either(r, result{unsure, CaveatBadOperand})
		}
	}
	return r
}

// matchValue compares one value of the request with all of the policy: one
// must match, or for a negated operator none.
func (c *condition) matchValue(q *question, value string) result {
	if len(c.values) == 0 {
		if c.negated && c.set == oneValue {
			return result{unsure, CaveatNotUnderstood}
		}
		return result{}
	}
	var g given
	if !g.read(c.family, value) {
		if c.negated || c.broken {
			return result{unsure, CaveatBadOperand}
		}
		return result{}
	}
	var r result
	for i := range c.values {
		if r = either(r, c.matchOperand(q, &c.values[i], &g)); r.isSure() {
			break
		}
	}
	if c.negated {
		return not(r)
	}
	return r
}

// given is a value of the request, read as the operator wants it.
type given struct {
	text    string
	number  decimal
	time    instant
	address netip.Addr
	// free is the offset from which wildcards may match colons.
	free int
}

// read is false for a value that is none of the family.
func (g *given) read(f family, value string) (ok bool) {
	g.text, ok = value, true
	switch f {
	case familyNumeric:
		g.number, ok = parseDecimal(value)
	case familyDate:
		g.time, ok = parseInstant(value)
	case familyAddress:
		g.address, ok = parseAddress(value)
	case familyBool:
		ok = value == "true" || value == "false" || strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
	case familyARN:
		g.free = afterFifthColon(value)
		ok = g.free >= 0
	}
	return ok
}

func (c *condition) matchOperand(q *question, v *operand, g *given) result {
	if !v.readable {
		return result{unsure, CaveatBadOperand}
	}
	switch c.family {
	case familyNumeric:
		return decided(c.compare.holds(g.number.compare(v.number)))
	case familyDate:
		return decided(c.compare.holds(g.time.compare(v.time)))
	case familyAddress:
		return decided(v.prefix.Contains(g.address))
	case familyBinary:
		return decided(v.text.exact == g.text)
	case familyBool:
		switch {
		case v.text.exact == g.text:
			return sure()
		case len(v.text.exact) == len(g.text) && strings.EqualFold(v.text.exact, g.text):
			return result{unsure, CaveatLetterCase}
		}
		return result{}
	case familyARN:
		return c.matchARN(q, v, g)
	}
	// A value whose variable can not be resolved matches nothing, so a negated
	// operator holds: AWS documents that with a Deny on a tag that is absent.
	r, _ := v.text.match(g.text, 0, c.family == familyStringFold, q.request.Context)
	return r
}

// matchARN compares part by part.
func (c *condition) matchARN(q *question, v *operand, g *given) result {
	switch {
	case v.fault == arnNone:
		return result{unsure, CaveatNotUnderstood}
	case v.fault != arnSound:
		if matchPieces(v.spare, g.text, 0, false) {
			return result{unsure, CaveatShortARN}
		}
		return result{}
	}
	r, _ := v.text.match(g.text, g.free, false, q.request.Context)
	return r
}
