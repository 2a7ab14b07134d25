"""Keyword arguments as arguments of ``gatespec serve``."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, TypedDict, Union, cast

StrPath = Union[str, "os.PathLike[str]"]
#: ``"frozen"``: time stands at the moment of the start; ``"system"``: it passes by itself; a number
#: (milliseconds since 1970) or a ``datetime``: it stands there.
Clock = Union[Literal["frozen", "system"], int, datetime]
#: Values of variables, by function; ``"Parameters"`` are those of all functions.
Variables = Mapping[str, Mapping[str, str]]

#: Options that go with the system's clock only.
_OF_THE_SYSTEMS_CLOCK = ("--data", "--credentials", "--require-signatures")


class Options(TypedDict, total=False):
    """What `start` takes besides the template."""

    parameters: Mapping[str, object]
    clock: Clock
    env_vars: Variables | StrPath
    endpoints: Mapping[str, str]
    stack: str
    api: str
    stage: str
    host: str
    port: int
    node: StrPath
    python: StrPath
    runtimes: Mapping[str, str]
    build: bool
    data: StrPath
    verbose: bool
    arguments: Sequence[str]


#: What an option's value must be; it is text or a path otherwise.
_TAKES: dict[str, tuple[tuple[type, ...], str]] = {
    "parameters": ((Mapping,), "a mapping"),
    "env_vars": ((Mapping, str, os.PathLike), "a mapping or the path of a file"),
    "endpoints": ((Mapping,), "a mapping"),
    "runtimes": ((Mapping,), "a mapping"),
    "port": ((int,), "a number"),
    "build": ((bool,), "`True` or `False`"),
    "verbose": ((bool,), "`True` or `False`"),
    "arguments": ((Sequence,), "a list of texts"),
}


def arguments(template: StrPath, options: Options, folder: Path) -> list[str]:
    """Return the arguments of the command. Files that they name are written into ``folder``."""
    options = _known(options)
    result = ["serve", os.fspath(template), "--ready", "json"]
    result += ["--port", str(options.get("port", 0))]
    for name, value in options.get("parameters", {}).items():
        result += ["--parameter", f"{name}={_text(value)}"]
    for service, url in options.get("endpoints", {}).items():
        result += ["--endpoint", f"{service}={url}"]
    for name, command in options.get("runtimes", {}).items():
        result += ["--runtime", f"{name}={command}"]
    values: dict[str, StrPath | None] = {
        "stack": options.get("stack"),
        "api": options.get("api"),
        "stage": options.get("stage"),
        "host": options.get("host"),
        "node": options.get("node"),
        "python": options.get("python"),
        "data": options.get("data"),
    }
    for name, text in values.items():
        if text is not None:
            result += [f"--{name}", os.fspath(text)]
    if "env_vars" in options:
        result += ["--env-vars", os.fspath(_variables(options["env_vars"], folder))]
    if not options.get("build", True):
        result.append("--no-build")
    if options.get("verbose", True):
        result.append("--verbose")
    more = options.get("arguments", ())
    result += _clock(options.get("clock"), [*result, *map(str, more)])
    result += map(str, more)
    return result


def _known(options: Options) -> Options:
    """Return the options without those that are ``None``."""
    known = Options.__annotations__
    for name, value in options.items():
        if name not in known:
            raise TypeError(f"`{name}` is no option of gatespec; there are: {', '.join(known)}")
        kinds, what = _TAKES.get(name, ((str, os.PathLike), "text or a path"))
        # Letters are no arguments.
        fits = isinstance(value, kinds) and not (name == "arguments" and isinstance(value, str))
        if value is not None and name != "clock" and not fits:
            raise TypeError(f"`{name}` takes {what}, not {value!r}")
    given = {name: value for name, value in options.items() if value is not None}
    return cast("Options", given)


def _clock(clock: Clock | None, others: Sequence[str]) -> list[str]:
    names = {argument.split("=", 1)[0] for argument in others}
    if clock is None:
        clock = "system" if names.intersection({*_OF_THE_SYSTEMS_CLOCK, "--clock"}) else "frozen"
    if clock == "system":
        return []
    if clock == "frozen":
        clock = time.time_ns() // 1_000_000
    if isinstance(clock, datetime):
        clock = round(clock.timestamp() * 1000)
    if isinstance(clock, bool) or not isinstance(clock, int):
        raise TypeError(
            f"the clock is `frozen`, `system`, milliseconds since 1970 or a datetime, not {clock!r}"
        )
    return ["--clock", str(clock)]


def _variables(variables: Variables | StrPath, folder: Path) -> StrPath:
    if not isinstance(variables, Mapping):
        return variables
    file = folder / "env-vars.json"
    file.write_text(json.dumps(variables), encoding="utf-8")
    return file


def _text(value: object) -> str:
    # As templates spell them: `true`, and lists with commas.
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(value)
