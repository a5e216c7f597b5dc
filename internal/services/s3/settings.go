package s3

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// lifecycle are the lifecycle rules of a bucket: stored and shown.
type lifecycle struct {
	Rules []s3api.LifecycleRule
	// Smallest is TransitionDefaultMinimumObjectSize.
	Smallest string
}

func (s *Service) getCORS(_ context.Context, c *op.Call, _ *s3api.GetBucketCorsRequest) (*s3api.GetBucketCorsOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if b.CORS == nil {
		return nil, unset("NoSuchCORSConfiguration", "The CORS configuration does not exist", b.Name)
	}
	return &s3api.GetBucketCorsOutput{CORSRules: b.CORS}, nil
}

func (s *Service) putCORS(ctx context.Context, c *op.Call, in *s3api.PutBucketCorsRequest) (*api.Empty, error) {
	if in.CORSConfiguration == nil || len(in.CORSConfiguration.CORSRules) == 0 || len(in.CORSConfiguration.CORSRules) > limits.BucketRules {
		return nil, malformedXML()
	}
	for _, r := range in.CORSConfiguration.CORSRules {
		if len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
			return nil, malformedXML()
		}
		for _, m := range r.AllowedMethods {
			if !isOneOf(m, []string{"GET", "PUT", "HEAD", "POST", "DELETE"}) {
				return nil, invalidRequest("Found unsupported HTTP method in CORS config. Unsupported method is %s", m)
			}
		}
		for _, o := range r.AllowedOrigins {
			if strings.Count(o, "*") > 1 {
				return nil, invalidRequest("AllowedOrigin \"%s\" can not have more than one wildcard.", o)
			}
		}
		for _, h := range r.AllowedHeaders {
			if strings.Count(h, "*") > 1 {
				return nil, invalidRequest("AllowedHeader \"%s\" can not have more than one wildcard.", h)
			}
		}
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.CORS = in.CORSConfiguration.CORSRules
		return nil
	})
}

func (s *Service) deleteCORS(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketCorsRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.CORS = nil
		return nil
	})
}

func (s *Service) getLifecycle(_ context.Context, c *op.Call, _ *s3api.GetBucketLifecycleConfigurationRequest) (*s3api.GetBucketLifecycleConfigurationOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if b.Lifecycle == nil {
		return nil, unset("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", b.Name)
	}
	return &s3api.GetBucketLifecycleConfigurationOutput{Rules: b.Lifecycle.Rules, TransitionDefaultMinimumObjectSize: &b.Lifecycle.Smallest}, nil
}

const allStorageClasses128K = "all_storage_classes_128K"

func (s *Service) putLifecycle(ctx context.Context, c *op.Call, in *s3api.PutBucketLifecycleConfigurationRequest) (*s3api.PutBucketLifecycleConfigurationOutput, error) {
	if in.LifecycleConfiguration == nil || len(in.LifecycleConfiguration.Rules) == 0 || len(in.LifecycleConfiguration.Rules) > limits.LifecycleRules {
		return nil, malformedXML()
	}
	rules := slices.Clone(in.LifecycleConfiguration.Rules)
	seen := map[string]bool{}
	for i := range rules {
		if err := checkLifecycle(&rules[i]); err != nil {
			return nil, err
		}
		if rules[i].GetID() == "" {
			rules[i].ID = ptr(id.UUID())
		}
		if seen[rules[i].GetID()] {
			return nil, invalidArgument("ID", rules[i].GetID(), "Rule ID must be unique. Found same ID for more than one rule")
		}
		seen[rules[i].GetID()] = true
	}
	smallest := in.GetTransitionDefaultMinimumObjectSize()
	if smallest == "" {
		smallest = allStorageClasses128K
	}
	_, err := s.changeBucket(ctx, c, func(b *bucket) error {
		b.Lifecycle = &lifecycle{rules, smallest}
		return nil
	})
	return &s3api.PutBucketLifecycleConfigurationOutput{TransitionDefaultMinimumObjectSize: &smallest}, err
}

// checkLifecycle refuses rules that make no sense ("Lifecycle configuration elements").
func checkLifecycle(r *s3api.LifecycleRule) error {
	if r.GetStatus() != s3Enabled && r.GetStatus() != "Disabled" || r.Filter != nil && r.Prefix != nil || len(r.GetID()) > 255 {
		return malformedXML()
	}
	if r.Expiration == nil && r.NoncurrentVersionExpiration == nil && len(r.Transitions) == 0 && len(r.NoncurrentVersionTransitions) == 0 && r.AbortIncompleteMultipartUpload == nil {
		return invalidRequest("At least one action needs to be specified in a rule")
	}
	if e := r.Expiration; e != nil {
		if e.Days != nil && *e.Days <= 0 {
			return invalidArgument("Days", number(*e.Days), "'Days' for Expiration action must be a positive integer")
		}
		if e.Days != nil && e.Date != nil {
			return malformedXML()
		}
	}
	return nil
}

func (s *Service) deleteLifecycle(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketLifecycleRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Lifecycle = nil
		return nil
	})
}

// encryption is how the bucket's objects are encrypted by default, nil for S3's
// own way.
func (b *bucket) encryption() *s3api.ServerSideEncryptionByDefault {
	if b.Encryption == nil {
		return nil
	}
	return b.Encryption.Rules[0].ApplyServerSideEncryptionByDefault
}

// Since January 2023 every bucket encrypts with S3's own keys, and says so.
func (s *Service) getEncryption(_ context.Context, c *op.Call, _ *s3api.GetBucketEncryptionRequest) (*s3api.GetBucketEncryptionOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	shown := b.Encryption
	if shown == nil {
		shown = &s3api.ServerSideEncryptionConfiguration{Rules: []s3api.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3api.ServerSideEncryptionByDefault{SSEAlgorithm: ptr(sseS3)}, BucketKeyEnabled: ptr(false),
		}}}
	}
	return &s3api.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: shown}, nil
}

func (s *Service) putEncryption(ctx context.Context, c *op.Call, in *s3api.PutBucketEncryptionRequest) (*api.Empty, error) {
	if in.ServerSideEncryptionConfiguration == nil || len(in.ServerSideEncryptionConfiguration.Rules) != 1 {
		return nil, malformedXML()
	}
	rule := in.ServerSideEncryptionConfiguration.Rules[0]
	if by := rule.ApplyServerSideEncryptionByDefault; by != nil {
		switch by.GetSSEAlgorithm() {
		case sseKMS, sseDSSE:
		case sseS3:
			if by.GetKMSMasterKeyID() != "" {
				return nil, invalidArgument("ApplyServerSideEncryptionByDefault", "null", "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
			}
		default:
			return nil, malformedXML()
		}
	}
	rule.BucketKeyEnabled = ptr(value(rule.BucketKeyEnabled))
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Encryption = &s3api.ServerSideEncryptionConfiguration{Rules: []s3api.ServerSideEncryptionRule{rule}}
		return nil
	})
}

func (s *Service) deleteEncryption(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketEncryptionRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Encryption = nil
		return nil
	})
}

func (s *Service) getLogging(_ context.Context, c *op.Call, _ *s3api.GetBucketLoggingRequest) (*s3api.GetBucketLoggingOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &s3api.GetBucketLoggingOutput{LoggingEnabled: b.Logging}, nil
}

func (s *Service) putLogging(ctx context.Context, c *op.Call, in *s3api.PutBucketLoggingRequest) (*api.Empty, error) {
	if in.BucketLoggingStatus == nil {
		return nil, malformedXML()
	}
	to := in.BucketLoggingStatus.LoggingEnabled
	if to != nil && (to.TargetBucket == nil || to.TargetPrefix == nil) {
		return nil, malformedXML()
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		if to != nil {
			target := s.buckets.Get(to.GetTargetBucket())
			if target == nil || target.Account != b.Account {
				return api.Newf(400, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist")
			}
			if target.Region != b.Region {
				return api.Newf(403, "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ")
			}
		}
		b.Logging = to
		return nil
	})
}

func (s *Service) getWebsite(_ context.Context, c *op.Call, _ *s3api.GetBucketWebsiteRequest) (*s3api.GetBucketWebsiteOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	w := b.Website
	if w == nil {
		return nil, unset("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", b.Name)
	}
	return &s3api.GetBucketWebsiteOutput{ErrorDocument: w.ErrorDocument, IndexDocument: w.IndexDocument, RedirectAllRequestsTo: w.RedirectAllRequestsTo, RoutingRules: w.RoutingRules}, nil
}

func (s *Service) putWebsite(ctx context.Context, c *op.Call, in *s3api.PutBucketWebsiteRequest) (*api.Empty, error) {
	w := in.WebsiteConfiguration
	switch {
	case w == nil:
		return nil, malformedXML()
	case w.RedirectAllRequestsTo == nil && w.IndexDocument.GetSuffix() == "":
		return nil, invalidArgument("IndexDocument", "null", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	case strings.Contains(w.IndexDocument.GetSuffix(), "/"):
		return nil, invalidArgument("IndexDocument", w.IndexDocument.GetSuffix(), "The IndexDocument Suffix is not well formed")
	case len(w.RoutingRules) > limits.RoutingRules:
		return nil, invalidRequest("%d routing rules provided, the number of routing rules in a website configuration is limited to %d.", len(w.RoutingRules), limits.RoutingRules)
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Website = w
		return nil
	})
}

func (s *Service) deleteWebsite(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketWebsiteRequest) (*api.Empty, error) {
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Website = nil
		return nil
	})
}

func (s *Service) getAccelerate(_ context.Context, c *op.Call, _ *s3api.GetBucketAccelerateConfigurationRequest) (*s3api.GetBucketAccelerateConfigurationOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &s3api.GetBucketAccelerateConfigurationOutput{Status: optional(b.Accelerate)}, nil
}

func (s *Service) putAccelerate(ctx context.Context, c *op.Call, in *s3api.PutBucketAccelerateConfigurationRequest) (*api.Empty, error) {
	status := in.AccelerateConfiguration.GetStatus()
	if status != s3Enabled && status != s3Suspended {
		return nil, malformedXML()
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		if strings.Contains(b.Name, ".") {
			return invalidRequest("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names")
		}
		b.Accelerate = status
		return nil
	})
}

// Who pays for requests.
const (
	bucketOwner = "BucketOwner"
	requester   = "Requester"
)

func (s *Service) getRequestPayment(_ context.Context, c *op.Call, _ *s3api.GetBucketRequestPaymentRequest) (*s3api.GetBucketRequestPaymentOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	payer := b.Payer
	if payer == "" {
		payer = bucketOwner
	}
	return &s3api.GetBucketRequestPaymentOutput{Payer: &payer}, nil
}

func (s *Service) putRequestPayment(ctx context.Context, c *op.Call, in *s3api.PutBucketRequestPaymentRequest) (*api.Empty, error) {
	payer := in.RequestPaymentConfiguration.GetPayer()
	if payer != bucketOwner && payer != requester {
		return nil, malformedXML()
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Payer = payer
		return nil
	})
}

// ABAC is off for a bucket that never turned it on, and cannot be turned on here.
func (s *Service) getABAC(_ context.Context, c *op.Call, _ *s3api.GetBucketAbacRequest) (*s3api.GetBucketAbacOutput, error) {
	if _, err := s.bucket(c); err != nil {
		return nil, err
	}
	return &s3api.GetBucketAbacOutput{AbacStatus: &s3api.AbacStatus{Status: ptr("Disabled")}}, nil
}

func (s *Service) getReplication(_ context.Context, c *op.Call, _ *s3api.GetBucketReplicationRequest) (*s3api.GetBucketReplicationOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return nil, unset("ReplicationConfigurationNotFoundError", "The replication configuration was not found", b.Name)
}

// What cannot be set is deleted at once.
func (s *Service) deleteReplication(_ context.Context, c *op.Call, _ *s3api.DeleteBucketReplicationRequest) (*api.Empty, error) {
	_, err := s.bucket(c)
	return &api.Empty{}, err
}

func (s *Service) getObjectLock(_ context.Context, c *op.Call, _ *s3api.GetObjectLockConfigurationRequest) (*s3api.GetObjectLockConfigurationOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return nil, unset("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", b.Name)
}

func (s *Service) getLegalHold(ctx context.Context, c *op.Call, in *s3api.GetObjectLegalHoldRequest) (*s3api.GetObjectLegalHoldOutput, error) {
	return nil, s.noLock(ctx, c, in)
}

func (s *Service) getRetention(ctx context.Context, c *op.Call, in *s3api.GetObjectRetentionRequest) (*s3api.GetObjectRetentionOutput, error) {
	return nil, s.noLock(ctx, c, in)
}

func (s *Service) noLock(ctx context.Context, c *op.Call, in versioned) error {
	if _, _, err := s.readable(ctx, c, in.GetKey(), in.GetVersionId()); err != nil {
		return err
	}
	return invalidRequest("Bucket is missing Object Lock Configuration")
}
