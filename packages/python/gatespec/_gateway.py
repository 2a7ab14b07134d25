"""A gateway as a process: started, spoken to, ended."""

from __future__ import annotations

import atexit
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from ._binary import find_binary
from ._errors import CommandError, GatespecError, StartError, StartTimeoutError
from ._log import Log, tail
from ._options import Options, StrPath, arguments

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

#: How long an orderly end may take: five seconds for clients and `$disconnect` functions, two for
#: processes, some for logs (CONTRIBUTING.md, "Shutdown").
_END = 20.0
#: The answers on standard output; other lines there are the access log's of `--access-log -`.
_ANSWER = re.compile(r"now \d+$|applied: |settled$|error: ")


def start(
    template: StrPath = ".", *, timeout: float = 120.0, **options: Unpack[Options]
) -> Gateway:
    """Serve a stack, and return once clients can connect.

    ``template`` is a template of SAM or CloudFormation or a folder, as for ``gatespec serve``.

    :param parameters: values of the template's parameters.
    :param clock: ``"frozen"``, the default: time stands, at the moment of the start, until
        `Gateway.advance` moves it; ``"system"``; milliseconds since 1970 or a ``datetime``, at
        which it stands. With options that exclude ``--clock`` the default is ``"system"``.
    :param env_vars: values of variables that functions declare, by function
        (``{"MyFunction": {"NAME": "value"}, "Parameters": {…}}``), or a file of them.
    :param endpoints: where functions find services that the gateway does not have, such as
        ``{"sqs": "http://127.0.0.1:4566"}``.
    :param stack: the stack of a CDK app; ``api``, ``stage``: which one, where there are several.
    :param host: the address to listen on; ``port``: 0, the default, lets the system choose.
    :param node: the Node, ``python``: the Python that runs functions. By default Python is a
        ``.venv`` beside the code, else the environment in which this runs.
    :param runtimes: the commands that run other runtimes or functions, by name: ``--runtime``.
    :param build: ``False`` takes functions' binaries as they are.
    :param data: the file that keeps the tables; they are in memory otherwise.
    :param verbose: log every decision with its reason, which is the default.
    :param arguments: more arguments of ``gatespec serve``, such as ``["--require-signatures"]``.
    :param timeout: seconds that the start, an ``advance`` or an ``apply`` may take; functions in
        Rust are built in that time.

    An option that is ``None`` counts as not given.

    :raises TypeError: if there is no such option, or its value is none.
    :raises StartError: with the gateway's own words if it did not start.
    :raises StartTimeoutError: if it was not ready in time.
    :raises BinaryNotFoundError: if the command is missing.
    """
    folder = tempfile.TemporaryDirectory(prefix="gatespec-")
    try:
        command = [os.fspath(find_binary()), *arguments(template, options, Path(folder.name))]
        process = _spawn(command)
    except BaseException:
        folder.cleanup()
        raise
    gateway = Gateway(process, _is_frozen(command), timeout, folder)
    try:
        gateway._wait_until_ready()
    except BaseException:
        gateway._kill()
        raise
    atexit.register(gateway.close)
    return gateway


class Gateway:
    """A running gateway. `start` makes one; it ends with `close`, or with a ``with`` block.

    It also ends if this process ends in any other way. All methods may be called from any thread.
    """

    #: The URL for clients, ``ws://…/{stage}``.
    ws_url: str
    #: The endpoint of the ``@connections`` API, as SDKs take it: ``http://…/{stage}``.
    management_url: str
    #: The URL of the DynamoDB engine.
    dynamodb_url: str
    #: The certificate (PEM) that clients of ``wss://`` and ``https://`` on the same port trust.
    ca: Path
    #: The names of the template's tables, in its order.
    tables: list[str]
    #: The API keys that ``$connect`` accepts: name to value.
    api_keys: dict[str, str]
    #: The mappings of custom domains, each with ``host`` and ``ws``.
    custom_domains: list[dict[str, str]]
    #: All that the gateway says when it is ready, also what newer versions say.
    ready: Mapping[str, Any]

    def __init__(
        self,
        process: subprocess.Popen[str],
        is_frozen: bool,
        timeout: float,
        folder: tempfile.TemporaryDirectory[str],
    ) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process = process
        self._input: IO[str] = process.stdin
        self._is_frozen = is_frozen
        self._timeout = timeout
        # It reads files in there again while it runs, as `--watch` does at each save.
        self._folder = folder
        self._log = Log(process.stderr)
        self._closed = False
        self._owed = 0
        self._command = threading.Lock()
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(
            target=self._read, args=(process.stdout,), name="gatespec answers", daemon=True
        )
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """The exit code of ``gatespec serve``, ``None`` while it runs."""
        return self._process.poll()

    @property
    def logs(self) -> list[str]:
        """All lines of the gateway's log so far: functions' output, decisions, warnings.

        After `close` the log is complete; where lines came faster than this process read them, one
        line says how many are missing. While the gateway runs, a function's last lines may come a
        moment after its answer: `wait_for_log` waits for them.
        """
        return self._log.lines()

    def wait_for_log(
        self, wanted: str | re.Pattern[str], *, after: int = 0, timeout: float = 10.0
    ) -> str:
        """Return the first line of the log that has this text, or in which the pattern is found.

        ``after`` is the number of lines to leave out: ``len(api.logs)`` before what is awaited.

        :raises TimeoutError: with the log's end if there is no such line in time.
        """
        line = self._log.wait_for(wanted, after, timeout)
        if line is None:
            shown = wanted if isinstance(wanted, str) else wanted.pattern
            log = tail(self.logs[after:])
            raise TimeoutError(f"no line with `{shown}` in the log within {timeout:g} s:\n{log}")
        return line

    def advance(self, seconds: float | timedelta) -> int:
        """Let time pass, and return the new time in milliseconds since 1970.

        Everything that is due by then has happened, and is on its way to clients and functions.

        :raises CommandError: if the clock is the system's.
        """
        if not self._is_frozen:
            raise CommandError(
                'the clock is the system\'s; the default, `clock="frozen"`, gives one that can be '
                "moved"
            )
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        # Decimals, never an exponent.
        answer = self._ask(f"advance {seconds:.3f}")
        return int(answer[len("now ") :])

    def settle(self, *, timeout: float = 10.0) -> None:
        """Wait until no function is at work on what the gateway has received.

        An answer by ``@connections`` arrives before its function has ended; `advance` would let its
        timeout pass.

        :raises CommandError: if one still is after ``timeout`` seconds.
        """
        self._ask("settle", timeout)

    def apply(self) -> str:
        """Read the template again and serve what it says now; return what changed.

        Connections stay open.

        :raises CommandError: if the template is wrong; the old one is still served.
        """
        return self._ask("apply")[len("applied: ") :]

    def close(self) -> None:
        """End the gateway: clients are disconnected, ``$disconnect`` runs, no process is left.

        :raises GatespecError: with its log's end if it did not end in an orderly way, or had ended
            before.
        """
        atexit.unregister(self.close)
        if self._closed:
            return
        self._closed = True
        with suppress(subprocess.TimeoutExpired):
            self._process.terminate()
            self._process.wait(_END)
        self._kill()
        if self.exit_code != 0:
            raise GatespecError(f"the gateway ended with {self.exit_code}:\n{tail(self.logs)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What went wrong in the block matters more.
        try:
            self.close()
        except GatespecError:
            if error is None:
                raise

    def __repr__(self) -> str:
        code = self.exit_code
        state = "running" if code is None else f"ended with {code}"
        return f"<gatespec.Gateway {getattr(self, 'ws_url', 'not ready')}, {state}>"

    def _wait_until_ready(self) -> None:
        try:
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            self._kill()
            late = f"not ready after {self._timeout:g} s (`timeout` gives it more)"
            raise StartTimeoutError(f"{late}:\n{tail(self.logs)}", None, self.logs) from None
        if line is None:
            code = self._process.wait()
            self._log.join(_END)
            error = "\n".join(_from_the_error_on(self.logs))
            raise StartError(f"gatespec serve ended with {code}:\n{error}", code, self.logs)
        ready = json.loads(line)
        self.ready = ready
        self.ws_url = ready["ws"]
        self.management_url = ready["management"]
        self.dynamodb_url = ready["dynamodb"]
        self.ca = Path(ready["ca"])
        self.tables = ready["tables"]
        self.api_keys = ready["api_keys"]
        self.custom_domains = ready["custom_domains"]

    def _read(self, output: IO[str]) -> None:
        """Read standard output: the ready line, then answers."""
        ready = False
        with output:
            for line in output:
                text = line.rstrip("\n")
                if not ready or _ANSWER.match(text):
                    ready = True
                    self._answers.put(text)
                else:
                    self._log.add(text)
        self._answers.put(None)

    def _ask(self, command: str, timeout: float | None = None) -> str:
        timeout = self._timeout if timeout is None else timeout
        with self._command:
            before = len(self.logs)
            try:
                self._input.write(f"{command}\n")
                self._input.flush()
                answer = self._answer(timeout)
            except (OSError, ValueError):
                answer = None
            except queue.Empty:
                late = f"no answer to `{command}` within {timeout:g} s"
                raise CommandError(f"{late}:\n{tail(self.logs)}") from None
        if answer is None:
            log = tail(self.logs)
            raise CommandError(f"`{command}`: the gateway is not running any more:\n{log}")
        if answer.startswith("error: "):
            # It may have put what is wrong with a template into the log.
            self._log.settle()
            lines = [answer[len("error: ") :], *self.logs[before:]]
            raise CommandError(f"`{command}`: {tail(lines)}")
        return answer

    def _answer(self, timeout: float) -> str | None:
        """Return the answer to the last command, behind those to which none came in time."""
        deadline = time.monotonic() + timeout
        self._owed += 1
        while True:
            answer = self._answers.get(timeout=max(deadline - time.monotonic(), 0))
            if answer is None:
                # Whoever asks next sees it, too.
                self._answers.put(None)
                return None
            self._owed -= 1
            if self._owed == 0:
                return answer

    def _kill(self) -> None:
        """End the process at once, if it still is there, and what belongs to it."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._input.close()
        self._reader.join(_END)
        self._log.join(_END)
        self._folder.cleanup()


def _is_frozen(command: list[str]) -> bool:
    return any(argument.split("=", 1)[0] == "--clock" for argument in command)


def _from_the_error_on(lines: list[str]) -> list[str]:
    errors = (index for index, line in enumerate(lines) if line.startswith("error"))
    return lines[next(errors, 0) :]


def _spawn(command: list[str]) -> subprocess.Popen[str]:
    environment = dict(os.environ)
    # A virtual environment counts as activated, also when its pytest is called by its path.
    if sys.prefix != sys.base_prefix:
        environment.setdefault("VIRTUAL_ENV", sys.prefix)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=environment,
        # Ctrl-C is for the tests; they end the gateway in an orderly way.
        start_new_session=True,
    )
