package advice

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

const (
	mine     = "111111111111"
	theirs   = "222222222222"
	fn       = "arn:aws:lambda:us-east-1:111111111111:function:f"
	userARN  = "arn:aws:iam::111111111111:user/dev/ann"
	roleARN  = "arn:aws:iam::111111111111:role/my-role"
	otherARN = "arn:aws:iam::222222222222:user/bob"
)

var (
	ann  = policy.Principal{Kind: policy.User, Account: mine, ARN: userARN, UniqueID: "AIDAANN"}
	bob  = policy.Principal{Kind: policy.User, Account: theirs, ARN: otherARN, UniqueID: "AIDABOB"}
	role = policy.Principal{
		Kind: policy.RoleSession, Account: mine, ARN: "arn:aws:sts::111111111111:assumed-role/my-role/s", RoleARN: roleARN, UniqueID: "AROAROLE:s",
	}
	sns = policy.Principal{Kind: policy.Service, ARN: "sns.amazonaws.com", Service: "sns.amazonaws.com"}
)

func load(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

func grant(sid, principal, resource string) string {
	return `{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"` + sid + `","Effect":"Allow","Principal":` + principal + `,"Action":"lambda:InvokeFunction","Resource":"` + resource + `"}]}`
}

// names plays the directory.
func names(id string) (string, bool) {
	arn, ok := map[string]string{"AIDABOB": otherARN, "AROAROLE": roleARN}[id]
	return arn, ok
}

// deny makes the denial of a question, and fails if it is allowed.
func deny(t *testing.T, d Denial) (Denial, []policy.Fix) {
	t.Helper()
	d.ARNOf = names
	e := policy.Explain(d.Request, d.Layers)
	if e.Decision.Allowed() {
		t.Fatalf("not a denial: %s", e.Summary)
	}
	return d, e.Fixes
}

// want is a step, with account and side before the command.
type want struct{ side, account, sentence, command string }

func TestAdvice(t *testing.T) {
	context := func(kv ...string) *policy.Context {
		c := &policy.Context{}
		for i := 0; i < len(kv); i += 2 {
			c.Set(kv[i], kv[i+1])
		}
		return c
	}
	attached := func(text, name, arn, source string) policy.Attached {
		return policy.Attached{Policy: load(t, text), Name: name, ARN: arn, Source: source}
	}
	pointer := func(a policy.Attached) *policy.Attached { return &a }
	for _, c := range []struct {
		name    string
		request policy.Request
		layers  policy.Layers
		exact   bool
		want    [][]want
	}{
		{
			"a user without any policy", policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn}, policy.Layers{}, true,
			[][]want{{{"identity", mine, "give user ann an identity-based policy that allows lambda:InvokeFunction on " + fn,
				`aws iam put-user-policy --user-name ann --policy-name AllowLambdaInvokeFunction --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `"}]}'`}}},
		},
		{
			"the name of the new policy is free", policy.Request{Principal: role, Action: "logs:CreateLogGroup", Resource: "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f"},
			policy.Layers{Identity: []policy.Attached{attached(allow("logs:PutLogEvents", "*"), "AllowLogsCreateLogGroup", "", "role my-role")}}, true,
			[][]want{{{"identity", mine, "give role my-role an identity-based policy that allows logs:CreateLogGroup on arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f",
				`aws iam put-role-policy --role-name my-role --policy-name AllowLogsCreateLogGroup-2 --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:CreateLogGroup","Resource":"arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f"}]}'`}}},
		},
		{
			"a log stream: the next environment has another one", policy.Request{Principal: role, Action: "logs:PutLogEvents", Resource: "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f:log-stream:2026/11/20/[$LATEST]ab"},
			policy.Layers{}, false,
			[][]want{{{"identity", mine, "give role my-role an identity-based policy that allows logs:PutLogEvents on every stream of arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f",
				`aws iam put-role-policy --role-name my-role --policy-name AllowLogsPutLogEvents --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f:*"}]}'`}}},
		},
		{
			"an action that knows no resource", policy.Request{Principal: ann, Action: "lambda:ListFunctions", Resource: "*"}, policy.Layers{}, true,
			[][]want{{{"identity", mine, "give user ann an identity-based policy that allows lambda:ListFunctions",
				`aws iam put-user-policy --user-name ann --policy-name AllowLambdaListFunctions --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:ListFunctions","Resource":"*"}]}'`}}},
		},
		{
			"a topic that may not push to a function",
			policy.Request{Principal: sns, Action: "lambda:InvokeFunction", Resource: fn, Context: context("aws:SourceArn", "arn:aws:sns:us-east-1:111111111111:my-topic", "aws:SourceAccount", mine)},
			policy.Layers{}, true,
			[][]want{{{"resource", mine, "in the resource-based policy of function f, allow lambda:InvokeFunction to sns.amazonaws.com acting for arn:aws:sns:us-east-1:111111111111:my-topic",
				`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-sns-amazonaws-com --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn arn:aws:sns:us-east-1:111111111111:my-topic --region us-east-1`}}},
		},
		{
			"a layer lets in accounts only", policy.Request{Principal: bob, Action: "lambda:GetLayerVersion", Resource: "arn:aws:lambda:us-east-1:111111111111:layer:tools:3"},
			policy.Layers{Identity: []policy.Attached{attached(allow("lambda:*", "*"), "his", "", otherARN)}}, false,
			[][]want{{{"resource", mine, "in the resource-based policy of version 3 of layer tools, allow lambda:GetLayerVersion to account 222222222222",
				`aws lambda add-layer-version-permission --layer-name tools --version-number 3 --statement-id Allow-222222222222 --action lambda:GetLayerVersion --principal 222222222222 --region us-east-1`}}},
		},
		{
			"another account's user, neither side allows", policy.Request{Principal: bob, Action: "lambda:InvokeFunction", Resource: fn + ":live"}, policy.Layers{}, true,
			[][]want{{
				{"resource", mine, "in the resource-based policy of function f:live, allow lambda:InvokeFunction to " + otherARN,
					`aws lambda add-permission --function-name f --qualifier live --statement-id AllowInvokeFunction-bob --action lambda:InvokeFunction --principal arn:aws:iam::222222222222:user/bob --region us-east-1`},
				{"identity", theirs, "give user bob an identity-based policy that allows lambda:InvokeFunction on " + fn + ":live",
					`aws iam put-user-policy --user-name bob --policy-name AllowLambdaInvokeFunction --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `:live"}]}'`},
			}},
		},
		{
			"another account's user, the function's side is missing", policy.Request{Principal: bob, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{
				Identity: []policy.Attached{attached(allow("lambda:*", "*"), "all", "", "user bob")},
				Resource: pointer(attached(grant("AllowInvokeFunction-bob", `{"Service":"sns.amazonaws.com"}`, fn), "function policy", "", "function f")),
			}, true,
			[][]want{{{"resource", mine, "in the resource-based policy of function f, allow lambda:InvokeFunction to " + otherARN,
				`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-bob-2 --action lambda:InvokeFunction --principal arn:aws:iam::222222222222:user/bob --region us-east-1`}}},
		},
		{
			"another account's root user: AddPermission can only name the account",
			policy.Request{Principal: policy.Principal{Kind: policy.Root, Account: theirs, ARN: "arn:aws:iam::222222222222:root", UniqueID: theirs}, Action: "lambda:InvokeFunction", Resource: fn,
				Context: context("aws:PrincipalArn", "arn:aws:iam::222222222222:root")},
			policy.Layers{}, false,
			[][]want{{{"resource", mine, "in the resource-based policy of function f, allow lambda:InvokeFunction to account 222222222222 (whose administrators can pass it on)",
				`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction --action lambda:InvokeFunction --principal 222222222222 --region us-east-1`}}},
		},
		{
			"both sides could allow within an account", policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{Resource: pointer(attached(grant("s", `{"AWS":"AIDABOB"}`, fn), "function policy", "", "function f"))}, true,
			[][]want{
				{{"identity", mine, "give user ann an identity-based policy that allows lambda:InvokeFunction on " + fn,
					`aws iam put-user-policy --user-name ann --policy-name AllowLambdaInvokeFunction --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `"}]}'`}},
				{{"resource", mine, "in the resource-based policy of function f, allow lambda:InvokeFunction to " + userARN,
					`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-ann --action lambda:InvokeFunction --principal arn:aws:iam::111111111111:user/dev/ann --region us-east-1`}},
			},
		},
		{
			"everybody, at a public function URL", policy.Request{Principal: policy.Principal{Kind: policy.Anonymous}, Action: "lambda:InvokeFunctionUrl", Resource: fn + ":live",
				Context: context("lambda:FunctionUrlAuthType", "NONE", "lambda:FunctionArn", fn+":live")},
			policy.Layers{}, false,
			[][]want{{{"resource", mine, "in the resource-based policy of function f:live, allow lambda:InvokeFunctionUrl to everybody, for URLs of type NONE",
				`aws lambda add-permission --function-name f --qualifier live --statement-id AllowInvokeFunctionUrl-everybody --action lambda:InvokeFunctionUrl --principal '*' --function-url-auth-type NONE --region us-east-1`}}},
		},
		{
			"everybody, through a public function URL", policy.Request{Principal: policy.Principal{Kind: policy.Anonymous}, Action: "lambda:InvokeFunction", Resource: fn, Context: context("lambda:InvokedViaFunctionUrl", "true")},
			policy.Layers{}, false,
			[][]want{{{"resource", mine, "in the resource-based policy of function f, allow lambda:InvokeFunction to everybody through function URLs",
				`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-everybody --action lambda:InvokeFunction --principal '*' --invoked-via-function-url --region us-east-1`}}},
		},
		{
			"another account's user, through a function URL", policy.Request{Principal: bob, Action: "lambda:InvokeFunction", Resource: fn, Context: context("lambda:InvokedViaFunctionUrl", "true")},
			policy.Layers{}, true,
			[][]want{{
				{"resource", mine, "in the resource-based policy of function f, allow lambda:InvokeFunction to " + otherARN + " through function URLs",
					`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-bob --action lambda:InvokeFunction --principal arn:aws:iam::222222222222:user/bob --invoked-via-function-url --region us-east-1`},
				{"identity", theirs, "give user bob an identity-based policy that allows lambda:InvokeFunction on " + fn + " through function URLs",
					`aws iam put-user-policy --user-name bob --policy-name AllowLambdaInvokeFunction --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}]}'`},
			}},
		},
		{
			"nothing can be added to $LATEST, so another account stays out", policy.Request{Principal: bob, Action: "lambda:InvokeFunction", Resource: fn + ":$LATEST"}, policy.Layers{}, false, nil,
		},
		{
			"a role that Lambda may not assume", policy.Request{Principal: policy.Principal{Kind: policy.Service, ARN: "lambda.amazonaws.com", Service: "lambda.amazonaws.com"}, Action: "sts:AssumeRole", Resource: roleARN},
			policy.Layers{ResourceMustAllow: true, Resource: pointer(attached(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"AIDABOB"},"Action":"sts:AssumeRole"}}`, "trust policy", "", "role my-role"))}, true,
			[][]want{{{"trust", mine, "in the trust policy of role my-role, allow sts:AssumeRole to lambda.amazonaws.com",
				`aws iam update-assume-role-policy --role-name my-role --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:user/bob"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'`}}},
		},
		{
			"a Deny of an inline group policy", policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{Identity: []policy.Attached{
				attached(allow("lambda:*", "*"), "all", "", "user ann"),
				attached(`{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"`+fn+`"}]}`, "keep-out", "", "group g"),
			}}, false,
			[][]want{{{"identity", mine, "remove statement 1 (No) of keep-out (group g), which also lifts whatever else it denies", `aws iam delete-group-policy --group-name g --policy-name keep-out`}}},
		},
		{
			"a Deny of a managed policy of one's own is narrowed in a new version",
			policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn, Context: context("aws:PrincipalArn", userARN)},
			policy.Layers{Identity: []policy.Attached{
				attached(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"`+fn+`"}]}`, "mixed", "arn:aws:iam::111111111111:policy/mixed", "user ann"),
			}}, true,
			[][]want{{{"identity", mine, "narrow statement 2 of mixed (user ann) so that it spares this request alone",
				`aws iam create-policy-version --policy-arn arn:aws:iam::111111111111:policy/mixed --set-as-default --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"` + fn + `","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"` + userARN + `"}}}]}'`}}},
		},
		{
			"a Deny of a policy that AWS manages", policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{Identity: []policy.Attached{
				attached(allow("lambda:*", "*"), "all", "", "user ann"),
				attached(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`, "AWSDenyAll", "arn:aws:iam::aws:policy/AWSDenyAll", "user ann"),
			}}, false,
			[][]want{{{"identity", mine, "detach AWSDenyAll from user ann: AWS manages that policy, so its Deny cannot be edited", `aws iam detach-user-policy --user-name ann --policy-arn arn:aws:iam::aws:policy/AWSDenyAll`}}},
		},
		{
			"a boundary that leaves it out", policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{
				Identity: []policy.Attached{attached(allow("lambda:*", "*"), "all", "", "user ann")},
				Boundary: pointer(attached(allow("s3:*", "*"), "edge", "arn:aws:iam::111111111111:policy/edge", "user ann")),
			}, true,
			[][]want{{{"boundary", mine, "in edge, the permissions boundary of user ann, allow lambda:InvokeFunction on " + fn,
				`aws iam create-policy-version --policy-arn arn:aws:iam::111111111111:policy/edge --set-as-default --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `"}]}'`}}},
		},
		{
			"a boundary that AWS manages", policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{
				Identity: []policy.Attached{attached(allow("lambda:*", "*"), "all", "", "user ann")},
				Boundary: pointer(attached(allow("s3:*", "*"), "AmazonS3FullAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess", "user ann")),
			}, true,
			[][]want{{{"boundary", mine, "in AmazonS3FullAccess, the permissions boundary of user ann, allow lambda:InvokeFunction on " + fn,
				`aws iam create-policy --policy-name ann-boundary --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `"}]}' && aws iam put-user-permissions-boundary --user-name ann --permissions-boundary arn:aws:iam::111111111111:policy/ann-boundary`}}},
		},
		{
			"a session policy that leaves it out", policy.Request{Principal: role, Action: "lambda:InvokeFunction", Resource: fn},
			policy.Layers{
				Identity:       []policy.Attached{attached(allow("lambda:*", "*"), "all", "", "role my-role")},
				Session:        []policy.Attached{attached(allow("s3:*", "*"), "session policy", "", "session"), attached(allow("sqs:*", "*"), "Q", "arn:aws:iam::aws:policy/Q", "session")},
				SessionLimited: true,
			}, true,
			[][]want{{{"session", mine, "make the session " + roleARN + " again, with a session policy that also allows lambda:InvokeFunction on " + fn,
				`aws sts assume-role --role-arn arn:aws:iam::111111111111:role/my-role --role-session-name s --policy '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `"}]}' --policy-arns arn=arn:aws:iam::aws:policy/Q`}}},
		},
		{
			"a trust policy that denies and does not allow is written once",
			policy.Request{Principal: ann, Action: "sts:AssumeRole", Resource: roleARN, Context: context("aws:PrincipalArn", userARN)},
			policy.Layers{ResourceMustAllow: true, Resource: pointer(attached(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"`+userARN+`"},"Action":"sts:AssumeRole"}]}`, "trust policy", "", "role my-role"))}, true,
			[][]want{{{"trust", mine, "narrow statement 1 of trust policy (role my-role) so that it spares this request alone; and in the trust policy of role my-role, allow sts:AssumeRole to " + userARN,
				`aws iam update-assume-role-policy --role-name my-role --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"` + userARN + `"},"Action":"sts:AssumeRole","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"` + userARN + `"}}},{"Effect":"Allow","Principal":{"AWS":"` + userARN + `"},"Action":"sts:AssumeRole"}]}'`}}},
		},
		{
			"a resource policy that no operation here writes", policy.Request{Principal: bob, Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:us-east-1:111111111111:secret:x", ResourceAccount: mine},
			policy.Layers{Identity: []policy.Attached{attached(allow("*", "*"), "all", "", "user bob")}}, true,
			[][]want{{{"resource", mine, "in the resource-based policy of arn:aws:secretsmanager:us-east-1:111111111111:secret:x, allow secretsmanager:GetSecretValue to " + otherARN, ""}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, fixes := deny(t, Denial{Request: &c.request, Layers: &c.layers})
			got := For(d, fixes)
			if len(got) != len(c.want) {
				t.Fatalf("got %d ways of %d fixes, want %d: %+v", len(got), len(fixes), len(c.want), got)
			}
			for i, a := range got {
				if a.Exact != c.exact {
					t.Errorf("exact %v, want %v", a.Exact, c.exact)
				}
				if len(a.Steps) != len(c.want[i]) {
					t.Fatalf("got steps %+v", a.Steps)
				}
				for j, s := range a.Steps {
					if w := c.want[i][j]; (want{s.Side, s.Account, s.Sentence, s.Command}) != w {
						t.Errorf("got  %s of %s: %s\n     %s\nwant %s of %s: %s\n     %s", s.Side, s.Account, s.Sentence, s.Command, w.side, w.account, w.sentence, w.command)
					}
				}
			}
		})
	}
}

func TestAFixThatCannotBeCarriedOutIsNotGiven(t *testing.T) {
	r := policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn}
	d := Denial{Request: &r, Layers: &policy.Layers{}}
	for name, f := range map[string]policy.Fix{
		"no change":        {},
		"unknown kind":     {Changes: []policy.Change{{Kind: "pray"}}},
		"another action":   {Changes: []policy.Change{{Kind: policy.AddToIdentity, Statements: []string{`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"*"}`}}}},
		"broken statement": {Changes: []policy.Change{{Kind: policy.AddToIdentity, Statements: []string{`{"Effect":`}}}},
		"no such boundary": {Changes: []policy.Change{{Kind: policy.AddToBoundary, Statements: []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`}}}},
		"no such Deny":     {Changes: []policy.Change{{Kind: policy.RemoveDeny}}},
	} {
		if got := For(d, []policy.Fix{f}); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(d.Layers.Identity) != 0 {
		t.Error("the question's own policies were changed")
	}
}

func TestQuoteProtectsFromTheShell(t *testing.T) {
	for in, want := range map[string]string{
		"plain-1.txt": "plain-1.txt", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$LATEST": "'$LATEST'", "*": "'*'", "`id`": "'`id`'", "a;b": "'a;b'",
	} {
		if got := quote(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestStatementIDIsOneAddPermissionTakes(t *testing.T) {
	p := bob
	p.ARN = "arn:aws:iam::222222222222:user/" + strings.Repeat("x+=,.@", 30)
	id := statementID(&policy.Request{Principal: p, Action: "lambda:InvokeFunction"})
	if len(id) > 100 || strings.ContainsAny(id, "+=,.@") {
		t.Errorf("%s", id)
	}
}

// TestLevelThatLacksAnAllowIsNamed: "nothing allows it" beside a policy that
// does is no answer.
func TestLevelThatLacksAnAllowIsNamed(t *testing.T) {
	at := func(source, action string) policy.Attached {
		return policy.Attached{Policy: load(t, allow(action, "*")), Name: "p", Source: source}
	}
	levels := func(all ...[]policy.Attached) [][]policy.Attached { return all }
	one := func(a policy.Attached) []policy.Attached { return []policy.Attached{a} }
	for _, c := range []struct {
		name   string
		levels [][]policy.Attached
		want   string
	}{
		{"a unit", levels(one(at(rootSource, "*")), one(at(unitSource, "s3:*")), one(at(accountSource, "*"))), "nothing allows it at " + unitSource + ": every level must"},
		{"a unit and the account", levels(one(at(rootSource, "*")), one(at(unitSource, "s3:*")), one(at(accountSource, "ec2:*"))),
			"nothing allows it at " + unitSource + " and " + accountSource + ": every level must"},
		{"a level where another policy allows it", levels(one(at(rootSource, "s3:*")), []policy.Attached{at(unitSource, "s3:*"), at(unitSource, "*")}), "nothing allows it at " + rootSource + ": every level must"},
		{"every level", levels(one(at(rootSource, "s3:*")), one(at(unitSource, "s3:*"))), "nothing allows it"},
		{"a level without policies", levels(one(at(rootSource, "*")), nil), "allowed at some levels, and nothing allows it at another: every level must"},
		{"files do not say where they are from", levels(one(at("", "*")), one(at("", "s3:*"))), "allowed at some levels, and nothing allows it at another: every level must"},
	} {
		l := &policy.Layers{Identity: []policy.Attached{at("user ann", "*")}, ServiceControl: c.levels}
		r := &policy.Request{
			Principal: policy.Principal{Kind: policy.User, Account: "111111111111", ARN: userARN}, Action: "lambda:InvokeFunction", Resource: fn, ResourceAccount: "111111111111", Context: &policy.Context{},
		}
		text := (&Told{Principal: r.Principal, Action: r.Action, Resource: r.Resource, Tree: policy.Outline(r, l)}).String()
		if want := "  service control policies: " + c.want + "\n"; !strings.Contains(text, want) {
			t.Errorf("%s: want %q in\n%s", c.name, want, text)
		}
	}
}
