package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/advice"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// DecisionsCmd lists decisions, the newest last.
type DecisionsCmd struct {
	connectFlags
	Count     int    `short:"n" default:"20" help:"How many to show (${default}); with --follow, of those already made."`
	Follow    bool   `short:"f" help:"Go on with decisions as they are made."`
	Denied    bool   `xor:"verdict" help:"Denials only."`
	Allowed   bool   `xor:"verdict" help:"What was allowed only."`
	Principal string `placeholder:"ARN" help:"Who asked. A * at the end stands for any rest, here and below."`
	Action    string `placeholder:"ACTION" help:"IAM action, such as lambda:InvokeFunction or lambda:*."`
	Resource  string `placeholder:"ARN" help:"On what."`
	Request   string `placeholder:"ID" help:"Request id."`
	Since     string `placeholder:"TIME" help:"Not before a time (2026-11-20T10:00:00Z) or a while ago (10m, 2h)."`
}

// waitSeconds is how long one request of --follow waits; the server's bound.
const waitSeconds = 20

// Run lists.
func (d *DecisionsCmd) Run(ctx context.Context, c *console) error {
	in, err := d.filter()
	if err != nil {
		return err
	}
	cl, err := d.client()
	if err != nil {
		return err
	}
	seen, err := d.newest(ctx, c, cl, *in)
	if err != nil || !d.Follow {
		return err
	}
	for {
		if seen, err = d.next(ctx, c, cl, *in, seen); err != nil {
			if errors.Is(err, context.Canceled) {
				return nil // interrupted, which is how following ends
			}
			return err
		}
	}
}

// filter is the flags as a request.
func (d *DecisionsCmd) filter() (*sallyportapi.ListDecisionsRequest, error) {
	if d.Count < 0 || d.Count == 0 && !d.Follow {
		return nil, usagef("-n %d: at least one decision", d.Count)
	}
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	in := &sallyportapi.ListDecisionsRequest{Principal: text(d.Principal), Action: text(d.Action), Resource: text(d.Resource), RequestId: text(d.Request)}
	if d.Denied {
		in.Denied = &d.Denied
	}
	if d.Allowed {
		in.Allowed = &d.Allowed
	}
	if d.Since != "" {
		t, err := parseSince(d.Since, time.Now())
		if err != nil {
			return nil, err
		}
		in.Since = &t
	}
	return in, nil
}

// parseSince reads a time or a duration before now.
func parseSince(s string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(s); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--since %s: a time such as 2026-11-20T10:00:00Z, or a while such as 10m", s)
}

// newest prints the last Count decisions, and gives the number to follow from.
func (d *DecisionsCmd) newest(ctx context.Context, c *console, cl *client, in sallyportapi.ListDecisionsRequest) (seen int64, err error) {
	type decision struct {
		shown *sallyportapi.Decision
		raw   json.RawMessage
	}
	var all []decision
	for first := true; first || len(all) < d.Count && in.NextToken != nil; first = false {
		// Following from none still asks for one, to learn where to go on.
		limit := int32(min(max(d.Count-len(all), 1), 1000))
		in.Limit = &limit
		out, raw, err := cl.list(ctx, &in)
		if err != nil {
			return 0, err
		}
		if first {
			seen = out.GetLast()
		}
		items, err := split(raw)
		if err != nil || len(items) != len(out.Decisions) {
			return 0, fmt.Errorf("the server's list cannot be read: %w", err)
		}
		for i := range items {
			seen = max(seen, out.Decisions[i].GetSeq())
			all = append(all, decision{&out.Decisions[i], items[i]})
		}
		in.NextToken = out.NextToken
	}
	for _, x := range slices.Backward(all[:min(len(all), d.Count)]) {
		if err := d.print(c, x.shown, x.raw); err != nil {
			return 0, err
		}
	}
	return seen, nil
}

// next waits for decisions after seen and prints them.
func (d *DecisionsCmd) next(ctx context.Context, c *console, cl *client, in sallyportapi.ListDecisionsRequest, seen int64) (int64, error) {
	wait := int32(waitSeconds)
	in.After, in.WaitSeconds = &seen, &wait
	out, raw, err := cl.list(ctx, &in)
	if err != nil {
		return 0, err
	}
	items, err := split(raw)
	if err != nil {
		return 0, err
	}
	for i := range items {
		if err := d.print(c, &out.Decisions[i], items[i]); err != nil {
			return 0, err
		}
	}
	return out.GetLast(), nil
}

// split takes the decisions out of an answer, each as its own JSON.
func split(raw json.RawMessage) ([]json.RawMessage, error) {
	var out struct{ Decisions []json.RawMessage }
	err := json.Unmarshal(raw, &out)
	return out.Decisions, err
}

// print writes one line.
func (d *DecisionsCmd) print(c *console, x *sallyportapi.Decision, raw json.RawMessage) error {
	if c.JSON {
		return c.printJSON(raw)
	}
	_, err := fmt.Fprintln(c.Out, line(x))
	return err
}

// line is a decision on one line: when, what, whether, who, on what, under which request.
func line(d *sallyportapi.Decision) string {
	text := d.GetTime().Local().Format("2006-01-02 15:04:05") + "  " + verdict(d) + "  " + asked(d) + "  " + who(d)
	if r := d.GetResource(); r != "" && r != "*" {
		text += "  on " + r
	}
	return text + tried(d) + "  request " + d.GetRequestId()
}

// verdict has the same width for both.
func verdict(d *sallyportapi.Decision) string {
	if d.GetAllowed() {
		return "ALLOWED"
	}
	return "DENIED "
}

// asked is the action, or the operation where that needs none.
func asked(d *sallyportapi.Decision) string {
	if d.GetAction() == "" {
		return d.GetService() + " " + d.GetOperation()
	}
	return d.GetAction()
}

// who is the principal, and what a service acts for.
func who(d *sallyportapi.Decision) string {
	one := func(key string) string {
		if v := d.Context[key]; len(v) == 1 {
			return v[0]
		}
		return ""
	}
	switch source := one("aws:SourceArn"); {
	case d.GetPrincipal() == "":
		return "anonymous"
	case source != "":
		return d.GetPrincipal() + " for " + advice.Source(source, one("aws:SourceAccount"))
	}
	return d.GetPrincipal()
}

// tried marks what was asked only for what is to be done later.
func tried(d *sallyportapi.Decision) string {
	if d.GetTrial() {
		return "  (tried only)"
	}
	return ""
}
