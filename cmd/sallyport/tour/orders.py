"""The function of the tour: it logs, and calls another function if asked to.

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
        return invoke(event["call"])
    return {"done": True}


def invoke(function):
    """Invokes a function with the execution role's credentials."""
    host = os.environ["AWS_ENDPOINT_URL"].split("//")[1].rstrip("/")
    path = "/2015-03-31/functions/" + function + "/invocations"
    headers = sign("POST", host, path, b"{}")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST", path, b"{}", headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    return {"status": answer.status, "requestId": answer.getheader("x-amzn-RequestId"), "body": body}


def sign(method, host, path, body):
    """The headers of a request signed with Signature Version 4."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day, region = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d"), os.environ["AWS_REGION"]
    headers = {"host": host, "x-amz-date": stamp, "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"]}
    names = ";".join(sorted(headers))
    lines = [k + ":" + headers[k] for k in sorted(headers)]
    canonical = "\n".join([method, path, "", *lines, "", names, hashlib.sha256(body).hexdigest()])
    scope = "/".join([day, region, "lambda", "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in (day, region, "lambda", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=%s, Signature=%s" % (credential, names, key.hex())
    return headers
