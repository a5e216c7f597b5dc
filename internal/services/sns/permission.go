package sns

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// grantable are the actions that AddPermission takes (SNS developer guide,
// "Allowed Amazon SNS actions"; others are "out of service scope").
var grantable = []string{
	"AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "Receive", "RemovePermission", "SetTopicAttributes", "Subscribe",
}

func (s *Service) addPermission(ctx context.Context, c *op.Call, in *snsapi.AddPermissionInput) (*api.Empty, error) {
	if err := checkGrant(in); err != nil {
		return nil, err
	}
	return s.changeTopic(ctx, c, in.GetTopicArn(), func(t *topic) error {
		d, err := policy.Parse([]byte(t.shownPolicy(s.directory)))
		if err != nil {
			return err
		}
		if labelled(d, in.GetLabel()) >= 0 {
			return invalid("Statement already exists")
		}
		if d.Statements = append(d.Statements, granted(t, in)); len(d.Statements) > limits.TopicStatements {
			return invalid("Policy statements limit exceeded")
		}
		t.Policy, err = s.newPolicy(string(d.JSON()))
		return err
	})
}

func checkGrant(in *snsapi.AddPermissionInput) error {
	for _, action := range in.ActionName {
		if !slices.Contains(grantable, action) {
			return invalid("Policy statement action out of service scope!")
		}
	}
	for _, account := range in.AWSAccountId {
		if !id.IsAccount(account) {
			return invalid("Policy Error: PrincipalNotFound")
		}
	}
	if len(in.ActionName) == 0 || len(in.AWSAccountId) == 0 || in.GetLabel() == "" {
		return invalid("Policy statement must have a label, actions and accounts")
	}
	return nil
}

// granted is the statement that AddPermission adds, as AWS prints it.
func granted(t *topic, in *snsapi.AddPermissionInput) policy.Statement {
	oneOrMany := func(all []string, prefix, suffix string) any {
		var out []string
		for _, v := range all {
			out = append(out, prefix+v+suffix)
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	}
	text, _ := json.Marshal(map[string]any{ // strings always have a form
		"Version": policy.Version2012,
		"Statement": []any{struct {
			Sid       string
			Effect    string
			Principal any
			Action    any
			Resource  string
		}{
			in.GetLabel(), "Allow",
			map[string]any{"AWS": oneOrMany(in.AWSAccountId, "arn:"+op.Partition+":iam::", ":root")},
			oneOrMany(in.ActionName, "SNS:", ""), t.name().arn(),
		}},
	})
	d, err := policy.Parse(text)
	if err != nil || len(d.Statements) != 1 {
		panic("sns: a statement of ours does not parse")
	}
	return d.Statements[0]
}

func labelled(d *policy.Document, label string) int {
	return slices.IndexFunc(d.Statements, func(s policy.Statement) bool { return s.Sid() == label })
}

func (s *Service) removePermission(ctx context.Context, c *op.Call, in *snsapi.RemovePermissionInput) (*api.Empty, error) {
	return s.changeTopic(ctx, c, in.GetTopicArn(), func(t *topic) error {
		d, err := policy.Parse([]byte(t.shownPolicy(s.directory)))
		if err != nil {
			return err
		}
		i := labelled(d, in.GetLabel())
		if i < 0 {
			return nil // AWS says nothing of a label that is not there
		}
		d.Statements = slices.Delete(slices.Clone(d.Statements), i, i+1)
		t.Policy, err = s.newPolicy(strings.TrimSpace(string(d.JSON())))
		return err
	})
}
