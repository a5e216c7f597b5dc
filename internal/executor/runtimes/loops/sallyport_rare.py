"""What sallyport_loop needs only sometimes: errors and client contexts."""

import json
import sys

import sallyport_loop


def describe(error, request_id):
    """Logs an error as Lambda does. Gives its type and its JSON."""
    if isinstance(error, sallyport_loop.Fault):
        kind, trace = error.kind, error.trace
    else:
        kind, trace = type(error).__name__, stack(error)
    message = text(error)
    lines = ["[ERROR] %s: %s" % (kind, message) if message else "[ERROR] %s" % kind]
    lines.append("Traceback (most recent call last):")
    for entry in trace:
        lines.extend(entry.rstrip("\n").split("\n"))
    try:
        sys.stdout.write("\n".join(lines) + "\n")
    except Exception:  # closed or replaced by the function
        pass
    body = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
    # A header holds one line of ASCII.
    return "".join(c if "!" <= c <= "~" else "?" for c in kind), json.dumps(body).encode()


def text(error):
    try:
        return str(error)
    except Exception as e:
        return "<the error's text failed: %s>" % type(e).__name__


def stack(error):
    """The calls from the handler on: those of the loop are left out."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    first = 0
    while first < len(frames) and not_of_the_function(frames[first].filename):
        first += 1
    return traceback.format_list(frames[first:])


def not_of_the_function(filename):
    return filename == sallyport_loop.__file__ or filename.startswith("<frozen importlib")


class Client:
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext:
    __slots__ = ("custom", "env", "client")


def add_client(context, headers):
    """Fills in what a mobile client says of itself and its user."""
    said = parse(headers, b"lambda-runtime-client-context")
    if said is not None:
        context.client_context = client_context = ClientContext()
        client_context.custom = said.get("custom")
        client_context.env = said.get("env")
        client_context.client = None
        if isinstance(said.get("client"), dict):
            client_context.client = client = Client()
            for name in Client.__slots__:
                setattr(client, name, said["client"].get(name))
    said = parse(headers, b"lambda-runtime-cognito-identity")
    if said is not None:
        context.identity.cognito_identity_id = said.get("cognitoIdentityId")
        context.identity.cognito_identity_pool_id = said.get("cognitoIdentityPoolId")


def parse(headers, name):
    """The JSON object in a header. What is no object is a failure of the invocation."""
    if not headers.get(name):
        return None
    try:
        said = json.loads(headers[name])
    except ValueError as e:
        raise sallyport_loop.Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse %s: %s" % (name.decode(), e)) from e
    return said if isinstance(said, dict) else None
