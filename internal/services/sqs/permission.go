package sqs

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// grantable are the actions that AddPermission lets other accounts do (API
// reference, AddPermission); every other one is the owner's.
var grantable = [...]string{
	"*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues",
	"PurgeQueue", "ReceiveMessage", "SendMessage",
}

// Bounds of a statement and a policy (AddPermission; Developer Guide, "Amazon
// SQS policy quotas").
const (
	actionsPerStatement = 7
	statementsPerPolicy = 20
)

func (s *Service) addPermission(ctx context.Context, c *op.Call, in *sqsapi.AddPermissionRequest) (*api.Empty, error) {
	if err := checkPermission(in); err != nil {
		return nil, err
	}
	err := s.change(ctx, c, func(_ *store.Tx, l *line, q *queue) error {
		d, err := q.document(l.ref)
		if err != nil {
			return err
		}
		if statementOf(d, in.GetLabel()) >= 0 {
			return invalidValue(in.GetLabel(), "Label", "Already exists.")
		}
		if len(d.Statements) >= statementsPerPolicy {
			return overLimit("%d Statements were found, maximum allowed is %d.", len(d.Statements)+1, statementsPerPolicy)
		}
		d.Statements, d.Lone = append(d.Statements, permission(l.ref, in)), false
		return s.keep(q, d)
	})
	return &api.Empty{}, err
}

func checkPermission(in *sqsapi.AddPermissionRequest) error {
	label := in.GetLabel()
	switch {
	case label == "":
		return missing("Label")
	case len(label) > 80 || !isWord(label):
		return invalidValue(label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	case len(in.Actions) == 0:
		return missing("Actions")
	case len(in.AWSAccountIds) == 0:
		return invalidValue("[]", "PrincipalId", "Unable to verify.")
	case len(in.Actions) > actionsPerStatement:
		return overLimit("%d Actions were found, maximum allowed is %d.", len(in.Actions), actionsPerStatement)
	}
	for _, account := range in.AWSAccountIds {
		if !id.IsAccount(account) {
			return invalidValue("["+account+"]", "PrincipalId", "Unable to verify.")
		}
	}
	for _, action := range in.Actions {
		if slices.Contains(grantable[:], action) {
			continue
		}
		if !slices.ContainsFunc(sqsapi.Service.Operations, func(o *api.Operation) bool { return o.Name == action }) {
			return invalidValue("SQS:"+action, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions. ")
		}
		return invalidValue("SQS:"+action, "ActionName", "Only the queue owner is allowed to invoke this action.")
	}
	return nil
}

// permission is the statement AddPermission makes.
func permission(r ref, in *sqsapi.AddPermissionRequest) policy.Statement {
	var roots, actions []string
	for _, account := range in.AWSAccountIds {
		roots = append(roots, "arn:"+op.Partition+":iam::"+account+":root")
	}
	for _, action := range in.Actions {
		actions = append(actions, "SQS:"+action)
	}
	return policy.Statement{
		SID: in.Label, Effect: "Allow",
		Principal: &policy.Principals{Entries: []policy.PrincipalEntry{{Type: "AWS", Values: *several(roots)}}},
		Action:    several(actions), Resource: policy.One(r.arn()),
	}
}

// several is a list, written as a string when it has one value.
func several(values []string) *policy.Values {
	return &policy.Values{Items: values, Lone: len(values) == 1}
}

func (s *Service) removePermission(ctx context.Context, c *op.Call, in *sqsapi.RemovePermissionRequest) (*api.Empty, error) {
	if in.GetLabel() == "" {
		return nil, missing("Label")
	}
	err := s.change(ctx, c, func(_ *store.Tx, l *line, q *queue) error {
		d, err := q.document(l.ref)
		if err != nil {
			return err
		}
		i := statementOf(d, in.GetLabel())
		if i < 0 {
			return invalidValue(in.GetLabel(), "Label", "can't find label.")
		}
		d.Statements = slices.Delete(d.Statements, i, i+1)
		return s.keep(q, d)
	})
	return &api.Empty{}, err
}

func statementOf(d *policy.Document, sid string) int {
	return slices.IndexFunc(d.Statements, func(x policy.Statement) bool { return x.Sid() == sid })
}

// document is the queue's policy to change; a queue without one gets AWS's.
func (q *queue) document(r ref) (*policy.Document, error) {
	if q.Policy == nil {
		return &policy.Document{Version: policy.Version2008, ID: r.arn() + "/SQSDefaultPolicy"}, nil
	}
	return policy.Parse([]byte(q.Policy.Document))
}

// keep stores a changed policy; one without statements goes. The principals it
// had keep their ids: nobody who took over a name since is let in.
func (s *Service) keep(q *queue, d *policy.Document) error {
	if len(d.Statements) == 0 {
		q.Policy = nil
		return nil
	}
	text := string(d.JSON())
	if len(text) > limits.QueuePolicy {
		return overLimit("The policy has %d bytes, maximum allowed is %d.", len(text), limits.QueuePolicy)
	}
	p := &resourcepolicy.Policy{Document: text}
	if q.Policy != nil {
		p.IDs = q.Policy.IDs
	}
	q.Policy = p
	return nil
}
