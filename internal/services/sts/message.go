package sts

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// authorizationMessage is what an encoded message says. Its members are those
// that DecodeAuthorizationMessage documents, in the form of AWS's examples
// (STS API reference; repost.aws, "How do I decode and analyze ... errors").
type authorizationMessage struct {
	Allowed           bool                    `json:"allowed"`
	ExplicitDeny      bool                    `json:"explicitDeny"`
	MatchedStatements items[matchedStatement] `json:"matchedStatements"`
	// Failures is empty in every example there is.
	Failures items[value]   `json:"failures"`
	Context  messageContext `json:"context"`
}

type messageContext struct {
	Principal  messagePrincipal `json:"principal"`
	Action     string           `json:"action"`
	Resource   string           `json:"resource"`
	Conditions items[condition] `json:"conditions"`
}

// messagePrincipal has a name if it is a user.
type messagePrincipal struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	ARN  string `json:"arn"`
}

// matchedStatement is a statement that denied. The members are as seen in
// public reports; those of the Not forms are inferred.
type matchedStatement struct {
	StatementID     string           `json:"statementId"`
	Effect          string           `json:"effect"`
	Principals      items[value]     `json:"principals"`
	PrincipalGroups items[value]     `json:"principalGroups"`
	Actions         items[value]     `json:"actions"`
	NotActions      *items[value]    `json:"notActions,omitempty"`
	Resources       items[value]     `json:"resources"`
	NotResources    *items[value]    `json:"notResources,omitempty"`
	Conditions      items[condition] `json:"conditions"`
}

type condition struct {
	Key    string       `json:"key"`
	Values items[value] `json:"values"`
}

type value struct {
	Value string `json:"value"`
}

// items is AWS's way to write a list.
type items[T any] struct {
	Items []T `json:"items"`
}

// list is never null.
func listOf[T any](all ...T) items[T] {
	if all == nil {
		all = []T{}
	}
	return items[T]{all}
}

func values(texts []string) items[value] {
	out := listOf[value]()
	for _, t := range texts {
		out.Items = append(out.Items, value{t})
	}
	return out
}

// newMessage says why a request is denied.
func newMessage(r *policy.Request, l *policy.Layers) *authorizationMessage {
	m := &authorizationMessage{
		Failures: listOf[value](), MatchedStatements: listOf[matchedStatement](),
		Context: messageContext{Principal: principalOf(&r.Principal), Action: r.Action, Resource: r.Resource, Conditions: listOf[condition]()},
	}
	e := policy.Outline(r, l)
	m.ExplicitDeny = e.Decision.Effect == policy.ExplicitDeny
	for i := range e.Layers {
		for j := range e.Layers[i].Policies {
			for k := range e.Layers[i].Policies[j].Statements {
				if s := &e.Layers[i].Policies[j].Statements[k]; s.Applies && s.Effect == "Deny" {
					m.MatchedStatements.Items = append(m.MatchedStatements.Items, matched(s, m.Context.Principal.ID))
				}
			}
		}
	}
	given := map[string][]string{}
	for _, k := range r.Context.Keys() {
		given[k], _ = r.Context.Get(k)
	}
	for _, k := range slices.Sorted(maps.Keys(given)) {
		m.Context.Conditions.Items = append(m.Context.Conditions.Items, condition{k, values(given[k])})
	}
	return m
}

func principalOf(p *policy.Principal) messagePrincipal {
	out := messagePrincipal{ID: p.UniqueID, ARN: p.ARN}
	switch p.Kind {
	case policy.User:
		out.Name = p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
	case policy.Service:
		out.ID = p.Service
	case policy.Anonymous:
		out.ID = "anonymous"
	}
	return out
}

// matched prints a statement. An identity-based one is printed with the
// principal it is attached to.
func matched(s *policy.StatementExplanation, principal string) matchedStatement {
	m := matchedStatement{
		StatementID: s.SID, Effect: strings.ToUpper(s.Effect), Principals: values([]string{principal}), PrincipalGroups: listOf[value](),
		Actions: listOf[value](), Resources: listOf[value](), Conditions: listOf[condition](),
	}
	for _, p := range s.Parts {
		wanted := values(p.Wanted)
		switch p.Element {
		case "Principal":
			m.Principals = wanted
		case "Action":
			m.Actions = wanted
		case "NotAction":
			m.NotActions = &wanted
		case "Resource":
			m.Resources = wanted
		case "NotResource":
			m.NotResources = &wanted
		case "Condition":
			m.Conditions.Items = append(m.Conditions.Items, condition{p.Key, wanted})
		}
	}
	return m
}

// shorten leaves out as much as must go for an encoded message to lose excess
// characters: the longest condition keys, or else the last statements. Sealed
// text has four characters for three bytes, so less would never do. It says
// whether there was anything left to leave out.
func (m *authorizationMessage) shorten(excess int) bool {
	gone, most := 0, (excess+1)*3/4
	for keys := &m.Context.Conditions.Items; gone < most && len(*keys) > 0; {
		longest := 0
		for i, k := range *keys {
			if k.length() > (*keys)[longest].length() {
				longest = i
			}
		}
		gone += (*keys)[longest].length()
		*keys = slices.Delete(*keys, longest, longest+1)
	}
	for all := &m.MatchedStatements.Items; gone < most && len(*all) > 0; {
		gone += (*all)[len(*all)-1].length()
		*all = (*all)[:len(*all)-1]
	}
	return gone > 0
}

// The lengths are those of the texts with the names and marks around them.

func (m matchedStatement) length() int {
	const around = 200
	n := around + len(m.StatementID) + length(m.Principals) + length(m.Actions) + length(m.Resources)
	for _, more := range []*items[value]{m.NotActions, m.NotResources} {
		if more != nil {
			n += length(*more)
		}
	}
	for _, c := range m.Conditions.Items {
		n += c.length()
	}
	return n
}

func (c condition) length() int {
	const around = len(`{"key":"","values":},`)
	return around + len(c.Key) + length(c.Values)
}

func length(list items[value]) (n int) {
	for _, v := range list.Items {
		n += len(`{"value":""},`) + len(v.Value)
	}
	return n
}

// text is the message as JSON, with & and < as they are.
func (m *authorizationMessage) text() (string, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}
