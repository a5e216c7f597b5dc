package sallyport

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
)

// defaultPage is the page of a list without Limit.
const defaultPage = 100

// selection is what one list request asks for.
type selection struct {
	trail.Filter
	// own keeps allowed decisions about this API in the list.
	own   bool
	limit int
}

func (s *Service) listDecisions(ctx context.Context, c *op.Call, in *sallyportapi.ListDecisionsRequest) (*sallyportapi.ListDecisionsResponse, error) {
	sel := selection{
		Filter: trail.Filter{
			Account: c.Account, Principal: in.GetPrincipal(), Action: in.GetAction(), Resource: in.GetResource(), RequestID: in.GetRequestId(),
			Denied: in.GetDenied(), Allowed: in.GetAllowed(), Since: in.GetSince(),
		},
		own:   in.RequestId != nil || strings.HasPrefix(in.GetAction(), sallyportapi.Service.ID+":"),
		limit: defaultPage,
	}
	if in.Limit != nil {
		sel.limit = int(*in.Limit)
	}
	if in.After != nil {
		if in.NextToken != nil {
			return nil, sallyportapi.NewInvalidParameterException("After and NextToken exclude each other: After lists from the oldest, NextToken continues a list from the newest.")
		}
		return s.following(ctx, sel, uint64(*in.After), time.Duration(in.GetWaitSeconds())*time.Second)
	}
	before := uint64(0)
	if in.NextToken != nil {
		n, err := strconv.ParseUint(*in.NextToken, 10, 63)
		if err != nil || n == 0 {
			return nil, sallyportapi.NewInvalidParameterException("The NextToken is not one this operation gave.")
		}
		before = n
	}
	return s.newestFirst(ctx, sel, before)
}

// wanted says whether a record that the filter selects is listed.
func (sel *selection) wanted(r *trail.Record) bool { return sel.own || !r.Allowed || !own(r) }

// own says that a decision is about this API.
func own(r *trail.Record) bool { return r.Service == sallyportapi.Service.ID }

// newestFirst lists backwards from before (0: from the newest).
func (s *Service) newestFirst(ctx context.Context, sel selection, before uint64) (*sallyportapi.ListDecisionsResponse, error) {
	out := &sallyportapi.ListDecisionsResponse{Last: ptr(int64(s.Trail.Last()))}
	found, err := s.newest(ctx, sel.Filter, before, sel.limit+1, sel.wanted)
	if err != nil {
		return nil, err
	}
	if len(found) > sel.limit {
		found = found[:sel.limit]
		out.NextToken = ptr(strconv.FormatUint(found[sel.limit-1].Seq, 10))
	}
	for _, r := range found {
		out.Decisions = append(out.Decisions, decisionOf(r))
	}
	return out, nil
}

// newest gives up to n wanted records older than before, newest first.
func (s *Service) newest(ctx context.Context, f trail.Filter, before uint64, n int, wanted func(*trail.Record) bool) ([]*trail.Record, error) {
	var out []*trail.Record
	for {
		page, err := s.Trail.Newest(ctx, before, f, limits.PageSize)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			if before = r.Seq; wanted(r) {
				if out = append(out, r); len(out) == n {
					return out, nil
				}
			}
		}
		if len(page) < limits.PageSize || before <= 1 {
			return out, nil
		}
	}
}

// following lists forwards from after, oldest first, and waits until there is
// something or the time is over. Last is where to go on. A number from before
// the record was begun anew counts as the newest one.
func (s *Service) following(ctx context.Context, sel selection, after uint64, wait time.Duration) (*sallyportapi.ListDecisionsResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var over <-chan time.Time
	if wait > 0 {
		over = s.Clock.After(wait)
	}
	last := s.Trail.Last()
	after = min(after, last)
	for {
		var found []*trail.Record
		for _, r := range s.Trail.After(after, sel.Filter, limits.TrailMemory) {
			if sel.wanted(r) {
				found = append(found, r)
			}
		}
		if len(found) > 0 || wait == 0 {
			return page(found, sel.limit, last), nil
		}
		news := make(chan error, 1)
		go func() { news <- s.Trail.Wait(ctx, last) }()
		select {
		case <-over:
			return page(nil, sel.limit, last), nil
		case err := <-news:
			if err != nil {
				return nil, err
			}
		}
		after, last = last, s.Trail.Last()
	}
}

// page answers with the oldest records found, of those up to last.
func page(found []*trail.Record, limit int, last uint64) *sallyportapi.ListDecisionsResponse {
	out := &sallyportapi.ListDecisionsResponse{}
	if len(found) > limit {
		found = found[:limit]
		last = found[limit-1].Seq
	} else if n := len(found); n > 0 {
		last = max(last, found[n-1].Seq)
	}
	for _, r := range found {
		out.Decisions = append(out.Decisions, decisionOf(r))
	}
	out.Last = ptr(int64(last))
	return out
}

// decisionOf shows a record.
func decisionOf(r *trail.Record) sallyportapi.Decision {
	d := sallyportapi.Decision{
		Seq: ptr(int64(r.Seq)), Time: &r.Time, RequestId: &r.RequestID, Parent: text(r.Parent),
		Account: text(r.Account), Region: text(r.Region), Service: &r.Service, Operation: &r.Operation,
		Principal: text(r.Principal.ARN), PrincipalType: ptr(r.Principal.Kind.String()), PrincipalAccount: text(r.Principal.Account),
		AccessKeyId: text(r.AccessKeyID), SourceIp: text(r.SourceIP),
		Action: text(r.Action), Resource: text(r.Resource), ResourceAccount: text(r.ResourceAccount),
		Allowed: &r.Allowed, Effect: &r.Effect, Layer: text(r.Layer), Message: text(r.Message), Nothing: text(r.Nothing),
	}
	if r.Trial {
		d.Trial = &r.Trial
	}
	if len(r.Context) > 0 {
		d.Context = make(map[string][]string, len(r.Context))
		for k, v := range r.Context {
			d.Context[k] = slices.Clone(v)
		}
	}
	for _, p := range r.Policies {
		d.Policies = append(d.Policies, sallyportapi.JudgedPolicy{Layer: ptr(p.Layer), Arn: text(p.ARN), Name: text(p.Name), Source: text(p.Source), Digest: text(p.Digest)})
	}
	return d
}
