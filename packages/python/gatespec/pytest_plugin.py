"""The pytest plugin: the fixture ``gatespec`` and the mark of the same name.

    @pytest.mark.gatespec("template.yaml", scope="module", parameters={"AcceptedToken": "hello"})
    def test_reply(gatespec: Gateway) -> None: ...

Marks of a module, a class and a test add up; the nearest one counts. Without a template, the
nearest folder above the test's file that has something to serve is taken.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ._errors import GatespecError
from ._gateway import Gateway, start
from ._log import tail

#: What `gatespec serve` looks for in a folder.
_SERVED = ("template.yaml", "template.yml", "template.json", "cdk.out", ".serverless")
_SCOPES: dict[str, type[pytest.Item | pytest.Collector] | None] = {
    "function": None,
    "class": pytest.Class,
    "module": pytest.Module,
    "package": pytest.Package,
    "session": pytest.Session,
}
#: How many lines of the log a failed test shows.
_SHOWN = 200

#: The gateways that a collector's tests share, by what they serve.
_shared: pytest.StashKey[dict[str, Gateway]] = pytest.StashKey()
#: A test's gateway, and how many lines its log had when the test began.
_used: pytest.StashKey[tuple[Gateway, int]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line(
        "markers",
        "gatespec(template, *, scope='function', **options): what the fixture `gatespec` serves, "
        "for one test or for a class, module, package or session, with options of gatespec.start",
    )


@pytest.fixture
def gatespec(request: pytest.FixtureRequest) -> Gateway:
    """Serve the stack that the mark ``gatespec`` names, as `gatespec.start` does."""
    template, scope, options = _marked(request.node)
    owner = _owner(request.node, scope)
    shared = owner.stash.setdefault(_shared, {})
    key = repr((template, sorted(options.items())))
    gateway = shared.get(key)
    if gateway is None:
        try:
            gateway = shared[key] = start(template, **options)
        except (GatespecError, TypeError) as error:
            # The gateway's own words say more than this plugin's lines.
            _refuse(request.node, str(error))
        owner.addfinalizer(lambda: shared.pop(key).close())
    request.node.stash[_used] = gateway, len(gateway.logs)
    return gateway


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the gateway's log to the report of a test that failed."""
    report = yield
    used = item.stash.get(_used, None)
    if used is not None and report.failed:
        gateway, before = used
        # What a function writes about a failure comes after its answer; a function may hang, or the
        # gateway be gone.
        with contextlib.suppress(GatespecError):
            gateway.settle(timeout=2)
        gateway._log.settle()
        report.sections.append(("gatespec log", tail(gateway.logs[before:], _SHOWN)))
    return report


def _marked(item: pytest.Item) -> tuple[Path, str, dict[str, Any]]:
    """Return the template, the scope and the options that the marks of a test give."""
    name: str | None = None
    options: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("gatespec"))):
        if len(mark.args) > 1:
            _refuse(item, "the mark `gatespec` takes one template, and options by name")
        name = mark.args[0] if mark.args else name
        options.update(mark.kwargs)
    scope = options.pop("scope", "function")
    if scope not in _SCOPES:
        scopes = ", ".join(_SCOPES)
        _refuse(item, f"`{scope}` is no scope of the mark `gatespec`; there are: {scopes}")
    return _template(item, name), scope, options


def _template(item: pytest.Item, name: str | None) -> Path:
    """Look for a template, or for something to serve, beside the test's file and above it."""
    for folder in item.path.parents:
        if name is None and any((folder / served).exists() for served in _SERVED):
            return folder
        if name is not None and (folder / name).exists():
            return folder / name
    wanted = f"`{name}`" if name is not None else "template to serve"
    _refuse(
        item,
        f"no {wanted} in the test's folder or above it; the mark names one: "
        f'`@pytest.mark.gatespec("template.yaml")`',
    )


def _owner(item: pytest.Item, scope: str) -> pytest.Item | pytest.Collector:
    """Return what the gateway ends with; a test that has no such scope has its own."""
    kind = _SCOPES[scope]
    return (kind and item.getparent(kind)) or item


def _refuse(item: pytest.Item, why: str) -> NoReturn:
    pytest.fail(f"{item.nodeid}: {why}", pytrace=False)
