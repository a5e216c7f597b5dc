package policy

import "encoding/json"

// Explanation is why a request was decided as it was: a tree of layers,
// policies, statements and parts, drawn by the matchers that decided. It is
// data: AccessDenied texts, command lines and pictures are made from it.
type Explanation struct {
	Decision Decision `json:"decision"`
	// Principal, Action and Resource are the question.
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	// Accounts says how the accounts of principal and resource relate:
	// "same", "cross" or "none".
	Accounts string `json:"accounts"`
	// Summary is the decision in one sentence.
	Summary string             `json:"summary"`
	Layers  []LayerExplanation `json:"layers"`
	// Caveats are the open rules the decision rests on.
	Caveats []Caveat `json:"caveats,omitempty"`
	// Fixes are the smallest changes that would allow a denied request, each
	// proven by deciding the request again with the change made.
	Fixes []Fix `json:"fixes,omitempty"`
}

// LayerExplanation is what one layer says.
type LayerExplanation struct {
	Layer Layer `json:"layer"`
	// Present says that there is such a policy, or that one must allow.
	Present bool `json:"present"`
	// Says is "allow", "deny" or "nothing".
	Says string `json:"says"`
	// Grade is how closely an allowing resource-based policy names the principal.
	Grade    Grade               `json:"grade,omitempty"`
	Policies []PolicyExplanation `json:"policies,omitempty"`
}

// PolicyExplanation is one policy of a layer.
type PolicyExplanation struct {
	Name   string `json:"name,omitempty"`
	ARN    string `json:"arn,omitempty"`
	Source string `json:"source,omitempty"`
	// Digest identifies the text that was judged.
	Digest     string                 `json:"digest,omitempty"`
	Statements []StatementExplanation `json:"statements,omitempty"`
}

// StatementExplanation is one statement.
type StatementExplanation struct {
	// Head is what the policy says. Explanations share it: do not change it.
	*Head
	// Applies says the statement counts in the decision.
	Applies bool
	// NearMiss marks an Allow that all but one of its parts would let apply.
	NearMiss bool
	Grade    Grade
	Parts    []Part
}

// Head is what is to be said of a statement whatever the request. It is made
// once, when the policy is compiled.
type Head struct {
	Index  int
	SID    string
	Effect string
	// Never says why the statement can not apply to anything.
	Never string
	// demands are those of the statement, in the order of their constants.
	demands []Demand
}

// MarshalJSON prints statement and head as one object.
func (s StatementExplanation) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Index    int    `json:"index"`
		SID      string `json:"sid,omitempty"`
		Effect   string `json:"effect"`
		Applies  bool   `json:"applies"`
		NearMiss bool   `json:"nearMiss,omitempty"`
		Grade    Grade  `json:"grade,omitempty"`
		Never    string `json:"never,omitempty"`
		Parts    []Part `json:"parts"`
	}{s.Index, s.SID, s.Effect, s.Applies, s.NearMiss, s.Grade, s.Never, s.Parts})
}

// Part is one demand of a statement, and how the request meets it. Demands
// and answers are shared, by explanations and by parts: do not change them.
type Part struct {
	*Demand
	*Answer
}

// Demand is one element of a statement, or one key of its Condition. It is
// made once, when the policy is compiled.
type Demand struct {
	// Element is the element as written: Action, NotAction, Resource,
	// NotResource, Principal, NotPrincipal, Condition.
	Element string
	// Operator and Key are those of a condition.
	Operator, Key string
	// Wanted are the values in the policy.
	Wanted []string
	// odd says that there may be something to note, whatever the layer.
	odd bool
}

// Answer is what the request has for a demand.
type Answer struct {
	Holds Verdict
	// Absent says that the request has no such key. Seen are its values.
	Absent bool
	Seen   []string
	// Notes say what is not to be seen from the values.
	Notes   []string
	Caveats CaveatSet
}

// MarshalJSON prints demand and answer as one object.
func (p Part) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Element  string    `json:"element"`
		Holds    Verdict   `json:"holds"`
		Operator string    `json:"operator,omitempty"`
		Key      string    `json:"key,omitempty"`
		Wanted   []string  `json:"wanted,omitempty"`
		Seen     []string  `json:"seen,omitempty"`
		Absent   bool      `json:"absent,omitempty"`
		Notes    []string  `json:"notes,omitempty"`
		Caveats  CaveatSet `json:"caveats,omitempty"`
	}{p.Element, p.Holds, p.Operator, p.Key, p.Wanted, p.Seen, p.Absent, p.Notes, p.Caveats})
}

// Explain decides a request and says why. The decision is that of Evaluate.
func Explain(r *Request, l *Layers) *Explanation {
	e := Outline(r, l)
	if !e.Decision.Allowed() && len(e.Layers) > 0 {
		e.Fixes = propose(r, l, e.Decision)
	}
	return e
}

// name is the principal as AWS prints it in a denial.
func (p *Principal) name() string {
	switch {
	case p.Kind == Service:
		return p.Service
	case p.Kind == ProviderUser && p.ARN == "":
		return p.Provider
	case p.ARN == "":
		return "anonymous"
	}
	return p.ARN
}

// summary is the decision in one sentence: `denied by statement 2 (KeepOut) of
// p, an identity-based policy of user u`.
func (d *Decision) summary(r *Request, l *Layers) string {
	kind := policyKind(d.Layer, isTrust(r.Action, r.Resource))
	if d.Effect == ImplicitDeny {
		return "denied: no " + kind + " allows the " + r.Action + " action"
	}
	verb := "allowed by "
	if d.Effect == ExplicitDeny {
		verb = "denied by "
	}
	if d.Policy < 0 {
		return verb + "the root user's rights"
	}
	a := l.at(d.Layer, d.Policy)
	var open, sid, shut, comma, of string
	if sid = a.Policy.document.Statements[d.Statement].Sid(); sid != "" {
		open, shut = " (", ")"
	}
	if a.Name != "" {
		comma = ", "
	}
	if a.Source != "" {
		of = " of "
	}
	return verb + "statement " + ordinal(d.Statement) + open + sid + shut + " of " + a.Name + comma + indefinite(kind) + kind + of + a.Source
}
