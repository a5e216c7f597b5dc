package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

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

// tourPatience is how long the tour waits for what a server does on its own. It is
// shorter than a poll of a queue, so that a poll that a change does not end is found out.
const tourPatience = 10 * time.Second

// await waits for a decision about action after the one with a number, and gives
// its request. It is the first one that is wanted (nil: any).
func (s *stage) await(ctx context.Context, after int64, action string, wanted func(*sallyportapi.Decision) bool) (string, error) {
	c, waiting := s.client(), ctx
	ctx, cancel := context.WithTimeout(ctx, tourPatience)
	defer cancel()
	for {
		out, _, err := c.list(ctx, &sallyportapi.ListDecisionsRequest{After: &after, Action: &action, WaitSeconds: aws.Int32(5)})
		if err != nil {
			if ctx.Err() != nil && waiting.Err() == nil {
				err = fmt.Errorf("waited %v in vain for a decision about %s", tourPatience, action)
			}
			return "", err
		}
		for i := range out.Decisions {
			if d := &out.Decisions[i]; wanted == nil || wanted(d) {
				return d.GetRequestId(), nil
			}
		}
		after = out.GetLast()
	}
}

// causedBy wants what a request led to.
func causedBy(requestID string) func(*sallyportapi.Decision) bool {
	return func(d *sallyportapi.Decision) bool { return d.GetParent() == requestID }
}

// saw waits until orders has logged a text.
func (s *stage) saw(ctx context.Context, text string) error {
	return waitUntil(ctx, func(ctx context.Context) (bool, error) {
		out, err := s.people["root"].logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/" + orders), FilterPattern: aws.String(`"` + text + `"`),
		})
		return err == nil && len(out.Events) > 0, err
	}, func() string { return fmt.Sprintf("the log of orders does not show %q", text) })
}

// waitUntil asks again and again, for what no decision tells the moment of.
func waitUntil(ctx context.Context, holds func(context.Context) (bool, error), otherwise func() string) error {
	tour := ctx
	ctx, cancel := context.WithTimeout(ctx, tourPatience)
	defer cancel()
	for {
		is, err := holds(ctx)
		if is || err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			if tour.Err() != nil {
				return tour.Err()
			}
			return errors.New(otherwise())
		}
	}
}
