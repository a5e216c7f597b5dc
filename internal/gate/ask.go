package gate

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

var _ op.Asker = (*Gate)(nil)

// Ask implements op.Asker. The callers it makes are asked about and never
// leave: they reach no handler, since a gate has none.
func (g *Gate) Ask(ctx context.Context, s op.Supposed) (a op.Answer, err error) {
	who, err := g.named(&s)
	if err != nil {
		return a, err
	}
	account := who.Account()
	if account == "" {
		account = s.Account
	}
	q := &op.Question{
		Call: &op.Call{Caller: who, Account: account, Region: s.Region, Origin: s.Origin, Time: s.Time}, Action: s.Action, Resource: op.Resource{ARN: s.Resource},
	}
	if s.Change != nil {
		q.Add = []op.Adder{func(_ context.Context, _ *op.Call, keys *policy.Context) { s.Change(keys) }}
	}
	return g.answer(ctx, q), nil
}

// Principals implements op.Asker.
func (g *Gate) Principals(account string) []string {
	if c, ok := g.directory.(op.Census); ok {
		return c.PrincipalARNs(account)
	}
	return nil
}

// sessionName is that of the role sessions that are asked about.
const sessionName = "supposed"

// named is the caller behind a principal's name.
func (g *Gate) named(s *op.Supposed) (caller.Caller, error) {
	name := s.Principal
	kind, _, _ := strings.Cut(segment(name, 5), "/")
	account := segment(name, 4)
	switch {
	case name == "anonymous":
		return caller.Anonymous(), nil
	case isAccount(name) && g.directory.HasAccount(name):
		return caller.Root(name, caller.Key{}), nil
	case !strings.HasPrefix(name, "arn:") && strings.Contains(name, ".") && !strings.ContainsAny(name, ":/"):
		return caller.ForService(caller.Service{Principal: name}), nil
	case segment(name, 2) == "sts" && kind == "assumed-role":
		_, rest, _ := strings.Cut(segment(name, 5), "/")
		role, session, _ := strings.Cut(rest, "/")
		// The ARN of a session leaves out the role's path.
		if c, ok := g.session("arn:"+op.Partition+":iam::"+account+":role/"+role, session, s); ok {
			return c, nil
		}
	case segment(name, 2) != "iam":
	case kind == "root" && g.directory.HasAccount(account):
		return caller.Root(account, caller.Key{}), nil
	case kind == "user":
		if unique, ok := g.directory.PrincipalID(name); ok {
			return caller.ForUser(caller.User{Account: account, ARN: name, Name: lastPart(name), ID: unique}, caller.Key{}), nil
		}
	case kind == "role":
		if c, ok := g.session(name, sessionName, s); ok {
			return c, nil
		}
	}
	return caller.Caller{}, &api.Error{
		Code: "ResourceNotFoundException", Status: 400, Fault: api.Client, MessageMember: "message",
		Message: "No principal here is called " + name + ": name the ARN of a user, a role or an account's root user, an account, a service such as sns.amazonaws.com, or anonymous.",
	}
}

// session is a session of a role, as just made: it brings the keys that only
// temporary credentials bring.
func (g *Gate) session(arn, name string, s *op.Supposed) (caller.Caller, bool) {
	r, ok := g.directory.Role(arn)
	if !ok {
		return caller.Caller{}, false
	}
	return caller.ForRoleSession(caller.RoleSession{
		Account: r.Account, RoleARN: r.ARN, RoleName: r.Name, RoleID: r.ID, Name: name,
	}, caller.Key{IssuedAt: s.Time, SessionToken: true}), true
}

// isAccount says whether a name is twelve digits.
func isAccount(name string) bool { return len(name) == 12 && strings.Trim(name, "0123456789") == "" }

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
