package lambda

import (
	"fmt"
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
)

// permit adds a permission as root.
func (w *world) permit(name, sid, action, principal string) {
	w.Helper()
	must(w, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{FunctionName: &name, StatementId: &sid, Action: &action, Principal: &principal})
}

func (w *world) policyOf(name string) string {
	w.Helper()
	return must(w, lambdaapi.GetPolicy, &lambdaapi.GetPolicyRequest{FunctionName: &name}).GetPolicy()
}

func grantRequest(name, sid, principal string) *lambdaapi.AddPermissionRequest {
	return &lambdaapi.AddPermissionRequest{FunctionName: &name, StatementId: &sid, Action: ptr("lambda:InvokeFunction"), Principal: &principal}
}

func TestStatementsAreWrittenAsAWSWritesThem(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	w.user(here, "bob")
	arn := arnOf(here, "f")
	for _, c := range []struct {
		name string
		edit func(*lambdaapi.AddPermissionRequest)
		want string
	}{
		{"service with source", func(in *lambdaapi.AddPermissionRequest) {
			in.Principal, in.SourceArn, in.SourceAccount = ptr("s3.amazonaws.com"), ptr("arn:aws:s3:::b"), ptr(here)
		}, `"Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceAccount":"111111111111"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}`},
		{"account", func(in *lambdaapi.AddPermissionRequest) { in.Principal = ptr("333333333333") },
			`"Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"lambda:InvokeFunction","Resource":"` + arn + `"}`},
		{"user", func(in *lambdaapi.AddPermissionRequest) { in.Principal = ptr("arn:aws:iam::" + here + ":user/bob") },
			`"Principal":{"AWS":"arn:aws:iam::111111111111:user/bob"},"Action":"lambda:InvokeFunction","Resource":"` + arn + `"}`},
		{"everybody in an organization", func(in *lambdaapi.AddPermissionRequest) { in.PrincipalOrgID = ptr("o-1234567890") },
			`"Principal":"*","Action":"lambda:InvokeFunction","Resource":"` + arn + `","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}}`},
		{"Alexa with a token", func(in *lambdaapi.AddPermissionRequest) {
			in.Principal, in.EventSourceToken = ptr("alexa-appkit.amazon.com"), ptr("amzn1.ask")
		}, `"Principal":{"Service":"alexa-appkit.amazon.com"},"Action":"lambda:InvokeFunction","Resource":"` + arn + `","Condition":{"StringEquals":{"lambda:EventSourceToken":"amzn1.ask"}}}`},
		{"function URL", func(in *lambdaapi.AddPermissionRequest) {
			in.Action, in.FunctionUrlAuthType = ptr("lambda:InvokeFunctionUrl"), ptr("NONE")
		}, `"Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"` + arn + `","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}`},
		{"through a function URL only", func(in *lambdaapi.AddPermissionRequest) { in.InvokedViaFunctionUrl = ptr(true) },
			`"Principal":"*","Action":"lambda:InvokeFunction","Resource":"` + arn + `","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`},
		{"characters HTML minds", func(in *lambdaapi.AddPermissionRequest) {
			in.Principal, in.SourceArn = ptr("events.amazonaws.com"), ptr("arn:aws:events:us-east-1:111111111111:rule/a&b<c>")
		}, `"Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + arn + `","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:111111111111:rule/a&b<c>"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := grantRequest("f", "s", "*")
			c.edit(in)
			want := `{"Sid":"s","Effect":"Allow",` + c.want
			if got := must(w, lambdaapi.AddPermission, in).GetStatement(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got := w.policyOf("f"); got != `{"Version":"2012-10-17","Id":"default","Statement":[`+want+`]}` {
				t.Errorf("policy %s", got)
			}
			must(w, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: ptr("f"), StatementId: ptr("s")})
		})
	}
}

func TestPrincipalsThatAreNone(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	add := func(principal string) error {
		_, err := call(w, root, lambdaapi.AddPermission, grantRequest("f", "s", principal))
		return err
	}
	for _, p := range []string{"invalid.nonaws.com", "invalid.amazonaws.com", "11111111111", "bob", "arn:aws:iam::" + here + ":user/nobody", "arn:aws:iam::" + there + ":role/nobody", "logs.nowhere.amazonaws.com"} {
		refused(t, add(p), 400, "InvalidParameterValueException", "The provided principal was invalid. Please check the principal and try again.")
	}
	for _, p := range []string{"arn:aws:iam::" + here + ":user/a*", "arn:aws:iam::1:user/a", "arn:aws:s3:::b", "arn:aws:iam::" + here + ":user/", "arn:aws:iam::" + here + ":rootx", "arn:aws:sts::" + here + ":assumed-role/r"} {
		refused(t, add(p), 400, "InvalidParameterValueException", `The provided input'`+p+`'was invalid. Member must satisfy expression: [\w+=,.@-]* Please check your input and try again.`)
	}
	_, err := call(w, root, lambdaapi.GetPolicy, &lambdaapi.GetPolicyRequest{FunctionName: ptr("f")})
	refused(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	if err := add("logs.eu-west-1.amazonaws.com"); err != nil {
		t.Errorf("a regional principal of Logs: %v", err)
	}
}

func TestAPolicyBelongsToExactlyWhatWasAddressed(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr("prod"), FunctionVersion: ptr("1")})
	stranger := w.user(there, "s", may("lambda:InvokeFunction", "*"))
	names := []string{"f", "f:1", "f:prod", "f:$LATEST"}
	for _, granted := range names[:3] {
		w.permit(granted, "same-sid", "lambda:InvokeFunction", there)
		for _, used := range names {
			_, err := w.invoke(stranger, arnOf(here, used), "{}")
			if used == granted && err != nil {
				t.Errorf("granted on %s, invoked %s: %v", granted, used, err)
			}
			if used != granted {
				refusedLike(t, err, 403, "AccessDeniedException", "because no resource-based policy allows the lambda:InvokeFunction action")
			}
		}
		must(w, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: &granted, StatementId: ptr("same-sid")})
		_, err := w.invoke(stranger, arnOf(here, granted), "{}")
		refusedLike(t, err, 403, "AccessDeniedException", "no resource-based policy")
	}
	_, err := call(w, root, lambdaapi.AddPermission, grantRequest("f:$LATEST", "s", "*"))
	refused(t, err, 400, "InvalidParameterValueException", "We currently do not support adding policies for $LATEST.")
}

func TestOnlyTheServiceForWhichTheSourceWasGrantedInvokes(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	in := grantRequest("f", "s", "sns.amazonaws.com")
	in.SourceArn = ptr("arn:aws:sns:us-east-1:" + here + ":topic")
	must(w, lambdaapi.AddPermission, in)
	sns := func(source string) caller.Caller {
		return caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceARN: source, SourceAccount: here})
	}
	if _, err := w.invoke(sns("arn:aws:sns:us-east-1:"+here+":topic"), arnOf(here, "f"), "{}"); err != nil {
		t.Error(err)
	}
	_, err := w.invoke(sns("arn:aws:sns:us-east-1:"+here+":other"), arnOf(here, "f"), "{}")
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:InvokeFunction")
}

func TestANewUserOfTheSameNameInheritsNoGrant(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	bob := w.user(there, "bob", may("lambda:InvokeFunction", "*"))
	w.permit("f", "s", "lambda:InvokeFunction", bob.ARN())
	if _, err := w.invoke(bob, arnOf(here, "f"), "{}"); err != nil {
		t.Fatal(err)
	}
	w.iam.change(func() { delete(w.iam.users, bob.ARN()) })
	if got := w.policyOf("f"); !strings.Contains(got, `"AWS":"`+uniqueID("AIDA", "bob")+`"`) {
		t.Errorf("a deleted user is shown by id, got %s", got)
	}
	w.iam.change(func() { w.iam.users[bob.ARN()] = uniqueID("AIDA", "second") })
	second := caller.ForUser(caller.User{Account: there, ARN: bob.ARN(), Name: "bob", ID: uniqueID("AIDA", "second")}, caller.Key{})
	_, err := w.invoke(second, arnOf(here, "f"), "{}")
	refusedLike(t, err, 403, "AccessDeniedException", "no resource-based policy")
}

func TestPermissionErrors(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	add := func(name string) error {
		_, err := call(w, root, lambdaapi.AddPermission, grantRequest(name, "s", "*"))
		return err
	}
	remove := func(name, sid string) error {
		_, err := call(w, root, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: &name, StatementId: &sid})
		return err
	}
	refused(t, add("g"), 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "g"))
	refused(t, add("f:42"), 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "f:42"))
	refused(t, add("f:prod"), 404, "ResourceNotFoundException", "Cannot find alias arn: "+arnOf(here, "f:prod"))
	refused(t, add("f:a$b"), 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "f:a$b"))
	refused(t, remove("g", "s"), 404, "ResourceNotFoundException", "No policy found for: "+arnOf(here, "g"))
	refused(t, remove("f:prod", "s"), 404, "ResourceNotFoundException", "Cannot find alias arn: "+arnOf(here, "f:prod"))
	refused(t, remove("f", "s"), 404, "ResourceNotFoundException", "No policy is associated with the given resource.")
	if err := add("f"); err != nil {
		t.Fatal(err)
	}
	refused(t, add("f"), 409, "ResourceConflictException", "The statement id (s) provided already exists. Please provide a new statement id, or remove the existing statement.")
	refused(t, remove("f", "t"), 404, "ResourceNotFoundException", "Statement t is not found in resource policy.")
	url := grantRequest("f", "u", "*")
	url.FunctionUrlAuthType = ptr("NONE")
	_, err := call(w, root, lambdaapi.AddPermission, url)
	refused(t, err, 400, "InvalidParameterValueException", "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
}

func TestPolicySizeIsBounded(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	in := func(i int) *lambdaapi.AddPermissionRequest {
		r := grantRequest("f", fmt.Sprintf("s%03d", i), "s3.amazonaws.com")
		r.SourceArn = ptr("arn:aws:s3:::" + strings.Repeat("b", 200))
		return r
	}
	before := 0
	for i := range 200 {
		_, err := call(w, root, lambdaapi.AddPermission, in(i))
		if err == nil {
			before = len(w.policyOf("f"))
			continue
		}
		one := (before - len(`{"Version":"2012-10-17","Id":"default","Statement":[]}`) + 1) / i
		refused(t, err, 400, "PolicyLengthExceededException", fmt.Sprintf("The final policy size (%d) is bigger than the limit (20480).", before+one))
		if before > 20480 || before+one <= 20480 {
			t.Errorf("refused at %d + %d bytes", before, one)
		}
		return
	}
	t.Error("a policy grows without bound")
}

func TestPolicyRevisions(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	alias := must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr("prod"), FunctionVersion: ptr("1")})
	const stale = "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"
	add := func(name, sid, revision string) error {
		in := grantRequest(name, sid, "*")
		in.RevisionId = &revision
		_, err := call(w, root, lambdaapi.AddPermission, in)
		return err
	}
	function := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")}).GetRevisionId()
	refused(t, add("f", "a", function), 412, "PreconditionFailedException", stale)
	if err := add("f:prod", "a", alias.GetRevisionId()); err != nil {
		t.Errorf("the alias's own revision, while it has no policy: %v", err)
	}
	refused(t, add("f:prod", "b", alias.GetRevisionId()), 412, "PreconditionFailedException", stale)
	current := must(w, lambdaapi.GetPolicy, &lambdaapi.GetPolicyRequest{FunctionName: ptr("f:prod")}).GetRevisionId()
	if err := add("f:prod", "b", current); err != nil {
		t.Error(err)
	}
	_, err := call(w, root, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: ptr("f:prod"), StatementId: ptr("b"), RevisionId: &current})
	refused(t, err, 412, "PreconditionFailedException", stale)
	now := must(w, lambdaapi.GetPolicy, &lambdaapi.GetPolicyRequest{FunctionName: ptr("f:prod")}).GetRevisionId()
	must(w, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: ptr("f:prod"), StatementId: ptr("b"), RevisionId: &now})
	if after := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")}).GetRevisionId(); after != function {
		t.Error("a permission changed the function's own revision")
	}
}

func TestPrincipalConditionGuardsAddingAndRemoving(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	guard := statementOf("Deny", "lambda:*Permission", "*", `{"StringEquals":{"lambda:Principal":"*"}}`)
	u := w.user(here, "u", may("lambda:*", "*"), guard)
	_, err := call(w, u, lambdaapi.AddPermission, grantRequest("f", "all", "*"))
	refusedLike(t, err, 403, "AccessDeniedException", "with an explicit deny")
	if _, err := call(w, u, lambdaapi.AddPermission, grantRequest("f", "one", there)); err != nil {
		t.Error(err)
	}
	w.permit("f", "all", "lambda:InvokeFunction", "*")
	remove := func(sid string) error {
		_, err := call(w, u, lambdaapi.RemovePermission, &lambdaapi.RemovePermissionRequest{FunctionName: ptr("f"), StatementId: &sid})
		return err
	}
	refusedLike(t, remove("all"), 403, "AccessDeniedException", "with an explicit deny")
	if err := remove("one"); err != nil {
		t.Error(err)
	}
}
