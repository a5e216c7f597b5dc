package iam

import (
	"context"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// find is the principal of a unique id, nil if there is none (any more).
func (x *index) find(id string) *principal {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.principals.find(id)
}

// grants are the policies and tags of a principal.
func (x *index) grants(id string) (op.Grants, bool) {
	x.mu.RLock()
	p, generation := x.principals.find(id), x.generation
	x.mu.RUnlock()
	return x.asked(id, p, generation)
}

// grantsIn is grants in an account, if that exists and was not closed.
func (x *index) grantsIn(account, id string) (op.Grants, bool) {
	x.mu.RLock()
	a, p, generation := x.accounts[account], x.principals.find(id), x.generation
	x.mu.RUnlock()
	if a == nil || a.Closed {
		return op.Grants{}, false
	}
	return x.asked(id, p, generation)
}

// asked puts a principal's policies together, unless that was done since the
// last change of any that it might share.
func (x *index) asked(id string, p *principal, generation uint64) (op.Grants, bool) {
	if p == nil {
		return op.Grants{}, false
	}
	if p.merged && p.generation == generation {
		return p.grants, !p.broken
	}
	m := x.merge(p)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.principals.find(id) == p {
		x.principals.put(id, m)
	}
	return m.grants, !m.broken
}

// merge is the principal with its policies put together. It may run more than
// once at a time; the result never is newer than its generation says.
func (x *index) merge(p *principal) *principal {
	x.mu.RLock()
	defer x.mu.RUnlock()
	m := &merger{x: x}
	var tags []tag
	if u := p.user; u != nil {
		source := "user " + u.Name
		m.add(u.Account, source, &u.permissions)
		for _, id := range u.Groups {
			if g := x.groups[id]; g != nil {
				m.add(g.Account, "group "+g.Name, &g.permissions)
			}
		}
		m.bound(u.Boundary, source)
		tags = u.Tags
	} else {
		r := p.role
		source := "role " + r.Name
		m.add(r.Account, source, &r.permissions)
		m.bound(r.Boundary, source)
		tags = r.Tags
	}
	out := m.together()
	out.user, out.role = p.user, p.role
	out.merged, out.generation, out.broken = true, x.generation, m.broken
	out.grants.Tags = tagMap(tags)
	return out
}

// merger collects the policies of one principal. The index's lock is held.
type merger struct {
	x        *index
	identity []policy.Attached
	boundary *policy.Attached
	// broken is as in principal.
	broken bool
}

func (m *merger) add(account, source string, p *permissions) {
	for i := range p.Inline {
		v := &p.Inline[i]
		loaded, err := v.text.policy()
		m.fault(err)
		m.identity = append(m.identity, policy.Attached{Policy: loaded, Name: v.Name, Source: source})
	}
	for _, arn := range p.Attached {
		a, ok, err := m.x.policy(arn)
		m.fault(err)
		if !ok {
			m.x.bug.Report(context.Background(), "%s in %s has a policy that does not exist: %s", source, account, arn)
			m.broken = true
		}
		a.Source = source
		m.identity = append(m.identity, a)
	}
}

// bound sets the boundary. One whose policy is gone allows nothing.
func (m *merger) bound(arn, source string) {
	if arn == "" {
		return
	}
	a, _, err := m.x.policy(arn)
	m.fault(err)
	a.ARN, a.Source = arn, source
	m.boundary = &a
}

func (m *merger) fault(err error) {
	if err != nil {
		m.x.bug.Report(context.Background(), "a stored policy does not compile: %v", err)
		m.broken = true
	}
}

// policy is the default version of a managed policy. The lock is held.
func (x *index) policy(arn string) (policy.Attached, bool, error) {
	if p := x.policies[arn]; p != nil {
		loaded, err := p.defaultVersion().text.policy()
		return policy.Attached{Policy: loaded, ARN: arn, Name: p.Name}, true, err
	}
	return x.aws.attached(arn)
}

// managedPolicy is policy, for those who do not hold the lock.
func (x *index) managedPolicy(arn string) (policy.Attached, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	a, ok, err := x.policy(arn)
	if err != nil {
		x.bug.Report(context.Background(), "a stored policy does not compile: %v", err)
		return policy.Attached{}, false
	}
	return a, ok
}
