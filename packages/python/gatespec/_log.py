"""The lines that a gateway writes, as they come."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from typing import IO

#: How long no line may have come for the log to count as settled, and how long that is waited for.
_QUIET, _PATIENCE = 0.1, 1.0


class Log:
    """A stream's lines, read by a thread of its own, so that the writer never waits."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._last = time.monotonic()
        self._thread = threading.Thread(
            target=self._read, args=(stream,), name="gatespec log", daemon=True
        )
        self._thread.start()

    def lines(self) -> list[str]:
        """Return all lines so far."""
        with self._changed:
            return list(self._lines)

    def add(self, line: str) -> None:
        """Add a line that came another way."""
        with self._changed:
            self._lines.append(line)
            self._last = time.monotonic()
            self._changed.notify_all()

    def wait_for(self, wanted: str | re.Pattern[str], after: int, timeout: float) -> str | None:
        """Return the first line with that text from index ``after`` on, or ``None`` in time."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for line in self._lines[after:]:
                    after += 1
                    if _has(line, wanted):
                        return line
                if self._ended or not self._changed.wait(max(deadline - time.monotonic(), 0)):
                    return None

    def settle(self) -> None:
        """Wait until no more lines come, a second at most."""
        deadline = time.monotonic() + _PATIENCE
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                until = min(self._last + _QUIET, deadline)
                if now >= until:
                    return
                self._changed.wait(until - now)

    def join(self, timeout: float) -> None:
        """Wait for the end of the stream."""
        self._thread.join(timeout)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.add(line.rstrip("\n"))
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def tail(lines: Sequence[str], count: int = 40) -> str:
    """Return the last lines as one text."""
    left_out = len(lines) - count
    above = [f"… {left_out} lines above"] if left_out > 0 else []
    return "\n".join([*above, *lines[-count:]])


def _has(line: str, wanted: str | re.Pattern[str]) -> bool:
    return wanted in line if isinstance(wanted, str) else wanted.search(line) is not None
