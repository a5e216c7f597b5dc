package organizations

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// makes says whether a caller may make a log group, which is never there.
func (w *world) makes(as caller.Caller) error {
	w.Helper()
	_, err := call(w, as, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: ptr("g")})
	if err != nil && strings.HasPrefix(err.Error(), "AccessDenied") {
		return err
	}
	return nil
}

// TestControlPoliciesDecideAtOnce walks a control policy down the organization,
// and looks at each step whom it keeps out.
func TestControlPoliciesDecideAtOnce(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	above := w.unit(r, "above")
	unit, other := w.unit(above, "u"), w.unit(r, "other")
	in, beside := w.account("in"), w.account("beside")
	w.move(in, r, unit)
	w.move(beside, r, other)
	outside := w.account("outside")
	must(w, orgapi.RemoveAccountFromOrganization, &orgapi.RemoveAccountFromOrganizationRequest{AccountId: &outside})
	callers := map[string]caller.Caller{}
	for _, account := range []string{here, in, beside, outside} {
		callers[account] = w.user(account, "u", "logs:*", "*")
	}
	check := func(step string, kept ...string) {
		t.Helper()
		var out []string
		for account, c := range callers {
			if w.makes(c) != nil {
				out = append(out, account)
			}
		}
		same(t, step, out, kept)
	}
	p := w.policy(serviceControl, "NoGroups", deny("logs:CreateLogGroup"))
	check("made, not attached")
	w.attach(p, r)
	check("at the root", in, beside)
	w.detach(p, r)
	check("lifted")
	w.attach(p, above)
	check("above the unit", in)
	w.detach(p, above)
	w.attach(p, in)
	check("at the account", in)
	w.move(beside, other, unit)
	check("the account beside is not touched", in)
	w.attach(p, unit)
	w.detach(p, in)
	check("at the unit of both", in, beside)
	w.move(beside, unit, other)
	check("moved away", in)
	must(w, orgapi.UpdatePolicy, &orgapi.UpdatePolicyRequest{PolicyId: &p, Content: ptr(deny("logs:DeleteLogGroup"))})
	check("changed to something else")
	must(w, orgapi.UpdatePolicy, &orgapi.UpdatePolicyRequest{PolicyId: &p, Content: ptr(document(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`))})
	check("allows nothing that counts")
	w.detach(fullAWSAccess, unit)
	check("a level that does not allow it", in)
	w.attach(p, here)
	w.detach(fullAWSAccess, here)
	check("the management account is exempt", in)
	must(w, orgapi.RemoveAccountFromOrganization, &orgapi.RemoveAccountFromOrganizationRequest{AccountId: &in})
	check("it left")
	must(w, orgapi.DisablePolicyType, &orgapi.DisablePolicyTypeRequest{RootId: &r, PolicyType: ptr(serviceControl)})
	check("not in use")
}

func TestResourceControlPoliciesGuardRoles(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	account := w.account("a")
	admin := w.user(here, "admin", "sts:AssumeRole", "*")
	p := w.policy(resourceControl, "NoRoles", document(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`))
	may := func(when string, allowed bool) {
		t.Helper()
		if _, err := w.assume(admin, account, defaultRole); (err == nil) != allowed {
			t.Errorf("%s: %v", when, err)
		}
	}
	may("before", true)
	w.attach(p, account)
	may("attached", false)
	w.detach(p, account)
	may("lifted", true)
	w.attach(p, r)
	may("at the root", false)
	own := "own"
	must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: &own, AssumeRolePolicyDocument: ptr(document(`{"Effect":"Allow","Principal":{"AWS":"` + here + `"},"Action":"sts:AssumeRole"}`))})
	if _, err := w.assume(admin, here, own); err != nil {
		t.Errorf("a role of the management account: %v", err)
	}
}

// TestDenialsNameThePolicy, where they stand and who has to amend them.
func TestDenialsNameThePolicy(t *testing.T) {
	w := newWorld(t)
	w.organize()
	account := w.account("a")
	p := w.policy(serviceControl, "NoGroups", deny("logs:CreateLogGroup"))
	w.attach(p, account)
	err := w.makes(w.user(account, "u", "*", "*"))
	var e *api.Error
	want := " with an explicit deny in a service control policy: arn:aws:organizations::" + here + ":policy/" + w.org.Membership(here).Organization + "/service_control_policy/" + p
	if !errors.As(err, &e) || !strings.HasSuffix(e.Message, want) {
		t.Errorf("%v, want %s", err, want)
	}
	records, _ := w.trail.Newest(context.Background(), 0, trail.Filter{Denied: true}, 1)
	_, layers, err := w.trail.Question(context.Background(), records[0])
	if err != nil || len(layers.ServiceControl) != 2 || layers.ServiceControl[1][1].Name != "NoGroups" || layers.ServiceControl[1][1].Source != "account "+account ||
		!strings.HasPrefix(layers.ServiceControl[0][0].Source, "root r-") {
		t.Errorf("%+v, %v", layers, err)
	}
}

func TestRestartKeepsTheOrganization(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir)
	r := w.organize()
	unit, account := w.unit(r, "u"), w.account("a")
	w.move(account, r, unit)
	user := w.user(account, "u", "*", "*")
	w.attach(w.policy(serviceControl, "NoGroups", deny("logs:CreateLogGroup")), unit)
	before := w.org.Membership(account)
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w = openWorld(t, dir)
	after := w.org.Membership(account)
	if after == nil || after.Organization != before.Organization || after.Paths[0] != before.Paths[0] || len(after.ServiceControl) != 3 || len(after.ResourceControl) != 3 {
		t.Fatalf("%+v, was %+v", after, before)
	}
	for i, level := range before.ServiceControl {
		for j := range level {
			if a, b := level[j], after.ServiceControl[i][j]; a.ARN != b.ARN || a.Source != b.Source || a.Policy.Digest() != b.Policy.Digest() {
				t.Errorf("level %d: %+v, was %+v", i, b, a)
			}
		}
	}
	if w.makes(user) == nil {
		t.Error("the control policy does not count any more")
	}
	if err := w.org.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if w.org.Membership(account) != nil || w.org.organizations.Len()+w.org.members.Len()+w.org.units.Len()+w.org.policies.Len()+w.org.requests.Len() != 0 {
		t.Error("something is left after a reset")
	}
}

func TestMembershipIsSharedAndFree(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	unit := w.unit(r, "u")
	a, b := w.account("a"), w.account("b")
	w.move(a, r, unit)
	text := deny("s3:*")
	w.attach(w.policy(serviceControl, "one", text), unit)
	w.attach(w.policy(serviceControl, "another", text), b)
	x, y := w.org.Membership(a), w.org.Membership(b)
	if &x.ServiceControl[0][0] != &y.ServiceControl[0][0] {
		t.Error("the root's level is held twice")
	}
	if x.ServiceControl[1][1].Policy != y.ServiceControl[1][1].Policy {
		t.Error("policies of the same text are compiled twice")
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = w.org.Membership(a), w.org.Membership("333333333333") }); n > 0 {
		t.Errorf("reading a membership allocates %v times", n)
	}
}

// TestWhatCannotBeReadDenies: a policy that was stored and does not compile is
// a fault of ours, and what it denied is not known.
func TestWhatCannotBeReadDenies(t *testing.T) {
	w := newWorld(t)
	w.organize()
	w.bugs.Panic = false
	account := w.account("a")
	p := w.policy(serviceControl, "p", deny("s3:*"))
	w.attach(p, account)
	user := w.user(account, "u", "*", "*")
	if err := w.makes(user); err != nil {
		t.Fatal(err)
	}
	o := w.org.Membership(here).Organization
	broken := *w.org.policies.Get(store.Key(o, p))
	broken.Content, broken.compiled = "no policy", nil
	if err := w.org.update(context.Background(), func(tx *store.Tx) error { return w.org.policies.Put(tx, broken.key(), &broken) }); err != nil {
		t.Fatal(err)
	}
	if w.makes(user) == nil || w.bugs.Count() != 1 {
		t.Errorf("let in, with %d bugs", w.bugs.Count())
	}
	// A unit that is gone allows nothing to those below it.
	orphan := *w.org.members.Get(account)
	orphan.Parent = "ou-0000-00000000"
	if err := w.org.update(context.Background(), func(tx *store.Tx) error {
		return errors.Join(w.org.members.Put(tx, account, &orphan), w.org.policies.Delete(tx, broken.key()))
	}); err != nil {
		t.Fatal(err)
	}
	if w.makes(user) == nil {
		t.Error("an account below nothing is let in")
	}
}

// TestDecisionsDuringChanges: a reader sees the organization before or after a
// change, never in between. The policy moves between two levels, attached to
// the one before it leaves the other, so that it always denies.
func TestDecisionsDuringChanges(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	unit, account := w.unit(r, "u"), w.account("a")
	w.move(account, r, unit)
	p := w.policy(serviceControl, "NoGroups", deny("logs:*"))
	w.attach(p, unit)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			request := &policy.Request{Principal: policy.Principal{Kind: policy.Root, Account: account, ARN: "arn:aws:iam::" + account + ":root"}, Action: "logs:CreateLogGroup", Resource: "*"}
			for {
				select {
				case <-done:
					return
				default:
				}
				if m := w.org.Membership(account); policy.Evaluate(request, &policy.Layers{ServiceControl: m.ServiceControl}).Allowed() {
					t.Error("let in between two changes")
					return
				}
			}
		})
	}
	for range 50 {
		w.attach(p, account)
		w.detach(p, unit)
		w.attach(p, unit)
		w.detach(p, account)
	}
	close(done)
	readers.Wait()
}

func BenchmarkMembership(b *testing.B) {
	w := newWorld(b)
	w.organize()
	account := w.account("a")
	var o op.Organizations = w.org
	b.ReportAllocs()
	for b.Loop() {
		_ = o.Membership(account)
	}
}
