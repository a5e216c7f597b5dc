package kms

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// withGrants is the key policy with a statement or two for each grant.
func withGrants(d *policy.Document, grants []*grant) *policy.Policy {
	d = d.Clone()
	for _, g := range grants {
		d.Statements = append(d.Statements, g.statements(d.Version)...)
	}
	return policy.Compile(d)
}

// Grant operations that are not cryptographic. No constraint holds for
// DescribeKey and RetireGrant ("Using grant constraints").
const (
	opCreateGrant = "CreateGrant"
	opDescribeKey = "DescribeKey"
	opRetireGrant = "RetireGrant"
)

// statements are what a grant allows its grantee, in the language of the policy
// that they stand in.
func (g *grant) statements(version string) []policy.Statement {
	var free, bound []string
	for _, o := range g.Operations {
		switch o {
		case opRetireGrant, opCreateGrant:
		case opDescribeKey:
			free = append(free, "kms:"+o)
		default:
			bound = append(bound, "kms:"+o)
		}
	}
	var all []policy.Statement
	if len(free) > 0 {
		all = append(all, g.statement("", free, nil))
	}
	conditions := g.conditions(version)
	if len(bound) > 0 {
		all = append(all, g.statement("", bound, conditions))
	}
	if slices.Contains(g.Operations, opCreateGrant) {
		all = append(all, g.statement(" to grant", []string{"kms:" + opCreateGrant}, g.passedOn(conditions)))
	}
	return all
}

func (g *grant) statement(what string, actions []string, conditions []policy.ConditionBlock) policy.Statement {
	sid := "grant " + g.ID
	if g.Name != "" {
		sid = "grant " + g.Name + " (" + g.ID + ")"
	}
	sid += what
	return policy.Statement{
		SID: &sid, Effect: "Allow", Principal: principals(g.Grantee), Action: &policy.Values{Items: actions}, Resource: policy.One("*"), Condition: conditions,
	}
}

func principals(names ...string) *policy.Principals {
	return &policy.Principals{Entries: []policy.PrincipalEntry{{Type: "AWS", Values: policy.Values{Items: names}}}}
}

// conditions are the grant's constraints: the pairs have to be there, and where
// the context has to be equal, nothing else may be.
func (g *grant) conditions(version string) []policy.ConditionBlock {
	pairs := maps.Clone(g.Subset)
	if pairs == nil {
		pairs = map[string]string{}
	}
	maps.Copy(pairs, g.Equals)
	if len(pairs) == 0 {
		return nil
	}
	block := policy.ConditionBlock{Operator: "StringEquals"}
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		block.Keys = append(block.Keys, one(contextPrefix+k, literal(pairs[k], version)))
	}
	blocks := []policy.ConditionBlock{block}
	if len(g.Equals) > 0 {
		blocks = append(blocks, policy.ConditionBlock{Operator: "ForAllValues:StringEquals", Keys: []policy.ConditionKey{
			list(keyContextKeys, literals(slices.Sorted(maps.Keys(g.Equals)), version)),
		}})
	}
	return blocks
}

// passedOn are the conditions of a grant that its grantee makes: it may allow no
// more, under constraints that are no looser ("Granting CreateGrant permission").
func (g *grant) passedOn(constraints []policy.ConditionBlock) []policy.ConditionBlock {
	blocks := slices.Clone(constraints)
	for i := range blocks {
		blocks[i].Keys = slices.Clone(blocks[i].Keys)
	}
	add := func(operator string, k policy.ConditionKey) {
		for i := range blocks {
			if blocks[i].Operator == operator {
				blocks[i].Keys = append(blocks[i].Keys, k)
				return
			}
		}
		blocks = append(blocks, policy.ConditionBlock{Operator: operator, Keys: []policy.ConditionKey{k}})
	}
	add("ForAllValues:StringEquals", list(keyOperations, g.Operations))
	if len(g.Equals) > 0 {
		add("StringEquals", one(keyConstraintType, constraintEquals))
	}
	return blocks
}

// retirers is the policy that retiring a grant is judged by: those it names, and
// the account of the key, which delegates it.
func (g *grant) retirers() *policy.Policy {
	names := []string{g.Account}
	if g.Retiring != "" {
		names = append(names, g.Retiring)
	}
	if slices.Contains(g.Operations, opRetireGrant) {
		names = append(names, g.Grantee)
	}
	st := g.statement(" to retire", []string{retireAction}, nil)
	st.Principal = principals(names...)
	return policy.Compile(&policy.Document{Version: policy.Version2012, Statements: []policy.Statement{st}})
}

func one(key, value string) policy.ConditionKey {
	return policy.ConditionKey{Key: key, Values: []policy.ConditionValue{{Text: value}}, Lone: true}
}

func list(key string, values []string) policy.ConditionKey {
	k := policy.ConditionKey{Key: key}
	for _, v := range values {
		k.Values = append(k.Values, policy.ConditionValue{Text: v})
	}
	return k
}

// literal keeps a policy that has variables from seeing one in a value.
func literal(value, version string) string {
	if version != policy.Version2012 {
		return value
	}
	return strings.ReplaceAll(value, "$", "${$}")
}

func literals(values []string, version string) []string {
	for i := range values {
		values[i] = literal(values[i], version)
	}
	return values
}

// misspelt says that a context has a name of the grant's constraints in another
// letter case: constraints tell cases apart, condition keys do not.
func (g *grant) misspelt(context map[string]string) bool {
	for _, constraint := range []map[string]string{g.Subset, g.Equals} {
		for k := range constraint {
			if _, exact := context[k]; exact {
				continue
			}
			for given := range context {
				if strings.EqualFold(given, k) {
					return true
				}
			}
		}
	}
	return false
}
