package advice

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// controls are the levels of control policies of a layer, nil for other layers.
func (b *bench) controls(l policy.Layer) [][]policy.Attached {
	switch l {
	case policy.LayerServiceControl:
		return b.layers.ServiceControl
	case policy.LayerResourceControl:
		return b.layers.ResourceControl
	}
	return nil
}

// copyLevels copies what steps replace.
func copyLevels(levels [][]policy.Attached) [][]policy.Attached {
	out := slices.Clone(levels)
	for i := range out {
		out[i] = slices.Clone(out[i])
	}
	return out
}

// atLevels is the policy of an index over all levels, nil if there is none.
func atLevels(levels [][]policy.Attached, index int) *policy.Attached {
	for i := range levels {
		if index >= 0 && index < len(levels[i]) {
			return &levels[i][index]
		}
		index -= len(levels[i])
	}
	return nil
}

// controlKind is what AWS calls the policies of a layer of control policies.
func controlKind(l policy.Layer) string {
	if l == policy.LayerResourceControl {
		return "resource control policy"
	}
	return "service control policy"
}

// targetOf is the id of the root, organizational unit or account a control
// policy is attached to: the second word of how Organizations names it.
func targetOf(source string) string {
	if words := strings.Fields(source); len(words) > 1 {
		return words[1]
	}
	return ""
}

// policyID is the last part of a control policy's ARN.
func policyID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// amend writes a control policy anew, or takes it off where nothing is left of
// it. It is one policy wherever it is attached, so it changes everywhere.
func (b *bench) amend(s Step, layer policy.Layer, a *policy.Attached, d *policy.Document) bool {
	s.Side, s.Account = layer.String(), segment(a.ARN, 4)
	if len(d.Statements) == 0 {
		s.policy = nil
		if target := targetOf(a.Source); a.ARN != "" && target != "" {
			s.Sentence += ": detach it from " + a.Source
			s.Command = command("organizations", "detach-policy", "--policy-id", policyID(a.ARN), "--target-id", target)
		}
		a.Policy = nil
		return b.step(s)
	}
	changed := policy.Compile(d)
	if a.ARN != "" {
		s.Command = command("organizations", "update-policy", "--policy-id", policyID(a.ARN), "--content", string(d.JSON()))
		for _, level := range b.controls(layer) {
			for i := range level {
				if level[i].ARN == a.ARN {
					level[i].Policy = changed
				}
			}
		}
	}
	a.Policy = changed
	return b.step(s)
}

// addToControl makes a service control policy for the level that has none that
// allows the request. Resource control policies of customers cannot allow.
func (b *bench) addToControl(c *policy.Change) bool {
	added, ok := statements(c)
	if !ok || c.Kind != policy.AddToServiceControl || len(added) == 0 {
		return false
	}
	i := slices.IndexFunc(b.layers.ServiceControl, func(level []policy.Attached) bool {
		return len(level) > 0 && level[len(level)-1].Source == c.Target
	})
	if i < 0 {
		return false
	}
	level := b.layers.ServiceControl[i]
	d := single(added)
	name := unused("Allow"+camel(b.Request.Action), func(name string) bool {
		return slices.ContainsFunc(slices.Concat(b.layers.ServiceControl...), func(a policy.Attached) bool { return a.Name == name })
	})
	s := Step{
		Side: c.Layer.String(), Account: managementOf(b.layers.ServiceControl), Statements: c.Statements,
		Sentence: "attach a service control policy to " + c.Target + " that allows " + b.what(),
	}
	if target := targetOf(c.Target); target != "" && s.Account != "" {
		made := command("organizations", "create-policy", "--type", "SERVICE_CONTROL_POLICY", "--name", name, "--description", "", "--content", string(d.JSON()),
			"--query", "Policy.PolicySummary.Id", "--output", "text")
		s.Command = command("organizations", "attach-policy", "--target-id", target, "--policy-id") + ` "$(` + made + `)"`
	}
	b.layers.ServiceControl[i] = append(level, policy.Attached{Name: name, Source: c.Target, Policy: policy.Compile(d)})
	return b.step(s)
}

// managementOf is the account that manages the organization: the owner of any
// policy that AWS does not manage. Empty when there are only those.
func managementOf(levels [][]policy.Attached) string {
	for _, a := range slices.Concat(levels...) {
		if a.ARN != "" && !managedByAWS(a.ARN) {
			return segment(a.ARN, 4)
		}
	}
	return ""
}
