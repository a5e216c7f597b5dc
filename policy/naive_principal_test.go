package policy_test

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// principal says whether the statement is about the caller, and with what grade.
func (n *naive) principal(s map[string]any, lean bool) (grade int, named bool) {
	yes, has := s["Principal"]
	not, hasNot := s["NotPrincipal"]
	wanted := n.layer == "resource" || n.layer == "resource-control" || n.layer == "endpoint"
	switch {
	case has && hasNot, (has || hasNot) != wanted:
		return gradeNone, lean
	case !wanted:
		return gradeExact, true
	case hasNot && !lean:
		return gradeNone, false // Allow with NotPrincipal is not supported
	}
	element := yes
	if hasNot {
		element = not
	}
	var entries [][2]string
	if element == "*" {
		entries = [][2]string{{"AWS", "*"}}
	} else {
		for kind, values := range element.(map[string]any) {
			for _, v := range texts(values) {
				entries = append(entries, [2]string{kind, v})
			}
		}
	}
	switch {
	case len(entries) == 0:
		return gradeNone, lean
	case n.layer == "resource-control" && (hasNot || len(entries) != 1 || entries[0] != [2]string{"AWS", "*"}):
		return gradeNone, lean
	case hasNot:
		return gradeNone, !n.spared(entries)
	}
	for _, e := range entries {
		if n.layer != "resource" && e == [2]string{"AWS", "*"} {
			return gradeExact, true
		}
		if g, sure, unsure := n.entry(e[0], e[1]); sure || unsure && lean {
			grade, named = max(grade, g), true
		}
	}
	return grade, named
}

var (
	accountRoot = regexp.MustCompile(`^(?:arn:[^:*?]*:iam::)?(\d{12})(:root)?$`)
	uniqueID    = regexp.MustCompile(`^(AIDA|AROA)[A-Z0-9]{12,}$`)
	principals  = []*regexp.Regexp{
		regexp.MustCompile(`^arn:[^:*?]*:iam::\d{12}:(user|role)/[^*?]*[^/*?]$`),
		regexp.MustCompile(`^arn:[^:*?]*:sts::\d{12}:assumed-role/[^/*?]+/[^/*?]+$`),
		regexp.MustCompile(`^arn:[^:*?]*:sts::\d{12}:federated-user/[^/*?]+$`),
	}
)

// entry compares the caller with one value of a Principal element.
func (n *naive) entry(kind, value string) (grade int, sure, unsure bool) {
	p := n.r.Principal
	ofAccount := n.accounts() != "none"
	switch {
	case kind == "AWS" && value == "*":
		switch p.Kind {
		case policy.ProviderUser:
			return gradeAnybody, false, true
		case policy.FederatedUser:
			return gradeBehind, true, false
		}
		return gradeAnybody, true, false
	case kind != "AWS" && (value == "" || strings.ContainsAny(value, "*?")):
		return gradeNone, false, true
	case kind == "Service":
		return gradeExact, p.Kind == policy.Service && p.Service == value, false
	case kind == "Federated":
		return gradeExact, p.Kind == policy.ProviderUser && p.Provider == value, false
	case kind == "CanonicalUser":
		return gradeAccount, ofAccount && p.CanonicalID == value, ofAccount && p.CanonicalID == ""
	}
	if m := accountRoot.FindStringSubmatch(value); m != nil && strings.HasPrefix(value, "arn:") == (m[2] != "") {
		if p.Kind == policy.Root {
			return gradeExact, m[1] == p.Account, false
		}
		return gradeAccount, ofAccount && m[1] == p.Account, false
	}
	if uniqueID.MatchString(value) {
		if p.Kind == policy.User {
			return gradeExact, p.UniqueID == value, false
		}
		role, _, _ := strings.Cut(p.UniqueID, ":")
		return gradeBehind, p.Kind == policy.RoleSession && role == value || p.Kind == policy.FederatedUser && p.UserID == value, false
	}
	if !slices.ContainsFunc(principals, func(r *regexp.Regexp) bool { return r.MatchString(value) }) {
		return gradeNone, false, true
	}
	if ofAccount && p.ARN == value {
		return gradeExact, true, false
	}
	return gradeBehind, p.Kind == policy.RoleSession && p.RoleARN == value || p.Kind == policy.FederatedUser && p.UserARN == value, false
}

// spared says whether NotPrincipal exempts the caller from a Deny: all its
// levels must be listed, and nobody with a permissions boundary is exempt.
func (n *naive) spared(entries [][2]string) bool {
	if n.boundary {
		return false
	}
	var account, behind, itself bool
	for _, e := range entries {
		g, sure, _ := n.entry(e[0], e[1])
		if !sure || e[1] == "*" {
			continue
		}
		account = account || g == gradeAccount
		behind = behind || g == gradeBehind
		itself = itself || g == gradeExact
	}
	switch n.r.Principal.Kind {
	case policy.User:
		return account && itself
	case policy.RoleSession:
		return account && behind
	case policy.FederatedUser:
		return account && behind && itself
	case policy.Root, policy.Service, policy.ProviderUser:
		return itself
	}
	return false
}
