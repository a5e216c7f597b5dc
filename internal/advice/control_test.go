package advice

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// The organization of the tests: theirs manages it, mine is in unit.
const (
	organizationARN = "arn:aws:organizations::222222222222:policy/o-a1b2c3d4e5/"
	rootSource      = "root r-ab12"
	unitSource      = "OU ou-ab12-11111111 (Workloads)"
	accountSource   = "account 111111111111"
)

func TestAdviceOnControlPolicies(t *testing.T) {
	full := func(source string) policy.Attached {
		return policy.Attached{Policy: load(t, allow("*", "*")), Name: "FullAWSAccess", ARN: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", Source: source}
	}
	scp := func(id, name, source, statement string) policy.Attached {
		return policy.Attached{Policy: load(t, `{"Version":"2012-10-17","Statement":[`+statement+`]}`), Name: name, ARN: organizationARN + "service_control_policy/" + id, Source: source}
	}
	levels := func(all ...[]policy.Attached) [][]policy.Attached { return all }
	level := func(all ...policy.Attached) []policy.Attached { return all }
	identity := []policy.Attached{{Policy: load(t, allow("lambda:*", "*")), Name: "all", Source: "user ann"}}
	keys := &policy.Context{}
	keys.Set("aws:PrincipalArn", userARN)
	const denied = `{"Sid":"NoInvoke","Effect":"Deny","Action":["lambda:InvokeFunction","s3:*"],"Resource":"*"}`
	const kept = `{"Sid":"NoInvoke","Effect":"Deny","Action":["lambda:InvokeFunction","s3:*"],"Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:user/dev/ann"}}},` +
		`{"Effect":"Deny","Action":["s3:*"],"Resource":"*"},{"Effect":"Deny","Action":["lambda:InvokeFunction","s3:*"],"NotResource":"arn:aws:lambda:us-east-1:111111111111:function:f"}`
	const mended = `{"Version":"2012-10-17","Statement":[` + kept + `]}`

	for _, c := range []struct {
		name   string
		layers policy.Layers
		exact  bool
		want   []want
	}{
		{
			"a policy of the unit denies",
			policy.Layers{Identity: identity, ServiceControl: levels(level(full(rootSource)), level(full(unitSource), scp("p-11111111", "NoLambda", unitSource, denied)), level(full(accountSource)))}, true,
			[]want{{"service-control", theirs,
				"narrow statement 1 (NoInvoke) of the service control policy NoLambda (" + unitSource + ") so that it spares this request alone",
				"aws organizations update-policy --policy-id p-11111111 --content '" + mended + "'"}},
		},
		{
			"the same policy on two levels is amended once",
			policy.Layers{Identity: identity, ServiceControl: levels(
				level(full(rootSource), scp("p-11111111", "NoLambda", rootSource, denied)), level(full(accountSource), scp("p-11111111", "NoLambda", accountSource, denied)))}, true,
			[]want{{"service-control", theirs,
				"narrow statement 1 (NoInvoke) of the service control policy NoLambda (" + rootSource + ") so that it spares this request alone",
				"aws organizations update-policy --policy-id p-11111111 --content '" + mended + "'"}},
		},
		{
			"the same policy on two levels, and an identity policy denies too",
			policy.Layers{
				Identity: append(identity[:1:1], policy.Attached{Policy: load(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"`+fn+`"}]}`), Name: "no", Source: "user ann"}),
				ServiceControl: levels(
					level(full(rootSource), scp("p-11111111", "NoLambda", rootSource, denied)), level(full(accountSource), scp("p-11111111", "NoLambda", accountSource, denied)))}, true,
			[]want{
				{"service-control", theirs, "narrow statement 1 (NoInvoke) of the service control policy NoLambda (" + rootSource + ") so that it spares this request alone",
					"aws organizations update-policy --policy-id p-11111111 --content '" + mended + "'"},
				{"identity", mine, "narrow statement 1 of no (user ann) so that it spares this request alone",
					`aws iam put-user-policy --user-name ann --policy-name no --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"` + fn + `","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"` + userARN + `"}}}]}'`},
			},
		},
		{
			"a level without a policy that allows it",
			policy.Layers{Identity: identity, ServiceControl: levels(level(full(rootSource)), level(scp("p-22222222", "OnlyS3", unitSource, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)), level(full(accountSource)))}, true,
			[]want{{"service-control", theirs, "attach a service control policy to " + unitSource + " that allows lambda:InvokeFunction on " + fn,
				`aws organizations attach-policy --target-id ou-ab12-11111111 --policy-id "$(aws organizations create-policy --type SERVICE_CONTROL_POLICY --name AllowLambdaInvokeFunction --description '' --content ` +
					`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + fn + `","Condition":{"ArnEquals":{"aws:PrincipalArn":"` + userARN + `"}}}]}' --query Policy.PolicySummary.Id --output text)"`}},
		},
		{
			"a policy of a file, which has no ARN",
			policy.Layers{Identity: identity, ServiceControl: levels(level(policy.Attached{Policy: load(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`+denied+`]}`), Name: "scp.json"}))}, true,
			[]want{{"service-control", "", "narrow statement 2 (NoInvoke) of the service control policy scp.json so that it spares this request alone", ""}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, fixes := deny(t, Denial{Request: &policy.Request{Principal: ann, Action: "lambda:InvokeFunction", Resource: fn, Context: keys}, Layers: &c.layers})
			before := policy.Explain(d.Request, d.Layers).Text()
			got := For(d, fixes)
			if len(got) != 1 || len(got[0].Steps) != len(c.want) || got[0].Exact != c.exact {
				t.Fatalf("got %+v", got)
			}
			for i, s := range got[0].Steps {
				if w := c.want[i]; (want{s.Side, s.Account, s.Sentence, s.Command}) != w {
					t.Errorf("got  %s of %s: %s\n     %s\nwant %s of %s: %s\n     %s", s.Side, s.Account, s.Sentence, s.Command, w.side, w.account, w.sentence, w.command)
				}
			}
			if policy.Explain(d.Request, d.Layers).Text() != before {
				t.Error("the question's own policies were changed")
			}
		})
	}
}

func TestAdviceOnResourceControlPolicies(t *testing.T) {
	trust := policy.Attached{Policy: load(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+userARN+`"},"Action":"sts:AssumeRole"}]}`), Name: "trust policy", Source: "role my-role"}
	star := load(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`)
	rcp := load(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`)
	keys := &policy.Context{}
	keys.Set("aws:PrincipalArn", userARN)
	d, fixes := deny(t, Denial{
		Request: &policy.Request{Principal: ann, Action: "sts:AssumeRole", Resource: roleARN, Context: keys},
		Layers: &policy.Layers{
			Resource: &trust, ResourceMustAllow: true, Identity: []policy.Attached{{Policy: load(t, allow("sts:*", "*")), Name: "all", Source: "user ann"}},
			ResourceControl: [][]policy.Attached{{{Policy: star, Name: "RCPFullAWSAccess", Source: accountSource}, {Policy: rcp, Name: "NoRoles", ARN: organizationARN + "resource_control_policy/p-33333333", Source: accountSource}}},
		},
	})
	got := For(d, fixes)
	if len(got) != 1 || len(got[0].Steps) != 1 || got[0].Steps[0].Side != "resource-control" || got[0].Steps[0].Account != theirs ||
		!strings.HasPrefix(got[0].Steps[0].Command, "aws organizations update-policy --policy-id p-33333333 --content ") ||
		!strings.HasPrefix(got[0].Steps[0].Sentence, "narrow statement 1 of the resource control policy NoRoles (account 111111111111)") {
		t.Errorf("%+v", got)
	}
}
