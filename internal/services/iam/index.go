package iam

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// index is what decisions read: principals by unique id, keys by key id, and
// the policies that apply to each. It follows the tables, which call it with
// each change before the write is acknowledged; it never calls them.
type index struct {
	bug   *bug.Reporter
	texts *texts
	aws   *awsPolicies

	mu         sync.RWMutex
	accounts   map[string]*account
	principals map[string]*principal
	groups     map[string]*group
	policies   map[string]*managed
	keys       map[string]*accessKey
	uses       map[usage]uses
	// generation grows with every change that can change what several
	// principals may do: those of groups and of managed policies.
	generation uint64
}

// principal is a user or a role with its policies put together.
type principal struct {
	user *user
	role *role
	// merged is worked out at the first question after a change.
	merged atomic.Pointer[merged]
}

// merged is what the gate is told of a principal, and as of when.
type merged struct {
	generation uint64
	grants     op.Grants
	// broken says a policy could not be compiled: a fault of ours. Nothing is
	// allowed then, since what it denies is not known.
	broken bool
}

// usage is a managed policy as one account uses it.
type usage struct{ account, arn string }

// uses are how many entities a policy is attached to, and how many it bounds.
type uses struct{ attached, bounds int }

func newIndex(b *bug.Reporter, aws *awsPolicies) *index {
	t := newTexts()
	aws.texts = t
	return &index{
		bug: b, texts: t, aws: aws, accounts: map[string]*account{}, principals: map[string]*principal{},
		groups: map[string]*group{}, policies: map[string]*managed{}, keys: map[string]*accessKey{}, uses: map[usage]uses{},
	}
}

// The functions below follow the tables.

func (x *index) account(_ string, old, now *account) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now == nil {
		delete(x.accounts, old.ID)
		return
	}
	x.accounts[now.ID] = now
}

func (x *index) key(_ string, old, now *accessKey) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now == nil {
		delete(x.keys, old.ID)
		return
	}
	x.keys[now.ID] = now
}

func (x *index) user(_ string, old, now *user) {
	if now != nil {
		x.share(&now.permissions)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old != nil {
		x.count(old.Account, &old.permissions, old.Boundary, -1)
	}
	if now == nil {
		// A renamed user is there already, under its new name.
		if p := x.principals[old.ID]; p != nil && p.user == old {
			delete(x.principals, old.ID)
		}
		return
	}
	x.count(now.Account, &now.permissions, now.Boundary, 1)
	x.principals[now.ID] = &principal{user: now}
}

func (x *index) role(_ string, old, now *role) {
	if now != nil {
		x.share(&now.permissions)
		if now.Trust.text == nil {
			now.Trust.text = x.texts.share(now.Trust.stored())
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old != nil {
		x.count(old.Account, &old.permissions, old.Boundary, -1)
	}
	if now == nil {
		delete(x.principals, old.ID)
		return
	}
	x.count(now.Account, &now.permissions, now.Boundary, 1)
	x.principals[now.ID] = &principal{role: now}
}

func (x *index) group(_ string, old, now *group) {
	if now != nil {
		x.share(&now.permissions)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.generation++
	if old != nil {
		x.count(old.Account, &old.permissions, "", -1)
	}
	if now == nil {
		if x.groups[old.ID] == old {
			delete(x.groups, old.ID)
		}
		return
	}
	x.count(now.Account, &now.permissions, "", 1)
	x.groups[now.ID] = now
}

func (x *index) managed(_ string, old, now *managed) {
	if now != nil {
		for i := range now.Versions {
			// The array may be shared with records that are visible already:
			// those have their texts.
			if v := &now.Versions[i]; v.text == nil {
				v.text = x.texts.share(v.Document)
				v.Document = v.text.document
			}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.generation++
	if old != nil {
		delete(x.policies, old.arn())
	}
	if now != nil {
		x.policies[now.arn()] = now
	}
}

// share lets inline policies of the same text be one.
func (x *index) share(p *permissions) {
	for i := range p.Inline {
		if v := &p.Inline[i]; v.text == nil {
			v.text = x.texts.share(v.Document)
			v.Document = v.text.document
		}
	}
}

// count keeps the numbers of uses. The lock is held.
func (x *index) count(account string, p *permissions, boundary string, n int) {
	for _, arn := range p.Attached {
		x.change(usage{account, arn}, uses{attached: n})
	}
	if boundary != "" {
		x.change(usage{account, boundary}, uses{bounds: n})
	}
}

func (x *index) change(u usage, by uses) {
	n := x.uses[u]
	n.attached += by.attached
	n.bounds += by.bounds
	if n == (uses{}) {
		delete(x.uses, u)
		return
	}
	x.uses[u] = n
}

// usesOf are the uses of a managed policy in one account.
func (x *index) usesOf(account, arn string) uses {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.uses[usage{account, arn}]
}

// find is the principal of a unique id, nil if there is none (any more).
func (x *index) find(id string) *principal {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.principals[id]
}

// grants are the policies and tags of a principal.
func (x *index) grants(id string) (op.Grants, bool) {
	x.mu.RLock()
	p := x.principals[id]
	generation := x.generation
	x.mu.RUnlock()
	if p == nil {
		return op.Grants{}, false
	}
	if m := p.merged.Load(); m != nil && m.generation == generation {
		return m.grants, !m.broken
	}
	m := x.merge(p)
	p.merged.Store(m)
	return m.grants, !m.broken
}

// merge puts a principal's policies together. It may run more than once at a
// time; what is stored never is newer than its generation says.
func (x *index) merge(p *principal) *merged {
	x.mu.RLock()
	defer x.mu.RUnlock()
	m := &merger{x: x, merged: &merged{generation: x.generation}}
	switch {
	case p.user != nil:
		u := p.user
		m.add(u.Account, "user "+u.Name, &u.permissions)
		for _, id := range u.Groups {
			if g := x.groups[id]; g != nil {
				m.add(g.Account, "group "+g.Name, &g.permissions)
			}
		}
		m.bound(u.Boundary, "user "+u.Name)
		m.grants.Tags = tagMap(u.Tags)
	case p.role != nil:
		r := p.role
		m.add(r.Account, "role "+r.Name, &r.permissions)
		m.bound(r.Boundary, "role "+r.Name)
		m.grants.Tags = tagMap(r.Tags)
	}
	return m.merged
}

// merger collects the policies of one principal. The index's lock is held.
type merger struct {
	x *index
	*merged
}

func (m *merger) add(account, source string, p *permissions) {
	for i := range p.Inline {
		v := &p.Inline[i]
		loaded, err := v.text.policy()
		m.fault(err)
		m.grants.Identity = append(m.grants.Identity, policy.Attached{Policy: loaded, Name: v.Name, Source: source})
	}
	for _, arn := range p.Attached {
		a, ok, err := m.x.policy(arn)
		m.fault(err)
		if !ok {
			m.x.bug.Report(context.Background(), "%s in %s has a policy that does not exist: %s", source, account, arn)
			m.broken = true
		}
		a.Source = source
		m.grants.Identity = append(m.grants.Identity, a)
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
	m.grants.Boundary = &a
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
