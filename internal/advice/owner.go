package advice

import (
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// owner is who holds identity-based policies: a user or a role.
type owner struct{ kind, name, account string }

// String is "user my-user", as the engine prints it.
func (o owner) String() string { return o.kind + " " + o.name }

// ownerOf is whose identity-based policies and boundary count for a principal;
// its kind is empty for those who have none.
func ownerOf(p *policy.Principal) owner {
	switch p.Kind {
	case policy.User:
		return ownerOfARN(p.ARN)
	case policy.RoleSession:
		return ownerOfARN(p.RoleARN)
	case policy.FederatedUser:
		return ownerOfARN(p.UserARN)
	}
	return owner{}
}

// ownerOfARN reads the ARN of an IAM user or role, with or without path.
func ownerOfARN(arn string) owner {
	kind, rest, ok := strings.Cut(segment(arn, 5), "/")
	if segment(arn, 2) != "iam" || !ok || kind != "user" && kind != "role" {
		return owner{}
	}
	return owner{kind: kind, name: rest[strings.LastIndexByte(rest, '/')+1:], account: segment(arn, 4)}
}

// caller names the principal of the request.
func (b *bench) caller() string {
	p := &b.Request.Principal
	switch {
	case p.Kind == policy.RoleSession:
		return p.RoleARN
	case p.Kind == policy.Service:
		who := p.Service
		if v := one(b.Request.Context, "aws:SourceArn"); v != "" {
			who += " acting for " + v
		}
		return who
	case p.ARN != "":
		return p.ARN
	case p.Provider != "":
		return "users of " + p.Provider
	}
	return "everybody"
}

// segment is the i-th colon-separated part of an ARN; the last one (5) keeps
// its colons. It is empty if there is none.
func segment(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 6)
	if i >= len(parts) {
		return ""
	}
	return parts[i]
}
