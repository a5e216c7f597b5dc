package services

import (
	"maps"
	"slices"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
)

const (
	asSNS    = "sns.amazonaws.com"
	asS3     = "s3.amazonaws.com"
	asLambda = "lambda.amazonaws.com"
)

// edges are all of them. Every row is asked twice: with an empty policy, and
// with the right one.
func edges() []edge {
	all := slices.Concat(pushes(), polls(), settings(), roles(), networks(), keys())
	for _, end := range []struct {
		name, payload string
		success       bool
	}{{"success", `{}`, true}, {"failure", `{"fail":true}`, false}} {
		for _, to := range sinks() {
			all = append(all, edge{
				name: "a record of " + end.name + " to " + to.name, call: "lambda -> " + to.operation,
				grant: byRole(to.action, to.resource, to.always...), arrange: arranged(onEnd(end.success, to.target)), cause: invoke("Event", end.payload),
				by: sessionARN, action: to.action, resource: to.resource,
			})
		}
	}
	for _, to := range sinks()[:2] {
		all = append(all, edge{
			name: "a dead letter to " + to.name, call: "lambda -> " + to.operation,
			grant: byRole(to.action, to.resource), arrange: arranged(deadLetters(to.target)), cause: invoke("Event", `{"fail":true}`),
			by: sessionARN, action: to.action, resource: to.resource,
		})
	}
	return all
}

type sinkRow struct {
	name, operation, target, action, resource string
	always                                    []any
}

func sinks() []sinkRow {
	return []sinkRow{
		{"a queue", "sqs.SendMessage", queueARN, "sqs:SendMessage", queueARN, nil},
		{"a topic", "sns.Publish", topicARN, "sns:Publish", topicARN, nil},
		{"a function", "lambda.Invoke", otherARN, "lambda:InvokeFunction", otherARN, nil},
		{"a bucket", "s3.PutObject", bucketARN, "s3:PutObject", bucketARN + "/*", []any{allowing("s3:ListBucket", bucketARN)}},
	}
}

// pushes: services as themselves, under the policy of what they call.
func pushes() []edge {
	dead := map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + queueARN + `"}`}
	return []edge{
		{name: "a message to a function", call: "sns -> lambda.Invoke", grant: byPermission(asSNS, topicARN), arrange: subscribe("lambda", functionARN, nil), cause: publish, by: asSNS, action: "lambda:InvokeFunction", resource: functionARN, source: topicARN},
		{name: "a message to a queue", call: "sns -> sqs.SendMessage", grant: byQueue(asSNS, topicARN), arrange: subscribe("sqs", queueARN, nil), cause: publish, by: asSNS, action: "sqs:SendMessage", resource: queueARN, source: topicARN},
		{name: "a message to a subscription's dead-letter queue", call: "sns -> sqs.SendMessage", grant: byQueue(asSNS, topicARN), arrange: subscribe("lambda", otherARN, dead), cause: publish, by: asSNS, action: "sqs:SendMessage", resource: queueARN, source: topicARN},

		{name: "a notification to a function", call: "s3 -> lambda.Invoke", grant: byPermission(asS3, bucketARN), arrange: arranged(notifyFunction), cause: putObject, by: asS3, action: "lambda:InvokeFunction", resource: functionARN, source: bucketARN},
		{name: "a notification to a queue", call: "s3 -> sqs.SendMessage", grant: byQueue(asS3, bucketARN), arrange: arranged(notifyQueue), cause: putObject, by: asS3, action: "sqs:SendMessage", resource: queueARN, source: bucketARN},
		{name: "a notification to a topic", call: "s3 -> sns.Publish", grant: byTopic(asS3, bucketARN), arrange: arranged(notifyTopic), cause: putObject, by: asS3, action: "sns:Publish", resource: topicARN, source: bucketARN},
		{name: "a dry run of a function to be notified", call: "s3 -> lambda.Invoke", grant: byPermission(asS3, bucketARN), cause: notifyFunction, refuses: true, by: asS3, action: "lambda:InvokeFunction", resource: functionARN, source: bucketARN},
		{name: "a test message to a queue", call: "s3 -> sqs.SendMessage", grant: byQueue(asS3, bucketARN), cause: notifyQueue, refuses: true, by: asS3, action: "sqs:SendMessage", resource: queueARN, source: bucketARN},
		{name: "a test message to a topic", call: "s3 -> sns.Publish", grant: byTopic(asS3, bucketARN), cause: notifyTopic, refuses: true, by: asS3, action: "sns:Publish", resource: topicARN, source: bucketARN},
	}
}

// polls: Lambda as the execution role, on the queue of a mapping.
func polls() []edge {
	receive, remove, look := allowing("sqs:ReceiveMessage", queueARN), allowing("sqs:DeleteMessage", queueARN), allowing("sqs:GetQueueAttributes", queueARN)
	return []edge{
		{name: "a poll", call: "lambda -> sqs.ReceiveMessage", grant: byRole("sqs:ReceiveMessage", queueARN, remove, look), arrange: arranged(makeMapping), orphan: true, by: sessionARN, action: "sqs:ReceiveMessage", resource: queueARN},
		{name: "the deletion of what was polled", call: "lambda -> sqs.DeleteMessageBatch", grant: byRole("sqs:DeleteMessage", queueARN, receive, look), arrange: arranged(makeMapping), cause: send, orphan: true, by: sessionARN, action: "sqs:DeleteMessage", resource: queueARN},
		{name: "a poll that a mapping will make", call: "lambda ~> sqs.ReceiveMessage", grant: byRole("sqs:ReceiveMessage", queueARN, remove, look), cause: makeMapping, refuses: true, by: sessionARN, action: "sqs:ReceiveMessage", resource: queueARN},
		{name: "a deletion that a mapping will make", call: "lambda ~> sqs.DeleteMessage", grant: byRole("sqs:DeleteMessage", queueARN, receive, look), cause: makeMapping, refuses: true, by: sessionARN, action: "sqs:DeleteMessage", resource: queueARN},
		{name: "a look at the queue of a mapping", call: "lambda -> sqs.GetQueueAttributes", grant: byRole("sqs:GetQueueAttributes", queueARN, receive, remove), cause: makeMapping, refuses: true, by: sessionARN, action: "sqs:GetQueueAttributes", resource: queueARN},
	}
}

// settings: what is tried as the execution role when it is configured.
func settings() []edge {
	list := allowing("s3:ListBucket", bucketARN)
	all := []edge{
		{name: "a bucket that a destination will list", call: "lambda ~> s3.ListObjectsV2", grant: byRole("s3:ListBucket", bucketARN, allowing("s3:PutObject", bucketARN+"/*")), cause: onEnd(true, bucketARN), refuses: true, by: sessionARN, action: "s3:ListBucket", resource: bucketARN},
		{name: "a bucket that a destination will write", call: "lambda ~> s3.PutObject", grant: byRole("s3:PutObject", bucketARN+"/*", list), cause: onEnd(true, bucketARN), refuses: true, by: sessionARN, action: "s3:PutObject", resource: bucketARN + "/*"},
	}
	for _, to := range sinks()[:3] {
		all = append(all, edge{name: "a destination that will be " + to.name, call: "lambda ~> " + to.operation, grant: byRole(to.action, to.resource), cause: onEnd(false, to.target), refuses: true, by: sessionARN, action: to.action, resource: to.resource})
	}
	for _, to := range sinks()[:2] {
		all = append(all, edge{name: "a dead-letter target that will be " + to.name, call: "lambda ~> " + to.operation, grant: byRole(to.action, to.resource), cause: deadLetters(to.target), refuses: true, by: sessionARN, action: to.action, resource: to.resource})
	}
	return all
}

// roles: becoming the execution role, and writing logs as it; and the user whose
// rights Lambda borrows.
func roles() []edge {
	const group = "arn:aws:logs:us-east-1:" + account + ":log-group:/aws/lambda/worker"
	makeGroup, makeStream, write := allowing("logs:CreateLogGroup", "*"), allowing("logs:CreateLogStream", "*"), allowing("logs:PutLogEvents", "*")
	logGroup := func(c *crossing) {
		do(c.T, c.Set, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: ptr("/aws/lambda/worker")})
	}
	work := invoke("RequestResponse", `{}`)
	assume := edge{call: "lambda -> sts.AssumeRole", grant: byTrust(), refuses: true, by: asLambda, action: "sts:AssumeRole", resource: roleARN, source: functionARN}
	environment, function, mapping := assume, assume, assume
	environment.name, environment.cause = "the role of an environment", work
	function.name, function.cause, function.source = "the role that a function is given", createFromZip, "arn:aws:lambda:us-east-1:"+account+":function:new"
	mapping.name, mapping.cause, mapping.grant = "the role of a mapping", makeMapping, both(byTrust(), byRole("sqs:*", queueARN))
	return []edge{
		environment, function, mapping,
		{name: "a new log group", call: "lambda -> logs.CreateLogGroup", grant: byRole("logs:CreateLogGroup", "*", makeStream, write), cause: work, orphan: true, by: sessionARN, action: "logs:CreateLogGroup", resource: group + "*"},
		{name: "a new log stream", call: "lambda -> logs.CreateLogStream", grant: byRole("logs:CreateLogStream", "*", makeGroup, write), arrange: logGroup, cause: work, orphan: true, by: sessionARN, action: "logs:CreateLogStream", resource: group + "*"},
		{name: "log lines", call: "lambda -> logs.PutLogEvents", grant: byRole("logs:PutLogEvents", "*", makeGroup, makeStream), cause: work, orphan: true, by: sessionARN, action: "logs:PutLogEvents", resource: group + "*"},
		{name: "segments of a traced function", call: "lambda -> xray.PutTraceSegments", grant: byRole("xray:PutTraceSegments", "*", allowing("xray:PutTelemetryRecords", "*")), arrange: arranged(traced), cause: invokeSampled, by: sessionARN, action: "xray:PutTraceSegments", resource: "*"},
		{name: "segments that a traced function will send", call: "lambda ~> xray.PutTraceSegments", grant: byRole("xray:PutTraceSegments", "*", allowing("xray:PutTelemetryRecords", "*")), cause: traced, refuses: true, by: sessionARN, action: "xray:PutTraceSegments", resource: "*"},
		{name: "records that a traced function will send", call: "lambda ~> xray.PutTelemetryRecords", grant: byRole("xray:PutTelemetryRecords", "*", allowing("xray:PutTraceSegments", "*")), cause: traced, refuses: true, by: sessionARN, action: "xray:PutTelemetryRecords", resource: "*"},
		{name: "code from a bucket", call: "lambda -> s3.GetObject", grant: byDev("s3:GetObject", bucketARN+"/*", allowing("lambda:*", "*"), allowing("iam:PassRole", "*")), cause: createFromBucket, refuses: true, by: devARN, action: "s3:GetObject", resource: bucketARN + "/code.zip"},
	}
}

// both gives two policies and takes the first one.
func both(first, always grant) grant {
	return grant{func(c *crossing) { c.Helper(); first.give(c); always.give(c) }, first.take}
}

// networks: a function that is put into a VPC. The caller looks at it, and the
// execution role makes and removes the network interfaces.
func networks() []edge {
	const ec2 = "arn:aws:ec2:us-east-1:" + account + ":"
	var all []edge
	look := []string{"DescribeSubnets", "DescribeSecurityGroups", "DescribeVpcs"}
	for _, verb := range look {
		all = append(all, edge{
			name: "what a caller's function will be in", call: "lambda -> ec2." + verb, cause: devEntersVPC, refuses: true,
			grant: both(byDev("ec2:"+verb, "*", append(allBut(look, verb), allowing("lambda:*", "*"))...), byRole("ec2:*", "*")),
			by:    devARN, action: "ec2:" + verb, resource: "*",
		})
	}
	work := map[string]string{
		"CreateNetworkInterface": ec2 + "subnet/*", "DescribeNetworkInterfaces": "*", "DeleteNetworkInterface": ec2 + "network-interface/*",
		"DescribeSubnets": "*", "AssignPrivateIpAddresses": ec2 + "network-interface/*", "UnassignPrivateIpAddresses": ec2 + "network-interface/*",
	}
	verbs := slices.Sorted(maps.Keys(work))
	for _, verb := range verbs {
		all = append(all, edge{
			name: "what a role will do for a function in a VPC", call: "lambda ~> ec2." + verb, cause: entersVPC, refuses: true,
			grant: byRole("ec2:"+verb, "*", allBut(verbs, verb)...), by: sessionARN, action: "ec2:" + verb, resource: work[verb],
		})
	}
	for verb, x := range map[string]struct {
		arrange func(*crossing, string) error
		cause   func(*crossing, string) error
	}{
		// New code for a function whose interface could not be made tries again to make it.
		"DescribeNetworkInterfaces": {entersFullSubnet, newCode}, "CreateNetworkInterface": {entersFullSubnet, newCode},
		"DeleteNetworkInterface": {entersVPC, leavesVPC},
	} {
		all = append(all, edge{
			name: "the network interface of a function", call: "lambda -> ec2." + verb, arrange: arranged(x.arrange), cause: x.cause,
			grant: byRole("ec2:"+verb, "*", allBut(verbs, verb)...), by: sessionARN, action: "ec2:" + verb, resource: work[verb],
		})
	}
	return all
}

// allBut allows all of EC2's actions but one.
func allBut(verbs []string, verb string) []any {
	var all []any
	for _, v := range verbs {
		if v != verb {
			all = append(all, allowing("ec2:"+v, "*"))
		}
	}
	return all
}
