"""Real clients against `gatespec serve`: Python's websockets, boto3 and the AWS CLI. Arguments: the ws:// URL, the @connections URL."""

import asyncio
import json
import os
import subprocess
import sys

import boto3
import websockets

WS, MANAGEMENT = sys.argv[1:]
HEADERS = {"token": "hello"}
REPLY = "good job on deploying this template, keep slaying!!"
os.environ |= {
    "AWS_ACCESS_KEY_ID": "ASIALOCALLOCALLOCALL",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
}
boto = boto3.client("apigatewaymanagementapi", endpoint_url=MANAGEMENT)


def connect():
    # The library's own limit must not answer for the gateway, and a ping would be an event of its
    # own.
    return websockets.connect(WS, additional_headers=HEADERS, max_size=None, ping_interval=None)


async def connection_id(ws):
    """What an error frame tells of the connection."""
    await ws.send('{"action":"nowhere"}')
    frame = json.loads(await ws.recv())
    assert frame["message"] == "Forbidden", frame
    return frame["connectionId"]


async def closes_with(code, send):
    """A client that breaks a limit is closed with `code`; a client that stands by notices nothing."""
    async with connect() as bystander, connect() as ws:
        try:
            await send(ws)
            answer = await ws.recv()
            raise AssertionError(f"expected a close with {code}, got {answer}")
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == code, closed
        await bystander.send('{"action":"sendmessage"}')
        assert await bystander.recv() == REPLY


async def limits():
    await closes_with(1009, lambda ws: ws.send("x" * 33 * 1024))
    print("websockets: a frame of 33 KB -> 1009")
    await closes_with(1009, lambda ws: ws.send("x" * 16 * 1024 for _ in range(9)))
    print("websockets: a message of 144 KB in frames of 16 KB -> 1009")
    await closes_with(1003, lambda ws: ws.send(b"bytes"))
    print("websockets: a binary frame -> 1003")
    await closes_with(1007, lambda ws: ws.send(b"\xff\xfe", text=True))
    print("websockets: a text frame that is no UTF-8 -> 1007")


async def routes():
    async with connect() as ws:
        for key in ["$connect", "$disconnect", "$default"]:
            await ws.send(json.dumps({"action": key}))
            frame = json.loads(await ws.recv())
            assert frame["message"] == "Forbidden", frame
        pong = await ws.ping()
        await pong
    print('websockets: {"action":"$connect"} and its like -> Forbidden; pings are answered')


async def with_boto3():
    async with connect() as ws:
        id = await connection_id(ws)
        call = lambda method, **more: asyncio.to_thread(getattr(boto, method), ConnectionId=id, **more)
        await call("post_to_connection", Data="日本 😀".encode())
        assert await ws.recv() == "日本 😀"
        got = await call("get_connection")
        assert got["Identity"]["SourceIp"] == "127.0.0.1" and got["ConnectedAt"], got
        await call("delete_connection")
        try:
            await ws.recv()
            raise AssertionError("the connection should be closed")
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd.code == 1000, closed
        for method, more in [("post_to_connection", {"Data": b"x"}), ("get_connection", {}), ("delete_connection", {})]:
            try:
                await call(method, **more)
                raise AssertionError(f"{method} should raise GoneException")
            except boto.exceptions.GoneException:
                pass
    print("boto3: post, get, delete; then GoneException three times")


async def aws_cli(*arguments):
    command = ["aws", "apigatewaymanagementapi", "--endpoint-url", MANAGEMENT, *arguments]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def with_the_aws_cli():
    async with connect() as ws:
        id = await connection_id(ws)
        assert await aws_cli("post-to-connection", "--connection-id", id, "--data", "hello") == (0, "")
        assert await ws.recv() == "hello"
        code, said = await aws_cli("get-connection", "--connection-id", id)
        assert code == 0 and json.loads(said)["Identity"]["SourceIp"] == "127.0.0.1", said
        assert await aws_cli("delete-connection", "--connection-id", id) == (0, "")
        code, said = await aws_cli("post-to-connection", "--connection-id", id, "--data", "hello")
        assert code != 0 and "GoneException" in said, said
    print("aws apigatewaymanagementapi: post, get, delete; then GoneException")


async def main():
    await limits()
    await routes()
    await with_boto3()
    await with_the_aws_cli()


asyncio.run(main())
