package policy_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// The naive evaluator is a second reading of the facts, made to disagree with
// the engine where one of the two is wrong. It reads JSON anew for every
// question, compiles nothing, and shares no code with the engine. Where the
// engine has three truth values, this one has two and a leaning: what nobody
// knows is what is worst for the caller. An Allow leans to no, a Deny to yes,
// and the leaning turns round under every negation.

type naive struct {
	r *policy.Request
	l *policy.Layers
	// layer being read.
	layer    string
	version  string
	boundary bool
}

// naiveAnswer is the naive decision. denies are the layers that deny
// explicitly: which of them is named is a matter of wording.
type naiveAnswer struct {
	effect policy.Effect
	layer  string
	denies []string
}

func askNaive(r *policy.Request, l *policy.Layers) naiveAnswer {
	n := &naive{r: r, l: l, boundary: l.Boundary != nil}
	if n.senseless() {
		return naiveAnswer{policy.ImplicitDeny, "none", nil}
	}
	var denies []string
	ask := func(layer string, attached ...policy.Attached) int {
		n.layer = layer
		deny, grade := n.read(attached)
		if deny {
			denies = append(denies, layer)
		}
		return grade
	}
	one := func(layer string, a *policy.Attached) int {
		if a == nil {
			return gradeExact // nothing to ask: as good as an allow
		}
		return ask(layer, *a)
	}
	p := r.Principal
	hasAccount := p.Kind == policy.Root || p.Kind == policy.User || p.Kind == policy.RoleSession || p.Kind == policy.FederatedUser
	serviceLinked := strings.HasPrefix(strings.TrimPrefix(p.RoleARN, "arn:aws:iam::"+p.Account+":role"), "/aws-service-role/")
	levels := func(layer string, all [][]policy.Attached, counts bool) bool {
		ok := true
		for _, level := range all {
			if counts && ask(layer, level...) == gradeNone {
				ok = false
			}
		}
		return ok
	}
	rcp := levels("resource-control", l.ResourceControl, !serviceLinked)
	scp := levels("service-control", l.ServiceControl, !serviceLinked && hasAccount)
	grant := gradeNone
	if l.Resource != nil {
		grant = ask("resource", *l.Resource)
	}
	identity := ask("identity", l.Identity...) != gradeNone || p.Kind == policy.Root ||
		p.Kind == policy.FederatedUser && strings.HasSuffix(p.UserARN, ":root")
	boundary := one("boundary", l.Boundary) != gradeNone
	session := ask("session", l.Session...) != gradeNone ||
		len(l.Session) == 0 && !l.SessionLimited && p.Kind != policy.FederatedUser
	endpoint := one("endpoint", l.Endpoint) != gradeNone

	if len(denies) > 0 {
		return naiveAnswer{policy.ExplicitDeny, denies[0], denies}
	}
	// Each is a guard of facts 1, in its order, with when it counts (facts 2 and 3).
	accounts := n.accounts()
	same := accounts == "same"
	letIn := same && grant >= gradeAnybody || accounts == "none"
	guards := []struct {
		layer  string
		counts bool
		allows bool
	}{
		{"resource-control", true, rcp},
		{"service-control", true, scp},
		{"resource", accounts == "none", grant >= gradeAnybody},
		{"resource", accounts == "cross" || l.ResourceMustAllow, grant != gradeNone},
		{"identity", !letIn && !(same && grant == gradeBehind), identity},
		{"boundary", !letIn, boundary},
		{"session", !letIn, session},
		{"endpoint", true, endpoint},
	}
	for _, g := range guards {
		if g.counts && !g.allows {
			return naiveAnswer{policy.ImplicitDeny, g.layer, nil}
		}
	}
	if letIn || same && grant == gradeBehind {
		return naiveAnswer{policy.Allow, "resource", nil}
	}
	return naiveAnswer{policy.Allow, "identity", nil}
}

// senseless requests are denied before any policy is read.
func (n *naive) senseless() bool {
	service, name, ok := strings.Cut(n.r.Action, ":")
	ascii := strings.IndexFunc(n.r.Action, func(c rune) bool { return c > 127 }) < 0
	if !ok || !ascii || service == "" || name == "" || strings.ContainsAny(n.r.Action, "*? ") || strings.Contains(name, ":") {
		return true
	}
	return n.r.Resource != "*" && (!strings.HasPrefix(n.r.Resource, "arn:") || len(strings.Split(n.r.Resource, ":")) < 6)
}

func (n *naive) accounts() string {
	if n.r.Principal.Kind == policy.Anonymous || n.r.Principal.Kind == policy.Service || n.r.Principal.Kind == policy.ProviderUser {
		return "none"
	}
	owner := n.r.ResourceAccount
	if owner == "" && n.r.Resource != "*" {
		owner = strings.Split(n.r.Resource, ":")[4]
	}
	switch {
	case owner == n.r.Principal.Account:
		return "same"
	case (owner == "" || owner == "aws") && n.l.Resource == nil:
		return "same"
	}
	return "cross"
}

// Grades of facts 2, from the row that grants least.
const (
	gradeNone = iota
	gradeAccount
	gradeBehind
	gradeAnybody
	gradeExact
)

// read says whether some Deny of the policies applies, and the best grade of
// the Allows that apply; outside of resource policies any is as good.
func (n *naive) read(attached []policy.Attached) (deny bool, grade int) {
	for _, a := range attached {
		if a.Policy == nil {
			continue
		}
		var d struct {
			Version   string
			Statement any
		}
		if err := json.Unmarshal(a.Policy.Source(), &d); err != nil {
			panic(err)
		}
		n.version = d.Version
		list, ok := d.Statement.([]any)
		if !ok {
			list = []any{d.Statement}
		}
		for _, s := range list {
			s := s.(map[string]any)
			switch s["Effect"] {
			case "Deny":
				_, applies := n.statement(s, true)
				deny = deny || applies
			case "Allow":
				if g, applies := n.statement(s, false); applies {
					grade = max(grade, g)
				}
			}
		}
	}
	return deny, grade
}

func (n *naive) statement(s map[string]any, lean bool) (grade int, applies bool) {
	grade, named := n.principal(s, lean)
	if !named || !n.action(s, lean) || !n.resource(s, lean) {
		return gradeNone, false
	}
	conditions, _ := s["Condition"].(map[string]any)
	for operator, keys := range conditions {
		for key, values := range keys.(map[string]any) {
			if !n.condition(operator, key, texts(values), lean) {
				return gradeNone, false
			}
		}
	}
	return grade, true
}

// texts are the values of an element, whether or not it is a list.
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case bool:
		if v {
			return []string{"true"}
		}
		return []string{"false"}
	case float64:
		return []string{new(big.Rat).SetFloat64(v).RatString()}
	case []any:
		var out []string
		for _, one := range v {
			out = append(out, texts(one)...)
		}
		return out
	}
	panic("not a value")
}

// choose picks the element or its Not form. Neither, both and an empty one are malformed.
func choose(s map[string]any, name string) (values []string, except, sound bool) {
	v, has := s[name]
	not, hasNot := s["Not"+name]
	if has == hasNot {
		return nil, false, false
	}
	if hasNot {
		v = not
	}
	values = texts(v)
	return values, hasNot, len(values) > 0
}

func (n *naive) action(s map[string]any, lean bool) bool {
	patterns, except, sound := choose(s, "Action")
	if !sound || except && n.layer == "resource-control" {
		return lean
	}
	some := false
	for _, p := range patterns {
		some = some || n.actionPattern(p, lean != except)
	}
	return some != except
}

func (n *naive) actionPattern(p string, lean bool) bool {
	if p == "*" || p == "*:*" {
		return true
	}
	service, name, ok := strings.Cut(p, ":")
	if !ok || service == "" || name == "" || strings.Contains(name, ":") || strings.ContainsFunc(p, func(c rune) bool { return c > 127 }) {
		return lean
	}
	if !globbed(strings.ToLower(p), strings.ToLower(n.r.Action)) {
		return false
	}
	return lean || !strings.ContainsAny(service, "*?")
}

func (n *naive) resource(s map[string]any, lean bool) bool {
	patterns, except, sound := choose(s, "Resource")
	_, has := s["Resource"]
	_, hasNot := s["NotResource"]
	if !sound && !has && !hasNot && n.layer == "resource" {
		return true // about what the policy is attached to
	}
	if !sound {
		return lean
	}
	some := false
	for _, p := range patterns {
		some = some || n.resourcePattern(p, except, lean != except)
	}
	return some != except
}

func (n *naive) resourcePattern(p string, except, lean bool) bool {
	if p == "*" {
		return true
	}
	if !strings.HasPrefix(p, "arn:") {
		return lean
	}
	tokens := n.tokens(p, true)
	if n.r.Resource == "*" {
		return unclear(tokens) && lean
	}
	parts := splitTokens(tokens)
	faulty := unclear(tokens) || len(parts) < 6
	for i, part := range parts[:min(len(parts), 5)] {
		for _, t := range part {
			faulty = faulty || t.kind >= tokenValue || i == 2 && t.kind != tokenChar
		}
	}
	if faulty {
		for range 6 - len(parts) {
			tokens = append(tokens, token{kind: tokenChar, char: ':'}, token{kind: tokenRun})
		}
		for i := range tokens {
			if tokens[i].kind >= tokenValue {
				tokens[i] = token{kind: tokenRun}
			}
		}
		return lean && matchTokens(tokens, n.r.Resource)
	}
	tokens, doubt, absent := guessed(tokens)
	if absent {
		// Facts 8: matches no resource; as NotResource it excludes nothing,
		// which must not widen an Allow.
		return except && lean
	}
	if matchParts(literally(tokens), n.r.Resource) {
		return lean || !doubt
	}
	if !lean {
		return false
	}
	// Wildcards inside values, and "*" at the end of a segment over the colon.
	spread := spread(tokens)
	over := slices.ContainsFunc(parts[:5], func(part []token) bool { return len(part) > 0 && part[len(part)-1].kind == tokenRun })
	return matchParts(spread, n.r.Resource) || over && matchTokens(spread, n.r.Resource)
}
