package policy

import (
	"slices"
	"strings"
)

// Context holds the condition keys of one request. Keys compare without case,
// the tag-key part included. The zero value is ready. Once a Context is used
// in a Request it may be read by several goroutines, but no longer changed.
type Context struct{ entries []contextEntry }

type contextEntry struct {
	// folded is the key for comparison, name as it was first written.
	folded, name string
	values       []string
	multi        bool
}

// Set gives a single-valued key its value, replacing what it had.
func (c *Context) Set(key, value string) { c.put(key, []string{value}, false) }

// Add is Set for a key of which there can be several: tags have names that differ
// in letter case, and keys do not. Such a key has the values of all of them, and
// which of them a condition means is open (CaveatTwinKeys).
func (c *Context) Add(key, value string) {
	folded := lower(key)
	e := c.find(folded)
	switch {
	case e == nil:
		c.put(key, []string{value}, false)
	case !slices.Contains(e.values, value):
		e.values = append(slices.Clone(e.values), value)
	}
}

// SetList gives a multivalued key its values. An empty list is the same as no
// key at all: AWS treats both as a null set.
func (c *Context) SetList(key string, values []string) {
	if len(values) == 0 {
		c.Delete(key)
		return
	}
	c.put(key, slices.Clone(values), true)
}

// Delete takes a key away.
func (c *Context) Delete(key string) {
	folded := lower(key)
	c.entries = slices.DeleteFunc(c.entries, func(e contextEntry) bool { return e.folded == folded })
}

func (c *Context) put(key string, values []string, multi bool) {
	folded := lower(key)
	if e := c.find(folded); e != nil {
		e.values, e.multi = values, multi
		return
	}
	if c.entries == nil {
		c.entries = make([]contextEntry, 0, 16) // what every request has
	}
	c.entries = append(c.entries, contextEntry{folded: folded, name: key, values: values, multi: multi})
}

// single says that the key has one value, and which is plain.
func (e *contextEntry) single() bool { return !e.multi && len(e.values) == 1 }

// twins says that the key stands for several, with a value each.
func (e *contextEntry) twins() bool { return !e.multi && len(e.values) > 1 }

// find wants the folded key. A nil Context has no keys.
func (c *Context) find(folded string) *contextEntry {
	if c == nil {
		return nil
	}
	for i := range c.entries {
		if c.entries[i].folded == folded {
			return &c.entries[i]
		}
	}
	return nil
}

// Get gives the values of a key; ok is false when it is absent. The slice is
// shared: do not change it.
func (c *Context) Get(key string) (values []string, ok bool) {
	if e := c.find(lower(key)); e != nil {
		return slices.Clip(e.values), true
	}
	return nil, false
}

// Multivalued says whether a key was set with SetList.
func (c *Context) Multivalued(key string) bool {
	e := c.find(lower(key))
	return e != nil && e.multi
}

// Keys are all keys as they were written, sorted without regard to case.
func (c *Context) Keys() []string {
	if c == nil {
		return nil
	}
	sorted := slices.Clone(c.entries)
	slices.SortFunc(sorted, func(a, b contextEntry) int { return strings.Compare(a.folded, b.folded) })
	keys := make([]string, len(sorted))
	for i := range sorted {
		keys[i] = sorted[i].name
	}
	return keys
}

// Clone is a copy that may be changed.
func (c *Context) Clone() *Context {
	if c == nil {
		return &Context{}
	}
	// With room for the keys that it is made for.
	return &Context{entries: append(make([]contextEntry, 0, len(c.entries)+8), c.entries...)}
}
