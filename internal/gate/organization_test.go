package gate

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

const (
	management = "333333333333"
	outside    = "444444444444"
	unitPath   = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"
	role       = "arn:aws:iam::" + here + ":role/r"
)

// company is an organization of here, there and the management account. The
// test plays AWS Organizations; roles and logs are owned by nobody in it.
type company struct {
	owner
	members map[string]*op.Membership
}

var organizationsLike = &api.Service{ID: "organizations", Protocol: api.JSON11}

func (*company) API() *api.Service                          { return organizationsLike }
func (c *company) Membership(account string) *op.Membership { return c.members[account] }

// full is the control policy that allows everything.
func full(t testing.TB, principal string) policy.Attached {
	return attached(t, statement("Allow", "*", "*", principal))
}

const anybody = `,"Principal":"*"`

// incorporate puts here and there into an organization with these control
// policies on the level of the accounts, below a root that allows everything.
func (w *world) incorporate(service, resource []policy.Attached) *company {
	w.Helper()
	c := &company{members: map[string]*op.Membership{}}
	join := func(account, path string, service, resource [][]policy.Attached) {
		c.members[account] = &op.Membership{
			Organization: "o-a1b2c3d4e5", Management: management, Paths: []string{path}, ServiceControl: service, ResourceControl: resource,
		}
	}
	services := [][]policy.Attached{{full(w, "")}, service}
	resources := [][]policy.Attached{{full(w, anybody)}, resource}
	join(here, unitPath, services, resources)
	join(there, "o-a1b2c3d4e5/r-ab12/", services, resources)
	join(management, "o-a1b2c3d4e5/r-ab12/", nil, nil)
	w.gate = New(w.iam, []op.Service{w.owner, c}, w.trail, w.bugs)
	return c
}

func TestServiceControlPolicies(t *testing.T) {
	everything := allow("*", "*")
	denied, nothing := statement("Deny", "lambda:Invoke*", "*", ""), statement("Deny", "s3:*", "*", "")
	sns := caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceAccount: here})
	for _, c := range []struct {
		name    string
		control []string // beside the policy that allows everything, unless only is set
		only    bool
		ask     func(w *world) *op.Question
		allowed bool
		layer   string
	}{
		{"one that is about something else", []string{nothing}, false, func(w *world) *op.Question { return question(w.user(here, "u", everything)) }, true, "identity"},
		{"a user", []string{denied}, false, func(w *world) *op.Question { return question(w.user(here, "u", everything)) }, false, "service-control"},
		{"a role session", []string{denied}, false, func(w *world) *op.Question { return question(w.session(here, "r", nil, everything)) }, false, "service-control"},
		{"the root user", []string{denied}, false, func(w *world) *op.Question { return question(caller.Root(here, caller.Key{})) }, false, "service-control"},
		{"a federated session", []string{denied}, false, func(w *world) *op.Question {
			u, _ := w.user(here, "u", everything).User()
			everything := attached(t, everything)
			return question(caller.ForFederated(caller.Federated{Account: here, Name: "ann", By: u, Policies: caller.SessionPolicies{Inline: everything.Policy}}, caller.Key{}))
		}, false, "service-control"},
		{"whom the function lets in", []string{denied}, false, func(w *world) *op.Question {
			w.permit(function, permits(`"*"`, invoke))
			return question(w.user(here, "u"))
		}, false, "service-control"},
		{"no level may be without an allow", []string{allow("s3:*", "*")}, true, func(w *world) *op.Question { return question(w.user(here, "u", everything)) }, false, "service-control"},
		{"one allow on each level is enough", []string{allow("s3:*", "*"), allow("lambda:*", "*")}, true, func(w *world) *op.Question { return question(w.user(here, "u", everything)) }, true, "identity"},
		{"it grants nothing", nil, false, func(w *world) *op.Question { return question(w.user(here, "u")) }, false, "identity"},
		{"the management account", []string{denied}, false, func(w *world) *op.Question {
			w.permit(function, permits(`{"AWS":"`+management+`"}`, invoke))
			return question(w.user(management, "u", everything))
		}, true, "identity"},
		{"an account outside", []string{denied}, false, func(w *world) *op.Question {
			w.permit(function, permits(`{"AWS":"`+outside+`"}`, invoke))
			return question(w.user(outside, "u", everything))
		}, true, "identity"},
		{"the function's account does not count", []string{denied}, false, func(w *world) *op.Question {
			w.permit(function, permits(`"*"`, invoke))
			return question(caller.Anonymous())
		}, true, "resource"},
		{"a service", []string{denied}, false, func(w *world) *op.Question {
			w.permit(function, permits(`{"Service":"sns.amazonaws.com"}`, invoke))
			return question(sns)
		}, true, "resource"},
		{"a service-linked role", []string{denied}, false, func(w *world) *op.Question {
			s := caller.RoleSession{Account: here, RoleARN: "arn:aws:iam::" + here + ":role/aws-service-role/x.amazonaws.com/X", RoleName: "X", RoleID: "AROAX", Name: "s"}
			w.iam.set(s.RoleARN, op.Grants{Identity: []policy.Attached{attached(t, everything)}})
			return question(caller.ForRoleSession(s, caller.Key{}))
		}, true, "identity"},
	} {
		w := newWorld(t)
		var control []policy.Attached
		if !c.only {
			control = append(control, full(t, ""))
		}
		for _, s := range c.control {
			control = append(control, attached(t, s))
		}
		w.incorporate(control, []policy.Attached{full(t, anybody)})
		err := w.admit(c.ask(w))
		if (err == nil) != c.allowed || w.last().Layer != c.layer {
			t.Errorf("%s: got %v from the layer %s", c.name, err, w.last().Layer)
		}
	}
}

func TestResourceControlPolicies(t *testing.T) {
	everything := allow("*", "*")
	denied := statement("Deny", "*", "*", anybody)
	on := func(action, arn string, as caller.Caller) *op.Question {
		q := question(as)
		q.Action, q.Resource.ARN = action, arn
		return q
	}
	const logGroup = "arn:aws:logs:us-east-1:" + here + ":log-group:g"
	assume := func(as caller.Caller) *op.Question { return on("sts:AssumeRole", role, as) }
	for _, c := range []struct {
		name    string
		ask     func(w *world) *op.Question
		allowed bool
	}{
		{"a role", func(w *world) *op.Question { return assume(w.user(here, "u", everything)) }, false},
		{"a role, for its own root user", func(*world) *op.Question { return assume(caller.Root(here, caller.Key{})) }, false},
		{"a role's session tags", func(w *world) *op.Question { return on("sts:TagSession", role, w.user(here, "u", everything)) }, false},
		{"a log group", func(w *world) *op.Question { return on("logs:CreateLogGroup", logGroup, w.user(here, "u", everything)) }, false},
		{"letter case does not help", func(w *world) *op.Question { return on("LOGS:createloggroup", logGroup, w.user(here, "u", everything)) }, false},
		{"the management account's principals are not spared", func(w *world) *op.Question {
			return on("logs:CreateLogGroup", logGroup, w.user(management, "u", everything))
		}, false},
		{"a service-linked role is spared", func(w *world) *op.Question {
			return on("sts:AssumeRole", "arn:aws:iam::"+here+":role/aws-service-role/x.amazonaws.com/X", w.user(here, "u", everything))
		}, true},
		{"Lambda does not support them", func(w *world) *op.Question { return question(w.user(here, "u", everything)) }, true},
		{"IAM does not support them", func(w *world) *op.Question { return on("iam:GetRole", role, w.user(here, "u", everything)) }, true},
		{"STS, but no role", func(w *world) *op.Question {
			return on("sts:GetFederationToken", "arn:aws:sts::"+here+":federated-user/x", w.user(here, "u", everything))
		}, true},
		{"a resource of the management account", func(w *world) *op.Question {
			return on("logs:CreateLogGroup", strings.ReplaceAll(logGroup, here, management), w.user(management, "u", everything))
		}, true},
		{"a resource outside", func(w *world) *op.Question {
			return on("logs:CreateLogGroup", strings.ReplaceAll(logGroup, here, outside), w.user(outside, "u", everything))
		}, true},
	} {
		w := newWorld(t)
		w.incorporate([]policy.Attached{full(t, "")}, []policy.Attached{full(t, anybody), attached(t, denied)})
		switch err := w.admit(c.ask(w)); {
		case (err == nil) != c.allowed:
			t.Errorf("%s: got %v", c.name, err)
		case !c.allowed && w.last().Layer != "resource-control":
			t.Errorf("%s: denied by the layer %s", c.name, w.last().Layer)
		}
		w.incorporate([]policy.Attached{full(t, "")}, []policy.Attached{full(t, anybody)})
		if err := w.admit(c.ask(w)); (err == nil) != c.allowed && strings.Contains(w.last().Layer, "control") {
			t.Errorf("%s: the policy that allows everything says %v", c.name, err)
		}
	}
}

// TestOrganizationKeys: they are there for members, the management account
// included, and for nobody else.
func TestOrganizationKeys(t *testing.T) {
	const id, root = "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/"
	principal := func(path string) keys { return keys{"aws:PrincipalOrgID": {id}, "aws:PrincipalOrgPaths": {path}} }
	resource := func(path string) keys { return keys{"aws:ResourceOrgID": {id}, "aws:ResourceOrgPaths": {path}} }
	source := keys{"aws:SourceOrgID": {id}, "aws:SourceOrgPaths": {root}}
	sns := func(account string) caller.Caller {
		return caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceAccount: account})
	}
	for _, c := range []struct {
		name     string
		caller   func(w *world) caller.Caller
		resource string
		want     keys
	}{
		{"a member on its own resource", func(w *world) caller.Caller { return w.user(here, "u") }, function, with(principal(unitPath), resource(unitPath))},
		{"a member's session", func(w *world) caller.Caller { return w.session(here, "r", nil) }, function, with(principal(unitPath), resource(unitPath))},
		{"a member's root user", func(*world) caller.Caller { return caller.Root(here, caller.Key{}) }, function, with(principal(unitPath), resource(unitPath))},
		{"the management account on a member's resource", func(w *world) caller.Caller { return w.user(management, "u") }, function, with(principal(root), resource(unitPath))},
		{"from outside", func(w *world) caller.Caller { return w.user(outside, "u") }, function, resource(unitPath)},
		{"to the outside", func(w *world) caller.Caller { return w.user(here, "u") }, strings.ReplaceAll(function, here, outside), principal(unitPath)},
		{"outside altogether", func(w *world) caller.Caller { return w.user(outside, "u") }, strings.ReplaceAll(function, here, outside), keys{}},
		{"an action without resource", func(w *world) caller.Caller { return w.user(here, "u") }, "*", with(principal(unitPath), resource(unitPath))},
		{"anonymous", func(*world) caller.Caller { return caller.Anonymous() }, function, resource(unitPath)},
		{"a service for a member", func(*world) caller.Caller { return sns(there) }, function, with(source, resource(unitPath))},
		{"a service for somebody outside", func(*world) caller.Caller { return sns(outside) }, function, resource(unitPath)},
		{"a service for nobody", func(*world) caller.Caller { return sns("") }, function, resource(unitPath)},
	} {
		w := newWorld(t)
		w.incorporate(nil, nil)
		q := question(c.caller(w))
		q.Resource.ARN = c.resource
		got := w.keys(q)
		for k := range got {
			if !strings.Contains(k, "Org") {
				delete(got, k)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		for _, k := range w.last().Lists {
			if strings.HasSuffix(k, "OrgID") {
				t.Errorf("%s: %s is a list", c.name, k)
			}
		}
		if n := len(got) / 2; n > 0 && !slices.ContainsFunc(w.last().Lists, func(k string) bool { return strings.HasSuffix(k, "OrgPaths") }) {
			t.Errorf("%s: the paths are not multivalued: %v", c.name, w.last().Lists)
		}
	}
}

// TestTheDenyingControlPolicyIsNamed, but not to somebody outside.
func TestTheDenyingControlPolicyIsNamed(t *testing.T) {
	const arn = "arn:aws:organizations::333333333333:policy/o-a1b2c3d4e5/service_control_policy/p-11111111"
	w := newWorld(t)
	deny := attached(t, statement("Deny", "lambda:*", "*", ""))
	deny.ARN, deny.Name, deny.Source = arn, "NoLambda", "account "+here
	w.incorporate([]policy.Attached{full(t, ""), deny}, nil)
	const reason = " with an explicit deny in a service control policy"
	for resource, named := range map[string]bool{function: true, distant: true, strings.ReplaceAll(function, here, outside): false} {
		q := question(w.user(here, "u", allow("*", "*")))
		q.Resource.ARN = resource
		err := w.admit(q)
		want := reason
		if named {
			want += ": " + arn
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", resource, err)
		}
	}
}

// BenchmarkAdmitInOrganization is BenchmarkAdmit between members.
func BenchmarkAdmitInOrganization(b *testing.B) {
	w := newWorld(b)
	w.incorporate([]policy.Attached{full(b, "")}, []policy.Attached{full(b, anybody)})
	c := w.user(here, "u", statement("Allow", "s3:*", "*", ""), allow(invoke, function))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.gate.Admit(b.Context(), question(c)); err != nil {
			b.Fatal(err)
		}
	}
}
