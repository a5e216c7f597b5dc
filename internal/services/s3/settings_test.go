package s3

import (
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

// TestSettingsThatWereNeverMade are answered as AWS answers, which is what
// Terraform reads.
func TestSettingsThatWereNeverMade(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	name := ptr("bucket-a")
	refuses(w, s3api.GetBucketPolicy, &s3api.GetBucketPolicyRequest{Bucket: name}, 404, "NoSuchBucketPolicy")
	refuses(w, s3api.GetBucketPolicyStatus, &s3api.GetBucketPolicyStatusRequest{Bucket: name}, 404, "NoSuchBucketPolicy")
	refuses(w, s3api.GetBucketTagging, &s3api.GetBucketTaggingRequest{Bucket: name}, 404, "NoSuchTagSet")
	refuses(w, s3api.GetBucketCors, &s3api.GetBucketCorsRequest{Bucket: name}, 404, "NoSuchCORSConfiguration")
	refuses(w, s3api.GetBucketLifecycleConfiguration, &s3api.GetBucketLifecycleConfigurationRequest{Bucket: name}, 404, "NoSuchLifecycleConfiguration")
	refuses(w, s3api.GetBucketWebsite, &s3api.GetBucketWebsiteRequest{Bucket: name}, 404, "NoSuchWebsiteConfiguration")
	refuses(w, s3api.GetBucketReplication, &s3api.GetBucketReplicationRequest{Bucket: name}, 404, "ReplicationConfigurationNotFoundError")
	refuses(w, s3api.GetObjectLockConfiguration, &s3api.GetObjectLockConfigurationRequest{Bucket: name}, 404, "ObjectLockConfigurationNotFoundError")
	if out := must(w, s3api.GetBucketVersioning, &s3api.GetBucketVersioningRequest{Bucket: name}); out.Status != nil {
		t.Errorf("versioning %v", *out.Status)
	}
	if out := must(w, s3api.GetBucketEncryption, &s3api.GetBucketEncryptionRequest{Bucket: name}); *out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
		t.Errorf("encryption %+v", out)
	}
	if out := must(w, s3api.GetPublicAccessBlock, &s3api.GetPublicAccessBlockRequest{Bucket: name}); !*out.PublicAccessBlockConfiguration.RestrictPublicBuckets {
		t.Errorf("public access %+v", out)
	}
	if out := must(w, s3api.GetBucketOwnershipControls, &s3api.GetBucketOwnershipControlsRequest{Bucket: name}); *out.OwnershipControls.Rules[0].ObjectOwnership != ownerEnforced {
		t.Errorf("ownership %+v", out)
	}
	if out := must(w, s3api.GetBucketAcl, &s3api.GetBucketAclRequest{Bucket: name}); len(out.Grants) != 1 || *out.Grants[0].Permission != "FULL_CONTROL" || *out.Grants[0].Grantee.ID != *out.Owner.ID {
		t.Errorf("ACL %+v", out)
	}
	if out := must(w, s3api.GetBucketRequestPayment, &s3api.GetBucketRequestPaymentRequest{Bucket: name}); *out.Payer != "BucketOwner" {
		t.Errorf("payer %v", *out.Payer)
	}
	w.unblock("bucket-a")
	refuses(w, s3api.GetPublicAccessBlock, &s3api.GetPublicAccessBlockRequest{Bucket: name}, 404, "NoSuchPublicAccessBlockConfiguration")
	must(w, s3api.DeleteBucketOwnershipControls, &s3api.DeleteBucketOwnershipControlsRequest{Bucket: name})
	refuses(w, s3api.GetBucketOwnershipControls, &s3api.GetBucketOwnershipControlsRequest{Bucket: name}, 404, "OwnershipControlsNotFoundError")
	refuses(w, s3api.HeadBucket, &s3api.HeadBucketRequest{Bucket: ptr("none")}, 404, "NoSuchBucket")
}

func TestAccessControlLists(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	public := &s3api.PutBucketAclRequest{Bucket: ptr("bucket-a"), ACL: ptr("public-read")}
	refuses(w, s3api.PutBucketAcl, public, 400, "AccessControlListNotSupported")
	must(w, s3api.PutBucketAcl, &s3api.PutBucketAclRequest{Bucket: ptr("bucket-a"), ACL: ptr("private")})
	must(w, s3api.PutBucketOwnershipControls, &s3api.PutBucketOwnershipControlsRequest{Bucket: ptr("bucket-a"), OwnershipControls: &s3api.OwnershipControls{Rules: []s3api.OwnershipControlsRule{{ObjectOwnership: ptr(ownerPreferred)}}}})
	refuses(w, s3api.PutBucketAcl, public, 403, "AccessDenied") // BlockPublicAcls
	w.unblock("bucket-a")
	must(w, s3api.PutBucketAcl, public)
	if out := must(w, s3api.GetBucketAcl, &s3api.GetBucketAclRequest{Bucket: ptr("bucket-a")}); len(out.Grants) != 2 || *out.Grants[1].Grantee.URI != allUsers {
		t.Errorf("ACL %+v", out)
	}
	both := put("bucket-a", "k", "x")
	both.ACL, both.GrantRead = ptr("private"), ptr(`uri="`+allUsers+`"`)
	refuses(w, s3api.PutObject, both, 400, "InvalidRequest")
	writer := w.user(here, "writer", allow("s3:PutObject", "*", ""))
	granting := put("bucket-a", "k", "x")
	granting.ACL = ptr("public-read")
	refusesAs(w, writer, s3api.PutObject, granting, 403, "AccessDenied")
	mustAs(w, writer, s3api.PutObject, put("bucket-a", "k", "x"))
}

func TestTagsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	for header, code := range map[string]string{
		"a=1&a=2": "InvalidTag", "aws:a=1": "InvalidTag", "=1": "InvalidArgument", "%zz=1": "InvalidArgument",
		"a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1": "BadRequest",
	} {
		in := put("bucket-a", "k", "x")
		in.Tagging = &header
		refuses(w, s3api.PutObject, in, 400, code)
	}
}

// TestRequesterPays only who says so; the owner pays anyhow.
func TestRequesterPays(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "x")
	w.policy("bucket-a", bucketPolicy("Allow", other, "s3:GetObject", "arn:aws:s3:::bucket-a/*", ""))
	must(w, s3api.PutBucketRequestPayment, &s3api.PutBucketRequestPaymentRequest{Bucket: ptr("bucket-a"), RequestPaymentConfiguration: &s3api.RequestPaymentConfiguration{Payer: ptr("Requester")}})
	reader := w.user(there, "reader", allow("s3:GetObject", "*", ""))
	in := get("bucket-a", "k")
	refusesAs(w, reader, s3api.GetObject, in, 403, "AccessDenied")
	in.RequestPayer = ptr("requester")
	w.content(mustAs(w, reader, s3api.GetObject, in))
	w.get("bucket-a", "k")
}

// TestWhatIsNotHereIsRefused rather than ignored.
func TestWhatIsNotHereIsRefused(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	for name, set := range map[string]func(in *s3api.PutObjectRequest){
		"a key of the customer's": func(in *s3api.PutObjectRequest) { in.SSECustomerAlgorithm = ptr("AES256") },
		"a retention":             func(in *s3api.PutObjectRequest) { in.ObjectLockMode = ptr("COMPLIANCE") },
		"an archive":              func(in *s3api.PutObjectRequest) { in.StorageClass = ptr("GLACIER") },
		"an append":               func(in *s3api.PutObjectRequest) { in.WriteOffsetBytes = ptr(int64(1)) },
	} {
		in := put("bucket-a", "k", "x")
		set(in)
		if _, err := call(w, root(here), s3api.PutObject, in); err == nil || err.(*api.Error).Status < 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.files() != 0 {
		t.Errorf("%d files", w.files())
	}
}
