package policy_test

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

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
	if strings.Trim(p, "*") == "" && p != "" || p == "*:*" {
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

func (n *naive) condition(operator, key string, values []string, lean bool) bool {
	all := strings.HasPrefix(operator, "ForAllValues:")
	some := strings.HasPrefix(operator, "ForAnyValue:")
	name := strings.TrimPrefix(strings.TrimPrefix(operator, "ForAllValues:"), "ForAnyValue:")
	name, ifExists := strings.CutSuffix(name, "IfExists")
	if !slices.Contains(operators, name) || name == "Null" && (all || some || ifExists) || all && strings.HasPrefix(name, "ForAnyValue:") {
		return lean
	}
	given, present := n.r.Context.Get(key)
	if name == "Null" {
		return n.null(given, present, values, lean)
	}
	negated := strings.Contains(name, "Not")
	switch {
	case !present && ifExists:
		return true
	case !present && all:
		return true
	case !present && some:
		return false
	case !present:
		return negated
	case all && len(given) == 1 && given[0] == "":
		return true
	case all:
		return !slices.ContainsFunc(given, func(v string) bool { return !n.one(name, negated, true, v, values, lean) })
	case some:
		return slices.ContainsFunc(given, func(v string) bool { return n.one(name, negated, true, v, values, lean) })
	case n.r.Context.Multivalued(key):
		return false
	}
	return n.one(name, negated, false, given[0], values, lean)
}

var operators = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

func (n *naive) null(given []string, present bool, values []string, lean bool) bool {
	for _, v := range values {
		switch {
		case v != "true" && v != "false":
			if lean {
				return true
			}
		case present && len(given) == 1 && given[0] == "":
			if lean {
				return true
			}
		case present == (v == "false"):
			return true
		}
	}
	return false
}

// one compares one value of the request with those of the policy.
func (n *naive) one(name string, negated, set bool, given string, values []string, lean bool) bool {
	if len(values) == 0 {
		return negated && !set && lean
	}
	broken := slices.ContainsFunc(values, func(v string) bool { return !n.readable(name, v, true) })
	if !n.readable(name, given, false) {
		return lean && (negated || broken)
	}
	inner := lean != negated
	some := slices.ContainsFunc(values, func(v string) bool { return n.operand(name, given, v, inner) })
	return some != negated
}

var (
	decimals  = regexp.MustCompile(`^[+-]?(\d+(\.\d+)?|\.\d+)$`)
	epoch     = regexp.MustCompile(`^-?\d{1,18}$`)
	fourDigit = regexp.MustCompile(`^\d{4}$`)
)

// readable says whether a text is of the operator's kind.
func (n *naive) readable(name, text string, inPolicy bool) bool {
	switch {
	case strings.HasPrefix(name, "Numeric"):
		return decimals.MatchString(text)
	case strings.HasPrefix(name, "Date"):
		_, ok := moment(text)
		return ok
	case name == "Bool":
		return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	case name == "BinaryEquals" && inPolicy:
		_, err := base64.StdEncoding.Strict().DecodeString(text)
		return err == nil
	case strings.Contains(name, "IpAddress"):
		_, ok := network(text)
		return ok && (inPolicy || !strings.Contains(text, "/"))
	case strings.HasPrefix(name, "Arn") && !inPolicy:
		return strings.HasPrefix(text, "arn:") && strings.Count(text, ":") >= 5
	case strings.HasPrefix(name, "Arn"):
		return n.arnLike(text)
	}
	return true
}

// arnLike says whether the text of a policy could be an ARN.
func (n *naive) arnLike(text string) bool {
	tokens := n.tokens(text, true)
	if slices.ContainsFunc(tokens, func(t token) bool { return t.kind >= tokenValue }) {
		return true
	}
	return strings.HasPrefix(text, "*") || strings.HasPrefix(text, "?") || strings.HasPrefix(text, "arn:")
}

func moment(text string) (time.Time, bool) {
	if epoch.MatchString(text) && !fourDigit.MatchString(text) {
		seconds, _ := new(big.Int).SetString(text, 10)
		return time.Unix(seconds.Int64(), 0), true
	}
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func network(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// operand compares with one value of the policy, as if the operator had no Not.
func (n *naive) operand(name, given, want string, lean bool) bool {
	if !n.readable(name, want, true) {
		return lean
	}
	base := strings.Replace(name, "Not", "", 1)
	order := func(c int) bool {
		switch {
		case strings.HasSuffix(base, "LessThan"):
			return c < 0
		case strings.HasSuffix(base, "LessThanEquals"):
			return c <= 0
		case strings.HasSuffix(base, "GreaterThan"):
			return c > 0
		case strings.HasSuffix(base, "GreaterThanEquals"):
			return c >= 0
		}
		return c == 0
	}
	switch {
	case strings.HasPrefix(base, "Numeric"):
		a, _ := new(big.Rat).SetString(given)
		b, _ := new(big.Rat).SetString(want)
		return order(a.Cmp(b))
	case strings.HasPrefix(base, "Date"):
		a, _ := moment(given)
		b, _ := moment(want)
		return order(a.Compare(b))
	case base == "IpAddress":
		a, _ := network(given)
		b, _ := network(want)
		return b.Contains(a.Addr())
	case base == "Bool":
		return given == want || lean && strings.EqualFold(given, want)
	case base == "BinaryEquals":
		return given == want
	case strings.HasPrefix(base, "Arn"):
		return n.arn(given, want, lean)
	case base == "StringEqualsIgnoreCase":
		return n.text(strings.ToLower(given), want, false, strings.ToLower, lean)
	}
	return n.text(given, want, base == "StringLike", func(s string) string { return s }, lean)
}

func (n *naive) text(given, want string, wildcards bool, fold func(string) string, lean bool) bool {
	tokens := n.tokens(want, wildcards)
	if unclear(tokens) {
		return lean
	}
	tokens, doubt, absent := guessed(tokens)
	if absent {
		return false // a value whose variable has none matches nothing
	}
	var written []token
	for _, t := range literally(tokens) {
		if t.kind == tokenChar {
			for _, c := range fold(string(t.char)) {
				written = append(written, token{kind: tokenChar, char: c})
			}
			continue
		}
		written = append(written, t)
	}
	if matchTokens(written, given) {
		return lean || !doubt
	}
	return wildcards && lean && matchTokens(spread(tokens), given)
}

func (n *naive) arn(given, want string, lean bool) bool {
	tokens := n.tokens(want, true)
	variables := slices.ContainsFunc(tokens, func(t token) bool { return t.kind >= tokenValue })
	if parts := splitTokens(tokens); !variables && len(parts) < 6 {
		for range 6 - len(parts) {
			tokens = append(tokens, token{kind: tokenChar, char: ':'}, token{kind: tokenRun})
		}
		return lean && matchTokens(tokens, given)
	}
	if unclear(tokens) {
		return lean
	}
	tokens, doubt, absent := guessed(tokens)
	switch {
	case absent:
		return false
	case matchParts(literally(tokens), given):
		return lean || !doubt
	}
	return lean && matchParts(spread(tokens), given)
}
