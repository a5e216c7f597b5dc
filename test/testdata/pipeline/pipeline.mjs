// S3 -> SNS -> SQS -> mapping -> function -> S3, with the AWS SDK for JavaScript v3.
// See pipeline_test.go.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as iam from "@aws-sdk/client-iam";
import * as lambda from "@aws-sdk/client-lambda";
import * as s3 from "@aws-sdk/client-s3";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";

const { ACCOUNT: account, NAME: name } = process.env;
const roles = new iam.IAMClient(), functions = new lambda.LambdaClient(), topics = new sns.SNSClient(), queues = new sqs.SQSClient();
// Bucket names are no host names here.
const objects = new s3.S3Client({ forcePathStyle: true });
const policy = (...statements) => JSON.stringify({ Version: "2012-10-17", Statement: statements });

const source = `${name}-in`, target = `${name}-out`;
await objects.send(new s3.CreateBucketCommand({ Bucket: source }));
await objects.send(new s3.CreateBucketCommand({ Bucket: target }));
const { TopicArn: topic } = await topics.send(new sns.CreateTopicCommand({ Name: name }));
const { QueueUrl: queue } = await queues.send(new sqs.CreateQueueCommand({ QueueName: name }));
const { Attributes: { QueueArn: queueArn } } = await queues.send(new sqs.GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ["QueueArn"] }));

// The topic does not let the bucket in yet.
const notify = () => objects.send(new s3.PutBucketNotificationConfigurationCommand({
	Bucket: source,
	NotificationConfiguration: { TopicConfigurations: [{ TopicArn: topic, Events: ["s3:ObjectCreated:*"], Filter: { Key: { FilterRules: [{ Name: "prefix", Value: "new/" }] } } }] },
}));
const refusal = await notify().then(() => "accepted", (e) => e.name);
if (refusal !== "InvalidArgument") throw new Error(`the notification: ${refusal}`);

await topics.send(new sns.SetTopicAttributesCommand({
	TopicArn: topic, AttributeName: "Policy", AttributeValue: policy({
		Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sns:Publish", Resource: topic,
		Condition: { ArnEquals: { "aws:SourceArn": `arn:aws:s3:::${source}` }, StringEquals: { "aws:SourceAccount": account } },
	}),
}));
await notify();
await queues.send(new sqs.SetQueueAttributesCommand({
	QueueUrl: queue, Attributes: {
		Policy: policy({
			Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "sqs:SendMessage", Resource: queueArn,
			Condition: { ArnEquals: { "aws:SourceArn": topic } },
		}),
	},
}));
await topics.send(new sns.SubscribeCommand({ TopicArn: topic, Protocol: "sqs", Endpoint: queueArn }));

const { Role: role } = await roles.send(new iam.CreateRoleCommand({
	RoleName: name, AssumeRolePolicyDocument: policy({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }),
}));
await roles.send(new iam.PutRolePolicyCommand({
	RoleName: name, PolicyName: "work", PolicyDocument: policy(
		{ Effect: "Allow", Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource: queueArn },
		{ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${source}/new/*` },
		{ Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${target}/*` },
	),
}));
await functions.send(new lambda.CreateFunctionCommand({
	FunctionName: name, Runtime: "python3.11", Role: role.Arn, Handler: "main.handler", Timeout: 25,
	Code: { ZipFile: readFileSync(process.env.FUNCTION_ZIP) }, Environment: { Variables: { OUT: target } },
}));
await lambda.waitUntilFunctionActiveV2({ client: functions, maxWaitTime: 30 }, { FunctionName: name });
await functions.send(new lambda.CreateEventSourceMappingCommand({ FunctionName: name, EventSourceArn: queueArn }));

await objects.send(new s3.PutObjectCommand({ Bucket: source, Key: "new/greeting.txt", Body: "hello" }));
for (const deadline = Date.now() + 60_000; ;) {
	try {
		const made = await objects.send(new s3.GetObjectCommand({ Bucket: target, Key: "new/greeting.txt" }));
		console.log(await made.Body.transformToString(), made.Metadata.forbidden);
		break;
	} catch (e) {
		if (e.name !== "NoSuchKey" || Date.now() > deadline) throw e;
		await sleep(100);
	}
}
