// Package advice tells decisions to people, and turns the fixes the policy
// engine proposes for a denial into what a person does about it: a sentence and
// a ready command of the AWS CLI, on the side where the change belongs.
//
// The engine changes statements; AWS changes policies through operations, and
// not every statement has one (a function's policy holds only what
// AddPermission can say). So each fix is made again here, with the documents
// exactly as the commands would leave them, and the request is decided once
// more. A fix that does not pass is not given.
package advice

import (
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// Denial is a denied question with the policies that answered it.
type Denial struct {
	Request *policy.Request
	Layers  *policy.Layers
	// ARNOf names the principal behind a unique id, which policies hold in
	// place of ARNs. It may be nil.
	ARNOf func(id string) (arn string, ok bool)
}

// Advice is one way to have the request allowed. All steps are needed.
type Advice struct {
	// Sentence says it all in words.
	Sentence string
	// Exact says that nothing but the denied request is newly allowed (to the
	// role, for a role session).
	Exact bool
	Steps []Step
}

// Step is one change to one policy.
type Step struct {
	Sentence string
	// Side is whose policy changes: "identity", "resource", "trust",
	// "boundary", "session", "service-control" or "resource-control".
	Side string
	// Account has to make the change: the command runs with its credentials.
	Account string
	// Command is ready for a POSIX shell. It is empty where no operation of
	// AWS's makes the change on its own.
	Command string
	// Statements are those the policy gains, as JSON.
	Statements []string

	// policy is what changes, so that later changes of the same policy join in.
	policy *policy.Attached
}

// For gives the fixes that can be carried out, the smallest first, as the
// engine orders them.
func For(d Denial, fixes []policy.Fix) []Advice {
	var all []Advice
	for i := range fixes {
		if a, ok := d.carryOut(&fixes[i]); ok {
			all = append(all, a)
		}
	}
	return all
}

// carryOut makes the changes of a fix one after the other, as the engine did,
// and decides the request on the result.
func (d Denial) carryOut(f *policy.Fix) (Advice, bool) {
	b := &bench{Denial: d, layers: copyLayers(d.Layers), exact: true}
	for i := range f.Changes {
		verdict := policy.Evaluate(d.Request, &b.layers)
		if verdict.Allowed() && b.controls(f.Changes[i].Layer) != nil {
			continue // the same control policy, attached once more
		}
		if verdict.Allowed() || !b.apply(&f.Changes[i], verdict) {
			return Advice{}, false
		}
	}
	if len(b.steps) == 0 || !policy.Evaluate(d.Request, &b.layers).Allowed() {
		return Advice{}, false
	}
	a := Advice{Exact: b.exact, Steps: b.steps}
	var sentences []string
	for i := range b.steps {
		sentences = append(sentences, b.steps[i].Sentence)
	}
	a.Sentence = strings.Join(sentences, "; and ")
	return a, true
}
