"""Lambda's Invoke API of `gatespec serve`, by boto3, the AWS CLI, and functions that call each other with their SDKs.

Arguments: the program, and a folder node_modules with @aws-sdk/client-lambda. All calls are signed: the gateway asks for it."""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

PROGRAM, MODULES = sys.argv[1], Path(sys.argv[2]).resolve()
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
  InNode:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: in-node
      AutoPublishAlias: live
      CodeUri: node
      Handler: app.handler
      Runtime: nodejs22.x
      Environment: {Variables: {OTHER: !Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:in-python"}}
  InPython:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: in-python
      CodeUri: python
      Handler: app.handler
      Runtime: python3.12
      Environment: {Variables: {OTHER: in-node, ARRIVED: ARRIVED_FILE}}
"""
NODE = """
const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');
exports.handler = async ({ hops }) => {
  console.log(`${hops} hops in node`);
  if (hops === 0) return ['node'];
  const FunctionName = process.env.OTHER;
  const answer = await new LambdaClient().send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ hops: hops - 1 }) }));
  return ['node', ...JSON.parse(Buffer.from(answer.Payload).toString())];
};
"""
PYTHON = """
import json, os
import boto3
def handler(event, context):
    print(event)
    if "fail" in event:
        raise KeyError(event["fail"])
    if "later" in event:
        with open(os.environ["ARRIVED"], "w") as file:
            file.write(event["later"])
        return
    if event["hops"] == 0:
        return ["python"]
    answer = boto3.client("lambda").invoke(FunctionName=os.environ["OTHER"], Payload=json.dumps({"hops": event["hops"] - 1}))
    return ["python", *json.load(answer["Payload"])]
"""
SIGNED = {
    "AWS_ACCESS_KEY_ID": "ASIALOCALLOCALLOCALL",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}


def start(folder):
    """The gateway on a stack with both functions, and its address."""
    (folder / "node").mkdir()
    (folder / "python").mkdir()
    (folder / "template.yaml").write_text(TEMPLATE.replace("ARRIVED_FILE", str(folder / "arrived")))
    (folder / "node" / "app.js").write_text(NODE)
    (folder / "python" / "app.py").write_text(PYTHON)
    command = [PROGRAM, "serve", "--port", "0", "--ready", "json", "--require-signatures", folder / "template.yaml"]
    environment = os.environ | {"NODE_PATH": str(MODULES)}
    with open(folder / "log", "w") as log:
        served = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)
    ready = json.loads(served.stdout.readline())
    return served, "/".join(ready["management"].split("/")[:3])


def refused(client, kind, **call):
    """The message of the error that a call gets."""
    try:
        client.invoke(**call)
    except ClientError as error:
        assert error.response["Error"]["Code"] == kind, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"it should be refused with {kind}: {call}")


def with_boto3(url, folder):
    client = boto3.client("lambda", endpoint_url=url, config=Config(retries={"max_attempts": 0}))
    arn = "arn:aws:lambda:us-east-1:000000000000:function:in-node"
    for name in ["in-node", "InNode", "in-node:live", f"{arn}", f"{arn}:$LATEST"]:
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"hops": 4}))
        assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST"), answer
        assert json.load(answer["Payload"]) == ["node", "python"] * 2 + ["node"], name
    print("boto3: functions in Node and Python call each other, by all of their names")

    answer = client.invoke(FunctionName="in-python", LogType="Tail", Payload=b'{"fail": "as told"}')
    error = json.load(answer["Payload"])
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "KeyError"), (answer, error)
    log = base64.b64decode(answer["LogResult"]).decode()
    id = answer["ResponseMetadata"]["RequestId"]
    lines = log.splitlines()
    assert lines[:2] == [f"START RequestId: {id} Version: $LATEST", "{'fail': 'as told'}"], log
    assert lines[-2] == f"END RequestId: {id}" and lines[-1].startswith(f"REPORT RequestId: {id}\tDuration: "), log
    assert "[ERROR] KeyError: 'as told'\nTraceback (most recent call last):\n" in log, log
    print("boto3: an error with its traceback in LogResult, between START and REPORT")

    answer = client.invoke(FunctionName="in-python", InvocationType="DryRun", Payload=b'{"later": "never"}')
    assert answer["StatusCode"] == 204, answer
    answer = client.invoke(FunctionName="in-python", InvocationType="Event", Payload=b'{"later": "arrived"}')
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b"", answer
    deadline = time.monotonic() + 60
    while not (folder / "arrived").exists() or (folder / "arrived").read_text() != "arrived":
        assert time.monotonic() < deadline, "the event did not arrive"
        time.sleep(0.05)
    print("boto3: DryRun calls nobody, Event is not waited for and arrives")

    assert refused(client, "ResourceNotFoundException", FunctionName="nobody").endswith(":function:nobody:$LATEST")
    refused(client, "ResourceNotFoundException", FunctionName="in-node:unknown")
    assert "into json" in refused(client, "InvalidRequestContentException", FunctionName="in-node", Payload=b"{")
    large = b'"%s"' % (b"x" * 6 * 1024 * 1024)
    assert "6291456 bytes" in refused(client, "RequestEntityTooLargeException", FunctionName="in-node", Payload=large)
    stranger = boto3.client("lambda", endpoint_url=url, config=Config(signature_version=UNSIGNED))
    refused(stranger, "MissingAuthenticationTokenException", FunctionName="in-node")
    print("boto3: refusals are Lambda's")


def with_the_aws_cli(url, folder):
    out = folder / "answer.json"
    command = ["aws", "lambda", "invoke", "--endpoint-url", url, "--function-name", "in-python", "--log-type", "Tail"]
    command += ["--payload", '{"hops": 0}', out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    assert answer["StatusCode"] == 200 and base64.b64decode(answer["LogResult"]).startswith(b"START "), answer
    assert json.loads(out.read_text()) == ["python"]
    print("aws lambda invoke --log-type Tail: the answer and the log")


os.environ |= SIGNED
with tempfile.TemporaryDirectory() as name:
    folder = Path(name).resolve()
    served, url = start(folder)
    try:
        with_boto3(url, folder)
        with_the_aws_cli(url, folder)
    except BaseException:
        print((folder / "log").read_text())
        raise
    finally:
        served.stdin.close()
        served.wait(timeout=60)
