package policy

import "strings"

// Message is the text of AWS's AccessDenied error for a denial, as its
// "Troubleshoot access denied error messages" page words it. Only one kind of
// policy is named, even if several deny. Since 2026 the ARN of the policy that
// denies explicitly is appended, within one account or one organization.
func Message(r *Request, l *Layers, d Decision) string {
	trust := isTrust(r.Action, r.Resource)
	switch {
	case d.Effect == Allow:
		return ""
	case d.Layer == LayerNone:
		return MessageBare(r)
	case d.Effect == ExplicitDeny:
		if trust && d.Layer == LayerResource {
			return MessageBare(r) + " with an explicit deny in the role trust policy"
		}
		return MessageBare(r) + " with an explicit deny in " + article(policyKind(d.Layer, trust)) + denyingARN(r, l, d)
	}
	return MessageBare(r) + " because no " + policyKind(d.Layer, trust) + " allows the " + r.Action + " action"
}

// denyingARN is the end of the text of an explicit deny. AWS lists SCPs, RCPs,
// boundaries, session and identity policies; inline ones have no ARN.
func denyingARN(r *Request, l *Layers, d Decision) string {
	q := newQuestion(r, l)
	owner, _ := q.ownership()
	of, to := r.Context.find("aws:principalorgid"), r.Context.find("aws:resourceorgid")
	together := owner == sameAccount || of != nil && to != nil && of.values[0] == to.values[0]
	if a := l.at(d.Layer, d.Policy); together && a != nil && a.ARN != "" {
		return ": " + a.ARN
	}
	return ""
}

// MessageBare is Message without the reason, as STS words it for AssumeRole.
func MessageBare(r *Request) string {
	s := "User: " + r.Principal.name() + " is not authorized to perform: " + r.Action
	if r.Resource != "" && r.Resource != "*" {
		s += " on resource: " + r.Resource
	}
	return s
}

// policyKind is what AWS calls the policies of a layer.
func policyKind(l Layer, trust bool) string {
	switch l {
	case LayerResource:
		if trust {
			return "role trust policy"
		}
		return "resource-based policy"
	case LayerBoundary:
		return "permissions boundary"
	case LayerSession:
		return "session policy"
	case LayerServiceControl:
		return "service control policy"
	case LayerResourceControl:
		return "resource control policy"
	case LayerEndpoint:
		return "VPC endpoint policy"
	}
	return "identity-based policy"
}

func article(noun string) string { return indefinite(noun) + noun }

// indefinite is the article of a kind of policy.
func indefinite(noun string) string {
	if strings.HasPrefix(noun, "identity") {
		return "an "
	}
	return "a "
}

// isTrust says that the resource-based policy of a request is a role trust
// policy: an sts action on a role.
func isTrust(action, resource string) bool {
	service, _, _ := strings.Cut(action, ":")
	return strings.EqualFold(service, "sts") && arnPart(resource, 2) == "iam" && strings.HasPrefix(arnPart(resource, 5), "role/")
}
