package s3

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/caller"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

const everyone, other = `"*"`, `{"AWS":"arn:aws:iam::222222222222:root"}`

func TestBucketNamesAreGlobal(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	refusesAs(w, root(there), s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: ptr("bucket-a")}, 409, "BucketAlreadyExists")
	w.bucket("bucket-a") // us-east-1: again, and nothing changes
	elsewhere := &s3api.CreateBucketRequest{Bucket: ptr("bucket-b"), CreateBucketConfiguration: &s3api.CreateBucketConfiguration{LocationConstraint: ptr("eu-west-1")}}
	must(w, s3api.CreateBucket, elsewhere)
	refuses(w, s3api.CreateBucket, elsewhere, 409, "BucketAlreadyOwnedByYou")
	if at := must(w, s3api.GetBucketLocation, &s3api.GetBucketLocationRequest{Bucket: ptr("bucket-b")}); at.GetLocationConstraint() != "eu-west-1" {
		t.Errorf("bucket-b is in %q", at.GetLocationConstraint())
	}
	for _, name := range []string{"ab", "Bucket", "bucket_a", "-bucket", "bucket-", "192.168.1.1", "a..b", "xn--bucket", strings.Repeat("a", 64)} {
		refuses(w, s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: &name}, 400, "InvalidBucketName")
	}
	mine := must(w, s3api.ListBuckets, &s3api.ListBucketsRequest{})
	if yours := mustAs(w, root(there), s3api.ListBuckets, &s3api.ListBucketsRequest{}); len(mine.Buckets) != 2 || len(yours.Buckets) != 0 {
		t.Errorf("%d and %d buckets", len(mine.Buckets), len(yours.Buckets))
	}
}

// TestAcrossAccounts: the owner's policy and the caller's own are both needed,
// and what is written belongs to the owner.
func TestAcrossAccounts(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	writer := w.user(there, "writer", allow("s3:PutObject", "arn:aws:s3:::bucket-a/*", ""))
	idle := w.user(there, "idle", "")
	refusesAs(w, writer, s3api.PutObject, put("bucket-a", "k", "x"), 403, "AccessDenied")
	w.policy("bucket-a", bucketPolicy("Allow", other, "s3:PutObject", "arn:aws:s3:::bucket-a/*", ""))
	mustAs(w, writer, s3api.PutObject, put("bucket-a", "k", "x"))
	refusesAs(w, idle, s3api.PutObject, put("bucket-a", "k", "x"), 403, "AccessDenied")
	refusesAs(w, writer, s3api.GetObject, get("bucket-a", "k"), 403, "AccessDenied")
	if got := w.get("bucket-a", "k"); got != "x" {
		t.Errorf("the owner reads %q", got)
	}
	in := get("bucket-a", "k")
	in.ExpectedBucketOwner = ptr(there)
	refuses(w, s3api.GetObject, in, 403, "AccessDenied")
	in.ExpectedBucketOwner = ptr(here)
	w.content(must(w, s3api.GetObject, in))
}

func TestAnonymousReadsWhatIsPublic(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "x")
	nobody := caller.Anonymous()
	refusesAs(w, nobody, s3api.GetObject, get("bucket-a", "k"), 403, "AccessDenied")
	public := bucketPolicy("Allow", everyone, "s3:GetObject", "arn:aws:s3:::bucket-a/*", "")
	refuses(w, s3api.PutBucketPolicy, &s3api.PutBucketPolicyRequest{Bucket: ptr("bucket-a"), Policy: &public}, 403, "AccessDenied")
	w.unblock("bucket-a")
	w.policy("bucket-a", public)
	w.content(mustAs(w, nobody, s3api.GetObject, get("bucket-a", "k")))
	refusesAs(w, nobody, s3api.GetObject, get("bucket-a", "none"), 403, "AccessDenied")
	refusesAs(w, nobody, s3api.PutObject, put("bucket-a", "k", "y"), 403, "AccessDenied")

	// RestrictPublicBuckets takes it away again, from other accounts too, and
	// leaves the owner's principals in.
	must(w, s3api.PutPublicAccessBlock, &s3api.PutPublicAccessBlockRequest{Bucket: ptr("bucket-a"), PublicAccessBlockConfiguration: &s3api.PublicAccessBlockConfiguration{RestrictPublicBuckets: ptr(true)}})
	stranger := w.user(there, "stranger", allow("s3:*", "*", ""))
	refusesAs(w, nobody, s3api.GetObject, get("bucket-a", "k"), 403, "AccessDenied")
	refusesAs(w, stranger, s3api.GetObject, get("bucket-a", "k"), 403, "AccessDenied")
	w.content(mustAs(w, w.user(here, "ours", ""), s3api.GetObject, get("bucket-a", "k")))
	w.unblock("bucket-a")
	w.content(mustAs(w, stranger, s3api.GetObject, get("bucket-a", "k")))
}

// TestConditionsOfS3 asks each question with a request that fits and one that
// does not.
func TestConditionsOfS3(t *testing.T) {
	for name, c := range map[string]struct {
		action, resource, condition string
		fits, not                   func(w *world, as caller.Caller) error
	}{
		"a prefix": {"s3:ListBucket", "arn:aws:s3:::bucket-a", `"StringLike":{"s3:prefix":"home/*"}`,
			func(w *world, as caller.Caller) error { return list(w, as, ptr("home/me"), nil) },
			func(w *world, as caller.Caller) error { return list(w, as, ptr("secret/"), nil) }},
		"no prefix": {"s3:ListBucket", "arn:aws:s3:::bucket-a", `"StringEquals":{"s3:prefix":""}`,
			func(w *world, as caller.Caller) error { return list(w, as, ptr(""), nil) },
			func(w *world, as caller.Caller) error { return list(w, as, nil, nil) }},
		"max-keys": {"s3:ListBucket", "arn:aws:s3:::bucket-a", `"NumericLessThanEquals":{"s3:max-keys":"10"}`,
			func(w *world, as caller.Caller) error { return list(w, as, nil, ptr(int32(10))) },
			func(w *world, as caller.Caller) error { return list(w, as, nil, ptr(int32(11))) }},
		"a tag of the object": {"s3:GetObject", "arn:aws:s3:::bucket-a/*", `"StringEquals":{"s3:ExistingObjectTag/class":"open"}`,
			func(w *world, as caller.Caller) error { return read(w, as, "open") },
			func(w *world, as caller.Caller) error { return read(w, as, "plain") }},
		"encryption": {"s3:PutObject", "arn:aws:s3:::bucket-a/*", `"StringEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}`,
			func(w *world, as caller.Caller) error {
				return write(w, as, func(in *s3api.PutObjectRequest) { in.ServerSideEncryption = ptr("aws:kms") })
			},
			func(w *world, as caller.Caller) error {
				return write(w, as, func(in *s3api.PutObjectRequest) { in.ServerSideEncryption = ptr("AES256") })
			}},
		"a write of something new": {"s3:PutObject", "arn:aws:s3:::bucket-a/*", `"Null":{"s3:if-none-match":"false"}`,
			func(w *world, as caller.Caller) error {
				return write(w, as, func(in *s3api.PutObjectRequest) { in.IfNoneMatch = ptr("*") })
			},
			func(w *world, as caller.Caller) error { return write(w, as, func(*s3api.PutObjectRequest) {}) }},
		"tags of the request need a right of their own": {"s3:PutObject", "arn:aws:s3:::bucket-a/*", `"StringLike":{"aws:PrincipalArn":"*"}`,
			func(w *world, as caller.Caller) error { return write(w, as, func(*s3api.PutObjectRequest) {}) },
			func(w *world, as caller.Caller) error {
				return write(w, as, func(in *s3api.PutObjectRequest) { in.Tagging = ptr("a=b") })
			}},
		"a version is another action": {"s3:GetObject", "arn:aws:s3:::bucket-a/*", `"StringLike":{"aws:PrincipalArn":"*"}`,
			func(w *world, as caller.Caller) error { return read(w, as, "plain") },
			func(w *world, as caller.Caller) error {
				in := get("bucket-a", "plain")
				in.VersionId = ptr("null")
				_, err := call(w, as, s3api.GetObject, in)
				return err
			}},
	} {
		w := newWorld(t)
		w.bucket("bucket-a")
		w.put("bucket-a", "plain", "x")
		tagged := put("bucket-a", "open", "x")
		tagged.Tagging = ptr("class=open")
		must(w, s3api.PutObject, tagged)
		as := w.user(here, "u", allow(c.action, c.resource, `,"Condition":{`+c.condition+`}`))
		if err := c.fits(w, as); err != nil {
			t.Errorf("%s: what fits: %v", name, err)
		}
		if err := c.not(w, as); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s: what does not fit: %v", name, err)
		}
	}
}

func list(w *world, as caller.Caller, prefix *string, most *int32) error {
	_, err := call(w, as, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: ptr("bucket-a"), Prefix: prefix, MaxKeys: most})
	return err
}

func read(w *world, as caller.Caller, key string) error {
	out, err := call(w, as, s3api.GetObject, get("bucket-a", key))
	if err == nil {
		w.content(out)
	}
	return err
}

func write(w *world, as caller.Caller, set func(*s3api.PutObjectRequest)) error {
	in := put("bucket-a", "new", "x")
	set(in)
	_, err := call(w, as, s3api.PutObject, in)
	return err
}

// TestCopyNeedsBothEnds, and the tags that come along.
func TestCopyNeedsBothEnds(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.bucket("bucket-b")
	w.put("bucket-a", "plain", "x")
	tagged := put("bucket-a", "tagged", "x")
	tagged.Tagging = ptr("a=b")
	must(w, s3api.PutObject, tagged)
	copyOf := func(source string) *s3api.CopyObjectRequest {
		return &s3api.CopyObjectRequest{Bucket: ptr("bucket-b"), Key: ptr("k"), CopySource: &source}
	}
	reader := w.user(here, "reader", allow("s3:GetObject", "arn:aws:s3:::bucket-a/*", ""))
	writer := w.user(here, "writer", allow("s3:PutObject", "arn:aws:s3:::bucket-b/*", ""))
	both := w.user(here, "both", allow("s3:*Object", "*", ""))
	all := w.user(here, "all", allow("s3:*", "*", ""))
	refusesAs(w, reader, s3api.CopyObject, copyOf("bucket-a/plain"), 403, "AccessDenied")
	refusesAs(w, writer, s3api.CopyObject, copyOf("bucket-a/plain"), 403, "AccessDenied")
	mustAs(w, both, s3api.CopyObject, copyOf("/bucket-a/pl%61in"))
	refusesAs(w, both, s3api.CopyObject, copyOf("bucket-a/tagged"), 403, "AccessDenied")
	refusesAs(w, both, s3api.CopyObject, copyOf("bucket-a/plain?versionId=null"), 403, "AccessDenied")
	mustAs(w, all, s3api.CopyObject, copyOf("bucket-a/tagged"))
	if tags := must(w, s3api.GetObjectTagging, &s3api.GetObjectTaggingRequest{Bucket: ptr("bucket-b"), Key: ptr("k")}); len(tags.TagSet) != 1 {
		t.Errorf("the copy has the tags %v", tags.TagSet)
	}
	// A header that is not looked at meets no condition.
	tagger := w.user(here, "tagger", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},
		{"Effect":"Allow","Action":["s3:PutObject","s3:PutObjectTagging"],"Resource":"*","Condition":{"StringEquals":{"s3:RequestObjectTag/a":"c"}}}]}`)
	trick := copyOf("bucket-a/tagged")
	trick.Tagging = ptr("a=c")
	refusesAs(w, tagger, s3api.CopyObject, trick, 403, "AccessDenied")
	trick.TaggingDirective = ptr("REPLACE")
	mustAs(w, tagger, s3api.CopyObject, trick)
	// The same source by another spelling.
	from := w.user(here, "from", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"StringLike":{"s3:x-amz-copy-source":"bucket-a/*"}}}]}`)
	for _, spelled := range []string{"bucket-a/plain", "/bucket-a/plain", "bucket-a%2Fplain", "bucket-a/pl%61in"} {
		refusesAs(w, from, s3api.CopyObject, copyOf(spelled), 403, "AccessDenied")
	}
}

// TestEachKeyIsJudged by itself.
func TestEachKeyIsJudged(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "a/1", "x")
	w.put("bucket-a", "b/1", "x")
	as := w.user(here, "u", allow("s3:DeleteObject", "arn:aws:s3:::bucket-a/a/*", ""))
	out := mustAs(w, as, s3api.DeleteObjects, &s3api.DeleteObjectsRequest{Bucket: ptr("bucket-a"), Delete: &s3api.Delete{Objects: []s3api.ObjectIdentifier{{Key: ptr("a/1")}, {Key: ptr("b/1")}, {Key: ptr("a/1"), VersionId: ptr("null")}}}})
	if len(out.Deleted) != 1 || *out.Deleted[0].Key != "a/1" || len(out.Errors) != 2 || *out.Errors[0].Code != "AccessDenied" || *out.Errors[0].Key != "b/1" {
		t.Errorf("%+v", out)
	}
	refuses(w, s3api.GetObject, get("bucket-a", "a/1"), 404, "NoSuchKey")
	w.get("bucket-a", "b/1")
}

// TestPrincipalsAreIDs: who takes over a name inherits nothing.
func TestPrincipalsAreIDs(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "x")
	ann := w.user(here, "ann", "")
	w.policy("bucket-a", bucketPolicy("Allow", `{"AWS":"`+ann.ARN()+`"}`, "s3:GetObject", "arn:aws:s3:::bucket-a/*", ""))
	w.content(mustAs(w, ann, s3api.GetObject, get("bucket-a", "k")))
	bad := bucketPolicy("Allow", `{"AWS":"arn:aws:iam::111111111111:user/none"}`, "s3:GetObject", "arn:aws:s3:::bucket-a/*", "")
	refuses(w, s3api.PutBucketPolicy, &s3api.PutBucketPolicyRequest{Bucket: ptr("bucket-a"), Policy: &bad}, 400, "MalformedPolicy")
	if shown := must(w, s3api.GetBucketPolicy, &s3api.GetBucketPolicyRequest{Bucket: ptr("bucket-a")}); !strings.Contains(shown.GetPolicy(), ann.ARN()) {
		t.Errorf("shown: %s", shown.GetPolicy())
	}
}

func TestPoliciesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	for name, document := range map[string]string{
		"not JSON":         `x`,
		"another bucket":   bucketPolicy("Allow", other, "s3:GetObject", "arn:aws:s3:::bucket-b/*", ""),
		"another service":  bucketPolicy("Allow", other, "sqs:SendMessage", "arn:aws:s3:::bucket-a", ""),
		"no principal":     allow("s3:GetObject", "arn:aws:s3:::bucket-a/*", ""),
		"no statement":     `{"Version":"2012-10-17","Statement":[]}`,
		"objects' action":  bucketPolicy("Allow", other, "s3:GetObject", "arn:aws:s3:::bucket-a", ""),
		"bucket's action":  bucketPolicy("Allow", other, "s3:ListBucket", "arn:aws:s3:::bucket-a/*", ""),
		"an unknown place": bucketPolicy("Allow", other, "s3:GetObject", "bucket-a/*", ""),
	} {
		if e := refuses(w, s3api.PutBucketPolicy, &s3api.PutBucketPolicyRequest{Bucket: ptr("bucket-a"), Policy: &document}, 400, "MalformedPolicy"); t.Failed() {
			t.Fatal(name, e.Message)
		}
	}
}

func TestWhatIsPublic(t *testing.T) {
	statement := func(who, condition string) string {
		return bucketPolicy("Allow", who, "s3:GetObject", "arn:aws:s3:::bucket-a/*", condition)
	}
	for document, want := range map[string]bool{
		statement(everyone, ""):      true,
		statement(`{"AWS":"*"}`, ""): true,
		statement(other, ""):         false,
		bucketPolicy("Deny", everyone, "s3:*", "arn:aws:s3:::bucket-a/*", ""):                                false,
		statement(everyone, `,"Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`):                       false,
		statement(everyone, `,"Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}}`):                         true,
		statement(everyone, `,"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`):                    true,
		statement(everyone, `,"Condition":{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`):               true,
		statement(everyone, `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`):                  false,
		statement(everyone, `,"Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`):                       true,
		statement(everyone, `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`):                          true,
		statement(everyone, `,"Condition":{"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}}`): true,
		statement(everyone, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`):                    false,
		statement(`{"Service":"sns.amazonaws.com"}`, ""):                                                     false,
	} {
		w := newWorld(t)
		w.bucket("bucket-a")
		w.unblock("bucket-a")
		w.policy("bucket-a", document)
		out := must(w, s3api.GetBucketPolicyStatus, &s3api.GetBucketPolicyStatusRequest{Bucket: ptr("bucket-a")})
		if *out.PolicyStatus.IsPublic != want {
			t.Errorf("public %v: %s", !want, document)
		}
	}
}

// TestDenialsAreWordedAsS3WordsThem: the reason is for who belongs to the owner.
func TestDenialsAreWordedAsS3WordsThem(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	w.put("bucket-a", "k", "x")
	for _, c := range []struct {
		name string
		as   caller.Caller
		want string
	}{
		{"the owner's account", w.user(here, "u", ""), `User: arn:aws:iam::111111111111:user/u is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::bucket-a/k" because no identity-based policy allows the s3:GetObject action`},
		{"another account", w.user(there, "u", allow("s3:*", "*", "")), "Access Denied"},
		{"nobody", caller.Anonymous(), "Access Denied"},
	} {
		if e := refusesAs(w, c.as, s3api.GetObject, get("bucket-a", "k"), 403, "AccessDenied"); e.Message != c.want {
			t.Errorf("%s is told %q, want %q", c.name, e.Message, c.want)
		}
	}
}

// TestRootIsNeverLockedOut of a bucket's policy, and everybody else is.
func TestRootIsNeverLockedOut(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	admin := w.user(here, "admin", allow("*", "*", ""))
	w.policy("bucket-a", bucketPolicy("Deny", everyone, "s3:*", "arn:aws:s3:::bucket-a", ""))
	remove := &s3api.DeleteBucketPolicyRequest{Bucket: ptr("bucket-a")}
	refusesAs(w, admin, s3api.DeleteBucketPolicy, remove, 403, "AccessDenied")
	refusesAs(w, root(there), s3api.DeleteBucketPolicy, remove, 403, "AccessDenied")
	refuses(w, s3api.GetBucketVersioning, &s3api.GetBucketVersioningRequest{Bucket: ptr("bucket-a")}, 403, "AccessDenied")
	must(w, s3api.GetBucketPolicy, &s3api.GetBucketPolicyRequest{Bucket: ptr("bucket-a")})
	must(w, s3api.DeleteBucketPolicy, remove)
}

// TestPolicyIsTheOwnersOnly: no policy lets another account read or set it.
func TestPolicyIsTheOwnersOnly(t *testing.T) {
	w := newWorld(t)
	w.bucket("bucket-a")
	document := bucketPolicy("Allow", other, "s3:*", "arn:aws:s3:::bucket-a", "")
	w.policy("bucket-a", document)
	stranger := w.user(there, "stranger", allow("s3:*", "*", ""))
	mustAs(w, stranger, s3api.GetBucketVersioning, &s3api.GetBucketVersioningRequest{Bucket: ptr("bucket-a")})
	refusesAs(w, stranger, s3api.GetBucketPolicy, &s3api.GetBucketPolicyRequest{Bucket: ptr("bucket-a")}, 405, "MethodNotAllowed")
	refusesAs(w, stranger, s3api.PutBucketPolicy, &s3api.PutBucketPolicyRequest{Bucket: ptr("bucket-a"), Policy: &document}, 405, "MethodNotAllowed")
	refusesAs(w, stranger, s3api.DeleteBucketPolicy, &s3api.DeleteBucketPolicyRequest{Bucket: ptr("bucket-a")}, 405, "MethodNotAllowed")
}
