package sns

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/policy"
)

// Resource implements op.Service.
func (s *Service) Resource(_, arn string) op.Facts {
	n, ok := parseTopic(arn)
	if !ok {
		return op.Facts{}
	}
	facts := op.Facts{Account: n.account, Policy: s.compiled.of(arn)}
	if t := s.topics.Get(n.key()); t != nil {
		facts.Tags = t.Tags
	}
	return facts
}

// Guarded implements op.Guardian: every topic has a policy.
func (s *Service) Guarded() []string {
	s.compiled.mu.RLock()
	defer s.compiled.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.compiled.byARN))
}

// newPolicy reads a topic's policy.
func (s *Service) newPolicy(document string) (resourcepolicy.Policy, error) {
	if len(document) > limits.TopicPolicyBytes {
		return resourcepolicy.Policy{}, invalid("Policy Error: the policy is longer than %d bytes", limits.TopicPolicyBytes)
	}
	p, err := resourcepolicy.New(document, policy.KindResource, s.directory)
	if malformed := (*policy.MalformedError)(nil); errors.As(err, &malformed) {
		return p, invalid("Policy Error: null")
	}
	return p, err
}

// defaultPolicy is AWS's policy of a topic that was given none (recorded).
func (t *topic) defaultPolicy() string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":[` + topicActions + `],"Resource":"` + t.name().arn() + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + t.Account + `"}}}]}`
}

// storedPolicy is the policy that is judged, as text.
func (t *topic) storedPolicy() string {
	if t.Policy.Document == "" {
		return t.defaultPolicy()
	}
	return t.Policy.Stored()
}

func (t *topic) shownPolicy(d op.Directory) string {
	if t.Policy.Document == "" {
		return t.defaultPolicy()
	}
	return t.Policy.Shown(d)
}

const denyAll = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`

// compiled are the policies of topics as the gate reads them.
type compiled struct {
	bug   *bug.Reporter
	mu    sync.RWMutex
	byARN map[string]*policy.Attached
}

func newCompiled(b *bug.Reporter) *compiled {
	return &compiled{bug: b, byARN: map[string]*policy.Attached{}}
}

// shown follows the topics' table.
func (p *compiled) shown(_ string, old, now *topic) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case now == nil && old == nil:
		return // nothing was deleted
	case now == nil:
		delete(p.byARN, old.name().arn())
		return
	}
	arn := now.name().arn()
	loaded, err := policy.Load([]byte(now.storedPolicy()))
	if err != nil {
		// It was validated when it was set. What does not compile lets nobody in,
		// and what it denied is not known any more: nobody at all gets in.
		p.bug.Report(context.Background(), "the policy of %s does not compile: %v", arn, err)
		if loaded, err = policy.Load([]byte(denyAll)); err != nil {
			panic("sns: a policy of ours does not compile")
		}
	}
	p.byARN[arn] = &policy.Attached{Policy: loaded, Name: "topic policy", Source: "topic " + now.Name}
}

func (p *compiled) of(arn string) *policy.Attached {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byARN[arn]
}
