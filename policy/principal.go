package policy

import "strings"

// Grade is how closely a resource-based policy names the principal. It decides
// which implicit denials of the principal's own policies still count.
type Grade uint8

// Grades, weakest first.
const (
	// GradeNone: not named.
	GradeNone Grade = iota
	// GradeAccount: the principal's account is named, which delegates to its administrators.
	GradeAccount
	// GradeLimited: the role behind the session, or the user behind the
	// federated session, is named: boundary and session policies still count.
	GradeLimited
	// GradeWildcard: "*".
	GradeWildcard
	// GradeExact: the principal itself is named.
	GradeExact
)

// String is the word explanations use.
func (g Grade) String() string {
	return [...]string{"none", "account", "limited", "wildcard", "exact"}[g]
}

// MarshalText is String.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// principalElement is a compiled Principal or NotPrincipal.
type principalElement struct {
	present, except bool
	entries         []principalEntry
	// problem says why the element can not be understood, empty if it can.
	problem string
}

type principalForm uint8

const (
	// principalUnclear is a value of no known form.
	principalUnclear principalForm = iota
	principalAny
	principalAccount
	// principalARN is a user, role, session or federated user.
	principalARN
	// principalID is the unique id of a user or role, stored in place of its ARN.
	principalID
	principalService
	principalProvider
	principalCanonical
)

type principalEntry struct {
	form  principalForm
	value string
}

func compilePrincipals(s *Statement, effect Effect) principalElement {
	e := principalElement{present: s.Principal != nil || s.NotPrincipal != nil, except: s.NotPrincipal != nil}
	list := s.Principal
	switch {
	case s.Principal != nil && s.NotPrincipal != nil:
		e.problem = "has both Principal and NotPrincipal"
		return e
	case s.NotPrincipal != nil && effect == Allow:
		e.problem = "allows with NotPrincipal, which AWS does not support"
		return e
	case s.NotPrincipal != nil:
		list = s.NotPrincipal
	case s.Principal == nil:
		return e
	}
	if list.Star {
		e.entries = []principalEntry{{form: principalAny}}
		return e
	}
	for _, kind := range list.Entries {
		for _, v := range kind.Values.Items {
			e.entries = append(e.entries, compilePrincipal(kind.Type, v))
		}
	}
	if len(e.entries) == 0 {
		e.problem = "names no principal"
	}
	return e
}

func compilePrincipal(kind, value string) principalEntry {
	e := principalEntry{value: value}
	switch {
	case kind == "AWS":
		return compileAWSPrincipal(value)
	case value == "" || strings.ContainsAny(value, "*?"):
	case kind == "Service":
		e.form = principalService
	case kind == "Federated":
		e.form = principalProvider
	case kind == "CanonicalUser":
		e.form = principalCanonical
	}
	return e
}

func compileAWSPrincipal(value string) principalEntry {
	switch {
	case value == "*":
		return principalEntry{form: principalAny}
	case isAccount(value):
		return principalEntry{principalAccount, value}
	case isUniqueID(value):
		return principalEntry{principalID, value}
	case afterFifthColon(value) < 0 || strings.ContainsAny(value, "*?"):
		return principalEntry{value: value}
	}
	service, account, name := arnPart(value, 2), arnPart(value, 4), arnPart(value, 5)
	switch {
	case arnPart(value, 3) != "" || !isAccount(account):
		return principalEntry{value: value}
	case service == "iam" && name == "root":
		return principalEntry{principalAccount, account}
	case namesPrincipal(service, name):
		return principalEntry{principalARN, value}
	}
	return principalEntry{value: value}
}

// namesPrincipal knows the last parts of the ARNs of users and roles (iam),
// and of role sessions and federated users (sts).
func namesPrincipal(service, name string) bool {
	kind, rest, _ := strings.Cut(name, "/")
	switch {
	case rest == "":
		return false
	case service == "iam":
		return (kind == "user" || kind == "role") && !strings.HasSuffix(rest, "/")
	case service == "sts" && kind == "assumed-role":
		role, session, _ := strings.Cut(rest, "/")
		return role != "" && session != "" && !strings.Contains(session, "/")
	}
	return service == "sts" && kind == "federated-user" && !strings.Contains(rest, "/")
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isUniqueID tells the unique id of a user or role.
func isUniqueID(s string) bool {
	if len(s) < 16 || !strings.HasPrefix(s, "AIDA") && !strings.HasPrefix(s, "AROA") {
		return false
	}
	for i := range len(s) {
		if !('A' <= s[i] && s[i] <= 'Z' || '0' <= s[i] && s[i] <= '9') {
			return false
		}
	}
	return true
}

// match says how closely the entry names the principal. The grade counts only
// with a yes; an unsure result has the grade of "*".
func (e *principalEntry) match(p *Principal) (Grade, result) {
	switch e.form {
	case principalAny:
		return matchAnybody(p)
	case principalAccount:
		switch {
		case p.Account != e.value:
		case p.Kind == Root:
			return GradeExact, sure()
		case p.hasAccount():
			return GradeAccount, sure()
		}
	case principalARN:
		switch {
		case p.hasAccount() && p.ARN == e.value:
			return GradeExact, sure()
		case p.Kind == RoleSession && p.RoleARN == e.value, p.Kind == FederatedUser && p.UserARN == e.value:
			return GradeLimited, sure()
		}
	case principalID:
		switch {
		case p.Kind == User && p.UniqueID == e.value:
			return GradeExact, sure()
		case p.Kind == RoleSession && len(p.UniqueID) > len(e.value) && p.UniqueID[len(e.value)] == ':' && p.UniqueID[:len(e.value)] == e.value,
			p.Kind == FederatedUser && p.UserID == e.value:
			return GradeLimited, sure()
		}
	case principalService:
		if p.Kind == Service && p.Service == e.value {
			return GradeExact, sure()
		}
	case principalProvider:
		if p.Kind == ProviderUser && p.Provider == e.value {
			return GradeExact, sure()
		}
	case principalCanonical:
		switch {
		case !p.hasAccount():
		case p.CanonicalID == "":
			return GradeWildcard, result{unsure, CaveatCanonicalUser}
		case p.CanonicalID == e.value:
			return GradeAccount, sure()
		}
	default:
		return GradeWildcard, result{unsure, CaveatNotUnderstood}
	}
	return GradeNone, result{}
}

// matchAnybody matches "*" and {"AWS": "*"}, which are the same.
func matchAnybody(p *Principal) (Grade, result) {
	switch p.Kind {
	case Service:
		return GradeWildcard, result{yes, CaveatServiceWildcard}
	case ProviderUser:
		return GradeWildcard, result{unsure, CaveatProviderWildcard}
	case FederatedUser:
		return GradeLimited, result{yes, CaveatFederatedWildcard}
	}
	return GradeWildcard, sure()
}

// hasAccount tells principals that belong to an account.
func (p *Principal) hasAccount() bool {
	switch p.Kind {
	case Root, User, RoleSession, FederatedUser:
		return true
	}
	return false
}

// namesPrincipals says whether policies of the layer must say whom they are
// about; all others must not.
func (l Layer) namesPrincipals() bool {
	return l == LayerResource || l == LayerResourceControl || l == LayerEndpoint
}

// everybody says that the element is "*" and nothing else: the only one a
// resource control policy may have.
func (e *principalElement) everybody() bool {
	return !e.except && len(e.entries) == 1 && e.entries[0].form == principalAny
}

// match says whether the statement is about the request's principal, and how
// closely it names it.
func (e *principalElement) match(q *question) (Grade, result) {
	if !e.present && !q.layer.namesPrincipals() {
		return GradeNone, sure()
	}
	switch {
	case q.layer.namesPrincipals() != e.present, e.problem != "":
		return GradeNone, result{unsure, CaveatNotUnderstood}
	case q.layer == LayerResourceControl && !e.everybody():
		return GradeNone, result{unsure, CaveatNotUnderstood}
	case e.except:
		return GradeNone, not(e.spared(q))
	}
	grade, r := GradeNone, result{}
	for i := range e.entries {
		if q.layer != LayerResource && e.entries[i].form == principalAny {
			// Only a grant asks whom "*" means.
			return GradeWildcard, sure()
		}
		g, one := e.entries[i].match(&q.request.Principal)
		// A surer way of being named goes before a closer one, and a closer
		// one before a less close one.
		if one.verdict > r.verdict || one.verdict == r.verdict && (g > grade || g == grade && one.caveats < r.caveats) {
			grade, r = g, one
		}
	}
	return grade, r
}

// spared says whether NotPrincipal leaves the principal out of a Deny. AWS:
// every level of the principal must be listed, and a principal with a
// permissions boundary is never left out.
func (e *principalElement) spared(q *question) result {
	p := &q.request.Principal
	if q.layers.Boundary != nil {
		return result{}
	}
	var account, behind, itself bool
	var open CaveatSet
	for i := range e.entries {
		g, r := e.entries[i].match(p)
		switch {
		case r.verdict == unsure:
			open |= r.caveats
		case r.verdict == no || e.entries[i].form == principalAny:
		case g == GradeAccount:
			account = true
		case g == GradeLimited:
			behind = true
		case g == GradeExact:
			itself = true
		}
	}
	r := result{no, open}
	switch p.Kind {
	case Root, Service, ProviderUser:
		r = decidedOr(itself, open)
	case User:
		r = decidedOr(account && itself, open)
	case RoleSession:
		r = decidedOr(account && behind, open)
		if r.verdict == yes && !itself {
			r.caveats = CaveatNotPrincipalLevels
		}
	case FederatedUser:
		r = decidedOr(account && behind && itself, open)
	}
	return r
}

// decidedOr is yes, or a no that rests on what is open.
func decidedOr(ok bool, open CaveatSet) result {
	if ok {
		return sure()
	}
	return result{no, open}
}
