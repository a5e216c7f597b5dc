package iam

import (
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

const forLambda = `{"Service":"lambda.amazonaws.com"}`

func TestRoleIsShownAsAWSShowsIt(t *testing.T) {
	w := newWorld(t)
	trust := "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"lambda.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]\n}"
	made := must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{
		RoleName: ptr("my-role"), Path: ptr("/team/"), AssumeRolePolicyDocument: &trust,
		Description: ptr("what it is for"), MaxSessionDuration: ptr(int32(7200)), Tags: []iamapi.Tag{{Key: ptr("b"), Value: ptr("2")}, {Key: ptr("a"), Value: ptr("")}},
	}).Role
	equal(t, "ARN", *made.Arn, "arn:aws:iam::111111111111:role/team/my-role")
	equal(t, "trust policy", document(t, made.AssumeRolePolicyDocument), trust)
	if strings.ContainsAny(*made.AssumeRolePolicyDocument, " {\":+") || !strings.Contains(*made.AssumeRolePolicyDocument, "%20") {
		t.Errorf("the document is not encoded as RFC 3986 says: %s", *made.AssumeRolePolicyDocument)
	}
	// CreateRole answers without these (recorded from AWS).
	if made.Description != nil || made.MaxSessionDuration != nil || made.RoleLastUsed != nil {
		t.Errorf("CreateRole answers more than AWS does: %+v", made)
	}
	equal(t, "tags as they were passed", *made.Tags[0].Key, "b")

	got := must(w, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: ptr("MY-ROLE")}).Role
	equal(t, "description", *got.Description, "what it is for")
	equal(t, "session length", *got.MaxSessionDuration, 7200)
	equal(t, "last use", *got.RoleLastUsed, iamapi.RoleLastUsed{})
	equal(t, "tags sorted", *got.Tags[0].Key, "a")
	equal(t, "id", *got.RoleId, *made.RoleId)

	listed := must(w, iamapi.ListRoles, &iamapi.ListRolesRequest{PathPrefix: ptr("/team/")}).Roles
	if len(listed) != 1 || listed[0].Tags != nil || listed[0].RoleLastUsed != nil || *listed[0].Description != "what it is for" {
		t.Errorf("ListRoles: %+v", listed)
	}
	if none := must(w, iamapi.ListRoles, &iamapi.ListRolesRequest{PathPrefix: ptr("/other/")}).Roles; none == nil || len(none) != 0 {
		t.Errorf("ListRoles of another path: %+v", none)
	}
}

func TestRoleDefaults(t *testing.T) {
	w := newWorld(t)
	w.role(here, "plain", forLambda)
	got := must(w, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: ptr("plain")}).Role
	equal(t, "session length", *got.MaxSessionDuration, 3600)
	if got.Description != nil || got.Tags != nil || got.PermissionsBoundary != nil || *got.Path != "/" {
		t.Errorf("a plain role: %+v", got)
	}
}

func TestUpdateRole(t *testing.T) {
	w := newWorld(t)
	w.role(here, "r", forLambda)
	must(w, iamapi.UpdateRole, &iamapi.UpdateRoleRequest{RoleName: ptr("r"), Description: ptr("one"), MaxSessionDuration: ptr(int32(7200))})
	must(w, iamapi.UpdateRole, &iamapi.UpdateRoleRequest{RoleName: ptr("r")})
	out := must(w, iamapi.UpdateRoleDescription, &iamapi.UpdateRoleDescriptionRequest{RoleName: ptr("r"), Description: ptr("two")}).Role
	equal(t, "answer", *out.Description, "two")
	if out.MaxSessionDuration != nil {
		t.Error("UpdateRoleDescription answers with the session length, AWS does not")
	}
	got := must(w, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: ptr("r")}).Role
	equal(t, "description", *got.Description, "two")
	equal(t, "session length kept", *got.MaxSessionDuration, 7200)
	role, ok := w.iam.Role("arn:aws:iam::111111111111:role/r")
	if !ok || role.MaxSession != 7200 || role.ServiceLinked {
		t.Errorf("what STS sees: %+v", role)
	}
}

func TestRoleErrors(t *testing.T) {
	w := newWorld(t)
	w.role(here, "taken", forLambda)
	const missing = "The role with name none cannot be found."
	refuses(w, root(here), iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, root(here), iamapi.DeleteRole, &iamapi.DeleteRoleRequest{RoleName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, root(here), iamapi.UpdateRole, &iamapi.UpdateRoleRequest{RoleName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, root(here), iamapi.TagRole, &iamapi.TagRoleRequest{RoleName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, root(here), iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("none"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*"))}, 404, "NoSuchEntity", missing)
	refuses(w, root(here), iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("TAKEN"), AssumeRolePolicyDocument: ptr(trusts(forLambda))},
		409, "EntityAlreadyExists", "Role with name TAKEN already exists.")
	refuses(w, root(here), iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("r"), Path: ptr("/aws-service-role/x/"), AssumeRolePolicyDocument: ptr(trusts(forLambda))},
		400, "InvalidInput", "The path /aws-service-role/ is reserved for service-linked roles.")
	// The same name in another account is another role.
	w.role(there, "taken", forLambda)
}

func TestRoleMustBeBareToGo(t *testing.T) {
	w := newWorld(t)
	w.role(here, "r", forLambda)
	remove := func(text string) {
		t.Helper()
		refuses(w, root(here), iamapi.DeleteRole, &iamapi.DeleteRoleRequest{RoleName: ptr("r")}, 409, "DeleteConflict", "Cannot delete entity, must "+text+" first.")
	}
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("p")})
	must(w, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")})
	must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*"))})
	remove("remove roles from instance profile")
	must(w, iamapi.RemoveRoleFromInstanceProfile, &iamapi.RemoveRoleFromInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")})
	remove("detach all policies")
	must(w, iamapi.DetachRolePolicy, &iamapi.DetachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	remove("delete policies")
	must(w, iamapi.DeleteRolePolicy, &iamapi.DeleteRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p")})
	must(w, iamapi.DeleteRole, &iamapi.DeleteRoleRequest{RoleName: ptr("r")})
}

func TestSessionEndsWithItsRole(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", allows("*", "*"))
	arn := w.role(here, "r", `{"AWS":"111111111111"}`)
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("iam:*", "*"))})
	session, err := w.assume(user, arn)
	if err != nil {
		t.Fatal(err)
	}
	list := &iamapi.ListRolesRequest{}
	mustAs(w, session, iamapi.ListRoles, list)

	// The policies of the role as they are now apply to sessions made before.
	must(w, iamapi.DeleteRolePolicy, &iamapi.DeleteRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p")})
	denied(w, session, iamapi.ListRoles, list, "iam:ListRoles on resource: arn:aws:iam::111111111111:role/* because no identity-based policy allows the iam:ListRoles action")
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("iam:*", "*"))})
	mustAs(w, session, iamapi.ListRoles, list)

	must(w, iamapi.DeleteRolePolicy, &iamapi.DeleteRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p")})
	must(w, iamapi.DeleteRole, &iamapi.DeleteRoleRequest{RoleName: ptr("r")})
	w.role(here, "r", `{"AWS":"111111111111"}`)
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("iam:*", "*"))})
	if _, ok := w.iam.Grants(session); ok {
		t.Error("a session of a deleted role has policies, because a role of its name was made")
	}
	if _, err := call(w, session, iamapi.ListRoles, list); err == nil {
		t.Error("a session of a deleted role may still call")
	}
}

func TestTooMuchInOneRole(t *testing.T) {
	w := newWorld(t)
	w.role(here, "r", forLambda)
	big := allows("s3:GetObject", "arn:aws:s3:::"+strings.Repeat("b", 9_000))
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("a"), PolicyDocument: &big})
	half := allows("s3:GetObject", "arn:aws:s3:::"+strings.Repeat("b", 5_000))
	refuses(w, root(here), iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("b"), PolicyDocument: &half},
		409, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role r")
	// Replacing it makes room; white space does not count.
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("A"), PolicyDocument: &half})
	spaced := half + strings.Repeat(" ", 9_000)
	must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("r"), PolicyName: ptr("b"), PolicyDocument: &spaced})
	refuses(w, root(here), iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: ptr("r"), PolicyDocument: ptr(trusts(`{"Service":"` + strings.Repeat("x", 2_000) + `.amazonaws.com"}`))},
		409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
}

func TestServicesMayNotBeMisspelt(t *testing.T) {
	w := newWorld(t)
	for name, ok := range map[string]bool{
		"lambda.amazonaws.com": true, "lambda.us-east-1.amazonaws.com": true, "alexa-appkit.amazon.com": true,
		"lambda.amazonaw.com": false, "lambda": false, ".amazonaws.com": false,
	} {
		in := &iamapi.CreateRoleRequest{RoleName: ptr("for-" + strings.ReplaceAll(name, ".", "-")), AssumeRolePolicyDocument: ptr(trusts(`{"Service":"` + name + `"}`))}
		if ok {
			must(w, iamapi.CreateRole, in)
			continue
		}
		refuses(w, root(here), iamapi.CreateRole, in, 400, "MalformedPolicyDocument", `Invalid principal in policy: "SERVICE":"`+name+`"`)
	}
}
