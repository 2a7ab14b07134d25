"""Answers a message with the greeting, or fails."""

from __future__ import annotations

import os
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, object]:
    """Answer the message."""
    print(f"received {event['body']}")
    if event["body"] == "fail":
        raise ValueError("this was asked for")
    greeting = os.environ["GREETING"] + os.environ["PUNCTUATION"]
    return {"statusCode": 200, "body": f"{greeting} {event['body']}"}
