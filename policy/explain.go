package policy

// Explanation is why a request was decided as it was.
type Explanation struct {
	Decision Decision `json:"decision"`
	Fixes    []Fix    `json:"fixes,omitempty"`
}

// Explain decides a request and says why. The decision is that of Evaluate.
func Explain(r *Request, l *Layers) *Explanation {
	return &Explanation{Decision: Evaluate(r, l)}
}

// Text is the explanation for people.
func (e *Explanation) Text() string { return e.Decision.Effect.String() + "\n" }
