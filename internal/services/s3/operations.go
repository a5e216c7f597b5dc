package s3

import (
	"context"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

// Actions that are named beside the rows too.
const (
	createBucketAction    = "s3:CreateBucket"
	putBucketPolicyAction = "s3:PutBucketPolicy"
)

// Rows is the table of operations (Service Authorization Reference, Amazon S3;
// "Required permissions for Amazon S3 API operations"). An operation on a version
// that is named needs another action than one on the latest.
func (s *Service) Rows() []op.Row {
	bucket := func(action string) op.Need { return op.On(action, s.onBucket).With(s.requestKeys) }
	object := func(action string) op.Need { return op.On(action, s.onKey).With(s.requestKeys) }
	granted := op.Maybe(op.On("s3:PutObjectAcl", s.onGranted).With(s.requestKeys))
	tagged := op.Maybe(op.On("s3:PutObjectTagging", s.onTagged).With(s.requestKeys))
	either := func(latest, version string) []op.Need {
		return op.Either(op.On(latest, s.onLatest).With(s.requestKeys, s.objectTags), op.On(version, s.onVersion).With(s.requestKeys, s.objectTags))
	}
	sources := op.Either(op.On("s3:GetObject", s.onSource).With(s.sourceTags), op.On("s3:GetObjectVersion", s.onSourceVersion).With(s.sourceTags))
	sourceTags := []op.Need{
		op.Maybe(op.On("s3:GetObjectTagging", s.taggedSource(false)).With(s.sourceTags)),
		op.Maybe(op.On("s3:GetObjectVersionTagging", s.taggedSource(true)).With(s.sourceTags)),
	}
	maybeNew := func(action string, has func(c *op.Call) bool) op.Need {
		return op.Maybe(op.On(action, s.when(has)).With(s.requestKeys))
	}
	return []op.Row{
		op.Bind(s3api.AbortMultipartUpload, s.abortMultipartUpload, object("s3:AbortMultipartUpload")),
		op.Bind(s3api.CompleteMultipartUpload, s.completeMultipartUpload, object("s3:PutObject")),
		op.Bind(s3api.CopyObject, s.copyObject, all(sources, sourceTags, object("s3:PutObject"), granted, tagged)...),
		op.Bind(s3api.CreateBucket, s.createBucket,
			op.On(createBucketAction, s.newBucketName).With(s.requestKeys),
			maybeNew("s3:PutBucketAcl", func(c *op.Call) bool { return namesACL(c.Input) }),
			maybeNew("s3:PutBucketObjectLockConfiguration", locksNew), maybeNew("s3:PutBucketVersioning", locksNew),
			maybeNew("s3:PutBucketOwnershipControls", ownsNew), maybeNew("s3:TagResource", tagsNew)),
		op.Bind(s3api.CreateMultipartUpload, s.createMultipartUpload, object("s3:PutObject"), granted, tagged),
		op.Bind(s3api.DeleteBucket, s.deleteBucket, bucket("s3:DeleteBucket")),
		op.Bind(s3api.DeleteBucketCors, s.deleteCORS, bucket("s3:PutBucketCORS")),
		op.Bind(s3api.DeleteBucketEncryption, s.deleteEncryption, bucket("s3:PutEncryptionConfiguration")),
		op.Bind(s3api.DeleteBucketLifecycle, s.deleteLifecycle, bucket("s3:PutLifecycleConfiguration")),
		op.Bind(s3api.DeleteBucketOwnershipControls, s.deleteOwnershipControls, bucket("s3:PutBucketOwnershipControls")),
		op.Bind(s3api.DeleteBucketPolicy, s.deleteBucketPolicy, bucket("s3:DeleteBucketPolicy")),
		op.Bind(s3api.DeleteBucketReplication, s.deleteReplication, bucket("s3:PutReplicationConfiguration")),
		op.Bind(s3api.DeleteBucketTagging, s.deleteBucketTagging, bucket("s3:PutBucketTagging")),
		op.Bind(s3api.DeleteBucketWebsite, s.deleteWebsite, bucket("s3:DeleteBucketWebsite")),
		op.Bind(s3api.DeleteObject, s.deleteObject, op.Either(
			op.On("s3:DeleteObject", s.onLatest).With(s.requestKeys), op.On("s3:DeleteObjectVersion", s.onVersion).With(s.requestKeys))...),
		op.Bind(s3api.DeleteObjectTagging, s.deleteObjectTagging, either("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging")...),
		op.Bind(s3api.DeleteObjects, s.deleteObjects, op.Nothing("each key is judged by itself, as a DeleteObject of its own, and answered by itself")),
		op.Bind(s3api.DeletePublicAccessBlock, s.deletePublicAccessBlock, bucket("s3:PutBucketPublicAccessBlock")),
		op.Bind(s3api.GetBucketAbac, s.getABAC, bucket("s3:GetBucketAbac")),
		op.Bind(s3api.GetBucketAccelerateConfiguration, s.getAccelerate, bucket("s3:GetAccelerateConfiguration")),
		op.Bind(s3api.GetBucketAcl, s.getBucketACL, bucket("s3:GetBucketAcl")),
		op.Bind(s3api.GetBucketCors, s.getCORS, bucket("s3:GetBucketCORS")),
		op.Bind(s3api.GetBucketEncryption, s.getEncryption, bucket("s3:GetEncryptionConfiguration")),
		op.Bind(s3api.GetBucketLifecycleConfiguration, s.getLifecycle, bucket("s3:GetLifecycleConfiguration")),
		op.Bind(s3api.GetBucketLocation, s.getBucketLocation, bucket("s3:GetBucketLocation")),
		op.Bind(s3api.GetBucketLogging, s.getLogging, bucket("s3:GetBucketLogging")),
		op.Bind(s3api.GetBucketNotificationConfiguration, s.getNotification, bucket("s3:GetBucketNotification")),
		op.Bind(s3api.GetBucketOwnershipControls, s.getOwnershipControls, bucket("s3:GetBucketOwnershipControls")),
		op.Bind(s3api.GetBucketPolicy, s.getBucketPolicy, bucket("s3:GetBucketPolicy")),
		op.Bind(s3api.GetBucketPolicyStatus, s.getBucketPolicyStatus, bucket("s3:GetBucketPolicyStatus")),
		op.Bind(s3api.GetBucketReplication, s.getReplication, bucket("s3:GetReplicationConfiguration")),
		op.Bind(s3api.GetBucketRequestPayment, s.getRequestPayment, bucket("s3:GetBucketRequestPayment")),
		op.Bind(s3api.GetBucketTagging, s.getBucketTagging, bucket("s3:GetBucketTagging")),
		op.Bind(s3api.GetBucketVersioning, s.getBucketVersioning, bucket("s3:GetBucketVersioning")),
		op.Bind(s3api.GetBucketWebsite, s.getWebsite, bucket("s3:GetBucketWebsite")),
		op.Bind(s3api.GetObject, s.getObject, either("s3:GetObject", "s3:GetObjectVersion")...),
		op.Bind(s3api.GetObjectAcl, s.getObjectACL, either("s3:GetObjectAcl", "s3:GetObjectVersionAcl")...),
		op.Bind(s3api.GetObjectAttributes, s.getObjectAttributes, all(
			either("s3:GetObject", "s3:GetObjectVersion"), either("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"))...),
		op.Bind(s3api.GetObjectLegalHold, s.getLegalHold, op.On("s3:GetObjectLegalHold", s.onVersionOf).With(s.requestKeys)),
		op.Bind(s3api.GetObjectLockConfiguration, s.getObjectLock, bucket("s3:GetBucketObjectLockConfiguration")),
		op.Bind(s3api.GetObjectRetention, s.getRetention, op.On("s3:GetObjectRetention", s.onVersionOf).With(s.requestKeys)),
		op.Bind(s3api.GetObjectTagging, s.getObjectTagging, either("s3:GetObjectTagging", "s3:GetObjectVersionTagging")...),
		op.Bind(s3api.GetPublicAccessBlock, s.getPublicAccessBlock, bucket("s3:GetBucketPublicAccessBlock")),
		op.Bind(s3api.HeadBucket, s.headBucket, bucket("s3:ListBucket")),
		op.Bind(s3api.HeadObject, s.headObject, either("s3:GetObject", "s3:GetObjectVersion")...),
		op.Bind(s3api.ListBuckets, s.listBuckets, op.On("s3:ListAllMyBuckets", op.Any).With(s.requestKeys)),
		op.Bind(s3api.ListMultipartUploads, s.listMultipartUploads, bucket("s3:ListBucketMultipartUploads")),
		op.Bind(s3api.ListObjectVersions, s.listObjectVersions, bucket("s3:ListBucketVersions")),
		op.Bind(s3api.ListObjects, s.listObjects, bucket("s3:ListBucket")),
		op.Bind(s3api.ListObjectsV2, s.listObjectsV2, bucket("s3:ListBucket")),
		op.Bind(s3api.ListParts, s.listParts, object("s3:ListMultipartUploadParts")),
		op.Bind(s3api.PutBucketAccelerateConfiguration, s.putAccelerate, bucket("s3:PutAccelerateConfiguration")),
		op.Bind(s3api.PutBucketAcl, s.putBucketACL, bucket("s3:PutBucketAcl")),
		op.Bind(s3api.PutBucketCors, s.putCORS, bucket("s3:PutBucketCORS")),
		op.Bind(s3api.PutBucketEncryption, s.putEncryption, bucket("s3:PutEncryptionConfiguration")),
		op.Bind(s3api.PutBucketLifecycleConfiguration, s.putLifecycle, bucket("s3:PutLifecycleConfiguration")),
		op.Bind(s3api.PutBucketLogging, s.putLogging, bucket("s3:PutBucketLogging")),
		op.Bind(s3api.PutBucketNotificationConfiguration, s.putNotification, bucket("s3:PutBucketNotification")),
		op.Bind(s3api.PutBucketOwnershipControls, s.putOwnershipControls, bucket("s3:PutBucketOwnershipControls")),
		op.Bind(s3api.PutBucketPolicy, s.putBucketPolicy, bucket(putBucketPolicyAction)),
		op.Bind(s3api.PutBucketRequestPayment, s.putRequestPayment, bucket("s3:PutBucketRequestPayment")),
		op.Bind(s3api.PutBucketTagging, s.putBucketTagging, bucket("s3:PutBucketTagging")),
		op.Bind(s3api.PutBucketVersioning, s.putBucketVersioning, bucket("s3:PutBucketVersioning")),
		op.Bind(s3api.PutBucketWebsite, s.putWebsite, bucket("s3:PutBucketWebsite")),
		op.Bind(s3api.PutObject, s.putObject, object("s3:PutObject"), granted, tagged),
		op.Bind(s3api.PutObjectAcl, s.putObjectACL, either("s3:PutObjectAcl", "s3:PutObjectVersionAcl")...),
		op.Bind(s3api.PutObjectTagging, s.putObjectTagging, either("s3:PutObjectTagging", "s3:PutObjectVersionTagging")...),
		op.Bind(s3api.PutPublicAccessBlock, s.putPublicAccessBlock, bucket("s3:PutBucketPublicAccessBlock")),
		op.Bind(s3api.UploadPart, s.uploadPart, object("s3:PutObject")),
		op.Bind(s3api.UploadPartCopy, s.uploadPartCopy, all(sources, object("s3:PutObject"))...),
	}
}

// all joins needs and lists of needs.
func all(parts ...any) []op.Need {
	var needs []op.Need
	for _, p := range parts {
		if list, ok := p.([]op.Need); ok {
			needs = append(needs, list...)
			continue
		}
		needs = append(needs, p.(op.Need))
	}
	return needs
}

// mayList is asked when a key is missing: who may list the bucket learns that it is.
func (s *Service) mayList() op.Need { return op.On("s3:ListBucket", s.onBucket) }

// mayListVersions is mayList where a version is named.
func (s *Service) mayListVersions() op.Need { return op.On("s3:ListBucketVersions", s.onBucket) }

// mayListSource is mayList for the source of a copy.
func (s *Service) mayListSource(bucket string) op.Need {
	return op.On("s3:ListBucket", func(context.Context, *op.Call) ([]op.Resource, error) {
		return []op.Resource{{ARN: bucketARN(bucket)}}, nil
	})
}

// mayDelete is what each key of DeleteObjects needs.
func (s *Service) mayDelete(b *bucket, key, version string) op.Need {
	on := func(context.Context, *op.Call) ([]op.Resource, error) {
		return []op.Resource{{ARN: objectARN(b.Name, key)}}, nil
	}
	if version == "" {
		return op.On("s3:DeleteObject", on).With(s.requestKeys)
	}
	return op.On("s3:DeleteObjectVersion", on).With(s.requestKeys, versionKeyOf(version))
}

func locksNew(c *op.Call) bool {
	return c.Input.(*s3api.CreateBucketRequest).GetObjectLockEnabledForBucket()
}

func ownsNew(c *op.Call) bool {
	return c.Input.(*s3api.CreateBucketRequest).GetObjectOwnership() != ""
}

func tagsNew(c *op.Call) bool {
	with := c.Input.(*s3api.CreateBucketRequest).CreateBucketConfiguration
	return with != nil && len(with.Tags) > 0
}
