package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const (
	placedTopic    = "arn:aws:sns:" + tourRegion + ":" + tourHome + ":placed"
	refundsTopic   = "arn:aws:sns:" + tourRegion + ":" + tourHome + ":refunds"
	incomingBucket = "incoming"
	snsPrincipal   = "sns.amazonaws.com"
	s3Principal    = "s3.amazonaws.com"
)

// topicPushes: SNS takes any subscription and any message. Whether it gets in, is
// found out when it delivers.
func topicPushes() []step {
	publish := func(permission, message string, allowed bool) step {
		return step{
			ask: "the topic placed pushes to orders, " + permission, action: invokeAction, allowed: allowed,
			do: func(ctx context.Context, s *stage) (string, error) {
				id, err := s.published(ctx, message)
				if err == nil && allowed {
					err = s.saw(ctx, message)
				}
				return id, err
			},
		}
	}
	return []step{
		publish("without permission", "order 1", false).after("orders subscribes to the topic placed", func(ctx context.Context, s *stage) error {
			c := s.people["root"].sns
			if _, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("placed")}); err != nil {
				return err
			}
			_, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(placedTopic), Protocol: aws.String("lambda"), Endpoint: aws.String(arnOfFunction(orders))})
			return err
		}),
		publish("with a permission for another topic", "order 2", false).after("the function's policy lets SNS in for the topic refunds", func(ctx context.Context, s *stage) error {
			return s.permitService(ctx, "refunds", snsPrincipal, refundsTopic, "")
		}),
		publish("with a permission", "order 3", true).after("the function's policy lets SNS in for the topic placed too", func(ctx context.Context, s *stage) error {
			return s.permitService(ctx, "placed", snsPrincipal, placedTopic, "")
		}),
	}
}

// published publishes a message, and gives the request of its delivery.
func (s *stage) published(ctx context.Context, message string) (string, error) {
	seen, err := s.client().last(ctx)
	if err != nil {
		return "", err
	}
	out, err := s.people["root"].sns.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(placedTopic), Message: &message})
	if err != nil {
		return "", err
	}
	return s.await(ctx, seen, invokeAction, causedBy(requestIn(out.ResultMetadata)))
}

// bucketPushes: S3 asks already when it is told whom to notify.
func bucketPushes() []step {
	notify := step{
		ask: "the bucket " + incomingBucket + " is set to push to orders", action: invokeAction,
		do: func(ctx context.Context, s *stage) (string, error) { return refusable(s.notify(ctx)) },
	}
	accepted := notify
	accepted.allowed = true
	return []step{
		notify.after("the bucket "+incomingBucket+" is made", func(ctx context.Context, s *stage) error {
			_, err := s.people["root"].s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(incomingBucket)})
			return err
		}),
		accepted.after("the function's policy lets S3 in for the bucket, while this account has it: its ARN does not say whose it is", func(ctx context.Context, s *stage) error {
			return s.permitService(ctx, incomingBucket, s3Principal, arnOfBucket(incomingBucket), tourHome)
		}),
		{
			ask: "an object is put into " + incomingBucket + ", which pushes to orders", action: invokeAction, allowed: true,
			do: func(ctx context.Context, s *stage) (string, error) {
				seen, err := s.client().last(ctx)
				if err != nil {
					return "", err
				}
				const key = "order-4.json"
				out, err := s.people["root"].s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(incomingBucket), Key: aws.String(key), Body: strings.NewReader(`{"order":4}`)})
				if err != nil {
					return "", err
				}
				id, err := s.await(ctx, seen, invokeAction, causedBy(requestIn(out.ResultMetadata)))
				if err != nil {
					return id, err
				}
				return id, s.saw(ctx, key)
			},
		},
	}
}

// notify has the bucket tell orders of new objects.
func (s *stage) notify(ctx context.Context) (string, error) {
	out, err := s.people["root"].s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String(incomingBucket),
		NotificationConfiguration: &s3types.NotificationConfiguration{LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{
			{LambdaFunctionArn: aws.String(arnOfFunction(orders)), Events: []s3types.Event{s3types.EventS3ObjectCreated}},
		}},
	})
	if err != nil {
		return requestOf(err), err
	}
	return requestIn(out.ResultMetadata), nil
}

func arnOfBucket(name string) string { return "arn:aws:s3:::" + name }
