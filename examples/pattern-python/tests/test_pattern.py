"""The stack of this folder, served by gatespec: each test talks to it as a client does."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from gatespec import Gateway
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection, connect

pytestmark = pytest.mark.gatespec("template.yaml", scope="module")


def client_of(api: Gateway) -> ClientConnection:
    """Connect as somebody who knows the token."""
    return connect(api.ws_url, additional_headers={"token": "hello"})


def connections_of(api: Gateway) -> set[str]:
    """Return the connections that the stack's table holds."""
    dynamodb: Any = boto3.resource(
        "dynamodb",
        endpoint_url=api.dynamodb_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    (table,) = api.tables
    return {row["connectionId"] for row in dynamodb.Table(table).scan()["Items"]}


def test_a_message_is_answered(gatespec: Gateway) -> None:
    with client_of(gatespec) as client:
        client.send('{"action": "sendmessage", "message": "it\'s \\"quoted\\""}')
        answer = json.loads(client.recv(timeout=10))
    assert answer == {"you": 'it\'s "quoted"', "we": "good job on deploying this template"}


def test_without_the_token_nobody_gets_in(gatespec: Gateway) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(gatespec.ws_url)
    assert refused.value.response.status_code == 401


def test_the_table_holds_who_is_there(gatespec: Gateway) -> None:
    before = connections_of(gatespec)
    with client_of(gatespec):
        (connection,) = connections_of(gatespec) - before
    # The client does not wait for $disconnect; its function says when it is done.
    gatespec.wait_for_log(f"{connection} is forgotten")
    assert connection not in connections_of(gatespec)


def test_ten_minutes_of_silence_end_the_connection(gatespec: Gateway) -> None:
    with client_of(gatespec) as client:
        # A function that is still at work would see that time pass.
        gatespec.settle()
        started = time.monotonic()
        gatespec.advance(599.999)
        assert client.close_code is None
        gatespec.advance(0.001)
        with pytest.raises(ConnectionClosedOK) as closed:
            client.recv(timeout=10)
        assert time.monotonic() - started < 1
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "Going away")


@pytest.mark.gatespec(scope="function", parameters={"AcceptedToken": "another"})
def test_the_token_is_a_parameter(gatespec: Gateway) -> None:
    with pytest.raises(InvalidStatus):
        client_of(gatespec)
    with connect(gatespec.ws_url, additional_headers={"token": "another"}):
        pass
