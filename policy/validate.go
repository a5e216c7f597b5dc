package policy

import "encoding/json"

// Kind is where a policy is to be stored. AWS refuses the same mistake with
// different texts, depending on the kind.
type Kind int

// Kinds of policy.
const (
	// KindIdentity: managed and inline policies of users, groups and roles.
	KindIdentity Kind = iota
	// KindTrust: the trust policy of a role.
	KindTrust
	// KindResource: a policy attached to a resource.
	KindResource
	// KindSession: a policy passed when a session is made.
	KindSession
)

// MalformedError is a policy AWS refuses to store.
type MalformedError struct {
	// Message is AWS's text of MalformedPolicyDocument.
	Message string
}

func (e *MalformedError) Error() string { return e.Message }

// Texts of more than one check.
const (
	syntaxErrors  = "Syntax errors in policy."
	legacyParsing = "The policy failed legacy parsing"
)

// refuse makes the error of a text.
func refuse(text string) error { return &MalformedError{text} }

// Validate reads a policy as AWS does before it stores one, without looking at
// sizes or at whether named principals exist. The error is a *MalformedError.
// Where a document has several faults, the one named is that of the check AWS
// is known to make first; the order of the rest is ours.
func Validate(text []byte, kind Kind) (*Document, error) {
	if kind == KindTrust {
		return validateTrust(text)
	}
	d, err := validateSyntax(text)
	if err != nil {
		return nil, err
	}
	if kind == KindResource {
		err = validateResourcePolicy(d)
	} else {
		err = validateIdentity(d)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// validateSyntax makes the first check of all: the document's shape.
func validateSyntax(text []byte) (*Document, error) {
	d, err := read(text)
	if err != nil || len(d.Statements) == 0 || !legalCharacters(text) || !knownVersion(d.Version) {
		return nil, refuse(syntaxErrors)
	}
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Resource != nil && s.NotResource != nil || s.Action != nil && s.NotAction != nil || s.Principal != nil && s.NotPrincipal != nil {
			return nil, refuse(syntaxErrors)
		}
		if !effectLike(s.Effect) || !knownOperators(s) {
			return nil, refuse(syntaxErrors)
		}
	}
	return d, nil
}

// legalCharacters is the pattern of the PolicyDocument parameter.
func legalCharacters(text []byte) bool {
	for _, r := range string(text) {
		if r != '\t' && r != '\n' && r != '\r' && (r < 0x20 || r > 0xff) {
			return false
		}
	}
	return true
}

func knownVersion(v string) bool { return v == "" || v == Version2008 || v == Version2012 }

// effectLike accepts a wrong letter case: AWS refuses that later, with another text.
func effectLike(effect string) bool {
	folded := lower(effect)
	return folded == "allow" || folded == "deny"
}

// knownOperators refuses operators IAM does not have, unless nothing is under them.
func knownOperators(s *Statement) bool {
	for _, b := range s.Condition {
		if len(b.Keys) > 0 && parseOperator(b.Operator).family == familyUnknown {
			return false
		}
	}
	return true
}

// validateResourcePolicy checks what every service wants of a resource-based
// policy; the services word their refusals themselves.
func validateResourcePolicy(d *Document) error {
	if err := uniqueSids(d, "Statement IDs (SID) in a single policy must be unique."); err != nil {
		return err
	}
	for i := range d.Statements {
		s := &d.Statements[i]
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny" || !legacyDates(s):
			return refuse(legacyParsing)
		case s.Principal == nil && s.NotPrincipal == nil:
			return refuse("Missing required field Principal")
		case s.NotPrincipal != nil && s.Effect == "Allow":
			return refuse("Allow with NotPrincipal is not allowed.")
		case noItems(s.Action) && noItems(s.NotAction):
			return refuse("Policy statement must contain actions.")
		}
		for _, p := range []*Principals{s.Principal, s.NotPrincipal} {
			if err := validatePrincipals(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func noItems(v *Values) bool { return v == nil || len(v.Items) == 0 }

// uniqueSids refuses with the text when a Sid stands twice. Empty ones do not count.
func uniqueSids(d *Document, text string) error {
	seen := make(map[string]bool, len(d.Statements))
	for i := range d.Statements {
		sid := d.Statements[i].Sid()
		if sid != "" && seen[sid] {
			return refuse(text)
		}
		seen[sid] = true
	}
	return nil
}

// legacyDates checks the values of date operators, which AWS reads when it stores them.
func legacyDates(s *Statement) bool {
	for _, b := range s.Condition {
		if parseOperator(b.Operator).family != familyDate {
			continue
		}
		for i := range b.Keys {
			for _, v := range b.Keys[i].Values {
				if _, ok := parseInstant(v.Text); !ok {
					return false
				}
			}
		}
	}
	return true
}

// isJSON tells text that is not JSON at all from JSON that is no policy.
func isJSON(text []byte) bool { return json.Valid(text) }
