# S3 -> SNS -> SQS -> mapping -> function -> S3, with boto3. See pipeline_test.go.
import json, os, time
import boto3
from botocore.exceptions import ClientError

account, name = os.environ["ACCOUNT"], os.environ["NAME"]
iam, s3, sns, sqs, lam = (boto3.client(s) for s in ("iam", "s3", "sns", "sqs", "lambda"))

def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

source, target = name + "-in", name + "-out"
s3.create_bucket(Bucket=source)
s3.create_bucket(Bucket=target)
topic = sns.create_topic(Name=name)["TopicArn"]
queue = sqs.create_queue(QueueName=name)["QueueUrl"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

# The topic does not let the bucket in yet.
notification = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "new/"}]}}}]}
try:
    s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration=notification)
    raise AssertionError("the notification was accepted")
except ClientError as e:
    assert e.response["Error"]["Code"] == "InvalidArgument", e.response["Error"]

sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document({
    "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic,
    "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::" + source}, "StringEquals": {"aws:SourceAccount": account}}}))
s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration=notification)
sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document({
    "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue_arn,
    "Condition": {"ArnEquals": {"aws:SourceArn": topic}}})})
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)

role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}))["Role"]["Arn"]
iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document(
    {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "Resource": queue_arn},
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + source + "/new/*"},
    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::" + target + "/*"}))
with open(os.environ["FUNCTION_ZIP"], "rb") as f:
    lam.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="main.handler", Timeout=25, Code={"ZipFile": f.read()}, Environment={"Variables": {"OUT": target}})
lam.get_waiter("function_active_v2").wait(FunctionName=name)
lam.create_event_source_mapping(FunctionName=name, EventSourceArn=queue_arn)

s3.put_object(Bucket=source, Key="new/greeting.txt", Body=b"hello")
deadline = time.time() + 60
while True:
    try:
        made = s3.get_object(Bucket=target, Key="new/greeting.txt")
        break
    except s3.exceptions.NoSuchKey:
        assert time.time() < deadline, "nothing came out"
        time.sleep(0.1)
print(made["Body"].read().decode(), made["Metadata"]["forbidden"])
