package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// client asks the tour's server about its decisions, as root of the account
// that has the functions.
func (s *stage) client() *client {
	c, _ := s.server.RootCredentials(tourHome)
	return newClient(s.server.Endpoint(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey})
}

// decision explains the decision about action in a request, or in a request
// that this one caused.
func (s *stage) decision(ctx context.Context, requestID, action string) (*sallyportapi.ExplainedDecision, error) {
	c := s.client()
	recent, _, err := c.list(ctx, &sallyportapi.ListDecisionsRequest{Action: &action})
	if err != nil {
		return nil, err
	}
	for i := range recent.Decisions {
		d := &recent.Decisions[i]
		if d.GetRequestId() != requestID && d.GetParent() != requestID {
			continue
		}
		out, err := c.explain(ctx, d.GetRequestId())
		if err != nil {
			return nil, err
		}
		for j := range out.Decisions {
			if e := &out.Decisions[j]; e.Decision.GetSeq() == d.GetSeq() {
				return e, nil
			}
		}
	}
	return nil, fmt.Errorf("nothing was decided about %s in request %s", action, requestID)
}

// last is the number of the newest decision.
func (c *client) last(ctx context.Context) (int64, error) {
	out, _, err := c.list(ctx, &sallyportapi.ListDecisionsRequest{Limit: aws.Int32(1)})
	return out.GetLast(), err
}

// next waits for a decision about action after the one with that number, and
// gives its request.
func (c *client) next(ctx context.Context, after int64, action string) (string, error) {
	for {
		out, _, err := c.list(ctx, &sallyportapi.ListDecisionsRequest{After: &after, Action: &action, WaitSeconds: aws.Int32(5)})
		if err != nil {
			return "", err
		}
		if len(out.Decisions) > 0 {
			return out.Decisions[len(out.Decisions)-1].GetRequestId(), nil
		}
		after = out.GetLast()
	}
}
