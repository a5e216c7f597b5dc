package policy

import (
	"fmt"
	"slices"
	"strings"
)

// trustActions are what a trust policy may speak of.
var trustActions = [...]string{"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
	"sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"}

// validateTrust makes the checks of role trust policies, whose texts differ
// from those of identity policies.
func validateTrust(text []byte) (*Document, error) {
	if !isJSON(text) {
		return nil, refuse("This policy contains invalid Json")
	}
	d, err := read(text)
	switch {
	case err != nil && !statementMissing(err), !legalCharacters(text):
		return nil, refuse(syntaxErrors)
	case err != nil, len(d.Statements) == 0:
		return nil, refuse("Could not parse the policy: Statement is empty!")
	case !knownVersion(d.Version):
		return nil, refuse("The policy must contain a valid version string")
	}
	if err := uniqueSids(d, "The Statement Ids in the policy are not unique"); err != nil {
		return nil, err
	}
	if err := eachStatement(d, validateTrustStatement); err != nil {
		return nil, err
	}
	return d, nil
}

// statementMissing tells a document that is a policy but for its statements.
func statementMissing(err error) bool {
	e, ok := err.(*ParseError)
	return ok && *e == *errNoStatement
}

func validateTrustStatement(s *Statement) error {
	switch {
	case s.Effect == "":
		return refuse("Missing required field Effect")
	case s.Effect != "Allow" && s.Effect != "Deny", !knownOperators(s):
		return refuse(syntaxErrors)
	case !legacyDates(s):
		return refuse(legacyParsing)
	case s.NotPrincipal != nil && s.Effect == "Allow":
		return refuse("Allow with NotPrincipal is not allowed.")
	case s.NotPrincipal != nil:
		return refuse("AssumeRole policy must not contain NotPrincipal field.")
	case s.Principal == nil:
		return refuse("Missing required field Principal")
	case s.Principal.empty():
		return refuse("Missing required field Principal cannot be empty!")
	case s.Resource != nil:
		return refuse("Has prohibited field Resource")
	case s.NotResource != nil:
		return refuse("AssumeRole policy must not contain resources.")
	case s.NotAction != nil:
		return refuse("AssumeRole policy may only specify STS AssumeRole actions.")
	case noItems(s.Action):
		return refuse("Missing required field Action")
	}
	for _, a := range s.Action.Items {
		if !isTrustAction(a) {
			return refuse("AssumeRole policy may only specify STS AssumeRole actions.")
		}
	}
	return validatePrincipals(s.Principal)
}

func (p *Principals) empty() bool {
	return !p.Star && !slices.ContainsFunc(p.Entries, func(e PrincipalEntry) bool { return len(e.Values.Items) > 0 })
}

// isTrustAction wants a pattern of sts actions that matches one that can be trusted.
func isTrustAction(text string) bool {
	if !strings.EqualFold(text[:min(len(text), len("sts:"))], "sts:") {
		return false
	}
	p := compileAction(text)
	return slices.ContainsFunc(trustActions[:], func(a string) bool { return p.match(a, hashFolded(seedAction, a)).verdict == yes })
}

// validatePrincipals refuses principals of no known form. Whether they exist
// is for the service that stores the policy to say, in the same words:
// InvalidPrincipal.
func validatePrincipals(p *Principals) error {
	if p == nil {
		return nil
	}
	for _, kind := range p.Entries {
		for _, v := range kind.Values.Items {
			e := compilePrincipal(kind.Type, v)
			if e.form == principalUnclear || e.form == principalService && !strings.Contains(v, ".") {
				return InvalidPrincipal(kind.Type, v)
			}
		}
	}
	return nil
}

// InvalidPrincipal is AWS's refusal of a principal that is not well formed or
// does not exist. The type is a key of the Principal element.
func InvalidPrincipal(kind, value string) *MalformedError {
	if kind != "AWS" {
		kind = strings.ToUpper(kind)
	}
	return &MalformedError{fmt.Sprintf(`Invalid principal in policy: "%s":"%s"`, kind, value)}
}
