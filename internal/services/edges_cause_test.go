package services

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// What causes one service to call another, each under a given request id.

func publish(c *crossing, request string) error {
	return ask(c, request, snsapi.Publish, &snsapi.PublishInput{TopicArn: ptr(topicARN), Message: ptr("hello")})
}

func subscribe(protocol, endpoint string, attributes map[string]string) func(*crossing) {
	return func(c *crossing) {
		c.Helper()
		do(c.T, c.Set, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: ptr(topicARN), Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
	}
}

func putObject(c *crossing, request string) error {
	return ask(c, request, s3api.PutObject, &s3api.PutObjectRequest{Bucket: ptr("edge-bucket"), Key: ptr("new"), Body: api.BytesStream([]byte("x"))})
}

func notify(n s3api.NotificationConfiguration) func(*crossing, string) error {
	return func(c *crossing, request string) error {
		return ask(c, request, s3api.PutBucketNotificationConfiguration, &s3api.PutBucketNotificationConfigurationRequest{Bucket: ptr("edge-bucket"), NotificationConfiguration: &n})
	}
}

var (
	created        = []string{"s3:ObjectCreated:*"}
	notifyFunction = notify(s3api.NotificationConfiguration{LambdaFunctionConfigurations: []s3api.LambdaFunctionConfiguration{{LambdaFunctionArn: ptr(functionARN), Events: created}}})
	notifyQueue    = notify(s3api.NotificationConfiguration{QueueConfigurations: []s3api.QueueConfiguration{{QueueArn: ptr(queueARN), Events: created}}})
	notifyTopic    = notify(s3api.NotificationConfiguration{TopicConfigurations: []s3api.TopicConfiguration{{TopicArn: ptr(topicARN), Events: created}}})
)

func invoke(kind, payload string) func(*crossing, string) error {
	return func(c *crossing, request string) error {
		return ask(c, request, lambdaapi.Invoke, &lambdaapi.InvocationRequest{FunctionName: ptr("worker"), InvocationType: &kind, Payload: []byte(payload)})
	}
}

// invokeSampled is an invoke whose caller decided that it is traced: of those that
// say nothing, Lambda takes one a second.
func invokeSampled(c *crossing, request string) error {
	_, err := c.Bus.Serve(context.Background(), &op.Call{
		Caller: caller.Root(account, caller.Key{}), Operation: lambdaapi.Invoke.Operation, Region: "us-east-1", RequestID: request,
		Input:  &lambdaapi.InvocationRequest{FunctionName: ptr("worker"), Payload: []byte("{}")},
		Origin: op.Origin{TraceID: "Root=1-6565a0b0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"},
	})
	return err
}

func send(c *crossing, request string) error {
	return ask(c, request, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: ptr(queueAt), MessageBody: ptr("{}")})
}

func makeMapping(c *crossing, request string) error {
	return ask(c, request, lambdaapi.CreateEventSourceMapping, &lambdaapi.CreateEventSourceMappingRequest{FunctionName: ptr("worker"), EventSourceArn: ptr(queueARN)})
}

// onEnd gives the function a destination, deadLetters a dead-letter target.
func onEnd(success bool, target string) func(*crossing, string) error {
	to := &lambdaapi.DestinationConfig{OnFailure: &lambdaapi.OnFailure{Destination: &target}}
	if success {
		to = &lambdaapi.DestinationConfig{OnSuccess: &lambdaapi.OnSuccess{Destination: &target}}
	}
	return func(c *crossing, request string) error {
		return ask(c, request, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{
			FunctionName: ptr("worker"), MaximumRetryAttempts: ptr(int32(0)), DestinationConfig: to,
		})
	}
}

func deadLetters(target string) func(*crossing, string) error {
	return func(c *crossing, request string) error {
		err := ask(c, request, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{
			FunctionName: ptr("worker"), DeadLetterConfig: &lambdaapi.DeadLetterConfig{TargetArn: &target},
		})
		c.settled("worker")
		return err
	}
}

// traced makes the function one with active tracing.
func traced(c *crossing, request string) error {
	err := ask(c, request, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{
		FunctionName: ptr("worker"), TracingConfig: &lambdaapi.TracingConfig{Mode: ptr("Active")},
	})
	c.settled("worker")
	return err
}

// arranged is a cause as a part of the arrangement.
func arranged(cause func(*crossing, string) error) func(*crossing) {
	return func(c *crossing) {
		c.Helper()
		if err := cause(c, ""); err != nil {
			c.Fatal(err)
		}
	}
}

func createFromZip(c *crossing, request string) error {
	return ask(c, request, lambdaapi.CreateFunction, &lambdaapi.CreateFunctionRequest{
		FunctionName: ptr("new"), Role: ptr(roleARN), Runtime: ptr("python3.11"), Handler: ptr("main.handler"), Code: &lambdaapi.FunctionCode{ZipFile: workerZip(c.T)},
	})
}

func createFromBucket(c *crossing, request string) error {
	_, err := op.Do(context.Background(), c.Bus, op.As{Caller: c.dev, Region: "us-east-1", RequestID: request}, lambdaapi.CreateFunction, &lambdaapi.CreateFunctionRequest{
		FunctionName: ptr("new"), Role: ptr(roleARN), Runtime: ptr("python3.11"), Handler: ptr("main.handler"),
		Code: &lambdaapi.FunctionCode{S3Bucket: ptr("edge-bucket"), S3Key: ptr("code.zip")},
	})
	return err
}

// defaultNetwork is a subnet of the default VPC, and its security group.
func defaultNetwork(c *crossing) *lambdaapi.VpcConfig {
	c.Helper()
	subnets := do(c.T, c.Set, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{}).Subnets
	groups := do(c.T, c.Set, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{}).SecurityGroups
	return &lambdaapi.VpcConfig{SubnetIds: []string{subnets[0].GetSubnetId()}, SecurityGroupIds: []string{groups[0].GetGroupId()}}
}

func intoVPC(c *crossing, request string, as caller.Caller, vpc *lambdaapi.VpcConfig) error {
	_, err := op.Do(context.Background(), c.Bus, op.As{Caller: as, Region: "us-east-1", RequestID: request}, lambdaapi.UpdateFunctionConfiguration,
		&lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("worker"), VpcConfig: vpc})
	return err
}

func entersVPC(c *crossing, request string) error {
	err := intoVPC(c, request, caller.Root(account, caller.Key{}), defaultNetwork(c))
	c.settled("worker")
	return err
}

func devEntersVPC(c *crossing, request string) error {
	err := intoVPC(c, request, c.dev, defaultNetwork(c))
	c.settled("worker")
	return err
}

func leavesVPC(c *crossing, request string) error {
	err := intoVPC(c, request, caller.Root(account, caller.Key{}), &lambdaapi.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}})
	c.settled("worker")
	return err
}

// entersFullSubnet is an update that is accepted, and fails.
func entersFullSubnet(c *crossing, request string) error {
	vpc := do(c.T, c.Set, ec2api.CreateVpc, &ec2api.CreateVpcRequest{CidrBlock: ptr("10.0.0.0/28")}).Vpc.VpcId
	subnet := do(c.T, c.Set, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: vpc, CidrBlock: ptr("10.0.0.0/28")}).Subnet.SubnetId
	group := do(c.T, c.Set, ec2api.CreateSecurityGroup, &ec2api.CreateSecurityGroupRequest{VpcId: vpc, GroupName: ptr("full"), Description: ptr("full")}).GroupId
	for range 11 { // of sixteen addresses AWS keeps five
		do(c.T, c.Set, ec2api.CreateNetworkInterface, &ec2api.CreateNetworkInterfaceRequest{SubnetId: subnet})
	}
	err := intoVPC(c, request, caller.Root(account, caller.Key{}), &lambdaapi.VpcConfig{SubnetIds: []string{*subnet}, SecurityGroupIds: []string{*group}})
	c.over("worker")
	return err
}

func newCode(c *crossing, request string) error {
	err := ask(c, request, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("worker"), ZipFile: workerZip(c.T)})
	c.over("worker")
	return err
}
