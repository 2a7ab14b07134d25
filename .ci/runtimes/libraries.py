"""Libraries that take WebSocket events, each answering one message through `gatespec serve`. They are
in layers, as many have them on AWS: those for Python in a zip, those for Node in a folder.

Arguments: the program, and a folder for the packages, which stay there. What cannot be installed,
or gives another answer, is named with the reason, and fails.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60
PYTHON = {
    "aws-lambda-powertools": ["aws-lambda-powertools==3.37.0"],
    "mangum-ws": ["mangum-ws==0.1.2", "mangum==0.22.0", "fastapi==0.165.0"],
    "chalice": ["chalice==1.34.0", "boto3==1.43.108"],
}
NODE = {
    "@aws-lambda-powertools": [
        "@aws-lambda-powertools/logger@2.35.0",
        "@aws-lambda-powertools/parser@2.35.0",
        "zod@4.6.7",
    ],
    "aws-lambda-graphql": [
        "aws-lambda-graphql@0.12.1",
        "graphql@14.7.0",
        "graphql-subscriptions@1.2.1",
        "apollo-link@1.2.14",
    ],
    "SDK 2": ["aws-sdk@2.1693.0"],
    "SDK 3": ["@aws-sdk/client-apigatewaymanagementapi@3.1169.0"],
}
GRAPHQL = [
    ({"type": "connection_init"}, '{"type":"connection_ack"}'),
    (
        {"id": "1", "type": "start", "payload": {"query": '{ said(say: "hi") }'}},
        '{"id":"1","payload":{"data":{"said":"aws-lambda-graphql hi"}},"type":"data"}',
    ),
]
# Route, handler, the library, and the answer; or the messages of its own, with their answers.
FUNCTIONS = [
    ("powertools", "with_powertools.handler", "aws-lambda-powertools", "powertools powertools hi"),
    ("sendmessage", "with_mangum.handler", "mangum-ws", "mangum-ws hi"),
    ("chalice", "with_chalice.handler", "chalice", "chalice hi"),
    ("typescript", "powertools.handler", "@aws-lambda-powertools", "powertools typescript hi"),
    ("$default", "graphql.handler", "aws-lambda-graphql", GRAPHQL),
    ("sdk2", "sdk2.handler", "SDK 2", "aws-sdk 2 hi"),
    ("sdk3", "sdk3.handler", "SDK 3", "aws-sdk 3 hi"),
]


def installed(command, libraries):
    """Installs all at once, or says which of them cannot be."""
    everything = [package for packages in libraries.values() for package in packages]
    if subprocess.run([*command, *everything], capture_output=True).returncode == 0:
        return
    for name, packages in libraries.items():
        run = subprocess.run([*command, *packages], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{name} cannot be installed: {(run.stderr or run.stdout).strip()}")
    sys.exit(f"`{' '.join(command)}` fails on {sys.version.split()[0]} and Node {NODE_VERSION}")


def layers(folder):
    """The layers' folders, made once."""
    mark = json.dumps([PYTHON, NODE, sys.version, NODE_VERSION])
    marked = os.path.join(folder, "mark")
    if os.path.exists(marked) and open(marked).read() == mark:
        return
    shutil.rmtree(folder, ignore_errors=True)
    target = os.path.join(folder, "python", "python")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", target]
    npm = ["npm", "install", "--silent", "--no-save", "--prefix", os.path.join(folder, "node", "nodejs")]
    installed(pip, PYTHON)
    installed(npm, NODE)
    shutil.make_archive(os.path.join(folder, "python"), "zip", os.path.join(folder, "python"))
    with open(marked, "w") as file:
        file.write(mark)


def resources(route, handler, library):
    """A function and its route, which answers if the function does."""
    name = "".join(filter(str.isalnum, route)).title()
    is_python = library in PYTHON
    uri = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"
    api = {"ApiId": {"Ref": "Api"}}
    answers = {"RouteResponseSelectionExpression": "$default"} if "powertools" in handler else {}
    routes = ["$connect", "$default"] if route == "$default" else [route]
    made = {
        name: {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": os.path.join(HERE, "libraries", "python" if is_python else "node"),
                "Handler": handler,
                "Runtime": "python3.12" if is_python else "nodejs22.x",
                "Layers": [{"Ref": "PythonLayer" if is_python else "NodeLayer"}],
            },
        },
        f"{name}Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": name},
                "Principal": "apigateway.amazonaws.com",
            },
        },
        f"{name}Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {**api, "IntegrationType": "AWS_PROXY", "IntegrationUri": {"Fn::Sub": uri % name}},
        },
    }
    for number, key in enumerate(routes):
        target = {"Fn::Sub": "integrations/${%sIntegration}" % name}
        made[f"{name}Route{number}"] = {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {**api, "RouteKey": key, "Target": target, **answers},
        }
    if answers:
        made[f"{name}Response"] = {
            "Type": "AWS::ApiGatewayV2::RouteResponse",
            "Properties": {**api, "RouteId": {"Ref": f"{name}Route0"}, "RouteResponseKey": "$default"},
        }
    return made


def template(folder):
    callback = "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/test"
    variables = {"CALLBACK": {"Fn::Sub": callback}, "CONNECTIONS": {"Ref": "Connections"}}
    layer = "AWS::Serverless::LayerVersion"
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Timeout": 30, "Environment": {"Variables": variables}}},
        "Resources": {
            "Api": {
                "Type": "AWS::ApiGatewayV2::Api",
                "Properties": {
                    "ProtocolType": "WEBSOCKET",
                    "RouteSelectionExpression": "$request.body.action",
                },
            },
            "Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "test", "AutoDeploy": True},
            },
            "Connections": {
                "Type": "AWS::Serverless::SimpleTable",
                "Properties": {"PrimaryKey": {"Name": "id", "Type": "String"}},
            },
            "PythonLayer": {"Type": layer, "Properties": {"ContentUri": os.path.join(folder, "python.zip")}},
            "NodeLayer": {"Type": layer, "Properties": {"ContentUri": os.path.join(folder, "node")}},
            **{name: one for row in FUNCTIONS for name, one in resources(*row[:3]).items()},
        },
    }


def main(program, folder):
    layers(folder)
    work = tempfile.mkdtemp()
    with open(os.path.join(work, "template.yaml"), "w") as file:
        json.dump(template(folder), file, indent=1)
    command = [program, "serve", "--port", "0", "--ready", "json", "--python", sys.executable]
    process = subprocess.Popen(
        command, cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    reader.start()
    wrong = []
    try:
        ready = process.stdout.readline()
        if not ready:
            reader.join()
            sys.exit("".join(lines))
        with connect(json.loads(ready)["ws"], open_timeout=PATIENCE) as client:
            for route, _, library, answers in FUNCTIONS:
                plain = isinstance(answers, str)
                for message, wanted in [({"action": route, "say": "hi"}, answers)] if plain else answers:
                    try:
                        client.send(json.dumps(message))
                        answer = client.recv(PATIENCE)
                    except (TimeoutError, ConnectionClosed) as error:
                        answer = f"no answer: {error}"
                    print(f"{library}: {answer!r}")
                    if answer != wanted:
                        wrong.append(f"{library}: {wanted!r} was expected, {answer!r} came")
    except InvalidStatus as refusal:
        wrong.append(f"aws-lambda-graphql's `$connect`: {refusal}")
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
        reader.join()
        shutil.rmtree(work)
    if wrong:
        sys.exit("".join(lines) + "\n".join(wrong))
    print(f"libraries: {len(FUNCTIONS)} passed, 0 failed")


if __name__ == "__main__":
    NODE_VERSION = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
