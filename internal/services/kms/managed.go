package kms

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
)

// managedFor are the services that have an AWS managed key, with their names.
func managedFor(service string) (name string, ok bool) {
	switch service {
	case "lambda":
		return "AWS Lambda", true
	case "s3":
		return "Amazon S3", true
	case "sns":
		return "Amazon SNS", true
	case "sqs":
		return "Amazon SQS", true
	}
	return "", false
}

// managedPolicy is the policy of an AWS managed key: whoever its service lets in
// uses it through that service, and the account may look at it.
func managedPolicy(a aliasRef, service, name string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "auto-` + service + `-1",
  "Statement" : [ {
    "Sid" : "Allow access through ` + name + ` for all principals in the account that are authorized to use ` + name + `",
    "Effect" : "Allow",
    "Principal" : { "AWS" : "*" },
    "Action" : [ ` + managedActions + ` ],
    "Resource" : "*",
    "Condition" : { "StringEquals" : { "` + keyCallerAccount + `" : "` + a.account + `", "` + keyViaService + `" : "` + service + `.` + a.region + `.amazonaws.com" } }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : { "AWS" : "arn:` + op.Partition + `:iam::` + a.account + `:root" },
    "Action" : [ ` + managedReads + ` ],
    "Resource" : "*"
  } ]
}`
}

// makesManaged says that a call names an AWS managed key that is made when it is
// described first (DescribeKey, "if you specify a predefined AWS alias").
func (s *Service) makesManaged(c *op.Call) (aliasRef, bool) {
	a := targetOf(c).unknown
	service, own := strings.CutPrefix(a.name, awsPrefix)
	_, known := managedFor(service)
	return a, own && known && a.account == c.Account
}

func (s *Service) makeManaged(ctx context.Context, c *op.Call, a aliasRef) (*key, error) {
	service := strings.TrimPrefix(a.name, awsPrefix)
	name, _ := managedFor(service)
	k := s.newKey(ref{a.account, a.region, id.UUID()}, c.Time)
	k.Managed, k.Description = service, "Default key that protects my "+name+" resources when no other key is defined"
	k.Policy = resourcepolicy.Policy{Document: managedPolicy(a, service, name)}
	k.Rotation, k.Rotating = yearly, k.Created
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if made := s.aliases.GetIn(tx, a.key()); made != nil {
			// Somebody else was first.
			k = s.keys.GetIn(tx, made.target().key())
			return nil
		}
		if err := s.aliases.Put(tx, a.key(), &alias{Account: a.account, Region: a.region, Name: a.name, Target: k.ID, Created: k.Created, Updated: k.Created}); err != nil {
			return err
		}
		return s.keys.Put(tx, k.ref().key(), k)
	})
	if err == nil && k == nil {
		err = noAlias(a.arn())
	}
	return k, err
}
