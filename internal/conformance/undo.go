package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/conformance/client"
)

// undo is a call that takes away what another one made.
type undo struct {
	call string
	as   string
	in   map[string]any
}

// cleanTime is how long taking away may last once a run was interrupted.
const cleanTime = 2 * time.Minute

// remember notes how to take away what a successful call made. Only what a call
// of this run made can be noted, and nothing else is ever deleted.
func (w *work) remember(call string, a actor, in map[string]any, answer *client.Answer) {
	in = named(in, answer)
	take := func(undoing string, members ...string) {
		input := map[string]any{}
		for _, m := range members {
			name, path, ok := strings.Cut(m, "=")
			if !ok {
				path = name
			}
			if v, err := at(in, path); err == nil {
				input[name] = v
			}
		}
		w.made = append(w.made, undo{undoing, a.admin, input})
	}
	switch call {
	case "lambda.CreateFunction":
		take("lambda.DeleteFunction", "FunctionName=$.FunctionArn")
		w.logged(a.admin, in["FunctionName"])
	case "lambda.CreateEventSourceMapping":
		take("lambda.DeleteEventSourceMapping", "UUID=$.UUID")
	case "lambda.PublishLayerVersion":
		take("lambda.DeleteLayerVersion", "LayerName=$.LayerArn", "VersionNumber=$.Version")
	case "lambda.CreateCodeSigningConfig":
		take("lambda.DeleteCodeSigningConfig", "CodeSigningConfigArn=$.CodeSigningConfig.CodeSigningConfigArn")
	case "lambda.CreateFunctionUrlConfig":
		take("lambda.DeleteFunctionUrlConfig", "FunctionName", "Qualifier")
	case "lambda.PutProvisionedConcurrencyConfig":
		take("lambda.DeleteProvisionedConcurrencyConfig", "FunctionName", "Qualifier")
	case "iam.CreateUser":
		take("iam.DeleteUser", "UserName")
	case "iam.CreateAccessKey":
		take("iam.DeleteAccessKey", "UserName", "AccessKeyId=$.AccessKey.AccessKeyId")
	case "iam.PutUserPolicy":
		take("iam.DeleteUserPolicy", "UserName", "PolicyName")
	case "iam.AttachUserPolicy":
		take("iam.DetachUserPolicy", "UserName", "PolicyArn")
	case "iam.PutUserPermissionsBoundary":
		take("iam.DeleteUserPermissionsBoundary", "UserName")
	case "iam.CreateRole":
		take("iam.DeleteRole", "RoleName")
	case "iam.PutRolePolicy":
		take("iam.DeleteRolePolicy", "RoleName", "PolicyName")
	case "iam.AttachRolePolicy":
		take("iam.DetachRolePolicy", "RoleName", "PolicyArn")
	case "iam.PutRolePermissionsBoundary":
		take("iam.DeleteRolePermissionsBoundary", "RoleName")
	case "iam.CreatePolicy":
		take("iam.DeletePolicy", "PolicyArn=$.Policy.Arn")
	case "sqs.CreateQueue":
		take("sqs.DeleteQueue", "QueueUrl=$.QueueUrl")
	case "sns.CreateTopic":
		take("sns.DeleteTopic", "TopicArn=$.TopicArn")
	case "s3.CreateBucket":
		take("s3.DeleteBucket", "Bucket")
	case "s3.PutObject":
		take("s3.DeleteObject", "Bucket", "Key")
	case "ec2.CreateVpc":
		take("ec2.DeleteVpc", "VpcId=$.Vpc.VpcId")
	case "ec2.CreateSubnet":
		take("ec2.DeleteSubnet", "SubnetId=$.Subnet.SubnetId")
	case "ec2.CreateSecurityGroup":
		take("ec2.DeleteSecurityGroup", "GroupId=$.GroupId")
	case "kms.CreateKey":
		take("kms.ScheduleKeyDeletion", "KeyId=$.KeyMetadata.KeyId", "PendingWindowInDays=$days")
	}
}

// named is the input with what undoing needs of the answer beside it.
func named(in map[string]any, answer *client.Answer) map[string]any {
	all := map[string]any{"$": answer.Out, "$days": 7.0}
	for k, v := range in {
		all[k] = v
	}
	return all
}

// logged notes the log group of a function. It is taken away when the run ends:
// what a function wrote can come in after the function is gone.
func (r *run) logged(admin string, function any) {
	name, _ := function.(string)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, undo{"logs.DeleteLogGroup", admin, map[string]any{"logGroupName": "/aws/lambda/" + name[strings.LastIndexByte(name, ':')+1:]}})
}

// gone are answers that say there is nothing to take away any more.
var gone = []string{"ResourceNotFoundException", "NoSuchEntity", "NoSuchBucket", "NoSuchKey", "NotFound", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFoundException", "KMSInvalidStateException", "ProvisionedConcurrencyConfigNotFoundException"}

// undo takes away what was made, newest first, also after an interrupt.
func (w *work) undo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	for _, u := range slices.Backward(w.made) {
		if err := w.undone(ctx, u); err != nil && w.Left != nil {
			w.Left(u.call+" "+show(u.in), err)
		}
	}
	w.made = nil
}

func (w *work) undone(ctx context.Context, u undo) error {
	as, err := w.scope.actor(u.as)
	if err != nil {
		return err
	}
	until := w.Clock.Now().Add(w.Patience)
	if n, ok := u.in["PendingWindowInDays"]; ok && n == "7" {
		u.in["PendingWindowInDays"] = 7
	}
	for {
		a, err := w.Client.Call(ctx, as.key, u.call, u.in)
		if err != nil {
			return err
		}
		if a.Code == "" || slices.ContainsFunc(gone, func(code string) bool { return strings.HasSuffix(a.Code, code) }) {
			return nil
		}
		if !w.Clock.Now().Before(until) {
			return errors.New(describe(a))
		}
		select {
		case <-w.Clock.After(2 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
