package policy

// Verdict is what one part of a statement says of a request. The order counts:
// the best of several alternatives is their maximum, the result of several
// demands their minimum.
type Verdict uint8

// Verdicts.
const (
	VerdictNo Verdict = iota
	// VerdictUnsure is a part AWS's published rules do not settle, or one that
	// can not be understood. An Allow does not apply on it, a Deny does.
	VerdictUnsure
	VerdictYes
)

const no, unsure, yes = VerdictNo, VerdictUnsure, VerdictYes

// String is the word explanations use: "no", "unsure" or "yes".
func (v Verdict) String() string {
	return [...]string{"no", "unsure", "yes"}[v]
}

// MarshalText is String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// result is a verdict with the open rules it rests on. A no with caveats is
// one that might have been a yes.
type result struct {
	verdict Verdict
	caveats CaveatSet
}

// sure is a yes that rests on nothing open.
func sure() result { return result{verdict: yes} }

func (r result) isSure() bool { return r.verdict == yes && r.caveats == 0 }

// not turns a result round; what is unsure stays unsure.
func not(r result) result { return result{yes - r.verdict, r.caveats} }

// either is the result of two alternatives.
func either(a, b result) result {
	switch {
	case a.verdict > b.verdict:
		return a
	case a.verdict < b.verdict:
		return b
	case a.verdict == yes:
		// One of them is enough: take the surer. Which of two equally sure ones
		// is named must not depend on the order they stand in.
		return result{yes, min(a.caveats, b.caveats)}
	}
	return result{a.verdict, a.caveats | b.caveats}
}

// both is the result of two demands.
func both(a, b result) result {
	switch {
	case a.verdict == no && a.caveats == 0, b.verdict == no && b.caveats == 0:
		return result{}
	case a.verdict < b.verdict:
		return result{a.verdict, a.caveats | b.caveats}
	}
	return result{b.verdict, a.caveats | b.caveats}
}

// settled says that no further demand can change the result.
func (r result) settled() bool { return r.verdict == no && r.caveats == 0 }
