package advice

import (
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/policy"
)

// function is what the ARN of a function, version or alias names.
type function struct {
	region, account, name, qualifier string
}

func parseFunction(arn string) (function, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || len(parts) > 8 || parts[2] != "lambda" || parts[5] != "function" || parts[6] == "" {
		return function{}, false
	}
	f := function{region: parts[3], account: parts[4], name: parts[6]}
	if len(parts) == 8 {
		f.qualifier = parts[7]
	}
	return f, true
}

// latest takes no permissions (facts: lambda-permissions.md section 4).
const latest = "$LATEST"

// permission is what AddPermission can say of a principal.
type permission struct {
	principal, sourceARN, sourceAccount string
	// authType and viaURL bind it to a function URL.
	authType string
	viaURL   bool
	// exact says that it lets nobody else in.
	exact bool
	words string
}

// permissionFor names the caller as closely as AddPermission can, and binds what a
// request to a function URL lacks to URLs, as AWS's console does: of the type the
// URL has, and of no use for the API (facts: lambda-permissions.md section 9).
func permissionFor(r *policy.Request) (permission, bool) {
	g, ok := grantee(r)
	g.authType, g.viaURL = urlOf(r)
	switch {
	case g.viaURL:
		g.words += " through function URLs"
	case g.authType != "":
		g.words += ", for URLs of type " + g.authType
	}
	return g, ok
}

// urlOf says what a request to a function URL is bound to, by the permission it
// lacks: the type of the URL, or that it came through one.
func urlOf(r *policy.Request) (authType string, viaURL bool) {
	if strings.HasSuffix(r.Action, ":InvokeFunctionUrl") {
		authType = one(r.Context, api.KeyFunctionURLAuthType)
	}
	return authType, strings.HasSuffix(r.Action, ":InvokeFunction") && one(r.Context, api.KeyInvokedViaFunctionURL) == "true"
}

func grantee(r *policy.Request) (permission, bool) {
	p := &r.Principal
	switch p.Kind {
	case policy.User, policy.FederatedUser:
		return permission{principal: p.ARN, exact: true, words: p.ARN}, true
	case policy.RoleSession:
		return permission{principal: p.RoleARN, exact: true, words: p.RoleARN}, true
	case policy.Root:
		// A condition on aws:PrincipalArn is none of AddPermission's parameters.
		return permission{principal: p.Account, words: "account " + p.Account + " (whose administrators can pass it on)"}, true
	case policy.Service:
		g := permission{principal: p.Service, words: p.Service}
		if v := one(r.Context, "aws:SourceArn"); v != "" {
			g.sourceARN, g.exact = v, true
			g.words += " acting for " + v
		}
		if v := one(r.Context, "aws:SourceAccount"); v != segment(g.sourceARN, 4) {
			g.sourceAccount = v // a bucket's ARN does not say whose it is
		}
		return g, true
	case policy.Anonymous:
		return permission{principal: "*", words: "everybody"}, true
	}
	return permission{}, false
}

// one is the value of a key that has exactly one.
func one(c *policy.Context, key string) string {
	if c == nil || c.Multivalued(key) {
		return ""
	}
	if v, ok := c.Get(key); ok && len(v) == 1 {
		return v[0]
	}
	return ""
}

// permit adds a statement of the only form a function's policy can hold.
func (b *bench) permit(f function) bool {
	g, ok := permissionFor(b.Request)
	if !ok || f.qualifier == latest {
		return false
	}
	b.exact = b.exact && g.exact
	a := b.resource()
	sid := unused(statementID(b.Request), func(id string) bool { return hasStatement(a, id) })
	s := g.statement(sid, b.Request)
	b.extend(a, []policy.Statement{s})
	target := "function " + f.name
	if f.qualifier != "" {
		target += ":" + f.qualifier
	}
	args := []string{"--function-name", f.name}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	add("--qualifier", f.qualifier)
	add("--statement-id", sid)
	add("--action", b.Request.Action)
	add("--principal", g.principal)
	add("--source-arn", g.sourceARN)
	add("--source-account", g.sourceAccount)
	add("--function-url-auth-type", g.authType)
	if g.viaURL {
		args = append(args, "--invoked-via-function-url")
	}
	add("--region", f.region)
	return b.step(Step{
		Side: "resource", Account: f.account, Statements: []string{string(s.JSON())},
		Sentence: "in the resource-based policy of " + target + ", allow " + b.Request.Action + " to " + g.words,
		Command:  command("lambda", "add-permission", args...),
	})
}

// statement is the one AddPermission makes of its parameters
// (facts: lambda-permissions.md section 3).
func (g *permission) statement(sid string, r *policy.Request) policy.Statement {
	s := policy.Statement{SID: &sid, Effect: "Allow", Action: policy.One(r.Action), Resource: policy.One(r.Resource)}
	entry := func(kind, value string) *policy.Principals {
		return &policy.Principals{Entries: []policy.PrincipalEntry{{Type: kind, Values: *policy.One(value)}}}
	}
	switch {
	case g.principal == "*":
		s.Principal = &policy.Principals{Star: true}
	case r.Principal.Kind == policy.Service:
		s.Principal = entry("Service", g.principal)
	case r.Principal.Kind == policy.Root:
		s.Principal = entry("AWS", "arn:aws:iam::"+g.principal+":root")
	default:
		s.Principal = entry("AWS", g.principal)
	}
	conditioned(&s, "StringEquals", "AWS:SourceAccount", g.sourceAccount)
	conditioned(&s, "StringEquals", api.KeyFunctionURLAuthType, g.authType)
	conditioned(&s, "ArnLike", "AWS:SourceArn", g.sourceARN)
	if g.viaURL {
		conditioned(&s, "Bool", api.KeyInvokedViaFunctionURL, "true")
	}
	return s
}

// conditioned adds a condition on one key, unless the value is empty.
func conditioned(s *policy.Statement, operator, key, value string) {
	if value != "" {
		k := policy.ConditionKey{Key: key, Lone: true, Values: []policy.ConditionValue{{Text: value}}}
		s.Condition = append(s.Condition, policy.ConditionBlock{Operator: operator, Keys: []policy.ConditionKey{k}})
	}
}

// maxStatementID is AddPermission's bound, less what makes an id unique.
const maxStatementID = 96

// statementID names action and caller with the characters AddPermission takes.
func statementID(r *policy.Request) string {
	_, action, _ := strings.Cut(r.Action, ":")
	if action == "*" {
		action = "All"
	}
	who := r.Principal.Service
	if who == "" {
		who = ownerOf(&r.Principal).name
	}
	if r.Principal.Kind == policy.Anonymous {
		who = "everybody"
	}
	id := "Allow" + action
	if who != "" {
		id += "-" + who
	}
	id = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, id)
	return id[:min(len(id), maxStatementID)]
}
