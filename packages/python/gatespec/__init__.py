"""Serve an API Gateway WebSocket API on this machine, for tests.

    with gatespec.start("template.yaml") as api:
        ...  # connect to api.ws_url
        api.advance(600)

``start`` takes what ``gatespec serve`` takes; a `Gateway` says where everything is. With pytest,
the fixture ``gatespec`` is one, and the mark ``gatespec`` says of which template.
"""

from ._binary import find_binary
from ._errors import BinaryNotFoundError, CommandError, GatespecError, StartError, StartTimeoutError
from ._gateway import Gateway, start

__all__ = [
    "BinaryNotFoundError",
    "CommandError",
    "GatespecError",
    "Gateway",
    "StartError",
    "StartTimeoutError",
    "find_binary",
    "start",
]
