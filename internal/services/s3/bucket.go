package s3

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
)

// bucket is a bucket with all its settings. Its name is unique over all
// accounts and regions. A setting that was never made is nil or empty.
type bucket struct {
	Name, Account, Region string
	Created               time.Time

	// Versioning is "", Enabled or Suspended.
	Versioning   string `json:",omitempty"`
	Ownership    string `json:",omitempty"`
	PublicAccess *s3api.PublicAccessBlockConfiguration
	Policy       *resourcepolicy.Policy
	Tags         []tag `json:",omitempty"`
	ACL          *acl  `json:",omitempty"`
	CORS         []s3api.CORSRule
	Lifecycle    *lifecycle `json:",omitempty"`
	Encryption   *s3api.ServerSideEncryptionConfiguration
	Logging      *s3api.LoggingEnabled
	Website      *s3api.WebsiteConfiguration
	Accelerate   string        `json:",omitempty"`
	Payer        string        `json:",omitempty"`
	Notification *notification `json:",omitempty"`
}

func bucketARN(name string) string { return "arn:" + op.Partition + ":s3:::" + name }

func objectARN(bucket, key string) string { return bucketARN(bucket) + "/" + key }

// same says whether a bucket is still the one that a call was let in for.
func (b *bucket) same(now *bucket) bool {
	return now != nil && now.Account == b.Account && now.Created.Equal(b.Created)
}

type bucketKey struct{}

// named is what every request on a bucket says.
type named interface{ GetBucket() string }

// bucket gives the bucket of a call as its finder saw it.
func (s *Service) bucket(c *op.Call) (*bucket, error) {
	name := c.Input.(named).GetBucket()
	found, ok := c.Recall(bucketKey{})
	b, _ := found.(*bucket)
	if !ok || b == nil {
		return nil, noSuchBucket(name)
	}
	if e, ok := c.Input.(interface{ GetExpectedBucketOwner() string }); ok {
		if owner := e.GetExpectedBucketOwner(); owner != "" && owner != b.Account {
			return nil, accessDenied()
		}
	}
	if p, ok := c.Input.(interface{ GetRequestPayer() string }); ok && b.Payer == requester && c.Caller.Account() != b.Account && p.GetRequestPayer() != "requester" {
		return nil, accessDenied() // nobody pays who does not say so
	}
	return b, nil
}

// changeBucket changes a bucket's settings in one transaction.
func (s *Service) changeBucket(ctx context.Context, c *op.Call, fn func(b *bucket) error) (*api.Empty, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &api.Empty{}, s.update(ctx, func(tx *change) error {
		now := s.buckets.GetIn(tx.Tx, b.Name)
		if !b.same(now) {
			return noSuchBucket(b.Name)
		}
		changed := *now
		if err := fn(&changed); err != nil {
			return err
		}
		return s.buckets.Put(tx.Tx, b.Name, &changed)
	})
}

// defaultRegion is where a bucket is that says no place.
const defaultRegion = "us-east-1"

// regionName is what a region is called; AWS has the list.
var regionName = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)

// location is where a new bucket is to be ("CreateBucket", LocationConstraint):
// the endpoint of us-east-1 takes every place but its own name, all others their own.
func location(c *op.Call, in *s3api.CreateBucketRequest) (string, error) {
	given := ""
	if in.CreateBucketConfiguration != nil {
		given = in.CreateBucketConfiguration.GetLocationConstraint()
	}
	at := c.Region
	if at == "" {
		at = defaultRegion
	}
	switch {
	case given == "" && at == defaultRegion:
		return at, nil
	case given == "":
		return "", api.Newf(400, "IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case given == "EU":
		given = "eu-west-1"
	case given == defaultRegion && at == defaultRegion, !regionName.MatchString(given):
		return "", with(api.Newf(400, "InvalidLocationConstraint", "The specified location-constraint is not valid"), "LocationConstraint", given)
	}
	if at != defaultRegion && given != at {
		return "", api.Newf(400, "IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", given)
	}
	return given, nil
}

func (s *Service) createBucket(ctx context.Context, c *op.Call, in *s3api.CreateBucketRequest) (*s3api.CreateBucketOutput, error) {
	if err := checkBucketName(in.GetBucket()); err != nil {
		return nil, err
	}
	b, err := newBucket(c, in)
	if err != nil {
		return nil, err
	}
	out := &s3api.CreateBucketOutput{Location: ptr("/" + b.Name), BucketArn: ptr(bucketARN(b.Name))}
	return out, s.update(ctx, func(tx *change) error {
		if old := s.buckets.GetIn(tx.Tx, b.Name); old != nil {
			return taken(old, b)
		}
		if s.countBuckets(b.Account) >= limits.Buckets {
			return api.Newf(400, "TooManyBuckets", "You have attempted to create more buckets than allowed")
		}
		return s.buckets.Put(tx.Tx, b.Name, b)
	})
}

func newBucket(c *op.Call, in *s3api.CreateBucketRequest) (*bucket, error) {
	region, err := location(c, in)
	if err != nil {
		return nil, err
	}
	if in.GetObjectLockEnabledForBucket() {
		return nil, notImplemented("x-amz-bucket-object-lock-enabled")
	}
	yes := ptr(true)
	b := &bucket{
		Name: in.GetBucket(), Account: c.Account, Region: region, Created: c.Time.Truncate(time.Second), Ownership: ownerEnforced,
		// Since April 2023 a new bucket has no public access and no ACLs.
		PublicAccess: &s3api.PublicAccessBlockConfiguration{BlockPublicAcls: yes, IgnorePublicAcls: yes, BlockPublicPolicy: yes, RestrictPublicBuckets: yes},
	}
	if o := in.GetObjectOwnership(); o != "" {
		if err := checkOwnership(o); err != nil {
			return nil, err
		}
		b.Ownership = o
	}
	if in.CreateBucketConfiguration != nil {
		if b.Tags, err = tagsOf(in.CreateBucketConfiguration.Tags, limits.BucketTags); err != nil {
			return nil, err
		}
	}
	return b, b.applyACL(in.GetACL(), grantsIn(in), nil)
}

// taken is the answer to a name that is in use. In us-east-1 the owner may make
// a bucket again, which changes nothing ("CreateBucket").
func taken(old, b *bucket) error {
	switch {
	case old.Account != b.Account:
		return with(s3api.NewBucketAlreadyExists("The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."), "BucketName", b.Name)
	case old.Region == defaultRegion && b.Region == defaultRegion:
		return nil
	}
	return with(s3api.NewBucketAlreadyOwnedByYou("Your previous request to create the named bucket succeeded and you already own it."), "BucketName", b.Name)
}

func (s *Service) countBuckets(account string) (n int) {
	for _, b := range s.buckets.All("", "") {
		if b.Account == account {
			n++
		}
	}
	return n
}

func (s *Service) deleteBucket(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketRequest) (*api.Empty, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &api.Empty{}, s.update(ctx, func(tx *change) error {
		if !b.same(s.buckets.GetIn(tx.Tx, b.Name)) {
			return noSuchBucket(b.Name)
		}
		for range s.objects.All(prefix(b.Name), "") {
			return s.notEmpty(b)
		}
		return s.deleteUploads(tx, b)
	})
}

func (s *Service) notEmpty(b *bucket) error {
	text := "The bucket you tried to delete is not empty"
	if b.Versioning != "" {
		text += ". You must delete all versions in the bucket."
	}
	return with(api.Newf(409, "BucketNotEmpty", "%s", text), "BucketName", b.Name)
}

// deleteUploads removes what is unfinished in a bucket, and the bucket.
func (s *Service) deleteUploads(tx *change, b *bucket) error {
	for key, u := range s.uploads.All(prefix(b.Name), "") {
		if err := s.dropUpload(tx, key, u); err != nil {
			return err
		}
	}
	return s.buckets.Delete(tx.Tx, b.Name)
}

func (s *Service) headBucket(_ context.Context, c *op.Call, _ *s3api.HeadBucketRequest) (*s3api.HeadBucketOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &s3api.HeadBucketOutput{BucketRegion: &b.Region, AccessPointAlias: ptr(false), BucketArn: ptr(bucketARN(b.Name))}, nil
}

func (s *Service) getBucketLocation(_ context.Context, c *op.Call, _ *s3api.GetBucketLocationRequest) (*s3api.GetBucketLocationOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	out := &s3api.GetBucketLocationOutput{}
	if b.Region != defaultRegion {
		out.LocationConstraint = &b.Region
	}
	return out, nil
}

func (s *Service) listBuckets(_ context.Context, c *op.Call, in *s3api.ListBucketsRequest) (*s3api.ListBucketsOutput, error) {
	most := limits.BucketsPage
	if in.MaxBuckets != nil {
		if most = int(*in.MaxBuckets); most < 1 || most > limits.BucketsPage {
			return nil, invalidArgument("max-buckets", number(most), "Argument max-buckets must be an integer between 1 and %d", limits.BucketsPage)
		}
	}
	after, err := openToken(in.GetContinuationToken())
	if err != nil {
		return nil, err
	}
	out := &s3api.ListBucketsOutput{Owner: owner(c.Account), Prefix: in.Prefix, Buckets: []s3api.Bucket{}}
	for name, b := range s.buckets.All(in.GetPrefix(), after) {
		if b.Account != c.Account || in.GetBucketRegion() != "" && in.GetBucketRegion() != b.Region {
			continue
		}
		if len(out.Buckets) == most {
			out.ContinuationToken = ptr(sealToken(value(out.Buckets[most-1].Name)))
			break
		}
		shown := s3api.Bucket{Name: ptr(name), CreationDate: ptr(b.Created)}
		// AWS names regions only in answers to the newer, paged form of the request.
		if in.MaxBuckets != nil || in.Prefix != nil || in.BucketRegion != nil || in.ContinuationToken != nil {
			shown.BucketRegion = &b.Region
		}
		out.Buckets = append(out.Buckets, shown)
	}
	return out, nil
}

// prefix is the start of all keys of a bucket's records: a bucket's name has no
// NUL, and the key of an object comes last, as it is, so that records sort as
// S3 lists them.
func prefix(bucket string) string { return bucket + "\x00" }

func recordKey(bucket, key string) string { return bucket + "\x00" + key }

// checkKey refuses keys that no object can have.
func checkKey(key string) error {
	switch {
	case key == "":
		return methodNotAllowed("", "BUCKET")
	case len(key) > limits.ObjectKey:
		return with(api.Newf(400, "KeyTooLongError", "Your key is too long"), "Size", number(len(key)), "MaxSizeAllowed", number(limits.ObjectKey))
	case !utf8Key(key):
		return api.Newf(400, "InvalidURI", "Couldn't parse the specified URI.")
	}
	return nil
}

// utf8Key: what is no text cannot be listed in XML; NUL separates our records.
func utf8Key(key string) bool {
	return strings.ToValidUTF8(key, "") == key && !strings.Contains(key, "\x00")
}
