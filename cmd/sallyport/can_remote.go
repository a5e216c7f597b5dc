package main

import (
	"context"
	"encoding/json"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// remote asks a running server.
type remote struct{ *client }

func (r remote) ask(ctx context.Context, q question) (*sallyportapi.ExplainedDecision, json.RawMessage, error) {
	var out struct{ Decision json.RawMessage }
	_, err := r.call(ctx, sallyportapi.AskDecision.Name, &sallyportapi.AskDecisionRequest{
		Principal: &q.principal, Action: &q.action, Resource: &q.resource, Context: q.keys,
	}, &out)
	if err != nil {
		return nil, nil, err
	}
	d := new(sallyportapi.ExplainedDecision)
	return d, out.Decision, json.Unmarshal(out.Decision, d)
}

func (r remote) who(ctx context.Context, q question) ([]sallyportapi.Who, error) {
	in := &sallyportapi.ListWhoRequest{Action: &q.action, Resource: &q.resource, Context: q.keys}
	var all []sallyportapi.Who
	for {
		out := new(sallyportapi.ListWhoResponse)
		if _, err := r.call(ctx, sallyportapi.ListWho.Name, in, out); err != nil {
			return nil, err
		}
		all = append(all, out.Allowed...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all, nil
		}
	}
}

func (r remote) what(ctx context.Context, q question) (*sallyportapi.ListWhatResponse, error) {
	out := new(sallyportapi.ListWhatResponse)
	_, err := r.call(ctx, sallyportapi.ListWhat.Name, &sallyportapi.ListWhatRequest{Principal: &q.principal, Context: q.keys}, out)
	return out, err
}
