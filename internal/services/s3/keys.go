package s3

import (
	"context"
	"maps"
	"slices"
	"strconv"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// Keys that are written like actions.
const (
	servicePrefix      = "s3:"
	keyResourceAccount = servicePrefix + "ResourceAccount"
	keyVersionID       = servicePrefix + "VersionId"
	keyRequestTagKeys  = servicePrefix + "RequestObjectTagKeys"
)

// requestKeys are the context keys that S3 fills from a request, for every need
// of it (Service Authorization Reference, Amazon S3). A key stands for a header
// or parameter, and is absent when that is.
func requestKeys(_ context.Context, c *op.Call, keys *policy.Context) {
	for key, text := range requestTexts(c.Input) {
		if text != "" {
			keys.Set(key, text)
		}
	}
	if l, ok := c.Input.(interface{ GetPrefix() string }); ok && hasPrefix(c.Input) {
		keys.Set("s3:prefix", l.GetPrefix())
	}
	if n := maxKeys(c.Input); n != nil {
		keys.Set("s3:max-keys", strconv.Itoa(int(*n)))
	}
	setTagKeys(c, keys)
	// The finder of the source came first. Whatever way the header writes it,
	// policies know it by one name.
	if from, ok := c.Recall(sourceKey{}); ok {
		keys.Set("s3:x-amz-copy-source", from.(*source).bucket+"/"+from.(*source).key)
	}
	setSignatureKeys(c, keys)
	if b, ok := c.Recall(bucketKey{}); ok && b.(*bucket) != nil {
		keys.Set(keyResourceAccount, b.(*bucket).Account)
	}
}

// setSignatureKeys says how the request was signed. A service that calls with a
// role's credentials signs as every service does now.
func setSignatureKeys(c *op.Call, keys *policy.Context) {
	given := c.Origin.Signature
	switch kind := c.Caller.Kind(); {
	case kind == caller.AnonymousKind, kind == caller.ServiceKind:
		return
	case given.Version == "":
		keys.Set("s3:signatureversion", "AWS4-HMAC-SHA256")
		return
	}
	keys.Set("s3:signatureversion", given.Version)
	keys.Set("s3:authType", map[bool]string{false: "REST-HEADER", true: "REST-QUERY-STRING"}[given.Presigned])
	keys.Set("s3:x-amz-content-sha256", given.Payload)
	if !given.Time.IsZero() {
		keys.Set("s3:signatureAge", strconv.FormatInt(max(0, c.Time.Sub(given.Time).Milliseconds()), 10))
	}
}

// requestTexts are the headers and parameters that keys are named after.
func requestTexts(in any) map[string]string {
	texts := map[string]string{}
	if v, ok := in.(interface{ GetACL() string }); ok {
		texts["s3:x-amz-acl"] = v.GetACL()
	}
	if v, ok := in.(interface{ GetGrantRead() string }); ok {
		texts["s3:x-amz-grant-read"] = v.GetGrantRead()
	}
	if v, ok := in.(interface{ GetGrantWrite() string }); ok {
		texts["s3:x-amz-grant-write"] = v.GetGrantWrite()
	}
	if v, ok := in.(interface{ GetGrantReadACP() string }); ok {
		texts["s3:x-amz-grant-read-acp"] = v.GetGrantReadACP()
	}
	if v, ok := in.(interface{ GetGrantWriteACP() string }); ok {
		texts["s3:x-amz-grant-write-acp"] = v.GetGrantWriteACP()
	}
	if v, ok := in.(interface{ GetGrantFullControl() string }); ok {
		texts["s3:x-amz-grant-full-control"] = v.GetGrantFullControl()
	}
	if v, ok := in.(interface{ GetServerSideEncryption() string }); ok {
		texts["s3:x-amz-server-side-encryption"] = v.GetServerSideEncryption()
	}
	if v, ok := in.(interface{ GetSSEKMSKeyId() string }); ok {
		texts["s3:x-amz-server-side-encryption-aws-kms-key-id"] = v.GetSSEKMSKeyId()
	}
	if v, ok := in.(interface{ GetSSECustomerAlgorithm() string }); ok {
		texts["s3:x-amz-server-side-encryption-customer-algorithm"] = v.GetSSECustomerAlgorithm()
	}
	if v, ok := in.(interface{ GetStorageClass() string }); ok {
		texts["s3:x-amz-storage-class"] = v.GetStorageClass()
	}
	if v, ok := in.(interface{ GetMetadataDirective() string }); ok {
		texts["s3:x-amz-metadata-directive"] = v.GetMetadataDirective()
	}
	if v, ok := in.(interface{ GetWebsiteRedirectLocation() string }); ok {
		texts["s3:x-amz-website-redirect-location"] = v.GetWebsiteRedirectLocation()
	}
	if v, ok := in.(interface{ GetObjectOwnership() string }); ok {
		texts["s3:x-amz-object-ownership"] = v.GetObjectOwnership()
	}
	if v, ok := in.(interface{ GetDelimiter() string }); ok {
		texts["s3:delimiter"] = v.GetDelimiter()
	}
	if v, ok := in.(interface{ GetVersionId() string }); ok {
		texts[keyVersionID] = v.GetVersionId()
	}
	switch v := in.(type) {
	case *s3api.PutObjectRequest:
		texts["s3:if-none-match"], texts["s3:if-match"] = v.GetIfNoneMatch(), v.GetIfMatch()
	case *s3api.CompleteMultipartUploadRequest:
		texts["s3:if-none-match"], texts["s3:if-match"] = v.GetIfNoneMatch(), v.GetIfMatch()
	case *s3api.CopyObjectRequest:
		texts["s3:if-none-match"], texts["s3:if-match"] = v.GetIfNoneMatch(), v.GetIfMatch()
	case *s3api.DeleteObjectRequest:
		texts["s3:if-match"] = v.GetIfMatch()
	case *s3api.CreateBucketRequest:
		texts["s3:locationconstraint"] = v.CreateBucketConfiguration.GetLocationConstraint()
	}
	return texts
}

// hasPrefix tells an empty prefix from none.
func hasPrefix(in any) bool {
	switch v := in.(type) {
	case *s3api.ListObjectsRequest:
		return v.Prefix != nil
	case *s3api.ListObjectsV2Request:
		return v.Prefix != nil
	case *s3api.ListObjectVersionsRequest:
		return v.Prefix != nil
	}
	return false
}

func maxKeys(in any) *int32 {
	switch v := in.(type) {
	case *s3api.ListObjectsRequest:
		return v.MaxKeys
	case *s3api.ListObjectsV2Request:
		return v.MaxKeys
	case *s3api.ListObjectVersionsRequest:
		return v.MaxKeys
	}
	return nil
}

// setTagKeys sets s3:RequestObjectTag and s3:RequestObjectTagKeys, and for tags
// of buckets aws:RequestTag and aws:TagKeys.
func setTagKeys(c *op.Call, keys *policy.Context) {
	tags, ofObject := requestTags(c)
	if len(tags) == 0 {
		return
	}
	one, all := "aws:RequestTag/", "aws:TagKeys"
	if ofObject {
		one, all = "s3:RequestObjectTag/", keyRequestTagKeys
	}
	byKey := map[string]string{}
	for _, t := range tags {
		keys.Add(one+t.Key, t.Value)
		byKey[t.Key] = t.Value
	}
	keys.SetList(all, slices.Sorted(maps.Keys(byKey)))
}

// requestTags are the tags a request brings. Those of a header that is malformed
// count for nothing: the request is refused.
func requestTags(c *op.Call) (tags []tag, ofObject bool) {
	switch in := c.Input.(type) {
	case *s3api.PutObjectTaggingRequest:
		if in.Tagging == nil {
			return nil, true
		}
		return plainTags(in.Tagging.TagSet), true
	case *s3api.PutBucketTaggingRequest:
		if in.Tagging == nil {
			return nil, false
		}
		return plainTags(in.Tagging.TagSet), false
	case *s3api.CreateBucketRequest:
		if in.CreateBucketConfiguration == nil {
			return nil, false
		}
		return plainTags(in.CreateBucketConfiguration.Tags), false
	case interface{ GetTagging() string }:
		if d, copies := c.Input.(interface{ GetTaggingDirective() string }); copies && d.GetTaggingDirective() != "REPLACE" {
			return nil, true // the header counts for nothing: the source's tags are copied
		}
		tags, _ := tagsOfHeader(in.GetTagging())
		return tags, true
	}
	return nil, true
}

// objectTags sets s3:ExistingObjectTag, for actions that know it.
func objectTags(_ context.Context, c *op.Call, keys *policy.Context) {
	found, _ := c.Recall(versionKey{})
	v, _ := found.(*version)
	if v == nil {
		return
	}
	for _, t := range v.Tags {
		keys.Set("s3:ExistingObjectTag/"+t.Key, t.Value)
	}
}

// sourceTags is objectTags for the source of a copy. The keys of a read of the
// source are its own: what the request says of the new object is not among them.
func (s *Service) sourceTags(_ context.Context, c *op.Call, keys *policy.Context) {
	setSignatureKeys(c, keys)
	from, ok := s.source(c)
	if !ok {
		return
	}
	if from.version != "" {
		keys.Set(keyVersionID, from.version)
	}
	if from.in != nil {
		keys.Set(keyResourceAccount, from.in.Account)
	}
	if from.found == nil {
		return
	}
	for _, t := range from.found.Tags {
		keys.Set("s3:ExistingObjectTag/"+t.Key, t.Value)
	}
}

// versionKeyOf names a version that a list of keys names.
func versionKeyOf(id string) op.Adder {
	return func(_ context.Context, _ *op.Call, keys *policy.Context) { keys.Set(keyVersionID, id) }
}
