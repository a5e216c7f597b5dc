package policy

import "strings"

// judgeControl asks an organization's control policies: at every level, from
// the root down to the account, one of them must allow. They grant nothing
// themselves. Without levels (no organization, or its management account)
// there is nothing to ask.
func (o *opinion) judgeControl(q *question, layer Layer, levels [][]Attached) {
	q.layer, o.allow.found = layer, true
	if len(levels) == 0 || !q.controlled(layer) {
		return
	}
	index := 0
	for _, level := range levels {
		var here opinion
		for i := range level {
			here.read(q, index, level[i].Policy)
			index++
		}
		o.openDeny |= here.openDeny
		if here.deny.found && here.deny.betterThan(&o.deny) {
			o.deny = here.deny
		}
		o.allow.caveats |= here.allow.caveats
		if !here.allow.found {
			o.allow.found = false
			o.openAllow |= here.openAllow
		}
	}
}

// controlled says whether control policies count for the principal. None do
// for service-linked roles; service control policies are about the members of
// an account.
func (q *question) controlled(layer Layer) bool {
	p := &q.request.Principal
	if p.Kind == RoleSession && strings.Contains(p.RoleARN, ":role/aws-service-role/") {
		return false
	}
	return layer == LayerResourceControl || p.hasAccount()
}

// missingLevel is the first level of control policies none of which allows,
// -1 when there is none.
func (q *question) missingLevel(layer Layer, levels [][]Attached) int {
	for i := range levels {
		var o opinion
		if o.judgeControl(q, layer, levels[i:i+1]); !o.allow.found {
			return i
		}
	}
	return -1
}
