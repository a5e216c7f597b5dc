package sns

import (
	"context"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// topic finds the topic that a request names by TopicArn.
func (s *Service) topic(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetTopicArn() string })
	if !ok {
		return nil, nil
	}
	return named(in.GetTopicArn(), "TopicArn")
}

// target finds what a message is published to: TopicArn and TargetArn are the
// same. Phones and mobile endpoints are not here.
func (s *Service) target(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*snsapi.PublishInput)
	if !ok {
		return nil, nil
	}
	switch {
	case in.TopicArn != nil:
		return named(*in.TopicArn, "TopicArn")
	case in.TargetArn != nil:
		if _, ok := parseTopic(*in.TargetArn); !ok && arnPart(*in.TargetArn, 5) != "" {
			return nil, invalid("TargetArn Reason: No endpoint found for the target arn specified")
		}
		return named(*in.TargetArn, "TargetArn")
	case in.PhoneNumber != nil:
		return nil, unavailable("SMS")
	}
	return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
}

// resource finds the topic that a request names by ResourceArn.
func (s *Service) resource(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetResourceArn() string })
	if !ok {
		return nil, nil
	}
	return named(in.GetResourceArn(), "ResourceArn")
}

// confirmed finds the topic of the subscription that a request confirms. AWS has
// other words here for an ARN that is none.
func (s *Service) confirmed(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*snsapi.ConfirmSubscriptionInput)
	if !ok {
		return nil, nil
	}
	n, ok := parseTopic(in.GetTopicArn())
	if !ok || n.region != regionOf(c, n) {
		return nil, invalid("Topic")
	}
	return []op.Resource{{ARN: n.arn(), Account: n.account}}, nil
}

// regionOf is the region of a call about a topic: whoever follows a link signs
// for none, so there it is the topic's.
func regionOf(c *op.Call, n name) string {
	if c.Caller.Kind() == caller.AnonymousKind {
		return n.region
	}
	return c.Region
}

func named(arn, parameter string) ([]op.Resource, error) {
	n, ok := parseTopic(arn)
	if !ok {
		return nil, badARN(arn, parameter)
	}
	return []op.Resource{{ARN: n.arn(), Account: n.account}}, nil
}

// created is the topic that a request would make.
func (s *Service) created(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*snsapi.CreateTopicInput)
	if !ok {
		return nil, nil
	}
	if !isTopicName(in.GetName()) {
		return nil, invalid("Topic Name")
	}
	n := name{c.Account, c.Region, in.GetName()}
	return []op.Resource{{ARN: n.arn(), Account: n.account}}, nil
}

// feedbackRole finds the roles that SNS is to log deliveries with.
func (s *Service) feedbackRole(_ context.Context, c *op.Call) ([]op.Resource, error) {
	given := map[string]string{}
	switch in := c.Input.(type) {
	case *snsapi.SetTopicAttributesInput:
		given[in.GetAttributeName()] = in.GetAttributeValue()
	case *snsapi.CreateTopicInput:
		given = in.Attributes
	}
	var roles []op.Resource
	for attribute, role := range given {
		if role != "" && isFeedbackRole(attribute) {
			roles = append(roles, op.Resource{ARN: role})
		}
	}
	return roles, nil
}

// passedTo says in a key which service a role is passed to.
func passedTo(key string) op.Adder {
	return func(_ context.Context, _ *op.Call, keys *policy.Context) { keys.Set(key, servicePrincipal) }
}

// here is the topic of an ARN in the region of the call; the caller was let in
// to it before.
func (s *Service) here(tx *store.Tx, c *op.Call, arn string) (name, *topic, error) {
	n, ok := parseTopic(arn)
	if !ok || n.region != c.Region {
		return n, nil, invalid("TopicArn")
	}
	t := s.topics.Get(n.key())
	if tx != nil {
		t = s.topics.GetIn(tx, n.key())
	}
	if t == nil {
		return n, nil, noTopic()
	}
	return n, t, nil
}
