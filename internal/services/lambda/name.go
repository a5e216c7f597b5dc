package lambda

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

const latest = "$LATEST"

// ref is a function as a request addresses it. An unqualified reference and
// one to $LATEST reach the same code but are different resources.
type ref struct{ account, region, name, qualifier string }

// key is the function's key, and with a separator the start of the keys of all
// it has: versions, aliases, policies.
func (r ref) key() string { return store.Key(r.account, r.region, r.name) }

func (r ref) prefix() string { return store.Prefix(r.account, r.region, r.name) }

// part is the key of something the function has under a name.
func (r ref) part(name string) string { return store.Key(r.account, r.region, r.name, name) }

// place is the start of the keys of all functions beside this one.
func (r ref) place() string { return store.Prefix(r.account, r.region) }

// unqualified is the ARN of the function itself.
func (r ref) unqualified() string {
	return "arn:" + op.Partition + ":lambda:" + r.region + ":" + r.account + ":function:" + r.name
}

// arn is the ARN exactly as addressed: the resource that is authorized.
func (r ref) arn() string {
	if r.qualifier == "" {
		return r.unqualified()
	}
	return r.unqualified() + ":" + r.qualifier
}

// with is another qualifier of the same function.
func (r ref) with(qualifier string) ref {
	r.qualifier = qualifier
	return r
}

// parseName reads a function reference: a name, a partial or a full ARN, each
// with an optional qualifier. What it does not say is left empty. A name may have
// dots, as in the pattern of every operation but CreateFunction: no such function
// is ever found.
func parseName(s string) (r ref, ok bool) {
	parts := strings.Split(s, ":")
	if parts[0] == "arn" {
		if len(parts) < 7 || len(parts) > 8 || parts[1] != op.Partition || parts[2] != "lambda" || parts[5] != "function" ||
			!isRegion(parts[3]) || !id.IsAccount(parts[4]) {
			return ref{}, false
		}
		r.region, r.account = parts[3], parts[4]
		parts = parts[6:]
	} else {
		parts = partial(&r, parts)
	}
	r.name = parts[0]
	switch {
	case len(parts) > 2 || !isWord(r.name, "-_."):
		return ref{}, false
	case len(parts) == 2:
		r.qualifier = parts[1]
		return r, isQualifier(r.qualifier)
	}
	return r, true
}

// partial takes region, account and "function" off the front, each if it is
// there and something follows it.
func partial(r *ref, parts []string) []string {
	if len(parts) > 1 && isRegion(parts[0]) {
		r.region, parts = parts[0], parts[1:]
	}
	if len(parts) > 1 && id.IsAccount(parts[0]) {
		r.account, parts = parts[0], parts[1:]
	}
	if len(parts) > 1 && parts[0] == "function" {
		parts = parts[1:]
	}
	return parts
}

// isRegion recognises the form of a region's name: us-east-1, us-gov-west-1.
func isRegion(s string) bool {
	dash := strings.LastIndexByte(s, '-')
	if dash != len(s)-2 || len(s) < 6 || s[2] != '-' || s[len(s)-1] < '0' || s[len(s)-1] > '9' {
		return false
	}
	return strings.Trim(s[:dash], "abcdefghijklmnopqrstuvwxyz-") == ""
}

func isName(s string) bool { return isWord(s, "-_") }

// isWord says whether s consists of ASCII letters, digits and the given signs.
func isWord(s, signs string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(signs, c) >= 0) {
			return false
		}
	}
	return s != ""
}

// isQualifier says whether s is one, by the pattern of Lambda's model.
func isQualifier(s string) bool { return isWord(s, "-_$") || s == latest+".PUBLISHED" }

// isVersion tells version numbers from aliases: no alias is all digits.
func isVersion(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isAlias says whether s has the form of an alias.
func isAlias(s string) bool { return isWord(s, "-_") && !isVersion(s) }

// target is the function a request addresses, made complete: missing parts are
// the caller's account and the region of the request.
func target(c *op.Call) (ref, error) {
	if known, ok := c.Recall(targetKey{}); ok {
		return known.(ref), nil
	}
	in, ok := c.Input.(interface{ GetFunctionName() string })
	if !ok {
		return ref{}, foreign()
	}
	r, err := resolveName(c, in.GetFunctionName())
	if err != nil {
		return ref{}, err
	}
	if q, ok := c.Input.(interface{ GetQualifier() string }); ok && q.GetQualifier() != "" {
		if r.qualifier != "" && r.qualifier != q.GetQualifier() {
			return ref{}, invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		r.qualifier = q.GetQualifier()
	}
	c.Remember(targetKey{}, r)
	return r, nil
}

type targetKey struct{}

func resolveName(c *op.Call, name string) (ref, error) {
	r, ok := parseName(name)
	if !ok {
		return ref{}, validation(name, "functionName", "Member must satisfy regular expression pattern: "+
			`(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`)
	}
	if r.region != "" && r.region != c.Region {
		return ref{}, notFound("Functions from '%s' are not reachable in this region ('%s')", r.region, c.Region)
	}
	r.region = c.Region
	if r.account == "" {
		r.account = c.Account
	}
	return r, nil
}

// Finders. Those named shared let other accounts in, as far as the function's
// policy and the caller's own allow it; all others refuse them outright.

// shared finds the function, qualified as addressed.
func (s *Service) shared(_ context.Context, c *op.Call) ([]op.Resource, error) {
	r, err := target(c)
	if err != nil || r.account == "" {
		return nil, err
	}
	return []op.Resource{{ARN: r.arn(), Account: r.account}}, nil
}

// own finds the function, qualified as addressed, in the caller's account.
func (s *Service) own(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if r.account != c.Account {
		return nil, foreign()
	}
	return s.shared(ctx, c)
}

// sharedWhole finds the function of an operation that knows no qualifier.
func (s *Service) sharedWhole(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if err := whole(c); err != nil {
		return nil, err
	}
	return s.shared(ctx, c)
}

// ownWhole is sharedWhole in the caller's account.
func (s *Service) ownWhole(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if err := whole(c); err != nil {
		return nil, err
	}
	return s.own(ctx, c)
}

func whole(c *op.Call) error {
	r, err := target(c)
	if err != nil {
		return err
	}
	if r.qualifier != "" {
		return invalid("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
	}
	return nil
}

// unqualified finds the function itself, whatever qualifier was addressed.
func (s *Service) unqualified(_ context.Context, c *op.Call) ([]op.Resource, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: r.unqualified(), Account: r.account}}, nil
}
