package main

import "github.com/sallyport/sallyport/policy"

// engine is one of those that are compared.
type engine struct {
	name string
	// load prepares everything that does not depend on the question.
	load func(*workload) (loaded, error)
}

// loaded is an engine with the policies of one workload.
type loaded interface {
	// ask prepares a question: whatever an engine wants to have of it in its
	// own types is made here, not in what is measured.
	ask(question) (asked, error)
}

// asked is a question that is ready to be decided, again and again.
type asked struct {
	// decide is what is measured.
	decide func() policy.Effect
	// explain decides too, and names the statement where the engine can tell.
	explain func() answer
}

func engines() []engine {
	return []engine{
		{"sallyport", loadSallyport},
		{"sallyport, explained", loadExplained},
		{"sallyport, with fixes", loadFixes},
		{"cedar-go", loadCedar},
		{"opa", loadOPA},
	}
}
