package policy

// finding is the statement that speaks for a layer.
type finding struct {
	found             bool
	policy, statement int
	grade             Grade
	caveats           CaveatSet
}

// betterThan prefers what names the principal more closely, then what rests on
// nothing open. Among equals the first stays.
func (f finding) betterThan(o finding) bool {
	if !o.found || f.grade != o.grade {
		return !o.found || f.grade > o.grade
	}
	return f.caveats < o.caveats
}

// opinion is what the policies of one layer say of a request.
type opinion struct {
	deny, allow finding
	// openDeny and openAllow are the rules without which another Deny, or
	// another Allow, of the layer would have applied.
	openDeny, openAllow CaveatSet
}

// read lets one policy speak.
func (o *opinion) read(q *question, index int, p *Policy) {
	if p == nil {
		return
	}
	for i := range p.statements {
		s := &p.statements[i]
		grade, r := s.match(q)
		f := finding{found: true, policy: index, statement: i, grade: grade, caveats: r.caveats}
		switch {
		case s.effect.applies(r) && s.effect == ExplicitDeny:
			f.grade = GradeNone
			if f.betterThan(o.deny) {
				o.deny = f
			}
		case s.effect.applies(r):
			if f.betterThan(o.allow) {
				o.allow = f
			}
		case s.effect == ExplicitDeny:
			o.openDeny |= r.caveats
		default:
			o.openAllow |= r.caveats
		}
	}
}
