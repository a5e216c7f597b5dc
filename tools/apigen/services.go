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
	// unchecked APIs have no front end that checks constraints or required
	// members at all: S3, SQS and EC2 word every refusal themselves.
	unchecked bool
	// held are shapes of streams that are small, and held in memory as others are.
	held []string
	// also are further protocols that the service speaks.
	also []string
	// namespace is the XML namespace of answers, where the model has none.
	namespace string
	// denialCode and spelling are those of a denial (api.Service).
	denialCode, spelling string
	// roots are the root elements of XML answers that the model does not name, by
	// operation.
	roots map[string]string
	// query names lists and maps, by shape, as the query protocol does in a
	// model of another protocol.
	query map[string]queryName
}

// queryName is how the query protocol writes a flat list or map: the name of
// the repeated parameter, and those of a map's entries.
type queryName struct{ name, key, value string }

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
	{id: "ec2", upstream: "ec2/2016-11-15", unchecked: true, namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", denialCode: "UnauthorizedOperation", bind: []string{
		"AssignPrivateIpAddresses", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateNetworkInterface",
		"CreateSecurityGroup", "CreateSubnet", "CreateTags", "CreateVpc", "DeleteNetworkInterface", "DeleteSecurityGroup", "DeleteSubnet",
		"DeleteTags", "DeleteVpc", "DescribeAccountAttributes", "DescribeAvailabilityZones", "DescribeNetworkAcls",
		"DescribeNetworkInterfaces", "DescribeRegions", "DescribeRouteTables", "DescribeSecurityGroupRules", "DescribeSecurityGroups",
		"DescribeSubnets", "DescribeTags", "DescribeVpcAttribute", "DescribeVpcs", "ModifySubnetAttribute", "ModifyVpcAttribute",
		"RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress", "UnassignPrivateIpAddresses",
	}},
	{id: "kms", upstream: "kms/2014-11-01", bind: []string{
		"CancelKeyDeletion", "CreateAlias", "CreateGrant", "CreateKey", "Decrypt", "DeleteAlias", "DescribeKey", "DisableKey",
		"DisableKeyRotation", "EnableKey", "EnableKeyRotation", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
		"GenerateRandom", "GetKeyPolicy", "GetKeyRotationStatus", "ListAliases", "ListGrants", "ListKeyPolicies", "ListKeys",
		"ListResourceTags", "ListRetirableGrants", "PutKeyPolicy", "ReEncrypt", "RetireGrant", "RevokeGrant", "ScheduleKeyDeletion",
		"TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription",
	}},
	{id: "lambda", upstream: "lambda/2015-03-31", lax: []string{"Runtime"}, held: []string{"BlobStream"}, bind: []string{
		"AddLayerVersionPermission", "AddPermission", "CreateAlias", "CreateCodeSigningConfig", "CreateEventSourceMapping",
		"CreateFunction", "CreateFunctionUrlConfig", "DeleteAlias", "DeleteCodeSigningConfig", "DeleteEventSourceMapping", "DeleteFunction",
		"DeleteFunctionCodeSigningConfig", "DeleteFunctionConcurrency", "DeleteFunctionEventInvokeConfig", "DeleteFunctionUrlConfig",
		"DeleteLayerVersion", "DeleteProvisionedConcurrencyConfig", "GetAccountSettings", "GetAlias", "GetCodeSigningConfig",
		"GetEventSourceMapping", "GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConcurrency", "GetFunctionConfiguration",
		"GetFunctionEventInvokeConfig", "GetFunctionRecursionConfig", "GetFunctionUrlConfig", "GetLayerVersion", "GetLayerVersionByArn",
		"GetLayerVersionPolicy", "GetPolicy", "GetProvisionedConcurrencyConfig", "GetRuntimeManagementConfig", "Invoke", "InvokeAsync",
		"InvokeWithResponseStream", "ListAliases", "ListCodeSigningConfigs", "ListEventSourceMappings", "ListFunctionEventInvokeConfigs",
		"ListFunctionUrlConfigs", "ListFunctions", "ListFunctionsByCodeSigningConfig", "ListLayerVersions", "ListLayers",
		"ListProvisionedConcurrencyConfigs", "ListTags", "ListVersionsByFunction", "PublishLayerVersion", "PublishVersion",
		"PutFunctionCodeSigningConfig", "PutFunctionConcurrency", "PutFunctionEventInvokeConfig", "PutFunctionRecursionConfig",
		"PutProvisionedConcurrencyConfig", "PutRuntimeManagementConfig", "RemoveLayerVersionPermission", "RemovePermission", "TagResource",
		"UntagResource", "UpdateAlias", "UpdateCodeSigningConfig", "UpdateEventSourceMapping", "UpdateFunctionCode",
		"UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig", "UpdateFunctionUrlConfig",
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
	{id: "s3", upstream: "s3/2006-03-01", unchecked: true, namespace: "http://s3.amazonaws.com/doc/2006-03-01/", roots: s3Roots, bind: []string{
		"AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateBucket", "CreateMultipartUpload", "DeleteBucket",
		"DeleteBucketCors", "DeleteBucketEncryption", "DeleteBucketLifecycle", "DeleteBucketOwnershipControls", "DeleteBucketPolicy",
		"DeleteBucketReplication", "DeleteBucketTagging", "DeleteBucketWebsite", "DeleteObject", "DeleteObjectTagging", "DeleteObjects",
		"DeletePublicAccessBlock", "GetBucketAbac", "GetBucketAccelerateConfiguration", "GetBucketAcl", "GetBucketCors",
		"GetBucketEncryption", "GetBucketLifecycleConfiguration", "GetBucketLocation", "GetBucketLogging",
		"GetBucketNotificationConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPolicyStatus",
		"GetBucketReplication", "GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite", "GetObject",
		"GetObjectAcl", "GetObjectAttributes", "GetObjectLegalHold", "GetObjectLockConfiguration", "GetObjectRetention",
		"GetObjectTagging", "GetPublicAccessBlock", "HeadBucket", "HeadObject", "ListBuckets", "ListMultipartUploads",
		"ListObjectVersions", "ListObjects", "ListObjectsV2", "ListParts", "PutBucketAccelerateConfiguration", "PutBucketAcl",
		"PutBucketCors", "PutBucketEncryption", "PutBucketLifecycleConfiguration", "PutBucketLogging",
		"PutBucketNotificationConfiguration", "PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketRequestPayment",
		"PutBucketTagging", "PutBucketVersioning", "PutBucketWebsite", "PutObject", "PutObjectAcl", "PutObjectTagging",
		"PutPublicAccessBlock", "UploadPart", "UploadPartCopy",
	}},
	{id: "sallyport"},
	{id: "sns", upstream: "sns/2010-03-31", denialCode: "AuthorizationError", spelling: "UpperService", bind: []string{
		"AddPermission", "ConfirmSubscription", "CreateTopic", "DeleteTopic", "GetDataProtectionPolicy", "GetSubscriptionAttributes",
		"GetTopicAttributes", "ListSubscriptions", "ListSubscriptionsByTopic", "ListTagsForResource", "ListTopics", "Publish",
		"PublishBatch", "RemovePermission", "SetSubscriptionAttributes", "SetTopicAttributes", "Subscribe", "TagResource",
		"Unsubscribe", "UntagResource",
	}},
	{id: "sqs", upstream: "sqs/2012-11-05", unchecked: true, spelling: "LowerAction", also: []string{"query"}, namespace: "http://queue.amazonaws.com/doc/2012-11-05/", query: sqsNames, bind: []string{
		"AddPermission", "CancelMessageMoveTask", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "CreateQueue", "DeleteMessage",
		"DeleteMessageBatch", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListMessageMoveTasks",
		"ListQueueTags", "ListQueues", "PurgeQueue", "ReceiveMessage", "RemovePermission", "SendMessage", "SendMessageBatch",
		"SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
	}},
	{id: "sts", upstream: "sts/2011-06-15", bind: []string{
		"AssumeRole", "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity", "GetFederationToken", "GetSessionToken",
	}},
	{id: "xray", upstream: "xray/2016-04-12", bind: []string{
		"BatchGetTraces", "GetSamplingRules", "GetSamplingTargets", "GetTraceSummaries", "PutTelemetryRecords", "PutTraceSegments",
	}},
}

// s3Roots are the root elements of S3's answers (S3 API reference, response
// syntax of each operation).
var s3Roots = map[string]string{
	"CompleteMultipartUpload":            "CompleteMultipartUploadResult",
	"CreateMultipartUpload":              "InitiateMultipartUploadResult",
	"DeleteObjects":                      "DeleteResult",
	"GetBucketAccelerateConfiguration":   "AccelerateConfiguration",
	"GetBucketAcl":                       "AccessControlPolicy",
	"GetBucketCors":                      "CORSConfiguration",
	"GetBucketLifecycleConfiguration":    "LifecycleConfiguration",
	"GetBucketLocation":                  "LocationConstraint",
	"GetBucketLogging":                   "BucketLoggingStatus",
	"GetBucketNotificationConfiguration": "NotificationConfiguration",
	"GetBucketRequestPayment":            "RequestPaymentConfiguration",
	"GetBucketTagging":                   "Tagging",
	"GetBucketVersioning":                "VersioningConfiguration",
	"GetBucketWebsite":                   "WebsiteConfiguration",
	"GetObjectAcl":                       "AccessControlPolicy",
	"GetObjectAttributes":                "GetObjectAttributesResponse",
	"GetObjectTagging":                   "Tagging",
	"ListBuckets":                        "ListAllMyBucketsResult",
	"ListMultipartUploads":               "ListMultipartUploadsResult",
	"ListObjectVersions":                 "ListVersionsResult",
	"ListObjects":                        "ListBucketResult",
	"ListObjectsV2":                      "ListBucketResult",
	"ListParts":                          "ListPartsResult",
}

// sqsNames are the names of SQS's query protocol, which its JSON model lacks
// (SQS API reference, query examples).
var sqsNames = map[string]queryName{
	"AWSAccountIdList":          {name: "AWSAccountId"},
	"ActionNameList":            {name: "ActionName"},
	"AttributeNameList":         {name: "AttributeName"},
	"BatchResultErrorEntryList": {name: "BatchResultErrorEntry"},
	"BinaryList":                {name: "BinaryListValue"},
	"ChangeMessageVisibilityBatchRequestEntryList": {name: "ChangeMessageVisibilityBatchRequestEntry"},
	"ChangeMessageVisibilityBatchResultEntryList":  {name: "ChangeMessageVisibilityBatchResultEntry"},
	"DeleteMessageBatchRequestEntryList":           {name: "DeleteMessageBatchRequestEntry"},
	"DeleteMessageBatchResultEntryList":            {name: "DeleteMessageBatchResultEntry"},
	"ListMessageMoveTasksResultEntryList":          {name: "ListMessageMoveTasksResultEntry"},
	"MessageAttributeNameList":                     {name: "MessageAttributeName"},
	"MessageBodyAttributeMap":                      {"MessageAttribute", "Name", "Value"},
	"MessageBodySystemAttributeMap":                {"MessageSystemAttribute", "Name", "Value"},
	"MessageList":                                  {name: "Message"},
	"MessageSystemAttributeList":                   {name: "MessageSystemAttributeName"},
	"MessageSystemAttributeMap":                    {"Attribute", "Name", "Value"},
	"QueueAttributeMap":                            {"Attribute", "Name", "Value"},
	"QueueUrlList":                                 {name: "QueueUrl"},
	"SendMessageBatchRequestEntryList":             {name: "SendMessageBatchRequestEntry"},
	"SendMessageBatchResultEntryList":              {name: "SendMessageBatchResultEntry"},
	"StringList":                                   {name: "StringListValue"},
	"TagKeyList":                                   {name: "TagKey"},
	"TagMap":                                       {"Tag", "Key", "Value"},
}
