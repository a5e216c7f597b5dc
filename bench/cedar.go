package main

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/sallyport/sallyport/policy"
)

// cedarPolicies are a workload's policies in Cedar, one for each statement.
type cedarPolicies struct {
	set *cedar.PolicySet
	// entities are the actions, each in the group of its service's. That is
	// how "s3:*" is said without a pattern, which Cedar's actions do not have.
	entities cedar.EntityMap
}

func loadCedar(w *workload) (loaded, error) {
	c := &cedarPolicies{cedar.NewPolicySet(), cedar.EntityMap{}}
	c.action(getObject)
	err := w.each(func(name string, ofIdentity bool, s *policy.Statement) error {
		text, err := cedarText(s, ofIdentity)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var p cedar.Policy
		if err := p.UnmarshalCedar([]byte(text)); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		c.set.Add(cedar.PolicyID(name), &p)
		for _, a := range s.Action.Items {
			c.action(a)
		}
		return nil
	})
	return c, err
}

// action makes the entity of an action.
func (c *cedarPolicies) action(name string) {
	uid, group := cedar.NewEntityUID("Action", cedar.String(name)), cedar.NewEntityUID("Action", cedar.String(wholeService(name)))
	e := cedar.Entity{UID: uid}
	if uid != group {
		e.Parents = cedar.NewEntityUIDSet(group)
	}
	c.entities[uid] = e
}

// cedarText is a statement in Cedar. A policy attached to the role is one about
// the role.
func cedarText(s *policy.Statement, ofIdentity bool) (string, error) {
	if err := translatable(s); err != nil {
		return "", err
	}
	who, err := principals(s, ofIdentity)
	if err != nil {
		return "", err
	}
	principal := "principal"
	if len(who) == 1 {
		principal = fmt.Sprintf("principal == Role::%q", who[0])
	} else if len(who) > 1 {
		return "", fmt.Errorf("a list of principals %w", errTranslation)
	}
	resource, test, err := cedarResources(s.Resource.Items)
	if err != nil {
		return "", err
	}
	var when []string
	if test != "" {
		when = append(when, test)
	}
	// A list of actions costs more than all else: it comes after the resource,
	// which few requests get past, instead of in the scope.
	action := cedarActions(s.Action.Items)
	if len(s.Action.Items) > 1 {
		when, action = append(when, action), "action"
	}
	conditions, err := conditionTests(s, cedarCondition)
	if err != nil {
		return "", err
	}
	when = append(when, conditions...)
	effect := "permit"
	if s.Effect == "Deny" {
		effect = "forbid"
	}
	text := fmt.Sprintf("%s (%s, %s, %s)", effect, principal, action, resource)
	if len(when) > 0 {
		text += " when { " + strings.Join(when, " && ") + " }"
	}
	return text + ";", nil
}

func cedarActions(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("Action::%q", name))
	}
	if len(all) > 1 {
		return "action in [" + strings.Join(all, ", ") + "]"
	}
	if strings.HasSuffix(names[0], ":*") {
		return "action in " + all[0]
	}
	return "action == " + all[0]
}

// cedarResources gives the scope and, where there are patterns, a test.
func cedarResources(patterns []string) (scope, test string, err error) {
	var tests []string
	for _, p := range patterns {
		switch {
		case p == "*":
			return "resource", "", nil
		case strings.ContainsAny(p, "?$"):
			return "", "", fmt.Errorf("the resource %s %w", p, errTranslation)
		case strings.Contains(p, "*"):
			tests = append(tests, fmt.Sprintf("resource.arn like %q", p))
		case len(patterns) == 1:
			return fmt.Sprintf("resource == Resource::%q", p), "", nil
		default:
			tests = append(tests, fmt.Sprintf("resource == Resource::%q", p))
		}
	}
	return "resource", "(" + strings.Join(tests, " || ") + ")", nil
}

func cedarCondition(operator string, k policy.ConditionKey) (string, error) {
	var values []string
	for _, v := range k.Values {
		values = append(values, fmt.Sprintf("%q", v.Text))
	}
	present := fmt.Sprintf("context has %q && ", k.Key)
	switch {
	case operator == "StringEquals":
		return present + fmt.Sprintf("[%s].contains(context[%q])", strings.Join(values, ", "), k.Key), nil
	case operator == "StringLike" && len(values) == 1:
		return present + fmt.Sprintf("context[%q] like %s", k.Key, values[0]), nil
	case operator == "Bool" && len(values) == 1:
		return present + fmt.Sprintf("context[%q] == %s", k.Key, values[0]), nil
	}
	return "", fmt.Errorf("the condition %s %w", operator, errTranslation)
}

func (c *cedarPolicies) ask(q question) (asked, error) {
	context := cedar.RecordMap{}
	for _, k := range keys {
		context[cedar.String(k.name)] = cedar.String(k.value)
	}
	object := cedar.NewEntityUID("Resource", cedar.String(q.object))
	entities := cedar.EntityMap{object: {UID: object, Attributes: cedar.NewRecord(cedar.RecordMap{"arn": cedar.String(q.object)})}}
	for uid, e := range c.entities {
		entities[uid] = e
	}
	r := cedar.Request{
		Principal: cedar.NewEntityUID("Role", role), Action: cedar.NewEntityUID("Action", getObject),
		Resource: object, Context: cedar.NewRecord(context),
	}
	if _, d := cedar.Authorize(c.set, entities, r); len(d.Errors) > 0 {
		return asked{}, fmt.Errorf("cedar: %v", d.Errors)
	}
	return asked{
		decide:  func() policy.Effect { return cedarEffect(cedar.Authorize(c.set, entities, r)) },
		explain: func() answer { return cedarAnswer(cedar.Authorize(c.set, entities, r)) },
	}, nil
}

func cedarEffect(d cedar.Decision, why cedar.Diagnostic) policy.Effect {
	switch {
	case d == cedar.Allow:
		return policy.Allow
	case len(why.Reasons) > 0:
		return policy.ExplicitDeny
	}
	return policy.ImplicitDeny
}

func cedarAnswer(d cedar.Decision, why cedar.Diagnostic) answer {
	var names []string
	for _, r := range why.Reasons {
		names = append(names, string(r.PolicyID))
	}
	return answer{cedarEffect(d, why), strings.Join(names, " ")}
}
