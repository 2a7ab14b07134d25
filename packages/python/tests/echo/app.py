"""Answers a message with the greeting, at once or late, or fails."""

from __future__ import annotations

import os
import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, object]:
    """Answer the message."""
    print(f"received {event['body']}", flush=True)
    if event["body"] == "fail":
        raise ValueError("this was asked for")
    time.sleep({"slow": 0.5, "slower": 3}.get(event["body"], 0))
    greeting = os.environ["GREETING"] + os.environ["PUNCTUATION"]
    return {"statusCode": 200, "body": f"{greeting} {event['body']}"}
