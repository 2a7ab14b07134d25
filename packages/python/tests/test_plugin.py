"""The pytest plugin: marks, scopes, the log of a failure, what is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gatespec import Gateway

pytest_plugins = ["pytester"]

STACK = Path(__file__).parent / "echo"
HEAD = """
import pytest
from websockets.sync.client import connect

def ask(api, text):
    with connect(api.ws_url) as client:
        client.send(text)
        return client.recv(timeout=10)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Make a project with a stack, whose tests are in a folder of their own."""
    shutil.copytree(STACK, pytester.path, dirs_exist_ok=True)
    (pytester.path / "tests").mkdir()
    return pytester


def write(project: pytest.Pytester, name: str, text: str) -> None:
    """Write a file of tests."""
    (project.path / "tests" / f"{name}.py").write_text(HEAD + text)


@pytest.mark.gatespec("echo/template.yaml", parameters={"Greeting": "servus"}, clock=0)
def test_a_template_beside_the_test(gatespec: Gateway) -> None:
    assert gatespec.ws_url.endswith("/dev")
    assert gatespec.advance(600) == 600_000


def test_marks_add_up_and_the_nearest_counts(project: pytest.Pytester) -> None:
    write(
        project,
        "test_marks",
        """
pytestmark = pytest.mark.gatespec("template.yaml", parameters={"Greeting": "a"}, clock=0)

@pytest.mark.gatespec(parameters={"Greeting": "b"})
class TestIt:
    def test_class(self, gatespec):
        assert ask(gatespec, "x") == "b. x"
        assert gatespec.advance(1) == 1000

    @pytest.mark.gatespec(env_vars={"Echo": {"PUNCTUATION": "!"}})
    def test_own(self, gatespec):
        assert ask(gatespec, "x") == "b! x"

def test_module(gatespec):
    assert ask(gatespec, "x") == "a. x"
""",
    )
    project.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("scope", "gateways"),
    [("function", 8), ("class", 4), ("module", 2), ("package", 1), ("session", 1)],
)
def test_a_scope_shares_the_gateway(project: pytest.Pytester, scope: str, gateways: int) -> None:
    (project.path / "tests" / "__init__.py").touch()
    text = f"""
import pathlib
pytestmark = pytest.mark.gatespec(scope="{scope}")

def note(gatespec):
    with pathlib.Path("seen").open("a") as file:
        print(gatespec._process.pid, file=file)

class TestOne:
    def test_one(self, gatespec): note(gatespec)
    def test_two(self, gatespec): note(gatespec)

class TestTwo:
    def test_one(self, gatespec): note(gatespec)
    def test_two(self, gatespec): note(gatespec)
"""
    write(project, "test_first", text)
    write(project, "test_second", text)
    project.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=8)
    seen = [int(pid) for pid in (project.path / "seen").read_text().split()]
    assert len(set(seen)) == gateways
    for pid in seen:
        assert not Path(f"/proc/{pid}").exists()


def test_a_failure_shows_the_log_of_its_test(project: pytest.Pytester) -> None:
    write(
        project,
        "test_failure",
        """
pytestmark = pytest.mark.gatespec(scope="module")

def test_before(gatespec):
    ask(gatespec, "before")
    gatespec.wait_for_log("received before")
    gatespec.wait_for_log("REPORT")

def test_it(gatespec):
    assert ask(gatespec, "fail") == "an answer"
""",
    )
    result = project.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*gatespec log*", "*route `$default`*", "*received fail*", "*ValueError: this was asked*"]
    )
    result.stdout.no_fnmatch_line("*received before*")


def test_what_is_wrong_is_told_without_a_traceback_of_the_plugin(
    project: pytest.Pytester,
) -> None:
    write(
        project,
        "test_wrong",
        """
@pytest.mark.gatespec("other.yaml")
def test_no_such_template(gatespec): ...

@pytest.mark.gatespec(scope="modul")
def test_no_such_scope(gatespec): ...

@pytest.mark.gatespec("template.yaml", "other.yaml")
def test_two_templates(gatespec): ...

@pytest.mark.gatespec(prot=1)
def test_no_such_option(gatespec): ...

@pytest.mark.gatespec(stage="prod")
def test_no_such_stage(gatespec): ...
""",
    )
    result = project.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(errors=5)
    for line in (
        "*test_no_such_template: no `other.yaml` in the test's folder or above it*",
        "*`modul` is no scope of the mark `gatespec`; there are: function, class*",
        "*test_two_templates: the mark `gatespec` takes one template*",
        "*test_no_such_option: `prot` is no option of gatespec*",
        "*test_no_such_stage: gatespec serve ended with 2:*",
    ):
        result.stdout.fnmatch_lines([line])
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")
