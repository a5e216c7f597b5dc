package advice

import (
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// layerVersion is what the ARN of a version of a layer names.
type layerVersion struct{ region, account, name, number string }

func parseLayerVersion(arn string) (layerVersion, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 8 || parts[2] != "lambda" || parts[5] != "layer" || parts[6] == "" || parts[7] == "" {
		return layerVersion{}, false
	}
	return layerVersion{parts[3], parts[4], parts[6], parts[7]}, true
}

// permitLayer adds a statement of the only form a layer version's policy can hold:
// it lets a whole account in, never one principal of it (facts:
// lambda-permissions.md section 8).
func (b *bench) permitLayer(l layerVersion) bool {
	account := b.Request.Principal.Account
	if account == "" {
		return false
	}
	b.exact = false
	a := b.resource()
	sid := unused("Allow-"+account, func(id string) bool { return hasStatement(a, id) })
	s := policy.Statement{
		SID: &sid, Effect: "Allow", Action: policy.One(b.Request.Action), Resource: policy.One(b.Request.Resource),
		Principal: &policy.Principals{Entries: []policy.PrincipalEntry{{Type: "AWS", Values: *policy.One("arn:aws:iam::" + account + ":root")}}},
	}
	b.extend(a, []policy.Statement{s})
	return b.step(Step{
		Side: "resource", Account: l.account, Statements: []string{string(s.JSON())},
		Sentence: "in the resource-based policy of version " + l.number + " of layer " + l.name + ", allow " + b.Request.Action + " to account " + account,
		Command: command("lambda", "add-layer-version-permission", "--layer-name", l.name, "--version-number", l.number, "--statement-id", sid,
			"--action", b.Request.Action, "--principal", account, "--region", l.region),
	})
}

// hasStatement says whether a policy has a statement of that id.
func hasStatement(a *policy.Attached, sid string) bool {
	if a.Policy == nil {
		return false
	}
	for _, s := range a.Policy.Document().Statements {
		if s.Sid() == sid {
			return true
		}
	}
	return false
}
