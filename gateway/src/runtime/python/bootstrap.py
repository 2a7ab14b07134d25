"""The runtime of a Python function, where AWS's own (awslambdaric) is not installed.

It speaks Lambda's Runtime API and has the forms of awslambdaric 4.2.2: errors, context, logs, JSON.
`.ci/runtimes/python.py` holds it to that, handler by handler. Python 3.8 and newer, and nothing but
the standard library; what is slow to import (http, email, ssl) is not imported.
"""

import decimal
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

API = "/2018-06-01/runtime/"
JSON = "application/json"
TIME = "%Y-%m-%dT%H:%M:%S"


class Fault(Exception):
    """An error that the runtime itself reports: its type, its text, its stack."""

    def __init__(self, kind, text, stack=None):
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.stack = stack or []


class Failed(Exception):
    """The Runtime API has refused something, or is gone."""


# JSON, as simplejson writes it for awslambdaric.

# From this version on, characters beyond ASCII are written as they are.
UNESCAPED = tuple("AWS_Lambda_python3.%d" % minor for minor in range(12, 16))


class Encoder:
    """Writes values as JSON: bytes are text, named tuples objects, decimals numbers with all their
    digits, and NaN is NaN."""

    def __init__(self, unescaped):
        encoder = json.encoder
        self.text = encoder.encode_basestring if unescaped else encoder.encode_basestring_ascii
        self.parents = set()

    def encode(self, value):
        self.parents = set()
        chunks = []
        self.write(value, chunks.append)
        return "".join(chunks)

    def write(self, value, out):
        if isinstance(value, (str, bytes)):
            out(self.text(value if isinstance(value, str) else str(value, "utf-8")))
        elif value is None or value is True or value is False:
            out({None: "null", True: "true", False: "false"}[value])
        elif isinstance(value, int):
            out(int.__repr__(value))
        elif isinstance(value, float):
            out(number(value))
        elif isinstance(value, decimal.Decimal):
            out("NaN" if value.is_nan() else str(value))
        else:
            self.write_nested(value, out)

    def write_nested(self, value, out):
        if id(value) in self.parents:
            raise ValueError("Circular reference detected")
        self.parents.add(id(value))
        as_dict = getattr(value, "_asdict", None)
        if not isinstance(value, type) and callable(as_dict):
            members = as_dict()
            if not isinstance(members, dict):
                raise TypeError("_asdict() must return a dict, not %s" % type(members).__name__)
            self.write_members(members, out)
        elif isinstance(value, (list, tuple)):
            self.write_items(value, out)
        elif isinstance(value, dict):
            self.write_members(value, out)
        else:
            name = type(value).__name__
            raise TypeError("Object of type %s is not JSON serializable" % name)
        self.parents.discard(id(value))

    def write_items(self, items, out):
        out("[")
        for position, item in enumerate(items):
            if position:
                out(", ")
            self.write(item, out)
        out("]")

    def write_members(self, members, out):
        out("{")
        for position, (name, value) in enumerate(members.items()):
            if position:
                out(", ")
            out(self.text(key(name)))
            out(": ")
            self.write(value, out)
        out("}")


def number(value):
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def key(name):
    if isinstance(name, str):
        return name
    if isinstance(name, bytes):
        return str(name, "utf-8")
    if name is None or name is True or name is False:
        return {None: "null", True: "true", False: "false"}[name]
    if isinstance(name, float):
        return number(name)
    if isinstance(name, int):
        return int.__repr__(name)
    kind = type(name).__name__
    raise TypeError("keys must be str, int, float, bool or None, not %s" % kind)


ENCODER = Encoder(os.environ.get("AWS_EXECUTION_ENV") in UNESCAPED)


# The Runtime API.


class Client:
    """One connection, on which requests follow each other."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def next(self):
        """The next event: its headers, by their names in lower case, and its text."""
        status, headers, body = self.request("GET", "invocation/next", b"")
        if status != 200:
            raise Failed("Failed to get next: status %d" % status)
        return headers, body

    def post_result(self, request_id, result, kind):
        """Posts a result. One that is refused ends the process, as awslambdaric does."""
        body = result if isinstance(result, bytes) else result.encode("utf-8")
        path = "invocation/%s/response" % request_id
        status, _, answer = self.request("POST", path, body, [("Content-Type", kind)])
        if status != 202:
            text = "[ERROR] [%d] LAMBDA_RUNTIME Failed to post handler success response. " % (
                time.time() * 1000
            )
            sys.stdout.write("%sHttp response code: %d. %s\n" % (text, status, answer.decode()))
            raise RuntimeError("Failed to post invocation response")

    def post_error(self, path, error, kind=None):
        headers = [("Lambda-Runtime-Function-Error-Type", error["errorType"])]
        if kind:
            headers.append(("Content-Type", kind))
        status, _, answer = self.request("POST", path, ENCODER.encode(error).encode("utf-8"), headers)
        if status != 202:
            raise Failed("Failed to post an error: status %d, %s" % (status, answer.decode()))

    def request(self, method, path, body, headers=()):
        lines = ["%s %s%s HTTP/1.1" % (method, API, path), "Host: " + self.host]
        lines += ["%s: %s" % header for header in headers]
        if method == "POST":
            lines.append("Content-Length: %d" % len(body))
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode("latin-1", "replace") + body)
        status = self.line()
        if not status:
            raise Failed("The Runtime API has gone")
        received = {}
        for line in iter(self.line, ""):
            name, _, value = line.partition(":")
            received[name.strip().lower()] = value.strip()
        length = int(received.get("content-length", 0))
        return int(status.split(" ")[1]), received, self.reader.read(length)

    def line(self):
        return self.reader.readline().decode("latin-1").rstrip("\r\n")


# What a handler gets.


class Members:
    """An object with these attributes."""

    def __init__(self, kind, **members):
        self.__dict__.update(members)
        self.__class__ = type(kind, (Members,), {})

    def __repr__(self):
        members = ",".join("%s=%s" % member for member in self.__dict__.items())
        return "%s([%s])" % (type(self).__name__, members)


def as_client_context(text):
    """What a caller says of itself, as objects."""
    given = json.loads(text) if text else None
    if given is None:
        return None
    client = given.get("client")
    if client is not None:
        names = "installation_id app_title app_version_name app_version_code app_package_name"
        client = Members("Client", **{name: client.get(name) for name in names.split()})
    custom, env = given.get("custom"), given.get("env")
    return Members("ClientContext", custom=custom, env=env, client=client)


class LambdaContext:
    """The second argument of a handler."""

    def __init__(self, request_id, function_arn, deadline, tenant_id, client_context):
        self.aws_request_id = request_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = function_arn
        self.tenant_id = tenant_id
        # API Gateway sends neither.
        self.client_context = as_client_context(client_context)
        self.identity = Members(
            "CognitoIdentity", cognito_identity_id=None, cognito_identity_pool_id=None
        )
        self._deadline = deadline

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def w3c(self):
        return {}

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb "
            "function_version invoked_function_arn client_context identity tenant_id"
        )
        members = ("%s=%s" % (name, getattr(self, name)) for name in names.split())
        return "LambdaContext([%s])" % ",".join(members)


# Logs.


class Request:
    """The event that is being worked on, as log lines name it."""

    id = None
    tenant_id = None


class Unbuffered:
    """A stream on which nothing waits."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, text):
        self.stream.write(text)
        self.stream.flush()

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()


class LambdaLoggerHandler(logging.Handler):
    """Writes the root logger's records to standard output, whatever that is by then."""

    def emit(self, record):
        sys.stdout.write(self.format(record))


class RequestFilter(logging.Filter):
    """Tells each record its request."""

    def filter(self, record):
        record.aws_request_id = Request.id or ""
        record.tenant_id = Request.tenant_id
        return True


# What a record has of itself: everything else was given to it by `extra`.
OWN = set(vars(logging.makeLogRecord({}))) | {"message", "aws_request_id", "tenant_id", "asctime"}


class JsonFormatter(logging.Formatter):
    """A record as JSON on a line."""

    def format(self, record):
        level = min(50, max(0, record.levelno)) // 10 * 10
        is_object = isinstance(record.msg, dict) and not record.args
        kind, error, stack = record.exc_info or (None, None, None)
        result = {
            "timestamp": self.formatTime(record, TIME + "Z"),
            "level": logging.getLevelName(level),
            "message": record.msg if is_object else record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(stack) if kind else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": record.aws_request_id,
            "location": "%s:%s:%d" % (record.pathname, record.funcName, record.lineno)
            if kind
            else None,
            "tenantId": record.tenant_id,
        }
        for name, value in vars(record).items():
            if name not in OWN and name not in result:
                result[name] = value
        result = {name: value for name, value in result.items() if value is not None}
        return json.dumps(result, ensure_ascii=False, default=str) + "\n"


def logs_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    if logs_json():
        handler.setFormatter(JsonFormatter())
    else:
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(form, TIME))
    handler.addFilter(RequestFilter())
    logger = logging.getLogger()
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if isinstance(logging.getLevelName(level or None), int):
        logger.setLevel(level)
    logger.addHandler(handler)


def log_error(error):
    """An error's lines, with carriage returns between them: one record."""
    if logs_json():
        stamp = {"timestamp": time.strftime(TIME + "Z", time.gmtime()), "level": "ERROR"}
        sys.stdout.write(ENCODER.encode({**stamp, **error}) + "\n")
        return
    kind, text = error["errorType"], error["errorMessage"]
    first = "[ERROR]" + (" " + kind if kind else "")
    if text:
        first += (": " if kind else " ") + text
    lines = [first, "Traceback (most recent call last):"]
    for entry in error["stackTrace"]:
        for line in entry.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    sys.stdout.write("\r".join(lines) + "\n")


# Errors.


def error_of(text, kind, stack, request_id=""):
    return {"errorMessage": text, "errorType": kind, "requestId": request_id, "stackTrace": stack}


def error_of_exception(request_id=""):
    """The exception that is being handled, without the runtime's own frames before the code's."""
    kind, error, stack = sys.exc_info()
    frames = [tuple(frame) for frame in traceback.extract_tb(stack)]
    own = (position for position, frame in enumerate(frames) if "/bootstrap.py" not in frame[0])
    frames = frames[next(own, 0) :]
    return error_of(str(error), kind.__name__, traceback.format_list(frames), request_id)


# Handlers.


def find_handler(name):
    """The function that `module.function` or `folder/module.function` names."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        text = "not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (name, text))
    if module_name.split(".")[0] in sys.builtin_module_names:
        text = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", text)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        text = "Unable to import module '%s': %s" % (module_name, error)
        raise Fault("Runtime.ImportModuleError", text)
    except SyntaxError as error:
        place = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)
        text = "Syntax error in module '%s': %s" % (module_name, error)
        raise Fault("Runtime.UserCodeSyntaxError", text, [place])
    try:
        return getattr(module, function_name)
    except AttributeError:
        text = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise Fault("Runtime.HandlerNotFound", text)


def context_of(headers):
    return LambdaContext(
        headers["lambda-runtime-aws-request-id"],
        headers.get("lambda-runtime-invoked-function-arn"),
        int(headers.get("lambda-runtime-deadline-ms", 0)),
        headers.get("lambda-runtime-aws-tenant-id"),
        headers.get("lambda-runtime-client-context"),
    )


def event_of(body):
    try:
        return json.loads(body)
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)


def result_of(value):
    """What a handler's result is sent as, and its type."""
    if isinstance(value, bytes):
        return value, "application/unknown"
    try:
        return ENCODER.encode(value), JSON
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def serve_next(client, handler):
    headers, body = client.next()
    request_id = headers["lambda-runtime-aws-request-id"]
    Request.id = request_id
    Request.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    trace_id = headers.get("lambda-runtime-trace-id")
    if trace_id is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    # One frame of ours is above the handler's own, as awslambdaric has one.
    try:
        context = context_of(headers)
        event = event_of(body)
        value = handler(event, context)
        result, kind = result_of(value)
    except Fault as fault:
        error = error_of(fault.text, fault.kind, fault.stack, request_id)
    except Exception:
        error = error_of_exception(request_id)
    else:
        return client.post_result(request_id, result, kind)
    log_error(error)
    client.post_error("invocation/%s/error" % request_id, error, JSON)


def main():
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"])
    set_up_logging()
    # Where this file is, nothing is to be imported from.
    sys.path[0] = os.environ.get("LAMBDA_TASK_ROOT", os.getcwd())
    try:
        handler = find_handler(os.environ["_HANDLER"])
    except Fault as fault:
        error = error_of(fault.text, fault.kind, fault.stack)
    except Exception:
        error = error_of_exception()
    else:
        while True:
            serve_next(client, handler)
    log_error(error)
    client.post_error("init/error", error)
    sys.exit(1)


if __name__ == "__main__":
    main()
