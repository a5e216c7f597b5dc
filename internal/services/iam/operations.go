package iam

import (
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, AWS
// Identity and Access Management). Lists are judged on the pattern of what they
// list, as AWS's denials print it; those AWS knows no resource for, on "*".
func (s *Service) Rows() []op.Row {
	var rows []op.Row
	rows = append(rows, s.userRows()...)
	rows = append(rows, s.groupRows()...)
	rows = append(rows, s.roleRows()...)
	rows = append(rows, s.policyRows()...)
	rows = append(rows, s.profileRows()...)
	rows = append(rows, s.accountRows()...)
	return rows
}

// roleAndUserTags begins the keys that have the tags of users and roles under
// the name IAM has for them, beside aws:ResourceTag, for every action on them:
// sts:AssumeRole and iam:PassRole too. Resources of other types have the latter
// only (Service Authorization Reference, resource types of IAM).
const roleAndUserTags = "iam:ResourceTag/"

func (s *Service) userRows() []op.Row {
	boundary := s.userBoundary("iam:PermissionsBoundary")
	return []op.Row{
		op.Bind(iamapi.CreateUser, s.createUser,
			op.On("iam:CreateUser", s.newUser).With(requestTags, newBoundary("iam:PermissionsBoundary")),
			op.Maybe(op.On("iam:TagUser", s.taggedNewUser).With(requestTags))),
		op.Bind(iamapi.DeleteUser, s.deleteUser, op.On("iam:DeleteUser", s.user)),
		op.Bind(iamapi.GetUser, s.getUser, op.On("iam:GetUser", s.userOrCaller)),
		op.Bind(iamapi.ListUsers, s.listUsers, op.On("iam:ListUsers", s.anyUser)),
		op.Bind(iamapi.UpdateUser, s.updateUser,
			op.On("iam:UpdateUser", s.user),
			op.Maybe(op.On("iam:UpdateUser", s.movedUser))),
		op.Bind(iamapi.TagUser, s.tagUser, op.On("iam:TagUser", s.user).With(requestTags)),
		op.Bind(iamapi.UntagUser, s.untagUser, op.On("iam:UntagUser", s.user).With(requestTags)),
		op.Bind(iamapi.ListUserTags, s.listUserTags, op.On("iam:ListUserTags", s.user)),

		op.Bind(iamapi.PutUserPolicy, s.putUserPolicy, op.On("iam:PutUserPolicy", s.user).With(boundary)),
		op.Bind(iamapi.DeleteUserPolicy, s.deleteUserPolicy, op.On("iam:DeleteUserPolicy", s.user).With(boundary)),
		op.Bind(iamapi.GetUserPolicy, s.getUserPolicy, op.On("iam:GetUserPolicy", s.user)),
		op.Bind(iamapi.ListUserPolicies, s.listUserPolicies, op.On("iam:ListUserPolicies", s.user)),
		op.Bind(iamapi.AttachUserPolicy, s.attachUserPolicy,
			op.On("iam:AttachUserPolicy", s.user).With(policyARN("iam:PolicyARN"), boundary)),
		op.Bind(iamapi.DetachUserPolicy, s.detachUserPolicy,
			op.On("iam:DetachUserPolicy", s.user).With(policyARN("iam:PolicyARN"), boundary)),
		op.Bind(iamapi.ListAttachedUserPolicies, s.listAttachedUserPolicies, op.On("iam:ListAttachedUserPolicies", s.user)),
		op.Bind(iamapi.PutUserPermissionsBoundary, s.putUserPermissionsBoundary,
			op.On("iam:PutUserPermissionsBoundary", s.user).With(newBoundary("iam:PermissionsBoundary"))),
		op.Bind(iamapi.DeleteUserPermissionsBoundary, s.deleteUserPermissionsBoundary,
			op.On("iam:DeleteUserPermissionsBoundary", s.user).With(boundary)),

		op.Bind(iamapi.CreateAccessKey, s.createAccessKey, op.On("iam:CreateAccessKey", s.userOrCaller)),
		op.Bind(iamapi.DeleteAccessKey, s.deleteAccessKey, op.On("iam:DeleteAccessKey", s.userOrCaller)),
		op.Bind(iamapi.UpdateAccessKey, s.updateAccessKey, op.On("iam:UpdateAccessKey", s.userOrCaller)),
		op.Bind(iamapi.ListAccessKeys, s.listAccessKeys, op.On("iam:ListAccessKeys", s.userOrCaller)),
		op.Bind(iamapi.GetAccessKeyLastUsed, s.getAccessKeyLastUsed, op.On("iam:GetAccessKeyLastUsed", s.usedKey)),
		op.Bind(iamapi.DeleteLoginProfile, s.deleteLoginProfile, op.On("iam:DeleteLoginProfile", s.userOrCaller)),
		op.Bind(iamapi.GetLoginProfile, s.getLoginProfile, op.On("iam:GetLoginProfile", s.userOrCaller)),
		op.Bind(iamapi.ListMFADevices, s.listMFADevices, op.On("iam:ListMFADevices", s.userOrCaller)),
		op.Bind(iamapi.ListVirtualMFADevices, s.listVirtualMFADevices, op.On("iam:ListVirtualMFADevices", s.anyMFADevice)),
		op.Bind(iamapi.ListSSHPublicKeys, s.listSSHPublicKeys, op.On("iam:ListSSHPublicKeys", s.userOrCaller)),
		op.Bind(iamapi.ListSigningCertificates, s.listSigningCertificates, op.On("iam:ListSigningCertificates", s.userOrCaller)),
		op.Bind(iamapi.ListServiceSpecificCredentials, s.listServiceSpecificCredentials, op.On("iam:ListServiceSpecificCredentials", s.credentialsOf)),
	}
}

func (s *Service) groupRows() []op.Row {
	return []op.Row{
		op.Bind(iamapi.CreateGroup, s.createGroup, op.On("iam:CreateGroup", s.newGroup)),
		op.Bind(iamapi.DeleteGroup, s.deleteGroup, op.On("iam:DeleteGroup", s.group)),
		op.Bind(iamapi.GetGroup, s.getGroup, op.On("iam:GetGroup", s.group)),
		op.Bind(iamapi.ListGroups, s.listGroups, op.On("iam:ListGroups", s.anyGroup)),
		op.Bind(iamapi.UpdateGroup, s.updateGroup,
			op.On("iam:UpdateGroup", s.group),
			op.Maybe(op.On("iam:UpdateGroup", s.movedGroup))),
		op.Bind(iamapi.AddUserToGroup, s.addUserToGroup, op.On("iam:AddUserToGroup", s.group)),
		op.Bind(iamapi.RemoveUserFromGroup, s.removeUserFromGroup, op.On("iam:RemoveUserFromGroup", s.group)),
		op.Bind(iamapi.ListGroupsForUser, s.listGroupsForUser, op.On("iam:ListGroupsForUser", s.user)),
		op.Bind(iamapi.PutGroupPolicy, s.putGroupPolicy, op.On("iam:PutGroupPolicy", s.group)),
		op.Bind(iamapi.DeleteGroupPolicy, s.deleteGroupPolicy, op.On("iam:DeleteGroupPolicy", s.group)),
		op.Bind(iamapi.GetGroupPolicy, s.getGroupPolicy, op.On("iam:GetGroupPolicy", s.group)),
		op.Bind(iamapi.ListGroupPolicies, s.listGroupPolicies, op.On("iam:ListGroupPolicies", s.group)),
		op.Bind(iamapi.AttachGroupPolicy, s.attachGroupPolicy, op.On("iam:AttachGroupPolicy", s.group).With(policyARN("iam:PolicyARN"))),
		op.Bind(iamapi.DetachGroupPolicy, s.detachGroupPolicy, op.On("iam:DetachGroupPolicy", s.group).With(policyARN("iam:PolicyARN"))),
		op.Bind(iamapi.ListAttachedGroupPolicies, s.listAttachedGroupPolicies, op.On("iam:ListAttachedGroupPolicies", s.group)),
	}
}

func (s *Service) roleRows() []op.Row {
	boundary := s.roleBoundary("iam:PermissionsBoundary")
	return []op.Row{
		op.Bind(iamapi.CreateRole, s.createRole,
			op.On("iam:CreateRole", s.newRole).With(requestTags, newBoundary("iam:PermissionsBoundary")),
			op.Maybe(op.On("iam:TagRole", s.taggedNewRole).With(requestTags))),
		op.Bind(iamapi.DeleteRole, s.deleteRole, op.On("iam:DeleteRole", s.role)),
		op.Bind(iamapi.GetRole, s.getRole, op.On("iam:GetRole", s.role)),
		op.Bind(iamapi.ListRoles, s.listRoles, op.On("iam:ListRoles", s.anyRole)),
		op.Bind(iamapi.UpdateRole, s.updateRole, op.On("iam:UpdateRole", s.role)),
		op.Bind(iamapi.UpdateRoleDescription, s.updateRoleDescription, op.On("iam:UpdateRoleDescription", s.role)),
		op.Bind(iamapi.UpdateAssumeRolePolicy, s.updateAssumeRolePolicy, op.On("iam:UpdateAssumeRolePolicy", s.role)),
		op.Bind(iamapi.TagRole, s.tagRole, op.On("iam:TagRole", s.role).With(requestTags)),
		op.Bind(iamapi.UntagRole, s.untagRole, op.On("iam:UntagRole", s.role).With(requestTags)),
		op.Bind(iamapi.ListRoleTags, s.listRoleTags, op.On("iam:ListRoleTags", s.role)),

		op.Bind(iamapi.PutRolePolicy, s.putRolePolicy, op.On("iam:PutRolePolicy", s.role).With(boundary)),
		op.Bind(iamapi.DeleteRolePolicy, s.deleteRolePolicy, op.On("iam:DeleteRolePolicy", s.role).With(boundary)),
		op.Bind(iamapi.GetRolePolicy, s.getRolePolicy, op.On("iam:GetRolePolicy", s.role)),
		op.Bind(iamapi.ListRolePolicies, s.listRolePolicies, op.On("iam:ListRolePolicies", s.role)),
		op.Bind(iamapi.AttachRolePolicy, s.attachRolePolicy,
			op.On("iam:AttachRolePolicy", s.role).With(policyARN("iam:PolicyARN"), boundary)),
		op.Bind(iamapi.DetachRolePolicy, s.detachRolePolicy,
			op.On("iam:DetachRolePolicy", s.role).With(policyARN("iam:PolicyARN"), boundary)),
		op.Bind(iamapi.ListAttachedRolePolicies, s.listAttachedRolePolicies, op.On("iam:ListAttachedRolePolicies", s.role)),
		op.Bind(iamapi.PutRolePermissionsBoundary, s.putRolePermissionsBoundary,
			op.On("iam:PutRolePermissionsBoundary", s.role).With(newBoundary("iam:PermissionsBoundary"))),
		op.Bind(iamapi.DeleteRolePermissionsBoundary, s.deleteRolePermissionsBoundary,
			op.On("iam:DeleteRolePermissionsBoundary", s.role).With(boundary)),

		op.Bind(iamapi.CreateServiceLinkedRole, s.createServiceLinkedRole,
			op.On("iam:CreateServiceLinkedRole", s.newLinkedRole).With(serviceName("iam:AWSServiceName"))),
		op.Bind(iamapi.DeleteServiceLinkedRole, s.deleteServiceLinkedRole, op.On("iam:DeleteServiceLinkedRole", s.role)),
		op.Bind(iamapi.GetServiceLinkedRoleDeletionStatus, s.getServiceLinkedRoleDeletionStatus,
			op.On("iam:GetServiceLinkedRoleDeletionStatus", s.deletedRole)),
	}
}

func (s *Service) policyRows() []op.Row {
	return []op.Row{
		op.Bind(iamapi.CreatePolicy, s.createPolicy,
			op.On("iam:CreatePolicy", s.newPolicy).With(requestTags),
			op.Maybe(op.On("iam:TagPolicy", s.taggedNewPolicy).With(requestTags))),
		op.Bind(iamapi.DeletePolicy, s.deletePolicy, op.On("iam:DeletePolicy", s.policy)),
		op.Bind(iamapi.GetPolicy, s.getPolicy, op.On("iam:GetPolicy", s.policy)),
		op.Bind(iamapi.ListPolicies, s.listPolicies, op.On("iam:ListPolicies", op.Any)),
		op.Bind(iamapi.TagPolicy, s.tagPolicy, op.On("iam:TagPolicy", s.policy).With(requestTags)),
		op.Bind(iamapi.UntagPolicy, s.untagPolicy, op.On("iam:UntagPolicy", s.policy).With(requestTags)),
		op.Bind(iamapi.ListPolicyTags, s.listPolicyTags, op.On("iam:ListPolicyTags", s.policy)),
		op.Bind(iamapi.CreatePolicyVersion, s.createPolicyVersion, op.On("iam:CreatePolicyVersion", s.policy)),
		op.Bind(iamapi.DeletePolicyVersion, s.deletePolicyVersion, op.On("iam:DeletePolicyVersion", s.policy)),
		op.Bind(iamapi.GetPolicyVersion, s.getPolicyVersion, op.On("iam:GetPolicyVersion", s.policy)),
		op.Bind(iamapi.ListPolicyVersions, s.listPolicyVersions, op.On("iam:ListPolicyVersions", s.policy)),
		op.Bind(iamapi.SetDefaultPolicyVersion, s.setDefaultPolicyVersion, op.On("iam:SetDefaultPolicyVersion", s.policy)),
		op.Bind(iamapi.ListEntitiesForPolicy, s.listEntitiesForPolicy, op.On("iam:ListEntitiesForPolicy", s.policy)),
	}
}

func (s *Service) profileRows() []op.Row {
	return []op.Row{
		op.Bind(iamapi.CreateInstanceProfile, s.createInstanceProfile,
			op.On("iam:CreateInstanceProfile", s.newProfile).With(requestTags),
			op.Maybe(op.On("iam:TagInstanceProfile", s.taggedNewProfile).With(requestTags))),
		op.Bind(iamapi.DeleteInstanceProfile, s.deleteInstanceProfile, op.On("iam:DeleteInstanceProfile", s.profile)),
		op.Bind(iamapi.GetInstanceProfile, s.getInstanceProfile, op.On("iam:GetInstanceProfile", s.profile)),
		op.Bind(iamapi.ListInstanceProfiles, s.listInstanceProfiles, op.On("iam:ListInstanceProfiles", s.anyProfile)),
		op.Bind(iamapi.ListInstanceProfilesForRole, s.listInstanceProfilesForRole, op.On("iam:ListInstanceProfilesForRole", s.role)),
		op.Bind(iamapi.AddRoleToInstanceProfile, s.addRoleToInstanceProfile,
			op.On("iam:AddRoleToInstanceProfile", s.profile),
			op.On("iam:PassRole", s.role).With(passedTo("iam:PassedToService", "ec2.amazonaws.com"))),
		op.Bind(iamapi.RemoveRoleFromInstanceProfile, s.removeRoleFromInstanceProfile, op.On("iam:RemoveRoleFromInstanceProfile", s.profile)),
		op.Bind(iamapi.TagInstanceProfile, s.tagInstanceProfile, op.On("iam:TagInstanceProfile", s.profile).With(requestTags)),
		op.Bind(iamapi.UntagInstanceProfile, s.untagInstanceProfile, op.On("iam:UntagInstanceProfile", s.profile).With(requestTags)),
		op.Bind(iamapi.ListInstanceProfileTags, s.listInstanceProfileTags, op.On("iam:ListInstanceProfileTags", s.profile)),
	}
}

func (s *Service) accountRows() []op.Row {
	return []op.Row{
		op.Bind(iamapi.CreateAccountAlias, s.createAccountAlias, op.On("iam:CreateAccountAlias", op.Any)),
		op.Bind(iamapi.DeleteAccountAlias, s.deleteAccountAlias, op.On("iam:DeleteAccountAlias", op.Any)),
		op.Bind(iamapi.ListAccountAliases, s.listAccountAliases, op.On("iam:ListAccountAliases", op.Any)),
		op.Bind(iamapi.GetAccountSummary, s.getAccountSummary, op.On("iam:GetAccountSummary", op.Any)),
		op.Bind(iamapi.GetContextKeysForCustomPolicy, s.getContextKeysForCustomPolicy, op.On("iam:GetContextKeysForCustomPolicy", op.Any)),
		op.Bind(iamapi.GetContextKeysForPrincipalPolicy, s.getContextKeysForPrincipalPolicy, op.On("iam:GetContextKeysForPrincipalPolicy", s.policySource)),
		op.Bind(iamapi.SimulateCustomPolicy, s.simulateCustomPolicy, op.On("iam:SimulateCustomPolicy", op.Any)),
		op.Bind(iamapi.SimulatePrincipalPolicy, s.simulatePrincipalPolicy, op.On("iam:SimulatePrincipalPolicy", s.policySource)),
		op.Bind(iamapi.GetAccountAuthorizationDetails, s.getAccountAuthorizationDetails, op.On("iam:GetAccountAuthorizationDetails", op.Any)),
	}
}

// assumeRole is what a service may do with the role linked to it.
const assumeRole = "sts:AssumeRole"
