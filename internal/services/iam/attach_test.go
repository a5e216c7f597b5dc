package iam

import (
	"fmt"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

func TestAttachErrors(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	w.role(here, "r", forLambda)
	r := root(here)
	theirs := *mustAs(w, root(there), iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("theirs"), PolicyDocument: ptr(allows("*", "*"))}).Policy.Arn
	idle := w.managed("idle", allows("s3:*", "*"))
	for arn, want := range map[string]struct {
		status     int
		code, text string
	}{
		"arn:aws:iam::111111111111:policy/none": {404, "NoSuchEntity", "Policy arn:aws:iam::111111111111:policy/none does not exist or is not attachable."},
		"arn:aws:iam::aws:policy/None":          {404, "NoSuchEntity", "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable."},
		theirs:                                  {404, "NoSuchEntity", "Policy " + theirs + " does not exist or is not attachable."},
		"longpolicynamebutnoarn":                {400, "ValidationError", "ARN longpolicynamebutnoarn is not valid."},
		"arn:aws:iam::111111111111:role/r":      {400, "ValidationError", "ARN arn:aws:iam::111111111111:role/r is not valid."},
		"arn:aws:iam::aws:policy/aws-service-role/AWSLambdaReplicator": {400, "PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role."},
	} {
		refuses(w, r, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &arn}, want.status, want.code, want.text)
		refuses(w, r, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &arn}, want.status, want.code, want.text)
	}
	refuses(w, r, iamapi.DetachUserPolicy, &iamapi.DetachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &idle}, 404, "NoSuchEntity", "Policy "+idle+" was not found.")
	refuses(w, r, iamapi.DetachRolePolicy, &iamapi.DetachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &idle}, 404, "NoSuchEntity", "Policy "+idle+" was not found.")

	for i := range 10 {
		arn := w.managed(fmt.Sprint("p", i), allows("s3:*", "*"))
		must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &arn})
		must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &arn}) // twice is once
	}
	refuses(w, r, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &idle}, 409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
}

func TestListAttached(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	if got := must(w, iamapi.ListAttachedUserPolicies, &iamapi.ListAttachedUserPoliciesRequest{UserName: ptr("u")}).AttachedPolicies; got == nil || len(got) != 0 {
		t.Errorf("of a new user: %+v", got)
	}
	mine := *must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("mine"), Path: ptr("/team/"), PolicyDocument: ptr(allows("s3:*", "*"))}).Policy.Arn
	basic := "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	for _, arn := range []string{basic, mine} {
		must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &arn})
	}
	of := func(prefix *string) []iamapi.AttachedPolicy {
		return must(w, iamapi.ListAttachedUserPolicies, &iamapi.ListAttachedUserPoliciesRequest{UserName: ptr("u"), PathPrefix: prefix}).AttachedPolicies
	}
	equal(t, "all", of(nil), []iamapi.AttachedPolicy{{PolicyName: ptr("AWSLambdaBasicExecutionRole"), PolicyArn: &basic}, {PolicyName: ptr("mine"), PolicyArn: &mine}})
	equal(t, "by path", of(ptr("/service-role/")), []iamapi.AttachedPolicy{{PolicyName: ptr("AWSLambdaBasicExecutionRole"), PolicyArn: &basic}})
}

func TestListEntitiesForPolicy(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	w.user(here, "bounded", "")
	w.role(here, "r", forLambda)
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g"), Path: ptr("/team/")})
	arn := w.managed("p", allows("s3:*", "*"))
	must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &arn})
	must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &arn})
	must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: &arn})
	must(w, iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("bounded"), PermissionsBoundary: &arn})
	names := func(out *iamapi.ListEntitiesForPolicyResponse) []string {
		var all []string
		for _, u := range out.PolicyUsers {
			all = append(all, "user "+*u.UserName)
		}
		for _, g := range out.PolicyGroups {
			all = append(all, "group "+*g.GroupName)
		}
		for _, r := range out.PolicyRoles {
			all = append(all, "role "+*r.RoleName)
		}
		return all
	}
	for _, c := range []struct {
		in   iamapi.ListEntitiesForPolicyRequest
		want []string
	}{
		{iamapi.ListEntitiesForPolicyRequest{}, []string{"user bounded", "user u", "group g", "role r"}},
		{iamapi.ListEntitiesForPolicyRequest{EntityFilter: ptr("Role")}, []string{"role r"}},
		{iamapi.ListEntitiesForPolicyRequest{PathPrefix: ptr("/team/")}, []string{"group g"}},
		{iamapi.ListEntitiesForPolicyRequest{PolicyUsageFilter: ptr("PermissionsBoundary")}, []string{"user bounded"}},
		{iamapi.ListEntitiesForPolicyRequest{PolicyUsageFilter: ptr("PermissionsPolicy")}, []string{"user u", "group g", "role r"}},
	} {
		c.in.PolicyArn = &arn
		equal(t, fmt.Sprintf("%+v", c.in), names(must(w, iamapi.ListEntitiesForPolicy, &c.in)), c.want)
	}
	equal(t, "page by page", pages(t, func(marker *string) ([]string, *string) {
		out := must(w, iamapi.ListEntitiesForPolicy, &iamapi.ListEntitiesForPolicyRequest{PolicyArn: &arn, Marker: marker, MaxItems: ptr(int32(1))})
		return names(out), out.Marker
	}), []string{"user bounded", "user u", "group g", "role r"})
	none := "arn:aws:iam::111111111111:policy/none"
	refuses(w, root(here), iamapi.ListEntitiesForPolicy, &iamapi.ListEntitiesForPolicyRequest{PolicyArn: &none}, 404, "NoSuchEntity", "Policy "+none+" was not found.")
}

func TestBoundaries(t *testing.T) {
	w := newWorld(t)
	r := root(here)
	limit := w.managed("limit", allows("iam:Get*", "*"))
	user := w.user(here, "u", allows("iam:*", "*"))
	list := &iamapi.ListUsersRequest{}
	mustAs(w, user, iamapi.ListUsers, list)
	must(w, iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("u"), PermissionsBoundary: &limit})
	denied(w, user, iamapi.ListUsers, list, "iam:ListUsers on resource: arn:aws:iam::111111111111:user/* because no permissions boundary allows the iam:ListUsers action")
	got := mustAs(w, user, iamapi.GetUser, &iamapi.GetUserRequest{}).User
	equal(t, "shown", *got.PermissionsBoundary, iamapi.AttachedPermissionsBoundary{PermissionsBoundaryArn: &limit, PermissionsBoundaryType: ptr("Policy")})
	must(w, iamapi.DeleteUserPermissionsBoundary, &iamapi.DeleteUserPermissionsBoundaryRequest{UserName: ptr("u")})
	mustAs(w, user, iamapi.ListUsers, list)
	refuses(w, r, iamapi.DeleteUserPermissionsBoundary, &iamapi.DeleteUserPermissionsBoundaryRequest{UserName: ptr("u")}, 404, "NoSuchEntity", "The user with name u does not have a permissions boundary.")

	bad, none := "arn:aws:iam::111111111111:not_a_policy/invalid", "arn:aws:iam::111111111111:policy/none"
	w.role(here, "r", forLambda)
	refuses(w, r, iamapi.PutRolePermissionsBoundary, &iamapi.PutRolePermissionsBoundaryRequest{RoleName: ptr("r"), PermissionsBoundary: &bad}, 400, "InvalidInput", "ARN "+bad+" is not valid.")
	refuses(w, r, iamapi.PutRolePermissionsBoundary, &iamapi.PutRolePermissionsBoundaryRequest{RoleName: ptr("r"), PermissionsBoundary: &none}, 404, "NoSuchEntity", "Scope ARN: "+none+" does not exist or is not attachable.")
	refuses(w, r, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("s"), AssumeRolePolicyDocument: ptr(trusts(forLambda)), PermissionsBoundary: &none}, 404, "NoSuchEntity", "Scope ARN: "+none+" does not exist or is not attachable.")
	refuses(w, r, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("s"), PermissionsBoundary: &bad}, 400, "InvalidInput", "ARN "+bad+" is not valid.")
	made := must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("s"), AssumeRolePolicyDocument: ptr(trusts(forLambda)), PermissionsBoundary: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")}).Role
	equal(t, "of a new role", *made.PermissionsBoundary.PermissionsBoundaryArn, "arn:aws:iam::aws:policy/ReadOnlyAccess")
}

// TestBoundaryThatIsGoneAllowsNothing forces a state the API does not allow.
func TestBoundaryThatIsGoneAllowsNothing(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", allows("iam:*", "*"))
	w.iam.index.mu.Lock()
	p := w.iam.index.principals.find(user.ID())
	changed := *p.user
	changed.Boundary = "arn:aws:iam::111111111111:policy/gone"
	w.iam.index.principals.put(user.ID(), &principal{user: &changed})
	w.iam.index.mu.Unlock()
	denied(w, user, iamapi.ListUsers, &iamapi.ListUsersRequest{}, "iam:ListUsers on resource: arn:aws:iam::111111111111:user/* because no permissions boundary allows the iam:ListUsers action")
}
