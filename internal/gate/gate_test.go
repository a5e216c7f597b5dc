package gate

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// TestWhoIsLetIn puts every kind of caller before a function that knows it and
// one that does not. Each denial has its allowing twin.
func TestWhoIsLetIn(t *testing.T) {
	everything := allow("*", "*")
	inline := func(text string) caller.SessionPolicies {
		a := attached(t, text)
		return caller.SessionPolicies{Inline: a.Policy}
	}
	arns := func(names ...string) caller.SessionPolicies { return caller.SessionPolicies{ARNs: names} }
	session := func(w *world, p caller.SessionPolicies, statements ...string) caller.Caller {
		return w.session(here, "r", func(s *caller.RoleSession) { s.Policies = p }, statements...)
	}
	federated := func(w *world, p caller.SessionPolicies) caller.Caller {
		u, _ := w.user(here, "u", everything).User()
		return caller.ForFederated(caller.Federated{Account: here, Name: "ann", By: u, Policies: p}, caller.Key{})
	}
	sns := caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceARN: "arn:aws:sns:us-east-1:" + here + ":t", SourceAccount: here})
	const onlyFromTopic = `{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}}`

	for _, c := range []struct {
		name    string
		caller  func(w *world) caller.Caller
		permit  string // statement of the function's policy, empty for none
		allowed bool
	}{
		{"nobody", func(*world) caller.Caller { return caller.Caller{} }, "", false},
		{"nobody, even where everybody may", func(*world) caller.Caller { return caller.Caller{} }, permits(`"*"`, invoke), false},
		{"anonymous", func(*world) caller.Caller { return caller.Anonymous() }, "", false},
		{"anonymous where somebody else may", func(*world) caller.Caller { return caller.Anonymous() }, permits(`{"AWS":"`+here+`"}`, invoke), false},
		{"anonymous where everybody may", func(*world) caller.Caller { return caller.Anonymous() }, permits(`"*"`, invoke), true},

		{"root", func(*world) caller.Caller { return caller.Root(here, caller.Key{}) }, "", true},
		{"root of an account that is not here", func(*world) caller.Caller { return caller.Root("333333333333", caller.Key{}) }, permits(`"*"`, invoke), false},
		{"root of no account", func(*world) caller.Caller { return caller.Root("", caller.Key{}) }, permits(`"*"`, invoke), false},
		{"root of another account", func(*world) caller.Caller { return caller.Root(there, caller.Key{}) }, "", false},
		{"root of another account that the function lets in", func(*world) caller.Caller { return caller.Root(there, caller.Key{}) }, permits(`{"AWS":"`+there+`"}`, invoke), true},

		{"a user without policies", func(w *world) caller.Caller { return w.user(here, "u") }, "", false},
		{"a user with a policy", func(w *world) caller.Caller { return w.user(here, "u", allow(invoke, function)) }, "", true},
		{"a user with a policy for another function", func(w *world) caller.Caller { return w.user(here, "u", allow(invoke, function+"2")) }, "", false},
		{"a user whom the function lets in", func(w *world) caller.Caller { return w.user(here, "u") }, permits(`{"AWS":"arn:aws:iam::`+here+`:user/u"}`, invoke), true},
		{"a user with a policy, denied by the function", func(w *world) caller.Caller { return w.user(here, "u", everything) },
			`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`, false},
		{"a user that was deleted", func(w *world) caller.Caller {
			c := w.user(here, "u", everything)
			delete(w.iam.grants, c.ARN())
			return c
		}, permits(`"*"`, invoke), false},

		{"a session", func(w *world) caller.Caller { return session(w, caller.SessionPolicies{}, everything) }, "", true},
		{"a session of a role without policies", func(w *world) caller.Caller { return session(w, caller.SessionPolicies{}) }, "", false},
		{"a session of a role that was deleted", func(w *world) caller.Caller {
			c := session(w, caller.SessionPolicies{}, everything)
			delete(w.iam.grants, c.PrincipalARN())
			return c
		}, "", false},
		{"a session policy that allows", func(w *world) caller.Caller { return session(w, inline(allow("lambda:*", "*")), everything) }, "", true},
		{"a session policy that allows something else", func(w *world) caller.Caller { return session(w, inline(allow("s3:*", "*")), everything) }, "", false},
		{"a session policy grants nothing itself", func(w *world) caller.Caller { return session(w, inline(everything)) }, "", false},
		{"a session policy by ARN", func(w *world) caller.Caller { return session(w, arns("managed"), everything) }, "", true},
		{"a session policy by ARN that is gone", func(w *world) caller.Caller { return session(w, arns("gone"), everything) }, "", false},
		{"one of two session policies", func(w *world) caller.Caller { return session(w, arns("gone", "managed"), everything) }, "", true},
		{"a session that is named itself needs no session policy's allow", func(w *world) caller.Caller {
			return session(w, inline(allow("s3:*", "*")))
		}, permits(`{"AWS":"arn:aws:sts::`+here+`:assumed-role/r/my-session"}`, invoke), true},

		{"a federated session without policies has none", func(w *world) caller.Caller { return federated(w, caller.SessionPolicies{}) }, "", false},
		{"a federated session with one", func(w *world) caller.Caller { return federated(w, inline(everything)) }, "", true},
		{"a federated session of a deleted user", func(w *world) caller.Caller {
			c := federated(w, inline(everything))
			delete(w.iam.grants, "arn:aws:iam::"+here+":user/u")
			return c
		}, permits(`"*"`, invoke), false},

		{"a service that nobody let in", func(*world) caller.Caller { return sns }, "", false},
		{"a service that is let in", func(*world) caller.Caller { return sns }, permits(`{"Service":"sns.amazonaws.com"}`, invoke), true},
		{"another service", func(*world) caller.Caller { return caller.ForService(caller.Service{Principal: "s3.amazonaws.com"}) }, permits(`{"Service":"sns.amazonaws.com"}`, invoke), false},
		{"a service for the right source", func(*world) caller.Caller { return sns }, onlyFromTopic, true},
		{"a service for no source", func(*world) caller.Caller { return caller.ForService(caller.Service{Principal: "sns.amazonaws.com"}) }, onlyFromTopic, false},
		{"a service is not of the account it acts for", func(*world) caller.Caller { return sns }, permits(`{"AWS":"`+here+`"}`, invoke), false},
		{"a service of no name", func(*world) caller.Caller { return caller.ForService(caller.Service{}) }, permits(`"*"`, invoke), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.iam.managed["managed"] = attached(t, allow("lambda:*", "*"))
			if c.permit != "" {
				w.permit(function, c.permit)
			}
			if err := w.admit(question(c.caller(w))); (err == nil) != c.allowed {
				t.Errorf("answer %v", err)
			}
			if n := w.bugs.Count(); n > 0 {
				t.Errorf("%d bugs", n)
			}
		})
	}
}

func TestBoundaryThatIsGoneAllowsNothing(t *testing.T) {
	w := newWorld(t)
	c := w.user(here, "u")
	g := op.Grants{Identity: []policy.Attached{attached(t, allow("*", "*"))}}
	w.iam.set(c.ARN(), g)
	if err := w.admit(question(c)); err != nil {
		t.Errorf("without a boundary: %v", err)
	}
	g.Boundary = &policy.Attached{Name: "gone"}
	w.iam.set(c.ARN(), g)
	if err := w.admit(question(c)); err == nil || !strings.Contains(err.Error(), "permissions boundary") {
		t.Errorf("with a boundary whose document is gone: %v", err)
	}
}

// TestOtherAccountsResources: whose resource it is decides which sides must allow.
func TestOtherAccountsResources(t *testing.T) {
	const managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	for _, c := range []struct {
		name     string
		resource op.Resource
		facts    op.Facts
		owner    string
		allowed  bool
	}{
		{"of the caller's account", op.Resource{ARN: function}, op.Facts{}, here, true},
		{"of another account", op.Resource{ARN: distant}, op.Facts{}, there, false},
		{"as the finder says", op.Resource{ARN: "arn:aws:lambda:us-east-1::x", Account: there}, op.Facts{}, there, false},
		{"as the owner says, against the ARN", op.Resource{ARN: function}, op.Facts{Account: there}, there, false},
		{"as the owner says, against the finder", op.Resource{ARN: distant, Account: there}, op.Facts{Account: here}, here, true},
		{"of AWS: it is in every account", op.Resource{ARN: managed}, op.Facts{}, here, true},
		{"no resource", op.Resource{ARN: "*"}, op.Facts{}, here, true},
		{"a pattern", op.Resource{ARN: "arn:aws:iam::" + here + ":role/*"}, op.Facts{}, here, true},
		{"a pattern in another account", op.Resource{ARN: "arn:aws:iam::" + there + ":role/*"}, op.Facts{}, there, false},
		{"of an account that is none", op.Resource{ARN: "arn:aws:lambda:us-east-1:x:function:f"}, op.Facts{}, "x", false},
		{"no ARN", op.Resource{ARN: "function:f"}, op.Facts{}, here, false},
		{"too short an ARN", op.Resource{ARN: "arn:aws:lambda"}, op.Facts{}, here, false},
		{"nothing", op.Resource{}, op.Facts{}, here, false},
		{"of a service that is not here", op.Resource{ARN: "arn:aws:s3:us-east-1:" + here + ":x"}, op.Facts{}, here, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.owner.facts[c.resource.ARN] = c.facts
			q := question(w.user(here, "u", allow("*", "*")))
			q.Resource = c.resource
			if err := w.admit(q); (err == nil) != c.allowed {
				t.Errorf("answer %v", err)
			}
			if got := w.last().ResourceAccount; got != c.owner {
				t.Errorf("owner %q, want %q", got, c.owner)
			}
		})
	}
}

// TestBothSidesOfACrossAccountCall: neither alone is enough.
func TestBothSidesOfACrossAccountCall(t *testing.T) {
	for _, c := range []struct {
		name, permit string
		statements   []string
		allowed      bool
	}{
		{"neither", "", nil, false},
		{"the caller's side", "", []string{allow(invoke, distant)}, false},
		{"the resource's side", permits(`{"AWS":"`+here+`"}`, invoke), nil, false},
		{"the resource's side, for everybody", permits(`"*"`, invoke), nil, false},
		{"both", permits(`{"AWS":"`+here+`"}`, invoke), []string{allow(invoke, distant)}, true},
	} {
		w := newWorld(t)
		if c.permit != "" {
			w.permit(distant, c.permit)
		}
		q := question(w.user(here, "u", c.statements...))
		q.Resource.ARN = distant
		if err := w.admit(q); (err == nil) != c.allowed {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRoleTrustMustAllow(t *testing.T) {
	w := newWorld(t)
	q := question(w.user(here, "u", allow("*", "*")))
	if err := w.admit(q); err != nil {
		t.Errorf("without: %v", err)
	}
	w.owner.facts[function] = op.Facts{MustAllow: true}
	if err := w.admit(q); err == nil {
		t.Error("the identity policy alone was enough where the resource must allow")
	}
	if !w.last().ResourceMustAllow {
		t.Error("the record does not say that the resource must allow")
	}
}

// TestFactsOfACall: what the finder says of a resource is judged in place of what
// its owner says now, and a resource that is not known has no facts at all.
func TestFactsOfACall(t *testing.T) {
	w := newWorld(t)
	q := question(w.user(here, "u", allow("*", "*")))
	q.Resource.Facts = &op.Facts{MustAllow: true}
	if err := w.admit(q); err == nil {
		t.Error("the owner's facts were judged, not those of the call")
	}
	w.owner.facts[function] = op.Facts{MustAllow: true}
	q.Resource.Facts = &op.Facts{}
	if err := w.admit(q); err != nil {
		t.Errorf("the owner's facts were judged, not those of the call: %v", err)
	}
	q.Unknown = true
	if err := w.admit(q); err == nil {
		t.Error("an unknown resource was let in")
	}
}

func TestOwnerIsAskedAboutItsResourcesOnly(t *testing.T) {
	w := newWorld(t)
	c := w.user(here, "u")
	for _, arn := range []string{function, "*", "arn:aws:s3:::bucket", "", "lambda", "arn:aws:lambda:us-east-1:" + here + ":function:*"} {
		q := question(c)
		q.Resource.ARN = arn
		_ = w.admit(q)
	}
	if got := strings.Join(w.owner.asked, ", "); got != invoke+" "+function+", "+invoke+" arn:aws:lambda:us-east-1:"+here+":function:*" {
		t.Errorf("asked: %s", got)
	}
}

// TestUnknownResourceIsDenied whoever asks.
func TestUnknownResourceIsDenied(t *testing.T) {
	w := newWorld(t)
	for _, c := range []caller.Caller{caller.Root(here, caller.Key{}), w.user(here, "u", allow("*", "*")), caller.Anonymous(), {}} {
		q := question(c)
		q.Resource, q.Unknown = op.Resource{}, true
		err := w.admit(q)
		if err == nil || !strings.Contains(err.Error(), "could not be determined") || !strings.Contains(err.Error(), invoke) {
			t.Errorf("%s: %v", c.ARN(), err)
		}
		want := trail.UnknownResource
		if c.Kind() == caller.Nobody {
			want = trail.NotSigned
		}
		if r := w.last(); r.Refused != want {
			t.Errorf("%s: refused for %q", c.ARN(), r.Refused)
		}
	}
}

func TestRecordsSayWhyPoliciesWereNotAsked(t *testing.T) {
	w := newWorld(t)
	gone := w.user(here, "gone")
	delete(w.iam.grants, gone.ARN())
	for want, c := range map[string]caller.Caller{trail.NoPrincipal: gone, trail.NotSigned: {}, "": w.user(here, "u")} {
		_ = w.admit(question(c))
		if r := w.last(); r.Refused != want {
			t.Errorf("refused for %q, want %q", r.Refused, want)
		}
	}
}

func TestNothingIsForEverySignedCaller(t *testing.T) {
	w := newWorld(t)
	gone := w.user(here, "gone")
	delete(w.iam.grants, gone.ARN())
	for _, c := range []struct {
		name    string
		caller  caller.Caller
		refused string
	}{
		{"nobody", caller.Caller{}, trail.Unsigned},
		{"anonymous", caller.Anonymous(), trail.Unsigned},
		{"a user that was deleted", gone, trail.NoPrincipal},
		{"a user who is denied everything", w.user(here, "u", statement("Deny", "*", "*", "")), ""},
		{"root", caller.Root(here, caller.Key{}), ""},
		{"a session", w.session(here, "r", nil), ""},
		{"a service", caller.ForService(caller.Service{Principal: "lambda.amazonaws.com"}), ""},
	} {
		q := question(c.caller)
		q.Action, q.Resource, q.Nothing = "", op.Resource{}, "AWS says so"
		err := w.admit(q)
		if (err == nil) != (c.refused == "") {
			t.Errorf("%s: %v", c.name, err)
		}
		r := w.last()
		if r.Nothing != "AWS says so" || r.Refused != c.refused {
			t.Errorf("%s: recorded %+v", c.name, r)
		}
		var refusal *api.Error
		if err != nil && (!errors.As(err, &refusal) || refusal.Message != r.Message || !strings.Contains(r.Message, " is not authorized to perform: lambda:Invoke")) {
			t.Errorf("%s: told %v, recorded %q", c.name, err, r.Message)
		}
	}
}

// TestFaultsDeny: whatever breaks while deciding, the answer is no, the fault
// is reported and the record says so.
func TestFaultsDeny(t *testing.T) {
	for name, break_ := range map[string]func(w *world, q *op.Question){
		"the directory": func(w *world, _ *op.Question) { w.iam.broken = true },
		"the owner":     func(w *world, _ *op.Question) { w.owner.broken = true },
		"a context key": func(_ *world, q *op.Question) {
			q.Add = []op.Adder{func(context.Context, *op.Call, *policy.Context) { panic("the adder is broken") }}
		},
		"the question itself": func(_ *world, q *op.Question) { q.Add = []op.Adder{nil} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			q := question(w.user(here, "u", allow("*", "*")))
			break_(w, q)
			err := w.admit(q)
			var fault *api.Error
			if !errors.As(err, &fault) || fault.Code != "InternalFailure" || fault.Status != 500 {
				t.Errorf("answer %v", err)
			}
			if strings.Contains(err.Error(), "broken") {
				t.Error("the caller sees what broke")
			}
			if r := w.last(); r.Refused != trail.Fault || r.Effect != "implicitDeny" {
				t.Errorf("recorded %+v", r)
			}
			if n := w.bugs.Count(); n != 1 {
				t.Errorf("%d bugs reported", n)
			}
		})
	}
}

// TestConcurrentQuestions is for the race detector: policies change while
// calls are decided, and every decision is recorded once.
func TestConcurrentQuestions(t *testing.T) {
	w := newWorld(t)
	c := w.user(here, "u")
	w.iam.set(c.ARN(), op.Grants{})
	may, mayNot := op.Grants{Identity: []policy.Attached{attached(t, allow("*", "*"))}, Tags: map[string]string{"a": "b"}}, op.Grants{}
	const callers, calls = 8, 100
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range calls {
				_ = w.gate.Admit(context.Background(), question(c))
				_ = w.gate.Admit(context.Background(), &op.Question{Call: question(c).Call, Nothing: "x"})
			}
		})
	}
	wg.Go(func() {
		for i := range calls {
			w.iam.set(c.ARN(), []op.Grants{may, mayNot}[i%2])
			if _, err := w.trail.Newest(context.Background(), 0, trail.Filter{Action: invoke}, 50); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if got := w.trail.Last(); got != 2*callers*calls {
		t.Errorf("%d records", got)
	}
}
