"""The function of the tour: it logs, and if asked to calls another function or
puts an object into a bucket.

Only the standard library is used, so that it runs on any Python.
"""
import datetime
import hashlib
import hmac
import http.client
import json
import os


def handler(event, context):
    print("orders received", json.dumps(event))
    if "call" in event:
        return call("lambda", "POST", "/2015-03-31/functions/" + event["call"] + "/invocations", b"{}")
    if "put" in event:
        return call("s3", "PUT", "/" + event["put"], b"a report")
    return {"done": True}


def call(service, method, path, body):
    """Calls AWS with the execution role's credentials."""
    host = os.environ["AWS_ENDPOINT_URL"].split("//")[1].rstrip("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(method, path, body, sign(service, method, host, path, body))
    answer = connection.getresponse()
    text = answer.read().decode()
    request = answer.getheader("x-amzn-RequestId") or answer.getheader("x-amz-request-id")
    return {"status": answer.status, "requestId": request, "body": text}


def sign(service, method, host, path, body):
    """The headers of a request signed with Signature Version 4."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day, region = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d"), os.environ["AWS_REGION"]
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
    }
    names = ";".join(sorted(headers))
    lines = [k + ":" + headers[k] for k in sorted(headers)]
    canonical = "\n".join([method, path, "", *lines, "", names, digest])
    scope = "/".join([day, region, service, "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in (day, region, service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=%s, Signature=%s" % (credential, names, key.hex())
    return headers
