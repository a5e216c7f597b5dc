package policy_test

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

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

// network reads IPv4 written as IPv6 as what it stands for.
func network(text string) (netip.Prefix, bool) {
	const mapped = "::ffff:"
	if p, err := netip.ParsePrefix(text); err == nil {
		if strings.HasPrefix(p.Addr().String(), mapped) && p.Bits() >= 96 {
			return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96), true
		}
		return p, true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || strings.Contains(text, "%") {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
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
