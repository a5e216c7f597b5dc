package iam

import (
	"context"
	"strings"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/policy"
)

// evaluate is the result of one action. For "*" it stands in the result itself;
// for resources there is one below for each, and the strictest above (recorded;
// that AWS names the type of several resources where "*" stands here is a
// difference).
func (sim *simulation) evaluate(ctx context.Context, action string) (iamapi.EvaluationResult, error) {
	r := iamapi.EvaluationResult{EvalActionName: &action, MatchedStatements: []iamapi.Statement{}, MissingContextValues: []string{}}
	worst := policy.Allow
	for _, arn := range sim.resources {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		e := sim.ask(action, arn)
		if d := e.Decision.Effect; d == policy.ExplicitDeny || worst == policy.Allow {
			worst = d
		}
		one := sim.specific(e)
		if len(sim.resources) == 1 {
			r.MatchedStatements, r.PermissionsBoundaryDecisionDetail, r.EvalDecisionDetails = one.MatchedStatements, one.PermissionsBoundaryDecisionDetail, one.EvalDecisionDetails
		}
		if arn == "*" {
			r.MissingContextValues, r.EvalDecisionDetails = one.MissingContextValues, nil
			continue
		}
		r.ResourceSpecificResults = append(r.ResourceSpecificResults, one)
	}
	r.EvalDecision, r.EvalResourceName = ptr(worst.String()), ptr("*")
	if len(sim.resources) == 1 {
		r.EvalResourceName = &sim.resources[0]
	}
	if sim.member {
		r.OrganizationsDecisionDetail = &iamapi.OrganizationsDecisionDetail{AllowedByOrganizations: ptr(sim.organizationAllows(action))}
	}
	return r, nil
}

// ask puts one question to the engine.
func (sim *simulation) ask(action, arn string) *policy.Explanation {
	l := &policy.Layers{ServiceControl: sim.serviceControl}
	for i := range sim.identity {
		l.Identity = append(l.Identity, sim.identity[i].Attached)
	}
	if sim.boundary != nil {
		l.Boundary = &sim.boundary.Attached
	}
	if sim.resource != nil {
		l.Resource = &sim.resource.Attached
		// Given a trust policy, it must allow. Without one the simulator does
		// not ask for one, as AWS's does not.
		service, _, _ := strings.Cut(action, ":")
		l.ResourceMustAllow = strings.EqualFold(service, "sts") && strings.Contains(arn, ":role/")
	}
	return policy.Outline(sim.request(action, arn), l)
}

func (sim *simulation) request(action, arn string) *policy.Request {
	owner := sim.owner
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && id.IsAccount(parts[4]) && sim.known {
		owner = parts[4]
	}
	return &policy.Request{Principal: sim.principal, Action: action, Resource: arn, ResourceAccount: owner, Context: sim.keys}
}

// organizationAllows says whether the control policies let the action through
// on every resource.
func (sim *simulation) organizationAllows(action string) bool {
	// Everything else allows.
	everything := policy.Compile(&policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
		Effect: "Allow", Action: policy.One("*"), Resource: policy.One("*"),
	}}})
	for _, arn := range sim.resources {
		q := sim.request(action, arn)
		q.ResourceAccount = sim.principal.Account
		if !policy.Evaluate(q, &policy.Layers{Identity: []policy.Attached{{Policy: everything}}, ServiceControl: sim.serviceControl}).Allowed() {
			return false
		}
	}
	return true
}

// specific is the result on one resource.
func (sim *simulation) specific(e *policy.Explanation) iamapi.ResourceSpecificResult {
	r := iamapi.ResourceSpecificResult{
		EvalResourceName: &e.Resource, EvalResourceDecision: ptr(e.Decision.Effect.String()),
		MatchedStatements: sim.matched(e), MissingContextValues: sim.missing(), EvalDecisionDetails: sim.details(e),
	}
	if sim.boundary != nil {
		r.PermissionsBoundaryDecisionDetail = &iamapi.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: ptr(e.Says(policy.LayerBoundary) == policy.Allow)}
	}
	return r
}

// missing are the keys that the policies refer to and nobody gave: those of
// every statement, also of ones about something else (seen on AWS).
func (sim *simulation) missing() []string {
	names := []string{}
	for _, name := range sim.contextKeys() {
		if !sim.given(name) {
			names = append(names, name)
		}
	}
	return names
}

// details are there for accounts that differ only: what each side says. Within
// one account they are empty, and where a control policy denies they are gone
// (IAM API reference, EvalDecisionDetails; the names of the sides are inferred
// from those of the types of policy).
func (sim *simulation) details(e *policy.Explanation) map[string]string {
	if e.Decision.Layer == policy.LayerServiceControl {
		return nil
	}
	sides := map[string]string{}
	if e.Accounts == "cross" {
		sides[identitySource] = e.Says(policy.LayerIdentity).String()
		sides[resourceSource] = e.Says(policy.LayerResource).String()
	}
	return sides
}

// matched are the statements that determine the result: those that deny, or
// else those that allow. An implicit denial has none. Control policies are the
// organization's, and not shown.
func (sim *simulation) matched(e *policy.Explanation) []iamapi.Statement {
	found := []iamapi.Statement{}
	effect := ""
	switch {
	case e.Decision.Layer == policy.LayerServiceControl:
		return found
	case e.Decision.Effect == policy.Allow:
		effect = "Allow"
	case e.Decision.Effect == policy.ExplicitDeny:
		effect = "Deny"
	}
	for i := range e.Layers {
		sources := sim.sources(e.Layers[i].Layer)
		for j := range sources {
			x := &e.Layers[i].Policies[j]
			for k := range x.Statements {
				if st := &x.Statements[k]; st.Applies && st.Effect == effect {
					found = append(found, sources[j].statement(st.Index))
				}
			}
		}
	}
	return found
}

// sources are the policies of a layer in the order in which it was asked.
func (sim *simulation) sources(l policy.Layer) []source {
	var lone *source
	switch l {
	case policy.LayerIdentity:
		return sim.identity
	case policy.LayerBoundary:
		lone = sim.boundary
	case policy.LayerResource:
		lone = sim.resource
	}
	if lone == nil {
		return nil
	}
	return []source{*lone}
}

// statement says where the statement of an index stands.
func (x *source) statement(index int) iamapi.Statement {
	st := iamapi.Statement{SourcePolicyId: &x.id, SourcePolicyType: &x.kind}
	text := x.Policy.Source()
	if all := spans(text); index < len(all) {
		st.StartPosition, st.EndPosition = position(text, all[index].from), position(text, all[index].to)
	}
	return st
}
