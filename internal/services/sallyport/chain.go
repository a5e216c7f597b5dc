package sallyport

import (
	"context"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/trail"
)

// causes are the decisions of the requests that led to these, the first cause
// first. What another account asked, in which f sees no part, is not told; nor
// what led to that. There is at least one record of what was asked.
func (s *Service) causes(ctx context.Context, f trail.Filter, asked []*trail.Record) ([]sallyportapi.ExplainedDecision, error) {
	var all []sallyportapi.ExplainedDecision
	seen := map[string]bool{asked[0].RequestID: true}
	for parent := parentOf(asked); parent != "" && !seen[parent] && len(seen) <= limits.ChainDepth; {
		seen[parent] = true
		found, err := s.Trail.Request(ctx, parent)
		if err != nil {
			return nil, err
		}
		visible := visibleTo(f, found)
		step, err := s.steps(ctx, visible)
		if err != nil {
			return nil, err
		}
		all, parent = append(step, all...), parentOf(visible)
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

// visibleTo are the records in which the account of f takes part.
func visibleTo(f trail.Filter, records []*trail.Record) (visible []*trail.Record) {
	for _, r := range records {
		if f.Match(r) {
			visible = append(visible, r)
		}
	}
	return visible
}

// steps tells decisions as steps of a chain: what was allowed with its reason
// only, what was denied with the whole explanation.
func (s *Service) steps(ctx context.Context, records []*trail.Record) ([]sallyportapi.ExplainedDecision, error) {
	var all []sallyportapi.ExplainedDecision
	for _, r := range records {
		told, err := s.explain(ctx, r, "")
		if err != nil {
			return nil, err
		}
		if r.Allowed {
			told.Tree, told.Text = nil, nil
		}
		all = append(all, *told)
	}
	return all, nil
}

// consequences are the decisions of what a request led to, each request followed
// by what it led to itself. What lies behind a request of others is not told.
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
	for _, request := range byRequest(found) {
		id, visible := request[0].RequestID, visibleTo(c.f, request)
		if c.seen[id] || len(visible) == 0 || own(visible[0]) {
			continue
		}
		c.seen[id] = true
		visible = visible[:min(len(visible), limits.ChainRecords-len(c.all))]
		steps, err := c.s.steps(ctx, visible)
		if err != nil {
			return err
		}
		c.all = append(c.all, steps...)
		if len(c.all) == limits.ChainRecords {
			return nil
		}
		if err := c.follow(ctx, id, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// byRequest groups records by their requests, in the order in which those began.
func byRequest(records []*trail.Record) [][]*trail.Record {
	var all [][]*trail.Record
	at := map[string]int{}
	for _, r := range records {
		i, known := at[r.RequestID]
		if !known {
			i = len(all)
			at[r.RequestID], all = i, append(all, nil)
		}
		all[i] = append(all[i], r)
	}
	return all
}
