package services

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/clock"
	door "github.com/sallyport/sallyport/internal/edge"
)

// TestUnsignedRequestsToFunctionURLs is the rule of docs/decisions/008: a public URL
// is as open as the function's policy says, and one that wants signatures is closed
// to all others, whatever policies say.
func TestUnsignedRequestsToFunctionURLs(t *testing.T) {
	c := newCrossing(t)
	h := door.New(door.Config{Bus: c.Bus, Clock: clock.System{}})
	hostOf := func(name, authType string) string {
		made := do(t, c.Set, lambdaapi.CreateFunctionUrlConfig, &lambdaapi.CreateFunctionUrlConfigRequest{FunctionName: &name, AuthType: &authType})
		return strings.Trim(strings.TrimPrefix(made.GetFunctionUrl(), "https:"), "/")
	}
	public, private := hostOf("worker", functionurlapi.None), hostOf("other", functionurlapi.IAM)
	ask := func(host string, header http.Header) (int, []string) {
		r := httptest.NewRequest(http.MethodGet, "http://"+host+"/", nil)
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		records, err := c.trail.Request(context.Background(), w.Header().Get("x-amzn-RequestId"))
		if err != nil {
			t.Fatal(err)
		}
		var who []string
		for _, one := range records {
			who = append(who, one.Principal.Kind.String())
		}
		return w.Code, who
	}
	expect := func(what, host string, code int) {
		t.Helper()
		for name, header := range map[string]http.Header{
			"nothing": {}, "a token": {"Authorization": {"Bearer x"}}, "an identity of its own": {"X-Amz-Account": {account}, "X-Amzn-Principal": {devARN}},
		} {
			if host == private && header.Get("Authorization") != "" {
				continue // that is a signature of a kind that nobody knows
			}
			if got, who := ask(host, header); got != code || !slices.Equal(who, []string{"Anonymous", "Anonymous"}) {
				t.Errorf("%s, with %s: %d, asked for %q", what, name, got, who)
			}
		}
	}
	expect("a public one without a policy", public, http.StatusForbidden)
	expect("a private one without a policy", private, http.StatusForbidden)
	for _, name := range []string{"worker", "other"} {
		do(t, c.Set, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{FunctionName: &name, StatementId: ptr("all"), Action: ptr("lambda:*"), Principal: ptr("*")})
	}
	expect("a public one that everybody may use", public, http.StatusOK)
	expect("a private one that everybody may use", private, http.StatusForbidden)
}
