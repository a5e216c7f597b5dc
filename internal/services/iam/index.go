package iam

import (
	"context"
	"sync"

	"github.com/sallyport/sallyport/internal/bug"
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
	principals principals
	groups     map[string]*group
	policies   map[string]*managed
	keys       map[string]*accessKey
	uses       map[usage]uses
	// generation grows with every change that can change what several
	// principals may do: those of groups and of managed policies.
	generation uint64
}

// usage is a managed policy as one account uses it.
type usage struct{ account, arn string }

// uses are how many entities a policy is attached to, and how many it bounds.
type uses struct{ attached, bounds int }

func newIndex(b *bug.Reporter, aws *awsPolicies) *index {
	t := newTexts()
	aws.texts = t
	return &index{
		bug: b, texts: t, aws: aws, accounts: map[string]*account{},
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
		if p := x.principals.find(old.ID); p != nil && p.user == old {
			x.principals.delete(old.ID)
		}
		return
	}
	x.count(now.Account, &now.permissions, now.Boundary, 1)
	x.enter(now.ID, &principal{user: now})
}

func (x *index) role(_ string, old, now *role) {
	if now != nil {
		x.share(&now.permissions)
		if now.Trust.text == nil {
			now.Trust.text = x.texts.share(now.Trust.Stored())
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old != nil {
		x.count(old.Account, &old.permissions, old.Boundary, -1)
	}
	if now == nil {
		x.principals.delete(old.ID)
		return
	}
	x.count(now.Account, &now.permissions, now.Boundary, 1)
	x.enter(now.ID, &principal{role: now})
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

// enter makes a principal the one of its unique id. The lock is held.
func (x *index) enter(id string, p *principal) {
	if !x.principals.put(id, p) {
		x.bug.Report(context.Background(), "%q is no unique id: its owner may do nothing", id)
	}
}
