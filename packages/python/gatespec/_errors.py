"""What can go wrong, with the gateway's own words."""

from __future__ import annotations

from collections.abc import Sequence


class GatespecError(Exception):
    """What all errors of this module are."""


class BinaryNotFoundError(GatespecError):
    """The command ``gatespec`` is not where the package was installed."""


class StartError(GatespecError):
    """The gateway did not start; the text says why, in the gateway's own words.

    ``exit_code`` is the command's: 2 if something in the arguments or the template must be changed,
    3 if the machine did not let it run, such as a port in use, and ``None`` if it did not end by
    itself. ``logs`` are all lines that it wrote.
    """

    def __init__(self, message: str, exit_code: int | None, logs: Sequence[str]) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.logs = list(logs)


class StartTimeoutError(StartError, TimeoutError):
    """The gateway was not ready in time."""


class CommandError(GatespecError):
    """A gateway refused ``advance`` or ``apply``, did not settle, or is not running any more."""
