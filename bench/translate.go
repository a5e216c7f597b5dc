package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// errTranslation is what IAM can say and the translations do not.
var errTranslation = errors.New("is not translated")

// principals are the ARNs of the roles a statement is about, none for everybody.
func principals(s *policy.Statement, ofIdentity bool) ([]string, error) {
	switch {
	case ofIdentity:
		return []string{role}, nil
	case s.Principal.Star:
		return nil, nil
	case len(s.Principal.Entries) != 1 || s.Principal.Entries[0].Type != "AWS":
		return nil, fmt.Errorf("a principal that is no role %w", errTranslation)
	}
	return s.Principal.Entries[0].Values.Items, nil
}

// translatable refuses elements that the translations leave out.
func translatable(s *policy.Statement) error {
	if s.NotAction != nil || s.NotResource != nil || s.NotPrincipal != nil {
		return fmt.Errorf("an element with Not %w", errTranslation)
	}
	for _, a := range s.Action.Items {
		if strings.ContainsAny(a, "*?") && (len(s.Action.Items) > 1 || a != wholeService(a)) {
			return fmt.Errorf("the action %s %w", a, errTranslation)
		}
	}
	return nil
}

// wholeService is the pattern of all actions of an action's service.
func wholeService(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return service + ":*"
}

// conditionTests translates every key of every operator of a statement.
func conditionTests(s *policy.Statement, translate func(operator string, k policy.ConditionKey) (string, error)) ([]string, error) {
	var tests []string
	for _, b := range s.Condition {
		for _, k := range b.Keys {
			test, err := translate(b.Operator, k)
			if err != nil {
				return nil, err
			}
			tests = append(tests, test)
		}
	}
	return tests, nil
}
