package main

// target is one service whose API is generated.
type target struct {
	// id names the folder, the model file and the service segment of ARNs.
	id string
	// upstream is the model's place below the data folder of botocore; empty
	// for an API of our own, whose model is written by hand.
	upstream string
	// global services have one endpoint for all regions.
	global bool
	// bind are the operations Sallyport answers; empty binds all of the model.
	bind []string
	// lax are shapes whose constraints AWS's front end does not check: the
	// service refuses wrong values itself, in other words.
	lax []string
}

// targets is the list of all services.
var targets = []target{
	{id: "iam", upstream: "iam/2010-05-08", global: true, bind: []string{
		"AddRoleToInstanceProfile", "AddUserToGroup", "AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy",
		"CreateAccessKey", "CreateAccountAlias", "CreateGroup", "CreateInstanceProfile", "CreatePolicy", "CreatePolicyVersion",
		"CreateRole", "CreateServiceLinkedRole", "CreateUser",
		"DeleteAccessKey", "DeleteAccountAlias", "DeleteGroup", "DeleteGroupPolicy", "DeleteInstanceProfile", "DeleteLoginProfile", "DeletePolicy",
		"DeletePolicyVersion", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DeleteServiceLinkedRole",
		"DeleteUser", "DeleteUserPermissionsBoundary", "DeleteUserPolicy",
		"DetachGroupPolicy", "DetachRolePolicy", "DetachUserPolicy",
		"GetAccessKeyLastUsed", "GetAccountAuthorizationDetails", "GetAccountSummary", "GetContextKeysForCustomPolicy",
		"GetContextKeysForPrincipalPolicy", "GetGroup", "GetGroupPolicy",
		"GetInstanceProfile", "GetLoginProfile", "GetPolicy", "GetPolicyVersion", "GetRole", "GetRolePolicy",
		"GetServiceLinkedRoleDeletionStatus", "GetUser", "GetUserPolicy",
		"ListAccessKeys", "ListAccountAliases", "ListAttachedGroupPolicies", "ListAttachedRolePolicies", "ListAttachedUserPolicies",
		"ListEntitiesForPolicy", "ListGroupPolicies", "ListGroups", "ListGroupsForUser", "ListInstanceProfileTags",
		"ListInstanceProfiles", "ListInstanceProfilesForRole", "ListMFADevices", "ListPolicies", "ListPolicyTags",
		"ListPolicyVersions", "ListRolePolicies", "ListRoleTags", "ListRoles", "ListSSHPublicKeys",
		"ListServiceSpecificCredentials", "ListSigningCertificates", "ListUserPolicies", "ListUserTags", "ListUsers", "ListVirtualMFADevices",
		"PutGroupPolicy", "PutRolePermissionsBoundary", "PutRolePolicy", "PutUserPermissionsBoundary", "PutUserPolicy",
		"RemoveRoleFromInstanceProfile", "RemoveUserFromGroup", "SetDefaultPolicyVersion",
		"SimulateCustomPolicy", "SimulatePrincipalPolicy",
		"TagInstanceProfile", "TagPolicy", "TagRole", "TagUser", "UntagInstanceProfile", "UntagPolicy", "UntagRole", "UntagUser",
		"UpdateAccessKey", "UpdateAssumeRolePolicy", "UpdateGroup", "UpdateRole", "UpdateRoleDescription", "UpdateUser",
	}},
	{id: "lambda", upstream: "lambda/2015-03-31", lax: []string{"Runtime"}, bind: []string{
		"AddPermission", "CreateAlias", "CreateFunction", "DeleteAlias", "DeleteFunction", "DeleteFunctionConcurrency",
		"DeleteFunctionEventInvokeConfig", "GetAccountSettings", "GetAlias", "GetFunction", "GetFunctionCodeSigningConfig",
		"GetFunctionConcurrency", "GetFunctionConfiguration", "GetFunctionEventInvokeConfig", "GetFunctionRecursionConfig",
		"GetPolicy", "GetRuntimeManagementConfig", "Invoke", "ListAliases", "ListFunctionEventInvokeConfigs", "ListFunctions",
		"ListTags", "ListVersionsByFunction", "PublishVersion", "PutFunctionConcurrency", "PutFunctionEventInvokeConfig",
		"PutFunctionRecursionConfig", "PutRuntimeManagementConfig", "RemovePermission", "TagResource", "UntagResource",
		"UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig",
	}},
	{id: "logs", upstream: "logs/2014-03-28", bind: []string{
		"CreateLogGroup", "CreateLogStream", "DeleteLogGroup", "DeleteLogStream", "DeleteRetentionPolicy", "DescribeLogGroups",
		"DescribeLogStreams", "FilterLogEvents", "GetLogEvents", "ListTagsForResource", "ListTagsLogGroup", "PutLogEvents",
		"PutRetentionPolicy", "TagLogGroup", "TagResource", "UntagLogGroup", "UntagResource",
	}},
	{id: "organizations", upstream: "organizations/2016-11-28", global: true, bind: []string{
		"AttachPolicy", "CloseAccount", "CreateAccount", "CreateOrganization", "CreateOrganizationalUnit", "CreatePolicy",
		"DeleteOrganization", "DeleteOrganizationalUnit", "DeletePolicy", "DescribeAccount", "DescribeCreateAccountStatus",
		"DescribeOrganization", "DescribeOrganizationalUnit", "DescribePolicy", "DetachPolicy", "DisableAWSServiceAccess",
		"DisablePolicyType", "EnableAWSServiceAccess", "EnablePolicyType", "ListAWSServiceAccessForOrganization", "ListAccounts",
		"ListAccountsForParent", "ListChildren", "ListCreateAccountStatus", "ListDelegatedAdministrators",
		"ListOrganizationalUnitsForParent", "ListParents", "ListPolicies", "ListPoliciesForTarget", "ListRoots",
		"ListTagsForResource", "ListTargetsForPolicy", "MoveAccount", "RemoveAccountFromOrganization", "TagResource",
		"UntagResource", "UpdateOrganizationalUnit", "UpdatePolicy",
	}},
	{id: "sallyport"},
	{id: "sts", upstream: "sts/2011-06-15", bind: []string{
		"AssumeRole", "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity", "GetFederationToken", "GetSessionToken",
	}},
}
