package kms

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/policy"
)

// index follows the tables: what decisions ask about a key, by its name.
type index struct {
	bug *bug.Reporter

	mu      sync.RWMutex
	entries map[ref]*entry
	ids     map[regionalID]ref
	counts  map[[2]string]int
}

type regionalID struct{ region, id string }

// entry is one key with what belongs to it.
type entry struct {
	key *key
	// policy is the key policy alone, compiled.
	policy *policy.Attached
	// grants are by the grantee as it is stored, then by id; names are aliases.
	grants map[string]map[string]*grant
	names  []string
}

func newIndex(b *bug.Reporter) *index {
	return &index{bug: b, entries: map[ref]*entry{}, ids: map[regionalID]ref{}, counts: map[[2]string]int{}}
}

// of gives the entry of a key, which is made if there is none. The lock is held.
func (x *index) of(r ref) *entry {
	e := x.entries[r]
	if e == nil {
		e = &entry{grants: map[string]map[string]*grant{}}
		x.entries[r] = e
	}
	return e
}

// drop forgets an entry with nothing in it. The lock is held.
func (x *index) drop(r ref) {
	if e := x.entries[r]; e.key == nil && len(e.grants) == 0 && len(e.names) == 0 {
		delete(x.entries, r)
	}
}

func (x *index) keyShown(_ string, old, now *key) {
	x.mu.Lock()
	defer x.mu.Unlock()
	some := old
	if now != nil {
		some = now
	}
	r := some.ref()
	e, place := x.of(r), [2]string{r.account, r.region}
	switch {
	case now == nil:
		delete(x.ids, regionalID{r.region, r.id})
		x.counts[place]--
		e.key, e.policy = nil, nil
		x.drop(r)
		return
	case old == nil:
		x.ids[regionalID{r.region, r.id}] = r
		x.counts[place]++
	}
	e.key = now
	if old == nil || old.Policy.Document != now.Policy.Document || !maps.Equal(old.Policy.IDs, now.Policy.IDs) {
		e.policy = x.compile(now)
	}
}

// compile is the key policy. One that does not compile, a fault of ours, allows
// nothing.
func (x *index) compile(k *key) *policy.Attached {
	loaded, err := policy.Load([]byte(k.Policy.Stored()))
	if err != nil {
		x.bug.Report(context.Background(), "the policy of %s does not compile: %v", k.ref().arn(), err)
		return nil
	}
	return &policy.Attached{Policy: loaded, Name: "key policy", Source: "key " + k.ID}
}

func (x *index) grantShown(_ string, old, now *grant) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if old != nil {
		e := x.of(old.of())
		delete(e.grants[old.Grantee], old.ID)
		if len(e.grants[old.Grantee]) == 0 {
			delete(e.grants, old.Grantee)
		}
		x.drop(old.of())
	}
	if now != nil {
		e := x.of(now.of())
		if e.grants[now.Grantee] == nil {
			e.grants[now.Grantee] = map[string]*grant{}
		}
		e.grants[now.Grantee][now.ID] = now
	}
}

func (x *index) aliasShown(_ string, old, now *alias) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if old != nil {
		e := x.of(old.target())
		e.names = slices.DeleteFunc(slices.Clone(e.names), func(n string) bool { return n == old.Name })
		x.drop(old.target())
	}
	if now != nil {
		e := x.of(now.target())
		e.names = append(slices.Clip(e.names), now.Name)
		slices.Sort(e.names)
	}
}

// byID is the key of an id in a region, whose account is not known.
func (x *index) byID(region, id string) (ref, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	r, ok := x.ids[regionalID{region, id}]
	return r, ok
}

// count is how many keys an account has in a region.
func (x *index) count(account, region string) int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.counts[[2]string{account, region}]
}

// names are the aliases of a key.
func (x *index) names(r ref) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if e := x.entries[r]; e != nil {
		return slices.Clone(e.names)
	}
	return nil
}

func (x *index) aliases(r ref) []aliasRef {
	var all []aliasRef
	for _, n := range x.names(r) {
		all = append(all, aliasRef{r.account, r.region, n})
	}
	return all
}

// granted are the grants of a key to anybody of the names, in order of their
// making; to everybody without names.
func (x *index) granted(r ref, names []string) (e entry, found []*grant) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	known := x.entries[r]
	if known == nil {
		return entry{}, nil
	}
	if names == nil {
		for _, byID := range known.grants {
			for _, g := range byID {
				found = append(found, g)
			}
		}
	}
	for _, n := range names {
		for _, g := range known.grants[n] {
			found = append(found, g)
		}
	}
	if len(found) > 1 {
		slices.SortFunc(found, func(a, b *grant) int {
			if c := a.Created.Compare(b.Created); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
	}
	return entry{key: known.key, policy: known.policy}, found
}
