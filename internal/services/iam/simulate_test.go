package iam

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/policy"
)

const (
	simulatedFunction = "arn:aws:lambda:us-east-1:111111111111:function:f"
	foreignFunction   = "arn:aws:lambda:us-east-1:222222222222:function:f"
)

// place is a matched statement as "id type line:column-line:column".
func place(s *iamapi.Statement) string {
	at := func(p *iamapi.Position) string { return fmt.Sprintf("%d:%d", p.GetLine(), p.GetColumn()) }
	return fmt.Sprintf("%s %s %s-%s", s.GetSourcePolicyId(), s.GetSourcePolicyType(), at(s.StartPosition), at(s.EndPosition))
}

func places(list []iamapi.Statement) []string {
	var out []string
	for i := range list {
		out = append(out, place(&list[i]))
	}
	return out
}

// TestPositionsAreAWSs has the positions that AWS prints in its examples for
// the first text and the one of many lines; of a list AWS's begin at 41 or 38 too.
func TestPositionsAreAWSs(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a lone statement: behind its brace", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`,
			[]string{"1:38-1:167"}},
		{"a list: behind its bracket", `{"Version": "2012-10-17", "Statement": [{"Sid": "s3", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`,
			[]string{"1:41-1:116"}},
		{"a second statement begins where the first ends", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}`,
			[]string{"1:38-1:56", "1:56-1:74"}},
		{"lines", "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Effect\": \"Allow\",\n            \"Action\": \"codecommit:ListRepositories\",\n            \"Resource\": \"*\",\n            \"Condition\": {}\n        }\n    ]\n}",
			[]string{"3:19-9:10"}},
		{"columns are characters", `{"Id":"é","Statement":[{"Sid":""}]}`, []string{"1:24-1:34"}},
		{"what is none", `[]`, nil},
	} {
		var got []string
		for _, s := range spans([]byte(c.text)) {
			from, to := position([]byte(c.text), s.from), position([]byte(c.text), s.to)
			got = append(got, fmt.Sprintf("%d:%d-%d:%d", from.GetLine(), from.GetColumn(), to.GetLine(), to.GetColumn()))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSimulateCustomPolicy(t *testing.T) {
	w := newWorld(t)
	const (
		allow    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"}]}`
		deny     = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"*"}]}`
		invoke   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}]}`
		opens    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/ann"},"Action":"lambda:InvokeFunction","Resource":"*"}]}`
		tagged   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"},"Bool":{"aws:SecureTransport":"true"}}}]}`
		ann, bob = "arn:aws:iam::111111111111:user/ann", "arn:aws:iam::222222222222:user/bob"
		trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/ann"},"Action":"sts:AssumeRole"}]}`
		assume   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`
		role     = "arn:aws:iam::111111111111:role/r"
	)
	type request = iamapi.SimulateCustomPolicyRequest
	entry := func(key, kind string, values ...string) iamapi.ContextEntry {
		return iamapi.ContextEntry{ContextKeyName: &key, ContextKeyType: &kind, ContextKeyValues: values}
	}
	for _, c := range []struct {
		name    string
		in      request
		want    string
		matched []string
		missing []string
		details map[string]string
		bound   *bool
	}{
		{"nothing allows", request{PolicyInputList: []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`}}, "implicitDeny", nil, nil, map[string]string{}, nil},
		{"a statement allows", request{PolicyInputList: []string{allow}}, "allowed", []string{"PolicyInputList.1 IAM Policy 1:38-1:91"}, nil, map[string]string{}, nil},
		{"two policies allow", request{PolicyInputList: []string{allow, invoke}}, "allowed", []string{"PolicyInputList.1 IAM Policy 1:38-1:91", "PolicyInputList.2 IAM Policy 1:38-1:104"}, nil, map[string]string{}, nil},
		{"an explicit deny stands alone", request{PolicyInputList: []string{allow, deny}}, "explicitDeny", []string{"PolicyInputList.2 IAM Policy 1:38-1:103"}, nil, map[string]string{}, nil},
		{"a boundary that allows", request{PolicyInputList: []string{allow}, PermissionsBoundaryPolicyInputList: []string{invoke}}, "allowed",
			[]string{"PolicyInputList.1 IAM Policy 1:38-1:91", "PermissionsBoundaryPolicyInputList.1 IAM Policy 1:38-1:104"}, nil, map[string]string{}, ptr(true)},
		{"a boundary that does not", request{PolicyInputList: []string{allow}, PermissionsBoundaryPolicyInputList: []string{assume}}, "implicitDeny", nil, nil, map[string]string{}, ptr(false)},
		{"a boundary that denies", request{PolicyInputList: []string{allow}, PermissionsBoundaryPolicyInputList: []string{deny}}, "explicitDeny",
			[]string{"PermissionsBoundaryPolicyInputList.1 IAM Policy 1:38-1:103"}, nil, map[string]string{}, ptr(false)},
		{"a resource policy lets its principal in", request{PolicyInputList: []string{assume}, ResourcePolicy: ptr(opens), CallerArn: ptr(ann)}, "allowed",
			[]string{"ResourcePolicy Resource Policy 1:38-1:161"}, nil, map[string]string{}, nil},
		{"of another account it needs both sides", request{PolicyInputList: []string{assume}, ResourcePolicy: ptr(opens), CallerArn: ptr(ann), ResourceArns: []string{foreignFunction}}, "implicitDeny",
			nil, nil, map[string]string{"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}, nil},
		{"both sides allow", request{PolicyInputList: []string{allow}, ResourcePolicy: ptr(opens), CallerArn: ptr(ann), ResourceArns: []string{foreignFunction}}, "allowed",
			[]string{"ResourcePolicy Resource Policy 1:38-1:161", "PolicyInputList.1 IAM Policy 1:38-1:91"}, nil, map[string]string{"IAM Policy": "allowed", "Resource Policy": "allowed"}, nil},
		{"a caller of another account has no resource policy", request{PolicyInputList: []string{allow}, CallerArn: ptr(bob)}, "implicitDeny",
			nil, nil, map[string]string{"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}, nil},
		{"keys that are not given are missing", request{PolicyInputList: []string{tagged}}, "implicitDeny", nil, []string{"aws:ResourceTag/team", "aws:SecureTransport"}, map[string]string{}, nil},
		{"keys that are given count", request{PolicyInputList: []string{tagged}, ContextEntries: []iamapi.ContextEntry{entry("AWS:resourcetag/TEAM", "string", "blue"), entry("aws:SecureTransport", "boolean", "true")}}, "allowed",
			[]string{"PolicyInputList.1 IAM Policy 1:38-1:190"}, nil, map[string]string{}, nil},
		{"a list is multivalued", request{PolicyInputList: []string{tagged}, ContextEntries: []iamapi.ContextEntry{entry("aws:ResourceTag/team", "stringList", "blue"), entry("aws:SecureTransport", "boolean", "true")}}, "implicitDeny", nil, nil, map[string]string{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.ActionNames = []string{"lambda:InvokeFunction"}
			if c.in.ResourceArns == nil {
				c.in.ResourceArns = []string{simulatedFunction}
			}
			out := must(w, iamapi.SimulateCustomPolicy, &c.in)
			if len(out.EvaluationResults) != 1 || out.GetIsTruncated() || out.Marker != nil {
				t.Fatalf("%+v", out)
			}
			r := out.EvaluationResults[0]
			if r.GetEvalActionName() != "lambda:InvokeFunction" || r.GetEvalResourceName() != c.in.ResourceArns[0] || r.GetEvalDecision() != c.want || len(r.ResourceSpecificResults) != 1 {
				t.Fatalf("%+v", r)
			}
			x := r.ResourceSpecificResults[0]
			if x.GetEvalResourceDecision() != c.want || x.GetEvalResourceName() != c.in.ResourceArns[0] {
				t.Errorf("%+v", x)
			}
			if got := places(x.MatchedStatements); !slices.Equal(got, c.matched) {
				t.Errorf("matched\n%q, want\n%q", got, c.matched)
			}
			if got := places(r.MatchedStatements); !slices.Equal(got, c.matched) {
				t.Errorf("matched above\n%q", got)
			}
			if !slices.Equal(x.MissingContextValues, c.missing) || len(r.MissingContextValues) != 0 {
				t.Errorf("missing %q, above %q", x.MissingContextValues, r.MissingContextValues)
			}
			if !reflect.DeepEqual(x.EvalDecisionDetails, c.details) {
				t.Errorf("details %v", x.EvalDecisionDetails)
			}
			if c.bound == nil != (x.PermissionsBoundaryDecisionDetail == nil) || c.bound != nil && *c.bound != x.PermissionsBoundaryDecisionDetail.GetAllowedByPermissionsBoundary() {
				t.Errorf("boundary %+v", x.PermissionsBoundaryDecisionDetail)
			}
			if r.OrganizationsDecisionDetail != nil {
				t.Error("there is no organization")
			}
		})
	}

	t.Run("without resources the results stand above", func(t *testing.T) {
		r := must(w, iamapi.SimulateCustomPolicy, &request{PolicyInputList: []string{tagged}, ActionNames: []string{"lambda:ListFunctions"}}).EvaluationResults[0]
		if r.GetEvalResourceName() != "*" || r.EvalDecisionDetails != nil || len(r.ResourceSpecificResults) != 0 || len(r.MissingContextValues) != 2 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("of several resources the strictest stands above", func(t *testing.T) {
		guarded := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"` + simulatedFunction + `"}]}`
		r := must(w, iamapi.SimulateCustomPolicy, &request{PolicyInputList: []string{guarded}, ActionNames: []string{"lambda:GetFunction"}, ResourceArns: []string{simulatedFunction, simulatedFunction + "-2"}}).EvaluationResults[0]
		if r.GetEvalDecision() != "explicitDeny" || len(r.ResourceSpecificResults) != 2 || r.ResourceSpecificResults[1].GetEvalResourceDecision() != "allowed" || len(r.MatchedStatements) != 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a trust policy that is given must allow", func(t *testing.T) {
		for policyOf, want := range map[string]string{trust: "allowed", strings.ReplaceAll(trust, "user/ann", "user/eve"): "implicitDeny"} {
			r := must(w, iamapi.SimulateCustomPolicy, &request{PolicyInputList: []string{assume}, ActionNames: []string{"sts:AssumeRole"}, ResourceArns: []string{role}, ResourcePolicy: &policyOf, CallerArn: ptr(ann)}).EvaluationResults[0]
			if r.GetEvalDecision() != want {
				t.Errorf("%s: %s", policyOf, r.GetEvalDecision())
			}
		}
	})
}

func TestSimulationsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.user(here, "ann", "")
	const (
		allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		opens = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
		ann   = "arn:aws:iam::111111111111:user/ann"
	)
	must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("r"), AssumeRolePolicyDocument: ptr(trusts(forLambda))})
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	entry := func(key, kind string, values ...string) []iamapi.ContextEntry {
		return []iamapi.ContextEntry{{ContextKeyName: &key, ContextKeyType: &kind, ContextKeyValues: values}}
	}
	type request = iamapi.SimulatePrincipalPolicyRequest
	for _, c := range []struct {
		in         request
		code, text string
	}{
		{request{PolicySourceArn: ptr("arn:aws:sts::111111111111:assumed-role/r/s")}, "InvalidInput", "Invalid Entity Arn: arn:aws:sts::111111111111:assumed-role/r/s does not clearly define entity type and name."},
		{request{PolicySourceArn: ptr("arn:aws:iam::111111111111:policy/p")}, "InvalidInput", "Invalid Entity Arn: arn:aws:iam::111111111111:policy/p does not clearly define entity type and name."},
		{request{PolicySourceArn: ptr("arn:aws:iam::222222222222:role/r")}, "InvalidInput", "Invalid Policy Source Arn: caller's account 111111111111 does not have access to policies in account 222222222222"},
		{request{PolicySourceArn: ptr("arn:aws:iam::111111111111:user/eve")}, "NoSuchEntity", "The user with name eve cannot be found."},
		{request{PolicySourceArn: ptr("arn:aws:iam::111111111111:role/x/r")}, "NoSuchEntity", "The role with name r cannot be found."},
		{request{PolicySourceArn: ptr("arn:aws:iam::111111111111:group/h")}, "NoSuchEntity", "The group with name h cannot be found."},
		{request{ResourceArns: []string{"14a050d4"}}, "InvalidInput", "ResourceNames are not in a valid ARN format: 14a050d4."},
		{request{ResourceOwner: ptr("123456789012")}, "InvalidInput", "'123456789012' is not a valid as a Resource Owner."},
		{request{CallerArn: ptr("arn:aws:iam::111111111111:role/r")}, "InvalidInput", "Invalid caller - Caller must be an IAM user in this context."},
		{request{CallerArn: ptr("arn:aws:sts::111111111111:federated-user/f")}, "InvalidInput", "Invalid Entity Arn: arn:aws:sts::111111111111:federated-user/f does not clearly define entity type and name."},
		{request{PolicySourceArn: ptr("arn:aws:iam::111111111111:role/r"), ResourcePolicy: ptr(opens), ResourceArns: []string{simulatedFunction}}, "InvalidInput", "Invalid caller - Caller must be an IAM user in this context."},
		{request{ResourcePolicy: ptr(opens)}, "InvalidInput", "Invalid Entity Arn: * does not clearly define entity type and name."},
		{request{PermissionsBoundaryPolicyInputList: []string{allow, allow}}, "InvalidInput", "The list of Permissions Boundary policies cannot exceed 1 items."},
		{request{PolicyInputList: []string{`{"Version":"2012-10-17"}`}}, "InvalidInput", "PolicyInputList.1: Syntax errors in policy."},
		{request{ActionNames: []string{"lambda:*"}}, "InvalidInput", "Invalid Input Actions: [lambda:*] is not service:Name without wildcards."},
		{request{ContextEntries: entry("aws:CurrentTime", "date", "yesterday")}, "InvalidInput", `"yesterday" is not a value of type date, for context key aws:CurrentTime.`},
		{request{ContextEntries: entry("aws:SourceIp", "ip", "1.2.3")}, "InvalidInput", `"1.2.3" is not a value of type ip, for context key aws:SourceIp.`},
		{request{ContextEntries: entry("aws:SourceIp", "ip")}, "InvalidInput", "Context entry 1 needs a name, a type and a value."},
		{request{ContextEntries: entry("aws:username", "string", "a", "b")}, "InvalidInput", "Context key aws:username of type string has more than one value."},
		{request{ContextEntries: append(entry("aws:username", "string", "a"), entry("AWS:Username", "string", "b")...)}, "InvalidInput", "Context key AWS:Username is given twice."},
		{request{Marker: ptr("AAAA")}, "ValidationError", "Invalid Marker."},
	} {
		if c.in.PolicySourceArn == nil {
			c.in.PolicySourceArn = ptr(ann)
		}
		if c.in.ActionNames == nil {
			c.in.ActionNames = []string{"lambda:GetFunction"}
		}
		status := 400
		if c.code == "NoSuchEntity" {
			status = 404
		}
		refuses(w, root(here), iamapi.SimulatePrincipalPolicy, &c.in, status, c.code, c.text)
	}
	refuses(w, root(here), iamapi.SimulateCustomPolicy, &iamapi.SimulateCustomPolicyRequest{
		PolicyInputList: []string{allow}, ActionNames: []string{"lambda:GetFunction"}, ResourceArns: []string{simulatedFunction}, ResourcePolicy: ptr(opens),
	}, 400, "InvalidInput", "Invalid caller - Caller cannot be null or empty.")
}

// TestScenariosNeedTheirResources: "each of the Amazon EC2 scenarios requires
// that you specify instance, image, and security group resources" and so on
// (IAM API reference, ResourceHandlingOption).
func TestScenariosNeedTheirResources(t *testing.T) {
	w := newWorld(t)
	ec2 := func(kinds ...string) []string {
		var all []string
		for _, k := range kinds {
			all = append(all, "arn:aws:ec2:us-east-1:111111111111:"+k+"/x-1")
		}
		return all
	}
	base := []string{"instance", "image", "security-group", "network-interface"}
	more := func(kinds ...string) []string { return ec2(append(base[:4:4], kinds...)...) }
	for _, c := range []struct {
		option    string
		resources []string
		refused   string
	}{
		{"EC2-VPC-InstanceStore", more(), ""},
		{"EC2-VPC-InstanceStore", more("volume", "subnet"), ""},
		{"EC2-VPC-InstanceStore", nil, "ResourceHandlingOption EC2-VPC-InstanceStore needs resources of these types too: instance, image, security-group, network-interface."},
		{"EC2-VPC-InstanceStore", append(ec2(base[:3]...), "arn:aws:s3:::network-interface/x"), "ResourceHandlingOption EC2-VPC-InstanceStore needs resources of these types too: network-interface."},
		{"EC2-VPC-InstanceStore-Subnet", more("subnet"), ""},
		{"EC2-VPC-InstanceStore-Subnet", more("volume"), "ResourceHandlingOption EC2-VPC-InstanceStore-Subnet needs resources of these types too: subnet."},
		{"EC2-VPC-EBS", more("volume"), ""},
		{"EC2-VPC-EBS", more("subnet"), "ResourceHandlingOption EC2-VPC-EBS needs resources of these types too: volume."},
		{"EC2-VPC-EBS-Subnet", more("volume", "subnet"), ""},
		{"EC2-VPC-EBS-Subnet", more(), "ResourceHandlingOption EC2-VPC-EBS-Subnet needs resources of these types too: subnet, volume."},
		{"ec2-vpc-ebs", more("volume"), "ResourceHandlingOption ec2-vpc-ebs is none of the supported scenarios."},
	} {
		in := &iamapi.SimulateCustomPolicyRequest{
			PolicyInputList: []string{allows("ec2:*", "*")}, ActionNames: []string{"ec2:RunInstances"}, ResourceArns: c.resources, ResourceHandlingOption: &c.option,
		}
		if c.refused != "" {
			refuses(w, root(here), iamapi.SimulateCustomPolicy, in, 400, "InvalidInput", c.refused)
			continue
		}
		if got := must(w, iamapi.SimulateCustomPolicy, in).EvaluationResults[0].GetEvalDecision(); got != "allowed" {
			t.Errorf("%s on %v is %s", c.option, c.resources, got)
		}
	}
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	w := newWorld(t)
	ann := w.user(here, "ann", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:*:*:function:${aws:username}"}]}`)
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("ops")})
	must(w, iamapi.PutGroupPolicy, &iamapi.PutGroupPolicyRequest{GroupName: ptr("ops"), PolicyName: ptr("lists"), PolicyDocument: ptr(allows("lambda:ListFunctions", "*"))})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("ops"), UserName: ptr("ann")})
	managed := must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("invokes"), PolicyDocument: ptr(allows("lambda:InvokeFunction", "*"))}).Policy.Arn
	must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("ann"), PolicyArn: managed})
	must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("r"), Path: ptr("/p/"), AssumeRolePolicyDocument: ptr(trusts(forLambda)), PermissionsBoundary: managed})
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("all"), PolicyDocument: ptr(allows("*", "*"))})

	user, group, role := "arn:aws:iam::111111111111:user/ann", "arn:aws:iam::111111111111:group/ops", "arn:aws:iam::111111111111:role/p/r"
	ask := func(source, action string, change func(*iamapi.SimulatePrincipalPolicyRequest)) *iamapi.EvaluationResult {
		t.Helper()
		in := &iamapi.SimulatePrincipalPolicyRequest{PolicySourceArn: &source, ActionNames: []string{action}, ResourceArns: []string{simulatedFunction}}
		if change != nil {
			change(in)
		}
		return &must(w, iamapi.SimulatePrincipalPolicy, in).EvaluationResults[0]
	}
	for _, c := range []struct{ name, source, action, want, matched string }{
		{"an inline policy, without its variable's value", user, "lambda:GetFunction", "implicitDeny", ""},
		{"a group's policy counts for its user", user, "lambda:ListFunctions", "allowed", "group_ops_lists IAM Policy"},
		{"a managed policy has its own name", user, "lambda:InvokeFunction", "allowed", "invokes IAM Policy"},
		{"a group alone", group, "lambda:ListFunctions", "allowed", "group_ops_lists IAM Policy"},
		{"a group alone has not its users' policies", group, "lambda:InvokeFunction", "implicitDeny", ""},
		{"a role within its boundary", role, "lambda:InvokeFunction", "allowed", "role_r_all IAM Policy"},
		{"a role beyond its boundary", role, "lambda:GetFunction", "implicitDeny", ""},
	} {
		r := ask(c.source, c.action, nil)
		first := ""
		if len(r.MatchedStatements) > 0 {
			first, _, _ = strings.Cut(place(&r.MatchedStatements[0]), " 1:")
		}
		if r.GetEvalDecision() != c.want || first != c.matched {
			t.Errorf("%s: %s by %q", c.name, r.GetEvalDecision(), first)
		}
	}
	r := ask(user, "lambda:GetFunction", func(in *iamapi.SimulatePrincipalPolicyRequest) {
		in.ContextEntries = []iamapi.ContextEntry{{ContextKeyName: ptr("aws:username"), ContextKeyType: ptr("string"), ContextKeyValues: []string{"f"}}}
	})
	if r.GetEvalDecision() != "allowed" || places(r.MatchedStatements)[0][:len("user_ann_inline")] != "user_ann_inline" {
		t.Errorf("with a value for its variable: %+v", r)
	}
	if r = ask(role, "lambda:GetFunction", func(in *iamapi.SimulatePrincipalPolicyRequest) {
		in.PermissionsBoundaryPolicyInputList = []string{allows("lambda:GetFunction", "*")}
	}); r.GetEvalDecision() != "allowed" || !r.PermissionsBoundaryDecisionDetail.GetAllowedByPermissionsBoundary() {
		t.Errorf("a given boundary replaces that of the role: %+v", r)
	}
	if r = ask(group, "lambda:UpdateAlias", func(in *iamapi.SimulatePrincipalPolicyRequest) {
		in.PolicyInputList = []string{allows("lambda:UpdateAlias", "*")}
	}); r.GetEvalDecision() != "allowed" {
		t.Errorf("given policies are added: %+v", r)
	}

	// As Bob, with Ann's policies.
	if r = ask(user, "lambda:InvokeFunction", func(in *iamapi.SimulatePrincipalPolicyRequest) {
		in.CallerArn = ptr("arn:aws:iam::222222222222:user/bob")
	}); r.GetEvalDecision() != "implicitDeny" || r.EvalDecisionDetails["IAM Policy"] != "allowed" {
		t.Errorf("a caller of another account: %+v", r)
	}
	if r = ask(user, "s3:GetObject", func(in *iamapi.SimulatePrincipalPolicyRequest) {
		in.ResourceArns, in.ResourceOwner = []string{"arn:aws:s3:::bucket/key"}, ptr("arn:aws:iam::222222222222:root")
		in.PolicyInputList = []string{allows("s3:*", "*")}
	}); r.GetEvalDecision() != "implicitDeny" || r.EvalDecisionDetails["Resource Policy"] != "implicitDeny" {
		t.Errorf("a resource of another owner: %+v", r)
	}

	keys := must(w, iamapi.GetContextKeysForPrincipalPolicy, &iamapi.GetContextKeysForPrincipalPolicyRequest{
		PolicySourceArn: &user, PolicyInputList: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`},
	}).ContextKeyNames
	if !slices.Equal(keys, []string{"aws:username", "aws:SecureTransport"}) {
		t.Errorf("keys %q", keys)
	}

	// Who may ask.
	denied(w, ann, iamapi.SimulatePrincipalPolicy, &iamapi.SimulatePrincipalPolicyRequest{PolicySourceArn: &role, ActionNames: []string{"s3:GetObject"}},
		"iam:SimulatePrincipalPolicy on resource: "+role+" because no identity-based policy allows the iam:SimulatePrincipalPolicy action")
	denied(w, ann, iamapi.GetContextKeysForPrincipalPolicy, &iamapi.GetContextKeysForPrincipalPolicyRequest{PolicySourceArn: &role},
		"iam:GetContextKeysForPrincipalPolicy on resource: "+role+" because no identity-based policy allows the iam:GetContextKeysForPrincipalPolicy action")
	denied(w, ann, iamapi.SimulateCustomPolicy, &iamapi.SimulateCustomPolicyRequest{PolicyInputList: []string{allows("*", "*")}, ActionNames: []string{"s3:GetObject"}},
		"iam:SimulateCustomPolicy because no identity-based policy allows the iam:SimulateCustomPolicy action")
}

func TestSimulationsPage(t *testing.T) {
	w := newWorld(t)
	var actions, got []string
	for i := range 25 {
		actions = append(actions, fmt.Sprintf("lambda:Action%d", 25-i))
	}
	in := &iamapi.SimulateCustomPolicyRequest{PolicyInputList: []string{allows("*", "*")}, ActionNames: actions, MaxItems: ptr(int32(10))}
	for pages := 1; ; pages++ {
		out := must(w, iamapi.SimulateCustomPolicy, in)
		for _, r := range out.EvaluationResults {
			got = append(got, r.GetEvalActionName())
		}
		if !out.GetIsTruncated() {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		in.Marker = out.Marker
	}
	if !slices.Equal(got, actions) {
		t.Errorf("got %q", got)
	}
	in.Marker, in.MaxItems, in.ResourceArns = nil, nil, nil
	for i := range 1_500 {
		in.ResourceArns = append(in.ResourceArns, fmt.Sprintf("%s%d", simulatedFunction, i))
	}
	if out := must(w, iamapi.SimulateCustomPolicy, in); len(out.EvaluationResults) != 1 || !out.GetIsTruncated() {
		t.Errorf("a page of %d results on %d resources each", len(out.EvaluationResults), len(in.ResourceArns))
	}
}

// TestOrganizationDecidesToo plays the control policies of an organization.
func TestOrganizationDecidesToo(t *testing.T) {
	load := func(text string) policy.Attached {
		p, err := policy.Load([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return policy.Attached{Policy: p}
	}
	sim := &simulation{
		principal: policy.Principal{Kind: policy.User, Account: here, ARN: "arn:aws:iam::111111111111:user/ann"}, known: true, member: true,
		identity: []source{{Attached: load(allows("*", "*")), id: "p"}}, resources: []string{simulatedFunction}, owner: here, keys: &policy.Context{},
		serviceControl: [][]policy.Attached{{load(allows("*", "*"))}, {load(allows("lambda:*", "*")), load(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"lambda:DeleteFunction","Resource":"*"}}`)}},
	}
	for action, want := range map[string]string{"lambda:GetFunction": "allowed", "lambda:DeleteFunction": "explicitDeny", "s3:GetObject": "implicitDeny"} {
		r, err := sim.evaluate(t.Context(), action)
		if err != nil {
			t.Fatal(err)
		}
		if r.GetEvalDecision() != want || r.OrganizationsDecisionDetail.GetAllowedByOrganizations() != (want == "allowed") {
			t.Errorf("%s: %s, allowed by organizations %v", action, r.GetEvalDecision(), r.OrganizationsDecisionDetail.GetAllowedByOrganizations())
		}
		if want != "allowed" && (len(r.MatchedStatements) > 0 || r.EvalDecisionDetails != nil) {
			t.Errorf("%s: shows the organization's statements: %+v", action, r)
		}
	}
}
