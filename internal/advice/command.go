package advice

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// command is one call of the AWS CLI, quoted for a POSIX shell.
func command(service, operation string, args ...string) string {
	var b strings.Builder
	b.WriteString("aws " + service + " " + operation)
	for _, a := range args {
		b.WriteByte(' ')
		b.WriteString(quote(a))
	}
	return b.String()
}

// quote protects an argument from a POSIX shell.
func quote(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_./:=@%+,-", c)
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// putInline writes an inline policy of a user, group or role.
func putInline(kind, name, policyName string, d *policy.Document) string {
	return command("iam", "put-"+kind+"-policy", "--"+kind+"-name", name, "--policy-name", policyName, "--policy-document", string(d.JSON()))
}

func setTrust(role string, d *policy.Document) string {
	return command("iam", "update-assume-role-policy", "--role-name", role, "--policy-document", string(d.JSON()))
}

func newVersion(policyARN string, d *policy.Document) string {
	return command("iam", "create-policy-version", "--policy-arn", policyARN, "--set-as-default", "--policy-document", string(d.JSON()))
}

// setBoundary edits the boundary policy. One that AWS manages is replaced by a
// new policy of the account.
func setBoundary(o owner, policyARN string, d *policy.Document) string {
	switch {
	case policyARN == "":
		return ""
	case !managedByAWS(policyARN):
		return newVersion(policyARN, d)
	}
	name := o.name + "-boundary"
	return command("iam", "create-policy", "--policy-name", name, "--policy-document", string(d.JSON())) + " && " +
		command("iam", "put-"+o.kind+"-permissions-boundary", "--"+o.kind+"-name", o.name, "--permissions-boundary", "arn:aws:iam::"+o.account+":policy/"+name)
}

// newSession makes the caller's session again, with another session policy.
func (b *bench) newSession(d *policy.Document) string {
	p := &b.Request.Principal
	name := p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
	switch p.Kind {
	case policy.RoleSession:
		args := []string{"--role-arn", p.RoleARN, "--role-session-name", name, "--policy", string(d.JSON())}
		return command("sts", "assume-role", append(args, b.sessionARNs()...)...)
	case policy.FederatedUser:
		args := []string{"--name", name, "--policy", string(d.JSON())}
		return command("sts", "get-federation-token", append(args, b.sessionARNs()...)...)
	}
	return ""
}

// sessionARNs are the managed policies the session was made with.
func (b *bench) sessionARNs() []string {
	var args []string
	for i := range b.layers.Session {
		if arn := b.layers.Session[i].ARN; arn != "" {
			if args == nil {
				args = []string{"--policy-arns"}
			}
			args = append(args, "arn="+arn)
		}
	}
	return args
}

func managedByAWS(arn string) bool { return segment(arn, 4) == "aws" }

// unused appends a number to a name until nothing has it.
func unused(name string, taken func(string) bool) string {
	candidate := name
	for n := 2; taken(candidate); n++ {
		candidate = name + "-" + strconv.Itoa(n)
	}
	return candidate
}

// camel makes LambdaInvokeFunction of lambda:InvokeFunction.
func camel(action string) string {
	service, name, _ := strings.Cut(action, ":")
	if service == "" {
		return name
	}
	return strings.ToUpper(service[:1]) + service[1:] + name
}
