# The function of the crash test: forwards the body of every message that its
# mapping hands it to the queue OUT, and answers only when that was acknowledged.
# It signs by hand, so that the test needs no SDK for Python.
import datetime, hashlib, hmac, json, os, urllib.request


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def send(queue, text):
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    host, region = endpoint.split("://")[1].rstrip("/"), os.environ["AWS_REGION"]
    body = json.dumps({"QueueUrl": queue, "MessageBody": text})
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": host,
        "x-amz-date": now,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": "AmazonSQS.SendMessage",
    }
    names = ";".join(headers)
    request = "\n".join(["POST", "/", ""] + [f"{k}:{v}" for k, v in headers.items()]
                        + ["", names, hashlib.sha256(body.encode()).hexdigest()])
    scope = f"{now[:8]}/{region}/sqs/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
                                f"SignedHeaders={names}, Signature={sign(key, text).hex()}")
    urllib.request.urlopen(urllib.request.Request(endpoint, body.encode(), headers)).read()


def handler(event, context):
    for message in event.get("Records", []):
        send(os.environ["OUT"], message["body"])
    return event
