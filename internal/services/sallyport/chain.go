package sallyport

import (
	"context"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/trail"
)

// causes are the decisions of the requests that led to these, the first cause
// first. What another account asked, in which f sees no part, is not told; nor
// what led to that.
func (s *Service) causes(ctx context.Context, f trail.Filter, asked []*trail.Record) ([]sallyportapi.Decision, error) {
	var all []sallyportapi.Decision
	seen := map[string]bool{}
	for parent := parentOf(asked); parent != "" && !seen[parent] && len(seen) < limits.ChainDepth; {
		seen[parent] = true
		found, err := s.Trail.Request(ctx, parent)
		if err != nil {
			return nil, err
		}
		var step []sallyportapi.Decision
		next := ""
		for _, r := range found {
			if f.Match(r) {
				step, next = append(step, decisionOf(r)), r.Parent
			}
		}
		all, parent = append(step, all...), next
	}
	return all, nil
}

func parentOf(records []*trail.Record) string {
	for _, r := range records {
		if r.Parent != "" {
			return r.Parent
		}
	}
	return ""
}

// consequences are the decisions of what a request led to, each followed by what
// it led to itself. Denials are explained.
func (s *Service) consequences(ctx context.Context, f trail.Filter, requestID string) ([]sallyportapi.ExplainedDecision, error) {
	c := &chain{s: s, f: f, seen: map[string]bool{requestID: true}}
	err := c.follow(ctx, requestID, 0)
	return c.all, err
}

// chain collects consequences.
type chain struct {
	s    *Service
	f    trail.Filter
	seen map[string]bool
	all  []sallyportapi.ExplainedDecision
}

func (c *chain) follow(ctx context.Context, requestID string, depth int) error {
	if depth == limits.ChainDepth {
		return nil
	}
	found, err := c.s.Trail.Caused(ctx, requestID, limits.ChainRecords)
	if err != nil {
		return err
	}
	for i, r := range found {
		if !c.f.Match(r) || own(r) {
			continue
		}
		if len(c.all) == limits.ChainRecords {
			return nil
		}
		told := &sallyportapi.ExplainedDecision{Decision: ptr(decisionOf(r))}
		if !r.Allowed {
			if told, err = c.s.explain(ctx, r, ""); err != nil {
				return err
			}
		}
		c.all = append(c.all, *told)
		last := i+1 == len(found) || found[i+1].RequestID != r.RequestID
		if !last || c.seen[r.RequestID] {
			continue
		}
		c.seen[r.RequestID] = true
		if err := c.follow(ctx, r.RequestID, depth+1); err != nil {
			return err
		}
	}
	return nil
}
