package sallyport

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/advice"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// newestDenial stands for its request id.
const newestDenial = "last"

func (s *Service) explainDecision(ctx context.Context, c *op.Call, in *sallyportapi.ExplainDecisionRequest) (*sallyportapi.ExplainDecisionResponse, error) {
	f := trail.Filter{Account: c.Account}
	requestID := in.GetRequestId()
	if requestID == newestDenial {
		r, err := s.latest(ctx, f)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, sallyportapi.NewResourceNotFoundException("Nothing was decided yet in which account %s takes part.", c.Account)
		}
		requestID = r.RequestID
	}
	found, err := s.Trail.Request(ctx, requestID)
	if err != nil {
		return nil, err
	}
	encodeFor := ""
	if in.GetEncoded() {
		encodeFor = c.Account
	}
	// A batch that a mapping brings to a function asks nobody, and has an id all
	// the same: then there is only what followed.
	out := &sallyportapi.ExplainDecisionResponse{RequestId: &requestID}
	var seen []*trail.Record
	for _, r := range found {
		if !f.Match(r) {
			continue
		}
		seen = append(seen, r)
		e, err := s.explain(ctx, r, encodeFor)
		if err != nil {
			return nil, err
		}
		out.Decisions = append(out.Decisions, *e)
	}
	if out.Consequences, err = s.consequences(ctx, f, requestID); err != nil {
		return nil, err
	}
	switch {
	case len(seen) > 0:
		out.Causes, err = s.causes(ctx, f, seen)
	case len(found) > 0 || len(out.Consequences) == 0:
		err = sallyportapi.NewResourceNotFoundException("No decision has the request id %s, or account %s takes no part in it. Clients print the id with the error, as RequestId or x-amzn-RequestId; sallyport decisions lists all.", requestID, c.Account)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// latest is the newest denial, or else the newest decision, that is not about
// this API; nil if there is none.
func (s *Service) latest(ctx context.Context, f trail.Filter) (*trail.Record, error) {
	foreign := func(r *trail.Record) bool { return !own(r) }
	for _, denied := range []bool{true, false} {
		f.Denied = denied
		found, err := s.newest(ctx, f, 0, 1, foreign)
		if err != nil || len(found) > 0 {
			return first(found), err
		}
	}
	return nil, nil
}

func first(records []*trail.Record) *trail.Record {
	if len(records) == 0 {
		return nil
	}
	return records[0]
}

// explain decides a recorded question again, with the policies that answered
// it then, and says why; of a denial also as the message that encodeFor, an
// account, can have decoded, if it is not empty.
func (s *Service) explain(ctx context.Context, r *trail.Record, encodeFor string) (*sallyportapi.ExplainedDecision, error) {
	t := s.tell(r)
	out := &sallyportapi.ExplainedDecision{Decision: ptr(decisionOf(r)), Gate: text(string(gateOf(r))), Message: text(r.Message)}
	if r.Nothing != "" {
		t.Summary = nothingSummary(r)
		out.Summary, out.Text = &t.Summary, ptr(t.String())
		return out, nil
	}
	request, layers, err := s.Trail.Question(ctx, r)
	if err != nil {
		// The decision is known all the same.
		t.Summary = fmt.Sprintf("%s; it cannot be explained any more: %v", r.Effect, err)
		out.Summary, out.Text = &t.Summary, ptr(t.String())
		return out, nil
	}
	if encodeFor != "" && !r.Allowed && s.Encoder != nil {
		message, err := s.Encoder.EncodeDenial(encodeFor, request, layers)
		if err != nil {
			return nil, fmt.Errorf("encoding decision %d: %w", r.Seq, err)
		}
		out.Encoded = &message
	}
	return out, s.fill(out, t, r, request, layers)
}

// tell is how the head of a record is told.
func (s *Service) tell(r *trail.Record) *advice.Told {
	t := &advice.Told{
		Principal: r.Principal, Action: r.Action, Operation: r.Service + " " + r.Operation, Resource: r.Resource, Account: r.Account,
		Allowed: r.Allowed, Gate: gateOf(r).says(), ARNOf: s.arnOf,
	}
	if v := r.Context["aws:SourceArn"]; len(v) == 1 {
		t.SourceARN = v[0]
	}
	if v := r.Context["aws:SourceAccount"]; len(v) == 1 {
		t.SourceAccount = v[0]
	}
	if r.RequestID != "" {
		t.Lines = append(t.Lines, advice.Line{Name: "when", Text: r.Time.UTC().Format(time.RFC3339) + ", request " + r.RequestID + " (" + r.Service + " " + r.Operation + ")"})
	}
	if r.Parent != "" {
		t.Lines = append(t.Lines, advice.Line{Name: "cause", Text: "request " + r.Parent})
	}
	if r.Trial {
		t.Lines = append(t.Lines, advice.Line{Name: "tried", Text: "only the permission, for what is to be done later; nothing was done"})
	}
	t.Lines = append(t.Lines, advice.Line{Name: "AWS says", Text: r.Message})
	return t
}

// fill explains the answer of the policies.
func (s *Service) fill(out *sallyportapi.ExplainedDecision, t *advice.Told, r *trail.Record, request *policy.Request, layers *policy.Layers) error {
	e := policy.Explain(request, layers)
	t.Tree, t.Summary = e, e.Summary
	switch why := outside(r, e); {
	case why != "":
		t.Summary, e.Fixes = "denied: "+why, nil
	case !r.Allowed:
		t.Fixes = advice.For(advice.Denial{Request: request, Layers: layers, ARNOf: s.arnOf}, e.Fixes)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("explanation of decision %d: %w", r.Seq, err)
	}
	out.Tree, out.Summary, out.Text = ptr(string(raw)), &t.Summary, ptr(t.String())
	out.Caveats, out.Fixes = caveats(e), fixes(t.Fixes)
	return nil
}

// outside is why the call was denied without, or against, the policies; empty
// when they decided.
func outside(r *trail.Record, e *policy.Explanation) string {
	switch {
	case r.Refused != "":
		return r.Refused
	case !r.Allowed && e.Decision.Allowed():
		return "another version of the server decided otherwise on the same policies"
	}
	return ""
}

func (s *Service) arnOf(id string) (string, bool) {
	if s.Directory == nil {
		return "", false
	}
	return s.Directory.PrincipalARN(id)
}

func nothingSummary(r *trail.Record) string {
	if r.Allowed {
		return "allowed: " + r.Operation + " needs no permission (" + r.Nothing + ")"
	}
	return "denied: " + r.Refused
}

func caveats(e *policy.Explanation) []sallyportapi.Caveat {
	var all []sallyportapi.Caveat
	for _, c := range e.Caveats {
		all = append(all, sallyportapi.Caveat{Id: ptr(c.ID), Sentence: ptr(c.Sentence), Certainty: ptr(string(c.Certainty))})
	}
	return all
}

func fixes(given []advice.Advice) []sallyportapi.Fix {
	var all []sallyportapi.Fix
	for _, a := range given {
		f := sallyportapi.Fix{Sentence: ptr(a.Sentence), Exact: ptr(a.Exact)}
		for _, st := range a.Steps {
			f.Steps = append(f.Steps, sallyportapi.FixStep{
				Sentence: ptr(st.Sentence), Account: text(st.Account), Side: ptr(st.Side), Command: text(st.Command), Statements: st.Statements,
			})
		}
		all = append(all, f)
	}
	return all
}
