#!/usr/bin/env python3
"""Holds our Python runtime to AWS's own, awslambdaric: one table of handlers, each run by both
against a small Runtime API that records what they post, write and end with.

    .ci/runtimes/python.py [--update]

It runs with the Python that has awslambdaric. Each row of the table must be what the committed page
`snapshots/runtimes/python.md` says, and a row in which the two differ must be explained (`WHY`).
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "gateway/src/runtime/python/bootstrap.py"
PAGE = ROOT / "snapshots/runtimes/python.md"
WANTED = "4.2.2"
# Of Python, whose own words are in the page too. Any other is held to the table without it.
VERSION = (3, 11)
LIMIT = 6 * 1024 * 1024 + 100
# awslambdaric posts the cause of an error for X-Ray in a header of up to a megabyte.
http.client._MAXLINE = 4 * 1024 * 1024

# Name, `_HANDLER`, the code (of app.py, or of each file), variables. Each handler gets two events.
CASES = []


def case(name, code, handler="app.handler", **variables):
    files = code if isinstance(code, dict) else {"app.py": code}
    CASES.append((name, handler, files, variables))


def returns(name, expression, before="", **variables):
    case(name, f"{before}\ndef handler(event, context):\n    return {expression}\n", **variables)


returns("an object", "{'statusCode': 200, 'body': event['n']}")
returns("nothing", "None")
returns("a text with characters beyond ASCII", "'\\u00e4\\u20ac\\U0001f600\\u2028\"\\\\\\n'")
returns("the same, Python 3.12", "'\\u00e4\\u20ac\\U0001f600\\u2028\"\\\\\\n'", AWS_EXECUTION_ENV="AWS_Lambda_python3.12")
returns("a lone surrogate", "'\\ud800'")
returns("a lone surrogate, Python 3.12", "'\\ud800'", AWS_EXECUTION_ENV="AWS_Lambda_python3.12")
returns("NaN and infinities", "[float('nan'), float('inf'), float('-inf'), {float('nan'): 1}]")
returns("numbers", "[1, 10**30, 0.1, 1e300, True, -0.0]")
returns("decimals", "[D('1.10'), D('NaN'), D('1E+5'), {'d': D('-0')}]", "from decimal import Decimal as D")
returns("a decimal as a key", "{D('1'): 1}", "from decimal import Decimal as D")
returns("keys that are no texts", "{1: 1, None: 2, True: 3, 1.5: 4, b'b': 5}")
returns("a tuple as a key", "{(1, 2): 1}")
returns("bytes", "b'{\"raw\": 1}'")
returns("bytes inside", "{'b': b'text'}")
returns("bytes inside that are no text", "{'b': b'\\xff'}")
returns("a set", "{1, 2}")
returns("a function", "handler")
returns("a generator", "(i for i in range(3))")
returns("a named tuple and a tuple", "[P(1, 2), (3, 4)]", "from collections import namedtuple\nP = namedtuple('P', 'x y')")
returns("an enum of numbers, a date", "[E.A, {'d': datetime.date(2020, 1, 1)}]", "import datetime, enum\nclass E(enum.IntEnum):\n    A = 1")
returns("a data class", "P(1)", "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int")
case("a list in itself", "def handler(event, context):\n    a = []\n    a.append(a)\n    return a\n")
returns("6 MB and a byte too much", f"'x' * {LIMIT - 1}")
case("the context", """
    def handler(event, context):
        left = context.get_remaining_time_in_millis()
        context.log('logged\\n')
        return {name: str(getattr(context, name)) for name in sorted(dir(context))
                if not name.startswith('_') and name not in ('get_remaining_time_in_millis', 'log', 'w3c')
                } | {'left': left > 0, 'w3c': context.w3c(), 'repr': repr(context),
                     'id': context.identity.cognito_identity_id}
""")
case("an exception", "def handler(event, context):\n    deeper(event)\ndef deeper(event):\n    raise KeyError('no such')\n")
case("an exception of its own, chained", """
    class Own(Exception):
        pass
    def handler(event, context):
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise Own('two\\nlines \\u00e4') from error
""")
case("an exception without a text", "def handler(event, context):\n    raise Exception\n")
case("an exception whose text is broken", "class E(Exception):\n    def __str__(self): return 1\ndef handler(event, context):\n    raise E\n")
case("an exception in a file called bootstrap", {"bootstrap.py": "def handler(event, context):\n    raise ValueError(1)\n"}, "bootstrap.handler")
case("too few parameters", "def handler(event):\n    return 1\n")
case("an async handler", "async def handler(event, context):\n    return 1\n")
case("a class as the handler", "class handler:\n    def __init__(self, event, context): pass\n")
case("a handler that is no function", "handler = 3\n")
case("sys.exit", "import sys\ndef handler(event, context):\n    sys.exit(3)\n")
case("os._exit", "import os\ndef handler(event, context):\n    print('last words', flush=True)\n    os._exit(4)\n")
case("recursion without end", "def handler(event, context):\n    return handler(event, context)\n")
case("a result that is nested too deeply", "def handler(event, context):\n    a = []\n    for _ in range(100000): a = [a]\n    return a\n")
case("print, standard error, and no newline", "import sys\ndef handler(event, context):\n    print('one\\ntwo'); sys.stderr.write('error'); print('end', end='')\n    return 1\n")
case("the root logger", """
    import logging
    def handler(event, context):
        logging.debug('debug'); logging.info('info'); logging.warning('two\\nlines %s', 1)
        logging.getLogger('own').error('own')
        try: 1 / 0
        except Exception: logging.exception('failed')
        return logging.getLogger().level
""")
LOGGER = CASES[-1][2]["app.py"]
case("the root logger, level INFO", LOGGER, AWS_LAMBDA_LOG_LEVEL="INFO")
case("the root logger as JSON", LOGGER, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="DEBUG")
case("JSON logs with extra members", """
    import logging
    def handler(event, context):
        logging.warning({'a': 1, 'd': {1, }.__class__}, extra={'more': [1], 'tenant': None})
        logging.warning('x', stack_info=True)
        logging.log(35, 'between')
        raise ValueError('as JSON \\u00e4')
""", AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="TRACE")
case("variables and the working directory", """
    import os, sys
    def handler(event, context):
        return [os.environ['_X_AMZN_TRACE_ID'], os.getcwd() == os.environ['LAMBDA_TASK_ROOT'],
                os.path.realpath(sys.path[0]) == os.path.realpath(os.getcwd()), __name__]
""")
case("the event is what it was", "def handler(event, context):\n    return [type(event).__name__, event]\n")
case("a handler in a folder", {"src/app.py": "def f(e, c): return __name__\n"}, "src/app.f")
case("a handler in a package", {"src/__init__.py": "", "src/app.py": "from . import other\ndef f(e, c): return other.x\n", "src/other.py": "x = 1\n"}, "src.app.f")
case("no dot in the handler", "", "app")
case("an empty handler", "", "")
case("no such module", "", "other.handler")
case("no such function", "", "app.other")
case("a package that is missing", "import not_there_at_all\n")
case("a syntax error", "def handler(event, context):\n    return (\n")
case("wrong indentation", "def handler(event, context):\nreturn 1\n")
case("an exception at the start", "raise RuntimeError('at the start')\n")
case("sys.exit at the start", "import sys\nprint('starts')\nsys.exit(5)\n")
case("a built-in module's name", "", "sys.exit")
case("logs at the start", "import logging\nlogging.warning('early')\nprint('printed')\ndef handler(e, c): return 1\n")
case("a thread that goes on", "import threading\ndef handler(e, c):\n    t = threading.Thread(target=print, args=('from a thread',)); t.start(); t.join()\n    return 1\n")
case("standard output is replaced", "import io, sys\ndef handler(e, c):\n    sys.stdout = io.StringIO(); import logging; logging.warning('lost'); return 1\n")

# The rows in which the two differ, and why they may.
WHY = {
    "a result that is nested too deeply": "Python says where it was when the depth was exceeded, and "
    "ours is elsewhere then: awslambdaric in C.",
}
# What awslambdaric says when a start fails. It is about updates of AWS's machines.
UPDATES = "LAMBDA_WARNING: Unhandled exception. The most likely cause"


class Api(ThreadingHTTPServer):
    """A Runtime API for one process, which records what is posted."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Requests)
        self.events = [{"n": 1, "t": "\u00e4", "f": 1.0, "l": [None, True]}, {"n": 2}]
        self.posts = []
        self.done = threading.Event()

    def handle_error(self, request, client_address):
        pass


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        api = self.server
        number = len(api.events)
        if not number:
            api.done.set()
            # Until it is killed.
            threading.Event().wait()
        body = json.dumps(api.events.pop(0)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{3 - number}")
        self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:f")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        too_large = self.path.endswith("/response") and len(body) > LIMIT
        path = self.path.replace("/2018-06-01/runtime/", "")
        self.server.posts.append((path, self.headers.get("Content-Type"), body))
        answer = b'{"status":"OK"}'
        self.send_response(413 if too_large else 202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def run(command, handler, files, variables):
    """What a runtime does with a handler, in a few lines."""
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        api = Api()
        threading.Thread(target=api.serve_forever, daemon=True).start()
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % api.server_address[1],
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": folder,
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2024/01/20/[$LATEST]x",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
            **variables,
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            while process.poll() is None and not api.done.wait(0.02):
                pass
            is_alive = process.poll() is None
            process.kill()
            process.wait()
            out.seek(0)
            err.seek(0)
            written, errors = out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace")
        threading.Thread(target=api.shutdown, daemon=True).start()
        lines = [f"post {path} {kind or '-'} {text_of(body)}" for path, kind, body in api.posts]
        lines += [f"out {line!r}" for line in written.split("\n") if line and UPDATES not in line]
        lines += [f"err {line!r}" for line in errors.strip().split("\n")[-1:] if line]
        lines.append("waits" if is_alive else f"ends with {process.returncode}")
        return [plain(line, folder) for line in lines]


def text_of(body):
    """A body, with its members in one order; a long one cut."""
    text = body.decode("utf-8", "backslashreplace")
    return text if len(text) < 3000 else f"{text[:40]}... ({len(body)} bytes)"


def plain(line, folder):
    line = line.replace(folder, "CODE")
    line = re.sub(r"[^\"]*/importlib/__init__\.py", "PYTHON/importlib/__init__.py", line)
    line = re.sub(r"(importlib[^,]*, line) \d+", r"\1 N", line)
    line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", line)
    line = re.sub(r"\[\d{13}\] LAMBDA", "[MILLIS] LAMBDA", line)
    # The runtimes' own frames, as JSON and as a record of the log.
    own = r'[^"]*(?:/awslambdaric|/runtime/python)/bootstrap\.py'
    line = re.sub(r'"  File \\"%s\\", line \d+, in \w+\\n    [^"]*\\n"' % own, '"RUNTIME"', line)
    line = re.sub(r'File "%s", line \d+, in \w+\\r(\\xa0)+[^\\\']*' % own, "RUNTIME", line)
    line = re.sub(r"repeated \d+ more", "repeated MANY more", line)
    line = re.sub(r"\bat 0x[0-9a-f]+", "at 0xADDRESS", line)
    return line if len(line) < 1200 else f"{line[:600]} ... {line[-200:]}"


def main():
    import awslambdaric

    if awslambdaric.__version__ != WANTED:
        sys.exit(f"awslambdaric is {awslambdaric.__version__}, and this table is of {WANTED}")
    ours = [sys.executable, str(OURS)]
    page = [
        "# Python handlers: our runtime beside awslambdaric " + WANTED,
        "",
        "Made by `.ci/runtimes/python.py`, with two events for each handler. Where one column stands, "
        "both are the same. Left out: the warning of awslambdaric at a failed start that AWS may "
        "have updated its runtime, which ours does not have.",
        "",
    ]
    unexplained = []
    for name, handler, files, variables in CASES:
        one = run(ours, handler, files, variables)
        other = run([sys.executable, "-m", "awslambdaric", handler], handler, files, variables)
        page += [f"## {name}", ""]
        if one == other:
            page += ["```text", *one, "```", ""]
            if name in WHY:
                unexplained.append(f"{name}: explained, and there is no difference")
            continue
        page += [WHY.get(name, "UNEXPLAINED"), "", "```text"]
        page += ["ours:"] + one + ["", "awslambdaric:"] + other + ["```", ""]
        if name not in WHY:
            unexplained.append(name)
    text = "\n".join(page)
    if "--update" in sys.argv:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    elif sys.version_info[:2] != VERSION:
        print("The page is of Python %d.%d: not compared" % VERSION)
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        fresh = ROOT / "target/ci/python.md"
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        sys.exit(f"{PAGE} is not what the runtimes do now: compare it with {fresh}")
    if unexplained:
        sys.exit("differences that nobody has explained:\n  " + "\n  ".join(unexplained))
    print(f"{len(CASES)} Python handlers: as awslambdaric {WANTED}, or explained")


if __name__ == "__main__":
    main()
