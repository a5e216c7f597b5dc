package iam

import (
	"fmt"
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

func TestUserIsShownAsAWSShowsIt(t *testing.T) {
	w := newWorld(t)
	made := must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("Alice"), Path: ptr("/staff/"), Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("v")}}}).User
	equal(t, "ARN", *made.Arn, "arn:aws:iam::111111111111:user/staff/Alice")
	if !strings.HasPrefix(*made.UserId, "AIDA") || len(*made.UserId) != 21 || len(made.Tags) != 1 || made.PermissionsBoundary != nil {
		t.Errorf("CreateUser: %+v", made)
	}
	got := must(w, iamapi.GetUser, &iamapi.GetUserRequest{UserName: ptr("alice")}).User
	equal(t, "name", *got.UserName, "Alice")
	equal(t, "tags", *got.Tags[0].Key, "k")
	listed := must(w, iamapi.ListUsers, &iamapi.ListUsersRequest{PathPrefix: ptr("/staff/")}).Users
	if len(listed) != 1 || listed[0].Tags != nil {
		t.Errorf("ListUsers: %+v", listed)
	}
}

func TestGetUserWithoutNameIsTheCaller(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", "")
	must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("iam:GetUser", "arn:aws:iam::111111111111:user/${aws:username}"))})
	equal(t, "user", *mustAs(w, user, iamapi.GetUser, &iamapi.GetUserRequest{}).User.UserName, "u")
	rootUser := must(w, iamapi.GetUser, &iamapi.GetUserRequest{}).User
	if *rootUser.Arn != "arn:aws:iam::111111111111:root" || *rootUser.UserId != here || rootUser.UserName != nil {
		t.Errorf("the root user: %+v", rootUser)
	}
	w.user(here, "other", "")
	denied(w, user, iamapi.GetUser, &iamapi.GetUserRequest{UserName: ptr("other")},
		"iam:GetUser on resource: arn:aws:iam::111111111111:user/other because no identity-based policy allows the iam:GetUser action")
}

func TestUserErrors(t *testing.T) {
	w := newWorld(t)
	w.user(here, "taken", "")
	const missing = "The user with name none cannot be found."
	r := root(here)
	refuses(w, r, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("TAKEN")}, 409, "EntityAlreadyExists", "User with name TAKEN already exists.")
	refuses(w, r, iamapi.GetUser, &iamapi.GetUserRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.DeleteUser, &iamapi.DeleteUserRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.UpdateUser, &iamapi.UpdateUserRequest{UserName: ptr("none"), NewUserName: ptr("x")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.TagUser, &iamapi.TagUserRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListUserTags, &iamapi.ListUserTagsRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListGroupsForUser, &iamapi.ListGroupsForUserRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	w.user(here, "other", "")
	refuses(w, r, iamapi.UpdateUser, &iamapi.UpdateUserRequest{UserName: ptr("other"), NewUserName: ptr("Taken")}, 409, "EntityAlreadyExists", "User with name Taken already exists.")
	must(w, iamapi.UpdateUser, &iamapi.UpdateUserRequest{UserName: ptr("other"), NewUserName: ptr("OTHER")})
	equal(t, "only the letter case changed", *must(w, iamapi.GetUser, &iamapi.GetUserRequest{UserName: ptr("other")}).User.UserName, "OTHER")
}

func TestUserMustBeBareToGo(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", allows("s3:*", "*"))
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("u")})
	must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	remove := func(text string) {
		t.Helper()
		refuses(w, root(here), iamapi.DeleteUser, &iamapi.DeleteUserRequest{UserName: ptr("u")}, 409, "DeleteConflict", "Cannot delete entity, must "+text+" first.")
	}
	remove("detach all policies")
	must(w, iamapi.DetachUserPolicy, &iamapi.DetachUserPolicyRequest{UserName: ptr("u"), PolicyArn: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	remove("delete policies")
	must(w, iamapi.DeleteUserPolicy, &iamapi.DeleteUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("inline")})
	remove("remove users from group")
	must(w, iamapi.RemoveUserFromGroup, &iamapi.RemoveUserFromGroupRequest{GroupName: ptr("g"), UserName: ptr("u")})
	remove("delete access keys")
	w.deleteUser("u")
}

func TestUserTagsKnowNoLetterCase(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	tag := func(key, value string) iamapi.Tag { return iamapi.Tag{Key: &key, Value: &value} }
	put := func(tags ...iamapi.Tag) {
		t.Helper()
		must(w, iamapi.TagUser, &iamapi.TagUserRequest{UserName: ptr("u"), Tags: tags})
	}
	shown := func() string {
		t.Helper()
		out := ""
		for _, g := range must(w, iamapi.ListUserTags, &iamapi.ListUserTagsRequest{UserName: ptr("u")}).Tags {
			out += *g.Key + "=" + *g.Value + " "
		}
		return strings.TrimSpace(out)
	}
	put(tag("Team", "blue"), tag("empty", ""))
	put(tag("team", "red"))
	equal(t, "replaced", shown(), "empty= team=red")
	refuses(w, root(here), iamapi.TagUser, &iamapi.TagUserRequest{UserName: ptr("u"), Tags: []iamapi.Tag{tag("a", "1"), tag("A", "2")}},
		400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
	refuses(w, root(here), iamapi.TagUser, &iamapi.TagUserRequest{UserName: ptr("u"), Tags: []iamapi.Tag{tag("AWS:x", "1")}},
		400, "InvalidInput", "aws: prefixed tag key names are not allowed for external use.")
	must(w, iamapi.UntagUser, &iamapi.UntagUserRequest{UserName: ptr("u"), TagKeys: []string{"TEAM", "none"}})
	equal(t, "taken away", shown(), "empty=")
	for i := range 49 {
		put(tag(fmt.Sprintf("k%02d", i), "v"))
	}
	refuses(w, root(here), iamapi.TagUser, &iamapi.TagUserRequest{UserName: ptr("u"), Tags: []iamapi.Tag{tag("one-more", "1")}},
		409, "LimitExceeded", "Cannot exceed quota for TagsPerUser: 50")
}

func TestInlinePolicies(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	text := "{\"Version\":\"2012-10-17\",\n\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b/a+b %~ü\"}]}"
	must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("My-Policy"), PolicyDocument: &text})
	got := must(w, iamapi.GetUserPolicy, &iamapi.GetUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("my-policy")})
	equal(t, "document", document(t, got.PolicyDocument), text)
	equal(t, "name", *got.PolicyName, "My-Policy")
	equal(t, "names", must(w, iamapi.ListUserPolicies, &iamapi.ListUserPoliciesRequest{UserName: ptr("u")}).PolicyNames, []string{"My-Policy"})
	refuses(w, root(here), iamapi.GetUserPolicy, &iamapi.GetUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("none")}, 404, "NoSuchEntity", "The user policy with name none cannot be found.")
	refuses(w, root(here), iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:GetObject", "arn:aws:s3:::"+strings.Repeat("b", 2_000)))},
		409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user u")
	must(w, iamapi.DeleteUserPolicy, &iamapi.DeleteUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("MY-POLICY")})
	refuses(w, root(here), iamapi.DeleteUserPolicy, &iamapi.DeleteUserPolicyRequest{UserName: ptr("u"), PolicyName: ptr("My-Policy")}, 404, "NoSuchEntity", "The user policy with name My-Policy cannot be found.")
}
