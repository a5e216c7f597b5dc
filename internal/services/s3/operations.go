package s3

import (
	"context"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

// Actions that are named beside the rows too.
const (
	createBucketAction       = "s3:CreateBucket"
	putBucketPolicyAction    = "s3:PutBucketPolicy"
	getBucketPolicyAction    = "s3:GetBucketPolicy"
	deleteBucketPolicyAction = "s3:DeleteBucketPolicy"
)

// Rows is the table of operations (Service Authorization Reference, Amazon S3;
// "Required permissions for Amazon S3 API operations"). An operation on a version
// that is named needs another action than one on the latest.
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(s3api.AbortMultipartUpload, s.abortMultipartUpload, asked(op.On("s3:AbortMultipartUpload", s.onKey))),
		op.Bind(s3api.CompleteMultipartUpload, s.completeMultipartUpload, asked(op.On("s3:PutObject", s.onKey))),
		op.Bind(s3api.CopyObject, s.copyObject, op.Either(
			op.On("s3:GetObject", s.onSource).With(s.sourceTags), op.On("s3:GetObjectVersion", s.onSourceVersion).With(s.sourceTags)),
			op.Maybe(op.On("s3:GetObjectTagging", s.taggedSource(false)).With(s.sourceTags)),
			op.Maybe(op.On("s3:GetObjectVersionTagging", s.taggedSource(true)).With(s.sourceTags)),
			asked(op.On("s3:PutObject", s.onKey)), op.Maybe(asked(op.On("s3:PutObjectAcl", s.onGranted))), op.Maybe(asked(op.On("s3:PutObjectTagging", s.onTagged)))),
		op.Bind(s3api.CreateBucket, s.createBucket,
			asked(op.On(createBucketAction, s.newBucketName)),
			op.Maybe(asked(op.On("s3:PutBucketAcl", s.when(func(c *op.Call) bool { return namesACL(c.Input) })))),
			op.Maybe(asked(op.On("s3:PutBucketObjectLockConfiguration", s.when(locksNew)))), op.Maybe(asked(op.On("s3:PutBucketVersioning", s.when(locksNew)))),
			op.Maybe(asked(op.On("s3:PutBucketOwnershipControls", s.when(ownsNew)))), op.Maybe(asked(op.On("s3:TagResource", s.when(tagsNew))))),
		op.Bind(s3api.CreateMultipartUpload, s.createMultipartUpload, asked(op.On("s3:PutObject", s.onKey)), op.Maybe(asked(op.On("s3:PutObjectAcl", s.onGranted))), op.Maybe(asked(op.On("s3:PutObjectTagging", s.onTagged)))),
		op.Bind(s3api.DeleteBucket, s.deleteBucket, asked(op.On("s3:DeleteBucket", s.onBucket))),
		op.Bind(s3api.DeleteBucketCors, s.deleteCORS, asked(op.On("s3:PutBucketCORS", s.onBucket))),
		op.Bind(s3api.DeleteBucketEncryption, s.deleteEncryption, asked(op.On("s3:PutEncryptionConfiguration", s.onBucket))),
		op.Bind(s3api.DeleteBucketLifecycle, s.deleteLifecycle, asked(op.On("s3:PutLifecycleConfiguration", s.onBucket))),
		op.Bind(s3api.DeleteBucketOwnershipControls, s.deleteOwnershipControls, asked(op.On("s3:PutBucketOwnershipControls", s.onBucket))),
		op.Bind(s3api.DeleteBucketPolicy, s.deleteBucketPolicy, asked(op.On(deleteBucketPolicyAction, s.onBucket))),
		op.Bind(s3api.DeleteBucketReplication, s.deleteReplication, asked(op.On("s3:PutReplicationConfiguration", s.onBucket))),
		op.Bind(s3api.DeleteBucketTagging, s.deleteBucketTagging, asked(op.On("s3:PutBucketTagging", s.onBucket))),
		op.Bind(s3api.DeleteBucketWebsite, s.deleteWebsite, asked(op.On("s3:DeleteBucketWebsite", s.onBucket))),
		op.Bind(s3api.DeleteObject, s.deleteObject, op.Either(
			asked(op.On("s3:DeleteObject", s.onLatest)), asked(op.On("s3:DeleteObjectVersion", s.onVersion)))),
		op.Bind(s3api.DeleteObjectTagging, s.deleteObjectTagging, op.Either(
			of(op.On("s3:DeleteObjectTagging", s.onLatest)), of(op.On("s3:DeleteObjectVersionTagging", s.onVersion)))),
		op.Bind(s3api.DeleteObjects, s.deleteObjects, op.Nothing("each key is judged by itself, as a DeleteObject of its own, and answered by itself")),
		op.Bind(s3api.DeletePublicAccessBlock, s.deletePublicAccessBlock, asked(op.On("s3:PutBucketPublicAccessBlock", s.onBucket))),
		op.Bind(s3api.GetBucketAbac, s.getABAC, asked(op.On("s3:GetBucketAbac", s.onBucket))),
		op.Bind(s3api.GetBucketAccelerateConfiguration, s.getAccelerate, asked(op.On("s3:GetAccelerateConfiguration", s.onBucket))),
		op.Bind(s3api.GetBucketAcl, s.getBucketACL, asked(op.On("s3:GetBucketAcl", s.onBucket))),
		op.Bind(s3api.GetBucketCors, s.getCORS, asked(op.On("s3:GetBucketCORS", s.onBucket))),
		op.Bind(s3api.GetBucketEncryption, s.getEncryption, asked(op.On("s3:GetEncryptionConfiguration", s.onBucket))),
		op.Bind(s3api.GetBucketLifecycleConfiguration, s.getLifecycle, asked(op.On("s3:GetLifecycleConfiguration", s.onBucket))),
		op.Bind(s3api.GetBucketLocation, s.getBucketLocation, asked(op.On("s3:GetBucketLocation", s.onBucket))),
		op.Bind(s3api.GetBucketLogging, s.getLogging, asked(op.On("s3:GetBucketLogging", s.onBucket))),
		op.Bind(s3api.GetBucketNotificationConfiguration, s.getNotification, asked(op.On("s3:GetBucketNotification", s.onBucket))),
		op.Bind(s3api.GetBucketOwnershipControls, s.getOwnershipControls, asked(op.On("s3:GetBucketOwnershipControls", s.onBucket))),
		op.Bind(s3api.GetBucketPolicy, s.getBucketPolicy, asked(op.On(getBucketPolicyAction, s.onBucket))),
		op.Bind(s3api.GetBucketPolicyStatus, s.getBucketPolicyStatus, asked(op.On("s3:GetBucketPolicyStatus", s.onBucket))),
		op.Bind(s3api.GetBucketReplication, s.getReplication, asked(op.On("s3:GetReplicationConfiguration", s.onBucket))),
		op.Bind(s3api.GetBucketRequestPayment, s.getRequestPayment, asked(op.On("s3:GetBucketRequestPayment", s.onBucket))),
		op.Bind(s3api.GetBucketTagging, s.getBucketTagging, asked(op.On("s3:GetBucketTagging", s.onBucket))),
		op.Bind(s3api.GetBucketVersioning, s.getBucketVersioning, asked(op.On("s3:GetBucketVersioning", s.onBucket))),
		op.Bind(s3api.GetBucketWebsite, s.getWebsite, asked(op.On("s3:GetBucketWebsite", s.onBucket))),
		op.Bind(s3api.GetObject, s.getObject, op.Either(
			of(op.On("s3:GetObject", s.onLatest)), of(op.On("s3:GetObjectVersion", s.onVersion)))),
		op.Bind(s3api.GetObjectAcl, s.getObjectACL, op.Either(
			of(op.On("s3:GetObjectAcl", s.onLatest)), of(op.On("s3:GetObjectVersionAcl", s.onVersion)))),
		op.Bind(s3api.GetObjectAttributes, s.getObjectAttributes,
			op.Either(of(op.On("s3:GetObject", s.onLatest)), of(op.On("s3:GetObjectVersion", s.onVersion))),
			op.Either(of(op.On("s3:GetObjectAttributes", s.onLatest)), of(op.On("s3:GetObjectVersionAttributes", s.onVersion)))),
		op.Bind(s3api.GetObjectLegalHold, s.getLegalHold, asked(op.On("s3:GetObjectLegalHold", s.onVersionOf))),
		op.Bind(s3api.GetObjectLockConfiguration, s.getObjectLock, asked(op.On("s3:GetBucketObjectLockConfiguration", s.onBucket))),
		op.Bind(s3api.GetObjectRetention, s.getRetention, asked(op.On("s3:GetObjectRetention", s.onVersionOf))),
		op.Bind(s3api.GetObjectTagging, s.getObjectTagging, op.Either(
			of(op.On("s3:GetObjectTagging", s.onLatest)), of(op.On("s3:GetObjectVersionTagging", s.onVersion)))),
		op.Bind(s3api.GetPublicAccessBlock, s.getPublicAccessBlock, asked(op.On("s3:GetBucketPublicAccessBlock", s.onBucket))),
		op.Bind(s3api.HeadBucket, s.headBucket, asked(op.On("s3:ListBucket", s.onBucket))),
		op.Bind(s3api.HeadObject, s.headObject, op.Either(
			of(op.On("s3:GetObject", s.onLatest)), of(op.On("s3:GetObjectVersion", s.onVersion)))),
		op.Bind(s3api.ListBuckets, s.listBuckets, asked(op.On("s3:ListAllMyBuckets", op.Any))),
		op.Bind(s3api.ListMultipartUploads, s.listMultipartUploads, asked(op.On("s3:ListBucketMultipartUploads", s.onBucket))),
		op.Bind(s3api.ListObjectVersions, s.listObjectVersions, asked(op.On("s3:ListBucketVersions", s.onBucket))),
		op.Bind(s3api.ListObjects, s.listObjects, asked(op.On("s3:ListBucket", s.onBucket))),
		op.Bind(s3api.ListObjectsV2, s.listObjectsV2, asked(op.On("s3:ListBucket", s.onBucket))),
		op.Bind(s3api.ListParts, s.listParts, asked(op.On("s3:ListMultipartUploadParts", s.onKey))),
		op.Bind(s3api.PutBucketAccelerateConfiguration, s.putAccelerate, asked(op.On("s3:PutAccelerateConfiguration", s.onBucket))),
		op.Bind(s3api.PutBucketAcl, s.putBucketACL, asked(op.On("s3:PutBucketAcl", s.onBucket))),
		op.Bind(s3api.PutBucketCors, s.putCORS, asked(op.On("s3:PutBucketCORS", s.onBucket))),
		op.Bind(s3api.PutBucketEncryption, s.putEncryption, asked(op.On("s3:PutEncryptionConfiguration", s.onBucket))),
		op.Bind(s3api.PutBucketLifecycleConfiguration, s.putLifecycle, asked(op.On("s3:PutLifecycleConfiguration", s.onBucket))),
		op.Bind(s3api.PutBucketLogging, s.putLogging, asked(op.On("s3:PutBucketLogging", s.onBucket))),
		op.Bind(s3api.PutBucketNotificationConfiguration, s.putNotification, asked(op.On("s3:PutBucketNotification", s.onBucket))),
		op.Bind(s3api.PutBucketOwnershipControls, s.putOwnershipControls, asked(op.On("s3:PutBucketOwnershipControls", s.onBucket))),
		op.Bind(s3api.PutBucketPolicy, s.putBucketPolicy, asked(op.On(putBucketPolicyAction, s.onBucket))),
		op.Bind(s3api.PutBucketRequestPayment, s.putRequestPayment, asked(op.On("s3:PutBucketRequestPayment", s.onBucket))),
		op.Bind(s3api.PutBucketTagging, s.putBucketTagging, asked(op.On("s3:PutBucketTagging", s.onBucket))),
		op.Bind(s3api.PutBucketVersioning, s.putBucketVersioning, asked(op.On("s3:PutBucketVersioning", s.onBucket))),
		op.Bind(s3api.PutBucketWebsite, s.putWebsite, asked(op.On("s3:PutBucketWebsite", s.onBucket))),
		op.Bind(s3api.PutObject, s.putObject, asked(op.On("s3:PutObject", s.onKey)), op.Maybe(asked(op.On("s3:PutObjectAcl", s.onGranted))), op.Maybe(asked(op.On("s3:PutObjectTagging", s.onTagged)))),
		op.Bind(s3api.PutObjectAcl, s.putObjectACL, op.Either(
			of(op.On("s3:PutObjectAcl", s.onLatest)), of(op.On("s3:PutObjectVersionAcl", s.onVersion)))),
		op.Bind(s3api.PutObjectTagging, s.putObjectTagging, op.Either(
			of(op.On("s3:PutObjectTagging", s.onLatest)), of(op.On("s3:PutObjectVersionTagging", s.onVersion)))),
		op.Bind(s3api.PutPublicAccessBlock, s.putPublicAccessBlock, asked(op.On("s3:PutBucketPublicAccessBlock", s.onBucket))),
		op.Bind(s3api.UploadPart, s.uploadPart, asked(op.On("s3:PutObject", s.onKey))),
		op.Bind(s3api.UploadPartCopy, s.uploadPartCopy, op.Either(
			op.On("s3:GetObject", s.onSource).With(s.sourceTags), op.On("s3:GetObjectVersion", s.onSourceVersion).With(s.sourceTags)),
			asked(op.On("s3:PutObject", s.onKey))),
	}
}

// asked adds the context keys that come from the request.
func asked(n op.Need) op.Need { return n.With(requestKeys) }

// of adds those of the version that the request is about, too.
func of(n op.Need) op.Need { return n.With(requestKeys, objectTags) }

// mayList is asked when a key is missing: who may list the bucket learns that it is.
func (s *Service) mayList() op.Need { return asked(op.On("s3:ListBucket", s.onBucket)) }

// mayListVersions is mayList where a version is named.
func (s *Service) mayListVersions() op.Need { return asked(op.On("s3:ListBucketVersions", s.onBucket)) }

// mayListSource is mayList for the source of a copy.
func (s *Service) mayListSource(bucket string) op.Need {
	return op.On("s3:ListBucket", func(context.Context, *op.Call) ([]op.Resource, error) {
		return []op.Resource{{ARN: bucketARN(bucket)}}, nil
	}).With(s.sourceTags)
}

// mayDelete is what each key of DeleteObjects needs.
func (s *Service) mayDelete(b *bucket, key, version string) op.Need {
	on := func(context.Context, *op.Call) ([]op.Resource, error) {
		return []op.Resource{{ARN: objectARN(b.Name, key)}}, nil
	}
	if version == "" {
		return asked(op.On("s3:DeleteObject", on))
	}
	return op.On("s3:DeleteObjectVersion", on).With(requestKeys, versionKeyOf(version))
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
