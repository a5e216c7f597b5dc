package sallyport

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/caller"
)

func TestDescribeServer(t *testing.T) {
	w := openWorld(t, t.TempDir(), people{})
	out := must(w, sallyportapi.DescribeServer, &api.Empty{})
	if out.GetMode() != "enforcing" || out.GetVersion() == "" || !slices.Equal(out.Accounts, []string{here, there}) || out.GetEphemeral() || out.GetDataDirectory() != w.store.Dir() ||
		out.GetFunctions() != `{"mode":"sandbox","of":"`+here+`"}` || out.GetBugs() != 0 || out.GetLastDecision() != 1 {
		t.Errorf("%+v", out)
	}
	if out = must(newWorld(t), sallyportapi.DescribeServer, &api.Empty{}); !out.GetEphemeral() || out.DataDirectory != nil {
		t.Errorf("%+v", out)
	}
}

func TestOnlyRootUsersReset(t *testing.T) {
	w := newWorld(t)
	admin := w.user(here, "admin", may("*", "*"))
	_, err := call(w, admin, sallyportapi.Reset, &api.Empty{})
	refused(t, err, "AccessDeniedException", "Only the root user of an account may reset the server: arn:aws:iam::111111111111:user/admin is not one.")
	for _, as := range []caller.Caller{caller.Anonymous(), w.user(here, "ann")} {
		if _, err := call(w, as, sallyportapi.Reset, &api.Empty{}); err == nil {
			t.Errorf("%s reset the server", as.ARN())
		}
	}
	if w.resets != 0 {
		t.Fatal("reset without permission")
	}
	if must(w, sallyportapi.Reset, &api.Empty{}); w.resets != 1 {
		t.Error("not reset")
	}
}
