package servicetest

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows checks the tables of services as they are written down: every bound
// operation has one row, every row a need that cannot be left out, every need
// an action AWS has, or a reason why there is none.
func Rows(t testing.TB, services []op.Service) {
	t.Helper()
	var apis []*api.Service
	for _, s := range services {
		apis = append(apis, s.API())
	}
	for _, s := range services {
		rows(t, s, apis)
	}
}

func rows(t testing.TB, s op.Service, apis []*api.Service) {
	t.Helper()
	bound := map[*api.Operation]int{}
	for _, r := range s.Rows() {
		o := r.Operation()
		bound[o]++
		if o.Service != s.API() {
			t.Errorf("%s: the row of %s is another service's", s.API().ID, o.Name)
		}
		always := false
		for _, n := range r.Needs() {
			always = always || !n.Optional()
			need(t, o, n, apis)
		}
		if !always {
			t.Errorf("%s.%s: no need has to find a resource, so a call can run without a question", s.API().ID, o.Name)
		}
	}
	for _, o := range s.API().Operations {
		if bound[o] != 1 {
			t.Errorf("%s.%s has %d rows, want one", s.API().ID, o.Name, bound[o])
		}
	}
}

func need(t testing.TB, o *api.Operation, n op.Need, apis []*api.Service) {
	t.Helper()
	if n.Action() == "" {
		if len(strings.Fields(n.Reason())) < 3 {
			t.Errorf("%s.%s needs nothing, and the reason is %q", o.Service.ID, o.Name, n.Reason())
		}
		return
	}
	if !IsAction(n.Action(), apis) {
		t.Errorf("%s.%s needs %s, which is no action of AWS: no policy allows it on purpose", o.Service.ID, o.Name, n.Action())
	}
}
