package iam

import (
	"strings"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Types of resource, as they stand in ARNs.
const (
	typeUser    = "user"
	typeGroup   = "group"
	typeRole    = "role"
	typePolicy  = "policy"
	typeProfile = "instance-profile"
)

// awsAccount stands for the account in the ARNs of AWS managed policies.
const awsAccount = "aws"

// arnOf is the ARN of a resource; path begins and ends with a slash.
func arnOf(account, kind, path, name string) string {
	return "arn:" + op.Partition + ":iam::" + account + ":" + kind + path + name
}

func rootARN(account string) string { return "arn:" + op.Partition + ":iam::" + account + ":root" }

// parsed is an IAM ARN taken apart.
type parsed struct{ account, kind, path, name string }

// parseARN takes an IAM ARN apart; ok is false for any other text. The root
// user has the kind "root".
func parseARN(arn string) (p parsed, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "iam" || parts[3] != "" {
		return p, false
	}
	p.account = parts[4]
	kind, rest, slash := strings.Cut(parts[5], "/")
	if !slash {
		p.kind = kind
		return p, kind == "root"
	}
	i := strings.LastIndexByte(rest, '/')
	p.kind, p.path, p.name = kind, "/"+rest[:i+1], rest[i+1:]
	return p, p.name != ""
}

// key is where a named resource is stored: names are unique in an account
// without regard to case (IAM identifiers, "Friendly names and paths").
func key(account, name string) string { return store.Key(account, strings.ToLower(name)) }
