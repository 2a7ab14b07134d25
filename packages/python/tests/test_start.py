"""`gatespec.start` with the real command: what it says, what it refuses, what it leaves."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

import gatespec

STACK = Path(__file__).parent / "echo"


def ask(api: gatespec.Gateway, text: str) -> str:
    """Send a message and return the answer."""
    with connect(api.ws_url) as client:
        client.send(text)
        return str(client.recv(timeout=10))


def test_it_says_where_everything_is() -> None:
    with gatespec.start(STACK / "template.yaml") as api:
        assert api.ws_url.startswith("ws://127.0.0.1:")
        assert api.ws_url.endswith("/dev")
        assert api.management_url == api.ws_url.replace("ws://", "http://")
        assert api.dynamodb_url.startswith("http://127.0.0.1:")
        assert api.ca.read_text().startswith("-----BEGIN CERTIFICATE-----")
        assert len(api.tables) == 1
        assert api.api_keys == {}
        assert api.custom_domains == []
        assert api.ready["ws"] == api.ws_url
        assert api.exit_code is None
        assert ask(api, "you") == "hello. you"
    assert api.exit_code == 0


def test_options_reach_the_stack(tmp_path: Path) -> None:
    variables = {"Echo": {"PUNCTUATION": "!"}}
    with gatespec.start(STACK, parameters={"Greeting": "good day"}, env_vars=variables) as api:
        assert ask(api, "you") == "good day! you"
    file = tmp_path / "variables.json"
    file.write_text('{"Parameters": {"PUNCTUATION": "?"}}')
    access = ["--access-log", "-"]
    python = sys.executable
    with gatespec.start(STACK, env_vars=file, arguments=access, python=python, stage="dev") as api:
        assert ask(api, "you") == "hello? you"


def test_ten_minutes_are_skipped() -> None:
    began = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with gatespec.start(STACK, clock=began) as api, connect(api.ws_url) as client:
        # Not one millisecond early.
        assert api.advance(599.999) == (began.timestamp() + 599.999) * 1000
        client.send("still here")
        assert client.recv(timeout=10) == "hello. still here"
        api.advance(timedelta(minutes=10))
        with pytest.raises(ConnectionClosedOK):
            client.recv(timeout=10)


def test_settle_waits_for_functions_at_work() -> None:
    with gatespec.start(STACK, verbose=False) as api, connect(api.ws_url) as client:
        client.send("slow")
        api.wait_for_log("received slow")
        api.settle()
        api.advance(60)
        assert client.recv(timeout=10) == "hello. slow"
        client.send("slower")
        api.wait_for_log("received slower")
        with pytest.raises(gatespec.CommandError, match=r"no answer to `settle` within 0\.2 s"):
            api.settle(timeout=0.2)
        # That answer is still to come, and is not the next command's.
        assert api.apply() == "nothing"


def test_the_frozen_clock_is_the_default_and_begins_now() -> None:
    with gatespec.start(STACK) as api:
        assert abs(api.advance(0) / 1000 - time.time()) < 60
    refused = pytest.raises(gatespec.CommandError, match="clock is the system's")
    with gatespec.start(STACK, clock="system") as api, refused:
        api.advance(1)


def test_tables_kept_in_a_file_go_by_the_systems_clock(tmp_path: Path) -> None:
    refused = pytest.raises(gatespec.CommandError, match="clock is the system's")
    with gatespec.start(STACK, data=tmp_path / "tables.db") as api, refused:
        api.advance(1)


def test_the_log_holds_what_functions_write() -> None:
    with gatespec.start(STACK) as api:
        before = len(api.logs)
        ask(api, "one")
        assert "Echo" in api.wait_for_log("received one", after=before)
        assert api.wait_for_log(re.compile(r"route `\$default`"))
        with pytest.raises(TimeoutError, match=r"`received two` in the log within 0\.1 s"):
            api.wait_for_log("received two", timeout=0.1)
        with connect(api.ws_url) as client:
            client.send("fail")
            assert "Internal server error" in str(client.recv(timeout=10))
        api.wait_for_log("this was asked for")
    assert "Traceback" in "\n".join(api.logs)


def test_apply_takes_the_template_of_now(tmp_path: Path) -> None:
    stack = Path(shutil.copytree(STACK, tmp_path / "echo")) / "template.yaml"
    text = stack.read_text()
    with gatespec.start(stack) as api, connect(api.ws_url) as client:
        stack.write_text(text.replace("Default: hello", "Default: servus"))
        assert "Echo" in api.apply()
        client.send("you")
        assert client.recv(timeout=10) == "servus. you"
        stack.write_text(text.replace("RouteKey: $default", "RouteKye: $default"))
        with pytest.raises(gatespec.CommandError, match="has no `RouteKey`"):
            api.apply()
        client.send("you")
        assert client.recv(timeout=10) == "servus. you"


def test_a_template_that_is_wrong_is_told_in_the_gateways_words(tmp_path: Path) -> None:
    stack = tmp_path / "template.yaml"
    stack.write_text((STACK / "template.yaml").read_text().replace("!Ref Api", "!Ref Apo"))
    with pytest.raises(gatespec.StartError, match="Apo") as raised:
        gatespec.start(stack)
    assert raised.value.exit_code == 2
    assert any("Apo" in line for line in raised.value.logs)


def test_a_port_in_use_and_an_unknown_option() -> None:
    with gatespec.start(STACK) as api:
        port = int(api.ws_url.split(":")[2].split("/")[0])
        with pytest.raises(
            gatespec.StartError, match=f"cannot listen on 127.0.0.1:{port}"
        ) as raised:
            gatespec.start(STACK, port=port)
    assert raised.value.exit_code == 3
    with pytest.raises(TypeError, match="`prot` is no option of gatespec; there are: parameters"):
        gatespec.start(STACK, prot=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="the clock is `frozen`"):
        gatespec.start(STACK, clock="frozn")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"arguments": "--verbose"}, r"`arguments` takes a list of texts, not '--verbose'"),
        ({"arguments": 7}, r"`arguments` takes a list of texts, not 7"),
        ({"parameters": ["a"]}, r"`parameters` takes a mapping, not \['a'\]"),
        ({"endpoints": "sqs"}, r"`endpoints` takes a mapping, not 'sqs'"),
        ({"runtimes": "x"}, r"`runtimes` takes a mapping, not 'x'"),
        ({"env_vars": 7}, r"`env_vars` takes a mapping or the path of a file, not 7"),
        ({"stage": 7}, r"`stage` takes text or a path, not 7"),
        ({"port": "80"}, r"`port` takes a number, not '80'"),
        ({"build": "no"}, r"`build` takes `True` or `False`, not 'no'"),
    ],
)
def test_what_is_no_value_of_an_option(options: dict[str, Any], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        gatespec.start(STACK, **options)


def test_none_counts_as_not_given() -> None:
    names = ["parameters", "endpoints", "env_vars", "arguments", "port", "clock", "verbose", "data"]
    options: dict[str, Any] = dict.fromkeys(names)
    with gatespec.start(STACK, **options) as api:
        assert ask(api, "you") == "hello. you"


def test_a_mapping_of_variables_is_there_as_long_as_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = tmp_path / "temporary"
    folders.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folders))
    stack = Path(shutil.copytree(STACK, tmp_path / "echo")) / "template.yaml"
    variables = {"Echo": {"PUNCTUATION": "!"}}
    with gatespec.start(stack, env_vars=variables, arguments=["--watch"]) as api:
        before = len(api.logs)
        stack.write_text(stack.read_text().replace("Default: hello", "Default: servus"))
        api.wait_for_log("reloaded", after=before)
        assert ask(api, "you") == "servus! you"
        [folder] = folders.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(gatespec.StartError):
        gatespec.start(tmp_path / "none", env_vars=variables)
    assert list(folders.iterdir()) == []


def test_a_start_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "gatespec"
    slow.write_text("#!/bin/sh\necho still building >&2\nread line\n")
    slow.chmod(0o755)
    monkeypatch.setenv("GATESPEC_BINARY", str(slow))
    with pytest.raises(TimeoutError, match=r"not ready after 0\.5 s(.|\n)*still building"):
        gatespec.start(STACK, timeout=0.5)


def test_a_missing_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESPEC_BINARY", str(tmp_path / "none"))
    with pytest.raises(gatespec.BinaryNotFoundError, match="is no executable file"):
        gatespec.start(STACK)


def test_a_gateway_that_died() -> None:
    api = gatespec.start(STACK)
    os.kill(api._process.pid, signal.SIGKILL)
    with pytest.raises(gatespec.CommandError, match="the gateway is not running any more"):
        api.advance(1)
    with pytest.raises(gatespec.GatespecError, match="the gateway ended with -9"):
        api.close()
    api.close()


def test_no_process_is_left_however_the_test_ends() -> None:
    program = (
        "import gatespec, os, sys\n"
        "api = gatespec.start(sys.argv[1])\n"
        "from websockets.sync.client import connect\n"
        "client = connect(api.ws_url)\n"
        "client.send('you'), client.recv(timeout=10)\n"
        "print(api._process.pid, flush=True)\n"
    )
    for end in ("", "raise SystemExit(3)", "os._exit(3)", "os.kill(os.getpid(), 9)"):
        command = [sys.executable, "-c", program + end, str(STACK)]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        # Its function's processes are in its session, as it is.
        session = int(run.stdout)
        wait_for_the_end(session)


def test_threads_and_asyncio() -> None:
    async def ten_minutes() -> int:
        api = await asyncio.to_thread(gatespec.start, STACK, clock=0)
        with closing(api):
            return await asyncio.to_thread(api.advance, 600)

    assert asyncio.run(ten_minutes()) == 600_000
    with gatespec.start(STACK, clock=0) as api, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.advance(1), range(50)))
    assert sorted(answers) == [1000 * second for second in range(1, 51)]


def test_python_m_gatespec_is_the_command() -> None:
    command = [sys.executable, "-m", "gatespec"]
    version = subprocess.run([*command, "--version"], stdout=subprocess.PIPE, check=True)
    assert version.stdout.startswith(b"gatespec ")
    refused = subprocess.run([*command, "serve", "/nowhere"], stderr=subprocess.PIPE, check=False)
    assert refused.returncode == 2


def processes_of(session: int) -> list[str]:
    """Return the processes of a session that are there."""
    listed = subprocess.run(["ps", "-e", "-o", "sess=,args="], stdout=subprocess.PIPE, check=True)
    lines = listed.stdout.decode().splitlines()
    return [line for line in lines if line.split()[0] == str(session)]


def wait_for_the_end(session: int) -> None:
    """Wait until no process of a session is there, twenty seconds at most."""
    deadline = time.monotonic() + 20
    while left := processes_of(session):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
