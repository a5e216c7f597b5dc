package advice

import (
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/policy"
)

// what names the action and the resource of the request.
func (b *bench) what() string {
	if b.Request.Resource == "*" {
		return b.Request.Action
	}
	return b.Request.Action + " on " + b.Request.Resource
}

// addToIdentity gives the principal an inline policy of its own.
func (b *bench) addToIdentity(c *policy.Change) bool {
	added, ok := statements(c)
	o := ownerOf(&b.Request.Principal)
	if !ok || o.kind == "" || len(added) != 1 {
		return false
	}
	what := b.what()
	if group, ok := groupOf(b.Request.Resource); ok {
		added[0].Resource, b.exact = policy.One(group), false
		what = b.Request.Action + " on every stream of " + strings.TrimSuffix(group, ":*")
	}
	if _, viaURL := urlOf(b.Request); viaURL && len(added[0].Condition) == 0 {
		conditioned(&added[0], "Bool", api.KeyInvokedViaFunctionURL, "true") // not past the URL as well
		what += " through function URLs"
	}
	d := single(added)
	name := b.newPolicyName(o)
	b.layers.Identity = append(b.layers.Identity, policy.Attached{Name: name, Source: o.String(), Policy: policy.Compile(d)})
	return b.step(Step{
		Side: "identity", Account: o.account, Statements: []string{string(added[0].JSON())},
		Sentence: "give " + o.String() + " an identity-based policy that allows " + what,
		Command:  putInline(o.kind, o.name, name, d),
	})
}

// groupOf is the pattern of all streams of a log stream's group. Lambda makes a
// stream for each environment of a function, so that allowing one stream
// allows nothing that is still to come.
func groupOf(arn string) (pattern string, ok bool) {
	if segment(arn, 2) != "logs" {
		return "", false
	}
	group, stream, ok := strings.Cut(arn, ":log-stream:")
	return group + ":*", ok && stream != ""
}

// newPolicyName is a name that no inline policy of the owner has.
func (b *bench) newPolicyName(o owner) string {
	base := "Allow" + camel(b.Request.Action)
	return unused(base, func(name string) bool {
		for i := range b.layers.Identity {
			if a := &b.layers.Identity[i]; a.ARN == "" && a.Name == name && a.Source == o.String() {
				return true
			}
		}
		return false
	})
}

// addToTrust writes the role's trust policy with one more statement.
func (b *bench) addToTrust(c *policy.Change) bool {
	added, ok := statements(c)
	role := ownerOfARN(b.Request.Resource)
	if !ok || role.kind != "role" {
		return false
	}
	a := b.resource()
	d := b.extend(a, added)
	return b.step(Step{
		Side: "trust", Account: role.account, Statements: c.Statements, policy: a,
		Sentence: "in the trust policy of " + role.String() + ", allow " + b.Request.Action + " to " + b.caller(),
		Command:  setTrust(role.name, d),
	})
}

// addToBoundary writes the permissions boundary with one more statement.
func (b *bench) addToBoundary(c *policy.Change) bool {
	added, ok := statements(c)
	o, a := ownerOf(&b.Request.Principal), b.layers.Boundary
	if !ok || a == nil || o.kind == "" {
		return false
	}
	d := b.extend(a, added)
	return b.step(Step{
		Side: "boundary", Account: o.account, Statements: c.Statements, policy: a,
		Sentence: "in " + a.Name + ", the permissions boundary of " + o.String() + ", allow " + b.what(),
		Command:  setBoundary(o, a.ARN, d),
	})
}

// addToSession widens the policy the session was made with. A session cannot
// be changed: it has to be made again.
func (b *bench) addToSession(c *policy.Change) bool {
	added, ok := statements(c)
	if !ok {
		return false
	}
	i := b.inlineSession()
	if i < 0 {
		i = len(b.layers.Session)
		b.layers.Session = append(b.layers.Session, policy.Attached{Name: "session policy", Source: "session"})
	}
	d := b.extend(&b.layers.Session[i], added)
	return b.step(Step{
		Side: "session", Account: b.Request.Principal.Account, Statements: c.Statements,
		Sentence: "make the session " + b.caller() + " again, with a session policy that also allows " + b.what(),
		Command:  b.newSession(d),
	})
}

// inlineSession is the index of the session policy that was passed as text, -1 without one.
func (b *bench) inlineSession() int {
	for i := range b.layers.Session {
		if b.layers.Session[i].ARN == "" {
			return i
		}
	}
	return -1
}
