package iam

import (
	"context"
	"strings"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/op"
)

func TestAccountAlias(t *testing.T) {
	w := newWorld(t)
	aliases := func() []string {
		return must(w, iamapi.ListAccountAliases, &iamapi.ListAccountAliasesRequest{}).AccountAliases
	}
	equal(t, "at first", aliases(), []string{})
	must(w, iamapi.CreateAccountAlias, &iamapi.CreateAccountAliasRequest{AccountAlias: ptr("my-company")})
	must(w, iamapi.CreateAccountAlias, &iamapi.CreateAccountAliasRequest{AccountAlias: ptr("our-company")})
	equal(t, "there is one, the last", aliases(), []string{"our-company"})
	refuses(w, root(there), iamapi.CreateAccountAlias, &iamapi.CreateAccountAliasRequest{AccountAlias: ptr("our-company")}, 409, "EntityAlreadyExists", "The account alias our-company already exists.")
	refuses(w, root(here), iamapi.DeleteAccountAlias, &iamapi.DeleteAccountAliasRequest{AccountAlias: ptr("my-company")}, 404, "NoSuchEntity", "The account alias with name my-company cannot be found.")
	must(w, iamapi.DeleteAccountAlias, &iamapi.DeleteAccountAliasRequest{AccountAlias: ptr("our-company")})
	equal(t, "deleted", aliases(), []string{})
}

func TestAccountSummary(t *testing.T) {
	w := newWorld(t)
	before := must(w, iamapi.GetAccountSummary, &api.Empty{}).SummaryMap
	equal(t, "entries", len(before), 34)
	equal(t, "root key", before["AccountAccessKeysPresent"], 1)
	equal(t, "quota", before["AssumeRolePolicySizeQuota"], 2048)
	w.user(here, "u", "")
	w.role(here, "r", forLambda)
	arn := w.managed("p", allows("s3:*", "*"))
	must(w, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(allows("s3:*", "*"))})
	w.user(there, "u", "")
	after := must(w, iamapi.GetAccountSummary, &api.Empty{}).SummaryMap
	for entry, more := range map[string]int32{"Users": 1, "Roles": 1, "Policies": 1, "PolicyVersionsInUse": 2, "Groups": 0} {
		equal(t, entry, after[entry]-before[entry], more)
	}
}

// TestAuthorizationDetails compares the shape that was recorded from AWS: which
// lists are there though they are empty.
func TestAuthorizationDetails(t *testing.T) {
	w := newWorld(t)
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("plain")})
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("rich"), Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("v")}}})
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	w.role(here, "r", forLambda)
	arn := w.managed("p", allows("s3:*", "*"))
	must(w, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(allows("s3:Get*", "*"))})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("rich")})
	must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("rich"), PolicyName: ptr("in"), PolicyDocument: ptr(allows("s3:*", "*"))})
	must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("rich"), PolicyArn: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("ip")})
	must(w, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("ip"), RoleName: ptr("r")})

	out := must(w, iamapi.GetAccountAuthorizationDetails, &iamapi.GetAccountAuthorizationDetailsRequest{})
	plain, rich := out.UserDetailList[0], out.UserDetailList[1]
	if plain.UserPolicyList != nil || plain.Tags == nil || plain.GroupList == nil || plain.AttachedManagedPolicies == nil {
		t.Errorf("a plain user: %+v", plain)
	}
	if len(rich.UserPolicyList) != 1 || rich.GroupList[0] != "g" || *rich.AttachedManagedPolicies[0].PolicyName != "ReadOnlyAccess" || *rich.Tags[0].Key != "k" {
		t.Errorf("a user who has everything: %+v", rich)
	}
	group := out.GroupDetailList[0]
	if group.GroupPolicyList == nil || group.AttachedManagedPolicies == nil {
		t.Errorf("group: %+v", group)
	}
	role := out.RoleDetailList[0]
	if role.RolePolicyList == nil || role.Tags == nil || role.RoleLastUsed == nil || len(role.InstanceProfileList) != 1 || len(role.InstanceProfileList[0].Roles) != 1 {
		t.Errorf("role: %+v", role)
	}
	if len(out.Policies) != 2 || len(out.Policies[0].PolicyVersionList) != 2 || *out.Policies[0].PolicyVersionList[0].VersionId != "v2" || *out.Policies[1].PolicyName != "ReadOnlyAccess" {
		t.Errorf("policies: %+v", out.Policies)
	}
	if text := document(t, out.Policies[1].PolicyVersionList[0].Document); !strings.Contains(text, `"Statement"`) {
		t.Errorf("the document of an AWS managed policy: %.80s", text)
	}
	filtered := must(w, iamapi.GetAccountAuthorizationDetails, &iamapi.GetAccountAuthorizationDetailsRequest{Filter: []string{"Role", "LocalManagedPolicy"}})
	if len(filtered.RoleDetailList) != 1 || len(filtered.Policies) != 1 || filtered.UserDetailList == nil || len(filtered.UserDetailList)+len(filtered.GroupDetailList) != 0 {
		t.Errorf("filtered: %+v", filtered)
	}
	equal(t, "page by page", pages(t, func(marker *string) ([]string, *string) {
		out := must(w, iamapi.GetAccountAuthorizationDetails, &iamapi.GetAccountAuthorizationDetailsRequest{Marker: marker, MaxItems: ptr(int32(2))})
		var names []string
		for _, u := range out.UserDetailList {
			names = append(names, *u.UserName)
		}
		for _, g := range out.GroupDetailList {
			names = append(names, *g.GroupName)
		}
		for _, r := range out.RoleDetailList {
			names = append(names, *r.RoleName)
		}
		for _, p := range out.Policies {
			names = append(names, *p.PolicyName)
		}
		return names, out.Marker
	}), []string{"plain", "rich", "g", "r", "p", "ReadOnlyAccess"})
}

func TestCredentialsNobodyHas(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", allows("iam:List*", "*"))
	r, name := root(here), ptr("u")
	refuses(w, r, iamapi.GetLoginProfile, &iamapi.GetLoginProfileRequest{UserName: name}, 404, "NoSuchEntity", "Login Profile for User u cannot be found.")
	refuses(w, r, iamapi.DeleteLoginProfile, &iamapi.DeleteLoginProfileRequest{UserName: name}, 404, "NoSuchEntity", "Login Profile for User u cannot be found.")
	for _, who := range []*string{name, nil} {
		if out := mustAs(w, user, iamapi.ListMFADevices, &iamapi.ListMFADevicesRequest{UserName: who}); out.MFADevices == nil || *out.IsTruncated {
			t.Errorf("ListMFADevices: %+v", out)
		}
		mustAs(w, user, iamapi.ListSSHPublicKeys, &iamapi.ListSSHPublicKeysRequest{UserName: who})
		mustAs(w, user, iamapi.ListSigningCertificates, &iamapi.ListSigningCertificatesRequest{UserName: who})
		mustAs(w, user, iamapi.ListServiceSpecificCredentials, &iamapi.ListServiceSpecificCredentialsRequest{UserName: who})
	}
	mustAs(w, user, iamapi.ListServiceSpecificCredentials, &iamapi.ListServiceSpecificCredentialsRequest{AllUsers: ptr(true)})
	mustAs(w, user, iamapi.ListVirtualMFADevices, &iamapi.ListVirtualMFADevicesRequest{})
	must(w, iamapi.ListMFADevices, &iamapi.ListMFADevicesRequest{})
	const missing = "The user with name none cannot be found."
	refuses(w, r, iamapi.DeleteLoginProfile, &iamapi.DeleteLoginProfileRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.GetLoginProfile, &iamapi.GetLoginProfileRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListMFADevices, &iamapi.ListMFADevicesRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListSSHPublicKeys, &iamapi.ListSSHPublicKeysRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListSigningCertificates, &iamapi.ListSigningCertificatesRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
	refuses(w, r, iamapi.ListServiceSpecificCredentials, &iamapi.ListServiceSpecificCredentialsRequest{UserName: ptr("none")}, 404, "NoSuchEntity", missing)
}

func TestReset(t *testing.T) {
	w := newWorld(t)
	keyID, secret := w.iam.RootKey(here)
	user := w.user(here, "u", allows("iam:*", "*"))
	w.role(here, "r", `{"AWS":"arn:aws:iam::111111111111:user/u"}`)
	arn := w.managed("p", allows("s3:*", "*"))
	must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("r"), PolicyArn: &arn})
	must(w, iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("u"), PermissionsBoundary: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("u")})
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("i")})
	must(w, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("i"), RoleName: ptr("r")})
	must(w, iamapi.CreateAccountAlias, &iamapi.CreateAccountAliasRequest{AccountAlias: ptr("alias")})
	second := must(w, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{}).AccessKey
	if err := w.iam.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if id, s := w.iam.RootKey(here); id != keyID || s != secret {
		t.Error("the root key did not stay")
	}
	if _, state := w.bus.Credential(*second.AccessKeyId, ""); state != op.CredentialUnknown {
		t.Error("a root key made by the root user stayed")
	}
	if _, ok := w.iam.Grants(user); ok {
		t.Error("a user stayed")
	}
	x := w.iam.index
	if n := x.principals.count + len(x.groups) + len(x.policies) + len(x.uses); n != 0 {
		t.Errorf("%d entries stayed in the index", n)
	}
	equal(t, "summary", must(w, iamapi.GetAccountSummary, &api.Empty{}).SummaryMap["InstanceProfiles"], 0)
	equal(t, "alias", must(w, iamapi.ListAccountAliases, &iamapi.ListAccountAliasesRequest{}).AccountAliases, []string{})
	w.user(here, "u", "") // the names are free again
}
