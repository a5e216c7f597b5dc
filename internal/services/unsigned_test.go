package services

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
	door "github.com/sallyport/sallyport/internal/edge"
)

// bySecret are the only operations that an unsigned request can reach outside of
// S3 and public function URLs (TestUnsignedRequestsToFunctionURLs), each by a secret
// (docs/decisions/006). A new one is a new way in for nobody in particular: it needs a
// reason there first.
func bySecret() []string { return []string{"sns.ConfirmSubscription", "sns.Unsubscribe"} }

func TestWhatUnsignedRequestsCanReach(t *testing.T) {
	var taken []string
	s := start(t)
	for _, r := range s.Bus.Rows() {
		o := r.Operation()
		name := o.Service.ID + "." + o.Name
		if s.Bus.TakesUnsigned(o) {
			taken = append(taken, name)
		}
		for _, n := range r.Needs() {
			if (n.Secret() != "") != slices.Contains(bySecret(), name) {
				t.Errorf("%s: %s is let in by a secret: %q", name, n.Action(), n.Secret())
			}
		}
	}
	slices.Sort(taken)
	if !slices.Equal(taken, bySecret()) {
		t.Errorf("unsigned requests are put to %q, want %q", taken, bySecret())
	}
}

// TestUnsignedRequestsAreRefusedAtTheDoor: every operation of the query protocol,
// the way a link would ask for it.
func TestUnsignedRequestsAreRefusedAtTheDoor(t *testing.T) {
	s := start(t)
	h := door.New(door.Config{Bus: s.Bus, Clock: clock.System{}})
	asked := 0
	for _, r := range s.Bus.Rows() {
		o := r.Operation()
		if o.Service.Protocol != api.Query && !slices.Contains(o.Service.Also, api.Query) {
			continue
		}
		asked++
		// What the two take, made up; others do not care.
		query := url.Values{
			"Action": {o.Name}, "Version": {o.Service.Version}, "Token": {"00"}, "TopicArn": {"arn:aws:sns:us-east-1:" + account + ":t"},
			"SubscriptionArn": {"arn:aws:sns:us-east-1:" + account + ":t:00000000-0000-4000-8000-000000000000"},
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/?"+query.Encode(), nil))
		name := o.Service.ID + "." + o.Name
		unsigned := strings.Contains(w.Body.String(), "MissingAuthenticationToken")
		if w.Code < 400 || w.Code >= 500 || unsigned == slices.Contains(bySecret(), name) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if asked < 100 {
		t.Errorf("only %d operations were asked for", asked)
	}
}
