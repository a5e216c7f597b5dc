package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/actions"
	"github.com/sallyport/sallyport/internal/advice"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// offline asks files, through the gate of the server: it plays IAM, AWS
// Organizations and the owner of every resource before it.
type offline struct {
	*files
	account string
	// gates are one for each service that owns resources.
	gates map[string]*gate.Gate
	now   time.Time
}

// account of principals that do not say theirs, when the resource does not
// either.
const supposedAccount = "123456789012"

func openFiles(path, account string, q question) (*offline, error) {
	f, err := readFiles(path)
	if err != nil {
		return nil, err
	}
	if account == "" {
		account = supposedAccount
		if of := accountOf(q.resource); of != "" {
			account = of
		}
	}
	if !id.IsAccount(account) {
		return nil, usagef("--account %s: an account has twelve digits", account)
	}
	return &offline{files: f, account: account, gates: map[string]*gate.Gate{}, now: time.Now()}, nil
}

// accountOf is the account in an ARN, empty if there is none.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && id.IsAccount(parts[4]) {
		return parts[4]
	}
	return ""
}

// answer gathers what the files say to one question.
func (o *offline) answer(ctx context.Context, q question) (op.Answer, error) {
	service := ""
	if parts := strings.SplitN(q.resource, ":", 6); len(parts) == 6 {
		service = parts[2]
	}
	g := o.gates[service]
	if g == nil {
		g = gate.New(directory{o}, []op.Service{owner{o, service}}, nil, &bug.Reporter{Panic: true})
		o.gates[service] = g
	}
	principal := q.principal
	if kind, _, _ := strings.Cut(principal, "/"); kind == "user" || kind == "role" || kind == "root" {
		principal = "arn:" + op.Partition + ":iam::" + o.account + ":" + principal
	}
	a, err := g.Ask(ctx, op.Supposed{
		Principal: principal, Action: q.action, Resource: q.resource, Account: o.account, Region: region(), Origin: op.Origin{Secure: true}, Time: o.now,
		Change: func(c *policy.Context) {
			// The files do not say which organization it is.
			c.Delete("aws:PrincipalOrgID")
			c.Delete("aws:ResourceOrgID")
			c.Delete("aws:SourceOrgID")
			advice.SetKeys(c, q.keys)
		},
	})
	if err != nil {
		return a, err
	}
	// The gate has no way to be told of these: what it decided without them is
	// decided again.
	if o.limited {
		a.Layers.Session, a.Layers.SessionLimited = o.session, true
	}
	a.Layers.Endpoint = o.endpoint
	if a.Refused == "" {
		a.Decision = policy.Evaluate(&a.Request, &a.Layers)
	}
	return a, nil
}

func (o *offline) ask(ctx context.Context, q question) (*sallyportapi.ExplainedDecision, json.RawMessage, error) {
	if !isQuestion(q) {
		return nil, nil, usagef("%s on %s: an action is service:Name without wildcards, a resource an ARN or *", q.action, q.resource)
	}
	a, err := o.answer(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	e := policy.Explain(&a.Request, &a.Layers)
	t := &advice.Told{
		Principal: a.Request.Principal, Action: q.action, Resource: q.resource, Account: a.Request.ResourceAccount, Allowed: e.Decision.Allowed(), Summary: e.Summary, Tree: e,
		Fixes: advice.For(advice.Denial{Request: &a.Request, Layers: &a.Layers}, e.Fixes),
	}
	tree, err := json.Marshal(e)
	if err != nil {
		return nil, nil, err
	}
	d := &sallyportapi.ExplainedDecision{
		Decision: &sallyportapi.Decision{
			Principal: &a.Request.Principal.ARN, Action: &q.action, Resource: &q.resource, ResourceAccount: &a.Request.ResourceAccount,
			Allowed: ptr(e.Decision.Allowed()), Effect: ptr(e.Decision.Effect.String()), Layer: ptr(e.Decision.Layer.String()),
		},
		Summary: &e.Summary, Text: ptr(t.String()), Tree: ptr(string(tree)),
	}
	for _, f := range t.Fixes {
		fix := sallyportapi.Fix{Sentence: &f.Sentence, Exact: &f.Exact}
		for _, s := range f.Steps {
			fix.Steps = append(fix.Steps, sallyportapi.FixStep{Sentence: &s.Sentence, Account: &s.Account, Side: &s.Side, Command: &s.Command, Statements: s.Statements})
		}
		d.Fixes = append(d.Fixes, fix)
	}
	for _, c := range e.Caveats {
		d.Caveats = append(d.Caveats, sallyportapi.Caveat{Id: &c.ID, Sentence: &c.Sentence, Certainty: ptr(string(c.Certainty))})
	}
	raw, err := withoutNulls(d)
	return d, raw, err
}

func ptr[T any](v T) *T { return &v }

// isQuestion says whether the engine can judge it.
func isQuestion(q question) bool {
	service, name, ok := strings.Cut(q.action, ":")
	return ok && service != "" && name != "" && !strings.ContainsAny(q.action, "*? ") && !strings.Contains(name, ":") &&
		(q.resource == "*" || strings.HasPrefix(q.resource, "arn:") && strings.Count(q.resource, ":") >= 5)
}

// who asks about the users and roles that have folders.
func (o *offline) who(ctx context.Context, q question) ([]sallyportapi.Who, error) {
	if len(o.named) == 0 {
		return nil, usagef("--who needs to know whom there is: put policies into users/NAME/ and roles/NAME/")
	}
	if !isQuestion(q) {
		return nil, usagef("%s on %s: an action is service:Name without wildcards, a resource an ARN or *", q.action, q.resource)
	}
	var all []sallyportapi.Who
	for _, name := range slices.Sorted(maps.Keys(o.named)) {
		q.principal = name
		a, err := o.answer(ctx, q)
		if err != nil {
			return nil, err
		}
		if a.Decision.Allowed() {
			p := &a.Request.Principal
			all = append(all, sallyportapi.Who{
				Principal: ptr("arn:" + op.Partition + ":iam::" + o.account + ":" + name), PrincipalType: ptr(p.Kind.String()),
				Layer: ptr(a.Decision.Layer.String()), Summary: ptr(policy.Outline(&a.Request, &a.Layers).Summary),
			})
		}
	}
	return all, nil
}

func (o *offline) what(ctx context.Context, q question) (*sallyportapi.ListWhatResponse, error) {
	table, err := actions.All()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, operation := range table {
		for i := range operation.Needs {
			if a := operation.Needs[i].Action; a != "" {
				known = append(known, a)
			}
		}
	}
	slices.Sort(known)
	q.action, q.resource = known[0], "*"
	own, err := o.answer(ctx, q)
	if err != nil {
		return nil, err
	}
	own.Layers.Resource = o.resource
	found := advice.What(advice.Inquiry{
		Known: slices.Compact(known), Own: &own.Layers, Context: own.Request.Context,
		Ask: func(action, resource string) (*policy.Request, *policy.Layers) {
			q.action, q.resource = action, resource
			a, err := o.answer(ctx, q)
			if err != nil {
				return &a.Request, &policy.Layers{}
			}
			return &a.Request, &a.Layers
		},
	})
	if found.Cut {
		return nil, usagef("that takes more than %d questions: ask about single actions and resources", found.Asked-1)
	}
	out := &sallyportapi.ListWhatResponse{}
	for _, a := range found.Allowed {
		out.Allowed = append(out.Allowed, sallyportapi.What{Resource: ptr(a.Resource), Actions: a.Actions, Except: a.Except})
	}
	for _, a := range found.Conditional {
		out.Conditional = append(out.Conditional, sallyportapi.What{Resource: ptr(a.Resource), Actions: a.Actions, Condition: ptr(a.Condition)})
	}
	return out, nil
}

// withoutNulls is JSON without the members that are not there, as the server's.
func withoutNulls(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	return json.Marshal(prune(tree))
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil || member == "" {
				delete(v, name)
				continue
			}
			v[name] = prune(member)
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}
