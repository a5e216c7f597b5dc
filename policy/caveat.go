package policy

import (
	"encoding/json"
	"fmt"
)

// CaveatSet is a set of caveats, one bit each: the rules AWS leaves open that
// a decision rests on.
type CaveatSet uint64

// Caveats. Their sentences are in Caveats.
const (
	CaveatNotUnderstood CaveatSet = 1 << iota
	CaveatMultivalued
	CaveatSubstitutedWildcard
	CaveatUnresolvedNotResource
	CaveatColonWildcard
	CaveatShortARN
	CaveatActionPrefix
	CaveatEmptyIsNull
	CaveatBadOperand
	CaveatLetterCase
	CaveatAnyValueIfExists
	CaveatNotPrincipalLevels
	CaveatServiceWildcard
	CaveatProviderWildcard
	CaveatFederatedWildcard
	CaveatCanonicalUser
	CaveatGrantElsewhere
	CaveatFunctionKeyInResource
	CaveatUnknownOwner
	CaveatActionStars
	CaveatTwinKeys
)

// Certainty is how sure a rule is.
type Certainty string

// Certainties of the rules that have a caveat. Recorded and documented rules have none.
const (
	// Seen: reported by several people, not recorded by us, not documented.
	Seen Certainty = "seen"
	// Inferred: follows from documents or from similar services.
	Inferred Certainty = "inferred"
	// Contested: AWS's own pages contradict each other, or reports contradict them.
	Contested Certainty = "contested"
)

// Caveat is a rule of this package that AWS leaves unpublished or contradicts.
type Caveat struct {
	// Bit is the rule's place in a CaveatSet.
	Bit CaveatSet `json:"-"`
	// ID is the rule's stable name.
	ID string `json:"id"`
	// Sentence says what is decided and what is open.
	Sentence  string    `json:"sentence"`
	Certainty Certainty `json:"certainty"`
}

// Caveats is the registry: every such rule, in the order of their bits.
func Caveats() []Caveat {
	return []Caveat{
		{CaveatNotUnderstood, "not-understood", "A part of the statement can not be understood (AWS would refuse to store it): as Allow it never applies, as Deny it always does.", Inferred},
		{CaveatMultivalued, "multivalued-without-set-operator", "A condition tests a multivalued key without ForAllValues or ForAnyValue: when the key is present it never matches, so a Deny written this way protects nothing.", Seen},
		{CaveatSubstitutedWildcard, "substituted-wildcard", "A * or ? inside a substituted policy variable is a plain character: were it a wildcard, the value would match. What denies matches, what allows does not.", Inferred},
		{CaveatUnresolvedNotResource, "unresolved-not-resource", "A NotResource holds a policy variable without a value: a Deny then covers every resource, an Allow none.", Inferred},
		{CaveatColonWildcard, "wildcard-over-colon", "A * at the end of an ARN segment may run past the colon: assumed for what denies, not for what allows.", Contested},
		{CaveatShortARN, "short-arn", "An ARN pattern of fewer than six parts is read as if * filled the rest: for what denies, not for what allows.", Inferred},
		{CaveatActionPrefix, "wildcard-in-service-prefix", "An action pattern with a wildcard in its service prefix matches for what denies, not for what allows.", Inferred},
		{CaveatEmptyIsNull, "empty-is-null", "Null tests a key whose value is the empty string: AWS calls that a null value in one place only. An Allow does not apply, a Deny does.", Contested},
		{CaveatBadOperand, "unreadable-operand", "A value of a numeric, date, Boolean, binary, address or ARN condition can not be read as one: what denies matches, what allows does not.", Inferred},
		{CaveatLetterCase, "boolean-letter-case", "A Boolean value differs from true and false in letter case only: what denies matches, what allows does not.", Inferred},
		{CaveatAnyValueIfExists, "any-value-if-exists", "ForAnyValue with IfExists holds when the key is absent: the rule of IfExists goes before that of ForAnyValue.", Inferred},
		{CaveatNotPrincipalLevels, "not-principal-levels", "NotPrincipal spares a role session when its account and its role are listed; whether every service also wants the session is not stated.", Contested},
		{CaveatServiceWildcard, "service-matches-wildcard", "An AWS service calling as itself is matched by the principal *.", Seen},
		{CaveatProviderWildcard, "provider-user-wildcard", "Somebody whom only an identity provider vouches for is matched by the principal * where it denies, not where it allows.", Inferred},
		{CaveatFederatedWildcard, "federated-user-wildcard", "A federated user session let in by the principal * stays within its session policies and boundary.", Inferred},
		{CaveatCanonicalUser, "canonical-user-unknown", "The caller's canonical user id is not known: a CanonicalUser principal matches where it denies, not where it allows.", Inferred},
		{CaveatGrantElsewhere, "grant-recorded-at-s3-and-sts", "That a resource policy alone lets a principal of the same account in was recorded at S3 and STS; other services are assumed to do the same.", Inferred},
		{CaveatFunctionKeyInResource, "source-function-arn-in-resource-policy", "AWS's pages disagree whether lambda:SourceFunctionArn can be used in a resource-based policy: here it can.", Contested},
		{CaveatUnknownOwner, "unknown-owner", "Nobody says which account owns the resource: its policy must allow as if it were another account's.", Inferred},
		{CaveatActionStars, "star-colon-star", "The action pattern *:* is every action, as * is, although a service has no wildcards elsewhere.", Seen},
		{CaveatTwinKeys, "names-that-differ-in-case", "Tags of one thing, or names of an encryption context, differ in letter case only, and condition keys do not tell them apart: where their values disagree, what denies matches, what allows does not.", Inferred},
	}
}

// List are the caveats of the set, in the order of the registry.
func (s CaveatSet) List() []Caveat {
	if s == 0 {
		return nil
	}
	var list []Caveat
	for _, c := range Caveats() {
		if s&c.Bit != 0 {
			list = append(list, c)
		}
	}
	return list
}

// MarshalJSON prints the ids.
func (s CaveatSet) MarshalJSON() ([]byte, error) {
	ids := []string{}
	for _, c := range s.List() {
		ids = append(ids, c.ID)
	}
	return json.Marshal(ids)
}

// UnmarshalJSON reads ids; one that is not registered is an error.
func (s *CaveatSet) UnmarshalJSON(text []byte) error {
	var ids []string
	if err := json.Unmarshal(text, &ids); err != nil {
		return err
	}
	*s = 0
	for _, id := range ids {
		bit := caveatBit(id)
		if bit == 0 {
			return fmt.Errorf("policy: no caveat %q", id)
		}
		*s |= bit
	}
	return nil
}

func caveatBit(id string) CaveatSet {
	for _, c := range Caveats() {
		if c.ID == id {
			return c.Bit
		}
	}
	return 0
}
