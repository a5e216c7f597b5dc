package advice

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// lift replaces the Deny that decided by what is left of it.
func (b *bench) lift(c *policy.Change, verdict policy.Decision) bool {
	rest, ok := statements(c)
	a := b.at(verdict)
	switch {
	case verdict.Effect != policy.ExplicitDeny || verdict.Layer != c.Layer:
		// A control policy that is attached twice was amended the first time.
		return b.controls(c.Layer) != nil && len(b.steps) > 0
	case !ok || a == nil || a.Policy == nil:
		return false
	}
	d := b.document(a)
	if verdict.Statement < 0 || verdict.Statement >= len(d.Statements) {
		return false
	}
	denied := d.Statements[verdict.Statement]
	name := statementName(&denied, verdict.Statement)
	d.Statements = slices.Replace(d.Statements, verdict.Statement, verdict.Statement+1, rest...)
	s := Step{Statements: c.Statements, Sentence: liftSentence(c, name, a), policy: a}
	switch verdict.Layer {
	case policy.LayerServiceControl, policy.LayerResourceControl:
		named := *a
		named.Name = "the " + controlKind(verdict.Layer) + " " + a.Name
		s.Sentence = liftSentence(c, name, &named)
		return b.amend(s, verdict.Layer, a, d)
	case policy.LayerResource:
		s.Side, s.Account = "resource", b.resourceAccount()
		if role := ownerOfARN(b.Request.Resource); role.kind == "role" && strings.HasPrefix(b.Request.Action, "sts:") {
			s.Side, s.Command = "trust", setTrust(role.name, d)
			break
		}
		if b.isBucket() && denied.Sid() == blockedPublic {
			return false // no policy lifts it
		}
		s.Command = b.setResource(d)
	case policy.LayerSession:
		s.Side, s.Account, s.policy = "session", b.Request.Principal.Account, nil
		if a.ARN != "" {
			return b.editManaged(s, a, d)
		}
		s.Sentence += ", and make the session again"
		s.Command = b.newSession(d)
	case policy.LayerBoundary:
		s.Side, s.Account = "boundary", b.Request.Principal.Account
		if len(d.Statements) > 0 {
			s.Command = setBoundary(ownerOf(&b.Request.Principal), a.ARN, d)
		}
	default:
		s.Side, s.Account = "identity", b.Request.Principal.Account
		if a.ARN != "" {
			return b.editManaged(s, a, d)
		}
		s.Command = inline(a, d)
	}
	a.Policy = policy.Compile(d)
	return b.step(s)
}

// editManaged makes a new version of a managed policy. One that AWS manages,
// and one that would be empty, can only be taken off the principal.
func (b *bench) editManaged(s Step, a *policy.Attached, d *policy.Document) bool {
	if !managedByAWS(a.ARN) && len(d.Statements) > 0 {
		a.Policy = policy.Compile(d)
		s.Command = newVersion(a.ARN, d)
		return b.step(s)
	}
	kind, name, ok := strings.Cut(a.Source, " ")
	if !ok || s.Side != "identity" {
		return false
	}
	s.Sentence = "detach " + a.Name + " from " + a.Source
	if managedByAWS(a.ARN) {
		s.Sentence += ": AWS manages that policy, so its Deny cannot be edited"
		b.exact = false
	}
	s.Statements = nil
	s.Command = command("iam", "detach-"+kind+"-policy", "--"+kind+"-name", name, "--policy-arn", a.ARN)
	a.Policy = nil
	return b.step(s)
}

// inline writes an inline policy anew, or removes it if nothing is left of it.
func inline(a *policy.Attached, d *policy.Document) string {
	kind, name, ok := strings.Cut(a.Source, " ")
	switch {
	case !ok:
		return ""
	case len(d.Statements) == 0:
		return command("iam", "delete-"+kind+"-policy", "--"+kind+"-name", name, "--policy-name", a.Name)
	}
	return putInline(kind, name, a.Name, d)
}

// statementName counts from one, as people do.
func statementName(s *policy.Statement, index int) string {
	name := "statement " + strconv.Itoa(index+1)
	if sid := s.Sid(); sid != "" {
		name += " (" + sid + ")"
	}
	return name
}

func liftSentence(c *policy.Change, statement string, a *policy.Attached) string {
	of := statement
	if a.Name != "" {
		of += " of " + a.Name
	}
	if a.Source != "" && a.Source != a.Name {
		of += " (" + a.Source + ")"
	}
	switch gone := len(c.Statements) == 0; {
	case gone && c.Exact:
		return "remove " + of + ", which denies nothing but this"
	case gone:
		return "remove " + of + ", which also lifts whatever else it denies"
	case c.Exact:
		return "narrow " + of + " so that it spares this request alone"
	}
	return "narrow " + of + " so that it spares this request, and what cannot be told from it"
}
