"""``python -m gatespec`` is the command ``gatespec``."""

import os
import sys

from . import GatespecError, find_binary


def main() -> None:
    """Become the command, with the same arguments."""
    try:
        binary = os.fspath(find_binary())
    except GatespecError as error:
        sys.exit(f"error: {error}")
    os.execv(binary, [binary, *sys.argv[1:]])


main()
