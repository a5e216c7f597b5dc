package iam

import (
	"fmt"
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

func TestGroupPoliciesAreTheMembers(t *testing.T) {
	w := newWorld(t)
	in, out := w.user(here, "in", ""), w.user(here, "out", "")
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g"), Path: ptr("/team/")})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("in")})
	const missing = "iam:ListUsers on resource: arn:aws:iam::111111111111:user/* because no identity-based policy allows the iam:ListUsers action"
	list := &iamapi.ListUsersRequest{}
	denied(w, in, iamapi.ListUsers, list, missing)
	must(w, iamapi.PutGroupPolicy, &iamapi.PutGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("iam:ListUsers", "*"))})
	mustAs(w, in, iamapi.ListUsers, list)
	denied(w, out, iamapi.ListUsers, list, missing)
	must(w, iamapi.DeleteGroupPolicy, &iamapi.DeleteGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr("p")})
	denied(w, in, iamapi.ListUsers, list, missing)
	must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: ptr("arn:aws:iam::aws:policy/IAMReadOnlyAccess")})
	mustAs(w, in, iamapi.ListUsers, list)
	// A renamed group keeps its members.
	must(w, iamapi.UpdateGroup, &iamapi.UpdateGroupRequest{GroupName: ptr("g"), NewGroupName: ptr("h"), NewPath: ptr("/")})
	mustAs(w, in, iamapi.ListUsers, list)
	groups := must(w, iamapi.ListGroupsForUser, &iamapi.ListGroupsForUserRequest{UserName: ptr("in")}).Groups
	if len(groups) != 1 || *groups[0].Arn != "arn:aws:iam::111111111111:group/h" {
		t.Errorf("groups: %+v", groups)
	}
	must(w, iamapi.RemoveUserFromGroup, &iamapi.RemoveUserFromGroupRequest{GroupName: ptr("h"), UserName: ptr("in")})
	denied(w, in, iamapi.ListUsers, list, missing)
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("h"), UserName: ptr("in")})
	must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("in"), PolicyName: ptr("no"), PolicyDocument: ptr(statement("Deny", "iam:ListUsers", "*", ""))})
	denied(w, in, iamapi.ListUsers, list, "iam:ListUsers on resource: arn:aws:iam::111111111111:user/* with an explicit deny in an identity-based policy")
}

func TestGroupErrors(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	r := root(here)
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	refuses(w, r, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("G")}, 409, "EntityAlreadyExists", "Group with name G already exists.")
	refuses(w, r, iamapi.GetGroup, &iamapi.GetGroupRequest{GroupName: ptr("none")}, 404, "NoSuchEntity", "The group with name none cannot be found.")
	refuses(w, r, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("none"), UserName: ptr("nobody")}, 404, "NoSuchEntity", "The user with name nobody cannot be found.")
	refuses(w, r, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("none"), UserName: ptr("u")}, 404, "NoSuchEntity", "The group with name none cannot be found.")
	must(w, iamapi.RemoveUserFromGroup, &iamapi.RemoveUserFromGroupRequest{GroupName: ptr("g"), UserName: ptr("u")}) // not a member
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("u")})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("u")}) // twice
	got := must(w, iamapi.GetGroup, &iamapi.GetGroupRequest{GroupName: ptr("g")})
	if len(got.Users) != 1 || *got.Users[0].UserName != "u" || !strings.HasPrefix(*got.Group.GroupId, "AGPA") {
		t.Errorf("GetGroup: %+v", got)
	}
	must(w, iamapi.PutGroupPolicy, &iamapi.PutGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:*", "*"))})
	refuses(w, r, iamapi.GetGroupPolicy, &iamapi.GetGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr("none")}, 404, "NoSuchEntity", "The group policy with name none cannot be found.")
	refuses(w, r, iamapi.PutGroupPolicy, &iamapi.PutGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr("q"), PolicyDocument: ptr(allows("s3:*", "arn:aws:s3:::"+strings.Repeat("b", 5_100)))},
		409, "LimitExceeded", "Maximum policy size of 5120 bytes exceeded for group g")
	refuses(w, r, iamapi.DeleteGroup, &iamapi.DeleteGroupRequest{GroupName: ptr("g")}, 409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	must(w, iamapi.DeleteGroupPolicy, &iamapi.DeleteGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr("p")})
	refuses(w, r, iamapi.DeleteGroup, &iamapi.DeleteGroupRequest{GroupName: ptr("g")}, 409, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	must(w, iamapi.RemoveUserFromGroup, &iamapi.RemoveUserFromGroupRequest{GroupName: ptr("g"), UserName: ptr("u")})
	must(w, iamapi.DeleteGroup, &iamapi.DeleteGroupRequest{GroupName: ptr("g")})
	for i := range 10 {
		name := fmt.Sprint("g", i)
		must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: &name})
		must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: &name, UserName: ptr("u")})
	}
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g10")})
	refuses(w, r, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g10"), UserName: ptr("u")}, 409, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
}
