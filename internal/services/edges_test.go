package services

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/trail"
)

// edge is one way in which a service calls another.
type edge struct {
	name string
	// call is what TestEveryEdgeIsWalked finds in the source: the service that
	// calls, -> or (tried only) ~>, and the operation.
	call string
	// grant is the policy on which it rests, arrange what must be configured
	// while the policy is there.
	grant   grant
	arrange func(*crossing)
	// cause makes the call happen, by a request with this id; nil where it
	// happens all the time.
	cause func(c *crossing, request string) error
	// refuses says that the cause waits for the answer and is refused with it.
	refuses bool
	// orphan says that no single request is the cause: polls, and log lines of
	// several invokes.
	orphan bool
	// The record: who, doing what, on what (a * ends a beginning), and for
	// whom where it is a service.
	by, action, resource, source string
}

// TestEveryEdgeIsGated: whichever way a service calls another, an empty policy
// denies it, the right one lets it in, and both are in the record with who asked,
// for whom, and the request that caused it.
func TestEveryEdgeIsGated(t *testing.T) {
	for _, e := range edges() {
		t.Run(strings.ReplaceAll(e.call+": "+e.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c := newCrossing(t)
			if e.arrange != nil {
				e.grant.give(c)
				e.arrange(c)
			}
			mark := c.trail.Last()
			e.grant.take(c)
			e.walk(c, mark, "without", false)
			mark = c.trail.Last()
			e.grant.give(c)
			e.walk(c, mark, "with", true)
		})
	}
}

// walk makes the call happen and looks for its record, later than mark.
func (e *edge) walk(c *crossing, mark uint64, request string, allowed bool) {
	c.Helper()
	if e.cause != nil {
		if err := e.cause(c, request); (err == nil) != (allowed || !e.refuses) {
			c.Fatalf("%s the policy the cause was answered with %v", request, err)
		}
	}
	_, operation, _ := strings.Cut(e.call, ".")
	r := c.decided(mark, trail.Filter{Action: e.action, Resource: e.resource, Principal: e.by}, func(r *trail.Record) bool {
		return r.Allowed == allowed && r.Operation == operation && (e.orphan || r.Parent == request)
	})
	if r.Trial != strings.Contains(e.call, "~>") {
		c.Errorf("%s the policy: the record says trial %v", request, r.Trial)
	}
	if e.source != "" {
		if got := r.Context["aws:SourceArn"]; len(got) != 1 || got[0] != e.source {
			c.Errorf("%s the policy: aws:SourceArn is %q", request, got)
		}
		if got := r.Context["aws:SourceAccount"]; len(got) != 1 || got[0] != account {
			c.Errorf("%s the policy: aws:SourceAccount is %q", request, got)
		}
	}
	if !allowed && (r.Effect != "implicitDeny" || r.Message == "") {
		c.Errorf("without the policy: the record says %q, %q", r.Effect, r.Message)
	}
}
