# The function of the pipeline: reads the object that an S3 event tells of, which
# came through a topic and a queue, and writes what it made of it to the other
# bucket. It tries to write where its role may not, and tells how that went.
import json, os
import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")

def handler(event, context):
    for message in event["Records"]:
        for record in json.loads(json.loads(message["body"])["Message"]).get("Records", []):
            bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
            text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            try:
                s3.put_object(Bucket=bucket, Key="forbidden", Body=text)
                forbidden = "written"
            except ClientError as e:
                forbidden = e.response["Error"]["Code"]
            s3.put_object(Bucket=os.environ["OUT"], Key=key, Body=text.upper(), Metadata={"forbidden": forbidden})
