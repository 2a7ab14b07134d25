"""Messages reach AWS services: routes with service integrations, and MiniStack as the services.

Arguments: the program, and MiniStack's. Each route's message must arrive in its queue, topic, state machine, event bus, stream or table there; the requests
are signed, as MiniStack's own clients sign. Then the same without MiniStack: the outbox has the requests."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
import websockets

PROGRAM, MINISTACK = sys.argv[1:3]
REGION, ACCOUNT = "us-east-1", "000000000000"
START_SECONDS = 60
FORM = "integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\""
# As JSON has it: `\\'` is JavaScript's only.
QUOTED = """$util.escapeJavaScript($input.body).replaceAll("\\\\'", "'")"""
# Route: address, request parameters, template.
ROUTES = {
    "queue": ("sqs:path/${AWS::AccountId}/jobs", FORM, "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"),
    "fifo": (
        "sqs:path/${AWS::AccountId}/jobs.fifo",
        FORM,
        "Action=SendMessage&MessageGroupId=all&MessageDeduplicationId=$context.requestId&MessageBody=$util.urlEncode($input.body)",
    ),
    "queue-json": (
        "sqs:path//",
        "integration.request.header.Content-Type: \"'application/x-amz-json-1.0'\", "
        "integration.request.header.X-Amz-Target: \"'AmazonSQS.SendMessage'\"",
        '{"QueueUrl": "${AWS::QueueUrl}", "MessageBody": "QUOTED"}',
    ),
    "topic": ("sns:path//", FORM, "Action=Publish&TopicArn=$util.urlEncode('${AWS::TopicArn}')&Message=$util.urlEncode($input.body)"),
    "topic-action": (
        "sns:action/Publish",
        "integration.request.querystring.TopicArn: \"'${AWS::TopicArn}'\", integration.request.querystring.Message: route.request.body",
        "",
    ),
    "machine": (
        "states:action/StartExecution",
        "",
        '{"stateMachineArn": "${AWS::MachineArn}", "input": "QUOTED"}',
    ),
    "bus": (
        "events:action/PutEvents",
        "",
        '{"Entries": [{"Source": "gatespec", "DetailType": "said", "Detail": "QUOTED"}]}',
    ),
    "stream": (
        "kinesis:action/PutRecord",
        "",
        '{"StreamName": "records", "PartitionKey": "a", "Data": "$util.base64Encode($input.body)"}',
    ),
    "table": (
        "dynamodb:action/PutItem",
        "",
        '{"TableName": "rows", "Item": {"id": {"S": "row"}, "said": {"S": "QUOTED"}}}',
    ),
}
STACK = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
ROUTE = """
  Integration{number}:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS
      IntegrationMethod: POST
      CredentialsArn: !Sub arn:aws:iam::${{AWS::AccountId}}:role/gateway
      IntegrationUri: !Sub arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:{address}
      RequestParameters: {{{parameters}}}
      TemplateSelectionExpression: \\$default
      RequestTemplates: {templates}
  Response{number}:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration{number}
      IntegrationResponseKey: "/200/"
      ResponseTemplates: {{application/json: done}}
  Route{number}:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: {key}, Target: !Sub "integrations/${{Integration{number}}}", RouteResponseSelectionExpression: $default}}
  RouteResponse{number}:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref Route{number}, RouteResponseKey: $default}}
"""


def main():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        ministack = start(port, Path(folder))
        try:
            there = Services(f"http://127.0.0.1:{port}")
            template = Path(folder, "template.yaml")
            template.write_text(stack(there))
            endpoints = ["sqs", "sns", "states", "events", "kinesis", "dynamodb"]
            say_all(template, [f"--endpoint={service}={there.url}" for service in endpoints], lambda _: there.check())
        finally:
            ministack.terminate()
            ministack.wait()
        say_all(template, [], in_the_outbox)
    print("services: every message arrived, and without services it is in the outbox")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(port, folder):
    """MiniStack on a port, once it answers."""
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "PERSIST_STATE": "0"}
    log = open(folder / "ministack.log", "w", encoding="utf-8")
    process = subprocess.Popen([Path(MINISTACK).resolve()], env=environment, cwd=folder, stdout=log, stderr=log)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5).close()
            return process
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise SystemExit(f"MiniStack does not answer:\n{(folder / 'ministack.log').read_text()}")


class Services:
    """What the routes lead to, at MiniStack, and what arrives there."""

    def __init__(self, url):
        self.url = url
        self.sqs, self.sns, self.states, self.events, self.kinesis, self.dynamodb = (
            boto3.client(name, endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
            for name in ("sqs", "sns", "stepfunctions", "events", "kinesis", "dynamodb")
        )
        self.queue = self.sqs.create_queue(QueueName="jobs")["QueueUrl"]
        self.fifo = self.sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self.news = self.sqs.create_queue(QueueName="news")["QueueUrl"]
        self.seen = self.sqs.create_queue(QueueName="seen")["QueueUrl"]
        self.topic = self.sns.create_topic(Name="news")["TopicArn"]
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self.arn(self.news))
        definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
        role = f"arn:aws:iam::{ACCOUNT}:role/flow"
        self.machine = self.states.create_state_machine(name="flow", definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
        self.events.put_rule(Name="all", EventPattern=json.dumps({"source": ["gatespec"]}))
        self.events.put_targets(Rule="all", Targets=[{"Id": "seen", "Arn": self.arn(self.seen)}])
        self.kinesis.create_stream(StreamName="records", ShardCount=1)

    def arn(self, queue):
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def bodies(self, queue, count):
        """So many messages of a queue, in any order."""
        found, end = [], time.monotonic() + 30
        while len(found) < count and time.monotonic() < end:
            got = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            for message in got:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            found += [message["Body"] for message in got]
        return sorted(found)

    def check(self):
        expect(self.bodies(self.queue, 2), sorted([said("queue"), said("queue-json")]))
        expect(self.bodies(self.fifo, 1), [said("fifo")])
        news = [json.loads(body)["Message"] for body in self.bodies(self.news, 2)]
        expect(sorted(news), sorted([said("topic"), said("topic-action")]))
        executions = self.states.list_executions(stateMachineArn=self.machine)["executions"]
        inputs = [self.states.describe_execution(executionArn=one["executionArn"])["input"] for one in executions]
        expect([json.loads(text) for text in inputs], [json.loads(said("machine"))])
        expect([json.loads(body)["detail"] for body in self.bodies(self.seen, 1)], [json.loads(said("bus"))])
        shard = self.kinesis.describe_stream(StreamName="records")["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = self.kinesis.get_shard_iterator(StreamName="records", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        expect(self.dynamodb.get_item(TableName="rows", Key={"id": {"S": "row"}})["Item"]["said"]["S"], said("table"))
        expect([record["Data"].decode() for record in self.kinesis.get_records(ShardIterator=iterator)["Records"]], [said("stream")])


def stack(there):
    text = STACK
    names = {"${AWS::QueueUrl}": there.queue, "${AWS::TopicArn}": there.topic, "${AWS::MachineArn}": there.machine, "QUOTED": QUOTED}
    for number, (key, (address, parameters, template)) in enumerate(ROUTES.items()):
        for name, value in names.items():
            parameters, template = parameters.replace(name, value), template.replace(name, value)
        templates = json.dumps({"$default": template} if template else {})
        text += ROUTE.format(number=number, key=key, address=address, parameters=parameters, templates=templates)
    return text


def said(key):
    return json.dumps({"action": key, "text": "it's a \"crown\" & 100% 👑"}, ensure_ascii=False)


def say_all(template, arguments, then):
    """Serves the stack, says something on each route, and looks what came of it."""
    command = [PROGRAM, "serve", "--port", "0", "--ready", "json", *arguments, str(template)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as gateway:
        try:
            ready = json.loads(gateway.stdout.readline())
            asyncio.run(say(ready["ws"]))
            then(ready["management"].rsplit("/", 1)[0])
        finally:
            gateway.stdin.close()


async def say(url):
    async with websockets.connect(url) as client:
        for key in ROUTES:
            await client.send(said(key))
            expect((key, await asyncio.wait_for(client.recv(), 30)), (key, "done"))


def in_the_outbox(url):
    with urllib.request.urlopen(f"{url}/@outbox", timeout=30) as answer:
        kept = json.load(answer)["requests"]
    found = [one["service"] for one in kept]
    expect(found, [address.split(":")[0] for address, _, _ in ROUTES.values() if not address.startswith("dynamodb")])
    expect(kept[0]["parameters"]["MessageBody"], said("queue"))
    expect(json.loads(kept[5]["body"])["input"], said("machine"))


def expect(found, expected):
    if found != expected:
        raise SystemExit(f"expected {expected}\nfound    {found}")


main()
