package iam

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// attempt is a call that is to be made by somebody.
type attempt func(w *world, as caller.Caller) error

func try[In, Out any](o api.Op[In, Out], in *In) attempt {
	return func(w *world, as caller.Caller) error {
		_, err := call(w, as, o, in)
		return err
	}
}

// wasDenied tells a denial of the gate from everything else.
func wasDenied(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Code == "AccessDenied" && strings.Contains(e.Message, "is not authorized to perform")
}

// TestConditionKeys has for each key an attempt that a policy with a condition
// on it lets through, and its twin that it does not.
func TestConditionKeys(t *testing.T) {
	const (
		readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"
		admin    = "arn:aws:iam::aws:policy/AdministratorAccess"
	)
	tags := func(key, value string) []iamapi.Tag { return []iamapi.Tag{{Key: &key, Value: &value}} }
	trust := ptr(trusts(forLambda))
	for _, c := range []struct {
		name, action, condition string
		yes, no                 attempt
	}{
		{"iam:PolicyARN on attaching to a role", "iam:AttachRolePolicy", `{"ArnEquals":{"iam:PolicyARN":"` + readOnly + `"}}`,
			try(iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: ptr(readOnly)}),
			try(iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: ptr(admin)})},
		{"iam:PolicyARN on attaching to a user", "iam:AttachUserPolicy", `{"ArnEquals":{"iam:PolicyARN":"` + readOnly + `"}}`,
			try(iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: ptr(readOnly)}),
			try(iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: ptr(admin)})},
		{"iam:PolicyARN on detaching from a group", "iam:DetachGroupPolicy", `{"ArnEquals":{"iam:PolicyARN":"` + readOnly + `"}}`,
			try(iamapi.DetachGroupPolicy, &iamapi.DetachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: ptr(readOnly)}),
			try(iamapi.DetachGroupPolicy, &iamapi.DetachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: ptr(admin)})},
		{"iam:PermissionsBoundary on making a user", "iam:CreateUser", `{"StringEquals":{"iam:PermissionsBoundary":"` + readOnly + `"}}`,
			try(iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("n"), PermissionsBoundary: ptr(readOnly)}),
			try(iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("m")})},
		{"iam:PermissionsBoundary on making a role", "iam:CreateRole", `{"StringEquals":{"iam:PermissionsBoundary":"` + readOnly + `"}}`,
			try(iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("n"), AssumeRolePolicyDocument: trust, PermissionsBoundary: ptr(readOnly)}),
			try(iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("m"), AssumeRolePolicyDocument: trust, PermissionsBoundary: ptr(admin)})},
		{"iam:PermissionsBoundary is the one that is put", "iam:PutUserPermissionsBoundary", `{"StringEquals":{"iam:PermissionsBoundary":"` + readOnly + `"}}`,
			try(iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("u"), PermissionsBoundary: ptr(readOnly)}),
			try(iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("bounded"), PermissionsBoundary: ptr(admin)})},
		{"iam:PermissionsBoundary is the one a user has", "iam:PutUserPolicy", `{"StringEquals":{"iam:PermissionsBoundary":"` + readOnly + `"}}`,
			try(iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("bounded"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*"))}),
			try(iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*"))})},
		{"iam:PermissionsBoundary is the one a role has", "iam:DeleteRolePermissionsBoundary", `{"StringNotEquals":{"iam:PermissionsBoundary":"` + admin + `"}}`,
			try(iamapi.DeleteRolePermissionsBoundary, &iamapi.DeleteRolePermissionsBoundaryRequest{RoleName: ptr("bounded")}),
			try(iamapi.DeleteRolePermissionsBoundary, &iamapi.DeleteRolePermissionsBoundaryRequest{RoleName: ptr("admin")})},
		{"iam:AWSServiceName", "iam:CreateServiceLinkedRole", `{"StringEquals":{"iam:AWSServiceName":"ecs.amazonaws.com"}}`,
			try(iamapi.CreateServiceLinkedRole, &iamapi.CreateServiceLinkedRoleRequest{AWSServiceName: ptr("ecs.amazonaws.com")}),
			try(iamapi.CreateServiceLinkedRole, &iamapi.CreateServiceLinkedRoleRequest{AWSServiceName: ptr("rds.amazonaws.com")})},
		{"aws:RequestTag on tagging", "iam:TagRole", `{"StringEquals":{"aws:RequestTag/team":"blue"}}`,
			try(iamapi.TagRole, &iamapi.TagRoleRequest{RoleName: ptr("r"), Tags: tags("team", "blue")}),
			try(iamapi.TagRole, &iamapi.TagRoleRequest{RoleName: ptr("r"), Tags: tags("team", "red")})},
		{"aws:TagKeys on untagging", "iam:UntagUser", `{"ForAllValues:StringEquals":{"aws:TagKeys":["k"]}}`,
			try(iamapi.UntagUser, &iamapi.UntagUserRequest{UserName: ptr("u"), TagKeys: []string{"k"}}),
			try(iamapi.UntagUser, &iamapi.UntagUserRequest{UserName: ptr("u"), TagKeys: []string{"k", "l"}})},
		{"aws:ResourceTag of a role", "iam:GetRole", `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`,
			try(iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: ptr("bounded")}),
			try(iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: ptr("r")})},
		{"iam:ResourceTag of a user", "iam:GetUser", `{"StringEquals":{"iam:ResourceTag/team":"blue"}}`,
			try(iamapi.GetUser, &iamapi.GetUserRequest{UserName: ptr("bounded")}),
			try(iamapi.GetUser, &iamapi.GetUserRequest{UserName: ptr("u")})},
		{"aws:ResourceTag of a policy", "iam:GetPolicy", `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`,
			try(iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: ptr("arn:aws:iam::111111111111:policy/tagged")}),
			try(iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: ptr(readOnly)})},
		{"aws:ResourceTag of an instance profile", "iam:DeleteInstanceProfile", `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`,
			try(iamapi.DeleteInstanceProfile, &iamapi.DeleteInstanceProfileRequest{InstanceProfileName: ptr("tagged")}),
			try(iamapi.DeleteInstanceProfile, &iamapi.DeleteInstanceProfileRequest{InstanceProfileName: ptr("plain")})},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			blue := tags("team", "blue")
			must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("u")})
			must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("bounded"), PermissionsBoundary: ptr(readOnly), Tags: blue})
			w.role(here, "r", forLambda)
			must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("bounded"), AssumeRolePolicyDocument: trust, PermissionsBoundary: ptr(readOnly), Tags: blue})
			must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("admin"), AssumeRolePolicyDocument: trust, PermissionsBoundary: ptr(admin)})
			must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
			must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: ptr(readOnly)})
			must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("tagged"), PolicyDocument: ptr(allows("s3:*", "*")), Tags: blue})
			must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("tagged"), Tags: blue})
			must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("plain")})
			user := w.user(here, "actor", statement("Allow", c.action, "*", c.condition))
			if err := c.yes(w, user); err != nil {
				t.Errorf("should get through: %v", err)
			}
			if err := c.no(w, user); !wasDenied(err) {
				t.Errorf("should be denied: %v", err)
			}
		})
	}
}

// TestSecondPermissions are operations that need more than their own action.
func TestSecondPermissions(t *testing.T) {
	tags := []iamapi.Tag{{Key: ptr("k"), Value: ptr("v")}}
	for _, c := range []struct {
		name, first, second string
		try                 attempt
		denied              string
	}{
		{"tags of a new user", "iam:CreateUser", "iam:TagUser",
			try(iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("n"), Path: ptr("/p/"), Tags: tags}), "iam:TagUser on resource: arn:aws:iam::111111111111:user/p/n "},
		{"tags of a new role", "iam:CreateRole", "iam:TagRole",
			try(iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("n"), AssumeRolePolicyDocument: ptr(trusts(forLambda)), Tags: tags}), "iam:TagRole on resource: arn:aws:iam::111111111111:role/n "},
		{"tags of a new policy", "iam:CreatePolicy", "iam:TagPolicy",
			try(iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("n"), PolicyDocument: ptr(allows("s3:*", "*")), Tags: tags}), "iam:TagPolicy on resource: arn:aws:iam::111111111111:policy/n "},
		{"tags of a new instance profile", "iam:CreateInstanceProfile", "iam:TagInstanceProfile",
			try(iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("n"), Tags: tags}), "iam:TagInstanceProfile on resource: arn:aws:iam::111111111111:instance-profile/n "},
		{"passing a role to instances", "iam:AddRoleToInstanceProfile", "iam:PassRole",
			try(iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")}), "iam:PassRole on resource: arn:aws:iam::111111111111:role/r "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.role(here, "r", forLambda)
			must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("p")})
			user := w.user(here, "actor", allows(c.first, "*"))
			if err := c.try(w, user); !wasDenied(err) || !strings.Contains(err.Error(), c.denied) {
				t.Errorf("without %s: %v", c.second, err)
			}
			must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("actor"), PolicyName: ptr("more"), PolicyDocument: ptr(allows(c.second, "*"))})
			if err := c.try(w, user); err != nil {
				t.Errorf("with both: %v", err)
			}
		})
	}
}

func TestPassingARoleToInstancesSaysSo(t *testing.T) {
	w := newWorld(t)
	w.role(here, "r", forLambda)
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("p")})
	in := &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")}
	for service, ok := range map[string]bool{"lambda.amazonaws.com": false, "ec2.amazonaws.com": true} {
		user := w.user(here, "for-"+service, allows("iam:AddRoleToInstanceProfile", "*"))
		must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("for-" + service), PolicyName: ptr("pass"),
			PolicyDocument: ptr(statement("Allow", "iam:PassRole", "*", `{"StringEquals":{"iam:PassedToService":"`+service+`"}}`))})
		if _, err := call(w, user, iamapi.AddRoleToInstanceProfile, in); wasDenied(err) == ok {
			t.Errorf("passing to %s: %v", service, err)
		}
	}
}

// TestRenamingNeedsBothNames: who may change one user may not turn another
// into it, or it into another.
func TestRenamingNeedsBothNames(t *testing.T) {
	w := newWorld(t)
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("dev-a")})
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("ops-a")})
	user := w.user(here, "actor", allows("iam:UpdateUser", "arn:aws:iam::111111111111:user/dev-*"))
	rename := func(from, to string) *iamapi.UpdateUserRequest {
		return &iamapi.UpdateUserRequest{UserName: &from, NewUserName: &to}
	}
	denied(w, user, iamapi.UpdateUser, rename("dev-a", "ops-b"), "iam:UpdateUser on resource: arn:aws:iam::111111111111:user/ops-b because no identity-based policy allows the iam:UpdateUser action")
	denied(w, user, iamapi.UpdateUser, rename("ops-a", "dev-b"), "iam:UpdateUser on resource: arn:aws:iam::111111111111:user/ops-a because no identity-based policy allows the iam:UpdateUser action")
	mustAs(w, user, iamapi.UpdateUser, rename("dev-a", "dev-b"))
}

// TestNothingLeaksToTheDenied: a denial is the same whether or not the thing exists.
func TestNothingLeaksToTheDenied(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "actor", "")
	w.role(here, "there", forLambda)
	w.managed("there", allows("s3:*", "*"))
	for _, name := range []string{"there", "none"} {
		denied(w, user, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: &name}, "iam:GetRole on resource: arn:aws:iam::111111111111:role/"+name+" because no identity-based policy allows the iam:GetRole action")
		arn := "arn:aws:iam::111111111111:policy/" + name
		denied(w, user, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &arn}, "iam:GetPolicy on resource: "+arn+" because no identity-based policy allows the iam:GetPolicy action")
	}
	denied(w, user, iamapi.ListPolicies, &iamapi.ListPoliciesRequest{}, "iam:ListPolicies because no identity-based policy allows the iam:ListPolicies action")
	denied(w, user, iamapi.ListRoles, &iamapi.ListRolesRequest{PathPrefix: ptr("/team/")}, "iam:ListRoles on resource: arn:aws:iam::111111111111:role/team/* because no identity-based policy allows the iam:ListRoles action")
}

// TestAnotherAccountIsOutOfReach: nobody acts on what another account owns,
// whatever their own policies say.
func TestAnotherAccountIsOutOfReach(t *testing.T) {
	w := newWorld(t)
	theirs := *mustAs(w, root(there), iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*"))}).Policy.Arn
	user := w.user(here, "actor", allows("*", "*"))
	for _, who := range []caller.Caller{user, root(here)} {
		for name, a := range map[string]attempt{
			"GetPolicy":           try(iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &theirs}),
			"DeletePolicy":        try(iamapi.DeletePolicy, &iamapi.DeletePolicyRequest{PolicyArn: &theirs}),
			"CreatePolicyVersion": try(iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &theirs, PolicyDocument: ptr(allows("*", "*"))}),
		} {
			if err := a(w, who); !wasDenied(err) {
				t.Errorf("%s by %s: %v", name, who.ARN(), err)
			}
		}
	}
	mustAs(w, root(there), iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &theirs})
}

// TestEveryOperationDeniesNobody puts every operation to callers with no
// permission: none may get to its handler.
func TestEveryOperationDeniesNobody(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "actor", "")
	arn := w.role(here, "r", `{"AWS":"arn:aws:iam::111111111111:user/actor"}`)
	session, err := w.assume(user, arn)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range w.iam.Rows() {
		if len(row.Needs()) == 0 || row.Needs()[0].Action() == "" || row.Needs()[0].Optional() {
			t.Errorf("%s: the first need is not one that is always judged", row.Operation().Name)
		}
		if got, want := row.Needs()[0].Action(), "iam:"+row.Operation().Name; got != want {
			t.Errorf("%s needs %s", row.Operation().Name, got)
		}
		for _, who := range []caller.Caller{user, session, {}, caller.Anonymous()} {
			o := row.Operation()
			_, err := w.bus.Serve(t.Context(), &op.Call{Caller: who, Operation: o, Input: filled(o), Region: "us-east-1"})
			var e *api.Error
			if !errors.As(err, &e) || e.Status != 403 && e.Code != "ValidationError" && !strings.HasPrefix(e.Message, "The deletion task") {
				t.Errorf("%s by %s: %v", o.Name, who.ARN(), err)
			}
		}
	}
}

// filled is an input of an operation with a policy ARN that can be read.
func filled(o *api.Operation) any {
	in := o.NewInput()
	if f := fieldOf(in, "PolicyArn"); f.IsValid() {
		f.Set(valueOf(ptr("arn:aws:iam::111111111111:policy/p")))
	}
	return in
}

func TestFactsOfResources(t *testing.T) {
	w := newWorld(t)
	arn := w.role(here, "r", forLambda)
	must(w, iamapi.TagRole, &iamapi.TagRoleRequest{RoleName: ptr("r"), Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("v")}}})
	for _, c := range []struct {
		action, arn string
		want        string
	}{
		{"sts:AssumeRole", arn, "account 111111111111 policy true must true tags map[k:v]"},
		{"STS:TagSession", arn, "account 111111111111 policy true must true tags map[k:v]"},
		{"iam:GetRole", arn, "account 111111111111 policy false must false tags map[k:v]"},
		{"iam:PassRole", arn, "account 111111111111 policy false must false tags map[k:v]"},
		{"sts:AssumeRole", "arn:aws:iam::111111111111:role/none", "account  policy false must true tags map[]"},
		{"sts:AssumeRole", "arn:aws:iam::111111111111:role/R", "account  policy false must true tags map[]"},
		{"iam:GetUser", "arn:aws:iam::111111111111:root", "account  policy false must false tags map[]"},
		{"iam:ListRoles", "arn:aws:iam::111111111111:role/*", "account  policy false must false tags map[]"},
		{"iam:GetRole", "nonsense", "account  policy false must false tags map[]"},
	} {
		f := w.iam.Resource(c.action, c.arn)
		if got := fmt.Sprintf("account %s policy %v must %v tags %v", f.Account, f.Policy != nil, f.MustAllow, f.Tags); got != c.want {
			t.Errorf("%s on %s: %s", c.action, c.arn, got)
		}
	}
}

// TestTagsOfRolesAndUsersHaveTwoNames: also for actions that are not IAM's own
// rows, as sts:AssumeRole and the iam:PassRole of Lambda (Service Authorization
// Reference). Policies and instance profiles have aws:ResourceTag only.
func TestTagsOfRolesAndUsersHaveTwoNames(t *testing.T) {
	w := newWorld(t)
	blue := []iamapi.Tag{{Key: ptr("team"), Value: ptr("blue")}}
	must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("r"), AssumeRolePolicyDocument: ptr(trusts(forLambda)), Tags: blue})
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("u"), Tags: blue})
	must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*")), Tags: blue})
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("i"), Tags: blue})
	for _, c := range []struct{ action, resource, prefix string }{
		{"sts:AssumeRole", "role/r", roleAndUserTags}, {"iam:PassRole", "role/r", roleAndUserTags}, {"iam:GetUser", "user/u", roleAndUserTags},
		{"iam:GetPolicy", "policy/p", ""}, {"iam:GetInstanceProfile", "instance-profile/i", ""},
	} {
		f := w.iam.Resource(c.action, "arn:aws:iam::111111111111:"+c.resource)
		if f.TagPrefix != c.prefix || f.Tags["team"] != "blue" {
			t.Errorf("%s on %s: prefix %q, tags %v", c.action, c.resource, f.TagPrefix, f.Tags)
		}
	}
}
