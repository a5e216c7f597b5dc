"""Runs a Python function: takes events from the Lambda Runtime API, one at a
time over one connection, and hands back what the handler makes of them.

Everything imported here is paid for at every cold start, so nothing is but what
each of them needs: JSON goes through the C functions beneath the json module,
HTTP through a bare socket. What only some functions need, and what is needed
when something failed, is in sallyport_rare.
"""

import sys

import _socket
import builtins
import os
import time

ROOT = "/2018-06-01/runtime/"

# What a function sees of the invocation that is running.
request_id = None


class Fault(Exception):
    """A failure with a name of Lambda's: Runtime.HandlerNotFound."""

    def __init__(self, kind, message, trace=()):
        Exception.__init__(self, message)
        self.kind = kind
        self.trace = list(trace)


class Connection:
    """One connection to the Runtime API. Its end is the end of the process."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host = address
        self.rest = b""
        self.socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)

    def get(self, path):
        return ("GET %s%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (ROOT, path, self.host)).encode()

    def post(self, path, body, kind=""):
        if kind:
            kind = "Lambda-Runtime-Function-Error-Type: %s\r\n" % kind
        return (
            "POST %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
            % (ROOT, path, self.host, kind, len(body))
        ).encode() + body

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """Reads one response: status, headers by lower-case name, body."""
        data = self.rest
        end = data.find(b"\r\n\r\n")
        while end < 0:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("the Runtime API closed the connection")
            data += more
            end = data.find(b"\r\n\r\n")
        lines = data[:end].split(b"\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        end += 4
        length = int(headers[b"content-length"])
        if len(data) - end >= length:
            self.rest = data[end + length :]
            return lines[0][9:12], headers, data[end : end + length]
        self.rest = b""
        return lines[0][9:12], headers, self.fill(data[end:], length)

    def fill(self, start, length):
        """Reads the rest of a body of which the start is there."""
        body = bytearray(length)
        at = len(start)
        body[:at] = start
        view = memoryview(body)
        while at < length:
            n = self.socket.recv_into(view[at:])
            if n == 0:
                raise EOFError("the Runtime API closed the connection")
            at += n
        return body


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self):
        self.cognito_identity_id = None
        self.cognito_identity_pool_id = None


class LambdaContext:
    """The second argument of a handler, as AWS documents it."""

    def __init__(self, function, headers):
        self.__dict__.update(function)
        self.aws_request_id = request_id
        self.invoked_function_arn = text(headers, b"lambda-runtime-invoked-function-arn")
        self.client_context = None
        self.identity = CognitoIdentity()
        self._epoch_deadline_time_in_ms = int(headers.get(b"lambda-runtime-deadline-ms", b"0"))
        if b"lambda-runtime-client-context" in headers or b"lambda-runtime-cognito-identity" in headers:
            import sallyport_rare

            sallyport_rare.add_client(self, headers)

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return "LambdaContext([%s])" % ",".join("%s=%s" % item for item in self.__dict__.items())


def about_function():
    """What the context of every invocation says."""
    get = os.environ.get
    return {
        "log_group_name": get("AWS_LAMBDA_LOG_GROUP_NAME"),
        "log_stream_name": get("AWS_LAMBDA_LOG_STREAM_NAME"),
        "function_name": get("AWS_LAMBDA_FUNCTION_NAME"),
        "memory_limit_in_mb": get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        "function_version": get("AWS_LAMBDA_FUNCTION_VERSION"),
    }


def text(headers, name):
    value = headers.get(name)
    return None if value is None else value.decode("utf-8", "replace")


def not_serializable(value):
    """Lambda takes one type beside JSON's: decimal numbers."""
    if type(value).__module__ in ("decimal", "_decimal") and type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


class Parser:
    """What the C scanner asks for in the place of a json.JSONDecoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__
    memo = {}


def make_json():
    """Gives the two functions between bytes and values."""
    # Since 3.12, Lambda leaves characters beyond ASCII as they are.
    runtime = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python3.")[2]
    ascii_only = not runtime.isdigit() or int(runtime) < 12

    def slow_loads(data):
        import json

        return json.loads(bytes(data))

    def slow_dumps(value):
        import json

        return json.dumps(value, ensure_ascii=ascii_only, default=not_serializable).encode()

    try:
        import _json

        scan = _json.make_scanner(Parser)
        encode_string = _json.encode_basestring_ascii if ascii_only else _json.encode_basestring
        make_encoder = _json.make_encoder
        make_encoder({}, not_serializable, encode_string, None, ": ", ", ", False, False, True)("", 0)
    except Exception:  # another Python than CPython, or one to come
        return slow_loads, slow_dumps

    def loads(data):
        try:
            string = data.decode()
            value, end = scan(string, 0)
            if end == len(string):
                return value
        except (StopIteration, ValueError):
            pass
        return slow_loads(data)  # spaces around it, or an error to be worded

    def dumps(value):
        encoder = make_encoder({}, not_serializable, encode_string, None, ": ", ", ", False, False, True)
        string = "".join(encoder(value, 0))
        try:
            return string.encode()
        except UnicodeEncodeError:  # half a surrogate pair
            import json

            return json.dumps(value, default=not_serializable).encode()

    return loads, dumps


class LoggingHook:
    """Waits for the function to import logging, and gives it Lambda's handler."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(LoggingHook)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            import sallyport_logging

            sallyport_logging.prepare(module)

        spec.loader.exec_module = exec_module
        return spec


def load(handler):
    """Imports the module of a handler and gives the function."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler,
        )
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % module_name,
        )
    try:
        path = module_name.replace("/", ".")
        __import__(path)
        module = sys.modules[path]
    except ImportError as e:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, e)) from e
    except SyntaxError as e:
        trace = ['  File "%s" Line %s\n    %s' % (e.filename, e.lineno, e.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, e), trace) from e
    try:
        return getattr(module, name)
    except AttributeError as e:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (name, module_name)) from e


def layer_folders(runtime_dir, layer_dir):
    """What layers bring for one release, then what they bring for all, unless the
    function has a PYTHONPATH of its own. The release is the one that was asked for:
    whoever packs a layer knows no other."""
    if not layer_dir or os.environ.get("PYTHONPATH", runtime_dir) != runtime_dir:
        return []
    release = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python")[2] or "%d.%d" % sys.version_info[:2]
    folders = [layer_dir + "/python/lib/python" + release + "/site-packages", layer_dir + "/python"]
    return [folder for folder in folders if os.path.isdir(folder)]


def prepare(runtime_dir, task_dir, layer_dir, libraries):
    """Makes the process look like Lambda's: module path, output, logging."""
    layers = layer_folders(runtime_dir, layer_dir)
    rest = [folder for folder in sys.path if folder != runtime_dir]
    sys.path[:] = [task_dir] + layers + [runtime_dir] + rest + libraries
    for folder in [task_dir] + layers:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if any(name.endswith(".pth") for name in names):
            import site

            site.addsitedir(folder)
    # They come with the site module, which is not loaded.
    builtins.exit = builtins.quit = sys.exit
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.meta_path.insert(0, LoggingHook)


def flush():
    """Writes out what was printed, so that it belongs to this invocation."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed or replaced by the function
            pass


def invoke(handler, context, body, loads, dumps):
    """Runs the handler on one event and gives the response's body."""
    try:
        event = loads(body)
    except Exception as e:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % e) from e
    result = handler(event, context)
    try:
        return dumps(result)
    except Exception as e:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % e) from e


def begin(headers):
    """Tells the function's process which invocation it is in."""
    global request_id
    request_id = headers[b"lambda-runtime-aws-request-id"].decode()
    trace = text(headers, b"lambda-runtime-trace-id")
    if trace is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    elif "_X_AMZN_TRACE_ID" in os.environ:
        del os.environ["_X_AMZN_TRACE_ID"]


def run():
    runtime_dir, task_dir, layer_dir, name = sys.argv[1:5]
    libraries = sys.argv[5:]
    sys.argv[:] = [runtime_dir + "/bootstrap.py", name]
    api = Connection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    prepare(runtime_dir, task_dir, layer_dir, libraries)
    function = about_function()
    try:
        handler = load(name)
    except Exception as e:
        import sallyport_rare

        kind, body = sallyport_rare.describe(e, "")
        flush()
        api.send(api.post("init/error", body, kind))
        api.receive()
        sys.exit(1)
    serve(api, handler, function)


def serve(api, handler, function):
    """Takes events for as long as there are any."""
    loads, dumps = make_json()
    flush()
    following = api.get("invocation/next")
    api.send(following)
    while True:
        status, headers, body = api.receive()
        if status != b"200":
            raise ConnectionError("the Runtime API answered %s" % status.decode())
        begin(headers)
        try:
            body = invoke(handler, LambdaContext(function, headers), body, loads, dumps)
            answer = api.post("invocation/%s/response" % request_id, body)
        except Exception as e:
            import sallyport_rare

            kind, body = sallyport_rare.describe(e, request_id)
            answer = api.post("invocation/%s/error" % request_id, body, kind)
        flush()
        # The next event is asked for in the same breath. Whether this answer
        # was taken is Lambda's business: a late one is refused and forgotten.
        api.send(answer + following)
        api.receive()
