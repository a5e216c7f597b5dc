package policytest

import (
	"slices"
	"testing"
)

// Engine is what scenarios can be put to.
type Engine interface {
	// Decide answers a scenario's question. An error means that the engine
	// can not express it, which fails the scenario.
	Decide(*Scenario) (Answer, error)
}

// Answer is what an engine says.
type Answer struct {
	// Decision is one of Expectation.
	Decision string
	// Layer is the kind of policy that decided, empty from an engine that does
	// not say. So are Caveats and Message.
	Layer   string
	Caveats []string
	Message string
}

// Run puts each scenario to the engine as a subtest of its name.
func Run(t *testing.T, e Engine, scenarios []*Scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			a, err := e.Decide(s)
			if err != nil {
				t.Fatal(err)
			}
			if fault := a.differs(&s.Expect); fault != "" {
				t.Errorf("%s\nrests on: %s\n%s", s.Title, s.Fact, fault)
			}
		})
	}
}

// differs says what of an answer is not as expected, empty if all is.
func (a Answer) differs(e *Expectation) string {
	switch {
	case a.Decision != e.Decision:
		return "decided " + a.Decision + " by " + a.Layer + ", want " + e.Decision
	case a.Layer != "" && e.Layer != "" && a.Layer != e.Layer:
		return a.Decision + " by " + a.Layer + ", want it by " + e.Layer
	case a.Message != "" && e.Message != "" && a.Message != e.Message:
		return "says  " + a.Message + "\nwant  " + e.Message
	case a.Caveats == nil:
		return ""
	}
	for _, c := range e.Caveats {
		if !slices.Contains(a.Caveats, c) {
			return "the caveat " + c + " is missing"
		}
	}
	for _, c := range a.Caveats {
		if !slices.Contains(e.Caveats, c) {
			return "the caveat " + c + " is not expected"
		}
	}
	return ""
}
