package policy

import (
	"slices"
	"strings"
)

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

	seen *seen
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
	Index  int    `json:"index"`
	SID    string `json:"sid,omitempty"`
	Effect string `json:"effect"`
	// Applies says the statement counts in the decision.
	Applies bool `json:"applies"`
	// NearMiss marks an Allow that all but one of its parts would let apply.
	NearMiss bool  `json:"nearMiss,omitempty"`
	Grade    Grade `json:"grade,omitempty"`
	// Never says why the statement can not apply to anything.
	Never string `json:"never,omitempty"`
	Parts []Part `json:"parts"`
}

// Part is one demand of a statement.
type Part struct {
	// Element is the element as written: Action, NotAction, Resource,
	// NotResource, Principal, NotPrincipal, Condition.
	Element string `json:"element"`
	// Holds is "yes", "no" or "unsure".
	Holds string `json:"holds"`
	// Operator and Key are those of a condition.
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key,omitempty"`
	// Wanted are the values in the policy, Seen those of the request. Absent
	// says that the request has no such key.
	Wanted []string `json:"wanted,omitempty"`
	Seen   []string `json:"seen,omitempty"`
	Absent bool     `json:"absent,omitempty"`
	// Notes say what is not to be seen from the values.
	Notes   []string  `json:"notes,omitempty"`
	Caveats CaveatSet `json:"caveats,omitempty"`
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

// explainLayers goes through the layers in the order of Evaluate.
func (e *Explanation) explainLayers(q *question) {
	var o opinions
	l := q.layers
	e.Layers = make([]LayerExplanation, 0, int(LayerEndpoint))
	o.resourceControl.judgeControl(q, LayerResourceControl, l.ResourceControl)
	e.addLayer(q, &o.resourceControl, slices.Concat(l.ResourceControl...), false)
	o.serviceControl.judgeControl(q, LayerServiceControl, l.ServiceControl)
	e.addLayer(q, &o.serviceControl, slices.Concat(l.ServiceControl...), false)
	o.resource.judgeResource(q)
	e.addLayer(q, &o.resource, oneOrNone(l.Resource), l.ResourceMustAllow || e.Accounts != "same")
	// Nobody else has policies of its own. Were some given, a Deny would count.
	if q.request.Principal.hasAccount() || len(l.Identity)+len(l.Session) > 0 || l.Boundary != nil {
		o.identity.judgeIdentity(q)
		e.addLayer(q, &o.identity, l.Identity, true)
		o.boundary.judgeBoundary(q)
		e.addLayer(q, &o.boundary, oneOrNone(l.Boundary), false)
		o.session.judgeSession(q)
		e.addLayer(q, &o.session, l.Session, q.sessionLimited())
	}
	o.endpoint.judgeEndpoint(q)
	e.addLayer(q, &o.endpoint, oneOrNone(l.Endpoint), false)
}

func oneOrNone(a *Attached) []Attached {
	if a == nil {
		return nil
	}
	return []Attached{*a}
}

// addLayer explains the layer the question stands at.
func (e *Explanation) addLayer(q *question, o *opinion, policies []Attached, required bool) {
	x := LayerExplanation{Layer: q.layer, Present: required || len(policies) > 0, Says: "nothing"}
	switch {
	case o.deny.found:
		x.Says = "deny"
	case o.allow.found && x.Present:
		x.Says, x.Grade = "allow", o.allow.grade
	}
	if len(policies) > 0 {
		x.Policies = make([]PolicyExplanation, len(policies))
	}
	for i := range policies {
		explainPolicy(q, &policies[i], &x.Policies[i], e.seen)
	}
	e.Layers = append(e.Layers, x)
}

// seen are the principal, the action and the resource of the question, as the
// parts that see them share them.
type seen [3]string

func (s *seen) principal() []string { return s[0:1:1] }
func (s *seen) action() []string    { return s[1:2:2] }
func (s *seen) resource() []string  { return s[2:3:3] }

func explainPolicy(q *question, a *Attached, x *PolicyExplanation, seen *seen) {
	x.Name, x.ARN, x.Source = a.Name, a.ARN, a.Source
	if a.Policy == nil {
		return
	}
	x.Digest = a.Policy.digest
	if len(a.Policy.statements) == 0 {
		return
	}
	// The parts of all statements lie in one place, one after the other.
	count := 0
	for i := range a.Policy.statements {
		count += 3 + len(a.Policy.statements[i].conditions)
	}
	parts := make([]Part, 0, count)
	x.Statements = make([]StatementExplanation, len(a.Policy.statements))
	for i := range x.Statements {
		from := len(parts)
		parts = explainStatement(q, a.Policy, i, &x.Statements[i], parts, seen)
		x.Statements[i].finish(q, &a.Policy.statements[i], parts[from:len(parts):len(parts)])
	}
}

// explainStatement adds the statement's parts to those of others.
func explainStatement(q *question, p *Policy, index int, x *StatementExplanation, parts []Part, seen *seen) []Part {
	s, d := &p.statements[index], &p.document.Statements[index]
	grade, r := s.match(q)
	x.Index, x.SID, x.Effect, x.Never, x.Applies = index, d.Sid(), d.Effect, s.never, s.effect.applies(r)
	if x.Applies {
		x.Grade = grade
	}
	if s.principal.present || q.layer.namesPrincipals() {
		parts = append(parts, s.principal.explain(q, seen.principal()))
	}
	parts = append(parts, s.action.explain(q, d, seen.action()))
	if s.resource.present || q.layer != LayerResource {
		parts = append(parts, s.resource.explain(q, d, seen.resource()))
	}
	for i := range s.conditions {
		parts = append(parts, s.conditions[i].explain(q))
	}
	return parts
}

// finish gives the statement its parts.
func (x *StatementExplanation) finish(q *question, s *statement, parts []Part) {
	x.Parts = parts
	x.NearMiss = s.effect == Allow && !x.Applies && s.never == "" && nearMiss(q, s, parts)
}

// nearMiss says that one part alone keeps the statement from applying. A
// statement about another service is not near.
func nearMiss(q *question, s *statement, parts []Part) bool {
	missing := 0
	for i := range parts {
		if parts[i].Holds == yes.String() {
			continue
		}
		missing++
		if parts[i].Element == "Action" && !s.action.sameService(q.request.Action) {
			return false
		}
	}
	return missing == 1
}

func (e *actionElement) sameService(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	for i := range e.patterns {
		if prefix, _, _ := strings.Cut(e.patterns[i].written, ":"); strings.EqualFold(prefix, service) {
			return true
		}
	}
	return false
}

// summarize says the decision in one sentence.
func (e *Explanation) summarize() string {
	d := e.Decision
	if d.Effect == ImplicitDeny {
		return "denied: no " + policyKind(d.Layer, e.isTrust()) + " allows the " + e.Action + " action"
	}
	verb := "allowed by "
	if d.Effect == ExplicitDeny {
		verb = "denied by "
	}
	if d.Policy < 0 {
		return verb + "the root user's rights"
	}
	return verb + e.describe(d.Layer, d.Policy, d.Statement)
}

// describe names a statement: `statement 2 (KeepOut) of p, identity-based policy of user u`.
func (e *Explanation) describe(layer Layer, index, statement int) string {
	for i := range e.Layers {
		if e.Layers[i].Layer != layer {
			continue
		}
		p := &e.Layers[i].Policies[index]
		text := "statement " + ordinal(statement)
		if sid := p.Statements[statement].SID; sid != "" {
			text += " (" + sid + ")"
		}
		if p.Name != "" {
			text += " of " + p.Name + ","
		} else {
			text += " of"
		}
		text += " " + article(policyKind(layer, e.isTrust()))
		if p.Source != "" {
			text += " of " + p.Source
		}
		return text
	}
	return layer.String()
}

func (e *Explanation) isTrust() bool { return isTrust(e.Action, e.Resource) }
