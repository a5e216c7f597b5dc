package main

import (
	"fmt"

	"github.com/sallyport/sallyport/policy"
)

// ours are the policies of a workload as Sallyport compiles them: all of IAM's
// semantics, nothing translated.
type ours struct {
	layers *policy.Layers
	decide func(*policy.Request, *policy.Layers) policy.Decision
}

func loadSallyport(w *workload) (loaded, error) { return &ours{layersOf(w), policy.Evaluate}, nil }

// loadExplained draws the whole tree of layers, statements and what matched.
func loadExplained(w *workload) (loaded, error) {
	return &ours{layersOf(w), func(r *policy.Request, l *policy.Layers) policy.Decision {
		return policy.Outline(r, l).Decision
	}}, nil
}

// loadFixes looks for the changes that would turn a denial too, and proves each.
func loadFixes(w *workload) (loaded, error) {
	return &ours{layersOf(w), func(r *policy.Request, l *policy.Layers) policy.Decision {
		return policy.Explain(r, l).Decision
	}}, nil
}

func layersOf(w *workload) *policy.Layers {
	l := new(policy.Layers)
	for _, d := range w.identity {
		l.Identity = append(l.Identity, policy.Attached{Policy: policy.Compile(d)})
	}
	if w.resource != nil {
		l.Resource = &policy.Attached{Policy: policy.Compile(w.resource)}
	}
	return l
}

func (o *ours) ask(q question) (asked, error) {
	r := request(q)
	return asked{
		decide:  func() policy.Effect { return o.decide(r, o.layers).Effect },
		explain: func() answer { return answerOf(o.decide(r, o.layers)) },
	}, nil
}

// request is the question of a session of the role.
func request(q question) *policy.Request {
	c := new(policy.Context)
	for _, k := range keys {
		c.Set(k.name, k.value)
	}
	return &policy.Request{
		Principal: policy.Principal{
			Kind: policy.RoleSession, Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/order-worker/s",
			RoleARN: role, UniqueID: "AROAWORKEREXAMPLE0001:s",
		},
		Action: getObject, Resource: q.object, ResourceAccount: account, Context: c,
	}
}

func answerOf(d policy.Decision) answer {
	if d.Statement < 0 {
		return answer{d.Effect, ""}
	}
	return answer{d.Effect, fmt.Sprintf("%s.%d.%d", d.Layer, d.Policy, d.Statement)}
}
