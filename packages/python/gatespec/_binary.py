"""Where the command is."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from ._errors import BinaryNotFoundError

#: The environment variable that names another command than the installed one.
VARIABLE = "GATESPEC_BINARY"


def find_binary() -> Path:
    """Return the command ``gatespec`` that belongs to this package.

    The environment variable ``GATESPEC_BINARY`` names another one. What is on the ``PATH`` does not
    count: it may be of another version.

    :raises BinaryNotFoundError: if there is none.
    """
    given = os.environ.get(VARIABLE)
    if given:
        if not _is_executable(Path(given)):
            raise BinaryNotFoundError(f"`{given}`, which {VARIABLE} names, is no executable file")
        return Path(given)
    looked = []
    for candidate in _candidates():
        if _is_executable(candidate):
            return candidate
        looked.append(f"`{candidate}`")
    raise BinaryNotFoundError(
        f"the command `gatespec` is missing: looked for {', '.join(dict.fromkeys(looked))}; "
        f"install the package again (`pip install --force-reinstall gatespec`), or name the "
        f"command in {VARIABLE}"
    )


def _candidates() -> Iterator[Path]:
    # Installers write down where they put it, whatever the scheme.
    try:
        files = metadata.distribution("gatespec").files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "gatespec" and file.parent.name in ("bin", "Scripts"):
            yield Path(os.path.normpath(file.locate()))
    # `pip install --target` moves it afterwards.
    yield Path(__file__).parent.parent / "bin" / "gatespec"
    yield Path(sysconfig.get_path("scripts")) / "gatespec"


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
