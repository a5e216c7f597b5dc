package s3

import (
	"context"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// guard is what the gate reads of a bucket.
type guard struct {
	account string
	policy  *policy.Attached
	// ofPolicy is the policy for requests about the policy itself.
	ofPolicy *policy.Attached
}

// guards follow the buckets table.
type guards struct {
	mu     sync.RWMutex
	byName map[string]guard
	bug    *bug.Reporter
}

func newGuards(b *bug.Reporter) *guards { return &guards{byName: map[string]guard{}, bug: b} }

func (g *guards) shown(name string, _, now *bucket) {
	var made guard
	if now != nil {
		made = guard{account: now.Account, policy: g.compile(now)}
		made.ofPolicy = unlocked(now, made.policy)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now == nil {
		delete(g.byName, name)
		return
	}
	g.byName[name] = made
}

// compile is the bucket's policy as it is judged. One that cannot be compiled,
// a fault of ours, allows nothing.
func (g *guards) compile(b *bucket) *policy.Attached {
	if b.Policy == nil {
		return nil
	}
	loaded, err := policy.Load([]byte(b.Policy.Stored()))
	if err != nil {
		g.bug.Report(context.Background(), "the policy of bucket %s does not compile: %v", b.Name, err)
		return nil
	}
	a := &policy.Attached{Policy: loaded, Name: "bucket policy", Source: "bucket " + b.Name}
	if b.PublicAccess.GetRestrictPublicBuckets() && isPublic(loaded.Document()) {
		a.Policy, a.Name = restricted(b, loaded.Document()), "bucket policy under RestrictPublicBuckets"
	}
	return a
}

// restricted is a public policy while the bucket's RestrictPublicBuckets is on:
// AWS services and principals of the owner's account only ("Blocking public
// access to your Amazon S3 storage").
func restricted(b *bucket, d *policy.Document) *policy.Policy {
	d = d.Clone()
	sid := "RestrictPublicBuckets"
	d.Statements = append(d.Statements, policy.Statement{
		SID: &sid, Effect: "Deny", Principal: &policy.Principals{Star: true}, Action: policy.One("s3:*"),
		Resource: &policy.Values{Items: []string{bucketARN(b.Name), bucketARN(b.Name) + "/*"}},
		Condition: []policy.ConditionBlock{
			{Operator: "StringNotEquals", Keys: []policy.ConditionKey{{Key: "aws:PrincipalAccount", Values: []policy.ConditionValue{{Text: b.Account}}, Lone: true}}},
			{Operator: "BoolIfExists", Keys: []policy.ConditionKey{{Key: "aws:PrincipalIsAWSService", Values: []policy.ConditionValue{{Text: "false"}}, Lone: true}}},
		},
	})
	return policy.Compile(d)
}

// unlocked is a policy that shuts out the root user of the owner's account from
// nothing: S3 lets it read, replace and delete a policy whatever that denies
// ("PutBucketPolicy"), so that nobody locks a bucket for ever.
func unlocked(b *bucket, a *policy.Attached) *policy.Attached {
	if a == nil {
		return nil
	}
	d := a.Policy.Document().Clone()
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Effect == "Deny" {
			st.Condition = append(st.Condition, policy.ConditionBlock{Operator: "ArnNotEquals", Keys: []policy.ConditionKey{
				{Key: "aws:PrincipalArn", Values: []policy.ConditionValue{{Text: "arn:" + op.Partition + ":iam::" + b.Account + ":root"}}, Lone: true},
			}})
		}
	}
	return &policy.Attached{Policy: policy.Compile(d), Name: a.Name, Source: a.Source}
}

// Resource implements op.Service. A bucket that is to be made has no owner yet,
// and no policy. Tags of buckets are not looked at (ABAC is off), those of
// objects are s3:ExistingObjectTag.
func (s *Service) Resource(action, arn string) op.Facts {
	if strings.EqualFold(action, createBucketAction) {
		return op.Facts{}
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(arn, bucketARN("")), "/")
	s.guards.mu.RLock()
	defer s.guards.mu.RUnlock()
	g := s.guards.byName[name]
	switch {
	case strings.EqualFold(action, putBucketPolicyAction), strings.EqualFold(action, getBucketPolicyAction), strings.EqualFold(action, deleteBucketPolicyAction):
		return op.Facts{Account: g.account, Policy: g.ofPolicy}
	}
	return op.Facts{Account: g.account, Policy: g.policy}
}

// ownBucket is the bucket of a request that only principals of its owner's
// account may make, whatever a policy allows ("PutBucketPolicy").
func (s *Service) ownBucket(c *op.Call) (*bucket, error) {
	b, err := s.bucket(c)
	if err == nil && c.Caller.Account() != b.Account {
		return nil, methodNotAllowed(c.Operation.Method, "BUCKETPOLICY")
	}
	return b, err
}

func (s *Service) putBucketPolicy(ctx context.Context, c *op.Call, in *s3api.PutBucketPolicyRequest) (*api.Empty, error) {
	b, err := s.ownBucket(c)
	if err != nil {
		return nil, err
	}
	p, err := s.newPolicy(b, in.GetPolicy())
	if err != nil {
		return nil, err
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		d, err := policy.Parse([]byte(p.Document))
		if err != nil {
			return err
		}
		if b.PublicAccess.GetBlockPublicPolicy() && isPublic(d) {
			return publicPolicyBlocked(c, b)
		}
		b.Policy = p
		return nil
	})
}

// publicPolicyBlocked is AWS's answer since it gives reasons.
func publicPolicyBlocked(c *op.Call, b *bucket) error {
	return api.Newf(403, "AccessDenied", "User: %s is not authorized to perform: %s on resource: \"%s\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.", c.Caller.ARN(), putBucketPolicyAction, bucketARN(b.Name))
}

func (s *Service) getBucketPolicy(_ context.Context, c *op.Call, _ *s3api.GetBucketPolicyRequest) (*s3api.GetBucketPolicyOutput, error) {
	b, err := s.ownBucket(c)
	if err != nil {
		return nil, err
	}
	if b.Policy == nil {
		return nil, unset("NoSuchBucketPolicy", "The bucket policy does not exist", b.Name)
	}
	return &s3api.GetBucketPolicyOutput{Policy: ptr(b.Policy.Shown(s.directory))}, nil
}

func (s *Service) deleteBucketPolicy(ctx context.Context, c *op.Call, _ *s3api.DeleteBucketPolicyRequest) (*api.Empty, error) {
	if _, err := s.ownBucket(c); err != nil {
		return nil, err
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Policy = nil
		return nil
	})
}

func (s *Service) getBucketPolicyStatus(_ context.Context, c *op.Call, _ *s3api.GetBucketPolicyStatusRequest) (*s3api.GetBucketPolicyStatusOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if b.Policy == nil {
		return nil, unset("NoSuchBucketPolicy", "The bucket policy does not exist", b.Name)
	}
	d, err := policy.Parse([]byte(b.Policy.Document))
	if err != nil {
		return nil, err
	}
	return &s3api.GetBucketPolicyStatusOutput{PolicyStatus: &s3api.PolicyStatus{IsPublic: ptr(isPublic(d))}}, nil
}
