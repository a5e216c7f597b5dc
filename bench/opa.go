package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/sallyport/sallyport/policy"
)

// regoHead decides. Either rule stops at its first match, and OPA indexes them by
// what their bodies compare: action, principal and the beginning of the ARN.
const regoHead = `package iam

decision := "explicitDeny" if {
	deny
} else := "allowed" if {
	allow
} else := "implicitDeny"
`

// regoPolicies are a workload's policies in Rego, one rule for each statement
// (and for each way of its resources).
type regoPolicies struct {
	decision, names rego.PreparedEvalQuery
}

func loadOPA(w *workload) (loaded, error) {
	var text strings.Builder
	text.WriteString(regoHead)
	err := w.each(func(name string, ofIdentity bool, s *policy.Statement) error {
		bodies, err := regoBodies(s, ofIdentity)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, body := range bodies {
			rule, set := "allow", "allowing"
			if s.Effect == "Deny" {
				rule, set = "deny", "denying"
			}
			fmt.Fprintf(&text, "\n%s if {\n%s}\n\n%s contains %q if {\n%s}\n", rule, body, set, name, body)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p := new(regoPolicies)
	if p.decision, err = prepare(text.String(), "data.iam.decision"); err != nil {
		return nil, err
	}
	p.names, err = prepare(text.String(), "[data.iam.denying, data.iam.allowing]")
	return p, err
}

func prepare(module, query string) (rego.PreparedEvalQuery, error) {
	return rego.New(rego.Query(query), rego.Module("iam.rego", module)).PrepareForEval(context.Background())
}

// regoBodies are the bodies of the rules that say what a statement says.
func regoBodies(s *policy.Statement, ofIdentity bool) ([]string, error) {
	if err := translatable(s); err != nil {
		return nil, err
	}
	who, err := principals(s, ofIdentity)
	if err != nil {
		return nil, err
	}
	var rest string
	if len(who) > 0 {
		rest += regoIn("input.principal", who)
	}
	if name := s.Action.Items[0]; strings.HasSuffix(name, ":*") {
		rest += regoIn("input.service", []string{strings.TrimSuffix(name, ":*")})
	} else {
		rest += regoIn("input.action", s.Action.Items)
	}
	conditions, err := conditionTests(s, regoCondition)
	if err != nil {
		return nil, err
	}
	rest += strings.Join(conditions, "")
	var bodies []string
	for _, p := range s.Resource.Items {
		test, err := regoResource(p)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, test+rest)
	}
	return bodies, nil
}

// regoIn is a line that compares with one or with several values.
func regoIn(ref string, values []string) string {
	if len(values) == 1 {
		return fmt.Sprintf("\t%s == %q\n", ref, values[0])
	}
	var quoted []string
	for _, v := range values {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	return fmt.Sprintf("\t%s in {%s}\n", ref, strings.Join(quoted, ", "))
}

func regoResource(p string) (string, error) {
	prefix, rest, star := strings.Cut(p, "*")
	switch {
	case strings.ContainsAny(p, "?$") || rest != "":
		return "", fmt.Errorf("the resource %s %w", p, errTranslation)
	case p == "*":
		return "", nil
	case star:
		return fmt.Sprintf("\tstartswith(input.resource, %q)\n", prefix), nil
	}
	return regoIn("input.resource", []string{p}), nil
}

func regoCondition(operator string, k policy.ConditionKey) (string, error) {
	ref := fmt.Sprintf("input.context[%q]", k.Key)
	var values []string
	for _, v := range k.Values {
		values = append(values, v.Text)
	}
	switch {
	case operator == "StringEquals", operator == "Bool":
		return regoIn(ref, values), nil
	case operator == "StringLike" && len(values) == 1 && strings.Index(values[0], "*") == len(values[0])-1:
		return fmt.Sprintf("\tstartswith(%s, %q)\n", ref, strings.TrimSuffix(values[0], "*")), nil
	}
	return "", fmt.Errorf("the condition %s %w", operator, errTranslation)
}

func (p *regoPolicies) ask(q question) (asked, error) {
	keysOf := map[string]any{}
	for _, k := range keys {
		keysOf[k.name] = k.value
	}
	service, _, _ := strings.Cut(getObject, ":")
	input, err := ast.InterfaceToValue(map[string]any{
		"principal": role, "action": getObject, "service": service, "resource": q.object, "context": keysOf,
	})
	if err != nil {
		return asked{}, err
	}
	if _, err := one(p.decision, input); err != nil {
		return asked{}, err
	}
	return asked{
		decide: func() policy.Effect {
			effect, _ := p.effect(input)
			return effect
		},
		explain: func() answer { return p.answer(input) },
	}, nil
}

var errUndefined = errors.New("opa: the query has no value")

// one evaluates a query that has one value.
func one(q rego.PreparedEvalQuery, input ast.Value) (any, error) {
	results, err := q.Eval(context.Background(), rego.EvalParsedInput(input))
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, errUndefined
	}
	return results[0].Expressions[0].Value, nil
}

func (p *regoPolicies) effect(input ast.Value) (policy.Effect, error) {
	decision, err := one(p.decision, input)
	switch decision {
	case "allowed":
		return policy.Allow, err
	case "explicitDeny":
		return policy.ExplicitDeny, err
	}
	return policy.ImplicitDeny, err
}

// answer asks a second query for the names.
func (p *regoPolicies) answer(input ast.Value) answer {
	effect, err := p.effect(input)
	if err != nil {
		return answer{statement: err.Error()}
	}
	sets, err := one(p.names, input)
	if err != nil {
		return answer{statement: err.Error()}
	}
	names := sets.([]any)[0].([]any)
	if effect != policy.ExplicitDeny {
		names = sets.([]any)[1].([]any)
	}
	return answer{effect, strings.Join(texts(names), " ")}
}

func texts(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}
