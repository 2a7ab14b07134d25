"""The three DynamoDBs: the embedded engine, moto's, MiniStack's. Each answers an example."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

import generate

TABLE = "Expressions"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {'200': '{"statusCode": 200}'}
      TemplateSelectionExpression: \\\\$default
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Mock}'}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Expressions
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
"""
CREATE = {
    "TableName": TABLE,
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
}


class Server:
    def __init__(self, port):
        self.port = port
        self.connection = None

    def call(self, operation, given):
        body = json.dumps(given)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "X-Amz-Date": "20240101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/dynamodb/aws4_request,"
            " SignedHeaders=host;x-amz-date, Signature=0",
        }
        for last in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                self.connection.request("POST", "/", body, headers)
                response = self.connection.getresponse()
                text = response.read()
            except (OSError, http.client.HTTPException):
                self.connection = None
                if last:
                    raise
                continue
            try:
                return response.status, json.loads(text)
            except ValueError:
                return response.status, {}

    def answer(self, example):
        """What becomes of an example: `ok` or the error's type, what is returned, the item after."""
        stored = {**generate.KEY, **example["item"]}
        status, _ = self.call("PutItem", {"TableName": TABLE, "Item": stored})
        if status != 200:
            return ("cannot be stored",)
        operation, given = generate.request(example)
        status, answer = self.call(operation, {"TableName": TABLE, **given})
        if status >= 500:
            return ("fails", None, None)
        if status != 200:
            return (answer.get("__type", "?").rsplit("#")[-1], None, None)
        _, after = self.call("GetItem", {"TableName": TABLE, "Key": generate.KEY})
        returned = answer.get("Items", answer.get("Attributes", answer.get("Item")))
        return ("ok", plain(returned), plain(after.get("Item")))


def plain(value):
    """A value without what may differ: the order of members and of sets, how numbers are written."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (kind, held), = value.items()
        if kind == "N":
            return {"N": number(held)}
        if kind in ("SS", "BS"):
            return {kind: sorted(held)}
        if kind == "NS":
            return {"NS": sorted(map(number, held))}
    return {name: plain(value[name]) for name in sorted(value)} or None


def number(text):
    # `normalize` keeps the sign of zero.
    value = Decimal(text).normalize()
    return "0" if value == 0 else format(value, "f")


@contextlib.contextmanager
def all_three(program):
    program = os.path.abspath(program)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        template = folder / "template.yaml"
        template.write_text(TEMPLATE)
        engine, moto, ministack = free_port(), free_port(), free_port()
        scripts = pathlib.Path(sys.executable).parent
        environment = {**os.environ, "GATEWAY_PORT": str(ministack), "SERVICES": "dynamodb"}
        environment.update(LOG_LEVEL="ERROR", AWS_DEFAULT_REGION="us-east-1")
        log = stack.enter_context(open(folder / "log", "w"))
        for command in (
            [program, "serve", "--port", "0", "--dynamodb-port", str(engine), template],
            [scripts / "moto_server", "-p", str(moto)],
            [scripts / "ministack"],
        ):
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        three = [Server(port) for port in (engine, moto, ministack)]
        for server, is_own in zip(three, (True, False, False)):
            until_ready(server, is_own, folder / "log")
        yield three


def until_ready(server, has_table, log):
    for _ in range(300):
        try:
            operation, given = ("ListTables", {}) if has_table else ("CreateTable", CREATE)
            status, _ = server.call(operation, given)
            if status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"a server does not answer:\n{log.read_text()}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
