package trail

import "time"

// Filter selects records; zero members select everything.
type Filter struct {
	// Account is the account of the caller or of the resource.
	Account string
	// Principal, Action, Resource, RequestID are exact, except that a trailing * matches any rest.
	Principal, Action, Resource, RequestID string
	Denied, Allowed                        bool
	Since                                  time.Time
}

// Match says whether the record is selected.
func (f Filter) Match(r *Record) bool {
	switch {
	case f.Account != "" && f.Account != r.Account && f.Account != r.ResourceAccount && f.Account != r.Principal.Account,
		f.Denied && r.Allowed, f.Allowed && !r.Allowed,
		!f.Since.IsZero() && r.Time.Before(f.Since):
		return false
	}
	return like(f.Principal, r.Principal.ARN) && like(f.Action, r.Action) && like(f.Resource, r.Resource) && like(f.RequestID, r.RequestID)
}

func like(pattern, s string) bool {
	if pattern == "" || pattern == s {
		return true
	}
	n := len(pattern) - 1
	return pattern[n] == '*' && len(s) >= n && s[:n] == pattern[:n]
}
