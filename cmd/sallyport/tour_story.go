package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
)

// step is one question of the tour.
type step struct {
	// ask says what is asked. Before it, change (if any) says what was changed.
	change, ask string
	// action is the permission that the answer turns on; allowed is AWS's answer.
	action  string
	allowed bool
	// role says that the question is put at the role gate.
	role bool
	// prepare makes the change. do asks, and gives the request id whose
	// decision answers; a refusal of the caller is no error.
	prepare func(ctx context.Context, s *stage) error
	do      func(ctx context.Context, s *stage) (requestID string, err error)
}

const (
	executionRole = "orders-role"
	orders        = "orders"
	billing       = "billing"
	invokeAction  = "lambda:InvokeFunction"
	passAction    = "iam:PassRole"
	assumeAction  = "sts:AssumeRole"
	putLogsAction = "logs:PutLogEvents"
	newLogAction  = "logs:CreateLogStream"
)

// story is the whole tour, in order.
func story() []chapter {
	return []chapter{
		{
			name: "gates", left: "THE INVOKE GATE: who may invoke it", right: "THE ROLE GATE: what it may do",
			steps: slices.Concat(makingTheFunction(), invokingIt(), whatItMayDo()),
		},
		{
			name: "push and pull", left: "PUSH, at the invoke gate: the function's policy", right: "PULL and write, at the role gate: the role's policies",
			opening: "Topics and buckets push to a function, at its invoke gate; a queue is pulled with its role.",
			steps:   slices.Concat(topicPushes(), bucketPushes(), queueIsPulled(), functionWrites()),
		},
		{
			name: "addresses and layers", left: "ITS ADDRESS, at the invoke gate: two permissions", right: "ITS LAYERS: the right of whoever gives them",
			opening: "A function's URL asks two permissions of whoever opens it; a layer of another account lets in whom it names.",
			steps:   slices.Concat(urlIsOpened(), layerIsUsed()),
		},
	}
}

// chapter is a part of the tour that ends with a table of its own: the invoke
// gate to the left, the role gate to the right.
type chapter struct {
	name, opening, left, right string
	steps                      []step
}

// makingTheFunction: a role is passed by somebody, and trusted by its policy.
func makingTheFunction() []step {
	create := func(role string) func(context.Context, *stage) (string, error) {
		return func(ctx context.Context, s *stage) (string, error) {
			return refusable(s.create(ctx, "deployer", orders, arnOfRole(role)))
		}
	}
	return []step{
		{
			change: "root makes the role orders-role, which trusts Lambda, and the user deployer, who may create functions",
			ask:    "deployer creates the function orders with orders-role",
			action: passAction, role: true,
			prepare: prepareDeployer, do: create(executionRole),
		},
		{
			change: "deployer may pass roles; the role ec2-role trusts EC2 only",
			ask:    "deployer creates the function orders with ec2-role",
			action: assumeAction, role: true,
			prepare: func(ctx context.Context, s *stage) error {
				_, err := s.people["root"].iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("ec2-role"), AssumeRolePolicyDocument: aws.String(trustIn("ec2.amazonaws.com"))})
				return errors.Join(err, s.allow(ctx, "root", "deployer",
					statement("lambda:*", "*")+","+statement(passAction, "*")))
			},
			do: create("ec2-role"),
		},
		{
			ask:    "deployer creates the function orders with orders-role",
			action: assumeAction, allowed: true, role: true,
			do: create(executionRole),
		},
	}
}

func prepareDeployer(ctx context.Context, s *stage) error {
	_, err := s.people["root"].iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(executionRole), AssumeRolePolicyDocument: aws.String(trustIn("lambda.amazonaws.com"))})
	if err != nil {
		return err
	}
	if err := s.user(ctx, "root", "deployer"); err != nil {
		return err
	}
	return s.allow(ctx, "root", "deployer", statement("lambda:*", "*"))
}

// invoking asks who may invoke a function.
func invoking(who, function string, allowed bool) step {
	return step{
		ask: who + " invokes " + function, action: invokeAction, allowed: allowed,
		do: func(ctx context.Context, s *stage) (string, error) {
			if who == "carol" {
				function = arnOfFunction(orders) // another account's function needs its ARN
			}
			id, _, err := s.invoke(ctx, who, function, `{}`)
			return refusable(id, err)
		},
	}
}

// after is the step with a change made before it.
func (st step) after(change string, prepare func(ctx context.Context, s *stage) error) step {
	st.change, st.prepare = change, prepare
	return st
}

// invokingIt: the function's first gate.
func invokingIt() []step {
	return []step{
		invoking("root", orders, true),
		invoking("alice", orders, false).after("alice is a user without any policy", func(ctx context.Context, s *stage) error {
			return s.user(ctx, "root", "alice")
		}),
		invoking("alice", orders, true).after("alice gets an identity policy for the function", func(ctx context.Context, s *stage) error {
			return s.allow(ctx, "root", "alice", statement(invokeAction, arnOfFunction(orders)))
		}),
		invoking("bob", orders, true).after("bob has no policy, but the function's own policy names him", func(ctx context.Context, s *stage) error {
			if err := s.user(ctx, "root", "bob"); err != nil {
				return err
			}
			return s.permit(ctx, "bob", orders, "", arnOfUser(tourHome, "bob"))
		}),
		invoking("bob", orders+":live", false).after("version 1 is published, and the alias live points to it", publish),
		invoking("bob", orders+":live", true).after("the alias has a policy of its own, which names bob", func(ctx context.Context, s *stage) error {
			return s.permit(ctx, "bob", orders, "live", arnOfUser(tourHome, "bob"))
		}),
		invoking("bob", orders+":1", false),
		invoking("carol", orders, false).after("carol of account "+tourPartner+" may invoke it, says her own account", func(ctx context.Context, s *stage) error {
			if err := s.user(ctx, "partner root", "carol"); err != nil {
				return err
			}
			return s.allow(ctx, "partner root", "carol", statement(invokeAction, arnOfFunction(orders)))
		}),
		invoking("carol", orders, true).after("the function's policy names account "+tourPartner+" too: both sides allow", func(ctx context.Context, s *stage) error {
			return s.permit(ctx, "partner", orders, "", tourPartner)
		}),
		invoking("carol", orders, false).after("her own account takes its side back", func(ctx context.Context, s *stage) error {
			_, err := s.people["partner root"].iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("carol"), PolicyName: aws.String("tour")})
			return err
		}),
	}
}

func publish(ctx context.Context, s *stage) error {
	c := s.people["root"].lambda
	v, err := c.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String(orders)})
	if err != nil {
		return err
	}
	_, err = c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: aws.String(orders), Name: aws.String("live"), FunctionVersion: v.Version})
	return err
}

// whatItMayDo: the function's second gate.
func whatItMayDo() []step {
	callOut := func(allowed bool) step {
		return step{
			ask: "the function orders invokes billing with its role", action: invokeAction, allowed: allowed, role: true,
			do: calls(orders, `{"call":"billing"}`),
		}
	}
	return []step{
		callOut(false).after("a second function, billing, with the same role", func(ctx context.Context, s *stage) error {
			_, err := s.create(ctx, "root", billing, arnOfRole(executionRole))
			return err
		}),
		callOut(true).after("the role may invoke billing; orders stays warm", func(ctx context.Context, s *stage) error {
			return s.roleMay(ctx, "billing", statement(invokeAction, arnOfFunction(billing)))
		}),
		{
			ask: "Lambda writes the logs of orders with its role", action: newLogAction, role: true,
			do: func(ctx context.Context, s *stage) (string, error) { return s.logged(ctx, newLogAction) },
		},
		{
			change: "the role gets AWSLambdaBasicExecutionRole",
			ask:    "Lambda writes the logs of orders with its role", action: putLogsAction, allowed: true, role: true,
			prepare: func(ctx context.Context, s *stage) error {
				_, err := s.people["root"].iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{
					RoleName: aws.String(executionRole), PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
				})
				return err
			},
			do: func(ctx context.Context, s *stage) (string, error) {
				id, err := s.logged(ctx, putLogsAction)
				if err != nil {
					return id, err
				}
				return id, s.saw(ctx, "orders received")
			},
		},
	}
}

// calls invokes a function, which calls something itself, and gives the request
// id of the inner call.
func calls(function, event string) func(context.Context, *stage) (string, error) {
	return func(ctx context.Context, s *stage) (string, error) {
		_, raw, err := s.invoke(ctx, "root", function, event)
		if err != nil {
			return "", err
		}
		var inner struct {
			Status    int    `json:"status"`
			RequestID string `json:"requestId"`
			Body      string `json:"body"`
		}
		if err := json.Unmarshal(raw, &inner); err != nil {
			return "", err
		}
		if inner.Status != 200 && inner.Status != 403 {
			return "", fmt.Errorf("the call was answered with %d: %s", inner.Status, inner.Body)
		}
		return inner.RequestID, nil
	}
}

// roleMay gives the role an inline policy.
func (s *stage) roleMay(ctx context.Context, name, statements string) error {
	_, err := s.people["root"].iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(executionRole), PolicyName: &name, PolicyDocument: aws.String(document(statements)),
	})
	return err
}

// roleMayNot takes it away again.
func (s *stage) roleMayNot(ctx context.Context, name string) error {
	_, err := s.people["root"].iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(executionRole), PolicyName: &name})
	return err
}

// logged invokes orders, and waits for the decision on the log write that follows.
func (s *stage) logged(ctx context.Context, action string) (string, error) {
	seen, err := s.client().last(ctx)
	if err != nil {
		return "", err
	}
	if _, _, err := s.invoke(ctx, "root", orders, `{}`); err != nil {
		return "", err
	}
	return s.await(ctx, seen, action, nil)
}

// refusable makes a refusal by the server an answer like any other.
func refusable(requestID string, err error) (string, error) {
	var refused smithy.APIError
	if errors.As(err, &refused) && requestID != "" {
		return requestID, nil
	}
	return requestID, err
}
