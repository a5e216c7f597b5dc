package gate

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// keys maps condition keys to values; every list here has the values as given.
type keys = map[string][]string

// with is base with more keys; a nil value takes one away.
func with(base, more keys) keys {
	all := keys{}
	for k, v := range base {
		all[k] = v
	}
	for k, v := range more {
		if v == nil {
			delete(all, k)
		} else {
			all[k] = v
		}
	}
	return all
}

// TestContextKeys holds every key of every kind of caller. The comparison is
// exact: a key that AWS leaves out must be absent, or a Null condition, a
// negated operator or an ...IfExists decides wrongly.
func TestContextKeys(t *testing.T) {
	w := newWorld(t)
	request := keys{
		"aws:CurrentTime": {"2026-11-20T10:00:00Z"}, "aws:EpochTime": {"1795168800"}, "aws:SecureTransport": {"false"},
		"aws:SourceIp": {"10.1.2.3"}, "aws:UserAgent": {"test/1"}, "aws:RequestedRegion": {"us-east-1"}, "aws:ResourceAccount": {here},
	}
	account := with(request, keys{"aws:PrincipalIsAWSService": {"false"}, "aws:PrincipalAccount": {here}, "aws:ViaAWSService": {"false"}})
	userARN := "arn:aws:iam::" + here + ":user/u"
	user := with(account, keys{"aws:PrincipalArn": {userARN}, "aws:PrincipalType": {"User"}, "aws:userid": {"AIDAU"}, "aws:username": {"u"}})
	temporary := keys{"aws:TokenIssueTime": {"2026-11-20T09:59:00Z"}, "aws:MultiFactorAuthPresent": {"false"}}
	role := with(with(account, temporary), keys{
		"aws:PrincipalArn": {"arn:aws:iam::" + here + ":role/path/r"}, "aws:PrincipalType": {"AssumedRole"}, "aws:userid": {"AROAR:my-session"},
	})
	federated := with(with(account, temporary), keys{
		"aws:PrincipalArn": {"arn:aws:sts::" + here + ":federated-user/ann"}, "aws:PrincipalType": {"FederatedUser"}, "aws:userid": {here + ":ann"},
	})
	service := with(request, keys{
		"aws:PrincipalIsAWSService": {"true"}, "aws:PrincipalServiceName": {"sns.amazonaws.com"}, "aws:PrincipalServiceNamesList": {"sns.amazonaws.com"},
		"aws:ViaAWSService": {"false"},
	})
	issued := caller.Key{AccessKeyID: "ASIA", IssuedAt: now.Add(-time.Minute)}
	mfa := caller.Key{AccessKeyID: "ASIA", IssuedAt: now.Add(-time.Minute), MFA: true}
	u, _ := w.user(here, "u").User()
	session := func(change func(*caller.RoleSession)) caller.Caller { return w.session(here, "r", change) }

	for _, c := range []struct {
		name   string
		caller caller.Caller
		change func(*op.Question)
		want   keys
	}{
		{"a user", w.user(here, "u"), nil, user},
		{"a user with temporary credentials", caller.ForUser(u, issued), nil, with(user, temporary)},
		{"a user with MFA", caller.ForUser(u, mfa), nil, with(user, keys{
			"aws:TokenIssueTime": {"2026-11-20T09:59:00Z"}, "aws:MultiFactorAuthPresent": {"true"}, "aws:MultiFactorAuthAge": {"60"},
		})},
		{"root", caller.Root(here, caller.Key{}), nil, with(account, keys{
			"aws:PrincipalArn": {"arn:aws:iam::" + here + ":root"}, "aws:PrincipalType": {"Account"}, "aws:userid": {here},
		})},
		{"a role session", session(nil), nil, role},
		{"a role session with a source identity", session(func(s *caller.RoleSession) { s.SourceIdentity = "ann" }), nil, with(role, keys{"aws:SourceIdentity": {"ann"}})},
		{"a function's credentials", session(func(s *caller.RoleSession) { s.SourceFunctionARN = function }), nil, with(role, keys{"lambda:SourceFunctionArn": {function}})},
		{"a federated user", caller.ForFederated(caller.Federated{Account: here, Name: "ann", By: u}, issued), nil, federated},
		{"a service without a source", caller.ForService(caller.Service{Principal: "sns.amazonaws.com"}), nil, service},
		{"a service with a source", caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceARN: "arn:aws:sns:us-east-1:222222222222:t", SourceAccount: there}), nil,
			with(service, keys{"aws:SourceArn": {"arn:aws:sns:us-east-1:222222222222:t"}, "aws:SourceAccount": {there}})},
		{"anonymous", caller.Anonymous(), nil, with(request, keys{"aws:PrincipalType": {"Anonymous"}})},
		{"nobody", caller.Caller{}, nil, request},
		{"through a service", w.user(here, "u").OnBehalf("cloudformation.amazonaws.com"), nil, with(user, keys{
			"aws:ViaAWSService": {"true"}, "aws:CalledVia": {"cloudformation.amazonaws.com"},
			"aws:CalledViaFirst": {"cloudformation.amazonaws.com"}, "aws:CalledViaLast": {"cloudformation.amazonaws.com"},
		})},
		{"through two services", w.user(here, "u").OnBehalf("cloudformation.amazonaws.com").OnBehalf("lambda.amazonaws.com"), nil, with(user, keys{
			"aws:ViaAWSService": {"true"}, "aws:CalledVia": {"cloudformation.amazonaws.com", "lambda.amazonaws.com"},
			"aws:CalledViaFirst": {"cloudformation.amazonaws.com"}, "aws:CalledViaLast": {"lambda.amazonaws.com"},
		})},
		{"over TLS, from a page", w.user(here, "u"), func(q *op.Question) { q.Call.Origin.Secure, q.Call.Origin.Referer = true, "http://x/" },
			with(user, keys{"aws:SecureTransport": {"true"}, "aws:Referer": {"http://x/"}})},
		{"not from the wire", w.user(here, "u"), func(q *op.Question) { q.Call.Origin = op.Origin{} }, with(user, keys{"aws:SourceIp": nil, "aws:UserAgent": nil})},
		{"without a region", w.user(here, "u"), func(q *op.Question) { q.Call.Region = "" }, with(user, keys{"aws:RequestedRegion": nil})},
		{"a resource of another account", w.user(here, "u"), func(q *op.Question) { q.Resource.ARN = distant }, with(user, keys{"aws:ResourceAccount": {there}})},
		{"an action without resource", w.user(here, "u"), func(q *op.Question) { q.Resource.ARN = "*" }, user},
		{"keys of the need", w.user(here, "u"), func(q *op.Question) {
			q.Add = []op.Adder{
				func(_ context.Context, _ *op.Call, k *policy.Context) {
					k.Set("iam:PassedToService", "lambda.amazonaws.com")
				},
				func(_ context.Context, _ *op.Call, k *policy.Context) { k.SetList("aws:TagKeys", []string{"a", "b"}) },
			}
		}, with(user, keys{"iam:PassedToService": {"lambda.amazonaws.com"}, "aws:TagKeys": {"a", "b"}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := question(c.caller)
			if c.change != nil {
				c.change(q)
			}
			if diff := cmp.Diff(c.want, w.keys(q)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMultivaluedKeysAreMarked(t *testing.T) {
	w := newWorld(t)
	_ = w.admit(question(w.user(here, "u").OnBehalf("lambda.amazonaws.com")))
	if diff := cmp.Diff([]string{"aws:CalledVia"}, w.last().Lists); diff != "" {
		t.Error(diff)
	}
	_ = w.admit(question(caller.ForService(caller.Service{Principal: "sns.amazonaws.com"})))
	if diff := cmp.Diff([]string{"aws:PrincipalServiceNamesList"}, w.last().Lists); diff != "" {
		t.Error(diff)
	}
}

// TestPrincipalTags: session tags override those of the role or user of the
// same key, and tag keys know no case.
func TestPrincipalTags(t *testing.T) {
	w := newWorld(t)
	type tags = map[string]string
	u, _ := w.user(here, "u").User()
	session := func(own tags) caller.Caller {
		return w.session(here, "r", func(s *caller.RoleSession) { s.Tags = own })
	}
	federated := func(own tags) caller.Caller {
		return caller.ForFederated(caller.Federated{Account: here, Name: "ann", By: u, Tags: own}, caller.Key{})
	}
	for _, c := range []struct {
		name   string
		caller caller.Caller
		// tags are those of the user or role.
		tags tags
		want keys
	}{
		{"of a user", w.user(here, "u"), tags{"team": "red", "stage": ""}, keys{"aws:PrincipalTag/team": {"red"}, "aws:PrincipalTag/stage": {""}}},
		{"of a role", session(nil), tags{"team": "red"}, keys{"aws:PrincipalTag/team": {"red"}}},
		{"of a session", session(tags{"cost": "1"}), tags{"team": "red"}, keys{"aws:PrincipalTag/team": {"red"}, "aws:PrincipalTag/cost": {"1"}}},
		{"the session's over the role's", session(tags{"team": "blue"}), tags{"team": "red"}, keys{"aws:PrincipalTag/team": {"blue"}}},
		{"the session's over the role's in another case", session(tags{"Team": "blue"}), tags{"team": "red"}, keys{"aws:PrincipalTag/team": {"blue"}}},
		{"an empty one over the role's", session(tags{"Team": ""}), tags{"team": "red"}, keys{"aws:PrincipalTag/team": {""}}},
		{"the federated session's over the user's", federated(tags{"TEAM": "blue"}), tags{"team": "red", "stage": "x"}, keys{"aws:PrincipalTag/team": {"blue"}, "aws:PrincipalTag/stage": {"x"}}},
		{"none", w.user(here, "u"), nil, keys{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			arn := c.caller.PrincipalARN()
			if c.caller.Kind() == caller.FederatedKind {
				arn = u.ARN
			}
			w.iam.set(arn, op.Grants{Tags: c.tags})
			if diff := cmp.Diff(c.want, tagKeys("aws:PrincipalTag/", w.keys(question(c.caller)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func tagKeys(prefix string, all keys) keys {
	out := keys{}
	for k, v := range all {
		if len(k) > len(prefix) && k[:len(prefix)] == prefix {
			out[k] = v
		}
	}
	return out
}

// TestOverriddenTagDecides: a condition on the role's tag must not see the
// value that the session replaced, in whatever case it was written.
func TestOverriddenTagDecides(t *testing.T) {
	w := newWorld(t)
	c := w.session(here, "r", func(s *caller.RoleSession) { s.Tags = map[string]string{"Team": "blue"} })
	for team, allowed := range map[string]bool{"red": false, "blue": true} {
		w.iam.set(c.PrincipalARN(), op.Grants{
			Tags:     map[string]string{"team": "red"},
			Identity: []policy.Attached{attached(w, statement("Allow", invoke, "*", `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"`+team+`"}}`))},
		})
		if err := w.admit(question(c)); (err == nil) != allowed {
			t.Errorf("team %s: %v", team, err)
		}
	}
}

// TestResourceTags: functions may have tags that differ in case only. Which one
// a condition sees is AWS's secret: neither lets anybody in, and either keeps out.
func TestResourceTags(t *testing.T) {
	w := newWorld(t)
	c := w.user(here, "u", statement("Allow", invoke, "*", `,"Condition":{"StringEquals":{"aws:ResourceTag/env":"prod"}}`))
	for _, x := range []struct {
		name    string
		tags    map[string]string
		allowed bool
	}{
		{"no tags", nil, false},
		{"the tag", map[string]string{"env": "prod"}, true},
		{"in another case", map[string]string{"ENV": "prod"}, true},
		{"another value", map[string]string{"env": "Prod"}, false},
		{"in both cases", map[string]string{"ENV": "test", "env": "prod"}, false},
		{"in both cases, of one value", map[string]string{"ENV": "prod", "env": "prod"}, true},
		{"in both cases, the other way", map[string]string{"ENV": "prod", "env": "test"}, false},
	} {
		w.owner.facts[function] = op.Facts{Tags: x.tags}
		for range 20 {
			if err := w.admit(question(c)); (err == nil) != x.allowed {
				t.Fatalf("%s: %v", x.name, err)
			}
		}
	}
	c = w.user(here, "v", allow("*", "*"), statement("Deny", invoke, "*", `,"Condition":{"StringEquals":{"aws:ResourceTag/env":"prod"}}`))
	for _, x := range []struct {
		tags    map[string]string
		allowed bool
	}{
		{map[string]string{"env": "test"}, true},
		{map[string]string{"env": "prod"}, false},
		{map[string]string{"ENV": "prod", "env": "test"}, false},
		{map[string]string{"ENV": "test", "env": "prod"}, false},
	} {
		w.owner.facts[function] = op.Facts{Tags: x.tags}
		if err := w.admit(question(c)); (err == nil) != x.allowed {
			t.Errorf("a Deny, with %v: %v", x.tags, err)
		}
	}
}

// TestTagsHaveTheServicesOwnNameToo: those of roles and users are iam:ResourceTag
// beside aws:ResourceTag, whichever service asks about them.
func TestTagsHaveTheServicesOwnNameToo(t *testing.T) {
	w := newWorld(t)
	q := question(w.user(here, "u"))
	w.owner.facts[function] = op.Facts{Tags: map[string]string{"env": "prod"}}
	plain := w.keys(q)
	w.owner.facts[function] = op.Facts{Tags: map[string]string{"env": "prod"}, TagPrefix: "own:ResourceTag/"}
	if diff := cmp.Diff(with(plain, keys{"own:ResourceTag/env": {"prod"}}), w.keys(q)); diff != "" {
		t.Error(diff)
	}
}

// TestAnOwnerTellsKeysOfAResource, of that one and of no other.
func TestAnOwnerTellsKeysOfAResource(t *testing.T) {
	w := newWorld(t)
	q := question(w.user(here, "u"))
	plain := w.keys(q)
	w.owner.facts[function] = op.Facts{Keys: map[string]string{"ec2:Vpc": "arn:aws:ec2:us-east-1:" + here + ":vpc/vpc-1"}}
	if diff := cmp.Diff(with(plain, keys{"ec2:Vpc": {"arn:aws:ec2:us-east-1:" + here + ":vpc/vpc-1"}}), w.keys(q)); diff != "" {
		t.Error(diff)
	}
	q.Resource.ARN = distant
	if _, there := w.keys(q)["ec2:Vpc"]; there {
		t.Error("another resource has the key too")
	}
}

// TestOneCallHasOneMoment: all needs of a call see the same time and principal,
// and each its own resource.
func TestOneCallHasOneMoment(t *testing.T) {
	w := newWorld(t)
	w.owner.facts[function] = op.Facts{Tags: map[string]string{"env": "prod"}}
	q := question(w.user(here, "u"))
	first := w.keys(q)
	q.Resource.ARN = distant
	second := w.keys(q)
	if diff := cmp.Diff(with(first, keys{"aws:ResourceTag/env": nil, "aws:ResourceAccount": {there}}), second); diff != "" {
		t.Error(diff)
	}
}
