package sts

import (
	"strings"
	"testing"
	"time"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/caller"
)

const mayAssume = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`

func TestWhoMayAssumeARole(t *testing.T) {
	for _, c := range []struct {
		name     string
		account  string // of the role; the caller is here
		trust    string
		identity string
		ok       bool
	}{
		{"the trust policy names the user", here, trusts("arn:aws:iam::111111111111:user/my-user"), "", true},
		{"the trust policy names another user", here, trusts("arn:aws:iam::111111111111:user/your-user"), mayAssume, false},
		{"the trust policy names the account, the user has nothing", here, trusts(here), "", false},
		{"the trust policy names the account, the user may", here, trusts(here), mayAssume, true},
		{"an identity policy without the trust policy", here, trusts(there), mayAssume, false},
		{"across accounts, trust policy only", there, trusts("arn:aws:iam::111111111111:user/my-user"), "", false},
		{"across accounts, identity policy only", there, trusts(there), mayAssume, false},
		{"across accounts, both", there, trusts("arn:aws:iam::111111111111:user/my-user"), mayAssume, true},
		{"across accounts, open trust policy only", there, trusts("*"), "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			user := w.user(here, "my-user", c.identity)
			w.user(here, "your-user", "")
			role := w.role(c.account, "my-role", c.trust)
			out, err := w.assume(user, request(role))
			if !c.ok {
				refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:AssumeRole on resource: "+role)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := *out.AssumedRoleUser.Arn, "arn:aws:sts::"+c.account+":assumed-role/my-role/my-session"; got != want {
				t.Errorf("session ARN %s, want %s", got, want)
			}
			if got := *out.AssumedRoleUser.AssumedRoleId; got != "AROAMY-ROLE:my-session" {
				t.Errorf("session id %s", got)
			}
			if out.PackedPolicySize != nil {
				t.Error("PackedPolicySize is absent when neither policy nor tags were passed")
			}
			if !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") || len(*out.Credentials.SecretAccessKey) != 40 {
				t.Errorf("credentials of the wrong form: %s", *out.Credentials.AccessKeyId)
			}
		})
	}
}

func TestMissingRoleLooksLikeARefusingOne(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	_, err := w.assume(user, request("arn:aws:iam::111111111111:role/no-role"))
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111111111111:role/no-role")
}

func TestRootMayNotAssumeRoles(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "my-role", trusts("*"))
	_, err := w.assume(caller.Root(here, caller.Key{}), request(role))
	refused(t, err, 403, "AccessDenied", "Roles may not be assumed by root accounts.")
	w.assumed(w.user(here, "my-user", mayAssume), request(role)) // the twin
}

func TestNobodyAssumesARole(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "my-role", trusts("*"))
	for _, c := range []caller.Caller{{}, caller.Anonymous()} {
		_, err := w.assume(c, request(role))
		refused(t, err, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
}

func TestARNThatIsNoRole(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	for _, arn := range []string{
		"this-is-not-an-arn-at-all", "arn:aws:iam::111111111111:user/my-role", "arn:aws:iam::11:role/my-role-name",
		"arn:aws:iam::111111111111:role/", "arn:aws:iam::111111111111:role/*", "arn:aws:iam:us-east-1:111111111111:role/r",
	} {
		_, err := w.assume(user, request(arn))
		refused(t, err, 400, "ValidationError", arn+" is invalid")
	}
}

func TestExternalID(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	role := w.role(here, "my-role", statement("Allow", `{"AWS":"111111111111"}`, `"sts:AssumeRole"`, "", `{"StringEquals":{"sts:ExternalId":"secret-handshake"}}`))
	denied := "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:AssumeRole on resource: " + role
	in := request(role)
	_, err := w.assume(user, in)
	refused(t, err, 403, "AccessDenied", denied)
	in.ExternalId = ptr("wrong")
	_, err = w.assume(user, in)
	refused(t, err, 403, "AccessDenied", denied)
	in.ExternalId = ptr("secret-handshake")
	w.assumed(user, in)
}

func TestSessionNameAndDurationInConditions(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", statement("Allow", "", `"sts:AssumeRole"`, "*", `{"NumericLessThanEquals":{"sts:DurationSeconds":"1800"}}`))
	role := w.role(here, "my-role", statement("Allow", `{"AWS":"111111111111"}`, `"sts:AssumeRole"`, "", `{"StringEquals":{"sts:RoleSessionName":"my-session"}}`))
	in := request(role)
	in.DurationSeconds = ptr(int32(1800))
	w.assumed(user, in)
	in.DurationSeconds = ptr(int32(1801))
	if _, err := w.assume(user, in); err == nil {
		t.Error("a duration above the one allowed was accepted")
	}
	in.DurationSeconds = ptr(int32(1800))
	in.RoleSessionName = ptr("other-session")
	if _, err := w.assume(user, in); err == nil {
		t.Error("a session name the trust policy does not know was accepted")
	}
}

func TestDurations(t *testing.T) {
	const tooLong = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	const chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
	for _, c := range []struct {
		name    string
		seconds int32 // 0 passes none
		max     int
		chain   bool
		lasts   int
		text    string
	}{
		{"none given", 0, 7200, false, 3600, ""},
		{"up to the role's limit", 7200, 7200, false, 7200, ""},
		{"above the role's limit", 7201, 7200, false, 0, tooLong},
		{"one hour in a chain", 3600, 7200, true, 3600, ""},
		{"above one hour in a chain", 3601, 7200, true, 0, chained},
		{"the role's limit is checked before the chain's", 7201, 7200, true, 0, tooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			who := w.user(here, "my-user", mayAssume)
			if c.chain {
				first := w.role(here, "first", trusts(here))
				w.iam.grants[first] = mayAssume
				who = w.assumed(who, request(first))
			}
			role := w.role(here, "my-role", trusts(here))
			w.iam.roles[role].MaxSession = c.max
			in := request(role)
			if c.seconds > 0 {
				in.DurationSeconds = &c.seconds
			}
			out, err := w.assume(who, in)
			if c.text != "" {
				refused(t, err, 400, "ValidationError", c.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := int(out.Credentials.Expiration.Sub(w.clock.Now()) / time.Second); got != c.lasts {
				t.Errorf("the session lasts %d s, want %d", got, c.lasts)
			}
		})
	}
}

func TestServiceIsJudgedByTheTrustPolicyAlone(t *testing.T) {
	w := newWorld(t)
	const function = "arn:aws:lambda:us-east-1:111111111111:function:my-function"
	lambda := caller.ForService(caller.Service{Principal: "lambda.amazonaws.com", SourceARN: function, SourceAccount: here, ForFunction: function})
	mine := w.role(here, "mine", statement("Allow", `{"Service":"lambda.amazonaws.com"}`, `"sts:AssumeRole"`, "", ""))
	other := w.role(here, "other", statement("Allow", `{"Service":"ec2.amazonaws.com"}`, `"sts:AssumeRole"`, "", ""))
	account := w.role(here, "account", trusts(here))
	for _, role := range []string{other, account} {
		_, err := w.assume(lambda, request(role))
		refused(t, err, 403, "AccessDenied", "User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: "+role)
	}
	in := request(mine)
	in.DurationSeconds = ptr(int32(43200)) // the role's MaxSessionDuration of an hour does not bind services
	session, _ := w.assumed(lambda, in).RoleSession()
	if session.SourceFunctionARN != function {
		t.Errorf("the session was made for function %q", session.SourceFunctionARN)
	}
	if got := session.Expires.Sub(w.clock.Now()); got != 12*time.Hour {
		t.Errorf("the session lasts %v", got)
	}
}

func TestServiceLinkedRoleIsForItsServiceOnly(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "linked", trusts(here))
	w.iam.roles[role].ServiceLinked = true
	user := w.user(here, "my-user", mayAssume)
	_, err := w.assume(user, request(role))
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:AssumeRole on resource: "+role)
	w.iam.roles[role].ServiceLinked = false
	w.assumed(user, request(role))
}

func TestMFADevicesDoNotExist(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	in := request(w.role(here, "my-role", trusts(here)))
	in.SerialNumber = ptr("arn:aws:iam::111111111111:mfa/my-user")
	_, err := w.assume(user, in)
	refused(t, err, 403, "AccessDenied", "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	in.TokenCode = ptr("123456")
	_, err = w.assume(user, in)
	refused(t, err, 403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}

func TestProvidedContextsNeedsPermissionThenIsRefused(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	in := request(w.role(here, "my-role", trusts(here)))
	in.ProvidedContexts = []stsapi.ProvidedContext{{ContextAssertion: ptr("assertion")}}
	_, err := w.assume(user, in)
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:SetContext on resource: "+*in.RoleArn)
	w.role(here, "my-role", statement("Allow", `{"AWS":"111111111111"}`, `"sts:*"`, "", ""))
	_, err = w.assume(user, in)
	refused(t, err, 400, "InvalidParameterValue", "ProvidedContexts is not available: Sallyport has no identity provider that could have signed a context assertion.")
}
