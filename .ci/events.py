"""`gatespec events | gatespec invoke` with functions in Node and in Python: a function gets the event that was printed,
its failure and its timeout are exit code 1, its log is complete, and it has its variables and tables.

Argument: the program. Python's functions use boto3, which the `python3` of the PATH must have."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = str(Path(sys.argv[1]).resolve())
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Handler: index.handler
    Timeout: 5
    Environment: {Variables: {GREETING: hello, TABLE: !Ref Table}}
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Node.Arn}/invocations
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Node, Action: lambda:InvokeFunction, Principal: apigateway.amazonaws.com}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $connect, Target: !Sub "integrations/${Integration}"}
  Disconnect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $disconnect, Target: !Sub "integrations/${Integration}"}
  Say:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: say, Target: !Sub "integrations/${Integration}"}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      InlineCode: |
        exports.handler = async (event) => {
          console.log(process.env.GREETING);
          for (let i = 0; i < event.lines; i += 1) console.log('x'.repeat(1000));
          if (event === 'fail') throw new TypeError('as it was told');
          if (event === 'sleep') await new Promise((wake) => setTimeout(wake, 60_000));
          return event;
        };
  Python:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      InlineCode: |
        import os
        import time

        def handler(event, context):
            print(os.environ["GREETING"])
            for _ in range(event.get("lines", 0) if isinstance(event, dict) else 0):
                print("x" * 1000)
            if event == "fail":
                raise TypeError("as it was told")
            if event == "sleep":
                time.sleep(60)
            return event
  Rows:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      InlineCode: |
        import os

        import boto3

        def handler(event, context):
            table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
            table.put_item(Item={"id": event})
            return table.scan(Select="COUNT")["Count"]
"""


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], input=given, capture_output=True, text=True, timeout=120)


def check_events(function: str) -> None:
    """What is printed is what the function gets."""
    for route in ["connect", "say", "disconnect"]:
        event = run("events", route)
        assert event.returncode == 0, event.stderr
        began = time.monotonic()
        called = run("invoke", function, "--event", "-", given=event.stdout)
        took = time.monotonic() - began
        assert called.returncode == 0, called.stderr
        assert json.loads(called.stdout) == json.loads(event.stdout), called.stdout
        for line in ["START RequestId", "hello", "END RequestId", "REPORT RequestId", "Init Duration"]:
            assert line in called.stderr, called.stderr
        print(f"{function}: the event of {route}, there and back in {took:.1f} s")


def check_failures(function: str) -> None:
    for event, error in [("fail", "TypeError"), ("sleep", "Sandbox.Timedout")]:
        called = run("invoke", function, "--event", json.dumps(event))
        assert called.returncode == 1, called.stderr
        assert json.loads(called.stdout)["errorType"] == error, called.stdout
        assert f"error: the function failed: {error}" in called.stderr, called.stderr
    print(f"{function}: its failure and its timeout are exit code 1")


def check_log(function: str) -> None:
    """However much a function writes, it is in the log, or the log says how many lines are not."""
    for lines in [300, 20_000]:
        called = run("invoke", function, "--event", json.dumps({"lines": lines}))
        assert called.returncode == 0, called.stderr[-2000:]
        written = called.stderr.count("x" * 1000)
        dropped = sum(map(int, re.findall(r"^gatespec: (\d+) lines? of this log", called.stderr, re.MULTILINE)))
        # START, the greeting, END and REPORT are dropped like any others.
        all_lines = len(re.findall(rf"^{function}[: ]", called.stderr, re.MULTILINE)) + dropped
        assert all_lines == lines + 4, (function, lines, written, dropped)
        print(f"{function}: {written} of {lines} kB are in the log, {dropped} counted as dropped")


def check_tables() -> None:
    """Rows stay in the file of --data, and nowhere else."""
    rows = [run("invoke", "Rows", "--event", f'"{id}"', *data)
            for data in [["--data", "rows"], []] for id in ["a", "b"]]
    assert [called.stdout for called in rows] == ["1\n", "2\n", "1\n", "1\n"], rows
    print("Rows: tables are empty, unless --data keeps their rows")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "template.yaml").write_text(TEMPLATE)
        os.chdir(folder)
        for function in ["Node", "Python"]:
            check_events(function)
            check_failures(function)
            check_log(function)
        check_tables()


if __name__ == "__main__":
    main()
