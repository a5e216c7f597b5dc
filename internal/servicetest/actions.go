package servicetest

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// AWS names an action like its operation, with few exceptions: those below, of
// the services bound so far (Service Authorization Reference, August 2026).

// permissionOnly are actions that are no operations.
var permissionOnly = map[string][]string{
	"iam":    {"PassRole"},
	"kms":    {"ReEncryptFrom", "ReEncryptTo"},
	"sts":    {"GetServiceBearerToken", "SetContext", "SetSourceIdentity", "TagSession"},
	"lambda": {"DisableReplication", "EnableReplication", "InvokeFunction", "InvokeFunctionUrl", "PassCapacityProvider", "PassNetworkConnector", "UpdateFunctionCodeSigningConfig"},
	"s3": {
		"DeleteObjectVersion", "DeleteObjectVersionTagging", "GetAccelerateConfiguration", "GetBucketCORS", "GetBucketNotification",
		"GetBucketObjectLockConfiguration", "GetBucketPublicAccessBlock", "GetEncryptionConfiguration", "GetLifecycleConfiguration", "GetObjectVersion",
		"GetObjectVersionAcl", "GetObjectVersionAttributes", "GetObjectVersionTagging", "GetReplicationConfiguration", "ListAllMyBuckets", "ListBucket",
		"ListBucketMultipartUploads", "ListBucketVersions", "ListMultipartUploadParts", "PutAccelerateConfiguration", "PutBucketCORS",
		"PutBucketNotification", "PutBucketObjectLockConfiguration", "PutBucketPublicAccessBlock", "PutEncryptionConfiguration",
		"PutLifecycleConfiguration", "PutObjectVersionAcl", "PutObjectVersionTagging", "PutReplicationConfiguration", "TagResource",
	},
}

// ofAnother are operations that are judged by the action of another name.
var ofAnother = map[string][]string{
	"kms":    {"ReEncrypt"},
	"lambda": {"GetLayerVersionByArn", "Invoke", "InvokeWithResponseStream"},
	"s3": {
		"CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteBucketCors", "DeleteBucketEncryption", "DeleteBucketLifecycle",
		"DeleteBucketOwnershipControls", "DeleteBucketReplication", "DeleteBucketTagging", "DeleteObjects", "DeletePublicAccessBlock",
		"GetBucketAccelerateConfiguration", "GetBucketCors", "GetBucketEncryption", "GetBucketLifecycleConfiguration",
		"GetBucketNotificationConfiguration", "GetBucketReplication", "GetObjectLockConfiguration", "GetPublicAccessBlock", "HeadBucket", "HeadObject",
		"ListBuckets", "ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2", "ListParts", "PutBucketAccelerateConfiguration",
		"PutBucketCors", "PutBucketEncryption", "PutBucketLifecycleConfiguration", "PutBucketNotificationConfiguration", "PutPublicAccessBlock",
		"UploadPart", "UploadPartCopy",
	},
	"sqs": {"ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch"},
}

// IsAction says whether AWS has the action, service:Name, in one of the services.
func IsAction(action string, services []*api.Service) bool {
	prefix, name, ok := strings.Cut(action, ":")
	if !ok || slices.Contains(ofAnother[prefix], name) {
		return false
	}
	if slices.Contains(permissionOnly[prefix], name) {
		return true
	}
	for _, s := range services {
		if s.ID != prefix {
			continue
		}
		return slices.ContainsFunc(s.Operations, func(o *api.Operation) bool { return o.Name == name }) ||
			slices.ContainsFunc(s.Unbound, func(o api.UnboundOperation) bool { return o.Name == name })
	}
	return false
}

// withoutResource are actions that know no resource type: on "*" only. Of the
// other actions of these services none is.
var withoutResource = map[string][]string{
	"ec2": { // of those that are bound
		"DescribeAccountAttributes", "DescribeAvailabilityZones", "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeRegions",
		"DescribeRouteTables", "DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets", "DescribeTags", "DescribeVpcs",
	},
	"lambda": {
		"ConnectMicrovm", "CreateCodeSigningConfig", "CreateEventSourceMapping", "CreateMicrovmImage", "GetAccountSettings", "ListCapacityProviders",
		"ListCodeSigningConfigs", "ListEventSourceMappings", "ListFunctions", "ListLayerVersions", "ListLayers", "ListManagedMicrovmImages",
		"ListMicrovmImages", "ListMicrovms", "ListNetworkConnectors", "PassNetworkConnector",
	},
	"organizations": {
		"CreateAccount", "CreateGovCloudAccount", "CreateOrganization", "CreatePolicy", "DeleteOrganization", "DescribeCreateAccountStatus",
		"DescribeOrganization", "DisableAWSServiceAccess", "EnableAWSServiceAccess", "EnableAllFeatures", "LeaveOrganization",
		"ListAWSServiceAccessForOrganization", "ListAccounts", "ListCreateAccountStatus", "ListDelegatedAdministrators", "ListHandshakesForAccount",
		"ListHandshakesForOrganization", "ListPolicies", "ListRoots",
	},
	"s3":  {"ListAllMyBuckets"},
	"sqs": {"ListQueues"},
	"sts": {"DecodeAuthorizationMessage", "GetAccessKeyInfo"},
	"xray": {
		"BatchGetTraces", "GetSamplingRules", "GetSamplingTargets", "GetTraceSummaries", "PutTelemetryRecords", "PutTraceSegments",
	},
}

// takesResource says whether an action is judged on resources. known is false
// when that is not in the tables here.
func takesResource(action string) (takes, known bool) {
	prefix, name, _ := strings.Cut(action, ":")
	without, known := withoutResource[prefix]
	return !slices.Contains(without, name), known
}
