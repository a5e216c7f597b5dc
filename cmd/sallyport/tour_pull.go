package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

const (
	workQueue     = "arn:aws:sqs:" + tourRegion + ":" + tourHome + ":work"
	reportsBucket = "reports"
	pollAction    = "sqs:ReceiveMessage"
	deleteAction  = "sqs:DeleteMessage"
	putAction     = "s3:PutObject"
	functionKey   = "lambda:SourceFunctionArn"
)

// queueIsPulled: Lambda polls a queue with the function's role. The function's
// policy is not asked.
func queueIsPulled() []step {
	create := step{
		ask: "Lambda is set to poll the queue work with the role", action: pollAction, role: true,
		do: func(ctx context.Context, s *stage) (string, error) { return refusable(s.mapQueue(ctx)) },
	}
	created := create
	created.allowed = true
	poll := func(ask string, allowed bool) step {
		return step{ask: ask, action: pollAction, allowed: allowed, role: true}
	}

	brought := poll("Lambda polls work, and brings a message to orders", true)
	brought.do = func(ctx context.Context, s *stage) (string, error) { return s.brought(ctx, "order 5") }

	revoked := poll("Lambda polls work, without permission now", false).after("the role loses the permission, in the middle of a poll: the poll ends, and the next one is denied", nil)
	revoked.do = func(ctx context.Context, s *stage) (string, error) {
		seen, err := s.client().last(ctx)
		if err != nil {
			return "", err
		}
		if err := s.roleMayNot(ctx, "work"); err != nil {
			return "", err
		}
		id, err := s.await(ctx, seen, pollAction, polls(false))
		return id, errors.Join(err, s.mappingSays(ctx, "PROBLEM: "), s.send(ctx, "order 6"))
	}

	resumed := poll("Lambda polls work again, and brings what was sent meanwhile", true).after("the role gets the permission back", nil)
	resumed.do = func(ctx context.Context, s *stage) (string, error) {
		seen, err := s.client().last(ctx)
		if err != nil {
			return "", err
		}
		if err := s.roleMayPoll(ctx); err != nil {
			return "", err
		}
		id, err := s.await(ctx, seen, pollAction, polls(true))
		return id, errors.Join(err, s.saw(ctx, "order 6"), s.mappingSays(ctx, ""))
	}
	return []step{
		create.after("the queue work is made", func(ctx context.Context, s *stage) error {
			out, err := s.people["root"].sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("work")})
			s.queueURL = aws.ToString(nilOr(out).QueueUrl)
			return err
		}),
		created.after("the role may receive and delete messages of the queue", func(ctx context.Context, s *stage) error { return s.roleMayPoll(ctx) }),
		brought, revoked, resumed,
	}
}

// nilOr is an output that may be nil, beside an error.
func nilOr[T any](out *T) *T {
	if out == nil {
		return new(T)
	}
	return out
}

// polls wants what Lambda does when a mapping works, not what it tries beforehand.
func polls(allowed bool) func(*sallyportapi.Decision) bool {
	return func(d *sallyportapi.Decision) bool { return !d.GetTrial() && d.GetAllowed() == allowed }
}

func (s *stage) roleMayPoll(ctx context.Context) error {
	return s.roleMay(ctx, "work", `{"Effect":"Allow","Action":["`+pollAction+`","`+deleteAction+`","sqs:GetQueueAttributes"],"Resource":"`+workQueue+`"}`)
}

// mapQueue has Lambda poll the queue for orders.
func (s *stage) mapQueue(ctx context.Context) (string, error) {
	seen, err := s.client().last(ctx)
	if err != nil {
		return "", err
	}
	s.mapped = seen
	out, err := s.people["root"].lambda.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String(orders), EventSourceArn: aws.String(workQueue)})
	if err != nil {
		return requestOf(err), err
	}
	s.mapping = aws.ToString(out.UUID)
	return requestIn(out.ResultMetadata), nil
}

// brought sends a message, waits until orders got it, and gives the poll.
func (s *stage) brought(ctx context.Context, message string) (string, error) {
	id, err := s.await(ctx, s.mapped, pollAction, polls(true))
	return id, errors.Join(err, s.send(ctx, message), s.saw(ctx, message))
}

func (s *stage) send(ctx context.Context, message string) error {
	_, err := s.people["root"].sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &s.queueURL, MessageBody: &message})
	return err
}

// mappingSays waits until the mapping tells of its last poll in words that begin so;
// empty, that it tells nothing. What a poll met is known just after its decision.
func (s *stage) mappingSays(ctx context.Context, want string) error {
	got := ""
	return waitUntil(ctx, func(ctx context.Context) (bool, error) {
		out, err := s.people["root"].lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &s.mapping})
		if err != nil {
			return false, err
		}
		got = aws.ToString(out.LastProcessingResult)
		return got == want || want != "" && strings.HasPrefix(got, want), nil
	}, func() string { return fmt.Sprintf("the mapping says %q, not %q", got, want) })
}

// functionWrites: a role is shared, and lambda:SourceFunctionArn tells its
// functions apart.
func functionWrites() []step {
	onlyOrders := `,"Condition":{"ArnEquals":{"` + functionKey + `":"` + arnOfFunction(orders) + `"}}}`
	object := arnOfBucket(reportsBucket) + "/*"
	writes := func(function, how string, allowed bool) step {
		return step{
			ask: function + " writes to the bucket " + reportsBucket + how, action: putAction, allowed: allowed, role: true,
			do: calls(function, `{"put":"`+reportsBucket+`/`+function+`.txt"}`),
		}
	}
	return []step{
		writes(orders, "", false).after("the bucket "+reportsBucket+" is made", func(ctx context.Context, s *stage) error {
			_, err := s.people["root"].s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(reportsBucket)})
			return err
		}),
		writes(orders, ", as its role may", true).after("the role may put objects, if "+functionKey+" is orders", func(ctx context.Context, s *stage) error {
			return s.roleMay(ctx, "reports", strings.TrimSuffix(statement(putAction, object), "}")+onlyOrders)
		}),
		writes(billing, " with the same role", false),
		writes(orders, ", as the bucket's policy says", true).after("in place of the role's policy, the bucket's says the same", func(ctx context.Context, s *stage) error {
			if err := s.roleMayNot(ctx, "reports"); err != nil {
				return err
			}
			_, err := s.people["root"].s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(reportsBucket), Policy: aws.String(document(
				`{"Effect":"Allow","Principal":{"AWS":"` + arnOfRole(executionRole) + `"},"Action":"` + putAction + `","Resource":"` + object + `"` + onlyOrders,
			))})
			return err
		}),
		writes(billing, " with the same role", false),
	}
}
