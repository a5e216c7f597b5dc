package iam

import (
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

func TestInstanceProfiles(t *testing.T) {
	w := newWorld(t)
	made := must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("p"), Path: ptr("/team/")}).InstanceProfile
	if *made.Arn != "arn:aws:iam::111111111111:instance-profile/team/p" || made.Roles == nil || made.Tags != nil || !strings.HasPrefix(*made.InstanceProfileId, "AIPA") {
		t.Errorf("CreateInstanceProfile: %+v", made)
	}
	w.role(here, "r", `{"Service":"ec2.amazonaws.com"}`)
	must(w, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")})
	got := must(w, iamapi.GetInstanceProfile, &iamapi.GetInstanceProfileRequest{InstanceProfileName: ptr("P")}).InstanceProfile
	if len(got.Roles) != 1 || *got.Roles[0].RoleName != "r" || got.Roles[0].MaxSessionDuration != nil || got.Tags == nil {
		t.Errorf("GetInstanceProfile: %+v", got)
	}
	equal(t, "trust policy of the role", document(t, got.Roles[0].AssumeRolePolicyDocument), trusts(`{"Service":"ec2.amazonaws.com"}`))
	listed := must(w, iamapi.ListInstanceProfiles, &iamapi.ListInstanceProfilesRequest{PathPrefix: ptr("/team/")}).InstanceProfiles
	if len(listed) != 1 || listed[0].Tags != nil || len(listed[0].Roles) != 1 {
		t.Errorf("ListInstanceProfiles: %+v", listed)
	}
	ofRole := must(w, iamapi.ListInstanceProfilesForRole, &iamapi.ListInstanceProfilesForRoleRequest{RoleName: ptr("r")}).InstanceProfiles
	equal(t, "of the role", len(ofRole), 1)
	must(w, iamapi.TagInstanceProfile, &iamapi.TagInstanceProfileRequest{InstanceProfileName: ptr("p"), Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("1")}, {Key: ptr("K"), Value: ptr("2")}}})
	must(w, iamapi.UntagInstanceProfile, &iamapi.UntagInstanceProfileRequest{InstanceProfileName: ptr("p"), TagKeys: []string{"k"}})
	equal(t, "tags", must(w, iamapi.ListInstanceProfileTags, &iamapi.ListInstanceProfileTagsRequest{InstanceProfileName: ptr("p")}).Tags, []iamapi.Tag{{Key: ptr("K"), Value: ptr("2")}})
}

func TestInstanceProfileErrors(t *testing.T) {
	w := newWorld(t)
	r := root(here)
	w.role(here, "r", forLambda)
	w.role(here, "s", forLambda)
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("p")})
	const missing = "Instance Profile none cannot be found."
	refuses(w, r, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("P")}, 409, "EntityAlreadyExists", "Instance Profile P already exists.")
	refuses(w, r, iamapi.GetInstanceProfile, &iamapi.GetInstanceProfileRequest{InstanceProfileName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.DeleteInstanceProfile, &iamapi.DeleteInstanceProfileRequest{InstanceProfileName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.TagInstanceProfile, &iamapi.TagInstanceProfileRequest{InstanceProfileName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("none"), RoleName: ptr("r")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("none")}, 404, "NoSuchEntity", "The role with name none cannot be found.")
	refuses(w, r, iamapi.RemoveRoleFromInstanceProfile, &iamapi.RemoveRoleFromInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")}, 404, "NoSuchEntity", "Role r in Instance Profile p cannot be found.")
	must(w, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")})
	refuses(w, r, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("s")}, 409, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	refuses(w, r, iamapi.DeleteInstanceProfile, &iamapi.DeleteInstanceProfileRequest{InstanceProfileName: ptr("p")}, 409, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	must(w, iamapi.RemoveRoleFromInstanceProfile, &iamapi.RemoveRoleFromInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: ptr("r")})
	must(w, iamapi.DeleteInstanceProfile, &iamapi.DeleteInstanceProfileRequest{InstanceProfileName: ptr("p")})
}
