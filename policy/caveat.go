package policy

// CaveatSet is a set of caveats, one bit each.
type CaveatSet uint64
