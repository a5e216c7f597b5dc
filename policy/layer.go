package policy

import "math/bits"

// finding is the statement that speaks for a layer.
type finding struct {
	found             bool
	grade             Grade
	policy, statement int32
	caveats           CaveatSet
}

// assumed is the finding of a layer in which there is nothing to ask.
func assumed() finding { return finding{found: true, policy: -1, statement: -1} }

// betterThan prefers what names the principal more closely, then what rests on
// nothing open, then what stands first.
func (f *finding) betterThan(o *finding) bool {
	switch {
	case !o.found || f.grade != o.grade:
		return !o.found || f.grade > o.grade
	case f.caveats != o.caveats:
		return f.caveats < o.caveats
	case f.policy != o.policy:
		return f.policy < o.policy
	}
	return f.statement < o.statement
}

// opinion is what the policies of one layer say of a request.
type opinion struct {
	deny, allow finding
	// openDeny and openAllow are the rules without which another Deny, or
	// another Allow, of the layer would have applied.
	openDeny, openAllow CaveatSet
}

// read lets one policy speak. Only the statements its index finds can apply;
// one that is found twice says the same twice.
func (o *opinion) read(q *question, number int, p *Policy) {
	if p == nil {
		return
	}
	x := &p.index
	if len(x.always) > 0 {
		o.hearAll(q, number, p, x.always)
	}
	for lengths := x.lengths & q.keys.lengths; lengths != 0; lengths &= lengths - 1 {
		if found := x.find(q.keys.prefixes[bits.TrailingZeros32(lengths)]); found != nil {
			o.hearAll(q, number, p, found)
		}
	}
	if x.actions {
		o.hearAll(q, number, p, x.find(q.keys.action))
		o.hearAll(q, number, p, x.find(q.keys.service))
	}
}

func (o *opinion) hearAll(q *question, number int, p *Policy, members []member) {
	for i := range members {
		if m := &members[i]; m.actions&q.keys.actionBit != 0 {
			o.hear(q, number, p, m.statement)
		}
	}
}

// hear lets one statement speak.
func (o *opinion) hear(q *question, number int, p *Policy, i uint32) {
	s := &p.statements[i]
	grade, r := s.match(q)
	switch {
	case r.settled():
	case s.effect.applies(r):
		best := &o.allow
		if s.effect == ExplicitDeny {
			best, grade = &o.deny, GradeNone
		}
		if best.found {
			f := finding{found: true, policy: int32(number), statement: int32(i), grade: grade, caveats: r.caveats}
			if !f.betterThan(best) {
				return
			}
		}
		// Member by member: a copy of what was just written has to wait for it.
		best.found, best.grade, best.caveats = true, grade, r.caveats
		best.policy, best.statement = int32(number), int32(i)
	case s.effect == ExplicitDeny:
		o.openDeny |= r.caveats
	default:
		o.openAllow |= r.caveats
	}
}
